/** `prepare`: the store as it grew can be made anew from files and from the journal, also while the proxy fills it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { openStore } from '../../callbacks/store.js';
import { FillProgress } from '../../src/commands/fill-progress.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { segmentPath } from '../../src/spool/segments.js';
import type { Store } from '../../src/store-contract.js';
import { eveningLines, fill, saidBy } from '../callbacks/store/said.js';
import { folderOf } from '../harness.js';
import { wirescribe } from '../redaction.js';
import { pagesOf } from '../store.suite.js';

t.setTimeout(120_000);

const LINES = eveningLines(3_000, 7);
const STORE = ['--set', "AUDIT_CALLBACK='store'", '--set', 'AUDIT_MASK_PACKS=[]'];
const prepare = (folder: string, ...words: readonly string[]) => wirescribe(folder, ['prepare', ...STORE, ...words]);
const reader = (folder: string): Store => openStore({}, folder);

/** A store as it grew. */
async function grown(t: Test) {
  const folder = folderOf(t);
  const callback = await fill(folder);
  for (let at = 0; at < LINES.length; at += 170) await callback.write(recordsOf(LINES.slice(at, at + 170).join('')));
  await callback.close();
  return saidBy(folder);
}

/** The evening in files that lie over one another: plain, packed, and a piece that comes twice. */
function filesIn(folder: string): readonly string[] {
  const [even, odd] = [LINES.filter((_, index) => index % 2 === 0), LINES.filter((_, index) => index % 2 === 1)];
  writeFileSync(join(folder, 'odd.log'), odd.join(''));
  writeFileSync(join(folder, 'even.2.log.gz'), Buffer.concat([gzipSync(even.slice(900, 1_000).join('')), gzipSync(even.slice(1_000).join(''))]));
  writeFileSync(join(folder, 'even.1.log'), even.slice(0, 950).join(''));
  return ['odd.log', 'even.2.log.gz', 'even.1.log'];
}

t.test('a store made anew from files says just what the one says that grew', async (t) => {
  const folder = t.testdir();
  const files = filesIn(folder);
  const first = await prepare(folder, '--from', ...files, '--json');
  t.equal(first.err, '');
  t.same(JSON.parse(first.out), { records: LINES.length + 50, new: LINES.length, unread: 0 });
  t.same(await saidBy(folder), await grown(t));
  t.same(await prepare(folder, '--from', ...files), { code: 0, out: `${LINES.length + 50} records read, 0 of them new\n`, err: '' });
});

t.test('from the journal too, while its last line is being written; and what is no record is counted', async (t) => {
  const folder = t.testdir();
  const spool = join(folder, 'audit/spool');
  mkdirSync(spool, { recursive: true });
  writeFileSync(segmentPath(spool, 1), `${LINES.slice(0, 2_000).join('')}{"v":"1.0","id":"nonsense"}\nnothing\n`);
  writeFileSync(segmentPath(spool, 2), LINES.join('').slice(LINES.slice(0, 2_000).join('').length, -40));
  const { code, out, err } = await prepare(folder, '--spool');
  t.match(
    out,
    `${LINES.length - 1} records read, ${LINES.length - 1} of them new\n2 lines are no records, or damaged, and were left out; \`verify\` shows where\n`,
  );
  t.same([code, err], [0, '']);
  t.same(
    await pagesOf(reader(folder), {}),
    LINES.slice(0, -1).map((line) => line.slice(0, -1)),
  );
});

t.test('how long it took is kept for stats, where nobody owns the spool too', async (t) => {
  const folder = t.testdir({ audit: { spool: {} } });
  const files = filesIn(folder);
  t.equal((await prepare(folder, '--from', ...files)).code, 0);
  writeFileSync(join(folder, 'nothing.log'), 'nothing\n');
  t.equal((await prepare(folder, '--from', 'nothing.log')).code, 1);
  const { chores } = JSON.parse((await wirescribe(folder, ['stats', ...STORE])).out) as { readonly chores: readonly { readonly name: string }[] };
  const run = chores.find(({ name }) => name === 'prepare');
  t.match(run, { result: 'done', records: 0, lastS: Number, minS: Number, averageS: Number, maxS: Number, runs: 2, recordsPerS: Number });
});

t.test('while another fills the same store: both take turns, and nothing is missing or there twice', async (t) => {
  const folder = t.testdir();
  const files = filesIn(folder);
  const callback = await fill(folder);
  const preparing = prepare(folder, '--from', ...files, '--json');
  let done = false;
  void preparing.then(() => {
    done = true;
  });
  let wrote = 0;
  for (let at = 0; at < LINES.length || !done; at += 20) {
    await callback.write(recordsOf(LINES.slice(at % LINES.length, (at % LINES.length) + 20).join('')));
    await new Promise((resolve) => setImmediate(resolve));
    wrote++;
  }
  const { code, err } = await preparing;
  t.same([code, err], [0, '']);
  t.ok(wrote >= LINES.length / 20);
  await callback.close();
  t.same(await saidBy(folder), await grown(t));
});

t.test('creates an empty store where there is nothing to fill it from, and says what it does not understand', async (t) => {
  const folder = t.testdir({ 'none.log': 'nothing\n' });
  t.same(await prepare(folder), { code: 0, out: '0 records read, 0 of them new\n', err: '' });
  t.ok(readFileSync(join(folder, 'audit/store/store.db')).length > 0);
  t.match(await prepare(folder, '--from', 'none.log'), { code: 1, out: /^0 records read, 0 of them new\n1 lines/ });
  t.match(await prepare(folder, 'none.log'), { code: 2, err: "AUDIT_USAGE: 'prepare' wants --from in front of files" });
  t.match(await prepare(folder, '--spool', '--from', 'none.log'), { code: 2, err: /^AUDIT_USAGE: 'prepare' wants either/ });
  t.match(await prepare(folder, '--from', 'gone.log'), { code: 2, err: /^AUDIT_VERIFY_INPUT: gone.log cannot be read \(ENOENT\)/ });
  const none = await wirescribe(folder, ['prepare', '--set', "AUDIT_CALLBACK='file'", '--set', 'AUDIT_MASK_PACKS=[]']);
  t.match(none, { code: 2, err: /^AUDIT_STORE_NONE: no callback keeps records/ });
});

t.test('draws a bar on a terminal, some times a second, and nothing elsewhere', async (t) => {
  const shown: string[] = [];
  let now = 0;
  const terminal = (isTTY: boolean) => ({ isTTY, write: (text: string) => shown.push(text) > 0 }) as ConstructorParameters<typeof FillProgress>[0];
  const progress = new FillProgress(terminal(true), 1_000, () => now);
  progress.read(100, 5);
  t.same(shown, []);
  now = 300;
  progress.read(400, 60);
  progress.read(100, 70);
  progress.clear();
  progress.clear();
  t.same(shown, [`\r\x1b[K[${'#'.repeat(20)}${'.'.repeat(20)}]  50 %  60 records`, '\r\x1b[K']);
  const quiet = new FillProgress(terminal(false), 1_000, () => now);
  now = 900;
  quiet.read(1_000, 9);
  quiet.clear();
  t.equal(shown.length, 2);
});
