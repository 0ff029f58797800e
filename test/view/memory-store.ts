/**
 * A store in memory for tests of what reads stores. It keeps to the contract and to no more: its pages are short, some are empty and still go on, and it
 * gives every record for `fields`, `pattern`, `words` and `contains`. It looks at members by itself, so that it proves nothing by our own matcher.
 */
import { COUNTED, type Count, type Filter, type PageQuery, type SessionSummary, type Store, type StoredRecord } from '../../src/store-contract.js';

type Members = { readonly id: string; readonly topic: string; readonly [name: string]: unknown };

/** Records that a page looks at before it gives up. */
const LOOKED_AT = 7;

const lower = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

export class MemoryStore implements Store {
  readonly #records: { readonly members: Members; readonly stored: StoredRecord }[] = [];
  /** What counts() gives. */
  counted: Count[] = [];
  /** What sessions() gives. */
  listed: SessionSummary[] = [];
  /** Calls by method. */
  readonly calls = { page: 0, newest: 0, counts: 0, sessions: 0 };

  /** Adds records, in the order of their ids. */
  add(...records: readonly Members[]): void {
    this.#records.push(...records.map((members) => ({ members, stored: { id: members.id, line: JSON.stringify(members) } })));
  }

  async page(query: PageQuery) {
    this.calls.page += 1;
    const { from, to, after, order, limit } = query;
    const sign = order === 'asc' ? 1 : -1;
    const inside = this.#records
      .filter(({ stored: { id } }) => (from === undefined || id >= from) && (to === undefined || id < to))
      .filter(({ stored: { id } }) => after === undefined || (order === 'asc' ? id > after : id < after))
      .sort((a, b) => (a.stored.id < b.stored.id ? -sign : sign));
    const looked = inside.slice(0, LOOKED_AT);
    const wanted = looked.filter(({ members }) => this.#fits(members, query)).slice(0, limit);
    const full = wanted.length === limit ? wanted.at(-1) : looked.at(-1);
    const at = full?.stored.id ?? null;
    const atEnd = inside.at(-1)?.stored.id === at;
    return { records: wanted.map(({ stored }) => stored), next: atEnd ? null : at };
  }

  #fits(members: Members, { topics, filters }: PageQuery): boolean {
    const inTopic = topics.length === 0 || topics.some((topic) => `${members.topic}.`.startsWith(`${topic}.`));
    return inTopic && filters.every((filter) => this.#passes(members, filter));
  }

  #passes(members: Members, filter: Filter): boolean {
    return Object.entries(filter).every(([name, asked]: [string, unknown]) => {
      if (['fields', 'pattern', 'words', 'contains'].includes(name)) return true;
      if (name === 'any') return (asked as Filter[]).some((one) => this.#passes(members, one));
      if (name === 'direction' || name === 'exchange') return members[name] === asked;
      if (name === 'answered') return members.topic === 'session.input' && this.#isAnswered(members) === asked;
      if (['id', 'session', 'account', 'listener'].includes(name)) return (asked as string[]).some((one) => lower(one) === lower(members[name]));
      throw new Error(`not in this store: ${name}`);
    });
  }

  #isAnswered({ session, exchange }: Members): boolean {
    return this.#records.some(({ members: one }) => one.topic === 'session.output' && one.session === session && one.exchange === exchange);
  }

  async newest() {
    this.calls.newest += 1;
    return this.#records.at(-1)?.stored.id ?? null;
  }

  async figures() {
    const [oldest = null, newest = null] = [this.#records[0]?.stored.id, this.#records.at(-1)?.stored.id];
    return { records: this.#records.length, sessions: this.listed.length, bytes: 0, oldest, newest };
  }

  async counts({ from, to, every, counted, by, ...only }: Parameters<Store['counts']>[0]) {
    this.calls.counts += 1;
    const step = { minute: 60_000, quarter: 900_000, all: Number.MAX_SAFE_INTEGER }[every];
    const asked = by ?? (['listener', 'account', 'event'] as const).find((name) => only[name] !== undefined);
    const rows = new Map<string, Count>();
    for (const row of this.counted) {
      if (row.at < from || row.at >= to || !counted.includes(row.counted)) continue;
      if (asked && only[asked] && !only[asked].some((one) => one === row.of)) continue;
      const at = Math.floor(row.at / step) * step;
      const of = by ? row.of : null;
      const key = `${at} ${row.counted} ${of}`;
      rows.set(key, { at, counted: row.counted, of, n: row.n + (rows.get(key)?.n ?? 0) });
    }
    return [...rows.values()];
  }

  async sessionCounts({ spans, by, listener, account }: Parameters<Store['sessionCounts']>[0]) {
    this.calls.counts += 1;
    const wanted = this.listed
      .filter((one) => !listener || listener.includes(one.listener))
      .filter((one) => !account || account.some((name) => one.accounts.includes(name)));
    const groupsOf = (one: SessionSummary): readonly (string | null)[] =>
      by === undefined ? [null] : by === 'listener' ? [one.listener] : one.accounts.length === 0 ? [null] : one.accounts;
    const names = by === undefined ? [null] : [...new Set(wanted.flatMap(groupsOf))];
    return names.map((of) => ({
      of,
      n: spans.map(
        ({ from, to }) => wanted.filter((one) => groupsOf(one).includes(of) && one.started < to && (one.ended === null || one.ended >= from)).length,
      ),
    }));
  }

  async sessions({ after, limit, open, session, listener }: Parameters<Store['sessions']>[0]) {
    this.calls.sessions += 1;
    const wanted = this.listed
      .filter((one) => open === undefined || (one.ended === null) === open)
      .filter((one) => !listener || listener.includes(one.listener))
      .filter((one) => !session || session.includes(one.session));
    return wanted.slice(wanted.findIndex((one) => one.session === after) + 1).slice(0, limit);
  }

  async values() {
    return COUNTED;
  }

  async drop() {
    return this.#records.splice(0).length;
  }

  async erase() {
    return 0;
  }

  async close() {}
}
