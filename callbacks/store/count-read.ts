/** Counts out of the files of days: sums them up by span and by what is asked. Receives a question, gives numbers above 0, in order of time. */
import type { Count, Counted, CountQuery } from '../../src/store-contract.js';
import { allOf, type Condition, oneOf, TRUE } from './condition.js';
import { GRAINS } from './counting.js';
import type { File } from './engine.js';
import { fold } from './facts.js';
import { DAY_MS } from './ids.js';

const [MINUTE_MS, QUARTER_MS] = GRAINS;

/** Sums over days. */
export class CountSums {
  readonly #query: CountQuery;
  readonly #sums = new Map<string, number>();

  constructor(query: CountQuery) {
    this.#query = query;
  }

  add(at: number, counted: Counted, of: string | null, n: number): void {
    const { every, from } = this.#query;
    const begins = every === 'all' ? from : at - (at % (every === 'minute' ? MINUTE_MS : QUARTER_MS));
    const key = JSON.stringify([begins, counted, of]);
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + n);
  }

  all(): Count[] {
    const counts = [...this.#sums].map(([key, n]) => {
      const [at, counted, of] = JSON.parse(key) as [number, Counted, string | null];
      return { at, counted, of, n };
    });
    return counts.filter(({ n }) => n > 0).sort((a, b) => a.at - b.at);
  }
}

interface Span {
  readonly grain: number;
  readonly from: number;
  readonly to: number;
}

/** A span cut so that as much as may be is read by `grains`, the coarsest first, and the rest by minutes. */
function cut({ from, to }: Omit<Span, 'grain'>, grains: readonly number[]): Span[] {
  const [grain, ...finer] = grains;
  if (grain === undefined || from >= to) return [];
  const [first, last] = [Math.ceil(from / grain) * grain, Math.floor(to / grain) * grain];
  if (finer.length === 0) return [{ grain, from: Math.floor(from / grain) * grain, to }];
  if (first >= last) return cut({ from, to }, finer);
  return [...cut({ from, to: first }, finer), { grain, from: first, to: last }, ...cut({ from: last, to }, finer)];
}

const GRAINS_OF = { minute: [MINUTE_MS], quarter: [QUARTER_MS, MINUTE_MS], all: [...GRAINS].reverse() } as const;

/** Adds what a day has of it. */
export function countsOfDay(file: File, day: number, query: CountQuery, sums: CountSums): void {
  const { counted, by, every } = query;
  if (counted.length === 0) return;
  const within = { from: Math.max(query.from, day * DAY_MS), to: Math.min(query.to, (day + 1) * DAY_MS) };
  const of = by ?? 'NULL';
  const columns = counted.map((name) => `sum(${name}) AS ${name}`).join(', ');
  const only = onlyOf(query);
  for (const { grain, from, to } of cut(within, GRAINS_OF[every])) {
    const rows = file.once<{ readonly at: number; readonly of: string | null } & { readonly [name in Counted]: number }>(
      `SELECT at, ${of} AS of, ${columns} FROM count WHERE grain = ${grain} AND at >= ? AND at < ? AND ${only.sql} GROUP BY at, ${of}`,
      from,
      to,
      ...only.values,
    );
    for (const row of rows) for (const name of counted) if (row[name]) sums.add(row.at, name, row.of === '' ? null : row.of, row[name]);
  }
}

function onlyOf({ listener, account, event }: CountQuery): Condition {
  const known = oneOf('account_key', (account ?? []).map(fold));
  return allOf([
    listener === undefined ? TRUE : oneOf('listener', listener),
    account === undefined ? TRUE : { sql: `account IN (SELECT account FROM who WHERE ${known.sql})`, values: known.values },
    event === undefined ? TRUE : oneOf('event', event),
  ]);
}
