/** `remove`: with the files of a real proxy, as an operator runs it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { GoingFile } from '../../src/spool/going.js';
import { filesIn, folderOf, startProxy } from '../harness.js';
import { said, wirescribe, world } from '../redaction.js';
import { linesIn } from '../stored.js';
import { until } from '../wait.js';

t.setTimeout(120_000);

const SET = [
  'AUDIT_IN=True',
  'AUDIT_OUT=True',
  "AUDIT_MASK_STYLE='tag'",
  "AUDIT_CALLBACK=[{'use': 'file', 'size': '4k'}, {'use': 'file', 'path': 'far/copy.log'}, 'store']",
];
const ours = (words: readonly string[]): string[] => ['remove', ...words, ...SET.flatMap((one) => ['--set', one])];

/** A proxy that has recorded something, and has a token and files that are not its own. */
async function recorded(t: Test) {
  const folder = folderOf(t);
  const { upstream, say } = await world(t);
  const { running, connect } = await startProxy(t, { upstream, set: SET, folder });
  const socket = await connect();
  for (const text of ['hello', 'and on', 'and out']) await say(socket, text);
  await said(folder, 'and out');
  await until(async () => (await linesIn(folder)).some((line) => line.includes('"text":"and out"')), 'the store');
  await wirescribe(folder, ['token', 'create', 'ops', '--role', 'operator']);
  return { folder, running };
}

/** All files below a folder, by their paths from there. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();

t.test('it refuses while a proxy runs; then it removes all that was written, and nothing else', async (t) => {
  const { folder, running } = await recorded(t);
  const refused = await wirescribe(folder, ours(['--yes']));
  t.match(refused, { code: 3, out: '', err: /^AUDIT_SPOOL_OWNED: another wirescribe uses the spool/ });
  await running.stop();
  mkdirSync(join(folder, 'audit/spool/mine'));
  for (const name of ['audit/audit.log.txt', 'audit/spool/mine/0001.jsonl', 'far/copy', 'notes']) writeFileSync(join(folder, name), 'mine');
  const before = filesBelow(folder);
  const done = await wirescribe(folder, ours(['--yes', '--json']));
  t.equal(done.code, 0, done.err);
  const report = JSON.parse(done.out) as { files: string[]; bytes: number; removed: boolean };
  const left = ['audit/audit.log.txt', 'audit/spool/mine/0001.jsonl', 'far/copy', 'notes'];
  t.same(filesBelow(folder), left);
  t.same(
    report.files.map((path) => path.slice(folder.length + 1)).sort(),
    before.filter((name) => !left.includes(name)),
  );
  t.ok(report.bytes > 1000);
  t.equal(report.removed, true);
});

t.test('where nothing else is there the folders go too, but never that of the configuration', async (t) => {
  const { folder, running } = await recorded(t);
  await running.stop();
  t.match(await wirescribe(folder, ours(['--yes'])), { code: 0, out: /^\d+ files, \d+ bytes; all of it was removed\n$/ });
  t.same(readdirSync(folder), []);
  t.match(await wirescribe(folder, ours(['--yes'])), { code: 1, out: 'there is nothing to remove\n' });
  t.same(readdirSync(folder), []);
});

t.test('it refuses while sessions go on in a process that has handed over: their records would have nowhere to go', async (t) => {
  const { folder, running } = await recorded(t);
  await running.stop();
  const going = new GoingFile(join(folder, 'audit/spool'), []);
  const refused = await wirescribe(folder, ours(['--yes']));
  t.equal(refused.code, 3);
  t.match(refused.err, `AUDIT_SPOOL_OWNED: sessions go on in process ${process.pid}, which has handed its spool over; stop it`);
  going.abandon();
  t.equal((await wirescribe(folder, ours(['--yes']))).code, 0, 'one that is dead holds nothing');
});

t.test('a dry run lists each file and removes none, also while a proxy runs; without a terminal nobody is asked', async (t) => {
  const { folder } = await recorded(t);
  const { code, out } = await wirescribe(folder, ours(['--dry-run']));
  t.equal(code, 0);
  for (const path of [...filesIn(join(folder, 'audit'), /\.log/), ...filesIn(join(folder, 'far'), /\.log/)]) t.ok(out.includes(`${path}\n`), path);
  for (const name of ['state', 'lock', 'tokens', 'tag.key', '0001.jsonl']) t.ok(out.includes(`${join(folder, 'audit/spool', name)}\n`), name);
  t.match(out, /\n\d+ files, \d+ bytes; nothing was removed\n$/);
  t.ok(existsSync(join(folder, 'audit/spool/0001.jsonl')));
  t.match(await wirescribe(folder, ours([])), { code: 2, err: 'AUDIT_USAGE: nobody can be asked here; say --yes to remove, or --dry-run to look\n' });
});

t.test('the archive goes only where that is asked for, and with it no other file', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'audit/archive'), { recursive: true });
  const names = ['mud-2026-01-31.jsonl.gz', 'mud-2026-01-31.2.jsonl.gz', 'mud-2026-01-30.jsonl.gz.tmp', 'mud-2026-01-31.log', 'muddle.jsonl.gz'];
  for (const name of names) writeFileSync(join(folder, 'audit/archive', name), '');
  const name = ['--set', "ARCHIVE_NAME='mud-%Y-%m-%d'"];
  t.match(await wirescribe(folder, ['remove', '--yes', ...name]), { code: 1 });
  t.equal(readdirSync(join(folder, 'audit/archive')).length, 5);
  t.match(await wirescribe(folder, ['remove', '--yes', '--archive', ...name]), { code: 0, out: '3 files, 0 bytes; all of it was removed\n' });
  t.same(readdirSync(join(folder, 'audit/archive')).sort(), ['mud-2026-01-31.log', 'muddle.jsonl.gz']);
});

t.test('what a crash left half made goes too', async (t) => {
  const folder = folderOf(t);
  for (const name of ['spool/cursors', 'store']) mkdirSync(join(folder, 'audit', name), { recursive: true });
  const names = [
    'audit/audit.2026-01-31.1.log.gz.tmp',
    'audit/spool/state.tmp',
    'audit/spool/cursors/file.json.worker.tmp',
    'audit/spool/0001.jsonl.redact.tmp',
    'audit/store/2026-01-31.db-wal',
  ];
  for (const name of names) writeFileSync(join(folder, name), 'half');
  t.match(await wirescribe(folder, ['remove', '--yes', ...SET.slice(-1).flatMap((one) => ['--set', one])]), {
    code: 0,
    out: '5 files, 20 bytes; all of it was removed\n',
  });
  t.same(readdirSync(folder), []);
});
