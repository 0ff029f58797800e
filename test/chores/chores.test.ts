import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type ChoreFact, type ChoreGround, Chores } from '../../src/chores/chores.js';
import { readChores } from '../../src/spool/chore-runs.js';
import { folderOf } from '../harness.js';
import { evenings, fill, linesIn } from '../stored.js';
import { until } from '../wait.js';

process.env.TZ = 'UTC';

const at = (text: string): number => Date.parse(`${text}Z`);
const STORE = join(import.meta.dirname, '../../callbacks/store.js');
const nothing = (): void => undefined;

/** Chores of a store of evenings from 2026-01-30 on, with a clock that the test sets. */
async function world(t: Test, { days = evenings(4), ground = {} as Partial<ChoreGround>, folder = folderOf(t), durable = true } = {}) {
  if (days.length > 0) await fill(folder, days.flat());
  mkdirSync(join(folder, 'spool'), { recursive: true });
  const said: ChoreFact[] = [];
  const faults: string[] = [];
  const warned: string[] = [];
  const clock = { now: at('2026-02-07T12:00') };
  const chores = new Chores({
    ground: () => ({
      folder: join(folder, 'spool'),
      keepers: [{ name: 'store', module: STORE, options: {} }],
      configFolder: folder,
      chores: { retain: { at: { hour: 3, minute: 0 }, limitS: 7200 }, archive: { at: null, limitS: 7200, reset: false } },
      retentionDays: 7,
      archive: { dir: join(folder, 'archive'), name: 'mud-%Y-%m-%d' },
      ...ground,
    }),
    declare: async (fact) => {
      said.push(fact);
      return durable || new Promise(nothing);
    },
    fault: (code) => void faults.push(code),
    log: { info: nothing, warn: (message) => void warned.push(message) },
    now: () => clock.now,
  });
  t.teardown(() => chores.stop());
  const figures = (name: string) => chores.figures.find((one) => one.name === name);
  return { folder, days, chores, said, faults, warned, clock, figures };
}

const dropped = (to: string, records: number | null) => ({
  topic: 'access.drop',
  data: { by: 'the chore retain', from: null, to: `${to}T00:00:00Z`, keep_sessions: false, records },
});

t.test('retention drops at its time what is older than RETENTION_DAYS, and says so before and after', async (t) => {
  const { chores, clock, days, folder, said, figures } = await world(t);
  await chores.look();
  t.same(said, [], 'its time has not come since it was first looked at');
  clock.now = at('2026-02-08T02:59');
  await chores.look();
  t.same(said, []);
  clock.now = at('2026-02-08T03:00');
  await chores.look();
  const count = (days[0]?.length ?? 0) + (days[1]?.length ?? 0);
  t.same(said, [dropped('2026-02-01', null), dropped('2026-02-01', count)]);
  t.same(await linesIn(folder), [days[2], days[3]].flat());
  await chores.look();
  t.equal(said.length, 2, 'once a day');
  t.match(figures('retain'), {
    at: '03:00',
    lastAt: '2026-02-08T03:00:00.000Z',
    result: 'done',
    records: count,
    runs: 1,
    withinLimit: true,
    running: null,
  });
});

t.test('for ever is for ever, and no store is no fault', async (t) => {
  const forever = await world(t, { ground: { retentionDays: null } });
  await forever.chores.look();
  forever.clock.now = at('2030-01-01T00:00');
  await forever.chores.look();
  t.same(await linesIn(forever.folder), forever.days.flat());
  t.match(forever.figures('retain'), { at: null, lastAt: null });
  const none = await world(t, { days: [], ground: { keepers: [] } });
  await none.chores.look();
  none.clock.now = at('2030-01-01T00:00');
  await none.chores.look();
  t.same([none.said, none.faults, none.warned], [[], [], []]);
  t.match(none.figures('retain'), { at: '03:00', lastAt: null });
});

t.test('what was missed while nothing ran is made up for by the next one that runs', async (t) => {
  const first = await world(t);
  await first.chores.look();
  await first.chores.stop();
  const again = await world(t, { days: [], folder: first.folder });
  again.clock.now = at('2026-02-12T18:30');
  await again.chores.look();
  t.equal(again.said.length, 2);
  t.same(await linesIn(first.folder), []);
});

const ARCHIVED = { retain: { at: { hour: 3, minute: 0 }, limitS: 7200 }, archive: { at: { hour: 2, minute: 0 }, limitS: 7200, reset: false } };

