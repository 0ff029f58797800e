/**
 * The reserve of the spool: `SPOOL_DIR/reserve`, a file kept filled with blocks of its own. On a full disk it is emptied, so that what must be said
 * still can be: gaps, ends of sessions, faults, the stop, the places of callbacks. Filled again once the disk has room. Never holds anything of a record.
 */
import { randomFillSync } from 'node:crypto';
import { statfsSync, statSync, truncateSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_MODE } from './files.js';

const MIB = 1 << 20;

/** What errors a disk without room gives; a quota is a disk of its own. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

export const isDiskFull = (error: unknown): boolean => FULL.has((error as { code?: unknown } | null)?.code);

/** Bytes that may still be written in `folder`; Infinity where the file system does not say (some count no blocks at all). */
export function diskRoom(folder: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * How much of SPOOL_MAX_BYTES is kept for what must be said: 1/64, at least 256 KiB, at most 8 MiB (which holds the records of the largest slab several
 * times over, and some ten thousand gaps), and never more than 1/8.
 */
export const reserveBytesOf = (maxBytes: number): number => Math.floor(Math.min(8 * MIB, Math.max(maxBytes / 64, MIB / 4), maxBytes / 8));

/** On a small disk the reserve takes this part of what the spool could have there; below so many bytes it is not worth a file. */
const PART_OF_DISK = 1 / 8;
const LEAST_BYTES = 16 << 10;
const SLICE_BYTES = MIB;
/** After a try that failed (a quota, which the file system does not tell of) it is not tried again for so long. */
const AGAIN_MS = 1_000;

export class Reserve {
  readonly #folder: string;
  readonly #path: string;
  readonly #wantedBytes: number;
  #bytes: number;
  /** The file may take blocks, filled or half filled. */
  #holds: boolean;
  #filling: Promise<boolean> | undefined;
  #released = false;
  #notBeforeMs = 0;

  /** @param wantedBytes its size where the disk is large enough. Throws what the disk throws. */
  constructor(folder: string, wantedBytes: number) {
    this.#folder = folder;
    this.#path = join(folder, 'reserve');
    this.#wantedBytes = wantedBytes;
    this.#bytes = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    this.#holds = this.#bytes > 0;
  }

  /** What stands there filled. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives the blocks back to the disk. False where there was nothing to give, or that failed too. Never throws. */
  release(): boolean {
    this.#released = true;
    this.#bytes = 0;
    if (!this.#holds) return false;
    try {
      truncateSync(this.#path);
      this.#holds = false;
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Fills it, where the disk has room for it and for as much again; so a disk is not called free at its last block. True: it is filled. Never throws.
   * @param spoolBytes what the journal takes: with what is free it tells how large the disk is for us
   */
  fill(spoolBytes: number): Promise<boolean> {
    this.#filling ??= this.#fill(spoolBytes).finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #fill(spoolBytes: number): Promise<boolean> {
    const free = diskRoom(this.#folder);
    const target = Math.floor(Math.min(this.#wantedBytes, (free + this.#bytes + spoolBytes) * PART_OF_DISK));
    if (this.#bytes >= target && this.#bytes > 0) return true;
    if (target < Math.min(LEAST_BYTES, this.#wantedBytes) || free < 2 * target - this.#bytes || performance.now() < this.#notBeforeMs) return false;
    this.#released = false;
    try {
      await this.#write(target);
    } catch {
      this.#notBeforeMs = performance.now() + AGAIN_MS;
      this.release();
    }
    return !this.#released;
  }

  async #write(target: number): Promise<void> {
    const file = await open(this.#path, this.#bytes > 0 ? 'r+' : 'w', FILE_MODE);
    try {
      this.#holds = true;
      const filler = fillerOf(Math.min(SLICE_BYTES, target));
      for (let at = this.#bytes; at < target && !this.#released; at += SLICE_BYTES)
        await writeSlice(file, filler, at, Math.min(SLICE_BYTES, target - at));
      if (!this.#released) await file.datasync();
      // Where it was released meanwhile, the slice that was under way stands there again.
      if (this.#released) await file.truncate(0);
      else this.#bytes = target;
    } finally {
      await file.close();
    }
  }

  /** Resolves when nothing is written any more. */
  async settled(): Promise<void> {
    await this.#filling;
  }
}

/**
 * Bytes that do not compress, or a file system that does would give them no blocks (none looks for the same as far back as a slice); never of ASCII, so
 * that no search of the disk finds words there.
 */
function fillerOf(length: number): Buffer {
  const bytes = randomFillSync(Buffer.allocUnsafe(length));
  for (let index = 0; index < length; index++) bytes[index] = (bytes[index] as number) | 0x80;
  return bytes;
}

async function writeSlice(file: FileHandle, bytes: Buffer, at: number, length: number): Promise<void> {
  for (let done = 0; done < length; ) done += (await file.write(bytes, done, length - done, at + done)).bytesWritten;
}
