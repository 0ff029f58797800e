/** `drop` as an operator runs it: alone, and beside a proxy that writes the store while others read it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { auditFiles, folderOf, records, startProgram } from '../harness.js';
import { start, wirescribe, world } from '../redaction.js';
import { evenings, fill, linesIn, opened } from '../stored.js';
import { until } from '../wait.js';

t.setTimeout(240_000);

const SET = ['AUDIT_IN=True', "AUDIT_CALLBACK=['file', 'store']"];
const words = (...line: string[]): string[] => [...line, ...SET.flatMap((one) => ['--set', one])];
const drop = (folder: string, ...more: string[]) => wirescribe(folder, words('drop', ...more));

/** What was said of drops: by whom, and how many. */
const drops = (folder: string) => records(folder).flatMap(({ topic, data }) => (topic === 'access.drop' ? [data] : []));

async function stored(t: Test, days = evenings(3)) {
  const folder = folderOf(t);
  await fill(folder, days.flat());
  return { folder, days };
}

t.test('beside a proxy that writes: old days go, who reads goes on, and nothing that comes is lost', async (t) => {
  const { folder, days } = await stored(t, evenings(3, { sessions: 20, says: 20 }));
  const { upstream, say } = await world(t);
  const program = await startProgram(t, { upstream, set: SET, folder });
  const socket = await program.connect();
  const store = await opened(folder);
  t.teardown(() => store.close());
  const query = { topics: ['session.input'], order: 'asc', filters: [], limit: 50 } as const;
  const page = await store.page(query);
  const stop = new AbortController();
  let spoken = 0;
  const speaking = (async () => {
    while (!stop.signal.aborted) await say(socket, `line ${++spoken}`);
  })();
  const done = await drop(folder, '-', '2026-02-01', '--yes', '--recent', '--json');
  stop.abort();
  await speaking;
  const gone = [...(days[0] ?? []), ...(days[1] ?? [])].length;
  t.same(done, { code: 0, out: `{"records":${gone}}\n`, err: '' });
  t.ok(page.next);
  const rest = await store.page({ ...query, after: String(page.next) });
  t.ok(
    rest.records.every(({ id }) => id > String(page.next)),
    'the page behind one of before',
  );
  await until(async () => (await linesIn(folder)).some((line) => line.includes(`"text":"line ${spoken}"`)), 'the last line to be stored');
  const left = await linesIn(folder);
  t.same(left.slice(0, days[2]?.length), days[2]);
  t.equal(left.filter((line) => line.includes('"text":"line ')).length, spoken);
  await until(() => drops(folder).length === 2, 'the records of it');
  const by = drops(folder)[0]?.by;
  const data = { by, from: null, to: '2026-02-01T00:00:00Z', keep_sessions: false };
  t.ok(typeof by === 'string' && by !== '');
  t.same(drops(folder), [
    { ...data, records: null },
    { ...data, records: gone },
  ]);
  const stats = JSON.parse((await wirescribe(folder, words('stats'))).out) as { chores: { name: string }[] };
  t.match(
    stats.chores.find(({ name }) => name === 'drop'),
    { result: 'done', records: gone, runs: 1 },
  );
  t.equal(await program.end(), 0);
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0);
});

t.test('where nobody runs it is done all the same, and said in the journal', async (t) => {
  const { folder, days } = await stored(t);
  t.match(await drop(folder, '2026-01-31', '2026-02-01', '--yes', '--recent'), {
    code: 0,
    out: `${days[1]?.length} records were dropped\n`,
    err: '',
  });
  t.same(await linesIn(folder), [days[0], days[2]].flat());
  t.match(await drop(folder, '2026-01-31', '2026-02-01', '--yes', '--recent'), { code: 1, out: '0 records were dropped\n' });
  t.equal((await wirescribe(folder, ['verify', '--spool', 'audit/spool'])).code, 0);
});

t.test('who was there when is kept where that is asked for', async (t) => {
  const { folder, days } = await stored(t);
  t.equal((await drop(folder, '-', '2026-01-31', '--yes', '--keep-sessions', '--recent')).code, 0);
  const left = await linesIn(folder);
  t.notOk(
    left.some((line) => line.includes('day 0')),
    'nothing that was said that day',
  );
  t.same(left.slice(-[days[1], days[2]].flat().length), [days[1], days[2]].flat());
  const store = await opened(folder);
  t.teardown(() => store.close());
  t.equal((await store.sessions({ order: 'asc', limit: 100 })).length, 6);
});

t.test('days that RETENTION_DAYS keeps are dropped only where that is said; words that are no days are refused', async (t) => {
  const { folder, days } = await stored(t);
  const forever = { code: 2, err: 'AUDIT_USAGE: RETENTION_DAYS = None keeps some of these days; say --recent to drop them all the same\n' };
  t.match(await drop(folder, '-', '2026-02-01', '--yes', '--set', 'RETENTION_DAYS=None'), forever);
  t.match(await drop(folder, '--yes'), { code: 2, err: /^AUDIT_USAGE: RETENTION_DAYS = 360 keeps some of these days/ });
  t.match(await drop(folder, '2026-01-31'), { code: 2, err: 'AUDIT_USAGE: nobody can be asked here; say --yes to drop\n' });
  t.match(await drop(folder, 'yesterday', '--yes'), { code: 2, err: /^AUDIT_USAGE: FROM and TO are days in UTC, such as 2026-01-31/ });
  t.match(await drop(folder, '2026-02-01', '2026-01-31', '--yes'), { code: 2, err: /^AUDIT_USAGE: FROM is the first day that is meant/ });
  t.match(await drop(folder, '2026-01-01', '2026-01-02', '2026-01-03'), { code: 2, err: /^AUDIT_USAGE: 'drop' wants two days at most/ });
  t.same(await linesIn(folder), days.flat());
  t.match(await wirescribe(folder, ['drop', '--yes', '--recent', '--set', "AUDIT_CALLBACK='file'"]), {
    code: 2,
    err: /^AUDIT_STORE_NONE: no callback keeps/,
  });
});

t.test('killed in its middle, the next one finishes, and no other day is touched', async (t) => {
  const { folder, days } = await stored(t, evenings(12, { sessions: 30, says: 30 }));
  const line = words('drop', '-', '2026-02-05', '--yes', '--recent');
  const killed = start(folder, line);
  const before = readdirSync(join(folder, 'audit/store')).length;
  await until(() => readdirSync(join(folder, 'audit/store')).length < before, 'the first day to go', 60_000);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const kept = days.slice(6).flat();
  t.same((await linesIn(folder)).slice(-kept.length), kept);
  const { code, err } = await wirescribe(folder, line);
  t.ok(code === 0 || code === 1, err);
  t.same(await linesIn(folder), kept);
});
