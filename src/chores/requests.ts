/** What is asked of chores, as commands send it over the socket and as the schedule makes it. Receives anything, gives checked requests. */
import { AuditError } from '../errors.js';
import { DAY_MS, dayName, dayOf } from './days.js';

/** Days in UTC by their beginnings; milliseconds since 1970. `from` inclusive, `to` exclusive; null: no bound. */
export interface Range {
  readonly from: number | null;
  readonly to: number | null;
}

export interface DropRequest extends Range {
  readonly keepSessions: boolean;
  /** Also what RETENTION_DAYS still keeps. */
  readonly recent: boolean;
  readonly by: string;
}

export interface ArchiveRequest extends Range {
  readonly reset: boolean;
  readonly by: string;
}

/** Longest name in a record. */
const MOST_NAME = 500;

const isDay = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value === dayOf(value));

function rangeOf({ from, to }: { readonly [name: string]: unknown }): Range {
  if (!isDay(from) || !isDay(to) || (from !== null && to !== null && from >= to)) throw refused();
  return { from, to };
}

const nameIn = ({ by }: { readonly [name: string]: unknown }): string => {
  if (typeof by !== 'string' || by === '' || by.length > MOST_NAME) throw refused();
  return by;
};

const refused = (): AuditError => new AuditError('AUDIT_USAGE', 'the running wirescribe does not understand this request; it is of another version');

const membersOf = (value: unknown): { readonly [name: string]: unknown } => {
  if (typeof value !== 'object' || value === null) throw refused();
  return value as { readonly [name: string]: unknown };
};

/** Throws AUDIT_USAGE where it is none. */
export function checkedDrop(value: unknown): DropRequest {
  const members = membersOf(value);
  const { keepSessions, recent } = members;
  return { ...rangeOf(members), keepSessions: keepSessions === true, recent: recent === true, by: nameIn(members) };
}

/** Throws AUDIT_USAGE where it is none. */
export function checkedArchive(value: unknown): ArchiveRequest {
  const members = membersOf(value);
  return { ...rangeOf(members), reset: members.reset === true, by: nameIn(members) };
}

/** The first day that RETENTION_DAYS keeps; null: all are kept, for ever. @param now milliseconds since 1970 */
export const keptFrom = (retentionDays: number | null, now: number): number | null =>
  retentionDays === null ? null : dayOf(now) - retentionDays * DAY_MS;

/** Whether days are dropped that RETENTION_DAYS keeps. */
export function isRecent({ to }: Range, retentionDays: number | null, now: number): boolean {
  const kept = keptFrom(retentionDays, now);
  return to === null || kept === null || to > kept;
}

/** A bound as records of ours name it. */
export const boundText = (day: number | null): string | null => (day === null ? null : `${dayName(day)}T00:00:00Z`);
