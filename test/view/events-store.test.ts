/** What stands over a store, over the one that ships: any search gives what looking at every record gives, and followers meet a writer at work. */
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import open, { openStore } from '../../callbacks/store.js';
import { compileSearch } from '../../src/mask/search.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import type { Store } from '../../src/store-contract.js';
import { type Below, type EventsQuery, events, waitFor } from '../../src/view/events.js';
import { measure } from '../../src/view/metrics.js';
import { timeOf } from '../../src/view/seek.js';
import { Dice, folderOf } from '../harness.js';
import { type Made, makeQuery, makeRecords } from './random-records.js';

const contextOf = (folder: string) => ({
  name: 'store',
  node: 'north',
  folder,
  log: { info: () => undefined, warn: () => undefined },
  signal: new AbortController().signal,
});

const lineOf = (record: Made): string => `${JSON.stringify({ v: '1.0', time: '2026-01-30T12:00:00.000000Z', node: 'north', ...record })}\n`;

/** A store of these records, opened for reading. */
async function stored(t: Test, records: readonly Made[]): Promise<Store> {
  const folder = folderOf(t);
  const writer = await open({ indexes: ['data.path', 'custom.level'] }, contextOf(folder));
  for (let at = 0; at < records.length; at += 100)
    await writer.write(
      recordsOf(
        records
          .slice(at, at + 100)
          .map(lineOf)
          .join(''),
      ),
    );
  await writer.close();
  return reader(t, folder);
}

async function reader(t: Test, folder: string): Promise<Store> {
  const store = await openStore({}, folder);
  t.teardown(() => store.close());
  return store;
}

const below = (store: Store): Below => ({ store, compile: compileSearch, now: Date.now, wait: waitFor });

async function ids(query: EventsQuery, store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of events(query, below(store))) found.push(id);
  return found;
}

t.test('any search gives what looking at every record gives', async (t) => {
  const dice = new Dice(20_260_131);
  const all = makeRecords(dice, 500);
  const store = await stored(t, all);
  const wrong: unknown[] = [];
  let given = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    const { query, wanted } = makeQuery(dice, all);
    const found = await ids(query, store);
    given += wanted.length;
    if (String(found) !== String(wanted)) wrong.push({ turn, query, found: found.length, wanted: wanted.length });
  }
  t.same(wrong.slice(0, 3), []);
  t.ok(given > 3_000, 'the searches find something');
});

t.test('pages of any size give everything once', async (t) => {
  const dice = new Dice(7);
  const all = makeRecords(dice, 200);
  const store = await stored(t, all);
  for (let turn = 0; turn < 12; turn += 1) {
    const { query, wanted } = makeQuery(dice, all);
    const limit = 1 + turn * 3;
    const found: string[] = [];
    for (let page = ['']; page.length > 0; found.push(...page)) {
      const last = found.at(-1);
      page = await ids({ ...query, limit, ...(last === undefined ? {} : { after: last }) }, store);
    }
    t.same(found, wanted, JSON.stringify({ limit, query }));
  }
});

/** What one record adds to a figure. */
const ADDS: { readonly [counted: string]: (record: Made) => number } = {
  inputs: ({ topic }) => (topic === 'session.input' ? 1 : 0),
  bytes_out: ({ topic, bytes = 0 }) => (topic === 'session.output' ? bytes : 0),
  events: ({ event }) => (event === undefined ? 0 : 1),
  gaps: ({ topic }) => (topic === 'audit.gap' ? 1 : 0),
};

t.test('figures are the sums of the records, in all and in each span of any zone', async (t) => {
  const dice = new Dice(3);
  const all = makeRecords(dice, 600);
  const store = await stored(t, all);
  const minute = 60_000;
  for (let turn = 0; turn < 12; turn += 1) {
    const counted = ['inputs', 'bytes_out', 'events', 'gaps'][turn % 4] as string;
    const [path, of] = turn % 3 === 0 ? [`${counted}/listener/web`, 'web'] : [counted, undefined];
    const [first, second] = [dice.between(0, 599), dice.between(0, 599)].sort((a, b) => a - b) as [number, number];
    const [from, to] = [timeOf(all[first]?.id ?? ''), timeOf(all[second]?.id ?? '') + 30_000];
    const zone = ['UTC', 'Asia/Kathmandu', 'America/New_York'][turn % 3] as string;
    const inside = ({ id }: Made) => timeOf(id) >= Math.floor(from / minute) * minute && timeOf(id) < Math.ceil(to / minute) * minute;
    const wanted = all
      .filter((one) => inside(one) && (of === undefined || one.listener === of))
      .reduce((sum, one) => sum + (ADDS[counted]?.(one) ?? 0), 0);
    const metrics = await measure({ path, seek: from, seekEnd: to, zone, per: ['minute', 'hour', 'day'] }, below(store));
    const sums = (['minute', 'hour', 'day'] as const).map((unit) => (metrics[unit] ?? []).reduce((sum, { n }) => sum + n, 0));
    t.same([metrics.total, ...sums], [wanted, wanted, wanted, wanted], JSON.stringify({ path, zone, first, second }));
  }
  const { groups } = await measure({ path: 'inputs/listener' }, below(store));
  const inputsOf = (listener: string) => all.filter((one) => one.topic === 'session.input' && one.listener === listener).length;
  t.same(groups?.map(({ of, total }) => [of, total]).sort(), [
    ['game', inputsOf('game')],
    ['web', inputsOf('web')],
  ]);
});

/** Writes records one batch after the other, as fast as it can. */
const WRITER = `
import { parentPort, workerData } from 'node:worker_threads';
const { default: open } = await import(workerData.store);
const { recordsOf } = await import(workerData.records);
const context = { name: 'store', node: 'north', folder: workerData.folder, log: { info() {}, warn() {} }, signal: new AbortController().signal };
const writer = await open({}, context);
for (const batch of workerData.batches) {
  await writer.write(recordsOf(batch));
  parentPort.postMessage('written');
}
await writer.close();
`;

t.test('followers that start while another thread writes lose nothing and double nothing', async (t) => {
  const dice = new Dice(11);
  const all = makeRecords(dice, 6_000);
  const folder = folderOf(t);
  const batches: string[] = [];
  for (let at = 0; at < all.length; ) {
    const size = dice.between(1, 60);
    batches.push(
      all
        .slice(at, at + size)
        .map(lineOf)
        .join(''),
    );
    at += size;
  }
  const modules = {
    store: import.meta.resolve('../../callbacks/store.js'),
    records: import.meta.resolve('../../src/spool/delivery/audit-record.js'),
  };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WRITER)}`), { workerData: { ...modules, folder, batches } });
  const inputs = all.filter(({ topic }) => topic === 'session.input').map(({ id }) => id);
  const bobs = all.filter(({ account }) => account?.toLowerCase() === 'bob').map(({ id }) => id);
  const followers: Promise<readonly [readonly string[], readonly string[]]>[] = [];
  const follow = async (query: EventsQuery, wanted: readonly string[]) => {
    const store = await reader(t, folder);
    return [await ids({ ...query, follow: true, limit: wanted.length }, store), wanted] as const;
  };
  let written = 0;
  worker.on('message', () => {
    written += 1;
    if (written % 25 !== 1 || followers.length >= 8) return;
    const [query, wanted] = followers.length % 2 === 0 ? [{ topics: ['session.input'] }, inputs] : [{ filter: 'account=bob' }, bobs];
    followers.push(follow(query, wanted));
  });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  t.equal(followers.length, 8);
  for (const [found, wanted] of await Promise.all(followers)) t.same(found, wanted);
});
