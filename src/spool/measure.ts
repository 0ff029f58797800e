/**
 * Counts the records of a part of a segment, and finds their first and last id. Receives places, gives figures. Reads in slices with a turn of the
 * event loop between them, so a thread that has other work does it meanwhile. Never holds more than a slice, never looks into a record but for its id.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Position } from './board.js';
import { segmentPath } from './segments.js';

/** What a part of the journal holds. The ids are null where it holds nothing, or where such a line is no record. */
export interface Run {
  readonly records: number;
  readonly from: string | null;
  readonly to: string | null;
}

const SLICE_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** A line's beginning, as far as its id; FORMAT.md fixes the order of members. */
const HEAD_BYTES = 128;
const ID = /^\{"v":"[^"]{1,16}","id":"([0-9a-f-]{36})"/;

/**
 * Measures the lines of `segment` between two offsets in bytes, both at the beginning of a line.
 *
 * @param signal aborted: it rejects
 * Throws what the disk throws.
 */
export async function measureRun(folder: string, segment: number, from: number, to: number, signal?: AbortSignal): Promise<Run> {
  const file = await open(segmentPath(folder, segment), 'r');
  try {
    const { records, lastStart } = await countLines(file, from, to, signal);
    if (records === 0) return { records, from: null, to: null };
    return { records, from: await idAt(file, from), to: await idAt(file, lastStart) };
  } finally {
    await file.close();
  }
}

async function countLines(file: FileHandle, from: number, to: number, signal: AbortSignal | undefined) {
  const slice = Buffer.allocUnsafe(Math.max(0, Math.min(SLICE_BYTES, to - from)));
  let records = 0;
  let lastStart = from;
  let lineStart = from;
  for (let at = from; at < to; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(slice, 0, Math.min(slice.length, to - at), at);
    if (bytesRead === 0) break;
    const bytes = slice.subarray(0, bytesRead);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) {
      records++;
      lastStart = lineStart;
      lineStart = at + end + 1;
    }
    at += bytesRead;
  }
  return { records, lastStart };
}

async function idAt(file: FileHandle, offset: number): Promise<string | null> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, offset);
  return ID.exec(head.toString('latin1', 0, bytesRead))?.[1] ?? null;
}

/**
 * Counts the records between two places of the journal, over the ends of segments; `segments` are those that are there, rising.
 * Throws what the disk throws (ENOENT: a segment has gone meanwhile).
 */
export async function countBetween(folder: string, segments: readonly number[], from: Position, to: Position, signal?: AbortSignal): Promise<number> {
  let records = 0;
  for (const segment of segments) {
    if (segment < from.segment || segment > to.segment) continue;
    const start = segment === from.segment ? from.offset : 0;
    const end = segment === to.segment ? to.offset : Number.MAX_SAFE_INTEGER;
    records += (await measureRun(folder, segment, start, end, signal)).records;
  }
  return records;
}
