/** `redact` as an operator runs it: against the running program, against a spool that nobody owns, and after a crash in its middle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { requestOf } from '../src/commands/redact.js';
import { readCommandLine } from '../src/config/usage.js';
import { keepPending } from '../src/spool/redact-pending.js';
import type { RedactRequest, Selection } from '../src/spool/redact-select.js';
import {
  auditFiles,
  auditLines,
  filesIn,
  folderOf,
  type Program,
  recordThat,
  settingsOf,
  spoolLines,
  startProgram,
  startProxy,
  startServer,
  type Written,
  records as written,
} from './harness.js';
import { until } from './wait.js';

const CLI = join(import.meta.dirname, '../src/cli.js');
const SECRET = 'the hare under the third stone';
const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK=[{'use': 'file', 'size': '20k'}, {'use': 'file', 'path': 'second/copy.log'}]"];

t.setTimeout(120_000);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(folder: string, words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text.out += more;
  });
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text.err += more;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...text })) };
}

const wirescribe = (folder: string, words: readonly string[]): Promise<Ran> => start(folder, words).ended;
const withSet = (upstream: string): string[] => settingsOf({ upstream, set: SET }).flatMap((one) => ['--set', one]);

/** Every file below a folder, unpacked where it is packed, as one text. */
function everything(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString('latin1'))
    .join('\n');
}

/** A server that answers each line, and a client that waits for its answer. */
async function world(t: Test) {
  const upstream = await startServer(t, (socket) => socket.on('data', (bytes: Buffer) => socket.write(`You said: ${bytes}`)));
  const say = async (socket: Socket, text: string): Promise<void> => {
    let heard = '';
    const answered = new Promise<void>((resolve) => {
      const hear = (bytes: Buffer) => {
        heard += bytes;
        if (!heard.endsWith('\n')) return;
        socket.off('data', hear);
        resolve();
      };
      socket.on('data', hear);
    });
    socket.write(`${text}\r\n`);
    await answered;
  };
  return { upstream, say };
}

const records = written as (folder: string) => (Written & { readonly digest: readonly string[] })[];
const said = (folder: string, text: string) => recordThat(folder, (record) => record.text === text, `the record of ${JSON.stringify(text)}`, 60_000);
const redactions = (folder: string) => records(folder).filter(({ topic }) => topic === 'access.redact');

t.test('while the proxy runs: nothing is left of it in any file, sessions and delivery go on, and the chain holds', async (t) => {
  const { upstream, say } = await world(t);
  const program = await startProgram(t, { upstream, set: SET });
  const { folder } = program;
  const socket = await program.connect();
  // Enough to roll the first callback's file several times.
  for (let number = 0; number < 40; number++) await say(socket, `word ${number}`);
  await say(socket, SECRET);
  for (let number = 40; number < 80; number++) await say(socket, `word ${number}`);
  await said(folder, 'word 79');
  await until(() => everything(folder).includes(SECRET), 'the secret to be in the files');
  const ran = await wirescribe(folder, [
    'redact',
    ...withSet(upstream),
    '--pattern',
    'HARE under',
    '--part',
    'body',
    '--why',
    'asked',
    '--by',
    'the keeper',
    '--yes',
    '--json',
  ]);
  t.equal(ran.err, '');
  t.equal(ran.code, 0);
  const report = JSON.parse(ran.out);
  t.ok(report.records >= 2, 'what was typed, and what it was answered');
  t.ok(report.lines >= 2 * report.records, 'in both callbacks files');
  await say(socket, 'word 80');
  await said(folder, 'word 80');
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction in the audit files');
  t.notMatch(everything(folder), SECRET, 'no file of ours holds it');
  const [begin, end] = redactions(folder);
  t.match(begin?.data, { request: report.request, part: 'body', by: 'the keeper', why: 'asked', done: false });
  t.equal((begin?.data?.hashes as string[] | undefined)?.length, report.records);
  t.match(end?.data, { request: report.request, records: report.records, done: true });
  socket.destroy();
  await program.end();
  const ids = records(folder).map(({ id }) => id);
  t.same(new Set(ids).size, new Set(auditLines(folder)).size, 'what came twice came with the same bytes');
  for (let number = 0; number <= 80; number++)
    t.ok(
      records(folder).some(({ text }) => text === `word ${number}`),
      `word ${number}`,
    );
  const verified = await wirescribe(folder, ['verify', '--json', ...auditFiles(folder)]);
  t.equal(verified.code, 0, verified.out);
  t.equal((await wirescribe(folder, ['verify', '--spool', 'audit/spool'])).code, 0);
});

