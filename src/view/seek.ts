/**
 * Bounds of a query. Receives an id, a time or a Date as people and programs write it, gives the id that a store compares with: a time is the first id
 * of its millisecond (RFC 9562 5.7). Reads no clock, looks nothing up.
 */
import { AuditError } from '../errors.js';
import type { RecordId } from '../store-contract.js';
import type { Zone } from './timeframe.js';

/** An id of a record, a time as RFC 3339 says (with its offset), a date alone, or milliseconds since 1970 as a number or as their digits; or a Date. */
export type Seek = string | number | Date;

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Eleven digits and more: since March 1973. Fewer are a year, or a mistake. */
const MILLISECONDS = /^\d{11,15}$/;
const TIME = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)([Zz]|[+-]\d\d:\d\d))?$/;
/** An id has 48 bits for its time. */
const MOST_MS = 2 ** 48 - 1;

/** Whether a text has the form of a record's or session's id (UUIDv7, lower case). */
export const isId = (text: string): boolean => ID.test(text);

/** The first id that a millisecond since 1970 can have. */
export function firstIdOf(ms: number): RecordId {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/** Milliseconds since 1970 in which a record with this id was made. */
export const timeOf = (id: RecordId): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/**
 * The id of a bound.
 * @param name what the bound is called, for errors
 * @param zone where a date alone begins; UTC unless told
 * @throws AuditError AUDIT_QUERY where it is none
 */
export function readSeek(seek: Seek, name: string, zone?: Zone): RecordId {
  if (typeof seek === 'string' && ID.test(seek.toLowerCase())) return seek.toLowerCase();
  const ms = millisecondsOf(seek, zone);
  if (ms !== undefined && ms >= 0 && ms <= MOST_MS) return firstIdOf(Math.floor(ms));
  throw new AuditError(
    'AUDIT_QUERY',
    `${name} wants the id of a record, or a time such as '2026-01-31', '2026-01-31T18:00:00Z' or '2026-01-31T19:00:00+01:00', or milliseconds since 1970`,
  );
}

/** Not a number where it is no time, undefined where it does not look like one. */
function millisecondsOf(seek: Seek, zone: Zone | undefined): number | undefined {
  if (typeof seek === 'number') return seek;
  if (seek instanceof Date) return seek.getTime();
  if (typeof seek !== 'string') return undefined;
  if (MILLISECONDS.test(seek)) return Number(seek);
  const [, date, time, offset = ''] = TIME.exec(seek) ?? [];
  if (date === undefined) return undefined;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // A day that its month does not have is taken for one of the next month.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  if (time === undefined) return zone ? zone.dayBegin(midnight) : midnight;
  return Date.parse(`${date}T${time}${offset.toUpperCase()}`);
}
