/**
 * Files of evidence as lines: plain or gzip (told by their first bytes), put in the order of their first records. Receives paths, gives lines as borrowed
 * buffers, a chunk of a file at a time. Takes no lock and writes nothing.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AuditError, nameOf } from '../errors.js';
import { readLine } from './verify-line.js';

/** Longest line of FORMAT.md, in bytes. */
export const LINE_LIMIT = 16 * 1024 * 1024;
/** Large enough that the chunks cost nothing beside the hashes, small enough that hundreds of files may lie over one another. */
const CHUNK_BYTES = 256 * 1024;
const LF = 0x0a;

/** A file to read, opened, so that a live spool may delete it meanwhile. */
export interface Source {
  readonly path: string;
  readonly handle: FileHandle;
  readonly bytes: number;
  readonly isGzip: boolean;
}

/** `torn`: the file ended inside this line. `broken`: it could not be unpacked to its end. */
export interface Ending {
  readonly lines: number;
  readonly torn?: Buffer;
  readonly broken?: string;
}

/** A line without its line end; undefined for one above LINE_LIMIT. */
export type Line = Buffer | undefined;

/** Takes a line, borrowed. Returning false ends the reading. */
export type TakeLine = (line: Line, number: number) => boolean;

const refuse = (path: string, error: unknown): AuditError => new AuditError('AUDIT_VERIFY_INPUT', `${path} cannot be read (${nameOf(error)})`);

/** Opens a file. Throws AUDIT_VERIFY_INPUT where it cannot be read. */
export async function openSource(path: string): Promise<Source> {
  try {
    const handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      await handle.close();
      throw new AuditError('AUDIT_VERIFY_INPUT', `${path} is a folder; name the files in it, or a spool with --spool`);
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return { path, handle, bytes: stat.size, isGzip: bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b };
  } catch (error) {
    throw error instanceof AuditError ? error : refuse(path, error);
  }
}

/** Cuts chunks at line ends. A line that grows above the limit is dropped as it comes and told as undefined. */
class LineCutter {
  #pieces: Buffer[] = [];
  #held = 0;

  cut(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      lines.push(this.#whole(chunk.subarray(from, end)));
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return lines;
  }

  /** What stands behind the last line end. */
  rest(): Buffer | undefined {
    return this.#held ? Buffer.concat(this.#pieces) : undefined;
  }

  #whole(rest: Buffer): Line {
    if (!this.#held) return rest;
    this.#hold(rest);
    const line = this.#held > LINE_LIMIT ? undefined : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#held = 0;
    return line;
  }

  #hold(piece: Buffer): void {
    this.#held += piece.length;
    if (this.#held > LINE_LIMIT) this.#pieces = [];
    else this.#pieces.push(piece);
  }
}

/** The bytes of a file from its start to where it ends now, in chunks that the taker owns. */
async function* chunksOf(handle: FileHandle, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (!bytesRead) return;
    position += bytesRead;
    onBytes(bytesRead);
    yield buffer.subarray(0, bytesRead);
  }
}

/** The same, unpacked where it is gzip. The handle stays open. */
function bytesOf({ handle, isGzip }: Source, onBytes: (bytes: number) => void): AsyncIterable<Buffer> {
  const chunks = chunksOf(handle, onBytes);
  if (!isGzip) return chunks;
  const packed = Readable.from(chunks, { objectMode: false });
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  packed.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => packed.destroy());
  return packed.pipe(unpacked);
}

/**
 * The lines of a file in order, those of a chunk at a time; gives how it ended.
 * @param onBytes told of the bytes read from the file as they come
 */
export async function* linesOf(source: Source, onBytes: (bytes: number) => void = () => undefined): AsyncGenerator<readonly Line[], Ending> {
  const cutter = new LineCutter();
  let lines = 0;
  try {
    for await (const chunk of bytesOf(source, onBytes)) {
      const cut = cutter.cut(chunk);
      lines += cut.length;
      if (cut.length) yield cut;
    }
  } catch (error) {
    if (!source.isGzip) throw refuse(source.path, error);
    return { lines, broken: nameOf(error) };
  }
  const torn = cutter.rest();
  return torn ? { lines, torn } : { lines };
}

/** Reads the lines of a file in order, until `take` has enough. */
export async function readLines(source: Source, take: TakeLine, onBytes?: (bytes: number) => void): Promise<void> {
  let number = 0;
  for await (const lines of linesOf(source, onBytes)) {
    for (const line of lines) if (!take(line, ++number)) return;
  }
}

/** So many lines are asked for the first record of a file; one with none among them stands last. */
const PEEK_LINES = 1_000;
/** Sorts behind every id. */
const LAST = '~';

/** First record of a file that can be read as one. */
async function firstOf(source: Source): Promise<{ id: string; node: string } | undefined> {
  let first: { id: string; node: string } | undefined;
  await readLines(source, (line, number) => {
    first = line && readLine(line).head;
    return !first && number < PEEK_LINES;
  });
  return first;
}

/**
 * A file in its order. `firstId`: of its first record; `~` where none is known, behind every id. `isNewest`: no later one begins with a record of its node
 * (or none is known of it), so its last line may be unfinished.
 */
export interface Ordered extends Source {
  readonly firstId: string;
  readonly isNewest: boolean;
}

/** Puts files in the order of their first records: names of rolled files sort badly (`.10.` before `.2.`), and nodes may be mixed. */
export async function inOrder(sources: readonly Source[]): Promise<Ordered[]> {
  const known: { readonly source: Source; readonly id: string; readonly node: string | undefined }[] = [];
  for (const source of sources) {
    const first = await firstOf(source);
    known.push({ source, id: first?.id ?? LAST, node: first?.node });
  }
  const sorted = known.toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id));
  const newest = new Map(sorted.map(({ source, node }) => [node, source]));
  return sorted.map(({ source, id, node }) => ({ ...source, firstId: id, isNewest: node === undefined || newest.get(node) === source }));
}

const SEGMENT = /^(\d{4,12})\.jsonl$/;

/** A segment of a spool with its number. */
export interface Segment extends Ordered {
  readonly number: number;
}

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function segmentNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw refuse(folder, error);
  });
  return names.filter((name) => SEGMENT.test(name)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/**
 * Opens all segments of a spool, oldest first. The owner deletes from the oldest on: where one went between listing and opening, those opened before
 * it are gone too, and are let go.
 */
export async function openSpool(folder: string): Promise<Segment[]> {
  let segments: Omit<Segment, 'isNewest' | 'firstId'>[] = [];
  for (const name of await segmentNames(folder)) {
    const path = join(folder, name);
    const handle = await open(path, 'r').catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw refuse(path, error);
    });
    if (!handle) {
      await closeAll(segments);
      segments = [];
    } else segments.push({ path, handle, number: Number.parseInt(name, 10), bytes: (await handle.stat()).size, isGzip: false });
  }
  return segments.map((segment, i) => ({ ...segment, firstId: '', isNewest: i === segments.length - 1 }));
}

export async function closeAll(sources: readonly Source[]): Promise<void> {
  for (const { handle } of sources) await handle.close();
}