t.test('where nobody runs it is done as well, and the next start tells the callbacks of it', async (t) => {
  const { upstream, say } = await world(t);
  const folder = folderOf(t);
  const program = await startProgram(t, { upstream, set: SET, folder });
  const socket = await program.connect();
  for (const text of ['hello', SECRET, 'and on']) await say(socket, text);
  await said(folder, SECRET);
  const session = records(folder).find(({ text }) => text === SECRET)?.session ?? '';
  socket.destroy();
  await program.end();
  const words = ['redact', ...withSet(upstream), '--session', session, '--why', 'asked'];
  const counted = await wirescribe(folder, [...words, '--dry-run']);
  t.match(counted, { code: 0, out: /^[1-9]\d* records are meant; nothing was erased\n$/ });
  t.match(everything(folder), SECRET);
  t.match(await wirescribe(folder, words), { code: 2, err: /^AUDIT_USAGE: nobody can be asked here; say --yes/ }, 'nobody is there to say yes');
  const ran = await wirescribe(folder, [...words, '--yes']);
  t.match(ran, { code: 0, out: /^erased who and body of \d+ records/ });
  t.notMatch(everything(folder), SECRET);
  t.notMatch(everything(folder), '"ip"');
  t.equal(redactions(folder).length, 0, 'nothing was delivered');
  const again = await startProgram(t, { upstream, set: SET, folder });
  await until(() => redactions(folder).length === 2, 'the redaction to be delivered');
  await again.end();
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0);
  t.match(
    await wirescribe(folder, [...words, '--yes']),
    { code: 1, out: 'no record is meant; nothing was erased\n' },
    'what is gone is not meant again',
  );
});

t.test('what a crash cut off is finished by the next start', async (t) => {
  const { upstream, say } = await world(t);
  const folder = folderOf(t);
  const program = await startProgram(t, { upstream, set: SET, folder });
  const socket = await program.connect();
  for (const text of ['hello', SECRET, 'and on', 'and out']) await say(socket, text);
  await said(folder, 'and on');
  const meant = records(folder).filter(({ text }) => text?.includes(SECRET));
  await program.end('SIGKILL');
  const [hashes, ids] = (['hash', 'id'] as const).map((by) => new Map(meant.map((record) => [record[by], 'body' as const])));
  keepPending(join(folder, 'audit/spool'), { request: 'r-1', by: 'op', why: 'asked', files: [], selection: { hashes, ids } as Selection });
  const again = await startProgram(t, { upstream, set: SET, folder });
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction');
  t.notMatch(everything(folder), SECRET);
  await again.end();
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0);
});

t.test('killed at any moment of it, it is finished by the next start, or was never begun; nothing is lost', async (t) => {
  const { upstream, say } = await world(t);
  const folder = folderOf(t);
  let program: Program = await startProgram(t, { upstream, set: SET, folder });
  for (let round = 0; round < 3; round++) {
    const socket = await program.connect();
    for (let number = 0; number < 10; number++) await say(socket, `round ${round} word ${number} ${SECRET}`);
    await said(folder, `round ${round} word 9 ${SECRET}`);
    const ran = start(folder, ['redact', ...withSet(upstream), '--pattern', `round ${round} word \\d ${SECRET}`, '--why', 'asked', '--yes']);
    const pending = join(folder, 'audit/spool/redact.json');
    const begun = () => statSync(pending, { throwIfNoEntry: false }) !== undefined;
    // The moments: the records are chosen (0, 1), or it is told of in the files (2 may find it over).
    if (round < 2) await Promise.race([until(begun, 'the redaction to begin', 60_000), ran.ended]);
    else await until(() => redactions(folder).some(({ data }) => data?.done === false) || begun(), 'a redaction', 60_000);
    await program.end('SIGKILL');
    await ran.ended;
    program = await startProgram(t, { upstream, set: SET, folder });
    await until(() => !begun(), 'nothing to be left undone', 60_000);
    const left = await wirescribe(folder, [
      'redact',
      ...withSet(upstream),
      '--pattern',
      `round ${round} word \\d ${SECRET}`,
      '--why',
      'asked',
      '--yes',
    ]);
    t.ok(left.code === 0 || left.code === 1, left.err);
    await until(() => !everything(folder).includes(`round ${round} word`), 'all of it to be gone');
    socket.destroy();
  }
  await program.end();
  t.equal((await wirescribe(folder, ['verify', '--json', ...auditFiles(folder)])).code, 0);
  t.equal((await wirescribe(folder, ['verify', '--spool', 'audit/spool'])).code, 0);
});

