import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { countOf, FrameReader, frameOf, GIVES, INTAKE_VERSION, jsonFrame, SAYS } from '../../src/view/intake/frames.js';
import { verifySpool } from '../../src/view/verify.js';
import { auditLines, folderOf, records, startProxy, startServer, type Written } from '../harness.js';
import { until } from '../wait.js';
import { execWords, plainEnvironment, saidIn, sessionsOf } from './harness.js';

const HELLO = { version: INTAKE_VERSION, argv: ['game'], cwd: '/', columns: 80, rows: 24, blind: false, raw: false, resumed: false };
const asRoot = process.getuid?.() === 0;

/** A proxy with an intake for all, in a folder that others can go into. */
async function withIntake(t: Test, more: readonly string[] = []) {
  const open = folderOf(t);
  chmodSync(open, 0o755);
  const path = join(open, 'intake', 'all.sock');
  const upstream = await startServer(t, (socket) => void socket.pipe(socket));
  const started = await startProxy(t, { upstream, set: ['AUDIT_IN=True', 'AUDIT_OUT=True', `INTAKE_LISTEN='${path}'`, ...more] });
  return { ...started, path };
}

/** Somebody who speaks to the intake by hand. */
class ByHand {
  readonly heard: { readonly kind: number; readonly bytes: string }[] = [];
  durable = 0;
  closed = false;
  readonly socket: Socket;

