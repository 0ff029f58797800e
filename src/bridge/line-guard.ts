/** Counts what a client sends without a line end. Receives chunks as they come, says how much of each may pass. Keeps one number, and none of the bytes. */

const LF = 0x0a;
const CR = 0x0d;

export class LineGuard {
  readonly #maxBytes: number;
  /** Bytes since the last line end. */
  #open = 0;

  /** @param maxBytes of a line, without its end. Bytes of telnet's commands count as any other. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * How many bytes of the next chunk may pass: all, or those before the first that is one too many. However a stream is cut into chunks, the same bytes
   * pass. Each byte is looked at once at most; of a chunk that cannot hold a line too long, only those behind its last line end.
   */
  fit(chunk: Uint8Array): number {
    if (this.#open + chunk.length > this.#maxBytes) return this.#walk(chunk);
    for (let at = chunk.length - 1; at >= 0; at--) {
      if (chunk[at] !== LF && chunk[at] !== CR) continue;
      this.#open = chunk.length - 1 - at;
      return chunk.length;
    }
    this.#open += chunk.length;
    return chunk.length;
  }

  #walk(chunk: Uint8Array): number {
    let open = this.#open;
    for (let at = 0; at < chunk.length; at++) {
      if (chunk[at] === LF || chunk[at] === CR) open = 0;
      else if (++open > this.#maxBytes) return at;
    }
    this.#open = open;
    return chunk.length;
  }
}
