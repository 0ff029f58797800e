/**
 * Reads the journal for one callback: whole durable lines, in order, batch by batch, over the ends of segments. Receives how far the journal is
 * durable, gives batches of records. Never writes, never reads past the durable end, never decodes a line.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { AuditRecord } from '../../contract.js';
import type { Position } from '../board.js';
import { segmentPath } from '../segments.js';
import { makeRecord } from './audit-record.js';

const NEWLINE = 0x0a;

/** Bounds of a batch. A record longer than `maxBytes` comes alone. */
export interface BatchLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** Consecutive records. Their bytes are never written to again, so a callback may keep what it was given. */
export interface Batch {
  readonly records: readonly AuditRecord[];
  /** The place behind each record, in the same order. */
  readonly behind: readonly Position[];
  /** The place behind the last. */
  readonly next: Position;
}

const NO_BYTES = Buffer.alloc(0);

export class JournalReader {
  readonly #folder: string;
  readonly #limits: BatchLimits;
  #fd: number | undefined;
  /** The segment of `#fd` and `#chunk`, and the next offset to be given out. */
  #segment = 0;
  #offset = 0;
  /** Whole lines read and not given out: the rest of `#chunk` from `#at` on. A chunk is never reused: records keep looking into it. */
  #chunk: Buffer = NO_BYTES;
  #at = 0;
  #skipped = 0;

  constructor(folder: string, limits: BatchLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Where the next batch begins. */
  get position(): Position {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** Bytes at the ends of closed segments that were no whole line, and so were passed over: 0 in a sound journal. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  seek(position: Position): void {
    this.close();
    this.#segment = position.segment;
    this.#offset = position.offset;
  }

  /** The next batch, or undefined where nothing more is durable. Throws what the disk throws (ENOENT: the segment is gone). */
  next(durable: Position): Batch | undefined {
    while (this.#at === this.#chunk.length) {
      if (!this.#fill(durable)) return undefined;
    }
    return this.#take();
  }

  /** Gives the file back. `seek` begins anew. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#chunk = NO_BYTES;
    this.#at = 0;
  }

  /** Reads on. False: nothing more is durable. True without a chunk: went on to the next segment. */
  #fill(durable: Position): boolean {
    if (this.#segment > durable.segment) return false;
    const closed = this.#segment < durable.segment;
    if (!closed && this.#offset >= durable.offset) return false;
    this.#fd ??= openSync(segmentPath(this.#folder, this.#segment), 'r');
    const limit = closed ? fstatSync(this.#fd).size : durable.offset;
    this.#chunk = this.#lines(this.#fd, limit);
    this.#at = 0;
    if (this.#chunk.length > 0) return true;
    if (!closed) return false;
    this.#skipped += Math.max(0, limit - this.#offset);
    this.seek({ segment: this.#segment + 1, offset: 0 });
    return true;
  }

  /** Whole lines from `#offset` on: as many as `maxBytes` hold, or one that is longer; none where no line ends before `limit`. */
  #lines(fd: number, limit: number): Buffer {
    const left = Math.max(0, limit - this.#offset);
    for (let want = Math.min(this.#limits.maxBytes, left); want > 0; want = Math.min(want * 2, left)) {
      const bytes = readFully(fd, this.#offset, want);
      const end = want > this.#limits.maxBytes ? bytes.indexOf(NEWLINE) + 1 : bytes.lastIndexOf(NEWLINE) + 1;
      if (end > 0) return bytes.subarray(0, end);
      if (bytes.length < want || want === left) break;
    }
    return NO_BYTES;
  }

  /** Cuts a batch off the chunk. */
  #take(): Batch {
    const records: AuditRecord[] = [];
    const behind: Position[] = [];
    while (records.length < this.#limits.maxRecords && this.#at < this.#chunk.length) {
      const end = this.#chunk.indexOf(NEWLINE, this.#at) + 1;
      records.push(makeRecord(this.#chunk, this.#at, end));
      this.#offset += end - this.#at;
      this.#at = end;
      behind.push(this.position);
    }
    return { records, behind, next: this.position };
  }
}

function readFully(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, bytes, read, length - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}
