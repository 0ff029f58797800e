/**
 * Law: the bytes are theirs. What leaves is what came in, for any bytes in any chunks, both ways at once, over every kind of socket, also while the
 * audit side is stuck or dead (policy 'pass').
 */
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Dice, folderOf, records, recordThat, type StartedProxy, startProxy, startServer, type Written } from '../harness.js';
import { until } from '../wait.js';

const BOTH_KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True'];

/** What one side sent or got. */
interface Account {
  bytes: number;
  readonly hash: Hash;
}

const account = (): Account => ({ bytes: 0, hash: createHash('sha256') });

function count(into: Account, bytes: Buffer): void {
  into.bytes += bytes.length;
  into.hash.update(bytes);
}

/** Sends random bytes in chunks of 1 byte to 200 KB (most are small), then the end. Waits for the reader. Gives what was sent. */
async function sendRandom(socket: Socket, dice: Dice, total: number): Promise<Account> {
  const sent = account();
  while (sent.bytes < total) {
    const most = dice.next() < 0.7 ? 400 : 200_000;
    const chunk = dice.bytes(Math.min(dice.between(1, most), total - sent.bytes));
    count(sent, chunk);
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  return sent;
}

/** Reads to the end. */
async function receiveAll(socket: Socket): Promise<Account> {
  const received = account();
  socket.on('data', (chunk: Buffer) => count(received, chunk));
  await once(socket, 'end');
  return received;
}

const whole = ({ bytes, hash }: Account): string => `${bytes} bytes ${hash.digest('hex')}`;

/** A server whose sessions are driven by the test: gives its address, and each connection in the order in which they come. */
async function drivenServer(t: Test, scheme: 'telnet' | 'tcp' | 'unix') {
  const waiting: ((socket: Socket) => void)[] = [];
  const arrived: Socket[] = [];
  const upstream = await startServer(
    t,
    (socket) => {
      const take = waiting.shift();
      if (take) take(socket);
      else arrived.push(socket);
    },
    scheme,
  );
  const next = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = arrived.shift();
      if (socket) resolve(socket);
      else waiting.push(resolve);
    });
  return { upstream, next };
}

type Next = () => Promise<Socket>;

/** Connects a client, and gives it with the server's end of its session. */
async function session(proxy: StartedProxy, next: Next): Promise<{ client: Socket; server: Socket }> {
  const [client, server] = await Promise.all([proxy.connect(), next()]);
  return { client, server };
}

/** Random bytes both ways at once; gives what was sent and what came, of each direction. */
async function exchange({ client, server }: { client: Socket; server: Socket }, seed: number, total: number): Promise<[string, string][]> {
  const directions = [
    [client, server],
    [server, client],
  ] as const;
  return Promise.all(
    directions.map(async ([from, to], index): Promise<[string, string]> => {
      const [sent, received] = await Promise.all([sendRandom(from, new Dice(seed * 2 + index), total), receiveAll(to)]);
      return [whole(sent), whole(received)];
    }),
  );
}

/** Both directions came through as they were sent. */
const same = (t: Test, pairs: readonly [string, string][], what: string): void => {
  for (const [sent, received] of pairs) t.equal(received, sent, what);
};

const MIB = 1024 ** 2;

t.test('random bytes pass unchanged both ways at once, in any chunks, over every pair of sockets', async (t) => {
  const listens = { telnet: 'telnet://127.0.0.1:0', tcp: 'tcp://127.0.0.1:0', unix: `unix:${join(folderOf(t), 'clients.sock')}` };
  for (const [index, [listen, server]] of (
    [
      ['telnet', 'telnet'],
      ['tcp', 'tcp'],
      ['unix', 'telnet'],
      ['tcp', 'unix'],
    ] as const
  ).entries()) {
    const { upstream, next } = await drivenServer(t, server);
    const proxy = await startProxy(t, { upstream, listen: listens[listen], set: BOTH_KEPT });
    same(t, await exchange(await session(proxy, next), index + 1, MIB), `${listen} to ${server}`);
    await proxy.running.stop();
  }
});

t.test('sessions at the same time do not mix', async (t) => {
  const { upstream, next } = await drivenServer(t, 'telnet');
  const proxy = await startProxy(t, { upstream, set: BOTH_KEPT });
  const open: { client: Socket; server: Socket }[] = [];
  for (let index = 0; index < 8; index++) open.push(await session(proxy, next));
  const results = await Promise.all(open.map((one, index) => exchange(one, 100 + index, MIB / 4)));
  for (const pairs of results) same(t, pairs, 'its own bytes');
  t.equal(new Set(results.flat().map(([sent]) => sent)).size, 16, 'all were different');
});

t.test('a half-close is carried over: the client has ended, the server still answers', async (t) => {
  for (const scheme of ['telnet', 'unix'] as const) {
    const { upstream, next } = await drivenServer(t, scheme);
    const listen = scheme === 'unix' ? `unix:${join(folderOf(t), 'clients.sock')}` : 'telnet://127.0.0.1:0';
    const proxy = await startProxy(t, { upstream, listen, set: BOTH_KEPT });
    const { client, server } = await session(proxy, next);
    const heard = receiveAll(client);
    const asked = receiveAll(server);
    client.end('last words\r\n');
    t.equal((await asked).bytes, 12, 'the server sees the end');
    const answer = await sendRandom(server, new Dice(7), 300_000);
    t.equal(whole(await heard), whole(answer), 'and is heard to its own end');
    await proxy.running.stop();
  }
});

