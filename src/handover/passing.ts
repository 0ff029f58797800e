/**
 * Where the records of a process go that has handed its spool over: out, as drafts, to whoever takes them to the new owner. Stands in the journal's place in
 * the audit thread. Receives drafts, gives them in batches; takes no more while too much of what it gave is not known to be durable at the owner.
 */
import { type Draft, encodeDraft } from '../record/draft.js';
import { type Heads, noHeads } from '../spool/state.js';

/** A session that goes on, and the number of its last record. */
export interface GoingSession {
  readonly id: string;
  readonly seq: number;
}

/** A draft on its way to the owner. */
export interface PassedDraft extends Pick<Draft, 'session' | 'seq'> {
  /** It is its session's last. */
  readonly ends: boolean;
  /** encodeDraft. */
  readonly text: string;
}

/** Where an audit thread goes on that is started again after the handover. */
export interface PassingData {
  readonly sessions: readonly GoingSession[];
  /** Characters of drafts that were given and are not durable. */
  readonly waiting: number;
}

export interface PassingOptions {
  /** Takes drafts over; says by `passed` when they are durable. */
  readonly give: (drafts: readonly PassedDraft[]) => void;
  /** `accepts` says yes again. */
  readonly onReady: () => void;
}

/** Characters that may wait to become durable at the owner: what the journal lets wait for its disk. */
const MOST_WAITING = 32 << 20;
/** The longest draft; some MiB above anything that the stages let through. */
export const MOST_DRAFT = 16 << 20;

export class Passing {
  readonly heads: Heads;
  readonly #options: PassingOptions;
  #waiting: number;
  #refused = false;
  #batch: PassedDraft[] = [];
  #soon: NodeJS.Immediate | undefined;
  #flushers: (() => void)[] = [];

  /** @param heads of the sessions that go on: those of the spool as it was given up, or (goingHeads) as they were before the thread was started again */
  constructor(heads: Heads, waiting: number, options: PassingOptions) {
    this.heads = heads;
    this.#waiting = waiting;
    this.#options = options;
  }

  /** Takes one draft. Throws a RangeError for one that is too long. */
  pass(draft: Draft): void {
    const text = encodeDraft(draft);
    if (text.length > MOST_DRAFT) throw new RangeError('a record is too long to be passed on');
    this.#waiting += text.length;
    this.#batch.push({ session: draft.session, seq: draft.seq, ends: draft.topic === 'session.end', text });
    this.#soon ??= setImmediate(() => this.#give());
  }

  #give(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    if (this.#batch.length > 0) this.#options.give(this.#batch.splice(0));
  }

  /** So many characters are durable at the owner. */
  passed(count: number): void {
    this.#waiting -= count;
    if (this.#waiting === 0) for (const resolve of this.#flushers.splice(0)) resolve();
    if (!this.#refused || !this.accepts()) return;
    this.#refused = false;
    this.#options.onReady();
  }

  accepts(): boolean {
    if (this.#waiting < MOST_WAITING) return true;
    this.#refused = true;
    return false;
  }

  /** Resolves when all is durable. */
  flushed(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push(resolve));
  }

  /** Gives what there is. */
  async close(): Promise<void> {
    this.#give();
  }
}

/** Heads of which only the numbers count. */
export function goingHeads(sessions: readonly GoingSession[]): Heads {
  const heads = noHeads();
  for (const { id, seq } of sessions) heads.sessions.set(id, { seq, hash: '', listener: '', protocol: '' });
  return heads;
}
