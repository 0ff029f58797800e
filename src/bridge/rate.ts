/**
 * How often somebody may come: a bucket of tokens for each key, of which each connection takes one. Receives keys and the time, gives yes or no. Holds
 * at most so many buckets, and none that is full: that one says no more than a new one.
 */

/** A bucket holds what so many milliseconds bring, but one token at least. */
const BURST_MS = 10_000;
/** Buckets at most: some 100 bytes each. Beyond, the one that was not asked for the longest time is forgotten. */
const MAX_BUCKETS = 20_000;
/** Full buckets are looked for at most once in so many milliseconds. */
const LOOK_MS = 1_000;

export class Rate {
  readonly #maxBuckets: number;
  /** When each will be full again, in milliseconds (the generic cell rate algorithm, ITU-T I.371); who asked last stands last. */
  readonly #fullAt = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(maxBuckets: number = MAX_BUCKETS) {
    this.#maxBuckets = maxBuckets;
  }

  /** Buckets that are held. */
  get size(): number {
    return this.#fullAt.size;
  }

  /**
   * Takes a token.
   *
   * @param perS tokens that a second brings, above 0
   * @param nowMs milliseconds that never go back
   * @returns whether there was one
   */
  take(key: string, perS: number, nowMs: number): boolean {
    const tokenMs = 1000 / perS;
    const fullAt = Math.max(nowMs, this.#fullAt.get(key) ?? 0) + tokenMs;
    // A little more than nothing: so many thirds of a second are not whole.
    if (fullAt - nowMs > Math.max(BURST_MS, tokenMs) + 1e-6) return false;
    this.#fullAt.delete(key);
    if (this.#fullAt.size >= this.#maxBuckets) this.#makeRoom(nowMs);
    this.#fullAt.set(key, fullAt);
    return true;
  }

  #makeRoom(nowMs: number): void {
    if (nowMs - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = nowMs;
      for (const [key, fullAt] of this.#fullAt) if (fullAt <= nowMs) this.#fullAt.delete(key);
    }
    if (this.#fullAt.size < this.#maxBuckets) return;
    const [oldest] = this.#fullAt.keys();
    this.#fullAt.delete(oldest as string);
  }
}
