import t from 'tap';
import type { Count, Counted, SessionSummary } from '../../src/store-contract.js';
import type { Below } from '../../src/view/events.js';
import { type Metrics, type MetricsQuery, measure, watchMetrics } from '../../src/view/metrics.js';
import { firstIdOf } from '../../src/view/seek.js';
import { MemoryStore } from './memory-store.js';

const at = (time: string): number => Date.parse(time);
const row = (time: string, n: number, of: string | null = null, counted: Counted = 'inputs'): Count => ({ at: at(time), counted, of, n });

function storeOf(...rows: readonly Count[]): MemoryStore {
  const store = new MemoryStore();
  store.counted = [...rows];
  const oldest = Math.min(...rows.map((one) => one.at));
  if (rows.length > 0) store.add({ id: firstIdOf(oldest + 1), topic: 'session.start' });
  return store;
}

const below = (store: MemoryStore, now: string): Below => ({
  store,
  compile: () => () => false,
  now: () => at(now),
  wait: async () => undefined,
});

t.test('counts between two moments, in all and a minute, an hour and a day', async (t) => {
  const store = storeOf(
    row('2026-01-02T10:00:00Z', 6),
    row('2026-01-02T10:59:00Z', 3),
    row('2026-01-02T11:00:00Z', 3),
    row('2026-01-02T12:00:00Z', 100),
  );
  const query = { path: 'inputs', seek: '2026-01-02T10:00:00Z', seekEnd: '2026-01-02T12:00:00Z' };
  const { hour, day, minute, ...rest } = await measure(query, below(store, '2026-01-03T00:00:00Z'));
  t.same(rest, {
    path: 'inputs',
    zone: 'UTC',
    from: at('2026-01-02T10:00:00Z'),
    to: at('2026-01-02T12:00:00Z'),
    total: 12,
    rates: { perMinute: 0.1, perHour: 6, perDay: 144 },
    averages: { 1: 0, 5: 0, 15: 0 },
  });
  t.same(hour, [
    { from: at('2026-01-02T10:00:00Z'), to: at('2026-01-02T11:00:00Z'), local: '2026-01-02T10:00:00+00:00', n: 9, perMinute: 0.15 },
    { from: at('2026-01-02T11:00:00Z'), to: at('2026-01-02T12:00:00Z'), local: '2026-01-02T11:00:00+00:00', n: 3, perMinute: 0.05 },
  ]);
  const covered = { from: at('2026-01-02T10:00:00Z'), to: at('2026-01-02T12:00:00Z') };
  t.same(day, [
    {
      from: at('2026-01-02T00:00:00Z'),
      to: at('2026-01-03T00:00:00Z'),
      local: '2026-01-02T00:00:00+00:00',
      n: 12,
      perMinute: 0.1,
      partial: true,
      covered,
    },
  ]);
  t.equal(minute?.length, 120);
  t.same(
    minute?.filter(({ n }) => n > 0).map(({ local, n }) => [local, n]),
    [
      ['2026-01-02T10:00:00+00:00', 6],
      ['2026-01-02T10:59:00+00:00', 3],
      ['2026-01-02T11:00:00+00:00', 3],
    ],
  );
});

t.test('begins at the oldest record and ends now, and names the spans that are not over', async (t) => {
  const store = storeOf(row('2026-01-02T10:07:00Z', 1), row('2026-01-02T11:10:00Z', 2));
  const metrics = await measure({ path: 'inputs' }, below(store, '2026-01-02T11:10:30Z'));
  t.equal(metrics.from, at('2026-01-02T10:07:00Z'));
  t.equal(metrics.to, at('2026-01-02T11:10:30Z'));
  t.equal(metrics.total, 3);
  t.same(
    metrics.hour?.map(({ local, n, partial, covered }) => [local, n, partial, covered]),
    [
      ['2026-01-02T10:00:00+00:00', 1, true, { from: at('2026-01-02T10:07:00Z'), to: at('2026-01-02T11:00:00Z') }],
      ['2026-01-02T11:00:00+00:00', 2, true, { from: at('2026-01-02T11:00:00Z'), to: at('2026-01-02T11:10:30Z') }],
    ],
  );
  const last = metrics.minute?.at(-1);
  t.match(last, { n: 2, partial: true, perMinute: 4, covered: { to: at('2026-01-02T11:10:30Z') } });
  t.equal(last?.averages, undefined);
});

