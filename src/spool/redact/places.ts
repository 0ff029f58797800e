/**
 * Redaction on disk: looks through all places that hold lines of ours (closed segments, dead letters, what callbacks keep, stores), and rewrites them, one
 * by one, without the parts that go. Looking harms nobody; to be called for the rest while nobody else writes there: the callbacks' threads are stopped and
 * the journal holds its segments.
 */
import { closeSync, fsyncSync, openSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { nameOf } from '../../errors.js';
import type { Filter } from '../../store-contract.js';
import { type Cursor, cursorNames, cursorPath, readCursor, saveCursor } from '../delivery/cursor.js';
import { syncFolder } from '../files.js';
import { ASIDE_ENDING, type ChangeLine, linesOf, rewrite } from '../line-file.js';
import { listSegments, segmentPath } from '../segments.js';
import { readRecord } from './line.js';
import { type Chooser, type Selection, TooMany } from './select.js';
import { eraseInStore, type StorePlace, throughStore } from './stores.js';

/** Where lines of ours stand. */
export interface Places {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** The segments before this one are closed and held; null: nothing is held, whatever is there is looked at, and what goes meanwhile is passed over. */
  readonly before: number | null;
  /** What callbacks keep (their `evidence`), and what else was named: absolute paths. What ends with `.tmp` is half made, and goes. */
  readonly files: readonly string[];
  /** Stores that callbacks fill. */
  readonly stores?: readonly StorePlace[];
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

const isGone = (error: unknown): boolean => nameOf(error) === 'ENOENT';

const HALF_MADE = '.tmp';
const isHalfMade = (path: string): boolean => path.endsWith(HALF_MADE);

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

const segmentsOf = ({ folder, before }: Places): number[] => listSegments(folder).filter((segment) => before === null || segment < before);

const pathsIn = (folder: string, ending: string): string[] =>
  namesIn(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

const deadLetters = (folder: string): string[] => pathsIn(join(folder, 'dead'), '.jsonl');

/** Everything but segments; each file once, however it is named. Throws PlaceError for one below SPOOL_DIR, which is no callback's to keep. */
function otherFiles({ folder, files, before }: Places): string[] {
  const spool = `${placeOf(folder, before === null) ?? folder}${sep}`;
  const found = new Set(deadLetters(folder));
  for (const path of files) {
    if (isHalfMade(path)) continue;
    const place = placeOf(path, before === null);
    if (place?.startsWith(spool)) throw new PlaceError(path, Object.assign(new Error(), { code: 'EBUSY' }));
    if (place !== undefined) found.add(place);
  }
  return [...found];
}

function placeOf(path: string, mayBeGone: boolean): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (mayBeGone && isGone(error)) return undefined;
    throw new PlaceError(path, error);
  }
}

async function attempt(path: string, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof TooMany) throw error;
    throw new PlaceError(path, error);
  }
}

