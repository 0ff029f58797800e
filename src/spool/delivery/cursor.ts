/**
 * How far a callback has come, on disk: `SPOOL_DIR/cursors/NAME.json` with `{"segment","offset","records","since"}`, moved atomically. Receives positions,
 * gives back where a callback starts, and says what had to be mended. Never holds anything of a record.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparePositions, type Position } from '../board.js';
import { listSegments, segmentPath } from '../segments.js';

export interface Cursor extends Position {
  /** Records that this callback is past since it exists. */
  readonly records: number;
  /** Where it began, if that was at the newest record: what lies before that it was never given. */
  readonly since?: Position;
}

/** Why a cursor could not stand where it stood. */
export type CursorFault = 'unreadable' | 'before the oldest segment' | 'beyond the durable end';

export interface PlacedCursor {
  readonly cursor: Cursor;
  readonly fault?: CursorFault;
}

const ENDING = '.json';

/** The file of a callback's cursor. A name is any string: what no file name may hold is escaped. */
export const cursorPath = (folder: string, name: string): string => join(folder, 'cursors', `${encodeURIComponent(name)}${ENDING}`);

/** The names of all callbacks that have a cursor in `folder`, in the order of the alphabet. Throws what the disk throws. */
export function cursorNames(folder: string): string[] {
  let files: string[];
  try {
    files = readdirSync(join(folder, 'cursors'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return files.flatMap((file) => (file.endsWith(ENDING) ? (decoded(file.slice(0, -ENDING.length)) ?? []) : [])).sort();
}

/** The name of a cursor's file; undefined where it is none of ours. */
function decoded(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

/**
 * Replaces the cursor of `name`. No fsync: what a power cut loses here is delivered twice, never lost, and a batch would cost a disk's turn more.
 * Throws what the disk throws; then the cursor stands as before.
 * @param by two threads may move one cursor: the callback's own, and the journal's, which gives up what a stuck one holds
 */
export function saveCursor(folder: string, name: string, { segment, offset, records, since }: Cursor, by: 'callback' | 'journal' = 'callback'): void {
  const path = cursorPath(folder, name);
  const aside = `${path}.${by}.tmp`;
  const text = JSON.stringify({ segment, offset, records, since });
  try {
    writeFileSync(aside, text, { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(join(folder, 'cursors'), { recursive: true, mode: 0o700 });
    writeFileSync(aside, text, { mode: 0o600 });
  }
  renameSync(aside, path);
}

/** The cursor of `name`; undefined: it has none yet; 'unreadable': there is a file, and it says nothing. */
export function readCursor(folder: string, name: string): Cursor | 'unreadable' | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(cursorPath(folder, name), 'utf8'));
    return isCursor(value) ? value : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { segment, offset } = value as { [name: string]: unknown };
  return isCount(segment) && isCount(offset);
}

function isCursor(value: unknown): value is Cursor {
  if (!isPosition(value)) return false;
  const { records, since } = value as { records?: unknown; since?: unknown };
  return isCount(records) && (since === undefined || isPosition(since));
}

/**
 * Where the callback `name` starts, saved: its cursor where that is good; the durable end or the oldest segment (`start`) where it is new; else the
 * nearest place that is good, with the fault. Throws what the disk throws.
 */
export function placeCursor(folder: string, name: string, start: 'newest' | 'oldest', durable: Position): PlacedCursor {
  const found = readCursor(folder, name);
  const placed = place(folder, found, start, durable);
  if (placed.cursor !== found) saveCursor(folder, name, placed.cursor);
  return placed;
}

function place(folder: string, found: Cursor | 'unreadable' | undefined, start: 'newest' | 'oldest', durable: Position): PlacedCursor {
  const oldest = { segment: listSegments(folder)[0] ?? durable.segment, offset: 0 };
  if (found === undefined) return { cursor: start === 'newest' ? { ...durable, records: 0, since: durable } : { ...oldest, records: 0 } };
  if (found === 'unreadable') return { cursor: { ...oldest, records: 0 }, fault: 'unreadable' };
  if (comparePositions(found, durable) > 0) return { cursor: { ...found, ...durable }, fault: 'beyond the durable end' };
  if (comparePositions(found, oldest) < 0) return { cursor: { ...found, ...oldest }, fault: 'before the oldest segment' };
  return isLineStart(folder, found) ? { cursor: found } : { cursor: { ...found, ...oldest }, fault: 'unreadable' };
}

/** A cursor stands behind a line end, or at the start of its segment; anywhere else its file is not to be believed. */
function isLineStart(folder: string, { segment, offset }: Position): boolean {
  if (offset === 0) return true;
  try {
    const byte = Buffer.alloc(1);
    const fd = openSync(segmentPath(folder, segment), 'r');
    const count = readSync(fd, byte, 0, 1, offset - 1);
    closeSync(fd);
    return count === 1 && byte[0] === 0x0a;
  } catch {
    return false;
  }
}