t.test('bounds inside a minute are widened to it', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1), row('2026-01-02T10:01:00Z', 2), row('2026-01-02T10:02:00Z', 4));
  const query = { path: 'inputs', seek: '2026-01-02T10:01:59.999Z', seekEnd: '2026-01-02T10:02:00.001Z' };
  const { from, to, total } = await measure(query, below(store, '2026-01-03T00:00:00Z'));
  t.same([from, to, total], [at('2026-01-02T10:01:00Z'), at('2026-01-02T10:03:00Z'), 6]);
});

t.test('what lies ahead is not counted as time', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1));
  const ahead = { path: 'inputs', seek: '2026-01-02T10:00:00Z', seekEnd: '2026-01-05' };
  t.match(await measure(ahead, below(store, '2026-01-02T10:02:00Z')), { total: 1, to: at('2026-01-02T10:02:00Z'), rates: { perMinute: 0.5 } });
  const { total, minute, rates } = await measure({ path: 'inputs', seek: '2026-01-05' }, below(store, '2026-01-02T10:02:00Z'));
  t.same([total, minute, rates.perMinute], [0, [], 0]);
});

t.test('an empty store has no spans', async (t) => {
  const { total, minute, hour, day } = await measure({ path: 'logins' }, below(storeOf(), '2026-01-02T10:00:30Z'));
  t.same([total, minute, hour, day], [0, [], [], []]);
});

t.test('averages are those of the last 1, 5 and 15 whole minutes, also from before the beginning', async (t) => {
  const store = storeOf(
    row('2026-01-02T09:50:00Z', 30),
    row('2026-01-02T10:00:00Z', 10),
    row('2026-01-02T10:04:00Z', 5),
    row('2026-01-02T10:05:00Z', 999),
  );
  const query = { path: 'inputs', seek: '2026-01-02T10:00:00Z' };
  const { averages, minute } = await measure(query, below(store, '2026-01-02T10:05:30Z'));
  t.same(averages, { 1: 5, 5: 3, 15: 3 });
  t.same(
    minute?.map((one) => one.averages),
    [
      { 1: 10, 5: 2, 15: 40 / 15 },
      { 1: 0, 5: 2, 15: 40 / 15 },
      { 1: 0, 5: 2, 15: 40 / 15 },
      { 1: 0, 5: 2, 15: 40 / 15 },
      { 1: 5, 5: 3, 15: 3 },
      undefined,
    ],
  );
  const days = await measure({ ...query, per: ['day'] }, below(store, '2026-01-02T10:05:30Z'));
  t.same(days.averages, averages, 'the same where no minutes are asked for');
  t.equal(days.minute, undefined);
});

/** Counts by the hours and days of a zone, from midnight to midnight there. */
async function ofDay(zone: string, date: string, next: string, ...rows: readonly Count[]) {
  const { hour, day, rates } = await measure(
    { path: 'inputs', seek: date, seekEnd: next, zone, per: ['hour', 'day'] },
    below(storeOf(...rows), '2027-01-01T00:00:00Z'),
  );
  const hours = hour?.filter(({ n }) => n > 0).map(({ local, n }) => [local, n]);
  return { hours, count: hour?.length, day: day?.map(({ local, n, partial }) => [local, n, partial ?? false]), rates };
}

t.test('a day of 23 and one of 25 hours are whole days in Berlin', async (t) => {
  const spring = await ofDay(
    'Europe/Berlin',
    '2026-03-29',
    '2026-03-30',
    row('2026-03-29T00:59:00Z', 1),
    row('2026-03-29T01:00:00Z', 2),
    row('2026-03-29T22:00:00Z', 9),
  );
  t.same(spring.hours, [
    ['2026-03-29T01:00:00+01:00', 1],
    ['2026-03-29T03:00:00+02:00', 2],
  ]);
  t.same([spring.count, spring.day], [23, [['2026-03-29T00:00:00+01:00', 3, false]]]);
  const autumn = await ofDay('Europe/Berlin', '2026-10-25', '2026-10-26', row('2026-10-25T00:30:00Z', 5), row('2026-10-25T01:30:00Z', 20));
  t.same(autumn.hours, [
    ['2026-10-25T02:00:00+02:00', 5],
    ['2026-10-25T02:00:00+01:00', 20],
  ]);
  t.same([autumn.count, autumn.day], [25, [['2026-10-25T00:00:00+02:00', 25, false]]]);
  t.equal(autumn.rates.perHour, 1);
});

