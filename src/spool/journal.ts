/**
 * The durable journal (DESIGN 7): receives whole lines in order, writes them in segments with group commit, and publishes how far they are durable.
 * What is appended waits in memory until its write and fdatasync are done; a write that fails is cut back and tried again in a new segment, so a
 * record accepted here is kept or still held. Whoever appends must ask `accepts` and stop while it says no: that is the bound.
 */
import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, rmSync, statSync, unlinkSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { nameOf } from '../errors.js';
import { type Board, comparePositions } from './board.js';
import { FILE_MODE, makeFolder, syncFolder } from './files.js';
import { type Recovered, recover } from './recover.js';
import { segmentPath } from './segments.js';
import { encodeHeads, type Heads, writeState } from './state.js';

const writeTo = promisify(write);
const sync = promisify(fdatasync);
const closeFile = promisify(close);

export type Fsync = 'batch' | 'always' | 'none';

export interface JournalOptions {
  readonly folder: string;
  readonly board: Board;
  readonly fsync: Fsync;
  /** SPOOL_MAX_BYTES: with so many bytes on disk nothing is accepted until callbacks have let segments go. */
  readonly maxBytes: number;
  /** Bytes after which a segment is closed. */
  readonly segmentBytes?: number;
  /** Told of each failed commit and of the first good one after it, by the name of the error alone. */
  readonly onTrouble: (code: string | undefined) => void;
  /** Told when `accepts` says yes again. */
  readonly onReady: () => void;
}

/** A segment's usual size: small enough that the start reads the last one in half a second. */
const SEGMENT_BYTES = 64 << 20;
/** Bytes that may wait in memory to become durable; a slow disk's second. */
const MAX_BACKLOG = 32 << 20;
/** How long a commit waits for company ('batch'), and how much company makes it start at once. */
const GROUP_MS = 20;
const GROUP_BYTES = 1 << 20;
/** Back-off after a failed write. */
const RETRY_MS = { first: 100, most: 5_000 } as const;
/** How often segments that every callback has passed are looked for. */
const SWEEP_MS = 1_000;
/** The same while the spool is full: whoever waits for room shall not wait longer for us than for the callbacks. */
const FULL_SWEEP_MS = 25;
/** First room of a batch. */
const ROOM_BYTES = 1 << 18;

type Batch = { bytes: Buffer; used: number };

export class Journal {
  readonly heads: Heads;
  readonly faults: Recovered['faults'];
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  /** Closed segments that are still there, and their sizes. */
  readonly #closed = new Map<number, number>();
  #segment: number;
  #stateSegment: number;
  #fd = -1;
  #size = 0;
  #filling: Batch = { bytes: Buffer.allocUnsafe(ROOM_BYTES), used: 0 };
  #spare: Batch = { bytes: Buffer.allocUnsafe(ROOM_BYTES), used: 0 };
  #writing: Promise<void> | undefined;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #broken = false;
  /** The last write, or the last beginning of a segment, failed. */
  #troubled = false;
  #refused = false;
  #early: NodeJS.Timeout | undefined;
  readonly #sweep: NodeJS.Timeout;

  /** Opens the spool in `folder`, which the caller has locked. Throws AUDIT_SPOOL or the system's error where it cannot be used. */
  constructor(options: JournalOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? Math.min(SEGMENT_BYTES, Math.max(ROOM_BYTES, options.maxBytes / 8));
    makeFolder(options.folder);
    const found = recover(options.folder);
    this.heads = found.heads;
    this.faults = found.faults;
    for (const segment of found.segments) this.#closed.set(segment, statSync(segmentPath(options.folder, segment)).size);
    this.#segment = found.segments.at(-1) ?? 0;
    this.#stateSegment = 0;
    this.#begin(encodeHeads(this.heads));
    this.#sweep = setInterval(() => this.#removePassed(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** False while no more may be appended: too much waits for the disk, or the spool is full. After a no, `onReady` tells when to ask again. */
  accepts(): boolean {
    const room = this.#filling.used + this.#inFlight < MAX_BACKLOG && this.#onDisk() < this.#options.maxBytes;
    if (room) return true;
    this.#refused = true;
    this.#early ??= setTimeout(() => this.#removePassed(), FULL_SWEEP_MS);
    return false;
  }

  #onDisk(): number {
    let bytes = this.#size + this.#filling.used + this.#inFlight;
    for (const size of this.#closed.values()) bytes += size;
    return bytes;
  }

  /** Takes one line with its line end. It is copied. */
  append(line: string, id: string): void {
    const batch = this.#filling;
    const most = line.length * 3;
    if (batch.used + most > batch.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(batch.bytes.length * 2, batch.used + most));
      batch.bytes.copy(larger, 0, 0, batch.used);
      batch.bytes = larger;
    }
    batch.used += batch.bytes.write(line, batch.used);
    this.heads.lastId = id;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#writing || this.#filling.used === 0) return;
    const now = this.#options.fsync === 'always' || this.#filling.used >= GROUP_BYTES;
    // Never at once: whoever appends is in the middle of something, and the heads may not yet say what the lines say.
    if (now) this.#soon ??= setImmediate(() => this.#commit());
    else this.#timer ??= setTimeout(() => this.#commit(), GROUP_MS);
  }

