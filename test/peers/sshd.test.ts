/** `wirescribe exec` behind sshd's ForceCommand: with a terminal and without, ten logins at once, one of them killed; each is a session of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySpool } from '../../src/view/verify.js';
import { execWords, isAlive, journalOf, kill, type Place, placeOf, plainEnvironment, saidIn, sessionsOf } from '../exec/harness.js';
import { until } from '../wait.js';
import { type Peer, peerMissing, startPeer } from './peer.js';

const skip = peerMissing('sshd');

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** sshd, each login of which is an `exec` of what it asked for. */
async function forced(t: Test, place: Place): Promise<Peer> {
  const script = join(place.folder, 'forced');
  const words = [process.execPath, ...execWords([], ['DRAIN_TIMEOUT_S=60'])].map(quoted).join(' ');
  writeFileSync(script, `#!/bin/sh\ncd ${quoted(place.folder)}\nexec ${words}\n`, { mode: 0o755 });
  const sshd = await startPeer('sshd', [script]);
  t.teardown(sshd.stop);
  return sshd;
}

/** A login. */
class Login {
  readonly child: ChildProcess;
  out = '';
  readonly #ended: Promise<unknown[]>;

  constructor(t: Test, { port, dir }: Peer, asked: string, terminal: boolean) {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'IdentitiesOnly=yes'].flatMap((one) => [
      '-o',
      one,
    ]);
    const words = ['-p', String(port), '-i', join(dir, 'key'), ...options, terminal ? '-tt' : '-T', '127.0.0.1', asked];
    this.child = spawn('ssh', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk;
    });
    this.#ended = once(this.child, 'close');
    t.teardown(() => this.child.kill('SIGKILL'));
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  async shows(text: string | RegExp): Promise<void> {
    const is = (): boolean => (typeof text === 'string' ? this.out.includes(text) : text.test(this.out));
    await until(is, `${text} at a login that shows ${JSON.stringify(this.out)}`, 90_000);
  }

  async code(): Promise<unknown> {
    return (await this.#ended)[0];
  }
}

t.test('a login with a terminal and one without: exit codes, and a password that no mask knows', { skip }, async (t) => {
  const place = placeOf(t);
  const sshd = await forced(t, place);
  const plain = new Login(t, sshd, 'echo to the point; exit 3', false);
  plain.child.stdin?.end();
  const screen = new Login(t, sshd, 'stty -echo; echo magic; read a; stty echo; echo; echo over; read b; exit 4', true);
  await screen.shows('magic');
  screen.type('swordfish\r');
  await screen.shows('over');
  screen.type('plain\r');
  t.same([await plain.code(), await screen.code()], [3, 4]);
  t.equal(plain.out, 'to the point\r\n');
  const all = journalOf(place);
  const typed = sessionsOf(all).flatMap((session) => saidIn(all, session).filter((one) => one.startsWith('> ')));
  t.same(typed, ['> *********', '> plain']);
  const spool = join(place.folder, 'audit/spool');
  for (const name of readdirSync(spool)) if (name.endsWith('.jsonl')) t.notMatch(readFileSync(join(spool, name), 'utf8'), /swordfish/);
  t.match(await verifySpool(spool), { ok: true });
});

t.test('ten logins at once, one killed: the others go on, and each record is of its own session', { skip }, async (t) => {
  const place = placeOf(t);
  const sshd = await forced(t, place);
  const logins = Array.from({ length: 10 }, () => new Login(t, sshd, 'cat', true));
  for (const [index, login] of logins.entries()) login.type(`word of ${index}\r`);
  for (const [index, login] of logins.entries()) await login.shows(new RegExp(`word of ${index}\r\n(.|\r|\n)*word of ${index}\r\n`));
  const saidOf = (index: number): string | undefined => {
    const all = journalOf(place);
    return sessionsOf(all).find((session) => saidIn(all, session).some((one) => one.startsWith(`> word of ${index}`)));
  };
  const [killed] = logins;
  const session = await until(() => saidOf(0), 'the first word in the record', 60_000);
  const start = journalOf(place).find((one) => one.topic === 'session.start' && one.session === session);
  kill(Number((start?.data?.process as { pid?: number } | undefined)?.pid), 'SIGKILL');
  await killed?.code();
  for (const [index, login] of logins.entries()) if (index > 0) login.type(`more of ${index}\r`);
  for (const [index, login] of logins.entries()) if (index > 0) await login.shows(new RegExp(`more of ${index}\r\n(.|\r|\n)*more of ${index}\r\n`));
  for (const [index, login] of logins.entries()) if (index > 0) login.type('\x04');
  t.same(await Promise.all(logins.slice(1).map((login) => login.code())), Array(9).fill(0));
  const ended = (): number => journalOf(place).filter(({ topic }) => topic === 'session.end').length;
  await until(() => ended() === 10, 'ten ends in the record', 60_000);
  const all = journalOf(place);
  t.equal(sessionsOf(all).length, 10);
  for (let index = 0; index < 10; index++) {
    const own = saidIn(all, saidOf(index));
    const others = own.filter((one) => /of \d/.test(one) && !one.includes(`of ${index}`));
    t.same(others, [], `nothing of others stands in session ${index}`);
    t.equal(own.filter((one) => one.startsWith(`> more of ${index}`)).length, index === 0 ? 0 : 1);
    const end = all.find((one) => one.topic === 'session.end' && one.session === saidOf(index))?.data;
    t.match(end, index === 0 ? { reason: 'reset', by: 'client' } : { reason: 'closed', by: 'server', exit: 0 });
  }
  t.match(await verifySpool(join(place.folder, 'audit/spool')), { ok: true });
});

t.test('the connection breaks: the program is hung up, and the session has its end', { skip }, async (t) => {
  const place = placeOf(t);
  const sshd = await forced(t, place);
  const login = new Login(t, sshd, 'echo $$ >pid; echo here; sleep 1000; echo not reached', true);
  await login.shows('here');
  const pid = Number(readFileSync(join(place.folder, 'pid'), 'utf8'));
  t.ok(isAlive(pid));
  login.child.kill('SIGKILL');
  await until(() => !isAlive(pid), 'the end of the program', 60_000);
  await until(() => journalOf(place).some(({ topic }) => topic === 'session.end'), 'its end in the record', 60_000);
  t.match(journalOf(place).find(({ topic }) => topic === 'session.end')?.data, { reason: 'closed', by: 'server', exit: 'SIGHUP' });
});

t.test('as the script of a login shell', { skip: peerMissing('script') }, async (t) => {
  const place = placeOf(t);
  const shell = join(place.folder, 'shell');
  const words = [process.execPath, ...execWords(['/bin/bash', '-l'])].map(quoted).join(' ');
  writeFileSync(shell, `#!/bin/sh\ncd ${quoted(place.folder)}\nexec ${words} "$@"\n`, { mode: 0o755 });
  const out = execFileSync('script', ['-qec', `${shell} -c 'shopt -q login_shell && echo login'`, '/dev/null'], {
    encoding: 'utf8',
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.match(out, /login\r\n$/);
  t.ok(existsSync(join(place.folder, 'audit/spool')));
});