/** A proxy in this process that has recorded something, and is asked to erase. */
async function spoken(t: Test, texts: readonly string[], set: readonly string[] = SET, folder = folderOf(t)) {
  const { upstream, say } = await world(t);
  const proxy = await startProxy(t, { upstream, set, folder });
  const socket = await proxy.connect();
  for (const text of ['hello', ...texts, 'and on', 'and out']) await say(socket, text);
  await said(folder, 'and on');
  const redact = (more: Partial<RedactRequest>, look = false) =>
    proxy.running.redact({ part: 'body', by: 'op', why: 'asked', ...more }, look, () => undefined);
  return { ...proxy, upstream, socket, say: (text: string) => say(socket, text), redact };
}

const holdsUp = async (t: Test, folder: string): Promise<void> => {
  t.equal((await wirescribe(folder, ['verify', ...auditFiles(folder)])).code, 0, 'the files');
  t.equal((await wirescribe(folder, ['verify', '--spool', 'audit/spool'])).code, 0, 'the spool');
};

t.test('who is gone is not told by what comes: the session goes on under a new digest', async (t) => {
  const { folder, running, say, redact } = await spoken(t, ['one']);
  const before = new Set(records(folder).flatMap(({ session, digest }) => (session ? [digest[0]] : [])));
  t.equal(before.size, 1);
  await redact({ part: 'who', pattern: '127.0.0.1' });
  for (const text of ['two', 'three']) await say(text);
  await said(folder, 'two');
  await until(() => redactions(folder).length === 2, 'the redaction to be delivered');
  const after = records(folder).filter(({ text }) => text === 'two');
  t.ok(after[0]?.digest[0] && !before.has(after[0].digest[0]));
  await running.stop();
  for (const { session, digest, ...record } of records(folder)) if (session && before.has(digest[0])) t.notOk('ip' in record);
  await holdsUp(t, folder);
});

t.test('proof is not erased, whatever is asked for', async (t) => {
  const { folder, running, redact } = await spoken(t, ['one']);
  await redact({ pattern: 'one', why: 'the reason' });
  const all = await redact({ part: 'both', from: '2000-01-01' });
  t.ok(all.records > 4);
  t.equal((await redact({ pattern: 'reason|asked' })).records, 0);
  await until(() => redactions(folder).filter(({ data }) => data?.done === true).length === 2, 'both redactions to be delivered');
  await running.stop();
  t.match(redactions(folder)[0]?.data, { why: 'the reason' });
  t.same(
    records(folder).filter(({ session, text }) => session && text),
    [],
  );
  await holdsUp(t, folder);
});

t.test('counting stops nobody, and two that ask at once get their turns', async (t) => {
  const { folder, running, redact } = await spoken(t, [SECRET, 'another word']);
  const [callback] = running.callbacks;
  const { records: meant } = await redact({ pattern: 'hare under' }, true);
  t.ok(meant >= 2);
  t.equal(running.callbacks[0], callback, 'its thread goes on');
  const both = await Promise.all([redact({ pattern: 'hare under' }), redact({ pattern: 'another word' }), redact({ pattern: 'hare under' })]);
  t.same(
    both.map(({ records }) => records > 0),
    [true, true, false],
  );
  t.notMatch(everything(folder), /hare under|another word/);
  t.match(await running.stats(), { redaction: null, callbacks: [{ name: 'file' }, { name: /^file/ }] });
});

t.test('a place that cannot be written leaves it undone; the next one goes on with it', async (t) => {
  const { folder, redact, logged } = await spoken(t, [SECRET]);
  const inTheWay = `${auditFiles(folder)[0]}.redact.tmp`;
  mkdirSync(inTheWay);
  await t.rejects(redact({ pattern: 'hare under' }), {
    code: 'AUDIT_REDACT',
    message: /audit.*log\.redact\.tmp? .*or start the proxy anew|cannot read or rewrite/,
  });
  t.match(everything(folder), SECRET);
  await said(folder, 'and out');
  rmdirSync(inTheWay);
  t.equal((await redact({ pattern: 'no such word' })).records, 0);
  t.notMatch(everything(folder), SECRET);
  t.same(logged, []);
});

t.test('a file that cannot be read stops it before anything is erased', async (t) => {
  const { folder, redact } = await spoken(t, [SECRET]);
  writeFileSync(join(folder, 'audit/audit.2020-01-01.1.log.gz'), gzipSync(SECRET).subarray(0, 20));
  await t.rejects(redact({ pattern: 'hare under' }), { code: 'AUDIT_REDACT', message: /2020-01-01\.1\.log\.gz \(Z_BUF_ERROR\); nothing was erased/ });
  t.notMatch(spoolLines(folder).join(), 'access.redact');
});

