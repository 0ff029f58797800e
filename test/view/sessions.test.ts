import t from 'tap';
import type { SessionSummary } from '../../src/store-contract.js';
import { type Connections, connections, type SessionsQuery, session, sessions, watchConnections } from '../../src/view/sessions.js';
import { MemoryStore } from './memory-store.js';

const idOf = (number: number): string => `019b7ca9-8c89-7265-afb0-${String(number).padStart(12, '0')}`;

/** Session `number`: every third has ended, and listeners and accounts take turns. */
function make(number: number): SessionSummary {
  const listener = number % 2 === 0 ? 'game' : 'web';
  const account = [null, 'bob', 'anna'][number % 4] ?? 'bob';
  const known = { protocol: 'telnet', ip: '203.0.113.7', port: 50_712, accounts: [], character: null, reason: null, by: null, exit: null };
  const none = { inputs: 0, outputs: 0, bytesIn: 0, bytesOut: 0, masked: 0, gaps: 0, faults: 0 };
  const ids = { session: idOf(number), firstId: idOf(number), lastId: idOf(number) };
  return {
    ...ids,
    ...known,
    ...none,
    listener,
    account: number % 4 === 0 ? null : account,
    started: number,
    ended: number % 3 === 0 ? number + 1 : null,
  };
}

function storeOf(count: number): MemoryStore {
  const store = new MemoryStore();
  store.listed = Array.from({ length: count }, (_, number) => make(number));
  return store;
}

async function found(query: SessionsQuery, store: MemoryStore): Promise<number[]> {
  const numbers: number[] = [];
  for await (const one of sessions(query, store)) numbers.push(one.started);
  return numbers;
}

t.test('gives all sessions, page by page, up to the limit', async (t) => {
  const store = storeOf(600);
  t.equal((await found({}, store)).length, 600);
  t.equal(store.calls.sessions, 3);
  t.same(await found({ limit: 3, open: true }, store), [1, 2, 4]);
  t.same(await found({ limit: 2, after: idOf(7) }, store), [8, 9]);
  t.same(await found({ limit: 0 }, store), []);
  t.same(await found({}, new MemoryStore()), []);
});

t.test('takes words, of what a session is known by', async (t) => {
  const store = storeOf(6);
  t.same(await found({ filter: 'listener=web' }, store), [1, 3, 5]);
  t.same(await found({ filter: ['listener=web', `session=${idOf(3)}`] }, store), [3]);
  t.throws(() => sessions({ filter: 'contains=gold' }, store), { code: 'AUDIT_QUERY', message: /^sessions are found by session, listener, account/ });
  t.throws(() => sessions({ filter: 'listener=web', listener: ['game'] }, store), {
    code: 'AUDIT_QUERY',
    message: 'listener stands there twice; keep one',
  });
});

t.test('hands bounds on as milliseconds', async (t) => {
  const store = new MemoryStore();
  const asked: unknown[] = [];
  store.sessions = async (query) => {
    asked.push(query);
    return [];
  };
  await found({ seek: '2026-01-02', seekEnd: new Date(1_767_323_045_002) }, store);
  t.same(asked, [{ from: 1_767_312_000_000, to: 1_767_323_045_002, order: 'desc', limit: 256 }]);
});

t.test('refuses what is no query of sessions', async (t) => {
  for (const query of [{ order: 'up' as 'asc' }, { limit: -1 }, { seek: 'hunter2' }, { filter: 'hunter2' }]) {
    t.throws(() => sessions(query, new MemoryStore()), { code: 'AUDIT_QUERY' }, JSON.stringify(query));
  }
  await t.rejects(session('hunter2', new MemoryStore()), { code: 'AUDIT_QUERY' });
});

t.test('gives one session by its id', async (t) => {
  t.equal((await session(idOf(3), storeOf(6)))?.started, 3);
  t.equal(await session(idOf(9), storeOf(6)), undefined);
});

t.test('counts the sessions that are open, and tells them apart', async (t) => {
  const below = { store: storeOf(9), now: () => 7 };
  t.same(await connections({}, below), { at: 7, open: 6 });
  t.same(await connections({ listener: ['web'] }, below), { at: 7, open: 3 });
  t.same(await connections({ by: 'account' }, below), {
    at: 7,
    open: 6,
    groups: [
      { of: 'bob', open: 3 },
      { of: null, open: 2 },
      { of: 'anna', open: 1 },
    ],
    others: 0,
  });
});

t.test('more than a hundred groups are summed up', async (t) => {
  const store = storeOf(0);
  store.listed = Array.from({ length: 150 }, (_, number) => ({ ...make(1), session: idOf(number), account: `a${number}` }));
  const counted = await connections({ by: 'account' }, { store, now: () => 0 });
  t.match({ ...counted, groups: counted.groups?.length }, { open: 150, groups: 100, others: 50 });
});

t.test('watches them as they change', async (t) => {
  const store = storeOf(3);
  const stop = new AbortController();
  let rounds = 0;
  const wait = async () => {
    rounds += 1;
    store.add({ id: idOf(rounds), topic: 'session.start' });
    if (rounds === 2) store.listed.push(make(4));
    if (rounds === 4) store.listed.splice(1, 1);
    if (rounds === 6) stop.abort();
  };
  const seen: Connections[] = [];
  for await (const one of watchConnections({ signal: stop.signal }, { store, wait, now: () => rounds, compile: () => () => false })) seen.push(one);
  t.same(seen, [
    { at: 0, open: 2 },
    { at: 2, open: 3 },
    { at: 4, open: 2 },
  ]);
});
