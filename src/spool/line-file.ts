/**
 * Files of whole lines, plain or gzip (told by their first bytes), read a line at a time and rewritten aside. What stands behind the last line end is no
 * record: it is told of, and not written again. Holds one line and one chunk; works in the calling thread, at its priority.
 */
import {
  closeSync,
  createReadStream,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { FILE_MODE, syncFolder, writeAll } from './files.js';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 20;
/** What is gathered before it is written; in a gzip file each is a member (they may be joined: RFC 1952, 2.2). */
const PIECE_BYTES = 1 << 20;
/** No line of ours comes near it: a longer one is somebody else's, and is not held in memory. */
const MAX_LINE_BYTES = 64 << 20;

export function isGzip(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(2);
    return readSync(fd, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(fd);
  }
}

/**
 * The lines of a file without their line ends, each borrowed until the next is asked for. Throws what the disk throws, zlib's for a broken gzip file, and
 * EFBIG where a line is none of ours.
 * @param onTorn called at the end where bytes stand behind the last line end
 */
export async function* linesOf(path: string, onTorn: () => void = () => undefined): AsyncGenerator<Buffer> {
  const packed = isGzip(path);
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of (packed ? unpacked(file) : file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      const line = chunk.subarray(from, end);
      yield heldBytes > 0 ? Buffer.concat([...held, line]) : line;
      if (heldBytes > 0) held = [];
      heldBytes = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
    if (heldBytes > MAX_LINE_BYTES) throw Object.assign(new Error('a line without an end'), { code: 'EFBIG' });
  }
  if (heldBytes > 0) onTorn();
}

function unpacked(file: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

/** Gives a line another form, or leaves it (the same buffer). Without line ends. */
export type ChangeLine = (line: Buffer) => Buffer;

/** What a rewriting writes into, beside the file; one that is found was left by a crash. */
export const ASIDE_ENDING = '.redact.tmp';

/**
 * Rewrites a file (of a link, what it leads to): aside, fsynced, renamed, with its owner, mode and times. After a crash there is the old file or the new.
 * Nobody else may have it open for writing. `before` is called when the new file is durable and not yet in place.
 */
export async function rewrite(path: string, change: ChangeLine, before: () => void = () => undefined): Promise<void> {
  const place = realpathSync(path);
  const aside = `${place}${ASIDE_ENDING}`;
  try {
    await writeAside(place, aside, change);
    before();
    renameSync(aside, place);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(dirname(place));
}

async function writeAside(path: string, aside: string, change: ChangeLine): Promise<void> {
  const packed = isGzip(path);
  // Made here and now: never what somebody else has put at this name.
  rmSync(aside, { force: true });
  const fd = openSync(aside, 'wx', FILE_MODE);
  try {
    let none = true;
    for await (const piece of pieces(path, change)) {
      writeAll(fd, packed ? gzipSync(piece) : piece);
      none = false;
    }
    if (none && packed) writeAll(fd, gzipSync(''));
    dressAs(fd, path);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function dressAs(fd: number, path: string): void {
  const { mode, uid, gid, atime, mtime } = statSync(path);
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // Only root may give a file away: then it is ours, as all that we write.
  }
  fchmodSync(fd, mode & 0o777);
  futimesSync(fd, atime, mtime);
}

async function* pieces(path: string, change: ChangeLine): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const line of linesOf(path)) {
    const changed = Buffer.concat([change(line), Buffer.of(LF)]);
    held.push(changed);
    bytes += changed.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
