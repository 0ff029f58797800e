/**
 * The shared counters between the journal and the callbacks' workers: how far the journal is durable, and how far each callback has come.
 * One SharedArrayBuffer; each counter has one writer. A position is packed in one 64-bit word, so it is read and written whole.
 */

/** A place in the journal: before the byte `offset` of segment number `segment`. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** Segments are far below 4 GiB, so 32 bits hold an offset. */
const OFFSET_BITS = 32n;
const OFFSET_MASK = (1n << OFFSET_BITS) - 1n;

/**
 * Word 0 is the durable end of the journal, word 1 is set to 1 when no more will come, word 2 is 1 while room is short; then for each callback three words:
 * its cursor, its floor, where it began.
 */
const DURABLE = 0;
const CLOSED = 1;
const TIGHT = 2;
const FIRST_CURSOR = 3;
const WORDS_EACH = 3;

/** A position in one word, and back: for whoever shares positions between threads. */
export const pack = ({ segment, offset }: Position): bigint => (BigInt(segment) << OFFSET_BITS) | BigInt(offset);
export const unpack = (word: bigint): Position => ({ segment: Number(word >> OFFSET_BITS), offset: Number(word & OFFSET_MASK) });

/** Orders positions as the journal does: negative, 0, positive. */
export const comparePositions = (a: Position, b: Position): number => a.segment - b.segment || a.offset - b.offset;

/** Where a place on the board stands that nobody has: behind everything, so it holds nothing. */
const NOBODY: Position = { segment: 2 ** 31 - 1, offset: 0 };

/** Memory for a board of so many callbacks; hand it to every thread. */
export const boardMemory = (callbacks: number): SharedArrayBuffer => new SharedArrayBuffer(8 * (FIRST_CURSOR + WORDS_EACH * callbacks));

/** A view of the shared counters. Every thread makes its own over the same memory. */
export class Board {
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
  }

  get callbacks(): number {
    return (this.#words.length - FIRST_CURSOR) / WORDS_EACH;
  }

  /** The journal is durable up to here. */
  get durable(): Position {
    return unpack(Atomics.load(this.#words, DURABLE));
  }

  /** Spool only: moves the durable end and wakes every waiter. */
  publish(position: Position): void {
    Atomics.store(this.#words, DURABLE, pack(position));
    Atomics.notify(this.#words, DURABLE);
  }

  /** True once the spool has said that nothing more will come. */
  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1n;
  }

  close(): void {
    Atomics.store(this.#words, CLOSED, 1n);
    Atomics.notify(this.#words, DURABLE);
  }

  /** Room is short: nothing is to be kept that is there only to be sent again. */
  get tight(): boolean {
    return Atomics.load(this.#words, TIGHT) === 1n;
  }

  /** Spool only. */
  set tight(tight: boolean) {
    Atomics.store(this.#words, TIGHT, tight ? 1n : 0n);
  }

  /** Waits until the durable end is no longer `seen`, or `timeoutMs` have passed. Never blocks the thread. */
  async changed(seen: Position, timeoutMs: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, DURABLE, pack(seen), timeoutMs);
    if (wait.async) await wait.value;
  }

  /** Where callback `index` stands: everything before it is durable there. */
  cursor(index: number): Position {
    return unpack(Atomics.load(this.#words, FIRST_CURSOR + WORDS_EACH * index));
  }

  /** Nobody has this place: it holds nothing, and counts as nobody. */
  free(index: number): void {
    this.moveCursor(index, NOBODY);
  }

  isFree(index: number): boolean {
    return comparePositions(this.cursor(index), NOBODY) === 0;
  }

  /** A callback is to have this place, and does not stand yet: until it does, everything is held for it. */
  take(index: number): void {
    this.moveCursor(index, { segment: 0, offset: 0 });
  }

  moveCursor(index: number, position: Position): void {
    Atomics.store(this.#words, FIRST_CURSOR + WORDS_EACH * index, pack(position));
  }

  /** What lies before it was given up for callback `index`: it is not to be read any more, however far the cursor is. */
  floor(index: number): Position {
    return unpack(Atomics.load(this.#words, FIRST_CURSOR + WORDS_EACH * index + 1));
  }

  /** Spool only. */
  raiseFloor(index: number, position: Position): void {
    Atomics.store(this.#words, FIRST_CURSOR + WORDS_EACH * index + 1, pack(position));
  }

  /** Callback `index` was given nothing that lies before this. */
  since(index: number): Position {
    return unpack(Atomics.load(this.#words, FIRST_CURSOR + WORDS_EACH * index + 2));
  }

  beginAt(index: number, position: Position): void {
    Atomics.store(this.#words, FIRST_CURSOR + WORDS_EACH * index + 2, pack(position));
  }
}
