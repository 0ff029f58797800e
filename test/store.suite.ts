/**
 * What every store must do, an operator's own too: `storeSuite(t, 'mine', make)` in a tap test. `make` opens an empty store: `write` as its callback's, `open`
 * what `openStore` gives. A store may give more than is asked of texts and members (src/store-contract.ts); here nothing is asked where that shows.
 */
import type { Test } from 'tap';
import type { AuditRecord } from '../src/contract.js';
import type { Filter, PageQuery, SessionQuery, Store } from '../src/store-contract.js';
import { idAt, lineOf, Player, recordsOfLines, sessionId } from './store-lines.js';

export interface StoreUnderTest {
  write(records: readonly AuditRecord[]): Promise<void>;
  open(): Promise<Store> | Store;
  close(): Promise<void>;
}

/** Makes a store for one test; STORE_INDEXES are `data.reason`, `custom.geo.country`, and the pair of `custom.geo.country` and `custom.geo.as`. */
export type MakeStore = (t: Test) => Promise<StoreUnderTest>;

export const SUITE_INDEXES = ['data.reason', 'custom.geo.country', ['custom.geo.country', 'custom.geo.as']] as const;

const early = new Player(1, { ip: '203.0.113.7', port: 4001 });
const alice = early.as({ account: 'Alice', character: 'Alica' });
const bob = new Player(2, { ip: '2001:db8::7', port: 4002, account: 'bob', listener: 'web' });

/** Two days: Alice over midnight, Bob on the first alone; some of the node. */
const EVENING: readonly string[] = [
  lineOf({ time: '2026-01-31T22:00:00.000Z', topic: 'audit.start' }),
  early.event('2026-01-31T22:00:01.000Z', 'session.start', { upstream: 'telnet://127.0.0.1:4001' }),
  early.says('2026-01-31T22:00:02.000Z', 1, 'connect Alice ********', {
    head: { event: 'login.failed', event_type: 'authentication', masked: [{ mask: 'connect', direction: 'RCV', start: 14, end: 22 }] },
  }),
  early.hears('2026-01-31T22:00:02.500Z', 1, 'Either that player does not exist.'),
  alice.event('2026-01-31T22:00:03.000Z', 'session.identity', { field: 'account', old: null, new: 'Alice', how: 'login' }),
  bob.event('2026-01-31T22:00:04.000Z', 'session.start', { upstream: 'telnet://127.0.0.1:4001' }),
  bob.says('2026-01-31T22:00:05.000Z', 1, 'Grüße aus Zürich', { body: { room: 'Town Square', custom: { geo: { country: 'CH', as: 3303 } } } }),
  alice.says('2026-01-31T22:01:00.000Z', 2, '@dig a deep pit', {
    head: { event: 'admin.build.dig', event_type: 'privileged', also: 'game.building', system: true },
    body: { room: 'Limbo', custom: { geo: { country: 'NO', as: 2116 } } },
  }),
  lineOf({
    time: '2026-01-31T22:01:01.000Z',
    topic: 'audit.gap',
    head: { session: bob.session },
    body: { data: { stage: 'decode', reason: 'overrun' } },
  }),
  bob.event('2026-01-31T22:10:00.000Z', 'session.end', { reason: 'closed', by: 'client', bytes_in: 20, bytes_out: 0 }),
  alice.says('2026-01-31T23:59:59.000Z', 3, 'tell bob are you there?'),
  alice.hears('2026-02-01T00:00:00.250Z', 3, 'bob is not there.'),
  alice.says('2026-02-01T00:00:05.000Z', 4, 'QUIT'),
  alice.event('2026-02-01T00:00:06.000Z', 'session.end', { reason: 'kicked', by: 'server', bytes_in: 90, bytes_out: 60, exit: 'SIGHUP' }),
];

const ids = (lines: readonly string[]): string[] => lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
const picked = (...places: readonly number[]): string[] => places.map((place) => EVENING[place] as string);

/** All pages of a question, one behind the other. */
export async function pagesOf(store: Store, query: Partial<PageQuery>): Promise<string[]> {
  const lines: string[] = [];
  for (let after = query.after; ; ) {
    const asked = { topics: [], filters: [], order: 'asc', limit: 1_000, ...query, ...(after === undefined ? {} : { after }) } as const;
    const { records, next } = await store.page(asked);
    lines.push(...records.map(({ line }) => line));
    if (next === null) return lines;
    after = next;
  }
}

