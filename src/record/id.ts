/** UUIDv7 (RFC 9562, 5.7 and 6.2 method 1) that rise within a node, even where the clock steps back or the process starts again. */

/** Counter bits in `rand_a`: that many ids may share a millisecond before the next one is borrowed. */
const COUNTER_LIMIT = 4_096;
/** A new millisecond's counter begins below this, so that at least 3,072 ids follow in it. */
const COUNTER_START = 1_024;

/** Four hex digits of every 16-bit number. */
const HEX4 = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));
const hex3 = (value: number): string => value.toString(16).padStart(3, '0');

/** Gives random bytes into a buffer; `crypto.randomFillSync` or a test's own. */
export type FillRandom = (into: Uint8Array) => void;

const POOL_BYTES = 8_192;
const ID_RANDOM_BYTES = 8;

export class Ids {
  #ms = 0;
  #counter = COUNTER_LIMIT;
  #prefix = '';
  readonly #pool = new Uint8Array(POOL_BYTES);
  #used = POOL_BYTES;
  readonly #fill: FillRandom;

  /** @param after the last id of this node, if there was one: the first new one is above it */
  constructor(fill: FillRandom, after?: string) {
    this.#fill = fill;
    if (after) this.rise(after);
  }

  /** Makes sure that the next id is above `id`. */
  rise(id: string): void {
    const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    if (ms >= this.#ms) this.#begin(ms + 1);
  }

  /** The next id. @param ms wall clock, milliseconds since 1970; where it is not past the last id's, that one's time goes on */
  next(ms: number): string {
    if (ms > this.#ms) this.#begin(ms);
    else if (this.#counter >= COUNTER_LIMIT) this.#begin(this.#ms + 1);
    const at = this.#random();
    const two = (offset: number): number => ((this.#pool[at + offset] as number) << 8) | (this.#pool[at + offset + 1] as number);
    const tail = `${HEX4[(two(0) & 0x3fff) | 0x8000]}-${HEX4[two(2)]}${HEX4[two(4)]}${HEX4[two(6)]}`;
    return `${this.#prefix}${hex3(this.#counter++)}-${tail}`;
  }

  #begin(ms: number): void {
    this.#ms = ms;
    const time = ms.toString(16).padStart(12, '0');
    this.#prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    const at = this.#random();
    this.#counter = (((this.#pool[at] as number) << 8) | (this.#pool[at + 1] as number)) % COUNTER_START;
  }

  #random(): number {
    if (this.#used + ID_RANDOM_BYTES > POOL_BYTES) {
      this.#fill(this.#pool);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += ID_RANDOM_BYTES;
    return at;
  }
}

const SALT_BYTES = 16;

/** Salts: 16 random bytes in base64url, out of a pool (one system call for 512 of them). */
export class Salts {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;
  readonly #fill: FillRandom;

  constructor(fill: FillRandom) {
    this.#fill = fill;
  }

  next(): string {
    if (this.#used === POOL_BYTES) {
      this.#fill(this.#pool);
      this.#used = 0;
    }
    this.#used += SALT_BYTES;
    return this.#pool.toString('base64url', this.#used - SALT_BYTES, this.#used);
  }
}
