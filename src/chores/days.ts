/** Days of the audit: in UTC, told by the ids of records. Receives text and ids, gives milliseconds and bounds. Reads no clock. */

export const DAY_MS = 86_400_000;

/** Beginning of the day in UTC that a moment lies in. Milliseconds since 1970. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;

/** `2026-01-31` of a day's beginning. */
export const dayName = (day: number): string => new Date(day).toISOString().slice(0, 10);

/** Reads `2026-01-31`; undefined where that is no day. */
export function dayNamed(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = Date.parse(`${text}T00:00:00Z`);
  return !(day >= 0) || dayName(day) !== text ? undefined : day;
}

/** The millisecond of an id (UUIDv7, RFC 9562, 5.7). */
export const msOfId = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** The first id that a millisecond can have. */
export function firstIdOf(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
