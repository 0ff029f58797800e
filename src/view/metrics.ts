/**
 * Figures over time: how often something happened between two moments, in all and by minutes, hours and days of a zone. Receives a path and bounds, gives
 * numbers out of the store's counts, which are exact to the minute: bounds are widened to whole minutes. Looks at no record.
 */
import { AuditError } from '../errors.js';
import type { RecordId } from '../store-contract.js';
import { type Below, endQuietly, isOver } from './events.js';
import { type MetricsPath, readMetricsPath } from './metrics-path.js';
import { coveredOf, type Range, type Tally, tally } from './metrics-tally.js';
import { readSeek, type Seek, timeOf } from './seek.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Span, spansOf, UNITS, type Unit, Zone } from './timeframe.js';

/** What is asked for. */
export interface MetricsQuery {
  /** `inputs`, `bytes_in/listener`, `logins/account/bob`, `sessions` (metrics-path.ts). */
  readonly path: string;
  /** From the oldest record up to now, unless told. A date alone is midnight in `zone`. */
  readonly seek?: Seek;
  readonly seekEnd?: Seek;
  /** Whose hours and days: a name of the IANA database; UTC unless told. */
  readonly zone?: string;
  /** Which spans; unless told, those that are no more than 1,500 each. */
  readonly per?: readonly Unit[];
  /** Ends `watchMetrics`. */
  readonly signal?: AbortSignal;
}

/** The mean of a minute, over the last 1, 5 and 15 whole minutes. */
export interface Averages {
  readonly 1: number;
  readonly 5: number;
  readonly 15: number;
}

export interface SpanFigure extends Span {
  readonly n: number;
  /** The mean of a minute of what is covered: `n` by its length. */
  readonly perMinute: number;
  /** Only a part of this span is counted: that from `covered.from` on and before `covered.to`. */
  readonly partial?: true;
  readonly covered?: { readonly from: number; readonly to: number };
  /** Of a minute that is over: the mean of a minute at its end. */
  readonly averages?: Averages;
}

/** What was counted. Times are milliseconds since 1970. */
export interface Metrics {
  readonly path: string;
  readonly zone: string;
  /** What is covered; `to` is now where nothing earlier was asked for. */
  readonly from: number;
  readonly to: number;
  readonly total: number;
  /** Means of what is covered. */
  readonly rates: { readonly perMinute: number; readonly perHour: number; readonly perDay: number };
  /** At the last minute that is over. */
  readonly averages: Averages;
  readonly minute?: readonly SpanFigure[];
  readonly hour?: readonly SpanFigure[];
  readonly day?: readonly SpanFigure[];
  /** Where the path ends with `/listener` and the like: the largest first, at most 100, and `others`, the sum of the rest. `of` null: of none. */
  readonly groups?: readonly { readonly of: string | null; readonly total: number; readonly perMinute: number }[];
  readonly others?: number;
}

/** Spans of one unit: as many as are given unasked (25 hours of minutes), and at most. */
const GIVEN_SPANS = 1_500;
const MOST_SPANS = 10_000;
const MOST_GROUPS = 100;
const LONGEST_AVERAGE = 15;
/** How often a watcher looks, in milliseconds: figures are for eyes, and counting costs the store more than one page. */
const WATCH_MS = 1_000;

const floorMinute = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS;
const ceilMinute = (ms: number): number => Math.ceil(ms / MINUTE_MS) * MINUTE_MS;

interface Plan extends MetricsPath {
  readonly query: MetricsQuery;
  readonly zone: Zone;
  readonly from: RecordId | undefined;
  readonly to: RecordId | undefined;
}

function planOf(query: MetricsQuery): Plan {
  const { path, seek, seekEnd, zone: name = 'UTC', per = [] } = query;
  const zone = new Zone(name);
  if (!Array.isArray(per) || per.some((unit) => !UNITS.includes(unit)))
    throw new AuditError('AUDIT_QUERY', `per wants a list of ${UNITS.join(', ')}`);
  return {
    query,
    ...readMetricsPath(path),
    zone,
    from: seek === undefined ? undefined : readSeek(seek, 'seek', zone),
    to: seekEnd === undefined ? undefined : readSeek(seekEnd, 'seekEnd', zone),
  };
}

/**
 * Counts once.
 * @throws AuditError AUDIT_QUERY for a path, bound or zone that is not understood, or more spans than can be given
 */
export async function measure(query: MetricsQuery, below: Below): Promise<Metrics> {
  return measured(planOf(query), below);
}

/**
 * Counts, and again whenever the figures are others: something came, or a minute was over. Ends as `events` with `follow`.
 * @throws AuditError AUDIT_QUERY, when this is called
 */
export function watchMetrics(query: MetricsQuery, below: Below): AsyncGenerator<Metrics, void, void> {
  return endQuietly(watch(planOf(query), below), query.signal);
}

