/** Chores of a running proxy: on its schedule, in its audit, in its figures. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { auditFiles, filesIn, folderOf, records, startProxy } from '../harness.js';
import { wirescribe, world } from '../redaction.js';
import { evenings, fill, linesIn } from '../stored.js';
import { until } from '../wait.js';

t.setTimeout(120_000);
process.env.TZ = 'UTC';

const DAY_MS = 86_400_000;

t.test('what is too old is archived and dropped at its time, while sessions go on', async (t) => {
  const folder = folderOf(t);
  const days = evenings(3, { first: '2025-01-30' });
  await fill(folder, days.flat());
  const { upstream, say } = await world(t);
  const clock = { now: Date.now() };
  const set = ['AUDIT_IN=True', "AUDIT_CALLBACK=['file', 'store']", "CHORES={'archive': {}}"];
  const { running, connect } = await startProxy(t, { upstream, set, folder }, { now: () => clock.now, choresMs: 20 });
  const socket = await connect();
  await say(socket, 'before');
  await until(() => existsSync(join(folder, 'audit/spool/chores')), 'the chores to be on the schedule');
  t.same(
    records(folder).filter(({ topic }) => topic.startsWith('access.')),
    [],
  );
  // The store is past its old days once it has something of today.
  await until(async () => (await linesIn(folder)).some((line) => line.includes('"text":"before"')), 'it to be stored');
  clock.now += DAY_MS;
  const said = () => records(folder).filter(({ topic }) => topic.startsWith('access.'));
  await until(() => said().length === 4, 'the chores to be done');
  await say(socket, 'behind');
  await until(async () => (await linesIn(folder)).some((line) => line.includes('"text":"behind"')), 'it to be stored');
  const count = days.flat().length;
  t.same(
    said().map(({ topic, data }) => [topic, data?.by, data?.records]),
    [
      ['access.export', 'the chore archive', null],
      ['access.export', 'the chore archive', count],
      ['access.drop', 'the chore retain', null],
      ['access.drop', 'the chore retain', count],
    ],
  );
  t.equal(filesIn(join(folder, 'audit/archive'), /^wirescribe-2025-(01-30|01-31|02-01)\.jsonl\.gz$/).length, 3);
  t.same(
    (await linesIn(folder)).filter((line) => line.includes('"node":"north"')),
    [],
  );
  t.match(await running.stats(), {
    chores: [
      { name: 'retain', at: '03:00', result: 'done', records: count },
      { name: 'archive', at: '02:00', result: 'done' },
    ],
  });
  t.match((await running.metrics()).text, /^wirescribe_chore_last_done\{chore="retain"\} 1$/m);
  t.match(await wirescribe(folder, ['prepare', '--spool']), { code: 0 });
  await running.stop();
  const stopped = JSON.parse((await wirescribe(folder, ['stats'])).out) as { chores: unknown };
  t.match(stopped.chores, [
    { name: 'retain', result: 'done', records: count },
    { name: 'archive' },
    { name: 'drop', lastAt: null },
    { name: 'redact' },
    { name: 'prepare', result: 'done', records: Number, runs: 1, recordsPerS: Number },
  ]);
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0);
});
