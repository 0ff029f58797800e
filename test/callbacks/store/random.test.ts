/**
 * Questions by chance, against all records looked at one by one: nothing that fits is missing, nothing comes that does not fit (but for texts, where more
 * may come), in the order of ids, whatever the size of pages, and in whatever order the records came.
 */
import t from 'tap';
import { openStore } from '../../../callbacks/store.js';
import type { AuditRecord } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import type { Filter, PageQuery } from '../../../src/store-contract.js';
import { makeMatcher } from '../../../src/view/match.js';
import { Dice, folderOf } from '../../harness.js';
import { pagesOf } from '../../store.suite.js';
import { eveningLines, fill } from './said.js';

t.setTimeout(120_000);

const [RECORDS = 1_500, QUESTIONS = 60] = process.argv.slice(2).map(Number);
const LINES = eveningLines(RECORDS, 21);
const ALL = recordsOf(LINES.join(''));
const TOPICS = ['session', 'session.input', 'session.output', 'session.end', 'audit', 'session.in'];
const compile = (pattern: string) => (text: string) => text.includes(pattern);

/** What one record does not tell. */
const answered = new Set(ALL.filter(({ topic }) => topic === 'session.output').map(({ session, exchange }) => `${session} ${exchange}`));
const faulty = new Set(ALL.filter(({ topic }) => topic === 'audit.gap').map(({ session }) => session));

function tells(record: AuditRecord, filters: readonly Filter[]): boolean {
  return filters.every(
    (filter) =>
      (filter.answered === undefined ||
        (record.topic === 'session.input' && answered.has(`${record.session} ${record.exchange}`) === filter.answered)) &&
      (filter.faulty === undefined || (record.session !== undefined && faulty.has(record.session) === filter.faulty)),
  );
}

class Chance {
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  of<T>(list: readonly T[]): T {
    return list[this.#dice.between(0, list.length - 1)] as T;
  }

  is(share: number): boolean {
    return this.#dice.next() < share;
  }

  /** A record of a session, whose members filters are made of. */
  get record(): AuditRecord {
    for (;;) {
      const record = this.of(ALL);
      if (record.topic === 'session.input' || record.topic === 'session.output') return record;
    }
  }

  filter(deep: boolean): Filter {
    const { session, account, room, ip, listener, direction, exchange, text = '', id } = this.record;
    const words = text.split(/\s+/).filter((word) => /^\w+$/.test(word));
    const members: readonly Filter[] = [
      { session: [session as string, this.record.session as string] },
      { account: [String(account ?? 'nobody').toUpperCase()] },
      { room: [String(room ?? 'nowhere')] },
      { address: [`${String(ip).split('.').slice(0, 2).join('.')}.0.0/${this.of([16, 20, 24])}`, String(ip)] },
      { listener: [listener as string] },
      { direction: direction as 'RCV' },
      { exchange: exchange as number, session: [session as string] },
      { words: words.slice(0, 2).join(' ') },
      { contains: text.slice(3, 12) },
      { answered: this.is(0.7) },
      { faulty: this.is(0.5) },
      { id: [id, this.record.id] },
      { system: this.is(0.5) },
      { fields: [{ path: 'bytes', is: 'gt', value: 60 }] },
    ];
    const picked = Object.assign({}, ...Array.from({ length: this.of([1, 1, 2, 3]) }, () => this.of(members))) as Filter;
    if (!deep || this.is(0.7)) return picked;
    const told = this.of(members.filter((one) => one.answered === undefined && one.faulty === undefined));
    return { ...picked, any: [told, { listener: [listener as string] }] };
  }

  query(): PageQuery {
    const bounds = [this.of(ALL).id, this.of(ALL).id].sort();
    return {
      topics: this.is(0.3) ? [this.of(TOPICS), this.of(TOPICS)] : [],
      filters: Array.from({ length: this.of([0, 1, 1, 2]) }, () => this.filter(true)),
      order: this.is(0.5) ? 'asc' : 'desc',
      limit: this.of([29, 100, 5_000]),
      ...(this.is(0.3) ? { from: bounds[0] as string } : {}),
      ...(this.is(0.3) ? { to: bounds[1] as string } : {}),
    };
  }
}

/** A filter without what the store gives more for. */
function exactOf({ words, contains, pattern, fields, any, ...rest }: Filter): Filter {
  return rest;
}

function expected({ topics, from = '', to = '~', order }: PageQuery, filters: readonly Filter[]): string[] {
  const fits = makeMatcher(
    filters.map(({ answered: _, faulty: __, ...rest }) => rest),
    compile,
  );
  const found = ALL.filter(
    (record) =>
      (topics.length === 0 || topics.some((topic) => record.topic === topic || record.topic.startsWith(`${topic}.`))) &&
      record.id >= from &&
      record.id < to &&
      tells(record, filters) &&
      fits(record),
  ).map(({ line }) => line);
  return order === 'asc' ? found : found.reverse();
}

for (const shuffled of [false, true]) {
  t.test(`${QUESTIONS} questions by chance, of records that came ${shuffled ? 'in any order' : 'in order'}`, async (t) => {
    const folder = folderOf(t);
    const chance = new Chance(shuffled ? 2 : 1);
    const callback = await fill(folder);
    const left = [...LINES];
    while (left.length > 0)
      await callback.write(recordsOf(left.splice(shuffled ? Math.floor(left.length / 3) : 0, 250).join('') || left.splice(0, 250).join('')));
    await callback.close();
    const store = openStore({}, folder);
    for (let number = 0; number < QUESTIONS; number++) {
      const query = chance.query();
      const lines = await pagesOf(store, query);
      const fits = makeMatcher(
        query.filters.map(({ answered: _, faulty: __, ...rest }) => rest),
        compile,
      );
      const fitting = recordsOf(lines.map((line) => `${line}\n`).join(''))
        .filter((record) => fits(record))
        .map(({ line }) => line);
      const what = JSON.stringify(query);
      t.same(fitting, expected(query, query.filters), what);
      const most = new Set(expected(query, query.filters.map(exactOf)));
      t.ok(
        lines.every((line) => most.has(line)),
        `nothing else: ${what}`,
      );
    }
  });
}
