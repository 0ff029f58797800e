/**
 * Checkpoints (DESIGN 7): what makes the end of a chain, and a whole session, provable. Is told of each record that is appended, writes `audit.checkpoint`
 * records that name the first and last record of every session that moved since the one before, and has them signed where there is a key. Reads no clock,
 * touches no disk: what moved is kept in the spool's heads, and so over a crash.
 */
import { type KeyObject, sign } from 'node:crypto';
import type { TimeUs } from '../contract.js';
import type { Checkpoint, Moved, NodeScribe, Sign } from '../record/scribe.js';
import { fingerprintOf } from '../spool/signing-key.js';

/** After so many records there is one at once. It also bounds how many sessions can have moved. */
const EVERY_RECORDS = 10_000;
/** Sessions that one record names: at 200 bytes each it stays far below what brokers take. */
const MAX_SESSIONS = 200;

export interface CheckpointsOptions {
  readonly scribe: NodeScribe;
  /** The spool's; both members are moved on in place. */
  readonly heads: { checkpoint: string; readonly moved: Map<string, Moved> };
  /** Ed25519, private; without it nothing is signed. */
  readonly key?: KeyObject | undefined;
}

export class Checkpoints {
  readonly #scribe: NodeScribe;
  readonly #heads: CheckpointsOptions['heads'];
  readonly #key: string | null;
  readonly #sign: Sign;
  #records = 0;

  constructor({ scribe, heads, key }: CheckpointsOptions) {
    this.#scribe = scribe;
    this.#heads = heads;
    this.#key = key ? fingerprintOf(key) : null;
    this.#sign = (text) => (key ? sign(null, Buffer.from(text), key).toString('base64') : null);
  }

  /** Told of every record that was appended. */
  appended(): void {
    this.#records++;
  }

  /** So many records were appended since the last one that the next shall not wait for its time. */
  get due(): boolean {
    return this.#records >= EVERY_RECORDS;
  }

  /** A session moved that no checkpoint covers. */
  get uncovered(): boolean {
    return this.#heads.moved.size > 0;
  }

  /** Writes one over all that moved, in as many parts as it takes. Throws what `append` does; what was not written is then still uncovered. */
  write(reason: Checkpoint['reason'], at: TimeUs): void {
    for (let part = 1, more = true; more; part++) {
      const sessions = this.#next();
      more = sessions.length < this.#heads.moved.size;
      const { checkpoint: previous } = this.#heads;
      this.#heads.checkpoint = this.#scribe.checkpoint(at, { reason, previous, part, more, sessions, key: this.#key }, this.#sign);
      for (const [session] of sessions) this.#heads.moved.delete(session);
    }
    this.#records = 0;
  }

  #next(): Checkpoint['sessions'] {
    const sessions: Checkpoint['sessions'][number][] = [];
    for (const [session, { first, last }] of this.#heads.moved) {
      if (sessions.length === MAX_SESSIONS) break;
      sessions.push([session, first.seq, first.hash, last.seq, last.hash]);
    }
    return sessions;
  }
}
