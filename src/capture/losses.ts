/**
 * What could not be handed over while there was no room, counted, until it can be said: per session how many bytes each way, and beginnings and ends
 * that must not be lost with them. Bounded: past MAX_SESSIONS only their number is kept.
 */
import type { Direction, SessionEnd, TimeUs } from '../contract.js';
import type { Gap } from './frames.js';

/** Sessions whose losses are kept one by one (some 200 bytes each). */
const MAX_SESSIONS = 65_536;

type Lost = { bytes: number | null; from: TimeUs | null };

export interface Loss {
  /** JSON of the session's beginning, where that is still to be said. */
  open?: string;
  end?: SessionEnd;
  reason: string;
  lost: { RCV?: Lost; SND?: Lost };
  lastAt: TimeUs;
}

export class Losses {
  readonly #sessions = new Map<number, Loss>();
  /** Sessions past the bound that are still open, and how many there were. */
  readonly #uncounted = new Set<number>();
  #uncountedEver = 0;
  #since: TimeUs = 0;

  get size(): number {
    return this.#sessions.size + (this.#uncountedEver > 0 ? 1 : 0);
  }

  has(session: number): boolean {
    return this.#sessions.has(session) || this.#uncounted.has(session);
  }

  /** Counts bytes of a session that were not handed over; null where their number is not known. */
  bytes(session: number, direction: Direction, bytes: number | null, from: TimeUs | null, at: TimeUs, reason: string): void {
    const loss = this.#of(session, at, reason);
    if (!loss) return;
    loss.lost[direction] ??= { bytes: 0, from };
    const lost = loss.lost[direction];
    lost.bytes = bytes === null || lost.bytes === null ? null : lost.bytes + bytes;
    loss.lastAt = at;
  }

  open(session: number, open: string, at: TimeUs, reason: string): void {
    const loss = this.#of(session, at, reason);
    if (loss) loss.open = open;
  }

  end(session: number, end: SessionEnd, at: TimeUs, reason: string): void {
    this.#uncounted.delete(session);
    const loss = this.#of(session, at, reason);
    if (!loss) return;
    loss.end = end;
    loss.lastAt = at;
  }

  #of(session: number, at: TimeUs, reason: string): Loss | undefined {
    const known = this.#sessions.get(session);
    if (known) return known;
    if (this.#uncounted.has(session)) return undefined;
    if (this.#sessions.size >= MAX_SESSIONS) {
      if (this.#uncountedEver++ === 0) this.#since = at;
      this.#uncounted.add(session);
      return undefined;
    }
    const loss: Loss = { reason, lost: {}, lastAt: at };
    this.#sessions.set(session, loss);
    return loss;
  }

  /** The next session to be told of; it stays until `told`. */
  next(): [number, Loss] | undefined {
    return this.#sessions.entries().next().value;
  }

  told(session: number): void {
    this.#sessions.delete(session);
  }

  /** The gap of the sessions past the bound, once all others are told; asked for once. */
  rest(at: TimeUs): Gap | undefined {
    if (this.#uncountedEver === 0 || this.#sessions.size > 0) return undefined;
    const gap = { reason: 'full', direction: null, from: this.#since, to: at, bytes: null, sessions: this.#uncountedEver };
    this.#uncountedEver = 0;
    return gap;
  }
}