  #commit(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
    if (this.#writing || this.#filling.used === 0) return;
    const batch = this.#filling;
    this.#filling = this.#spare;
    this.#inFlight = batch.used;
    const last = this.#size + batch.used >= this.#segmentBytes;
    const heads = last ? encodeHeads(this.heads) : '';
    this.#writing = this.#write(batch).then(() => {
      this.#spare = batch.bytes.length > MAX_BACKLOG / 4 ? { bytes: Buffer.allocUnsafe(ROOM_BYTES), used: 0 } : batch;
      batch.used = 0;
      this.#inFlight = 0;
      return last ? this.#roll(heads) : undefined;
    });
    this.#writing.then(() => {
      this.#writing = undefined;
      this.#tellReady();
      this.#schedule();
    });
  }

  /** Makes the batch durable, however often that takes. */
  async #write(batch: Batch): Promise<void> {
    for (let waitMs: number = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      try {
        if (this.#broken) this.#mend();
        for (let done = 0; done < batch.used; ) {
          const { bytesWritten } = await writeTo(this.#fd, batch.bytes, done, batch.used - done, this.#size + done);
          done += bytesWritten;
        }
        if (this.#options.fsync !== 'none') await sync(this.#fd);
        break;
      } catch (error) {
        this.#broken = true;
        await this.#trouble(error, waitMs);
      }
    }
    this.#works();
    this.#size += batch.used;
    this.#options.board.publish({ segment: this.#segment, offset: this.#size });
  }

  #trouble(error: unknown, waitMs: number): Promise<void> {
    this.#troubled = true;
    this.#options.onTrouble(nameOf(error));
    return new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  #works(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#options.onTrouble(undefined);
  }

  /**
   * After a failed write: what is not durable is cut off, and a new segment is begun; one in which nothing is durable is made anew, or a full disk would
   * fill with empty files. The state stays: it tells of an older segment's beginning.
   */
  #mend(): void {
    ftruncateSync(this.#fd, this.#size);
    fdatasyncSync(this.#fd);
    if (this.#size === 0) rmSync(segmentPath(this.#options.folder, this.#segment), { force: true });
    this.#begin(undefined, this.#size === 0 ? this.#segment : this.#segment + 1);
    this.#broken = false;
  }

  async #roll(heads: string): Promise<void> {
    for (let waitMs: number = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      try {
        this.#begin(heads);
        break;
      } catch (error) {
        await this.#trouble(error, waitMs);
      }
    }
    this.#works();
    this.#removePassed();
  }

  /** Begins segment `next`; `heads` are those at its beginning, where they are known. */
  #begin(heads: string | undefined, next = this.#segment + 1): void {
    const { folder, board } = this.#options;
    const fd = openSync(segmentPath(folder, next), 'w', FILE_MODE);
    try {
      syncFolder(folder);
      if (heads !== undefined) writeState(folder, next, heads);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (heads !== undefined) this.#stateSegment = next;
    if (this.#fd >= 0) {
      if (next !== this.#segment) this.#closed.set(this.#segment, this.#size);
      void closeFile(this.#fd);
    }
    this.#fd = fd;
    this.#segment = next;
    this.#size = 0;
    board.publish({ segment: next, offset: 0 });
  }

  /** Removes segments that every callback is past. */
  #removePassed(): void {
    clearTimeout(this.#early);
    this.#early = undefined;
    const { board, folder } = this.#options;
    let least = { segment: this.#stateSegment, offset: 0 };
    for (let index = 0; index < board.callbacks; index++) {
      const cursor = board.cursor(index);
      if (comparePositions(cursor, least) < 0) least = cursor;
    }
    for (const segment of this.#closed.keys()) {
      if (segment >= least.segment) continue;
      try {
        unlinkSync(segmentPath(folder, segment));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') continue;
      }
      this.#closed.delete(segment);
    }
    this.#tellReady();
  }

  #tellReady(): void {
    if (!this.#refused) return;
    this.#refused = false;
    if (this.accepts()) this.#options.onReady();
  }

  /** Resolves when everything appended until now is durable. */
  async flushed(): Promise<void> {
    for (this.#commit(); this.#writing; this.#commit()) await this.#writing;
  }

  /** Makes everything durable and says that no more will come. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await this.flushed();
    this.#removePassed();
    clearTimeout(this.#early);
    await closeFile(this.#fd);
    this.#options.board.close();
  }
}