/** Looks through the places for what a request means; a second time only at what is new, so that what must stand still stands still shortly. */
export class Look {
  readonly #chooser: Chooser;
  readonly #meant = (line: Buffer): void => this.#chooser.meant(line);
  readonly #alsoMeant = (line: Buffer): void => this.#chooser.alsoMeant(line);
  /** Files as they were when they were read, and how far stores were, by what was looked for then. */
  readonly #seen = new Map<string, string>();
  /** Lines in each that are no records, or damaged. */
  readonly #unread = new Map<string, number>();
  /** Files that went while they were to be read. */
  missed = 0;

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
  }

  /** Lines that nobody can say the content of: they stay as they are. */
  get unread(): number {
    return [...this.#unread.values()].reduce((sum, count) => sum + count, 0);
  }

  /** All that goes. Throws PlaceError, and TooMany. */
  async at(places: Places, progress: Progress): Promise<Selection> {
    const chooser = this.#chooser;
    const paths = [...segmentsOf(places).map((segment) => segmentPath(places.folder, segment)), ...otherFiles(places)];
    this.missed = 0;
    await this.#each(places, paths, 'meant', this.#meant, progress);
    await this.#stores(places, 'meant', chooser.narrowed, this.#meant);
    for (let links = 0; links < chooser.links; ) {
      links = chooser.links;
      await this.#each(places, paths, `with ${links}`, this.#alsoMeant, progress);
      await this.#stores(places, `with ${links}`, { session: chooser.sessions }, this.#alsoMeant);
      if (!chooser.mayGrow) break;
    }
    return chooser.selection;
  }

  async #each(places: Places, paths: readonly string[], what: string, take: (line: Buffer) => void, progress: Progress): Promise<void> {
    for (const [index, path] of paths.entries()) {
      await attempt(path, () => this.#through(path, `${what} ${path}`, take, places.before === null));
      progress(index + 1, paths.length);
    }
  }

  async #stores({ stores = [] }: Places, what: string, filter: Filter | undefined, take: (line: Buffer) => void): Promise<void> {
    for (const { name, store } of stores) {
      const key = `${what} store ${name}`;
      await attempt(`the store of ${name}`, async () => {
        const last = await throughStore(store, filter ? [filter] : [], this.#seen.get(key), take);
        if (last !== undefined) this.#seen.set(key, last);
      });
    }
  }

  async #through(path: string, key: string, take: (line: Buffer) => void, mayBeGone: boolean): Promise<void> {
    try {
      const stamp = stampOf(path);
      if (this.#seen.get(key) === stamp) return;
      const before = this.#chooser.unread;
      for await (const line of linesOf(path)) take(line);
      this.#seen.set(key, stamp);
      if (take === this.#meant) this.#unread.set(path, this.#chooser.unread - before);
    } catch (error) {
      if (!mayBeGone || !isGone(error)) throw error;
      this.missed++;
    }
  }
}

function stampOf(path: string): string {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs}`;
}

/** Erases what is selected in every place. Places without any of it are only read. Gives how many lines were changed. Throws PlaceError. */
export async function eraseIn(places: Places, selection: Selection, progress: Progress): Promise<number> {
  const { folder } = places;
  const segments = segmentsOf(places);
  const files = otherFiles(places);
  const { stores = [] } = places;
  const all = segments.length + files.length + stores.length;
  let done = 0;
  let erased = 0;
  const count = (lines: number) => {
    erased += lines;
    progress(++done, all);
  };
  for (const path of leftovers(places)) await attempt(path, () => rmSync(path, { force: true }));
  for (const segment of segments) {
    await attempt(segmentPath(folder, segment), async () => count(await eraseSegment(folder, segment, selection)));
  }
  for (const path of files) await attempt(path, async () => count(await eraseFile(path, selection)));
  for (const { name, store } of stores) {
    await attempt(`the store of ${name}`, async () => count(await eraseInStore(store, selection.ids, (line) => erasedLine(line, selection))));
  }
  return erased;
}

/** What a crash left of a rewriting, or of a callback's packing. */
function leftovers({ folder, files }: Places): string[] {
  const beside = files.filter((path) => !isHalfMade(path)).map((path) => `${path}${ASIDE_ENDING}`);
  return [...pathsIn(folder, ASIDE_ENDING), ...pathsIn(join(folder, 'dead'), ASIDE_ENDING), ...beside, ...files.filter(isHalfMade)];
}

/** Gives each line its new form, and counts those that changed. */
function eraser(selection: Selection): { readonly change: ChangeLine; readonly erased: () => number } {
  let erased = 0;
  const change: ChangeLine = (line) => {
    const changed = erasedLine(line, selection);
    if (changed) erased++;
    return changed ?? line;
  };
  return { change, erased: () => erased };
}

/** The line without what goes; undefined: nothing of it does. */
function erasedLine(line: Buffer, { hashes, ids }: Selection): Buffer | undefined {
  const record = readRecord(line);
  const asked = record && (record.hash === undefined ? ids.get(record.head.id) : hashes.get(record.hash));
  const part = asked && record.present(asked);
  return part && record.without(part);
}

/** Whether a file must be written anew: a line of it goes, or it ends in a piece of one, which nobody can say the hash of. */
async function mustChange(path: string, selection: Selection): Promise<boolean> {
  let torn = false;
  for await (const line of linesOf(path, () => (torn = true))) if (erasedLine(line, selection)) return true;
  return torn;
}

async function eraseFile(path: string, selection: Selection): Promise<number> {
  if (!(await mustChange(path, selection))) return 0;
  const { change, erased } = eraser(selection);
  await rewrite(path, change);
  return erased();
}

/**
 * A segment becomes shorter, so the cursors in it must move with their records. Between the old file and the new they stand at the segment's beginning,
 * durably: what a crash there costs is doubles.
 */
async function eraseSegment(folder: string, segment: number, selection: Selection): Promise<number> {
  const path = segmentPath(folder, segment);
  if (!(await mustChange(path, selection))) return 0;
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
  await rewrite(path, follow, () =>
    saveAll(
      folder,
      [...cursors].map(([name, cursor]) => [name, { ...cursor, offset: 0 }]),
    ),
  );
  // What stands behind the last whole line has gone: whoever was past it is at the end.
  const placed = (name: string, cursor: Cursor): Cursor => moved.get(name) ?? { ...cursor, offset: cursor.offset >= old ? now : 0 };
  saveAll(
    folder,
    [...cursors].map(([name, cursor]) => [name, placed(name, cursor)]),
  );
  return erased();
}

/** Saves cursors, durably: after a power cut an old one may stand amid a record of the new file, or behind records that were not taken. */
function saveAll(folder: string, cursors: readonly (readonly [name: string, cursor: Cursor])[]): void {
  for (const [name, cursor] of cursors) {
    saveCursor(folder, name, cursor);
    const fd = openSync(cursorPath(folder, name), 'r');
    fsyncSync(fd);
    closeSync(fd);
  }
  if (cursors.length > 0) syncFolder(join(folder, 'cursors'));
}

/** Cursors that stand in a segment, by the name of their callback. */
function cursorsIn(folder: string, segment: number): Map<string, Cursor> {
  const found = cursorNames(folder).map((name) => [name, readCursor(folder, name)] as const);
  return new Map(found.flatMap(([name, cursor]) => (typeof cursor === 'object' && cursor.segment === segment ? [[name, cursor] as const] : [])));
}
