import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySpool } from '../../src/view/verify.js';
import { until } from '../wait.js';
import { execWords, InTerminal, isAlive, journalOf, kill, ownersOf, type Place, pipeThrough, placeOf, saidIn, sessionsOf } from './harness.js';

const STARS = '********';

async function sound(t: Test, { folder }: Place): Promise<void> {
  t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true, damage: [] });
}

/** The process of the `exec` of a session, as the kernel told it. */
const pidOf = (place: Place, session: string | undefined): number =>
  Number(
    (journalOf(place).find((one) => one.topic === 'session.start' && one.session === session)?.data?.process as { pid?: number } | undefined)?.pid,
  );

t.test('in a pipe: what the program says comes out, its exit code is ours, and all of it is recorded by an owner that ends by itself', async (t) => {
  const place = placeOf(t);
  const { code, out, err } = await pipeThrough(place, ['sh', '-c', 'read word; echo "the word is $word"; exit 7'], { input: 'plugh\n' });
  t.same([code, out, err], [7, 'the word is plugh\r\n', '']);
  const all = journalOf(place);
  const [session] = sessionsOf(all);
  t.same(
    saidIn(all, session).filter((one) => one !== 'session.resize'),
    ['session.start', '> plugh', '< the word is plugh', 'session.end'],
  );
  const start = all.find(({ topic }) => topic === 'session.start');
  t.match(start, {
    listener: 'exec',
    protocol: 'pty',
    account: 'root',
    data: { process: { argv: ['sh', '-c', /read/], user: 'root', cwd: place.folder } },
  });
  t.match(all.find(({ topic }) => topic === 'session.end')?.data, { reason: 'closed', by: 'server', exit: 7, bytes_in: 6, bytes_out: 19 });
  const [owner = 0] = ownersOf(place.folder);
  await until(() => !isAlive(owner), 'the end of the owner');
  t.equal(journalOf(place).filter(({ topic }) => topic === 'audit.stop').length, 1);
  await sound(t, place);
});

t.test('exit codes: of a signal, of what is not there, of what may not be run, of our own failure', async (t) => {
  const place = placeOf(t);
  writeFileSync(join(place.folder, 'plain'), 'no program');
  chmodSync(join(place.folder, 'plain'), 0o644);
  const codes = await Promise.all([
    pipeThrough(place, ['sh', '-c', 'kill -KILL $$']),
    pipeThrough(place, ['no-such-program']),
    pipeThrough(place, ['./plain']),
    pipeThrough(place, ['/']),
    pipeThrough(place, [], { args: [...execWords([]).slice(0, 2), '--set', 'NO_SUCH_KEY=1', '--', 'true'] }),
    pipeThrough(place, [], { args: [...execWords([]).slice(0, 2), '--no-such-option'] }),
  ]);
  t.same(
    codes.map(({ code }) => code),
    [137, 127, 126, 126, 125, 125],
  );
  t.match(codes[4]?.err, /^AUDIT_CONFIG_KEY: /);
});

t.test('what is typed while the terminal does not show it is hidden, whatever is asked; what is typed before and after is not', async (t) => {
  const place = placeOf(t);
  const script = 'echo magic; read a; stty -echo; echo word; read b; stty echo; echo; echo more; read c; echo over';
  const screen = InTerminal.exec(t, place, ['sh', '-c', script]);
  for (const [shown, typed] of [
    ['magic', 'xyzzy'],
    ['word', 'swordfish'],
    ['more', 'frotz'],
  ] as const) {
    await screen.shows(shown);
    await screen.type(typed);
    await screen.type('\r');
  }
  t.equal(await screen.end(), 0);
  t.notMatch(screen.out, /swordfish/);
  const all = journalOf(place);
  const typed = saidIn(all, sessionsOf(all)[0]).filter((one) => one.startsWith('>'));
  t.same(typed, ['> xyzzy', `> ${STARS}*`, '> frotz']);
  const spool = join(place.folder, 'audit/spool/0001.jsonl');
  t.notMatch(readFileSync(spool, 'utf8'), /swordfish/);
  await sound(t, place);
});

t.test('the window: the program has it, follows it, and the record tells', async (t) => {
  const place = placeOf(t);
  const screen = InTerminal.exec(t, place, ['sh', '-c', 'stty size; read a; stty size']);
  await screen.shows('30 90');
  screen.program.resize(101, 33);
  await until(() => journalOf(place).some(({ data }) => data?.columns === 101), 'the window in the record');
  await screen.type('\r');
  await screen.shows('33 101');
  t.equal(await screen.end(), 0);
  t.same(
    journalOf(place)
      .filter(({ topic }) => topic === 'session.resize')
      .map(({ data }) => data),
    [
      { columns: 90, rows: 30 },
      { columns: 101, rows: 33 },
    ],
  );
});

t.test('keys reach the program as they are; and the terminal is as it was before, also when a signal ends the program', async (t) => {
  const place = placeOf(t);
  const quoted = [process.execPath, ...execWords(['sh', '-c', 'stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -tx1'])];
  const waiting = [process.execPath, ...execWords(['sh', '-c', 'echo waiting; exec sleep 1000'])];
  const line = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const script = `stty -a >before; ${line(quoted)}; stty -a >between; ${line(waiting)}; echo code $?; stty -a >after`;
  const screen = new InTerminal(t, place, ['sh', '-c', script]);
  await screen.shows('ready');
  await screen.type('\x03\x1a\x7f');
  await screen.shows('03 1a 7f');
  await screen.shows('waiting');
  const session = (await until(() => sessionsOf(journalOf(place))[1], 'the second session')) as string;
  kill(pidOf(place, session), 'SIGTERM');
  await screen.shows('code 143');
  await screen.end();
  const [before, between, after] = ['before', 'between', 'after'].map((name) => readFileSync(join(place.folder, name), 'utf8'));
  t.equal(between, before);
  t.equal(after, before);
});

t.test('behind ForceCommand: the command that sshd was asked for, or the shell', async (t) => {
  const place = placeOf(t);
  const asked = await pipeThrough(place, [], { env: { SSH_ORIGINAL_COMMAND: 'echo asked; exit 3', SHELL: '/bin/sh' } });
  t.same([asked.code, asked.out], [3, 'asked\r\n']);
  const shell = await pipeThrough(place, [], { env: { SHELL: '/bin/sh' }, input: 'echo "shell $0"\nexit 4\n' });
  t.equal(shell.code, 4);
  t.match(shell.out, /shell \/bin\/sh/);
});
