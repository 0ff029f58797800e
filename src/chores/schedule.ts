/**
 * When a chore is due: once a day, at a time of the local clock. Receives times and the moment it is now, gives the moments at which it should have begun.
 * Reads no clock. The zone is the process's (TZ), as for all that people set a clock by.
 */

/** A time of day on the local clock. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** Reads `03:00`; undefined where it is no time of day. */
export function timeOfDay(text: string): TimeOfDay | undefined {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hour === undefined ? undefined : { hour: Number(hour), minute: Number(minute) };
}

/**
 * The last moment, until now, at which it was that time: one a day of the local calendar. Where the clock goes forward over it, as much later as the clock
 * went forward; where it comes twice, the first (ECMA-262, LocalTime).
 * @param now milliseconds since 1970, as what it gives
 */
export function lastTime({ hour, minute }: TimeOfDay, now: number): number {
  const today = new Date(now);
  const on = (days: number): number => new Date(today.getFullYear(), today.getMonth(), today.getDate() - days, hour, minute).getTime();
  const last = on(0);
  return last <= now ? last : on(1);
}

/**
 * Whether a chore should begin: its time has come since it began last.
 * @param before when it began last; one that lies ahead is of a clock that was wrong, and counts for nothing
 */
export const isDue = (at: TimeOfDay, before: number, now: number): boolean => before > now || before < lastTime(at, now);
