/**
 * Files of whole lines, plain or gzip (told by their first bytes), read a line at a time and rewritten aside. What stands behind the last line end is no
 * record and is passed over. Holds one line and one chunk.
 */
import { closeSync, createReadStream, createWriteStream, openSync, readSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { syncFolder } from './files.js';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 20;
/** What is gathered before it is written. */
const PIECE_BYTES = 1 << 18;

export function isGzip(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(2);
    return readSync(fd, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(fd);
  }
}

/** The lines of a file without their line ends, each borrowed until the next is asked for. Throws what the disk throws, and zlib's for a broken gzip file. */
export async function* linesOf(path: string): AsyncGenerator<Buffer> {
  const packed = isGzip(path);
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const bytes = packed ? unpacked(file) : file;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const all = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    let from = 0;
    for (let end = all.indexOf(LF); end >= 0; end = all.indexOf(LF, from)) {
      yield all.subarray(from, end);
      from = end + 1;
    }
    held = all.subarray(from);
  }
}

function unpacked(file: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

/** Gives a line another form, or leaves it (the same buffer). Without line ends. */
export type ChangeLine = (line: Buffer) => Buffer;

/**
 * Rewrites a file: aside, fsynced, renamed, with its mode and times. After a crash there is the old file or the new. Nobody else may have it open for
 * writing. `before` is called when the new file is durable and not yet in place.
 */
export async function rewrite(path: string, change: ChangeLine, before: () => void = () => undefined): Promise<void> {
  const { mode, atime, mtime } = statSync(path);
  const aside = `${path}.redact.tmp`;
  try {
    const into = createWriteStream(aside, { mode: mode & 0o777, flush: true });
    const lines = Readable.from(pieces(path, change), { objectMode: false });
    await (isGzip(path) ? pipeline(lines, createGzip(), into) : pipeline(lines, into));
    utimesSync(aside, atime, mtime);
    before();
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
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