t.test('the hour that comes twice is two in New York', async (t) => {
  const autumn = await ofDay('America/New_York', '2026-11-01', '2026-11-02', row('2026-11-01T05:59:00Z', 1), row('2026-11-01T06:00:00Z', 2));
  t.same(autumn.hours, [
    ['2026-11-01T01:00:00-04:00', 1],
    ['2026-11-01T01:00:00-05:00', 2],
  ]);
  t.same([autumn.count, autumn.day], [25, [['2026-11-01T00:00:00-04:00', 3, false]]]);
});

t.test('half an hour comes twice on Lord Howe Island', async (t) => {
  const autumn = await ofDay(
    'Australia/Lord_Howe',
    '2026-04-05',
    '2026-04-06',
    row('2026-04-04T14:59:00Z', 1),
    row('2026-04-04T15:00:00Z', 2),
    row('2026-04-04T15:30:00Z', 4),
  );
  t.same(autumn.hours, [
    ['2026-04-05T01:00:00+11:00', 1],
    ['2026-04-05T01:30:00+10:30', 2],
    ['2026-04-05T02:00:00+10:30', 4],
  ]);
  t.same([autumn.count, autumn.day], [25, [['2026-04-05T00:00:00+11:00', 7, false]]]);
});

t.test('hours and days in Kathmandu begin at a quarter past', async (t) => {
  const day = await ofDay(
    'Asia/Kathmandu',
    '2026-02-01',
    '2026-02-02',
    row('2026-01-31T18:14:00Z', 9),
    row('2026-01-31T18:15:00Z', 1),
    row('2026-01-31T19:14:00Z', 2),
  );
  t.same(day.hours, [['2026-02-01T00:00:00+05:45', 3]]);
  t.same([day.count, day.day], [24, [['2026-02-01T00:00:00+05:45', 3, false]]]);
});

t.test('figures are told apart by listener, account or event, and counted of one alone', async (t) => {
  const store = storeOf(
    row('2026-01-02T10:00:00Z', 4, 'game', 'bytes_in'),
    row('2026-01-02T10:01:00Z', 2, 'web', 'bytes_in'),
    row('2026-01-02T10:01:00Z', 1, 'game', 'bytes_in'),
  );
  const range = { seek: '2026-01-02T10:00:00Z', seekEnd: '2026-01-02T10:10:00Z' };
  const all = await measure({ path: 'bytes_in/listener', ...range }, below(store, '2026-01-03T00:00:00Z'));
  t.equal(all.total, 7);
  t.same(all.groups, [
    { of: 'game', total: 5, perMinute: 0.5 },
    { of: 'web', total: 2, perMinute: 0.2 },
  ]);
  t.equal(all.others, 0);
  const one = await measure({ path: 'bytes_in/listener/web', ...range }, below(store, '2026-01-03T00:00:00Z'));
  t.same([one.total, one.groups], [2, undefined]);
});

t.test('more than a hundred groups are summed up', async (t) => {
  const store = storeOf(...Array.from({ length: 130 }, (_, number) => row('2026-01-02T10:00:00Z', number + 1, `a${number}`)));
  const { groups, others, total } = await measure({ path: 'inputs/account' }, below(store, '2026-01-02T11:00:00Z'));
  t.same([groups?.length, groups?.[0]], [100, { of: 'a129', total: 130, perMinute: 130 / 60 }]);
  t.equal(others, (30 * 31) / 2);
  t.equal(total, (130 * 131) / 2);
});

/** A session of these bounds; `ended` undefined: it goes on. */
const session = (name: string, listener: string, accounts: readonly string[], started: string, ended?: string): SessionSummary => ({
  ...{ session: name, listener, protocol: 'telnet', ip: null, port: null, account: accounts.at(-1) ?? null, accounts, character: null },
  ...{ started: at(started), ended: ended === undefined ? null : at(ended), inputs: 0, outputs: 0, bytesIn: 0, bytesOut: 0, masked: 0 },
  ...{ gaps: 0, faults: 0, reason: null, by: null, exit: null, firstId: '', lastId: '' },
});

