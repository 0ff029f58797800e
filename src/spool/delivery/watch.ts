/**
 * Words of shared memory that others watch a delivery by: what it has taken, what is under way. Each is written by the delivering thread alone (the
 * parent clears them between two threads), and outlives the thread: what stands there when it dies says what it died of. Holds nothing of a record.
 */
import { type Position, pack, unpack } from '../board.js';

/**
 * `calls` is odd while the callback is at work, so one that stays odd is stuck, and no clock is shared. `records`: those that it is past. `failures`:
 * writes that threw; `retries`: those in a row, until now. `dead`: records put to the dead letters. `taken`: the place behind what it took (the cursor
 * may trail). `passed`: records that it has gone past since this start. `under`: the first record of what it is being given, 0 if nothing is; `how` that is given.
 */
export const WATCH = { calls: 0, records: 1, failures: 2, retries: 3, dead: 4, taken: 5, under: 6, how: 7, passed: 8 } as const;

type Word = (typeof WATCH)[keyof typeof WATCH];

/**
 * How something is given. `usual`: in batches, or as the simple form is. `alone`: record by record, for a thread has died here. `probed`: so as well, and
 * just now the record behind it was taken. `probe`: as that record behind.
 */
export const HOW = { usual: 0, alone: 1, probed: 2, probe: 3 } as const;

export type How = (typeof HOW)[keyof typeof HOW];

/** Memory for a Watch; hand it to both threads. */
export const watchMemory = (): SharedArrayBuffer => new SharedArrayBuffer(8 * Object.keys(WATCH).length);

export class Watch {
  readonly #words: BigInt64Array;

  constructor(memory = watchMemory()) {
    this.#words = new BigInt64Array(memory);
  }

  get(word: Word): number {
    return Number(Atomics.load(this.#words, word));
  }

  set(word: Word, value: number): void {
    Atomics.store(this.#words, word, BigInt(value));
  }

  add(word: Word, count = 1): void {
    Atomics.add(this.#words, word, BigInt(count));
  }

  /** What is under way, if anything is. */
  get under(): { readonly at: Position; readonly how: How } | undefined {
    const word = Atomics.load(this.#words, WATCH.under);
    return word === 0n ? undefined : { at: unpack(word), how: this.get(WATCH.how) as How };
  }

  begins(at: Position, how: How): void {
    this.set(WATCH.how, how);
    Atomics.store(this.#words, WATCH.under, pack(at));
  }

  ends(): void {
    Atomics.store(this.#words, WATCH.under, 0n);
  }

  /** The place behind what the callback took. */
  get taken(): Position {
    return unpack(Atomics.load(this.#words, WATCH.taken));
  }

  takes(position: Position, records: number): void {
    this.set(WATCH.records, records);
    Atomics.store(this.#words, WATCH.taken, pack(position));
  }

  /** Parent only, before a thread is started: nothing is under way. */
  clear(): void {
    this.set(WATCH.calls, 0);
    this.ends();
  }
}
