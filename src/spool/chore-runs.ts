/**
 * SPOOL_DIR/chores: what was done about the store and when, as JSON, replaced atomically. Receives runs, keeps the last of each chore, gives them back at the
 * next start. One that cannot be read counts as none. Holds times and numbers, nothing of any record.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditError } from '../errors.js';
import { FILE_MODE } from './files.js';

export const CHORES = ['retain', 'archive', 'drop', 'redact', 'prepare'] as const;
export type ChoreName = (typeof CHORES)[number];

/** Letters of a code. */
const MOST_RESULT = 100;

/** Runs that are kept of each. */
export const MOST_RUNS = 20;

export interface ChoreRun {
  /** When it began; milliseconds since 1970. */
  readonly at: number;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  readonly records: number;
  /** `done`, `interrupted` (by a stop or a redaction), or the code of what went wrong. */
  readonly result: string;
}

export interface ChoreRuns {
  /** When its time was seen to have come last, or when it was first on the schedule; milliseconds since 1970. Absent: it never was. */
  readonly since?: number;
  /** The last ones, oldest first. */
  readonly runs: readonly ChoreRun[];
}

export interface ChoreBook {
  readonly chores: { readonly [name in ChoreName]: ChoreRuns };
  /** The chore archive has written all days before this one; milliseconds since 1970, null: none yet. */
  readonly archivedTo: number | null;
}

const pathOf = (folder: string): string => join(folder, 'chores');

const NONE: ChoreRuns = { runs: [] };

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isRun = (value: unknown): value is ChoreRun => {
  const { at, ms, records, result } = (value ?? {}) as { readonly [name: string]: unknown };
  return [at, ms, records].every(isCount) && typeof result === 'string';
};

function runsOf(value: unknown): ChoreRuns {
  const { since, runs } = (value ?? {}) as { readonly [name: string]: unknown };
  const whole = Array.isArray(runs) ? runs.filter(isRun).slice(-MOST_RUNS) : [];
  return { ...(isCount(since) ? { since } : {}), runs: whole };
}

/** What is known. Never throws. */
export function readChores(folder: string): ChoreBook {
  let found: { readonly [name: string]: unknown } = {};
  try {
    found = (JSON.parse(readFileSync(pathOf(folder), 'utf8')) ?? {}) as { readonly [name: string]: unknown };
  } catch {
    // There is none, or it cannot be read: chores begin anew, and lose nothing but figures.
  }
  const chores = (found.chores ?? {}) as { readonly [name: string]: unknown };
  const of = (name: ChoreName): ChoreRuns => (Object.hasOwn(chores, name) ? runsOf(chores[name]) : NONE);
  return {
    chores: { retain: of('retain'), archive: of('archive'), drop: of('drop'), redact: of('redact'), prepare: of('prepare') },
    archivedTo: isCount(found.archivedTo) ? found.archivedTo : null,
  };
}

/** Keeps it, durably; the calling thread waits for no disk. One at a time. Rejects with what the disk throws. */
export async function saveChores(folder: string, book: ChoreBook): Promise<void> {
  const path = pathOf(folder);
  const aside = `${path}.tmp`;
  await writeFile(aside, `${JSON.stringify(book)}\n`, { mode: FILE_MODE, flush: true });
  await rename(aside, path);
}

/** A run that another process tells of. @throws AuditError AUDIT_USAGE where it is none */
export function checkedRun(value: unknown): ChoreRun {
  if (!isRun(value) || value.result.length > MOST_RESULT)
    throw new AuditError('AUDIT_USAGE', 'this is no run of a chore; the command is of another version');
  const { at, ms, records, result } = value;
  return { at, ms, records, result };
}

/** The book with one more run. */
export const withRun = (book: ChoreBook, name: ChoreName, run: ChoreRun): ChoreBook => ({
  ...book,
  chores: { ...book.chores, [name]: { ...book.chores[name], runs: [...book.chores[name].runs, run].slice(-MOST_RUNS) } },
});

/** The book with a chore's time seen. @param since milliseconds since 1970 */
export const withTime = (book: ChoreBook, name: ChoreName, since: number): ChoreBook => ({
  ...book,
  chores: { ...book.chores, [name]: { ...book.chores[name], since } },
});