  constructor(path: string) {
    const reader = new FrameReader((kind, bytes) => {
      this.heard.push({ kind, bytes: bytes.toString('latin1') });
      if (kind === SAYS.durable) this.durable = countOf(bytes);
    });
    this.socket = connect(path);
    this.socket.on('data', (chunk: Buffer) => reader.push(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  say(kind: number, what: object | string): this {
    this.socket.write(typeof what === 'string' ? frameOf(kind, Buffer.from(what)) : jsonFrame(kind, what));
    return this;
  }

  async gone(): Promise<void> {
    await until(() => this.closed, 'the end of the connection');
  }
}

const startOf = (all: readonly Written[], session: string): Written | undefined =>
  all.find((one) => one.topic === 'session.start' && one.session === session);

t.test(
  "another user's exec hands in what it records: the name is the kernel's word, and the spool stays out of reach",
  { skip: !asRoot && 'needs root' },
  async (t) => {
    const { running, folder, path } = await withIntake(t);
    const settings = [`SPOOL_DIR='${join(folder, 'audit/spool')}'`, `INTAKE_LISTEN='${path}'`];
    const user = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
    const words = execWords(['sh', '-c', 'id -un; exit 5'], settings);
    // tap follows Node's processes by an option of its own, and keeps what it learns where this user may not write.
    const child = spawn('env', ['-u', 'NODE_OPTIONS', 'setpriv', ...user, process.execPath, ...words], {
      cwd: '/',
      env: { ...plainEnvironment(), USER: 'root', LOGNAME: 'root', HOME: '/' },
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stdin.end();
    const [code] = await once(child, 'close');
    t.same([code, out], [5, 'nobody\r\n']);
    await running.stop();
    const all = records(folder);
    const [session = ''] = sessionsOf(all);
    t.match(startOf(all, session), { listener: 'exec', account: 'nobody', data: { process: { user: 'nobody', pid: child.pid, cwd: '/' } } });
    t.same(
      saidIn(all, session).filter((one) => one.startsWith('<')),
      ['< nobody'],
    );
    t.equal(statSync(join(folder, 'audit/spool')).mode & 0o777, 0o700);
    t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true });
  },
);

t.test('whoever claims to be another, or of another session, is who the kernel says, and speaks for himself alone', async (t) => {
  const { running, folder, path } = await withIntake(t);
  const honest = new ByHand(path).say(GIVES.hello, HELLO).say(GIVES.SND, 'honest words\r\n');
  const forger = new ByHand(path).say(GIVES.hello, {
    ...HELLO,
    user: 'mallory',
    account: 'mallory',
    pid: 1,
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    session: '01890a5d-ac96-774b-bcce-b302099a8057',
    listener: 'main',
    protocol: 'telnet',
  });
  forger.say(GIVES.SND, 'forged words\r\n').say(GIVES.end, { exit: 'SIGKILL\n', reason: 'crash', bytesOut: 0, by: 'wirescribe' });
  await forger.gone();
  honest.say(GIVES.end, { exit: 0 });
  await honest.gone();
  t.same([forger.durable, honest.durable], [2, 2]);
  t.same(new Set([...forger.heard, ...honest.heard].map(({ kind }) => kind)), new Set([SAYS.welcome, SAYS.durable]));
  await running.stop();
  const all = records(folder);
  t.equal(sessionsOf(all).length, 2);
  for (const session of sessionsOf(all)) {
    t.match(startOf(all, session), { listener: 'exec', account: 'root', data: { process: { argv: ['game'], user: 'root', pid: process.pid } } });
    const said = saidIn(all, session).filter((one) => one.startsWith('<'));
    const ends = all.find((one) => one.topic === 'session.end' && one.session === session)?.data;
    if (said[0] === '< honest words') t.match(ends, { reason: 'closed', exit: 0, bytes_out: 14 });
    else t.same([said, ends], [['< forged words'], { reason: 'closed', by: 'server', bytes_in: 0, bytes_out: 14 }]);
  }
  t.notMatch(auditLines(folder).join(''), /mallory/);
});

t.test('a session that goes on from another names it where its owner said so, and nobody can claim another', async (t) => {
  const { running, folder, path } = await withIntake(t);
  const first = new ByHand(path).say(GIVES.hello, HELLO);
  await until(() => first.heard.length === 1, 'the welcome');
  const { link } = JSON.parse(first.heard[0]?.bytes ?? '');
  first.socket.destroy();
  await until(() => running.guests === 0, 'its end');
  const again = new ByHand(path).say(GIVES.hello, { ...HELLO, argv: ['again'], resumed: true, continues: link });
  const forged = { ...link, proof: link.proof.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0')) };
  const forger = new ByHand(path).say(GIVES.hello, { ...HELLO, argv: ['forger'], resumed: true, continues: forged });
  for (const one of [again, forger]) await one.say(GIVES.end, { exit: 0 }).gone();
  await running.stop();
  const starts = records(folder).filter(({ topic }) => topic === 'session.start');
  t.match(
    starts.map(({ data }) => [(data as { process: { argv: string[] } }).process.argv[0], data?.continues]),
    [
      ['game', undefined],
      ['again', starts[0]?.session],
      ['forger', undefined],
    ],
  );
  t.equal(link.session, starts[0]?.session);
});

t.test('what is no protocol of ours is shown the door, and other sessions go on', async (t) => {
  const { running, folder, path } = await withIntake(t);
  const steady = new ByHand(path).say(GIVES.hello, HELLO).say(GIVES.SND, 'one\r\n');
  const strangers = [
    new ByHand(path).say(GIVES.SND, 'no hello'),
    new ByHand(path).say(GIVES.hello, { ...HELLO, version: 99 }),
    new ByHand(path).say(GIVES.hello, 'no JSON'),
    new ByHand(path).say(GIVES.hello, HELLO).say(200, 'what is this'),
    new ByHand(path).say(GIVES.hello, HELLO).say(GIVES.terminal, { columns: -1, rows: 'x' }),
    new ByHand(path).say(GIVES.hello, HELLO).say(GIVES.lost, { direction: 'UP', bytes: 1, from: 0 }),
  ];
  const endless = new ByHand(path).say(GIVES.hello, HELLO);
  endless.socket.write(Buffer.from([GIVES.SND, 0xff, 0xff, 0xff, 0xff]));
  for (const stranger of [...strangers, endless]) await stranger.gone();
  t.match(strangers[1]?.heard, [{ kind: SAYS.refused, bytes: '{"reason":"version"}' }]);
  steady.say(GIVES.SND, 'two\r\n').say(GIVES.end, { exit: 0 });
  await steady.gone();
  t.equal(steady.durable, 3);
  await running.stop();
  const all = records(folder);
  const ended = all.filter(({ topic }) => topic === 'session.end').map(({ data }) => data?.reason);
  t.same(ended.sort(), ['closed', 'reset', 'reset', 'reset', 'reset']);
});

t.test('who goes without a word has ended so, and what was lost on the way is a gap', async (t) => {
  const { running, folder, path } = await withIntake(t);
  const guest = new ByHand(path)
    .say(GIVES.hello, { ...HELLO, resumed: true })
    .say(GIVES.lost, { direction: 'SND', bytes: 1234, from: 1_767_323_045_000_000 });
  guest.say(GIVES.SND, 'rest of a line\r\nwhole\r\n');
  await until(() => guest.durable === 2, 'the acknowledgement');
  guest.socket.destroy();
  await until(() => running.guests === 0, 'its end');
  await running.stop();
  const all = records(folder);
  const [session] = sessionsOf(all);
  t.same(saidIn(all, session), ['session.start', 'session.resize', 'audit.gap', 'audit.gap', '< whole', 'session.end']);
  const [first] = all.filter(({ topic }) => topic === 'audit.gap');
  t.match(first?.data, { stage: 'capture', reason: 'exec', direction: 'SND', bytes: 1234 });
  t.match(all.find(({ topic }) => topic === 'session.end')?.data, { reason: 'reset', by: 'client' });
});

t.test('an intake that others could replace, or that lies where nobody comes, is refused', async (t) => {
  const open = folderOf(t);
  mkdirSync(join(open, 'wide'));
  chmodSync(join(open, 'wide'), 0o777);
  await t.rejects(withIntake(t, [`INTAKE_LISTEN='${join(open, 'wide/all.sock')}'`]), { code: 'AUDIT_LISTEN', message: /others can replace/ });
  await t.rejects(withIntake(t, [`INTAKE_LISTEN='${join(open, 'spool/all.sock')}'`, `SPOOL_DIR='${join(open, 'spool')}'`]), {
    code: 'AUDIT_LISTEN',
    message: /SPOOL_DIR/,
  });
});