t.test('the server ends first, and still hears the client', async (t) => {
  const { upstream, next } = await drivenServer(t, 'telnet');
  const proxy = await startProxy(t, { upstream, set: BOTH_KEPT });
  const { client, server } = await session(proxy, next);
  const heard = receiveAll(client);
  const told = receiveAll(server);
  server.end('goodbye\r\n');
  t.equal((await heard).bytes, 9);
  const sent = await sendRandom(client, new Dice(8), 300_000);
  t.equal(whole(await told), whole(sent));
});

t.test('a reset is a reset on the other side', async (t) => {
  const { upstream, next } = await drivenServer(t, 'telnet');
  const proxy = await startProxy(t, { upstream });
  const { client, server } = await session(proxy, next);
  server.write('hello');
  await once(client, 'data');
  const failed = new Promise((resolve) => client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));
  server.resetAndDestroy();
  t.equal(await failed, 'ECONNRESET');
});

t.test('with AUDIT_ACTIVATE = False it is a plain proxy, and writes nothing', async (t) => {
  const { upstream, next } = await drivenServer(t, 'telnet');
  const proxy = await startProxy(t, { upstream, set: ['AUDIT_ACTIVATE=False', ...BOTH_KEPT] });
  same(t, await exchange(await session(proxy, next), 21, MIB), 'unrecorded');
  t.same(records(proxy.folder), []);
});

t.test('a dead audit thread does not touch the bytes, and a gap says that it died', async (t) => {
  const { upstream, next } = await drivenServer(t, 'telnet');
  const proxy = await startProxy(t, { upstream, set: BOTH_KEPT });
  const quiet = await session(proxy, next);
  const busy = await session(proxy, next);
  const exchanged = exchange(busy, 31, 4 * MIB);
  await until(() => proxy.running.auditThread?.threadId, 'the audit thread');
  await proxy.running.auditThread?.terminate();
  same(t, await exchanged, 'while it was dead');
  await until(() => proxy.running.auditThread, 'a new audit thread');
  const gap = await recordThat(proxy.folder, ({ topic, data }) => topic === 'audit.gap' && data?.reason === 'audit-restarted', 'the gap');
  t.equal(gap.data?.bytes, null, 'nobody knows how many bytes the dead thread had');
  await recordThat(proxy.folder, ({ topic, data }) => topic === 'audit.fault' && data?.code === 'audit-thread', 'the fault');
  quiet.client.write('still here\r\nand recorded\r\n');
  const hidden = ({ topic, text }: Written): boolean => topic === 'session.input' && text === '*'.repeat('and recorded'.length);
  await recordThat(proxy.folder, hidden, 'what is said afterwards, hidden: a prompt may have been in what was lost');
});

/** A callback that takes nothing until the server at its socket ends the connection: with it the spool fills, and the audit side holds its slabs. */
const GATE = `import { connect } from 'node:net';
const open = new Promise((resolve) => connect(process.env.WIRESCRIBE_TEST_GATE).resume().once('end', resolve));
export default async (record) => open;
`;

t.test('a stuck audit side does not touch the bytes, and what was not kept is counted in gaps once it can be written', async (t) => {
  const { upstream, next } = await drivenServer(t, 'tcp');
  const gate = await drivenServer(t, 'unix');
  const folder = folderOf(t);
  writeFileSync(join(folder, 'gate.mjs'), GATE);
  process.env.WIRESCRIBE_TEST_GATE = gate.upstream.slice('unix:'.length);
  const set = [...BOTH_KEPT, "SPOOL_MAX_BYTES='1m'", "AUDIT_CALLBACK=['file', './gate.mjs']"];
  const proxy = await startProxy(t, { upstream, listen: 'tcp://127.0.0.1:0', set, folder }, { slabs: 8 });
  const closed = await gate.next();
  const total = 4 * MIB;
  same(t, await exchange(await session(proxy, next), 41, total), 'while the spool was full');
  t.notOk(
    records(folder).some(({ topic }) => topic === 'session.end'),
    'the audit is behind',
  );
  closed.end();
  const end = await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end of the session');
  t.match(end.data, { reason: 'closed', bytes_in: total, bytes_out: total });
  const gaps = records(folder).filter(({ topic, data }) => topic === 'audit.gap' && data?.stage === 'capture');
  t.match(gaps[0], { session: end.session, data: { reason: 'full', records: null, callback: null } });
  const bytes = gaps.reduce((sum, { data }) => sum + Number(data?.bytes), 0);
  t.ok(bytes > total && bytes <= 2 * total, 'most of it is counted in gaps');
});

t.test('a stop waits until a full spool has room, so that the end of a session is not lost', async (t) => {
  const { upstream, next } = await drivenServer(t, 'tcp');
  const set = [...BOTH_KEPT, "SPOOL_MAX_BYTES='1m'"];
  const proxy = await startProxy(t, { upstream, listen: 'tcp://127.0.0.1:0', set }, { slabs: 8 });
  same(t, await exchange(await session(proxy, next), 51, 4 * MIB), 'while the audit side was behind');
  await proxy.running.stop();
  // How full the spool was may be said in between.
  const last = records(proxy.folder)
    .filter(({ topic }) => topic !== 'audit.fault')
    .slice(-3);
  t.strictSame(
    last.map(({ topic }) => topic),
    ['session.end', 'audit.stop', 'audit.checkpoint'],
  );
});
