/** `archive` as an operator runs it: alone, beside a proxy, and killed in its middle. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { filesIn, folderOf, records, startProgram } from '../harness.js';
import { said, start, wirescribe, world } from '../redaction.js';
import { evenings, fill, linesIn } from '../stored.js';
import { until } from '../wait.js';

t.setTimeout(240_000);

const SET = ['AUDIT_IN=True', "AUDIT_CALLBACK=['file', 'store']"];
const words = (...line: string[]): string[] => [...line, ...SET.flatMap((one) => ['--set', one])];
const archived = (folder: string): string[] => filesIn(join(folder, 'audit/archive'), /\.jsonl\.gz$/);
const linesOf = (paths: readonly string[]): string[] => paths.flatMap((path) => gunzipSync(readFileSync(path)).toString().split('\n').slice(0, -1));

t.test('beside a proxy: days that are over are files that verify takes, and are dropped where that is asked for', async (t) => {
  const folder = folderOf(t);
  const days = evenings(2);
  await fill(folder, days.flat());
  const { upstream, say } = await world(t);
  const program = await startProgram(t, { upstream, set: SET, folder });
  const socket = await program.connect();
  await say(socket, 'today');
  await said(folder, 'today');
  await until(async () => (await linesIn(folder)).some((line) => line.includes('"text":"today"')), 'it to be stored');
  const done = await wirescribe(folder, words('archive', '--reset', '--yes', '--json'));
  t.equal(done.code, 0, done.err);
  t.same(JSON.parse(done.out), { records: days.flat().length, files: archived(folder), dropped: days.flat().length });
  t.same(linesOf(archived(folder)), days.flat());
  t.match(await wirescribe(folder, ['verify', ...archived(folder)]), { code: 0 });
  const left = await linesIn(folder);
  t.ok(left.length > 0 && left.every((line) => !line.includes('"node":"north"')), 'today is not over');
  await until(() => records(folder).filter(({ topic }) => topic.startsWith('access.')).length === 4, 'the records of it');
  t.match(
    records(folder).flatMap(({ topic, data }) => (topic.startsWith('access.') ? [[topic, data?.how, data?.records]] : [])),
    [
      ['access.export', 'command', null],
      ['access.drop', undefined, null],
      ['access.export', 'command', days.flat().length],
      ['access.drop', undefined, days.flat().length],
    ],
  );
  t.match(await wirescribe(folder, words('archive')), { code: 1, out: 'nothing was archived: the store has no day of that time that is over\n' });
  t.equal(await program.end(), 0);
});

t.test('where nobody runs the last day of the store is over too, and without --reset nobody is asked', async (t) => {
  const folder = folderOf(t);
  const days = evenings(2);
  await fill(folder, days.flat());
  const { code, out } = await wirescribe(folder, words('archive', '2026-01-31'));
  t.equal(code, 0);
  const [path = ''] = archived(folder);
  t.match(out, new RegExp(`^${path}\n${days[1]?.length} records of days before \\d{4}-\\d\\d-\\d\\d are archived and proven to be there\n$`));
  t.same(linesOf([path]), days[1]);
  t.same(await linesIn(folder), days.flat());
  t.match(await wirescribe(folder, words('archive', '--reset')), {
    code: 2,
    err: 'AUDIT_USAGE: nobody can be asked here; say --yes to archive and drop\n',
  });
});

t.test('killed in its middle nothing is lost that is not archived, and the next one finishes', async (t) => {
  const folder = folderOf(t);
  const days = evenings(6, { sessions: 40, says: 40 });
  await fill(folder, days.flat());
  const line = words('archive', '--reset', '--yes');
  for (let files = 0; files < 2; files++) {
    const killed = start(folder, line);
    const aside = () => existsSync(join(folder, 'audit/archive')) && readdirSync(join(folder, 'audit/archive')).some((name) => name.endsWith('.tmp'));
    await until(() => archived(folder).length > files && aside(), 'it to write the next file', 60_000);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const both = new Set([...linesOf(archived(folder)), ...(await linesIn(folder))]);
    t.same(
      days.flat().filter((one) => !both.has(one)),
      [],
      `what is in no file is in the store, killed at ${archived(folder).length} files`,
    );
  }
  const { code, err } = await wirescribe(folder, line);
  t.ok(code === 0, err);
  t.same(linesOf(archived(folder)), days.flat(), 'each record once');
  t.same(readdirSync(join(folder, 'audit/archive')).length, 6);
  t.same(await linesIn(folder), []);
  t.match(await wirescribe(folder, ['verify', ...archived(folder)]), { code: 0 });
});
