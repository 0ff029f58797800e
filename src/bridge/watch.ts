/**
 * Looks after sessions that last: who has said nothing for too long, who has been here for too long. Is asked to look from time to time; nothing is done
 * for a chunk: that a client spoke is seen by its count of bytes.
 */
import type { Dismissal, Limits } from './limits.js';

/** What is looked at: a relay. */
export interface Watched {
  /** Bytes that came from the client until now. */
  readonly bytesIn: number;
  /** It is not read at the moment, for the audit's sake: nobody can say whether it speaks. */
  readonly held: boolean;
}

interface Seen {
  readonly sinceMs: number;
  heardMs: number;
  bytesIn: number;
}

export class Watch<Session extends Watched> {
  readonly #sessions = new Map<Session, Seen>();

  get size(): number {
    return this.#sessions.size;
  }

  /** @param nowMs milliseconds that never go back, here and below */
  add(session: Session, nowMs: number): void {
    this.#sessions.set(session, { sinceMs: nowMs, heardMs: nowMs, bytesIn: 0 });
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Names each session whose time is over, and forgets it. Idle ones are found up to the time between two looks later, never sooner. */
  look({ idleS, sessionS }: Pick<Limits, 'idleS' | 'sessionS'>, nowMs: number, over: (session: Session, why: Dismissal) => void): void {
    if (idleS === null && sessionS === null) return;
    for (const [session, seen] of this.#sessions) {
      if (session.bytesIn !== seen.bytesIn || session.held) {
        seen.bytesIn = session.bytesIn;
        seen.heardMs = nowMs;
      }
      const why = reason(seen, { idleS, sessionS }, nowMs);
      if (!why) continue;
      this.#sessions.delete(session);
      over(session, why);
    }
  }
}

function reason({ sinceMs, heardMs }: Seen, { idleS, sessionS }: Pick<Limits, 'idleS' | 'sessionS'>, nowMs: number): Dismissal | undefined {
  if (sessionS !== null && nowMs - sinceMs >= sessionS * 1000) return 'too-long';
  if (idleS !== null && nowMs - heardMs >= idleS * 1000) return 'idle';
  return undefined;
}
