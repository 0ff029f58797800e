/**
 * Lines that wait in memory to become durable: one batch that is being filled, one that is being written. Receives lines, gives batches of bytes. Bounds
 * nothing: the journal says when no more may come.
 */

/** The bytes of whole lines. Its owner has it until it is given back. */
export interface Batch {
  bytes: Buffer;
  used: number;
}

/** First room of a batch. */
const ROOM_BYTES = 1 << 18;

const newBatch = (): Batch => ({ bytes: Buffer.allocUnsafe(ROOM_BYTES), used: 0 });

export class Backlog {
  readonly #keepBytes: number;
  #filling = newBatch();
  #spare = newBatch();
  #inFlight = 0;
  #appended = 0;
  #durable = 0;

  /** @param keepBytes a batch that grew beyond that gives its memory back */
  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  /** What waits to be written. */
  get fillingBytes(): number {
    return this.#filling.used;
  }

  /** The same and what is being written. */
  get bytes(): number {
    return this.#filling.used + this.#inFlight;
  }

  /** Bytes ever appended, and how many of them are durable. */
  get appended(): number {
    return this.#appended;
  }

  get durable(): number {
    return this.#durable;
  }

  /** Takes one line with its line end. It is copied. */
  append(line: string): void {
    const batch = this.#filling;
    // In UTF-8 a UTF-16 unit takes at most three bytes.
    const most = line.length * 3;
    if (batch.used + most > batch.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(batch.bytes.length * 2, batch.used + most));
      batch.bytes.copy(larger, 0, 0, batch.used);
      batch.bytes = larger;
    }
    const written = batch.bytes.write(line, batch.used);
    batch.used += written;
    this.#appended += written;
  }

  /** Gives what waits, to be written; nothing more is given until that is back. */
  take(): Batch {
    const batch = this.#filling;
    this.#filling = this.#spare;
    this.#inFlight = batch.used;
    return batch;
  }

  /** It is durable. */
  giveBack(batch: Batch): void {
    this.#durable += batch.used;
    this.#inFlight = 0;
    this.#spare = batch.bytes.length > this.#keepBytes ? newBatch() : batch;
    batch.used = 0;
  }
}
