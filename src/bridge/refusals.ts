/**
 * Bounds what refused connections may write: a few of a listener are recorded each second, the rest are counted. Receives refusals and seconds, gives
 * yes or no, and the count from time to time.
 */

/** Of one listener, recorded each in one second: two records of some 600 bytes each. */
const RECORDED_PER_S = 10;
/** A count is told once in so many seconds. */
const TOLD_EACH_S = 10;

export class Refusals {
  #recorded = 0;
  #counted = 0;
  #seconds = 0;

  /** One more. @returns whether it is to be recorded; else it is counted */
  add(): boolean {
    if (this.#recorded < RECORDED_PER_S) {
      this.#recorded++;
      return true;
    }
    this.#counted++;
    return false;
  }

  /** The last one could not be recorded after all: it is counted. */
  miss(): void {
    this.#counted++;
  }

  /** A second has passed. @returns how many were counted and never told of, when it is time to tell; else 0 */
  second(): number {
    this.#recorded = 0;
    if (this.#counted === 0 || ++this.#seconds < TOLD_EACH_S) return 0;
    return this.rest();
  }

  /** How many were counted and never told of. */
  rest(): number {
    const counted = this.#counted;
    this.#counted = 0;
    this.#seconds = 0;
    return counted;
  }
}
