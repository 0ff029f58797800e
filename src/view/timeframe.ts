/**
 * Time as people count it: zones, their days, and the spans that a stretch of time falls into. Receives milliseconds since 1970 and the name of a zone of
 * the IANA database, gives spans. Days of 23 and 25 hours, hours that come twice and offsets of half hours come out of the zone's own clock
 * (Intl.DateTimeFormat). Reads no clock itself.
 */
import { AuditError } from '../errors.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Every zone in use today is a whole number of quarters away from UTC, so its hours and days begin on one. */
export const QUARTER_MS = 900_000;

/** What a stretch of time is cut into. */
export const UNITS = ['minute', 'hour', 'day'] as const;
export type Unit = (typeof UNITS)[number];

/** One minute, hour or day, in milliseconds since 1970; `to` is the first that is outside. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** `from` on the zone's clock, with its offset: `2026-10-25T02:00:00+01:00`. An hour that comes twice has two. */
  readonly local: string;
}

const OFFSET = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;
/** Offsets of that many days are kept: ten years of them. */
const MOST_DAYS_KEPT = 4_000;

/** A zone's clock. */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** By days of UTC: the offset where it is the same at the day's begin and end, null where it is asked for anew. */
  readonly #days = new Map<number, number | null>();

  /** @throws AuditError AUDIT_QUERY where there is no such zone */
  constructor(name: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' });
    } catch {
      throw new AuditError('AUDIT_QUERY', "zone: there is no such time zone; write one of the IANA database, such as 'Europe/Berlin' or 'UTC'");
    }
    this.name = name;
  }

  /** Milliseconds that the zone's clock is ahead of UTC at `ms`. */
  offset(ms: number): number {
    const day = Math.floor(ms / DAY_MS);
    let kept = this.#days.get(day);
    if (kept === undefined) {
      const first = this.#asked(day * DAY_MS);
      kept = first === this.#asked((day + 1) * DAY_MS) ? first : null;
      if (this.#days.size >= MOST_DAYS_KEPT) this.#days.clear();
      this.#days.set(day, kept);
    }
    return kept ?? this.#asked(ms);
  }

  /** What the zone's clock shows at `ms`, as if it were UTC. */
  clock(ms: number): number {
    return ms + this.offset(ms);
  }

  /** When the day begins whose midnight would be `clockMs` on the zone's clock; where that midnight is skipped, the first quarter of an hour after it. */
  dayBegin(clockMs: number): number {
    let ms = clockMs - DAY_MS;
    while (this.clock(ms) < clockMs) ms += QUARTER_MS;
    return ms;
  }

  #asked(ms: number): number {
    const name = this.#format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(name) ?? [];
    const offset = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1_000;
    return sign === '-' ? -offset : offset;
  }
}

/**
 * The spans of one unit that `from` up to `to` (milliseconds since 1970) touches, in order and whole: the first may begin earlier, the last end later.
 * Gives up behind `most` of them, so that whoever asks can tell that they are too many.
 */
export function spansOf({ from, to }: { readonly from: number; readonly to: number }, unit: Unit, zone: Zone, most: number): Span[] {
  const step = unit === 'minute' ? MINUTE_MS : QUARTER_MS;
  const spans: Span[] = [];
  if (from >= to) return spans;
  let start = spanBegin(from, unit, zone, step);
  while (start < to && spans.length < most) {
    const key = keyOf(start, unit, zone);
    let end = start + step;
    while (keyOf(end, unit, zone) === key) end += step;
    spans.push({ from: start, to: end, local: localTime(start, zone) });
    start = end;
  }
  return spans;
}

/** Two steps are in one span where this is equal: days by their date, hours also by the offset, since an hour may come twice. */
function keyOf(ms: number, unit: Unit, zone: Zone): string | number {
  if (unit === 'minute') return ms;
  const offset = zone.offset(ms);
  if (unit === 'day') return Math.floor((ms + offset) / DAY_MS);
  return `${Math.floor((ms + offset) / HOUR_MS)} ${offset}`;
}

function spanBegin(ms: number, unit: Unit, zone: Zone, step: number): number {
  let start = Math.floor(ms / step) * step;
  const key = keyOf(start, unit, zone);
  while (keyOf(start - step, unit, zone) === key) start -= step;
  return start;
}

const two = (value: number): string => String(value).padStart(2, '0');

function localTime(ms: number, zone: Zone): string {
  const offset = zone.offset(ms);
  const minutes = Math.abs(Math.round(offset / MINUTE_MS));
  const sign = offset < 0 ? '-' : '+';
  return `${new Date(ms + offset).toISOString().slice(0, 19)}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