const sessionsOf = async (store: Store, query: Partial<SessionQuery>): Promise<string[]> =>
  (await store.sessions({ order: 'asc', limit: 100, ...query })).map(({ session }) => session);

/** Runs the suite over one engine. */
export function storeSuite(t: Test, name: string, make: MakeStore): void {
  const given = (title: string, test: (t: Test, store: Store, made: StoreUnderTest) => Promise<void>, lines: readonly string[] = EVENING) => {
    t.test(`${name}: ${title}`, async (t) => {
      const made = await make(t);
      if (lines.length > 0) await made.write(recordsOfLines(lines));
      const store = await made.open();
      t.teardown(async () => {
        await store.close();
        await made.close();
      });
      await test(t, store, made);
    });
  };

  given(
    'an empty store has nothing, and says so',
    async (t, store) => {
      t.same(await store.page({ topics: [], filters: [], order: 'desc', limit: 10 }), { records: [], next: null });
      t.same(await store.sessions({ order: 'asc', limit: 10 }), []);
      t.same(await store.counts({ from: 0, to: Date.UTC(2030), every: 'all', counted: ['inputs'] }), []);
      t.same(await store.sessionCounts({ spans: [{ from: 0, to: Date.UTC(2030) }] }), [{ of: null, n: [0] }]);
      t.same(await store.values('account', '', 10), []);
      t.equal(await store.newest(), null);
      t.match(await store.figures(), { records: 0, sessions: 0, oldest: null, newest: null });
      t.equal(await store.drop({ from: null, to: null, keepSessions: false }), 0);
    },
    [],
  );

  given('gives lines byte for byte, in the order of ids, both ways, whatever the size of pages', async (t, store) => {
    for (const limit of [1, 2, 5, 100]) {
      t.same(await pagesOf(store, { limit }), EVENING, `${limit} a page`);
      t.same(await pagesOf(store, { limit, order: 'desc' }), [...EVENING].reverse(), `${limit} a page, backwards`);
    }
  });

  given('bounds: from is inclusive, to exclusive, after exclusive; bounds that no record has are bounds', async (t, store) => {
    const [from, to] = [ids(picked(3))[0] as string, ids(picked(6))[0] as string];
    t.same(await pagesOf(store, { from, to }), picked(3, 4, 5));
    t.same(await pagesOf(store, { from, to, order: 'desc' }), picked(5, 4, 3));
    t.same(await pagesOf(store, { after: from, to }), picked(4, 5));
    t.same(await pagesOf(store, { from, after: to, order: 'desc' }), picked(5, 4, 3));
    t.same(await pagesOf(store, { from: idAt('2026-01-31T23:00:00.000Z'), to: idAt('2026-02-01T00:00:01.000Z') }), picked(10, 11));
    t.same(await pagesOf(store, { from: idAt('2026-02-03T00:00:00.000Z') }), []);
    t.same(await pagesOf(store, { to: idAt('2020-01-01T00:00:00.000Z') }), []);
    t.same(await pagesOf(store, { from: to, to: from }), []);
  });

  given('topics: by their beginning up to a dot, several at once, and the second topic of an event', async (t, store) => {
    t.same(await pagesOf(store, { topics: ['audit'] }), picked(0, 8));
    t.same(await pagesOf(store, { topics: ['audit.gap', 'session.start'] }), picked(1, 5, 8));
    t.same(await pagesOf(store, { topics: ['session.in'] }), []);
    t.same(await pagesOf(store, { topics: ['game'] }), picked(7));
  });

  const filtered = (title: string, cases: readonly (readonly [Filter, ...number[]])[]) => {
    given(title, async (t, store) => {
      for (const [filter, ...places] of cases) {
        t.same(await pagesOf(store, { filters: [filter] }), picked(...places), JSON.stringify(filter));
        t.same(await pagesOf(store, { filters: [filter], order: 'desc', limit: 1 }), picked(...places).reverse(), 'one by one, backwards');
      }
    });
  };

  filtered('finds by who: session, account, character, listener, and room, without regard to case', [
    [{ session: [bob.session] }, 5, 6, 8, 9],
    [{ session: [bob.session.toUpperCase()] }, 5, 6, 8, 9],
    [{ session: [] }],
    [{ account: ['ALICE'] }, 4, 7, 10, 11, 12, 13],
    [{ account: ['alice', 'Bob'], direction: 'RCV' }, 6, 7, 10, 12],
    [{ character: ['alica'], exchange: 3 }, 10, 11],
    [{ listener: ['web'] }, 5, 6, 9],
    [{ listener: ['WEB'] }],
    [{ room: ['town square', 'limbo'] }, 6, 7],
  ]);

  filtered('finds by address and by network', [
    [{ address: ['203.0.113.7'], exchange: 1 }, 2, 3],
    [{ address: ['203.0.0.0/16'], exchange: 1 }, 2, 3],
    [{ address: ['0.0.0.0/0', '::1'], direction: 'SND' }, 3, 11],
    [{ address: ['2001:db8::/32'] }, 5, 6, 9],
    [{ address: ['2001:0db8:0:0:0:0:0:7'] }, 5, 6, 9],
    [{ address: ['203.0.113.8', '10.0.0.0/8', 'nonsense', '1.2.3.4/99'] }],
    [{ address: [...Array.from({ length: 999 }, (_, index) => `10.0.${index >> 8}.${index & 255}`), '203.0.113.0/28'], exchange: 1 }, 2, 3],
  ]);

  filtered('finds by event, kind of event, direction, and system', [
    [{ event: ['login'] }, 2],
    [{ event: ['admin.build'] }, 7],
    [{ event: ['admin.bui'] }],
    [{ eventType: ['authentication', 'privileged'] }, 2, 7],
    [{ direction: 'SND' }, 3, 11],
    [{ system: false }, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13],
    [{ system: true }, 0, 7, 8],
  ]);

  filtered('knows which inputs were answered, over midnight too, and which sessions have a gap or a fault', [
    [{ answered: true }, 2, 10],
    [{ answered: false }, 6, 7, 12],
    [{ faulty: true }, 5, 6, 8, 9],
    [{ faulty: false, direction: 'RCV' }, 2, 7, 10, 12],
  ]);

  filtered('finds one by its id, several, and none', [
    [{ id: [idAt('2026-01-31T22:00:05.000Z')] }, 6],
    [{ id: [idAt('2026-02-01T00:00:05.000Z').toUpperCase(), idAt('2026-01-31T22:00:00.000Z')] }, 0, 12],
    [{ id: [idAt('2026-01-31T22:00:05.001Z'), 'nonsense'] }],
  ]);

  filtered('all of a filter must hold, one of any, and any within any', [
    [{ any: [{ session: [bob.session], direction: 'RCV' }, { event: ['login'] }] }, 2, 6],
    [{ direction: 'RCV', any: [{ any: [{ room: ['limbo'] }] }, { exchange: 4 }] }, 7, 12],
    [{ any: [] }],
    [{ account: ['alice'], any: [{ account: ['bob'] }] }],
  ]);

  given('what is asked of texts and members is given at least, and all filters must hold', async (t, store) => {
    const asked: readonly (readonly [Filter, number])[] = [
      [{ words: 'zürich grüße' }, 6],
      [{ words: 'deep pi*' }, 7],
      [{ words: 'a' }, 7],
      [{ contains: 'you there?' }, 10],
      [{ contains: 'ü' }, 6],
      [{ contains: 'quit' }, 12],
      [{ pattern: 'Q.+T' }, 12],
      [{ any: [{ contains: 'you there' }, { words: 'nobody' }] }, 10],
      [{ fields: [{ path: 'data.reason', is: 'exact', value: 'kicked' }] }, 13],
      [{ fields: [{ path: 'data.reason', is: 'in', value: ['kicked', 'lost'] }] }, 13],
      [{ fields: [{ path: 'data.reason', is: 'startswith', value: 'ki' }] }, 13],
      [{ fields: [{ path: 'custom.geo.country', is: 'exact', value: 'NO' }] }, 7],
      [
        {
          fields: [
            { path: 'custom.geo.as', is: 'gt', value: 3000 },
            { path: 'custom.geo.country', is: 'in', value: ['CH', 'NO'] },
          ],
        },
        6,
      ],
      [{ fields: [{ path: 'custom.geo.as', is: 'lte', value: '2116' }] }, 7],
      [{ fields: [{ path: 'custom.geo', is: 'exists', value: false }] }, 12],
      [{ fields: [{ path: 'bytes', is: 'gte', value: 4 }] }, 12],
    ];
    for (const [filter, place] of asked) {
      const lines = await pagesOf(store, { filters: [filter] });
      t.ok(lines.includes(EVENING[place] as string), JSON.stringify(filter));
      t.same(await pagesOf(store, { filters: [filter, { session: [sessionId(9)] }] }), [], 'and nothing where another filter forbids it');
    }
  });

  given('sums sessions up, over midnight', async (t, store) => {
    t.same(await store.sessions({ order: 'asc', limit: 10 }), [
      {
        session: alice.session,
        listener: 'game',
        protocol: 'telnet',
        started: Date.UTC(2026, 0, 31, 22, 0, 1),
        ended: Date.UTC(2026, 1, 1, 0, 0, 6),
        ip: '203.0.113.7',
        port: 4001,
        account: 'Alice',
        accounts: ['Alice'],
        character: 'Alica',
        inputs: 4,
        outputs: 2,
        bytesIn: 64,
        bytesOut: 51,
        masked: 1,
        gaps: 0,
        faults: 0,
        reason: 'kicked',
        by: 'server',
        exit: 'SIGHUP',
        firstId: idAt('2026-01-31T22:00:01.000Z'),
        lastId: idAt('2026-02-01T00:00:06.000Z'),
      },
      {
        session: bob.session,
        listener: 'web',
        protocol: 'telnet',
        started: Date.UTC(2026, 0, 31, 22, 0, 4),
        ended: Date.UTC(2026, 0, 31, 22, 10),
        ip: '2001:db8::7',
        port: 4002,
        account: 'bob',
        accounts: ['bob'],
        character: null,
        inputs: 1,
        outputs: 0,
        bytesIn: 19,
        bytesOut: 0,
        masked: 0,
        gaps: 1,
        faults: 0,
        reason: 'closed',
        by: 'client',
        exit: null,
        firstId: idAt('2026-01-31T22:00:04.000Z'),
        lastId: idAt('2026-01-31T22:10:00.000Z'),
      },
    ]);
  });

  given('finds sessions by time, who, address, and whether they are open or at fault', async (t, store) => {
    const [first, second] = [alice.session, bob.session];
    const asked: readonly (readonly [Partial<SessionQuery>, ...string[]])[] = [
      [{ order: 'desc' }, second, first],
      [{ limit: 1 }, first],
      [{ after: first }, second],
      [{ order: 'desc', after: second }, first],
      [{ from: Date.UTC(2026, 0, 31, 23) }, first],
      [{ to: Date.UTC(2026, 0, 31, 22, 0, 2) }, first],
      [{ from: Date.UTC(2026, 0, 31, 22, 0, 5), to: Date.UTC(2026, 0, 31, 22, 1) }, first, second],
      [{ session: [second.toUpperCase()] }, second],
      [{ listener: ['game'] }, first],
      [{ account: ['ALICE'] }, first],
      [{ address: ['203.0.113.0/24'] }, first],
      [{ address: [...Array.from({ length: 999 }, (_, index) => `10.0.${index >> 8}.${index & 255}`), '203.0.113.0/24'] }, first],
      [{ open: true }],
      [{ open: false, faulty: true }, second],
      [{ any: [{ account: ['bob'] }, { session: [first], listener: ['web'] }] }, second],
      [{ any: [] }],
    ];
    for (const [query, ...sessions] of asked) t.same(await sessionsOf(store, query), sessions, JSON.stringify(query));
  });

  given('counts by minute, by quarter, in all, and by whom', async (t, store) => {
    const [from, to] = [Date.UTC(2026, 0, 31, 22), Date.UTC(2026, 1, 1, 1)];
    const minute = (hour: number, at: number): number => Date.UTC(2026, 0, 31, hour, at);
    t.same(await store.counts({ from, to, every: 'minute', counted: ['inputs'] }), [
      { at: minute(22, 0), counted: 'inputs', of: null, n: 2 },
      { at: minute(22, 1), counted: 'inputs', of: null, n: 1 },
      { at: minute(23, 59), counted: 'inputs', of: null, n: 1 },
      { at: minute(24, 0), counted: 'inputs', of: null, n: 1 },
    ]);
    t.same(await store.counts({ from, to, every: 'quarter', counted: ['connections', 'ends'] }), [
      { at: minute(22, 0), counted: 'connections', of: null, n: 2 },
      { at: minute(22, 0), counted: 'ends', of: null, n: 1 },
      { at: minute(24, 0), counted: 'ends', of: null, n: 1 },
    ]);
    const all = async (counted: 'bytes_in' | 'failed_logins' | 'logins' | 'gaps' | 'masked' | 'events', more: object = {}) =>
      (await store.counts({ from, to, every: 'all', counted: [counted], ...more })).map(({ of, n }) => [of, n]);
    t.same(await all('bytes_in'), [[null, 83]]);
    t.same(
      new Set(await all('bytes_in', { by: 'account' })),
      new Set([
        ['Alice', 42],
        ['bob', 19],
        [null, 22],
      ]),
    );
    t.same(await all('bytes_in', { by: 'listener', account: ['ALICE'] }), [['game', 42]]);
    t.same(await all('failed_logins', { by: 'event' }), [['login.failed', 1]]);
    t.same(await all('events', { event: ['admin.build.dig'] }), [[null, 1]]);
    t.same(await all('logins', { listener: ['game'] }), [[null, 1]]);
    t.same(await all('gaps'), [[null, 1]]);
    t.same(await all('masked', { by: 'listener' }), [['game', 1]]);
    const part = await store.counts({ from: minute(22, 1), to: minute(23, 59), every: 'all', counted: ['inputs'] });
    t.same(part, [{ at: minute(22, 1), counted: 'inputs', of: null, n: 1 }]);
  });

  given('counts sessions once in each span in which they went on', async (t, store) => {
    const at = (hour: number, minute: number, second = 0): number => Date.UTC(2026, 0, 31, hour, minute, second);
    const span = (from: number, to: number) => ({ from, to });
    const evening = span(at(22, 0), at(24, 1));
    const spans = [
      evening,
      span(at(22, 0), at(22, 0, 1)),
      span(at(22, 0, 1), at(22, 0, 4)),
      span(at(22, 5), at(22, 6)),
      span(at(22, 10), at(22, 11)),
      span(at(22, 10, 1), at(23, 0)),
      span(at(24, 0, 6), at(24, 1)),
      span(at(24, 0, 7), at(30, 0)),
    ];
    t.same(await store.sessionCounts({ spans }), [{ of: null, n: [2, 0, 1, 2, 2, 1, 1, 0] }]);
    t.same(await store.sessionCounts({ spans: [] }), [{ of: null, n: [] }]);
    const sorted = async (more: object) =>
      [...(await store.sessionCounts({ spans: [evening], ...more }))].sort((a, b) => (`${a.of}` < `${b.of}` ? -1 : 1));
    const game = { of: 'game', n: [1] };
    t.same(await sorted({ by: 'listener' }), [game, { of: 'web', n: [1] }]);
    t.same(await sorted({ by: 'account' }), [
      { of: 'Alice', n: [1] },
      { of: 'bob', n: [1] },
    ]);
    t.same(await sorted({ by: 'listener', account: ['ALICE'] }), [game]);
    t.same(await sorted({ by: 'account', listener: ['web'] }), [{ of: 'bob', n: [1] }]);
    t.same(await sorted({ listener: ['game'], account: ['bob'] }), [{ of: null, n: [0] }]);
    t.same(await sorted({ by: 'account', listener: ['other'] }), []);
  });

  given(
    'counts a session without an end as going on, and one of several accounts for each',
    async (t, store) => {
      const spans = [
        { from: Date.UTC(2026, 0, 31), to: Date.UTC(2026, 1, 1) },
        { from: Date.UTC(2030, 0, 1), to: Date.UTC(2030, 0, 2) },
      ];
      t.same(await store.sessionCounts({ spans }), [{ of: null, n: [2, 2] }]);
      const byAccount = await store.sessionCounts({ spans, by: 'account' });
      t.same(new Set(byAccount.map(({ of, n }) => `${of} ${n}`)), new Set(['Alice 1,1', 'Zoë 1,1', 'null 1,1']));
    },
    [
      early.event('2026-01-31T22:00:01.000Z', 'session.start', { upstream: 'telnet://127.0.0.1:4001' }),
      alice.says('2026-01-31T22:00:02.000Z', 1, 'look'),
      early.as({ account: 'Zoë' }).says('2026-01-31T22:00:03.000Z', 2, 'look'),
      new Player(3, { ip: '203.0.113.8', port: 4003 }).event('2026-01-31T22:00:04.000Z', 'session.start', { upstream: 'telnet://127.0.0.1:4001' }),
    ],
  );

  given('knows the names that there are, the most frequent first', async (t, store) => {
    t.same(await store.values('account', '', 10), ['Alice', 'bob']);
    t.same(await store.values('account', 'AL', 10), ['Alice']);
    t.same(await store.values('address', '2', 1), ['203.0.113.7']);
    t.same(await store.values('listener', '', 10), ['game', 'web']);
    t.same(await store.values('event', 'admin', 10), ['admin.build.dig']);
    t.same(await store.values('topic', 'game', 10), ['game.building']);
    t.same(await store.values('character', 'x', 10), []);
  });

  given('says how large it is', async (t, store) => {
    const { bytes, ...figures } = await store.figures();
    t.same(figures, { records: 14, sessions: 2, oldest: ids(EVENING)[0], newest: ids(EVENING)[13] });
    t.ok(bytes > 1_000);
    t.equal(await store.newest(), ids(EVENING)[13]);
  });

  given('takes a record once, however often and in whatever order it comes', async (t, store, { write }) => {
    const before = await store.sessions({ order: 'asc', limit: 10 });
    const counts = { from: 0, to: Date.UTC(2030), every: 'all', counted: ['inputs', 'connections', 'bytes_out'] } as const;
    const counted = await store.counts(counts);
    for (const line of [...EVENING].reverse()) await write(recordsOfLines([line, line]));
    await write(recordsOfLines(EVENING));
    t.same(await pagesOf(store, {}), EVENING);
    t.same(await store.sessions({ order: 'asc', limit: 10 }), before);
    t.same(await store.counts(counts), counted);
  });

  given(
    'gives the same of records that come in another order',
    async (t, store, { write }) => {
      const order = [13, 2, 7, 0, 5, 11, 4, 9, 1, 12, 3, 10, 6, 8];
      for (const place of order) await write(recordsOfLines(picked(place)));
      t.same(await pagesOf(store, { limit: 3 }), EVENING);
      t.same(await pagesOf(store, { order: 'desc', filters: [{ account: ['alice'] }], limit: 2 }), picked(13, 12, 11, 10, 7, 4));
      t.same(await pagesOf(store, { filters: [{ answered: true }] }), picked(2, 10));
      const [first] = await store.sessions({ order: 'asc', limit: 1 });
      t.match(first, { session: alice.session, account: 'Alice', inputs: 4, ended: Date.UTC(2026, 1, 1, 0, 0, 6), reason: 'kicked' });
    },
    [],
  );

  given('drops days, with the sessions that have nothing left', async (t, store, { write }) => {
    const to = Date.UTC(2026, 1, 1);
    t.equal(await store.drop({ from: null, to, keepSessions: false }), 11);
    t.same(await pagesOf(store, {}), picked(11, 12, 13));
    t.same(await sessionsOf(store, {}), [alice.session]);
    t.same(await store.values('account', '', 10), ['Alice']);
    t.equal((await store.counts({ from: 0, to: Date.UTC(2030), every: 'all', counted: ['connections'] })).length, 0);
    t.match(await store.figures(), { records: 3, oldest: ids(EVENING)[11] });
    t.match(await store.sessions({ order: 'asc', limit: 1 }), [{ inputs: 4, outputs: 2, firstId: ids(EVENING)[1] }], 'which stay as they were');
    await write(recordsOfLines(EVENING.slice(0, 3)));
    t.same(await pagesOf(store, {}), picked(0, 1, 2, 11, 12, 13), 'and a day may come again');
    t.match(await store.sessions({ order: 'asc', limit: 1 }), [{ inputs: 4, outputs: 2, masked: 1 }], 'and is not counted twice');
    t.equal(await store.drop({ from: null, to: null, keepSessions: false }), 6);
    t.same(await sessionsOf(store, {}), []);
    t.equal(await store.newest(), null);
  });

  given('drops days and keeps who was there', async (t, store, { write }) => {
    const whole = await store.sessions({ order: 'asc', limit: 10 });
    t.equal(await store.drop({ from: Date.UTC(2026, 0, 31), to: null, keepSessions: true }), 14);
    t.same(await pagesOf(store, {}), []);
    t.same(await sessionsOf(store, {}), [alice.session, bob.session]);
    await write(recordsOfLines(EVENING));
    t.same(await store.sessions({ order: 'asc', limit: 10 }), whole, 'what comes again of them is not counted twice');
    t.equal(await store.drop({ from: Date.UTC(2026, 0, 31), to: null, keepSessions: true }), 14);
    t.equal(await store.drop({ from: Date.UTC(2026, 0, 31), to: null, keepSessions: false }), 0);
    t.same(await sessionsOf(store, {}), []);
  });

  given('erases parts of lines, and finds nothing by them any more', async (t, store, { write }) => {
    const erased = (line: string): string => line.replace(/,"who_salt".*?(?=,"salt"|\}$)/, '').replace(/,"salt":.*\}$/, '}');
    const wanted = new Set(ids(picked(6)));
    const erase = (line: Buffer): Buffer | undefined => {
      const text = line.toString();
      const { id } = JSON.parse(text) as { readonly id: string };
      return wanted.has(id) && text !== erased(text) ? Buffer.from(erased(text)) : undefined;
    };
    t.equal(await store.erase(erase, () => undefined), 1);
    const left = EVENING.map((line, place) => (place === 6 ? erased(line) : line));
    t.same(await pagesOf(store, {}), left);
    t.same(await pagesOf(store, { filters: [{ contains: 'Zürich' }] }), []);
    t.same(await pagesOf(store, { filters: [{ room: ['town square'] }] }), []);
    t.same(await pagesOf(store, { filters: [{ account: ['bob'] }] }), picked(5, 9));
    t.same(
      await pagesOf(store, { filters: [{ fields: [{ path: 'custom.geo.country', is: 'exact', value: 'CH' }] }, { listener: ['web'], exchange: 1 }] }),
      [],
    );
    await write(recordsOfLines(EVENING));
    t.same(await pagesOf(store, {}), left, 'and it does not come back');
    for (const place of [5, 9]) wanted.add(ids(picked(place))[0] as string);
    t.equal(await store.erase(erase, () => undefined, wanted), 2);
    t.same(await store.values('account', '', 10), ['Alice']);
    t.same(await store.values('address', '', 10), ['203.0.113.7']);
    t.match(await store.sessions({ order: 'desc', limit: 1 }), [
      { session: bob.session, account: null, accounts: [], ip: null, port: null, inputs: 1 },
    ]);
    t.same(await sessionsOf(store, { account: ['bob'] }), []);
    const counts = await store.counts({ from: 0, to: Date.UTC(2030), every: 'all', counted: ['inputs'], by: 'account' });
    t.same(
      new Set(counts.map(({ of, n }) => [of, n])),
      new Set([
        ['Alice', 3],
        [null, 2],
      ]),
      'what happened stays counted',
    );
  });

  given('an erased line takes the place of a whole one', async (t, store, { write }) => {
    const whole = EVENING[6] as string;
    const erased = whole.replace(/,"salt":.*\}$/, '}');
    await write(recordsOfLines([erased]));
    t.same(await pagesOf(store, { filters: [{ id: ids([whole]) }] }), [erased]);
    t.same(await pagesOf(store, { filters: [{ contains: 'Zürich' }] }), []);
    await write(recordsOfLines([whole]));
    t.same(await pagesOf(store, { filters: [{ id: ids([whole]) }] }), [erased]);
  });
}
