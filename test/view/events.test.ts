import t from 'tap';
import { compileSearch } from '../../src/mask/search.js';
import { type Below, type EventsQuery, events, get, LATE_MS, waitFor } from '../../src/view/events.js';
import { firstIdOf } from '../../src/view/seek.js';
import { Dice } from '../harness.js';
import { until } from '../wait.js';
import { MemoryStore } from './memory-store.js';

const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);
const SESSIONS = ['019b7ca9-8c89-7265-afb0-e234405fe1a1', '019b7ca9-8c89-7265-afb0-e234405fe1a2'] as const;
const TOPICS = ['session.input', 'session.output', 'session.oob', 'audit.checkpoint'] as const;

/** The id of the record with this number: a record every ten milliseconds. */
const idOf = (number: number): string => `${firstIdOf(BEGIN + number * 10).slice(0, 24)}${String(number).padStart(12, '0')}`;
const numberOf = (id: string): number => Number(id.slice(24));

/** Record `number`: topics take turns, two sessions, two accounts, and a text. */
function make(number: number) {
  const topic = TOPICS[number % TOPICS.length] ?? 'audit.stop';
  const session = SESSIONS[Math.floor(number / 4) % 2];
  const exchange = Math.floor(number / 8);
  const account = number % 3 === 0 ? 'Bob' : 'anna';
  return { id: idOf(number), topic, session, exchange, account, text: `line ${number} ${number % 5 === 0 ? 'gold' : 'iron'}` };
}

function storeOf(count: number): MemoryStore {
  const store = new MemoryStore();
  store.add(...Array.from({ length: count }, (_, number) => make(number)));
  return store;
}

const below = (store: MemoryStore, more: Partial<Below> = {}): Below => ({ store, compile: compileSearch, now: () => BEGIN, wait: waitFor, ...more });

async function numbers(query: EventsQuery, over: Below): Promise<number[]> {
  const found: number[] = [];
  for await (const { id } of events(query, over)) found.push(numberOf(id));
  return found;
}

t.test('gives parsed records with their exact line, in the order of their ids', async (t) => {
  const store = storeOf(3);
  const { value: first } = await events({}, below(store)).next();
  if (!first) return t.fail('a record');
  t.equal(first.topic, 'session.input');
  t.equal(first.line, JSON.stringify(make(0)));
  t.equal(JSON.stringify(first), first.line);
  t.ok(Object.isFrozen(first));
  t.same(await numbers({}, below(store)), [0, 1, 2]);
  t.same(await numbers({ order: 'desc' }, below(store)), [2, 1, 0]);
  t.same(await numbers({}, below(new MemoryStore())), []);
});

t.test('takes several topics, by their beginnings, merged and limited all together', async (t) => {
  const store = storeOf(12);
  t.same(await numbers({ topics: ['session.input', 'audit'] }, below(store)), [0, 3, 4, 7, 8, 11]);
  t.same(await numbers({ topics: ['session.input', 'audit'], limit: 3 }, below(store)), [0, 3, 4]);
  t.same(await numbers({ topics: ['session', 'session.oob'], limit: 4, order: 'desc' }, below(store)), [10, 9, 8, 6]);
  t.same(await numbers({ topics: ['sess'] }, below(store)), []);
  t.same(await numbers({ limit: 0 }, below(store)), []);
});

t.test('begins at seek and ends before seekEnd, be they ids or times', async (t) => {
  const store = storeOf(12);
  t.same(await numbers({ seek: idOf(3), seekEnd: idOf(6) }, below(store)), [3, 4, 5]);
  t.same(await numbers({ seek: new Date(BEGIN + 30), seekEnd: BEGIN + 60 }, below(store)), [3, 4, 5]);
  t.same(await numbers({ seek: '2026-01-02T03:04:05.031Z', seekEnd: '2026-01-02T03:04:05.060Z', order: 'desc' }, below(store)), [5, 4]);
  t.same(await numbers({ seek: '2026-01-03' }, below(store)), []);
});

t.test('a filter leaves out what the store gives too much', async (t) => {
  const store = storeOf(40);
  t.same(await numbers({ filter: 'contains=GOLD', limit: 3 }, below(store)), [0, 5, 10]);
  t.same(await numbers({ filter: ['account=bob', { text__startswith: 'line 3' }] }, below(store)), [3, 30, 33, 36, 39]);
  t.same(await numbers({ filter: { pattern: 'line \\d9\\b' } }, below(store)), [19, 29, 39]);
  t.same(await numbers({ filter: { any: [{ words: 'gold 5' }, { id: [idOf(1)] }] } }, below(store)), [1, 5]);
});