t.test('stopped in its middle it is done, or left to the next start; what was recorded meanwhile is delivered', async (t) => {
  const { folder, running, redact, upstream } = await spoken(t, [SECRET], [...SET, 'DRAIN_TIMEOUT_S=0']);
  const asked = redact({ pattern: 'hare under' }).then(
    () => 'done',
    ({ code }) => code,
  );
  await until(() => statSync(join(folder, 'audit/spool/redact.json'), { throwIfNoEntry: false }), 'it to have begun');
  await running.stop();
  t.match(await asked, /^(done|AUDIT_REDACT|AUDIT_SPOOL)$/);
  const again = await startProxy(t, { upstream, set: SET, folder });
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction');
  await said(folder, 'and out');
  t.notMatch(everything(folder), SECRET);
  await again.running.stop();
  await holdsUp(t, folder);
});

t.test('an audit thread that ends in its middle is started again, held as before, and it goes on', async (t) => {
  const { folder, running, redact } = await spoken(t, [SECRET]);
  const asked = redact({ pattern: 'hare under' });
  await until(() => statSync(join(folder, 'audit/spool/redact.json'), { throwIfNoEntry: false }), 'it to have begun');
  await running.auditThread?.terminate();
  t.ok((await asked).records >= 2);
  await until(() => redactions(folder).some(({ data }) => data?.done === true), 'the end of the redaction');
  t.notMatch(everything(folder), SECRET);
  await running.stop();
  await holdsUp(t, folder);
});

t.test('files in another form, and those that nobody keeps any more, hold nothing of it either', async (t) => {
  const forms =
    "AUDIT_CALLBACK=['file', {'use': 'file', 'name': 'e', 'path': 'e/e.log', 'format': 'ecs'}, {'use': 'file', 'name': 'f', 'path': 'f/f.log', 'fields': ['text']}]";
  const first = await spoken(t, [SECRET], ['AUDIT_IN=True', 'AUDIT_OUT=True', forms]);
  const { folder } = first;
  await until(() => everything(join(folder, 'e')).includes('and on') && everything(join(folder, 'f')).includes('and on'), 'all callbacks');
  t.match(everything(join(folder, 'e')), SECRET);
  await first.running.stop();
  const { redact, running } = await spoken(
    t,
    [],
    ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK=['file', {'use': 'file', 'name': 'e', 'path': 'e/e.log', 'format': 'ecs'}]"],
    folder,
  );
  await redact({ pattern: 'hare under' });
  t.notMatch(everything(join(folder, 'e')), SECRET);
  t.match(everything(join(folder, 'f')), SECRET, 'it is configured no more');
  const left = filesIn(join(folder, 'f'), /./);
  t.equal((await redact({ pattern: 'hare under', files: left })).records, 2);
  t.notMatch(everything(folder), SECRET);
  await running.stop();
});

t.test('what it is asked for must be one thing, and have a reason', async (t) => {
  const refused = (...words: string[]) => {
    try {
      return JSON.stringify(requestOf(readCommandLine(['redact', ...words])));
    } catch (error) {
      return String(error);
    }
  };
  const wants = "AUDIT_USAGE: 'redact' wants one of --record ID, --session ID, --account NAME and --pattern REGEX, or a time alone: --from, --to";
  t.equal(refused('--why', 'x'), wants);
  t.equal(refused('--record', 'a', '--session', 'b', '--why', 'x'), wants);
  t.match(refused('--account', '', '--why', 'x', '--from', '2026-01-01'), '--account is empty');
  t.match(refused('--account', 'a'), '--why is missing');
  t.match(refused('--account', 'a', '--why', 'x', '--by', ' '), '--by is empty');
  t.match(refused('--account', 'a', '--why', 'x', '--part', 'head'), "--part wants 'who', 'body' or 'both'");
  t.match(refused('--account', 'a', '--why', 'x', '--from', 'yesterday'), '--from wants a time in UTC');
  t.equal(
    refused('--from', '2026-01-02T03:04:05Z', '--why', 'x', '--by', 'op', '--file', '/a', '--file', '/b'),
    '{"part":"both","from":"2026-01-02T03:04:05","files":["/a","/b"],"by":"op","why":"x"}',
  );
  t.match(await wirescribe(folderOf(t), ['redact', '--account', 'a', '--why', 'x', '--dry-run']), {
    code: 1,
    out: 'no record is meant; nothing was erased\n',
  });
});
