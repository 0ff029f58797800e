/**
 * What could not be handed over while there was no room, counted, until it can be said: per session how many bytes each way, and beginnings and ends
 * that must not be lost with them. Bounded: past MAX_SESSIONS only their number is kept.
 */
import type { Direction, SessionEnd, TimeUs } from '../contract.js';
import type { Gap } from './frames.js';

/** Sessions that begin without room and are kept one by one (some 200 bytes each); those that were open before come on top, at most as many as there are files. */
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
  /** Sessions past the bound that are still open; and how many there were since when. The other side knows nothing of them. */
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
    if (this.#uncounted.has(session)) return;
    const loss = this.#of(session, at, reason);
    loss.lost[direction] ??= { bytes: 0, from };
    const lost = loss.lost[direction];
    lost.bytes = bytes === null || lost.bytes === null ? null : lost.bytes + bytes;
    loss.lastAt = at;
  }

  /** A session began that cannot be told of. Past the bound it is counted, and nothing else of it. */
  open(session: number, open: string, at: TimeUs, reason: string): void {
    if (this.#sessions.size < MAX_SESSIONS) return this.announce(session, open, at, reason);
    if (this.#uncountedEver++ === 0) this.#since = at;
    this.#uncounted.add(session);
  }

  /** A session that is open is to be told of, whatever the bound: there are never more than files. */
  announce(session: number, open: string, at: TimeUs, reason: string): void {
    this.#uncounted.delete(session);
    this.#of(session, at, reason).open = open;
  }

  end(session: number, end: SessionEnd, at: TimeUs, reason: string): void {
    if (this.#uncounted.delete(session)) return;
    const loss = this.#of(session, at, reason);
    loss.end = end;
    loss.lastAt = at;
  }

  #of(session: number, at: TimeUs, reason: string): Loss {
    const known = this.#sessions.get(session);
    if (known) return known;
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

  /** True where sessions past the bound are all that is left to be told. */
  get onlyRest(): boolean {
    return this.#uncountedEver > 0 && this.#sessions.size === 0;
  }

  /** Sessions past the bound, told now: the gap that says how many they were, and those of them that still go on. */
  rest(at: TimeUs): { readonly gap: Gap; readonly open: readonly number[] } {
    const gap = { reason: 'full', direction: null, from: this.#since, to: at, bytes: null, sessions: this.#uncountedEver };
    const open = [...this.#uncounted];
    this.#uncountedEver = 0;
    this.#uncounted.clear();
    return { gap, open };
  }
}