t.test('pages by after give everything once', async (t) => {
  const store = storeOf(100);
  const all = await numbers({ topics: ['session'], filter: 'contains=gold' }, below(store));
  for (const order of ['asc', 'desc'] as const) {
    for (const limit of [1, 2, 3, 7, 16]) {
      const found: number[] = [];
      for (let page = [-1]; page.length > 0; found.push(...page)) {
        const last = found.at(-1);
        const after = last === undefined ? {} : { after: idOf(last) };
        page = await numbers({ topics: ['session'], filter: 'contains=gold', limit, order, ...after }, below(store));
      }
      t.same(found, order === 'asc' ? all : all.toReversed());
    }
  }
});

t.test('follows what comes, without a gap or a double where the two meet', async (t) => {
  const store = storeOf(30);
  let next = 30;
  // Something comes whenever the store is asked for anything: before, within and behind a page.
  const busy: MemoryStore = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (next < 200) store.add(make(next++));
        return value.apply(target, args) as unknown;
      };
    },
  });
  const wanted = Array.from({ length: 200 }, (_, number) => number).filter((number) => number % 4 === 0 && number % 5 !== 0);
  t.same(
    await numbers(
      { topics: ['session.input'], filter: 'contains=iron', follow: true, limit: wanted.length },
      below(busy, { wait: async () => undefined }),
    ),
    wanted,
  );
});

t.test('a follower that nothing fits reads each record once', async (t) => {
  const store = storeOf(70);
  const stop = new AbortController();
  let rounds = 0;
  const wait = async () => {
    rounds += 1;
    if (rounds === 5) store.add(make(70));
    if (rounds === 10) stop.abort();
  };
  t.same(await numbers({ topics: ['none'], follow: true, signal: stop.signal }, below(store, { wait })), []);
  t.equal(store.calls.page, 10 + 1);
});

t.test('a follower waits for the first record of an empty store', async (t) => {
  const store = new MemoryStore();
  const wait = async () => {
    if (store.calls.newest === 3) store.add(make(0), make(1));
  };
  t.same(await numbers({ follow: true, limit: 2 }, below(store, { wait })), [0, 1]);
});

t.test('a follower ends at seekEnd once a record is there from behind it, and gives what came before', async (t) => {
  const store = storeOf(3);
  const wait = async () => store.add(make(3), make(4), make(5));
  t.same(await numbers({ follow: true, seekEnd: idOf(4) }, below(store, { wait })), [0, 1, 2, 3]);
});

t.test('a follower ends some seconds after the time of seekEnd where nothing comes', async (t) => {
  const store = storeOf(3);
  let now = BEGIN;
  const wait = async () => {
    now += 1_000;
    if (now === BEGIN + 2_000) store.add(make(3));
  };
  t.same(await numbers({ follow: true, seekEnd: BEGIN + 1_000 }, below(store, { wait, now: () => now })), [0, 1, 2, 3]);
  t.equal(now, BEGIN + 1_000 + LATE_MS);
});

t.test('the signal ends a follower that waits, and any reading', async (t) => {
  const store = storeOf(3);
  const stop = new AbortController();
  const following = numbers({ follow: true, signal: stop.signal }, below(store));
  await until(() => store.calls.newest > 1, 'it waits');
  stop.abort();
  t.same(await following, [0, 1, 2]);
  t.same(await numbers({ signal: stop.signal }, below(store)), []);
  const other = new AbortController();
  const found: string[] = [];
  for await (const { id } of events({ signal: other.signal }, below(store))) {
    found.push(id);
    other.abort();
  }
  t.same(found, [idOf(0)]);
});

t.test('a store that is closed under a follower is its end once the signal was given, and an error before', async (t) => {
  const store = storeOf(3);
  store.newest = async () => {
    throw new Error('closed');
  };
  await t.rejects(numbers({ follow: true }, below(store)), { message: 'closed' });
  const stop = new AbortController();
  store.newest = async () => {
    stop.abort();
    throw new Error('closed');
  };
  t.same(await numbers({ follow: true, signal: stop.signal }, below(store)), []);
});

t.test('whoever breaks out of a follower leaves nothing behind', async (t) => {
  const store = storeOf(3);
  const following = events({ follow: true }, below(store));
  for await (const { id } of following) if (numberOf(id) === 1) break;
  t.same(await following.next(), { done: true, value: undefined });
  const { page, newest } = store.calls;
  store.add(make(3));
  t.same([store.calls.page, store.calls.newest], [page, newest]);
});