t.test('the archive goes on from day to day, with days that are over, and retention waits for it', async (t) => {
  const { chores, clock, days, folder, said, figures, warned, faults } = await world(t, { ground: { chores: ARCHIVED } });
  writeFileSync(join(folder, 'archive'), 'in the way');
  await chores.look();
  clock.now = at('2026-02-11T04:00');
  await chores.look();
  t.same(faults, ['chore-failed']);
  t.match(warned, [/^AUDIT_CHORE: 2026-01-30 cannot be archived \(E.*\(the chore archive\); it is tried again at its next time$/]);
  t.same(await linesIn(folder), days.flat(), 'what is not archived is not dropped');
  rmSync(join(folder, 'archive'));
  said.length = 0;
  clock.now = at('2026-02-12T04:00');
  await chores.look();
  t.same(readdirSync(join(folder, 'archive')).sort(), ['mud-2026-01-30.jsonl.gz', 'mud-2026-01-31.jsonl.gz', 'mud-2026-02-01.jsonl.gz']);
  const count = days.slice(0, 3).flat().length;
  t.match(said, [
    { topic: 'access.export', data: { by: 'the chore archive', how: 'chore', method: 'archive', format: 'jsonl', records: null } },
    { topic: 'access.export', data: { from: '2026-01-30T00:00:00Z', to: '2026-02-02T00:00:00Z', records: count } },
    dropped('2026-02-02', null),
    dropped('2026-02-02', count),
  ]);
  t.equal(said[0]?.data.look, said[1]?.data.look);
  t.same(await linesIn(folder), days[3], 'the last day of the store may still grow');
  t.match(figures('archive'), { at: '02:00', result: 'done', records: count });
});

t.test('the archive drops what it has written where that is its order', async (t) => {
  const ground = { chores: { ...ARCHIVED, archive: { ...ARCHIVED.archive, reset: true } }, retentionDays: null };
  const { chores, clock, days, folder, said } = await world(t, { ground });
  await chores.look();
  clock.now = at('2026-02-11T02:00');
  await chores.look();
  t.same(await linesIn(folder), days[3]);
  t.same(
    said.map(({ topic, data }) => [topic, data.records]),
    [
      ['access.export', null],
      ['access.drop', null],
      ['access.export', days.slice(0, 3).flat().length],
      ['access.drop', days.slice(0, 3).flat().length],
    ],
  );
  await chores.stop();
  t.equal(readChores(join(folder, 'spool')).archivedTo, at('2026-02-02T00:00'));
});

t.test('a chore that takes longer than its limit is said once, goes on, and its figures say so', async (t) => {
  const late = { retain: { at: { hour: 3, minute: 0 }, limitS: 0 }, archive: { at: null, limitS: 0, reset: false } };
  const { chores, faults, warned, figures } = await world(t, { ground: { chores: late } });
  const done = await chores.archive({ from: null, to: null, reset: false, by: 'op' }, nothing);
  t.ok(done.records > 0);
  t.same(faults, ['chore-late']);
  t.match(warned, ['AUDIT_CHORE: the chore archive takes longer than its limit_s, 0 s; it goes on']);
  t.match(figures('archive'), { result: 'done', withinLimit: false });
});

t.test('days that RETENTION_DAYS keeps are dropped only where that is said', async (t) => {
  const { chores, days, folder, said, clock } = await world(t);
  clock.now = at('2026-02-08T12:00');
  const request = { from: null, to: at('2026-02-02T00:00'), keepSessions: false, recent: false, by: 'op' };
  await t.rejects(chores.drop(request, nothing), {
    code: 'AUDIT_USAGE',
    message: 'RETENTION_DAYS = 7 keeps some of these days; say --recent to drop them all the same',
  });
  await t.rejects(chores.drop({ ...request, to: null }, nothing), { code: 'AUDIT_USAGE' });
  t.same(said, []);
  t.same(await chores.drop({ ...request, to: at('2026-02-01T00:00') }, nothing), { records: days.slice(0, 2).flat().length });
  t.same(await chores.drop({ ...request, recent: true }, nothing), { records: days[2]?.length });
  t.same(await linesIn(folder), days[3]);
  t.match(said.at(-1), { topic: 'access.drop', data: { by: 'op', from: null, to: '2026-02-02T00:00:00Z', records: days[2]?.length } });
});

t.test('one at a time: what comes meanwhile waits, and whoever must not meet a chore cuts it off', async (t) => {
  const { chores, figures } = await world(t, { days: evenings(3, { sessions: 200, says: 20 }) });
  const archive = () => chores.archive({ from: null, to: null, reset: false, by: 'op' }, nothing);
  const first = archive();
  await until(() => figures('archive')?.running, 'the archive to begin');
  const drop = chores.drop({ from: null, to: at('2026-01-30T00:00'), keepSessions: false, recent: false, by: 'op' }, nothing);
  t.equal(figures('drop')?.running, null);
  let met: unknown = 'nobody';
  const alone = chores.without(async () => {
    met = figures('archive')?.running;
  });
  await t.rejects(first, { code: 'AUDIT_CHORE', message: /^interrupted by a stop or a redaction/ });
  await alone;
  t.equal(met, null);
  t.same(await drop, { records: 0 });
  t.match(figures('archive'), { result: 'interrupted', runs: 0 });
  t.ok((await archive()).records > 0, 'and run again it goes on');
});

t.test('one that waits for a disk that takes no record holds up nobody', async (t) => {
  const { chores, said, days, folder } = await world(t, { durable: false });
  const drop = chores.drop({ from: null, to: at('2026-01-31T00:00'), keepSessions: false, recent: true, by: 'op' }, nothing);
  await until(() => said.length > 0, 'it to be said');
  await Promise.all([t.rejects(drop, { code: 'AUDIT_CHORE' }), chores.without(async () => undefined)]);
  t.same(await linesIn(folder), days.flat(), 'nothing was dropped before it was said');
});

t.test('a stop cuts off what runs, and the next start does it', async (t) => {
  const days = evenings(3, { sessions: 200, says: 20 });
  const first = await world(t, { days, ground: { chores: ARCHIVED } });
  await first.chores.look();
  first.clock.now = at('2026-02-11T02:00');
  const looking = first.chores.look();
  await until(() => first.figures('archive')?.running, 'the archive to begin');
  await first.chores.stop();
  await looking;
  t.same(first.faults, []);
  t.match(first.figures('archive'), { result: 'interrupted' });
  const again = await world(t, { days: [], folder: first.folder, ground: { chores: ARCHIVED } });
  again.clock.now = at('2026-02-11T02:05');
  await again.chores.look();
  t.same(readdirSync(join(first.folder, 'archive')).sort(), ['mud-2026-01-30.jsonl.gz', 'mud-2026-01-31.jsonl.gz']);
  t.match(again.figures('archive'), { result: 'done', runs: 1 });
});
