/**
 * The work of an archive: days of a store as files. Receives a store and which days, writes each file aside, reads it back against the store and its seals,
 * and only then gives it its name, and drops from the store what is in it where that is asked for. What a kill cuts off, the next run finishes.
 */
import { AuditError, nameOf } from '../errors.js';
import { ArchiveFile, archivesOf } from '../spool/archive-file.js';
import { archiveName } from '../spool/archive-name.js';
import { linesOf } from '../spool/line-file.js';
import type { Store, StoredRecord } from '../store-contract.js';
import { firstIdOf, timeOf } from '../view/seek.js';
import { readLine } from '../view/verify-line.js';
import { DAY_MS, dayName, dayOf } from './days.js';

/** Days of UTC, by their beginnings; milliseconds since 1970. */
export interface Days {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface ArchiveTask extends Days {
  /** ARCHIVE_DIR and ARCHIVE_NAME. */
  readonly dir: string;
  readonly name: string;
  /** What is archived is dropped from the store. */
  readonly reset: boolean;
}

export interface Archived {
  readonly records: number;
  /** That hold them, also where an earlier run has written them. */
  readonly files: readonly string[];
  /** Records that were dropped from the store. */
  readonly dropped: number;
}

/** Told how many days are done, of how many. */
export type DaysDone = (done: number, all: number) => void;

/** Records of one page: some hundred KiB as a rule. */
const PAGE = 500;

/**
 * Archives days that nothing more comes to.
 * @throws AuditError AUDIT_CHORE where a record is damaged, or a file cannot be written or read back: what stands in the store of that day and later stays
 */
export async function archiveDays(store: Store, task: ArchiveTask, progress: DaysDone): Promise<Archived> {
  const done = { records: 0, files: [] as string[], dropped: 0 };
  let at = task.from;
  for (let days = await nextFile(store, { ...task, from: at }); days; days = await nextFile(store, { ...task, from: at })) {
    const { path, records } = await archiveFile(store, task, days);
    done.files.push(path);
    done.records += records;
    if (task.reset) done.dropped += await store.drop({ ...days, keepSessions: false });
    at = days.to;
    progress((at - task.from) / DAY_MS, (task.to - task.from) / DAY_MS);
  }
  return done;
}

/** The next days that have records and share a file. */
async function nextFile(store: Store, { from, to, name }: ArchiveTask): Promise<Days | undefined> {
  const first = await recordsIn(store, { from, to }, 1).next();
  if (first.done) return undefined;
  const day = dayOf(timeOf(first.value.id));
  let end = day + DAY_MS;
  while (end < to && archiveName(name, end) === archiveName(name, day)) end += DAY_MS;
  return { from: day, to: end };
}

/** Records of some days in order of id, a page at a time. */
async function* recordsIn(store: Store, { from, to }: Days, limit = PAGE): AsyncGenerator<StoredRecord, undefined> {
  const query = { topics: [], from: firstIdOf(from), to: firstIdOf(to), order: 'asc', filters: [], limit } as const;
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.page(after === undefined ? query : { ...query, after });
    yield* page.records;
    after = page.next;
  }
}

/** The file that holds these days, and how many records are in it: one that holds just them already, or a new one. */
async function archiveFile(store: Store, { dir, name }: ArchiveTask, days: Days): Promise<{ readonly path: string; readonly records: number }> {
  const label = archiveName(name, days.from);
  try {
    for (const path of archivesOf(dir, label)) {
      const records = await sameAs(store, days, path).catch(() => undefined);
      if (records !== undefined) return { path, records };
    }
    return await writeFile(store, days, { dir, label });
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw failure(days, `cannot be archived (${errorText(error)})`);
  }
}

/** A store's error has a message for people. */
const errorText = (error: unknown): string => (error instanceof Error && error.name === 'StoreError' ? error.message : nameOf(error));

async function writeFile(store: Store, days: Days, { dir, label }: { readonly dir: string; readonly label: string }) {
  const file = new ArchiveFile(dir, label);
  try {
    for await (const { line } of recordsIn(store, days)) file.write(line);
    file.finish();
    const records = await sameAs(store, days, file.aside);
    if (records === undefined) throw failure(days, 'is not the same in the file as in the store, which changed meanwhile; run it again');
    return { path: file.place(), records };
  } finally {
    file.discard();
  }
}

/**
 * How many records a file has, where it holds those of the days and no others, byte for byte; undefined where it does not.
 * @throws AuditError AUDIT_CHORE where both hold the same line, and its seal does not hold
 */
async function sameAs(store: Store, days: Days, path: string): Promise<number | undefined> {
  const stored = recordsIn(store, days);
  let records = 0;
  let torn = false;
  const onTorn = (): void => {
    torn = true;
  };
  for await (const line of linesOf(path, onTorn)) {
    const { done, value } = await stored.next();
    if (done || !line.equals(Buffer.from(value.line))) return undefined;
    records++;
    if (!isWhole(line, value.id)) throw failure(days, `has a record that is damaged in the store (number ${records} of the day)`);
  }
  return torn || !(await stored.next()).done ? undefined : records;
}

/** Whether a line is a sealed record of this id; a part that was erased may be missing. */
function isWhole(line: Buffer, id: string): boolean {
  const { head, faults } = readLine(line);
  return head?.id === id && faults.every((fault) => fault === 'no-who' || fault === 'no-body');
}

const failure = (days: Days, what: string): AuditError =>
  new AuditError('AUDIT_CHORE', `${dayName(days.from)} ${what}; that day and later ones were not archived, and nothing of them was dropped`);