t.test('get gives the one record with an id, or the one that a query fits', async (t) => {
  const over = below(storeOf(12));
  t.equal((await get(idOf(7), over))?.topic, 'audit.checkpoint');
  t.equal(await get(idOf(99), over), undefined);
  t.equal((await get({ filter: 'contains=line 10' }, over))?.id, idOf(10));
  await t.rejects(get({ filter: 'contains=line 1' }, over), {
    code: 'AUDIT_NOT_ONE',
    message: 'more than one record is as asked for, where exactly one should be',
  });
  await t.rejects(get({ filter: 'contains=silver' }, over), {
    code: 'AUDIT_NOT_ONE',
    message: 'no record is as asked for, where exactly one should be',
  });
  await t.rejects(get('hunter2', over), { code: 'AUDIT_QUERY' });
});

t.test('refuses a query that cannot be, before anything is read', async (t) => {
  const store = storeOf(1);
  for (const query of [
    { order: 'up' as 'asc' },
    { follow: true, order: 'desc' },
    { follow: true, filter: { any: [{ answered: true }, { account: 'bob' }] } },
    { limit: -1 },
    { limit: 1.5 },
    { limit: Number.NaN },
    { after: 'hunter2' },
    { topics: ['session.*'] },
    { topics: [''] },
    { topics: 'session' as unknown as string[] },
    { seek: 'hunter2' },
    { filter: 'hunter2' },
  ] satisfies EventsQuery[]) {
    t.throws(() => events(query, below(store)), { code: 'AUDIT_QUERY' }, JSON.stringify(query));
  }
  t.throws(() => events({ filter: { pattern: '(' } }, below(store)), { code: 'AUDIT_MASK_PATTERN' });
  t.equal(store.calls.page, 0);
});

t.test('a damaged line is told by its id alone', async (t) => {
  const store = storeOf(1);
  store.page = async () => ({ records: [{ id: idOf(0), line: '{"text":"hunter2' }], next: null });
  await t.rejects(numbers({}, below(store)), { code: 'AUDIT_STORE_DAMAGED', message: new RegExp(`under ${idOf(0)};`) });
});

t.test('any query gives what looking at every record gives', async (t) => {
  const dice = new Dice(7);
  const pick = (below: number): number => dice.between(0, below - 1);
  const COUNT = 150;
  const store = storeOf(COUNT);
  const all = Array.from({ length: COUNT }, (_, number) => make(number));
  const wrong: unknown[] = [];
  let given = 0;
  for (let turn = 0; turn < 300; turn += 1) {
    const [seek, seekEnd, after] = [pick(COUNT), pick(COUNT + 20), pick(COUNT)];
    const order = pick(2) === 0 ? ('asc' as const) : ('desc' as const);
    const topic = ['session', 'session.output', 'audit', 'none'][pick(4)] ?? '';
    const account = ['bob', 'ANNA', 'carl'][pick(3)] ?? '';
    const part = ['gold', 'line 1', '7', 'iron'][pick(4)] ?? '';
    const [asked, limit] = [pick(64), 1 + pick(40)];
    const has = (bit: number): boolean => (asked & (1 << bit)) !== 0;
    const wanted = all
      .filter(({ id }) => (!has(0) || numberOf(id) >= seek) && (!has(1) || numberOf(id) < seekEnd))
      .filter(({ id }) => !has(2) || (order === 'asc' ? numberOf(id) > after : numberOf(id) < after))
      .filter((record) => (!has(3) || record.topic === topic || record.topic.startsWith(`${topic}.`)) && (!has(5) || record.text.includes(part)))
      .filter((record) => !has(4) || record.account.toLowerCase() === account.toLowerCase())
      .map(({ id }) => numberOf(id));
    const query: EventsQuery = {
      order,
      limit,
      ...(has(0) ? { seek: idOf(seek) } : {}),
      ...(has(1) ? { seekEnd: idOf(seekEnd) } : {}),
      ...(has(2) ? { after: idOf(after) } : {}),
      ...(has(3) ? { topics: [topic, 'nothing'] } : {}),
      filter: [...(has(4) ? [`account=${account}`] : []), ...(has(5) ? [{ contains: part }] : [])],
    };
    const ordered = (order === 'asc' ? wanted : wanted.toReversed()).slice(0, limit);
    const found = await numbers(query, below(store));
    if (String(found) !== String(ordered)) wrong.push({ query, found, ordered });
    given += found.length;
  }
  t.same(wrong, []);
  t.ok(given > 1_000, 'the queries find something');
});
