/**
 * What is done with a record of a session between mask/ and record/: what AUDIT_EXCLUDE means is left out and counted, what AUDIT_EVENTS means is called so.
 * Receives what is masked, in order, gives it to the scribe in the same order. Sees nothing that was not masked.
 */
import type { Direction, EventLabel, MaskedData, MaskedUtterance, SessionOpen, TimeUs, Topic } from './contract.js';
import type { SessionScribe, Turn } from './record/scribe.js';

/** What is done, compiled. */
export interface Finishing {
  readonly events: {
    find(direction: Direction, text: string): EventLabel | undefined;
    on(what: 'login' | 'logout'): EventLabel | undefined;
  };
  readonly excludes: (direction: Direction, text: string) => boolean;
  /** Whether nothing that is said by clients of this address is recorded. */
  readonly excludesAddress: (ip: string) => boolean;
}

/** Which way a message out of band went, and in which exchange. */
interface Way {
  readonly direction: Direction;
  readonly exchange: number;
}

export class Finisher {
  readonly #scribe: SessionScribe;
  readonly #ip: string | undefined;
  /** Undefined: nothing is done. */
  #finishing: Finishing | undefined;
  #silent = false;
  #excluded = 0;

  constructor(open: SessionOpen, scribe: SessionScribe, finishing: Finishing | undefined) {
    this.#scribe = scribe;
    this.#ip = open.ip;
    this.adopt(finishing);
  }

  /** From here on this is done. */
  adopt(finishing: Finishing | undefined): void {
    this.#finishing = finishing;
    this.#silent = this.#ip !== undefined && finishing?.excludesAddress(this.#ip) === true;
  }

  /** Who is speaking, from the next record on. */
  identify(names: Parameters<SessionScribe['identify']>[0]): void {
    this.#scribe.identify(names);
  }

  said(utterance: MaskedUtterance, turn: Turn): void {
    const finishing = this.#finishing;
    if (!finishing) return this.#scribe.said(utterance, turn);
    const { direction, text = '' } = utterance;
    if (this.#silent || finishing.excludes(direction, text)) this.#excluded++;
    else this.#scribe.said(utterance, turn, { label: finishing.events.find(direction, text) });
  }

  oob(at: TimeUs, data: MaskedData, way: Way): void {
    if (this.#silent) this.#excluded++;
    else this.#scribe.event('session.oob', at, data, { way });
  }

  /** @param what the login that it is, or the end of one */
  event(topic: Topic, at: TimeUs, data: MaskedData, what?: 'login' | 'logout'): void {
    const label = what && this.#finishing?.events.on(what);
    this.#scribe.event(topic, at, data, label ? { label } : {});
  }

  /** The session's last record. @param dataOf gives its data, with the members that say what was left out */
  end(at: TimeUs, dataOf: (leftOut: { readonly excluded?: number }) => MaskedData): void {
    this.#scribe.event('session.end', at, dataOf(this.#excluded > 0 ? { excluded: this.#excluded } : {}));
  }
}
