import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type ArchiveTask, archiveDays } from '../../src/chores/archive.js';
import { verifyFiles } from '../../src/view/verify.js';
import { strip } from '../evidence.js';
import { evenings, fill, linesIn, opened } from '../stored.js';

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);

/** A store of three evenings, from 2026-01-30 on, and its archive. */
async function world(t: Test, days = evenings(3)) {
  const folder = t.testdir();
  await fill(folder, days.flat());
  const dir = join(folder, 'archive');
  const store = await opened(folder);
  t.teardown(() => store.close());
  const archive = (more: Partial<ArchiveTask> = {}) =>
    archiveDays(store, { from: day('2026-01-30'), to: day('2026-02-02'), dir, name: 'mud-%Y-%m-%d', reset: false, ...more }, () => undefined);
  return { folder, dir, days, store, archive };
}

const textOf = (path: string): string => gunzipSync(readFileSync(path)).toString();
const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

t.test('each day is a file of its lines, byte for byte, that verify accepts', async (t) => {
  const { dir, days, folder, archive } = await world(t);
  const names = ['mud-2026-01-30.jsonl.gz', 'mud-2026-01-31.jsonl.gz', 'mud-2026-02-01.jsonl.gz'];
  const done = await archive();
  t.same(done, { records: days.flat().length, files: names.map((name) => join(dir, name)), dropped: 0 });
  t.same(readdirSync(dir).sort(), names);
  for (const [index, name] of names.entries()) t.equal(textOf(join(dir, name)), asText(days[index] ?? []), name);
  t.equal(statSync(join(dir, String(names[0]))).mode & 0o777, 0o600);
  t.equal(statSync(dir).mode & 0o777, 0o700);
  t.match(await verifyFiles(done.files), { ok: true, records: days.flat().length, parts: 0 });
  t.same(await linesIn(folder), days.flat(), 'the store has all of it still');
});

t.test('only the days that are meant, and what is archived is dropped where that is asked for', async (t) => {
  const { dir, days, folder, archive } = await world(t);
  const done = await archive({ from: day('2026-01-31'), to: day('2026-02-01'), reset: true });
  const count = days[1]?.length;
  t.same(done, { records: count, files: [join(dir, 'mud-2026-01-31.jsonl.gz')], dropped: count });
  t.same(await linesIn(folder), [days[0], days[2]].flat());
  t.match(await verifyFiles(done.files), { ok: true, records: count });
});

t.test('days of one name share a file', async (t) => {
  const { dir, days, archive } = await world(t);
  const done = await archive({ name: 'mud-%Y-%m' });
  t.same(done.files, [join(dir, 'mud-2026-01.jsonl.gz'), join(dir, 'mud-2026-02.jsonl.gz')]);
  t.equal(textOf(String(done.files[0])), asText([...(days[0] ?? []), ...(days[1] ?? [])]));
});

t.test('a file that holds the same is not written again; any other stays as it is, and a number is put behind the name', async (t) => {
  const { dir, days, folder, archive } = await world(t);
  const first = await archive();
  const before = statSync(join(dir, 'mud-2026-01-30.jsonl.gz'));
  t.same(await archive(), first);
  t.equal(statSync(join(dir, 'mud-2026-01-30.jsonl.gz')).ino, before.ino);
  writeFileSync(join(dir, 'mud-2026-01-31.jsonl.gz'), gzipSync('somebody else\n'));
  const again = await archive({ reset: true });
  t.same(
    again.files.map((path) => path.slice(dir.length + 1)),
    ['mud-2026-01-30.jsonl.gz', 'mud-2026-01-31.2.jsonl.gz', 'mud-2026-02-01.jsonl.gz'],
  );
  t.equal(textOf(join(dir, 'mud-2026-01-31.jsonl.gz')), 'somebody else\n');
  t.equal(textOf(join(dir, 'mud-2026-01-31.2.jsonl.gz')), asText(days[1] ?? []));
  t.same(await linesIn(folder), []);
});

t.test('a file that is cut off, or broken, is none that holds the same', async (t) => {
  const { dir, days, archive } = await world(t);
  mkdirSync(dir);
  const whole = gzipSync(asText(days[0] ?? []));
  writeFileSync(join(dir, 'mud-2026-01-30.jsonl.gz'), whole.subarray(0, whole.length - 9));
  writeFileSync(join(dir, 'mud-2026-01-30.2.jsonl.gz'), gzipSync(asText(days[0] ?? []).slice(0, -1)));
  writeFileSync(join(dir, 'mud-2026-01-30.3.jsonl.gz'), gzipSync(asText([...(days[0] ?? []), '{}'])));
  writeFileSync(join(dir, 'mud-2026-01-30.jsonl.gz.tmp'), 'left by a crash');
  const { files } = await archive({ to: day('2026-01-31') });
  t.same(files, [join(dir, 'mud-2026-01-30.4.jsonl.gz')]);
  t.notOk(readdirSync(dir).some((name) => name.endsWith('.tmp')));
});

t.test('a record that is damaged in the store stops it: its day and later ones stay, and what was archived before is done', async (t) => {
  const days = evenings(3);
  const [first = [], second = [], third = []] = days;
  const damaged = second.map((line, index) => (index === 2 ? line.replace('day 1 session 0 said 1', 'day 1 session 0 said 9') : line));
  const { dir, folder, archive } = await world(t, [first, damaged, third]);
  await t.rejects(archive({ reset: true }), {
    code: 'AUDIT_CHORE',
    message:
      '2026-01-31 has a record that is damaged in the store (number 3 of the day); that day and later ones were not archived, and nothing of them was dropped',
  });
  t.same(readdirSync(dir), ['mud-2026-01-30.jsonl.gz']);
  t.same(await linesIn(folder), [...damaged, ...third]);
});

t.test('a record of which a part was erased is archived as it is', async (t) => {
  const [first = []] = evenings(1);
  const erased = first.map((line, index) => (index === 2 ? strip(line, 'both') : line));
  const { archive } = await world(t, [erased]);
  const { files } = await archive();
  t.equal(textOf(String(files[0])), asText(erased));
});

t.test('a folder that cannot be written stops it before anything is dropped', async (t) => {
  const { dir, days, folder, archive } = await world(t);
  writeFileSync(dir, 'a file');
  await t.rejects(archive({ reset: true }), { code: 'AUDIT_CHORE', message: /^2026-01-30 cannot be archived \(E(EXIST|NOTDIR)\); that day/ });
  t.same(await linesIn(folder), days.flat());
});

t.test('a store without a record of these days gives no file', async (t) => {
  const { archive } = await world(t);
  t.same(await archive({ from: day('2026-03-01'), to: day('2026-04-01') }), { records: 0, files: [], dropped: 0 });
});
