/** The callback `syslog` against rsyslog: what it understands, and that nothing is lost when it is killed, or we are. */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import open, { check } from '../../callbacks/syslog.js';
import type { Callback, CallbackContext, CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { readCursor } from '../../src/spool/delivery/cursor.js';
import { deliver } from '../../src/spool/delivery/delivery.js';
import { inlineDelivery, settingsFor } from '../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../journal-lines.js';
import { until } from '../wait.js';
import { type Peer, peerMissing, ROOT, startPeer } from './peer.js';

const skip = peerMissing('rsyslog');
const SYSLOG = join(ROOT, 'dist/callbacks/syslog.js');
const SEAL = `id="01890a5d-ac96-774b-8000-000000000001" session="01890a5d-ac96-774b-bcce-b302099a8057" seq="1" hash="${'0'.repeat(64)}"`;

async function start(t: Test): Promise<Peer> {
  const peer = await startPeer('rsyslog');
  t.teardown(peer.stop);
  return peer;
}

async function openFor(t: Test, folder: string, options: CallbackOptions): Promise<Callback> {
  const context: CallbackContext = { name: 'syslog', node: 'n1', folder, log: { info() {}, warn() {} }, signal: new AbortController().signal };
  const callback = await open(options, context);
  t.teardown(() => callback.close());
  return callback;
}

const write = (callback: Callback, texts: readonly string[]): Promise<void> => callback.write(recordsOf(texts.join('')));

const isTaken = (written: Promise<void>): Promise<boolean> =>
  written.then(
    () => true,
    () => false,
  );

function logOf({ dir }: Peer, name: string): string[] {
  try {
    return readFileSync(join(dir, `${name}.log`), 'utf8')
      .split('\n')
      .slice(0, -1);
  } catch {
    return [];
  }
}

/** The journal's lines that stand there, each once. What a killed process was writing may stand there in part. */
const linesIn = (peer: Peer, name: string): Set<string> => new Set(logOf(peer, name).map((one) => one.slice(one.indexOf('{"v"'))));

const send = ({ dir }: Peer, signal: 'SIGKILL' | 'SIGSTOP'): void => void process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), signal);

/** Until every one of `texts` stands in rsyslog's file, and nothing else but doubles. */
async function allThere(t: Test, peer: Peer, texts: readonly string[]): Promise<void> {
  const wanted = texts.map((one) => one.trimEnd());
  const missing = () => {
    const there = linesIn(peer, 'tcp');
    return wanted.filter((one) => !there.has(one)).length;
  };
  await until(() => missing() === 0, 'every record is in the file').catch(() => {});
  t.equal(missing(), 0, 'no record is lost');
}

t.test('rsyslog understands what comes over tcp, tls, udp and its datagram socket', { skip }, async (t) => {
  const peer = await start(t);
  const { dir, port } = peer;
  const tls = { ca: 'ca.pem', cert: 'client.pem', key: 'client.key', servername: 'collector.example' };
  const long = line(2, 'x'.repeat(100_000));
  for (const [name, options] of [
    ['tcp', { url: `tcp://127.0.0.1:${port}`, facility: 'local0' }],
    ['tls', { url: `tls://127.0.0.1:${port + 1}`, facility: 'local0', ...tls }],
    ['udp', { url: `udp://127.0.0.1:${port}`, facility: 'local0' }],
    ['local', { url: 'unix:log', facility: 'local0', rfc: 3164 }],
  ] as const) {
    const callback = await openFor(t, dir, options);
    await write(callback, [line(1, 'say "hé"')]);
    const [said] = await until(() => logOf(peer, name).length === 1 && logOf(peer, name), `${name}: a message`);
    const body = line(1, 'say "hé"').trimEnd();
    if (name === 'local') t.match(said, new RegExp(`^134 \\S+ \\S+ wirescribe 7 - - {2}${body.replace(/[^\w]/g, '\\$&')}$`));
    else t.equal(said, `134 2026-01-31T12:00:01.123456Z host wirescribe 7 session.input [wirescribe@32473 ${SEAL}] ${body}`);
    if (name === 'udp') continue;
    await write(callback, [long]);
    await until(() => linesIn(peer, name).has(long.trimEnd()), `${name}: a long message is whole`);
  }
});

