/** The last frames that were sent over a stream, to be sent again when the connection breaks. Bounded by records and by bytes; the oldest go first. */

/** What one `write` sent. */
export interface Frames {
  readonly bytes: Uint8Array;
  readonly records: number;
}

/** Memory for what is sent again, in bytes, or one batch where that is more: at 10,000 records it allows them 6 KiB each. */
const MAX_BYTES = 64 * 1024 * 1024;

export class Window {
  readonly #maxRecords: number;
  #frames: Frames[] = [];
  #records = 0;
  #bytes = 0;

  /** @param maxRecords so many at least are kept, and no batch that is not needed for that; 0: none */
  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  get records(): number {
    return this.#records;
  }

  /** Oldest first. */
  get frames(): readonly Frames[] {
    return this.#frames;
  }

  add(frames: Frames): void {
    if (this.#maxRecords === 0) return;
    this.#frames.push(frames);
    this.#records += frames.records;
    this.#bytes += frames.bytes.length;
    let count = 0;
    while (this.#tooMuch(this.#frames[count], count)) this.#forget(this.#frames[count++]);
    if (count > 0) this.#frames = this.#frames.slice(count);
  }

  #tooMuch(oldest: Frames | undefined, count: number): boolean {
    if (!oldest || count === this.#frames.length - 1) return false;
    return this.#records - oldest.records >= this.#maxRecords || this.#bytes > MAX_BYTES;
  }

  #forget(oldest: Frames | undefined): void {
    this.#records -= oldest?.records ?? 0;
    this.#bytes -= oldest?.bytes.length ?? 0;
  }
}
