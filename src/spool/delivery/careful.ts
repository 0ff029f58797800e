/**
 * Record by record over a place where threads of a callback have died (deaths.ts). Receives what the parent knows of those deaths; tells how much is given
 * at once, and how. Gives nothing itself.
 */
import { comparePositions, type Position } from '../board.js';
import type { Care } from './deaths.js';
import type { Portion } from './portion.js';
import { HOW, type How } from './watch.js';

const isAt = (place: Position | undefined, at: Position): boolean => place !== undefined && comparePositions(place, at) === 0;

export class Careful {
  readonly #care: Care | undefined;
  /** Records still to be given alone. */
  #left: number;

  /** @param most records of a batch: behind so many, what killed a batch is past */
  constructor(care: Care | undefined, most: number) {
    this.#care = care;
    this.#left = care ? most : 0;
  }

  /** How many of the portion's records may be given at once; more than it has left: all. */
  sizeOf(portion: Portion): number {
    if (!this.#care || this.#left === 0) return Number.POSITIVE_INFINITY;
    return portion.leftBefore(this.#care.from) || 1;
  }

  /** How the records that begin at `at` are given. */
  howAt(at: Position): How {
    return this.#care && this.#left > 0 && comparePositions(at, this.#care.from) >= 0 ? HOW.alone : HOW.usual;
  }

  /** In front of the record here the one behind it is to be tried. */
  isSuspect(at: Position): boolean {
    return this.#left > 0 && isAt(this.#care?.suspect, at);
  }

  /** The record here is not to be given. */
  isFatal(at: Position): boolean {
    return isAt(this.#care?.fatal, at);
  }

  /** A record that was given alone was taken. */
  passed(): void {
    this.#left--;
  }
}