async function* watch(plan: Plan, below: Below): AsyncGenerator<Metrics, void, void> {
  const { signal } = plan.query;
  let told = '';
  while (!signal?.aborted) {
    const newest = await below.store.newest();
    const minute = floorMinute(below.now());
    const last = isOver(plan.to, newest, below.now());
    const metrics = await measured(plan, below);
    const figures = essence(metrics);
    if (figures !== told && !signal?.aborted) yield metrics;
    if (last) return;
    told = figures;
    do await below.wait(WATCH_MS, signal);
    while (!signal?.aborted && floorMinute(below.now()) === minute && (await below.store.newest()) === newest);
  }
}

/** Members that change with the clock alone. */
const OF_CLOCK: ReadonlySet<string> = new Set(['to', 'covered', 'rates', 'perMinute']);
const essence = (metrics: Metrics): string => JSON.stringify(metrics, (name, value: unknown) => (OF_CLOCK.has(name) ? undefined : value));

async function rangeOf({ from, to }: Plan, { store, now }: Below): Promise<Range> {
  const at = now();
  const oldest = from ?? (await store.figures()).oldest;
  const end = ceilMinute(Math.min(to === undefined ? at : timeOf(to), at));
  const begin = oldest === null ? end : floorMinute(timeOf(oldest));
  return begin < end ? { from: begin, to: end, now: Math.min(end, at) } : { from: at, to: at, now: at };
}

async function measured(plan: Plan, below: Below): Promise<Metrics> {
  const range = await rangeOf(plan, below);
  const units = unitsOf(plan, range);
  const lastMinute = floorMinute(range.now);
  const minutesFrom = (units.has('minute') ? range.from : lastMinute - MINUTE_MS) - (LONGEST_AVERAGE - 1) * MINUTE_MS;
  const { counted, only, by } = plan;
  const { total, spans, minutes, groups } = await tally({ counted, only, by, range, units, minutesFrom }, below.store);
  const averagesAt = (end: number): Averages => ({ 1: average(minutes, end, 1), 5: average(minutes, end, 5), 15: average(minutes, end, 15) });
  const figuresOf = (unit: Unit, of: readonly Span[]): SpanFigure[] =>
    figures(of, spans.get(unit) ?? [], range, unit === 'minute' ? averagesAt : undefined);
  return {
    path: plan.query.path,
    zone: plan.zone.name,
    from: range.from,
    to: range.now,
    total,
    rates: { perMinute: rate(total, range, MINUTE_MS), perHour: rate(total, range, HOUR_MS), perDay: rate(total, range, DAY_MS) },
    averages: averagesAt(lastMinute),
    ...Object.fromEntries([...units].map(([unit, of]) => [unit, figuresOf(unit, of)])),
    ...(groups ? groupsOf(groups, range) : {}),
  };
}

/** The spans that are given: those that were asked for, else those that are few enough. */
function unitsOf({ query: { per }, zone }: Plan, range: Range): Map<Unit, readonly Span[]> {
  const units = new Map<Unit, readonly Span[]>();
  const most = per ? MOST_SPANS : GIVEN_SPANS;
  for (const unit of per ?? UNITS) {
    const spans = spansOf(range, unit, zone, most + 1);
    if (spans.length <= most) units.set(unit, spans);
    else if (per) throw new AuditError('AUDIT_QUERY', `per: more than ${MOST_SPANS} of '${unit}'; ask for a shorter time, or longer spans`);
  }
  return units;
}

const rate = (n: number, { from, now }: Range, of: number): number => (now > from ? (n * of) / (now - from) : 0);

function average(byMinute: ReadonlyMap<number, number>, end: number, minutes: number): number {
  let n = 0;
  for (let at = end - minutes * MINUTE_MS; at < end; at += MINUTE_MS) n += byMinute.get(at) ?? 0;
  return n / minutes;
}

/** @param numbers one for each span */
function figures(
  spans: readonly Span[],
  numbers: readonly number[],
  range: Range,
  averagesAt: ((end: number) => Averages) | undefined,
): SpanFigure[] {
  return spans.map((span, index) => {
    const n = numbers[index] ?? 0;
    const covered = coveredOf(span, range);
    const whole = covered.from === span.from && covered.to === span.to;
    const perMinute = rate(n, { ...covered, now: covered.to }, MINUTE_MS);
    return { ...span, n, perMinute, ...(whole ? {} : { partial: true, covered }), ...(whole && averagesAt ? { averages: averagesAt(span.to) } : {}) };
  });
}

function groupsOf(all: NonNullable<Tally['groups']>, range: Range): Pick<Metrics, 'groups' | 'others'> {
  const sorted = [...all].sort((a, b) => b.n - a.n || (String(a.of) < String(b.of) ? -1 : 1));
  const groups = sorted.slice(0, MOST_GROUPS).map(({ of, n }) => ({ of, total: n, perMinute: rate(n, range, MINUTE_MS) }));
  return { groups, others: sorted.slice(MOST_GROUPS).reduce((sum, { n }) => sum + n, 0) };
}
