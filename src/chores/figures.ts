/** How chores went, for `stats` and metrics: receives the book of runs and the schedule, gives figures. Reads no clock and no file. */
import type { ChoreSettings, Planned } from '../config/chores.js';
import { CHORES, type ChoreBook, type ChoreName, type ChoreRun } from '../spool/chore-runs.js';
import type { TimeOfDay } from './schedule.js';

/** How far one is that goes on. */
export interface ChoreProgress {
  /** When it began; milliseconds since 1970. */
  readonly at: number;
  readonly done: number;
  readonly all: number;
}

/** What the configuration says of chores. */
export interface ChorePlans {
  readonly chores: ChoreSettings;
  readonly retentionDays: number | null;
}

export interface ChoreFigures {
  readonly name: ChoreName;
  /** Its time on the local clock; null: it runs when it is asked for. */
  readonly at: string | null;
  /** Null where it has none. */
  readonly limitS: number | null;
  /** When it began last, RFC 3339; null: never. */
  readonly lastAt: string | null;
  /** `done`, `interrupted`, or the code of what went wrong. */
  readonly result: string | null;
  readonly records: number | null;
  /** Seconds: of the last run, and of the runs that are known and were done, 20 at most. */
  readonly lastS: number | null;
  readonly minS: number | null;
  readonly averageS: number | null;
  readonly maxS: number | null;
  readonly runs: number;
  /** Records a second, over these runs. */
  readonly recordsPerS: number | null;
  /** Whether the last run kept to `limitS`. */
  readonly withinLimit: boolean | null;
  /** One that goes on now. */
  readonly running: { readonly since: string; readonly done: number; readonly all: number } | null;
}

const timeText = ({ hour, minute }: TimeOfDay): string => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
const seconds = (ms: number): number => Math.round(ms) / 1000;

/** Figures of every chore. */
export function choreFigures(
  book: ChoreBook,
  { chores, retentionDays }: ChorePlans,
  running: { readonly [name in ChoreName]?: ChoreProgress } = {},
): ChoreFigures[] {
  const retain = retentionDays === null ? { ...chores.retain, at: null } : chores.retain;
  const plans: { readonly [name in ChoreName]?: Planned } = { archive: chores.archive, retain };
  return CHORES.map((name) => figuresOf(name, book.chores[name].runs, plans[name], running[name]));
}

function figuresOf(name: ChoreName, runs: readonly ChoreRun[], plan: Planned | undefined, now: ChoreProgress | undefined): ChoreFigures {
  const last = runs.at(-1);
  const limitS = plan?.limitS ?? null;
  return {
    name,
    at: plan?.at ? timeText(plan.at) : null,
    limitS,
    lastAt: last ? new Date(last.at).toISOString() : null,
    result: last?.result ?? null,
    records: last?.records ?? null,
    lastS: last ? seconds(last.ms) : null,
    ...spread(runs.filter(({ result }) => result === 'done')),
    withinLimit: last && limitS !== null ? last.ms <= limitS * 1000 : null,
    running: now ? { since: new Date(now.at).toISOString(), done: now.done, all: now.all } : null,
  };
}

function spread(done: readonly ChoreRun[]): Pick<ChoreFigures, 'minS' | 'averageS' | 'maxS' | 'runs' | 'recordsPerS'> {
  if (done.length === 0) return { minS: null, averageS: null, maxS: null, runs: 0, recordsPerS: null };
  const times = done.map(({ ms }) => ms);
  const ms = times.reduce((sum, one) => sum + one, 0);
  const records = done.reduce((sum, run) => sum + run.records, 0);
  return {
    minS: seconds(Math.min(...times)),
    averageS: seconds(ms / done.length),
    maxS: seconds(Math.max(...times)),
    runs: done.length,
    recordsPerS: ms > 0 ? Math.round((records * 1000) / ms) : null,
  };
}
