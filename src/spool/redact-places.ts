/**
 * Redaction on disk: looks through all places that hold lines of ours (closed segments, dead letters, what callbacks keep), and rewrites them, one by
 * one, without the parts that go. To be called while nobody else writes there: the callbacks' threads are stopped and the journal holds its segments.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from '../errors.js';
import type { Position } from './board.js';
import { type Cursor, readCursor, saveCursor } from './cursor.js';
import { joined, presentOf, sealedOf, withoutPart } from './erase.js';
import { type ChangeLine, linesOf, rewrite } from './line-file.js';
import { MAX_SELECTED, type Select, type Selection } from './redact-select.js';
import { listSegments, segmentPath } from './segments.js';

/** Where lines of ours stand. */
export interface Places {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** The segments before this one are closed and held. */
  readonly before: number;
  /** What callbacks keep (their `evidence`): absolute paths. */
  readonly files: readonly string[];
}

/** A place that could not be read or written, for people: its path and the error's name. */
export class PlaceError extends Error {
  constructor(path: string, error: unknown) {
    super(`${path} (${nameOf(error)})`);
    this.name = 'PlaceError';
  }
}

/** Says how far it is: files done, of how many. */
export type Progress = (done: number, all: number) => void;

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const closedSegments = ({ folder, before }: Places): number[] => listSegments(folder).filter((segment) => segment < before);

function deadLetters(folder: string): string[] {
  try {
    const dead = join(folder, 'dead');
    return readdirSync(dead)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => join(dead, name));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

const otherFiles = ({ folder, files }: Places): string[] => [...deadLetters(folder), ...files];

/** All that is to go, by hash. Throws PlaceError, and RangeError where more than MAX_SELECTED records are meant. */
export async function selectIn(places: Places, select: Select, progress: Progress): Promise<Selection> {
  const selection: Selection = new Map();
  const paths = [...closedSegments(places).map((segment) => segmentPath(places.folder, segment)), ...otherFiles(places)];
  for (const [index, path] of paths.entries()) {
    await attempt(path, () => selectFrom(path, select, selection));
    progress(index + 1, paths.length);
  }
  return selection;
}

async function selectFrom(path: string, select: Select, selection: Selection): Promise<void> {
  for await (const line of linesOf(path)) {
    const found = select(line);
    if (!found) continue;
    selection.set(found.hash, joined(selection.get(found.hash), found.part));
    if (selection.size > MAX_SELECTED) throw new RangeError('too many records');
  }
}

/** Erases what is selected in every place. Places without any of it are only read. Gives how many lines were changed. Throws PlaceError. */
export async function eraseIn(places: Places, selection: Selection, progress: Progress): Promise<number> {
  const segments = closedSegments(places);
  const files = otherFiles(places);
  const all = segments.length + files.length;
  let done = 0;
  let erased = 0;
  const count = (lines: number) => {
    erased += lines;
    progress(++done, all);
  };
  for (const segment of segments) {
    await attempt(segmentPath(places.folder, segment), async () => count(await eraseSegment(places.folder, segment, selection)));
  }
  for (const path of files) await attempt(path, async () => count(await eraseFile(path, selection)));
  return erased;
}

async function attempt(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new PlaceError(path, error);
  }
}

/** Gives each line its new form, and counts those that changed. */
function eraser(selection: Selection): { readonly change: ChangeLine; readonly erased: () => number } {
  let erased = 0;
  const change: ChangeLine = (line) => {
    const sealed = sealedOf(line);
    const asked = sealed && selection.get(sealed.hash);
    const part = sealed && asked && presentOf(sealed, asked);
    if (!sealed || !part) return line;
    erased++;
    return withoutPart(line, sealed, part);
  };
  return { change, erased: () => erased };
}

async function holdsAny(path: string, selection: Selection): Promise<boolean> {
  const { change } = eraser(selection);
  for await (const line of linesOf(path)) if (change(line) !== line) return true;
  return false;
}

async function eraseFile(path: string, selection: Selection): Promise<number> {
  if (!(await holdsAny(path, selection))) return 0;
  const { change, erased } = eraser(selection);
  await rewrite(path, change);
  return erased();
}

/**
 * A segment becomes shorter, so the cursors in it must move with their records. Between the old file and the new they stand at the segment's beginning:
 * what a crash there costs is doubles.
 */
async function eraseSegment(folder: string, segment: number, selection: Selection): Promise<number> {
  const path = segmentPath(folder, segment);
  if (!(await holdsAny(path, selection))) return 0;
  const { change, erased } = eraser(selection);
  const cursors = cursorsIn(folder, segment);
  const moved = new Map<string, Cursor>();
  let old = 0;
  let now = 0;
  const follow: ChangeLine = (line) => {
    const changed = change(line);
    for (const [name, cursor] of cursors) if (cursor.offset === old) moved.set(name, { ...cursor, offset: now });
    old += line.length + 1;
    now += changed.length + 1;
    return changed;
  };
  await rewrite(path, follow, () => {
    for (const [name, cursor] of cursors) saveCursor(folder, name, { ...cursor, offset: 0 });
  });
  for (const [name, cursor] of cursors) {
    const end: Position = { segment, offset: cursor.offset === old ? now : 0 };
    saveCursor(folder, name, moved.get(name) ?? { ...cursor, ...end });
  }
  return erased();
}

/** Cursors that stand in a segment, by the name of their callback. */
function cursorsIn(folder: string, segment: number): Map<string, Cursor> {
  const names = namesIn(join(folder, 'cursors')).map((file) => decodeURIComponent(file.slice(0, -'.json'.length)));
  const found = names.map((name) => [name, readCursor(folder, name)] as const);
  return new Map(found.flatMap(([name, cursor]) => (typeof cursor === 'object' && cursor.segment === segment ? [[name, cursor] as const] : [])));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
