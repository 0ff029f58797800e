/** The store as it is read: beside who fills it, with STORE_INDEXES, and what is left of what was erased. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { openStore } from '../../../callbacks/store.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import type { FieldTest } from '../../../src/store-contract.js';
import { Dice, folderOf } from '../../harness.js';
import { pagesOf } from '../../store.suite.js';
import { Player, recordsOfLines } from '../../store-lines.js';
import { eveningLines, fill } from './said.js';

t.setTimeout(120_000);

const DAY = '2026-01-31.db';

t.test('follows a store that comes later, day by day, without gap or double', async (t) => {
  const folder = folderOf(t);
  const store = openStore({}, folder);
  t.same(await pagesOf(store, {}), []);
  const lines = eveningLines(2_000, 3);
  const dice = new Dice(5);
  const callback = await fill(folder);
  const seen: string[] = [];
  let after: string | undefined;
  for (let at = 0; at < lines.length; ) {
    const upTo = at + dice.between(1, 90);
    await callback.write(recordsOf(lines.slice(at, upTo).join('')));
    at = upTo;
    const more = await pagesOf(store, { limit: dice.between(1, 50), ...(after === undefined ? {} : { after }) });
    seen.push(...more);
    after = (JSON.parse(more.at(-1) as string) as { readonly id: string }).id;
    t.equal(await store.newest(), after);
  }
  await callback.close();
  t.same(
    seen,
    lines.map((line) => line.slice(0, -1)),
  );
});

t.test('a page takes no longer than some tenths of a second, and says where it goes on', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  const player = new Player(1, { account: 'alice' });
  const lines = Array.from({ length: 30_000 }, (_, index) =>
    player.says(new Date(Date.UTC(2026, 0, 31) + index * 1_000).toISOString(), index, `${index}`),
  );
  for (let at = 0; at < lines.length; at += 3_000) await callback.write(recordsOfLines(lines.slice(at, at + 3_000)));
  await callback.close();
  const store = openStore({}, folder);
  let pages = 0;
  for (let after: string | null | undefined; after !== null; pages++) {
    const page = await store.page({
      topics: [],
      order: 'asc',
      limit: 10,
      filters: [{ answered: true }],
      ...(after === undefined ? {} : { after }),
    });
    t.same(page.records, []);
    after = page.next;
  }
  t.ok(pages >= 1);
  const large = await store.page({ topics: [], order: 'asc', limit: 30_000, filters: [] });
  t.ok(large.records.length < 30_000, 'nor does it hold all there is');
  t.same(
    await pagesOf(store, { limit: 30_000, filters: [{ contains: '2999' }] }),
    lines.filter((line) => line.includes('"text":"2999') || line.includes('2999"}')),
  );
});

const geo = (number: number, country: string, as: number) =>
  new Player(1).says(`2026-01-31T12:00:0${number}.000Z`, number, 'look', { body: { custom: { geo: { country, as } } } });
const LINES = [geo(1, 'NO', 2116), geo(2, 'CH', 3303), geo(3, 'no', 13030), geo(4, 'CH', 559)];
const INDEXES = ['custom.geo.as', ['custom.geo.country', 'custom.geo.as']];

t.test('STORE_INDEXES are used for tests of their paths, from the day on that begins with them', async (t) => {
  const found = async (indexes: readonly unknown[], fields: readonly FieldTest[]): Promise<number[]> => {
    const folder = folderOf(t);
    const callback = await fill(folder, { indexes });
    await callback.write(recordsOfLines(LINES));
    await callback.close();
    return (await pagesOf(openStore({}, folder), { filters: [{ fields }] })).map((line) => LINES.indexOf(line) + 1);
  };
  const country = (value: string): FieldTest => ({ path: 'custom.geo.country', is: 'exact', value });
  const as = (is: FieldTest['is'], value: unknown): FieldTest => ({ path: 'custom.geo.as', is, value });
  t.same(await found(INDEXES, [as('exact', 559)]), [4]);
  t.same(await found(INDEXES, [as('exact', '559')]), [4]);
  t.same(await found(INDEXES, [as('in', [559, 2116])]), [1, 4]);
  t.same(await found(INDEXES, [as('gte', 3303)]), [2, 3]);
  t.same(await found(INDEXES, [as('lt', 600)]), [4]);
  t.same(await found(INDEXES.slice(1), [country('CH'), as('gt', 1_000)]), [2], 'joint');
  t.same(await found(INDEXES.slice(1), [country('CH')]), [1, 2, 3, 4], 'a joint one needs all its paths');
  t.same(await found(['custom.geo.country'], [{ path: 'custom.geo.country', is: 'startswith', value: 'c' }]), [2, 4]);
  t.same(await found([], [as('exact', 559)]), [1, 2, 3, 4], 'without one all are looked at by who asked');
});

t.test('of what was erased nothing is left in any page of any file, one or many at a time', async (t) => {
  for (const few of [true, false]) {
    const folder = folderOf(t);
    const lines = eveningLines(4_000, 9);
    const callback = await fill(folder, { indexes: ['data.new'] });
    for (let at = 0; at < lines.length; at += 100) await callback.write(recordsOf(lines.slice(at, at + 100).join('')));
    const records = lines.map((line) => JSON.parse(line) as { readonly [name: string]: string });
    const accounts = [...new Set(records.flatMap(({ account }) => account ?? []))];
    const forgotten = new Set(accounts.filter((_, index) => (few ? index === 4 : index % 2 === 0)));
    const sessions = new Set(records.filter(({ account = '' }) => forgotten.has(account)).map(({ session }) => session));
    const isGone = ({ session }: (typeof records)[number]): boolean => session !== undefined && sessions.has(session);
    const gone = new Set(records.filter(isGone).map(({ id = '' }) => id));
    const kept = records.filter((one) => !isGone(one)).map(({ ip = '' }) => ip);
    const traces = new Set(records.filter(isGone).flatMap(({ salt, who_salt, ip }) => [salt, who_salt, ip]));
    const erase = (line: Buffer): Buffer | undefined => {
      const text = line.toString();
      return gone.has(text.slice(17, 53)) ? Buffer.from(text.replace(/,"(who_)?salt":.*\}$/, '}')) : undefined;
    };
    const erased = await openStore({}, folder).erase(erase, () => undefined, few ? gone : undefined);
    t.ok(erased > 100 && erased === gone.size, `${erased} lines`);
    await callback.close();
    const store = join(folder, 'audit/store');
    for (const name of readdirSync(store)) {
      const bytes = readFileSync(join(store, name)).toString('latin1');
      const left = [...traces].filter((one) => one !== undefined && !kept.some((ip) => ip.startsWith(one)) && bytes.includes(one));
      t.same(left, [], `${name} holds no salt and no address of them`);
      const names = [...forgotten].filter((one) => bytes.includes(one) || bytes.includes(one.toLowerCase()));
      if (name === 'store.db') t.same(names, [], 'nor a name');
    }
    const left = lines.filter((line) => !gone.has(line.slice(17, 53))).map((line) => line.slice(0, -1));
    t.same(
      (await pagesOf(openStore({}, folder), {})).filter((line) => !gone.has(line.slice(17, 53))),
      left,
      'all others are as they were',
    );
  }
});

t.test('no three letters that stood in an erased text alone are left in the index of texts', async (t) => {
  for (const way of ['among', 'all', 'written'] as const) {
    const folder = folderOf(t);
    const callback = await fill(folder);
    const player = new Player(1, { account: 'alice' });
    const lines = [player.says('2026-01-31T12:00:00.000Z', 1, 'say hello'), player.says('2026-01-31T12:00:01.000Z', 2, 'xqzw')];
    for (const line of lines) await callback.write(recordsOfLines([line]));
    const without = (line: string): string => line.replace(/,"salt":.*\}(\n?)$/, '}$1');
    if (way === 'written') await callback.write(recordsOfLines([without(lines[1] ?? '')]));
    await callback.close();
    const erase = (line: Buffer): Buffer | undefined => (line.includes('xqzw') ? Buffer.from(without(line.toString())) : undefined);
    const ids = lines.map((line) => line.slice(17, 53));
    if (way !== 'written') t.equal(await openStore({}, folder).erase(erase, () => undefined, way === 'among' ? new Set(ids) : undefined), 1);
    const bytes = readdirSync(join(folder, 'audit/store')).map((name) => readFileSync(join(folder, 'audit/store', name), 'latin1'));
    t.notOk(bytes.some((one) => /xqz|qzw/.test(one)));
    const db = new Database(join(folder, 'audit/store', DAY));
    db.exec("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, 'text', 'row')");
    const terms = db.prepare('SELECT term FROM temp.vocabulary').pluck().all();
    db.close();
    t.ok(terms.includes('hel'));
    t.notOk(terms.includes('xqz') || terms.includes('qzw'));
  }
});

t.test('the file of a day is one that sqlite3 opens, and lines in it are JSON', async (t) => {
  const folder = folderOf(t);
  const callback = await fill(folder);
  await callback.write(recordsOfLines(LINES));
  await callback.close();
  const db = new Database(join(folder, 'audit/store', DAY), { readonly: true });
  t.same(db.prepare("SELECT json_extract(line, '$.custom.geo.as') FROM line").pluck().all(), [2116, 3303, 13030, 559]);
  t.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  db.close();
});
