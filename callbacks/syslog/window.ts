/** The last frames that were sent over a stream, to be sent again when the connection breaks. Bounded by bytes; the oldest go first. */

/** What one `write` sent. */
export interface Frames {
  readonly bytes: Uint8Array;
  readonly records: number;
}

/**
 * So much is kept in any case, in bytes: what the kernels of both sides may hold of a connection, which a collector that dies has not read. Linux lets
 * their buffers grow to 4 and 6 MB by itself, on tuned machines to several times that; small records fill them with more than `replay` of them.
 */
const LEAST_BYTES = 24 * 1024 * 1024;

/** Memory for what is sent again, in bytes, or one batch where that is more: at 10,000 records it allows them 6 KiB each. */
const MAX_BYTES = 64 * 1024 * 1024;

export class Window {
  readonly #leastRecords: number;
  readonly #leastBytes: number;
  #frames: Frames[] = [];
  #records = 0;
  #bytes = 0;

  /**
   * @param leastRecords so many are kept, 0: none
   * @param leastBytes and so much; no batch that is needed for neither
   */
  constructor(leastRecords: number, leastBytes = LEAST_BYTES) {
    this.#leastRecords = leastRecords;
    this.#leastBytes = leastBytes;
  }

  get records(): number {
    return this.#records;
  }

  /** Oldest first. */
  get frames(): readonly Frames[] {
    return this.#frames;
  }

  add(frames: Frames): void {
    if (this.#leastRecords === 0) return;
    this.#frames.push(frames);
    this.#records += frames.records;
    this.#bytes += frames.bytes.length;
    let count = 0;
    while (this.#tooMuch(this.#frames[count], count)) this.#forget(this.#frames[count++]);
    if (count > 0) this.#frames = this.#frames.slice(count);
  }

  #tooMuch(oldest: Frames | undefined, count: number): boolean {
    if (!oldest || count === this.#frames.length - 1) return false;
    const needed = this.#records - oldest.records < this.#leastRecords || this.#bytes - oldest.bytes.length < this.#leastBytes;
    return !needed || this.#bytes > MAX_BYTES;
  }

  #forget(oldest: Frames | undefined): void {
    this.#records -= oldest?.records ?? 0;
    this.#bytes -= oldest?.bytes.length ?? 0;
  }
}
