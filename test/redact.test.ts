/** `redact` as an operator runs it: against the running program, against a spool that nobody owns, and after a crash in its middle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { keepPending } from '../src/spool/redact-pending.js';
import type { Selection } from '../src/spool/redact-select.js';
import { auditFiles, auditLines, folderOf, type Program, records, recordThat, settingsOf, startProgram, startServer } from './harness.js';
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
  for (let round = 0; round < 4; round++) {
    const socket = await program.connect();
    for (let number = 0; number < 10; number++) await say(socket, `round ${round} word ${number} ${SECRET}`);
    await said(folder, `round ${round} word 9 ${SECRET}`);
    const ran = start(folder, ['redact', ...withSet(upstream), '--pattern', `round ${round} word \\d ${SECRET}`, '--why', 'asked', '--yes']);
    const pending = join(folder, 'audit/spool/redact.json');
    const begun = () => statSync(pending, { throwIfNoEntry: false }) !== undefined;
    // The moments: the records are chosen (0, 1), or it is asked and done (2, 3 may find it over).
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

t.test('what it is asked for must be one thing, and have a reason', async (t) => {
  const folder = folderOf(t);
  const refused = async (...words: string[]) => (await wirescribe(folder, ['redact', ...words])).err;
  t.match(
    await refused('--why', 'x'),
    "AUDIT_USAGE: 'redact' wants one of --record ID, --session ID, --account NAME and --pattern REGEX, or a time alone: --from, --to",
  );
  t.match(await refused('--record', 'a', '--session', 'b', '--why', 'x'), 'wants one of');
  t.match(await refused('--account', '', '--why', 'x'), '--account is empty');
  t.match(await refused('--account', 'a'), '--why is missing');
  t.match(await refused('--account', 'a', '--why', 'x', '--part', 'head'), "--part wants 'who', 'body' or 'both'");
  t.match(await refused('--account', 'a', '--why', 'x', '--from', 'yesterday'), '--from wants a time in UTC');
});