t.test('a datagram socket is known as one, filled no faster than it is read, and found again after a restart', { skip }, async (t) => {
  const peer = await start(t);
  t.same(check({ url: 'unix:log' }, peer.dir), [
    'url: this is a datagram socket, which is best effort: what the collector loses is lost, and nobody is told',
  ]);
  const callback = await openFor(t, peer.dir, { url: 'unix:log', rfc: 3164 });
  t.equal(callback.trail, undefined);
  await write(callback, lines(3_000));
  await until(() => linesIn(peer, 'local').size === 3_000, 'no datagram is lost while its reader lives');
  writeFileSync(join(peer.dir, 'down'), '');
  send(peer, 'SIGKILL');
  await until(
    () =>
      write(callback, lines(1, 3_000)).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      ),
    'it is gone',
  );
  rmSync(join(peer.dir, 'down'));
  await until(() => isTaken(write(callback, lines(1, 3_001))), 'it is back');
  await until(() => linesIn(peer, 'local').has(line(3_001, 'say 3001').trimEnd()), 'it is read');
  const early = await openFor(t, peer.dir, { url: 'unix:early', rfc: 3164 });
  await t.rejects(write(early, lines(1, 3_004)), { code: 'ENOENT' });
  symlinkSync('log', join(peer.dir, 'early'));
  await t.rejects(write(early, lines(1, 3_004)), { code: 'EPROTOTYPE' }, 'it was taken for a stream');
  await write(early, lines(1, 3_004));
  await until(() => linesIn(peer, 'local').has(line(3_004, 'say 3004').trimEnd()), 'and is a datagram socket');
  const [large, huge] = [line(3_002, 'x'.repeat(200_000)), line(3_003, 'x'.repeat(215_000))];
  await write(callback, [large]);
  await until(() => linesIn(peer, 'local').has(large.trimEnd()), 'a large datagram is whole');
  await t.rejects(write(callback, [huge]), { name: 'RefusedRecords' }, 'what no datagram holds goes without its body');
  await until(() => linesIn(peer, 'local').has(line(3_003).trimEnd()), 'the rest of it');
});

t.test('what rsyslog took and had not read when it was killed is sent again, and nothing new has to come for that', { skip }, async (t) => {
  const peer = await start(t);
  const callback = await openFor(t, peer.dir, { url: `tcp://127.0.0.1:${peer.port}` });
  await write(callback, lines(10));
  send(peer, 'SIGSTOP');
  await write(callback, lines(200, 10));
  send(peer, 'SIGKILL');
  await allThere(t, peer, lines(210));
});

t.test(
  'killed -9 under load and started again, rsyslog has every record; more than once is what it has by the same id',
  { skip, timeout: 240_000 },
  async (t) => {
    const peer = await start(t);
    const callback = await openFor(t, peer.dir, { url: `tcp://127.0.0.1:${peer.port}` });
    const BATCH = 500;
    const all = lines(20_000);
    const kills = [5_000, 12_000, 19_500];
    let refused = 0;
    for (let from = 0; from < all.length; ) {
      const batch = recordsOf(all.slice(from, from + BATCH).join(''));
      const written = isTaken(callback.write(batch));
      if (from === kills[0]) send(peer, 'SIGKILL');
      if (from === kills[0]) kills.shift();
      if (await written) from += BATCH;
      else refused++;
    }
    t.comment(`${refused} writes were refused meanwhile`);
    await allThere(t, peer, all);
    const there = logOf(peer, 'tcp').length;
    t.ok(there >= all.length, `${there - all.length} doubles`);
  },
);

t.test('killed while we are ended as well: the next start sends the trail again', { skip, timeout: 120_000 }, async (t) => {
  const peer = await start(t);
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const settings = settingsFor(SYSLOG, { options: { url: `tcp://127.0.0.1:${peer.port}`, replay: 300 }, batchRecords: 100 });
  journal.write(lines(1_000));
  const first = inlineDelivery(folder, journal, settings);
  const ended = deliver(first.options);
  await until(() => linesIn(peer, 'tcp').size === 1_000, 'the first thousand');
  send(peer, 'SIGSTOP');
  journal.write(lines(200, 1_000));
  await until(() => linesWaiting(peer), 'the kernel has the others');
  first.stop.abort();
  await ended;
  send(peer, 'SIGKILL');
  const cursor = readCursor(folder, 'mine');
  t.ok(typeof cursor === 'object' && cursor.records <= 900, 'the cursor trails');
  const second = inlineDelivery(folder, journal, settings);
  journal.board.close();
  await deliver(second.options);
  await allThere(t, peer, lines(1_200));
});

/** Whether bytes stand in a socket of rsyslog's port that it has not read: those of 200 records. */
function linesWaiting({ port }: Peer): boolean {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const unread = rows.map((row) => row.trim().split(/\s+/)).filter(([, at, , state]) => at === local && state === '01');
  return unread.some(([, , , , queues = '']) => Number.parseInt(queues.split(':')[1] ?? '', 16) > 200 * 600);
}
