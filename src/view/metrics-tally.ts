/**
 * The numbers behind figures over time, out of a store: how often something happened, summed up from its counts, or how many sessions went on, each once in
 * every span. Receives a path and the spans that are asked for, gives one number for each of them. Reads no clock.
 */
import type { Count, CountQuery, StoreReader } from '../store-contract.js';
import type { MetricsPath } from './metrics-path.js';
import { MINUTE_MS, type Span, type Unit } from './timeframe.js';

/** The minutes that are counted, in milliseconds since 1970, and up to when they have been: `now` is in the last of them, or its end. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly now: number;
}

export interface TallyQuery extends MetricsPath {
  readonly range: Range;
  readonly units: ReadonlyMap<Unit, readonly Span[]>;
  /** The first minute of those whose averages are wanted. */
  readonly minutesFrom: number;
}

export interface Tally {
  /** Within the whole range. */
  readonly total: number;
  /** Of each span of a unit, what of it is within the range. */
  readonly spans: ReadonlyMap<Unit, readonly number[]>;
  /** By the begin of each minute from `minutesFrom` on. */
  readonly minutes: ReadonlyMap<number, number>;
  /** Where the path tells apart. */
  readonly groups?: readonly { readonly of: string | null; readonly n: number }[];
}

/** What of a span is within the range. */
export const coveredOf = (span: Pick<Span, 'from' | 'to'>, { from, now }: Range): { readonly from: number; readonly to: number } => ({
  from: Math.max(span.from, from),
  to: Math.min(span.to, now),
});

/** Counts. Rejects as the store does. */
export function tally({ counted, ...query }: TallyQuery, store: StoreReader): Promise<Tally> {
  return counted === 'sessions' ? sessionTally(query, store) : countTally({ ...query, counted }, store);
}

const sum = (rows: readonly Count[]): number => rows.reduce((total, { n }) => total + n, 0);

async function countTally(query: TallyQuery & Pick<Count, 'counted'>, store: StoreReader): Promise<Tally> {
  const { counted, only, by, range, units, minutesFrom } = query;
  const { from, to } = range;
  const count = (part: Pick<CountQuery, 'from' | 'to' | 'every' | 'by'>) => store.counts({ counted: [counted], ...only, ...part });
  const byMinute = await count({ from: minutesFrom, to, every: 'minute' });
  const rows = units.has('minute') ? byMinute.filter(({ at }) => at >= from) : await count({ from, to, every: 'quarter' });
  const minutes = new Map<number, number>();
  for (const { at, n } of byMinute) minutes.set(at, n + (minutes.get(at) ?? 0));
  const sorted = [...rows].sort((a, b) => a.at - b.at);
  return {
    total: sum(rows),
    spans: new Map([...units].map(([unit, spans]) => [unit, sumsIn(spans, sorted)])),
    minutes,
    ...(by ? { groups: await count({ from, to, every: 'all', by }) } : {}),
  };
}

/** Sums of counts in the spans that they lie in; both in order of time. */
function sumsIn(spans: readonly Span[], sorted: readonly Count[]): number[] {
  let index = 0;
  return spans.map(({ to }) => {
    let n = 0;
    for (let row = sorted[index]; row && row.at < to; row = sorted[++index]) n += row.n;
    return n;
  });
}

async function sessionTally({ only, by, range, units, minutesFrom }: Omit<TallyQuery, 'counted'>, store: StoreReader): Promise<Tally> {
  const { listener, account } = only;
  const whose = { ...(listener ? { listener } : {}), ...(account ? { account } : {}) };
  const whole = { from: range.from, to: range.now };
  const minutes = Array.from({ length: Math.max(0, (range.to - minutesFrom) / MINUTE_MS) }, (_, index) => minutesFrom + index * MINUTE_MS);
  const covered = [...units].map(([unit, spans]) => [unit, spans.map((span) => coveredOf(span, range))] as const);
  const asked = [whole, ...minutes.map((from) => ({ from, to: from + MINUTE_MS })), ...covered.flatMap(([, spans]) => spans)];
  const [{ n = [] } = {}] = await store.sessionCounts({ spans: asked, ...whose });
  let at = 1 + minutes.length;
  const numbersOf = (spans: readonly unknown[]): readonly number[] => {
    at += spans.length;
    return n.slice(at - spans.length, at);
  };
  const groups = by === 'listener' || by === 'account' ? await store.sessionCounts({ spans: [whole], by, ...whose }) : undefined;
  return {
    total: n[0] ?? 0,
    minutes: new Map(minutes.map((from, index) => [from, n[index + 1] ?? 0])),
    spans: new Map(covered.map(([unit, spans]) => [unit, numbersOf(spans)])),
    ...(groups ? { groups: groups.map((group) => ({ of: group.of, n: group.n[0] ?? 0 })) } : {}),
  };
}
