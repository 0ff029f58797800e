/**
 * How many sessions went on within spans of time. Receives sessions one by one, gives numbers: of a span, those that began before its end, less those that
 * ended before its begin. Knows no table.
 */
import type { SessionCount, SessionCountQuery } from '../../src/store-contract.js';
import { oneOf } from './condition.js';
import type { File } from './engine.js';
import { fold } from './facts.js';
import { DAY_MS } from './ids.js';

/** Rows of one step: some 10 ms. */
const STEP = 10_000;

/** What of a session is looked at. */
interface Row {
  readonly id: string;
  readonly listener: string;
  readonly started: number;
  readonly ended: number | null;
  /** JSON: names by their keys; null where they were not asked for. */
  readonly accounts: string | null;
}

/** Bounds in order, and how many moments lie before each. */
class Before {
  readonly #bounds: readonly number[];
  /** Of each bound: those that lie before it and not before the one in front of it. */
  readonly #counts: number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = [...new Set(bounds)].sort((a, b) => a - b);
    this.#counts = Array<number>(this.#bounds.length).fill(0);
  }

  add(ms: number): void {
    let [low, high] = [0, this.#bounds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bounds[middle] as number) > ms) high = middle;
      else low = middle + 1;
    }
    if (low < this.#counts.length) this.#counts[low] = (this.#counts[low] as number) + 1;
  }

  /** By bound. */
  sums(): ReadonlyMap<number, number> {
    let sum = 0;
    return new Map(
      this.#bounds.map((bound, index) => {
        sum += this.#counts[index] as number;
        return [bound, sum];
      }),
    );
  }
}

/** One group of sessions. */
class Group {
  readonly of: string | null;
  readonly #spans: SessionCountQuery['spans'];
  readonly #began: Before;
  readonly #ended: Before;

  constructor(of: string | null, spans: SessionCountQuery['spans']) {
    this.of = of;
    this.#spans = spans;
    this.#began = new Before(spans.map(({ to }) => to));
    this.#ended = new Before(spans.map(({ from }) => from));
  }

  /** A session whose clock went back ended when it began. */
  add({ started, ended }: Row): void {
    this.#began.add(started);
    if (ended !== null) this.#ended.add(Math.max(started, ended));
  }

  count(): SessionCount {
    const [began, ended] = [this.#began.sums(), this.#ended.sums()];
    return { of: this.of, n: this.#spans.map(({ from, to }) => (began.get(to) ?? 0) - (ended.get(from) ?? 0)) };
  }
}

export class SessionCounts {
  readonly #query: SessionCountQuery;
  readonly #groups = new Map<string | null, Group>();
  readonly #firstDay: number;
  #after = '';

  constructor(query: SessionCountQuery) {
    this.#query = query;
    this.#firstDay = Math.floor(Math.min(...query.spans.map(({ from }) => from), Number.MAX_SAFE_INTEGER) / DAY_MS);
    if (query.by === undefined) this.#group(null, null);
  }

  /** Looks at the next sessions. Gives whether there may be more. @param hub store.db */
  step(hub: File): boolean {
    const rows = this.#next(hub);
    const { listener } = this.#query;
    for (const row of rows) if (listener === undefined || listener.includes(row.listener)) this.#add(row);
    this.#after = rows.at(-1)?.id ?? this.#after;
    return rows.length === STEP;
  }

  all(): SessionCount[] {
    return [...this.#groups.values()].map((group) => group.count()).filter(({ n }) => this.#query.by === undefined || n.some((one) => one > 0));
  }

  /** Sessions whose last day is before all spans count in none, where they have ended: an end is no later than the id of its record. */
  #next(hub: File): Row[] {
    const { by, account } = this.#query;
    const names = by === 'account' ? '(SELECT json_group_object(key, name) FROM account WHERE session = id)' : 'NULL';
    const only = account === undefined ? { sql: '1', values: [] } : oneOf('key', account.map(fold));
    const whose = account === undefined ? '1' : `id IN (SELECT session FROM account WHERE ${only.sql})`;
    const sql = `SELECT id, listener, started, ended, ${names} AS accounts FROM session WHERE id > ? AND (ended IS NULL OR last_day >= ?) AND ${whose} ORDER BY id LIMIT ${STEP}`;
    return hub.once<Row>(sql, this.#after, this.#firstDay, ...only.values);
  }

  #add(row: Row): void {
    const { by } = this.#query;
    if (by === undefined) return this.#group(null, null).add(row);
    if (by === 'listener') return this.#group(row.listener, row.listener).add(row);
    const accounts = Object.entries(JSON.parse(row.accounts ?? '{}') as { readonly [key: string]: string });
    if (accounts.length === 0) this.#group(null, null).add(row);
    for (const [key, name] of accounts) this.#group(key, name).add(row);
  }

  #group(key: string | null, of: string | null): Group {
    const group = this.#groups.get(key) ?? new Group(of, this.#query.spans);
    this.#groups.set(key, group);
    return group;
  }
}
