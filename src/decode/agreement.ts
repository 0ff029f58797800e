/**
 * Whether an option is on, as seen by a third party (RFC 855, RFC 1143): receives what both sides say of one option, gives a word when that changed it. An
 * option is on when one side performs it (WILL) and the other wants it (DO), whoever said so first; WONT or DONT ends it, and what was said before.
 */
import type { Direction } from '../contract.js';

type Verb = 'WILL' | 'WONT' | 'DO' | 'DONT';

export class Agreement {
  /** By who performs the option: what was said of it since the last refusal. */
  readonly #said: { readonly [performer in Direction]: { will: boolean; do: boolean } } = {
    RCV: { will: false, do: false },
    SND: { will: false, do: false },
  };
  #on = false;

  /** @returns whether the option is on now, where it was not before or the other way round; else undefined */
  hear(direction: Direction, verb: Verb): boolean | undefined {
    const performs = verb === 'WILL' || verb === 'WONT';
    const said = this.#said[performs === (direction === 'RCV') ? 'RCV' : 'SND'];
    if (verb === 'WILL') said.will = true;
    else if (verb === 'DO') said.do = true;
    else {
      said.will = false;
      said.do = false;
    }
    const { RCV, SND } = this.#said;
    const on = (RCV.will && RCV.do) || (SND.will && SND.do);
    if (on === this.#on) return undefined;
    this.#on = on;
    return on;
  }
}
