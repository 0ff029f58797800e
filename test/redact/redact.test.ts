/** `redact` as an operator runs it: against the running program, against a spool that nobody owns, and after a crash in its middle. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { requestOf } from '../../src/commands/redact.js';
import { readCommandLine } from '../../src/config/usage.js';
import { lockFilling } from '../../src/spool/filling.js';
import { keepPending } from '../../src/spool/redact/pending.js';
import type { Selection } from '../../src/spool/redact/select.js';
import { auditFiles, auditLines, folderOf, type Program, startProgram } from '../harness.js';
import { everything, records, redactions, SECRET, SET, said, start, wirescribe, withSet, world } from '../redaction.js';
import { until } from '../wait.js';

t.setTimeout(240_000);

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
  // As `prepare` has it: the game goes on, and so does that, once it has ended.
  const lock = lockFilling(join(folder, 'audit/spool'));
  const again = await startProgram(t, { upstream, set: SET, folder });
  await say(await again.connect(), 'meanwhile');
  t.match(everything(folder), SECRET);
  lock?.release();
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
