/** Days of the audit: in UTC, as people name them. Receives text and milliseconds, gives the beginnings of days. Reads no clock. */

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