t.test('sessions count once in each span in which they went on', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1));
  store.listed = [
    session('a', 'game', ['bob'], '2026-01-02T10:00:30Z', '2026-01-02T11:00:30Z'),
    session('b', 'game', ['bob', 'eve'], '2026-01-02T10:58:00Z', '2026-01-02T10:58:30Z'),
    session('c', 'web', [], '2026-01-02T11:01:00Z'),
  ];
  const range = { seek: '2026-01-02T10:00:00Z', seekEnd: '2026-01-02T12:00:00Z' };
  const { total, hour, day, minute, averages, groups } = await measure({ path: 'sessions', ...range }, below(store, '2026-01-02T11:02:00Z'));
  t.same([total, groups], [3, undefined]);
  t.same(
    hour?.map(({ local, n, partial }) => [local, n, partial ?? false]),
    [
      ['2026-01-02T10:00:00+00:00', 2, false],
      ['2026-01-02T11:00:00+00:00', 2, true],
    ],
  );
  t.same(
    day?.map(({ n }) => n),
    [3],
  );
  t.same(
    minute?.slice(-5).map(({ n }) => n),
    [1, 2, 1, 1, 1],
    '10:57 to 11:01',
  );
  t.same(averages, { 1: 1, 5: 6 / 5, 15: 16 / 15 });
  const of = async (path: string) => {
    const metrics = await measure({ path, ...range, per: [] }, below(store, '2026-01-02T11:02:00Z'));
    return [metrics.total, metrics.groups?.map((group) => `${group.of} ${group.total}`)];
  };
  t.same(await of('sessions/listener'), [3, ['game 2', 'web 1']]);
  t.same(await of('sessions/account'), [3, ['bob 2', 'eve 1', 'null 1']]);
  t.same(await of('sessions/account/eve/listener'), [1, ['game 1']]);
});

t.test('spans that are too many are left out, or refused where they are asked for', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1));
  const year = { path: 'inputs', seek: '2026-01-01', seekEnd: '2026-12-31' };
  const { minute, hour, day } = await measure(year, below(store, '2027-01-01T00:00:00Z'));
  t.same([minute, hour, day?.length], [undefined, undefined, 364]);
  t.equal((await measure({ ...year, per: ['hour'] }, below(store, '2027-01-01T00:00:00Z'))).hour?.length, 364 * 24);
  await t.rejects(measure({ ...year, per: ['minute'] }, below(store, '2027-01-01T00:00:00Z')), {
    code: 'AUDIT_QUERY',
    message: "per: more than 10000 of 'minute'; ask for a shorter time, or longer spans",
  });
  t.equal((await measure({ path: 'inputs', seek: 0, seekEnd: 2 ** 48 - 1 }, below(store, '2027-01-01T00:00:00Z'))).total, 1);
});

t.test('refuses what it does not understand', async (t) => {
  for (const query of [
    { path: 'x' },
    { path: 'inputs', zone: 'Mars' },
    { path: 'inputs', seek: 'now' },
    { path: 'inputs', per: ['week' as 'day'] },
  ]) {
    t.throws(() => watchMetrics(query, below(storeOf(), '2026-01-01T00:00:00Z')), { code: 'AUDIT_QUERY' }, JSON.stringify(query));
    await t.rejects(measure(query, below(storeOf(), '2026-01-01T00:00:00Z')), { code: 'AUDIT_QUERY' });
  }
});

/** Watches with a clock that `step` moves, and gives totals as they were told. */
async function watched(query: MetricsQuery, store: MemoryStore, step: (round: number, stop: () => void) => number): Promise<number[]> {
  const stop = new AbortController();
  let round = 0;
  let now = at('2026-01-02T10:00:30Z');
  const wait = async () => {
    round += 1;
    now += step(round, () => stop.abort());
  };
  const totals: number[] = [];
  const seen = (one: Metrics) => totals.push(one.total);
  for await (const one of watchMetrics({ signal: stop.signal, ...query }, { ...below(store, ''), now: () => now, wait })) seen(one);
  return totals;
}

t.test('watching tells figures as they change, and only then', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1));
  const id = (number: number) => firstIdOf(at('2026-01-02T10:00:30Z') + number);
  const totals = await watched({ path: 'inputs' }, store, (round, stop) => {
    if (round === 2) store.add({ id: id(round), topic: 'session.output' });
    if (round === 4) {
      store.add({ id: id(round), topic: 'session.input' });
      store.counted.push(row('2026-01-02T10:00:00Z', 1));
    }
    if (round === 6) stop();
    return 1_000;
  });
  t.same(totals, [1, 2]);
});

t.test('watching tells of a minute that is over, and ends behind seekEnd', async (t) => {
  const store = storeOf(row('2026-01-02T10:00:00Z', 1));
  const totals = await watched({ path: 'inputs', seekEnd: '2026-01-02T10:02:00Z' }, store, () => 5_000);
  t.same(totals, [1, 1, 1], 'at once, at 10:01 and at 10:02');
});
