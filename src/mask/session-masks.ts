/**
 * The masks of one session: those of its listener, with what the session remembers. Receives its utterances, data and names in order, gives them scrubbed.
 */
import type { Direction, MaskedData, MaskedName, TimeUs, Utterance } from '../contract.js';
import { scrubData, scrubName } from './data.js';
import { type MaskSet, type Scrubbed, type ScrubbedLine, type Side, scrub, scrubLine } from './masker.js';
import { Said } from './said.js';

export class SessionMasks {
  readonly #masks: MaskSet;
  readonly #said = new Said();
  readonly #open: { -readonly [direction in Direction]?: string | undefined } = {};

  constructor(masks: MaskSet) {
    this.#masks = masks;
  }

  /** Rises when the client said a secret that was not known: names that were scrubbed before may hold it. */
  get version(): number {
    return this.#said.version;
  }

  /**
   * Scrubs one utterance, and remembers its secrets if it is the client's. Every input must come here, recorded or not, before the outputs that follow
   * it; of the outputs those that are recorded. Never throws.
   */
  scrub(utterance: Utterance): Scrubbed {
    const { direction } = utterance;
    const scrubbed = scrub(this.#masks, utterance, { open: this.#open[direction], said: this.#said });
    this.#open[direction] = scrubbed.open;
    return scrubbed;
  }

  /** Scrubs an event's data as it is at this time. Never throws. */
  scrubData(data: { readonly [name: string]: unknown }, at: TimeUs): MaskedData {
    return scrubData(this.#masks, data, this.#said.finder(at));
  }

  /** Scrubs a name as it is at this time. Never throws. */
  scrubName(name: string, at: TimeUs): MaskedName {
    return scrubName(this.#masks, name, this.#said.finder(at));
  }

  /** Scrubs one line of a session that has no clock, as `wirescribe mask` does. @param side whose masks: of a direction, or all */
  scrubLine(line: string, side: Side): ScrubbedLine {
    return scrubLine(this.#masks, line, side, this.#said);
  }
}
