/**
 * Laws for a WebSocket that is passed through, from end to end. Transparency: request, answer and whatever stands behind them leave as they came, for any
 * bytes in any chunks, both ways at once. No leak: in all four settings of AUDIT_IN and AUDIT_OUT no secret stands anywhere, after a stop and after kill -9.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { Dice, type Program, records, startProgram, startProxy, startServer } from '../harness.js';
import { leaksOf } from '../peers/secrets.js';
import { until } from '../wait.js';

const REQUEST =
  'GET /?a&b HTTP/1.1\r\nhost: x\r\nUPGRADE: WebSocket\r\nConnection:  upgrade , keep-alive\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nX-Odd: \t a\xe9 \r\n\r\n';

/** Sends these bytes in chunks by dice, then the end. */
async function send(socket: Socket, bytes: Buffer, dice: Dice): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const to = at + dice.between(1, dice.next() < 0.7 ? 300 : 150_000);
    if (!socket.write(bytes.subarray(at, to))) await once(socket, 'drain');
    at = to;
  }
  socket.end();
}

async function receive(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const print = (bytes: Buffer): string => `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;

t.test('whatever stands behind the request passes unchanged, both ways at once, in any chunks', async (t) => {
  const arrived: Socket[] = [];
  const upstream = (await startServer(t, (socket) => void arrived.push(socket))).replace('telnet:', 'ws:');
  const proxy = await startProxy(t, { upstream, listen: 'ws://127.0.0.1:0', set: ['AUDIT_IN=True', 'AUDIT_OUT=True'] });
  for (let seed = 1; seed <= 3; seed++) {
    const dice = new Dice(seed);
    const asked = Buffer.concat([Buffer.from(REQUEST, 'latin1'), dice.bytes(1024 ** 2)]);
    const answered = Buffer.concat([Buffer.from('HTTP/1.1 101 Well\r\nx:y\r\n\r\n'), dice.bytes(1024 ** 2)]);
    const client = await proxy.connect();
    const heard = receive(client);
    const sent = send(client, asked, new Dice(seed + 10));
    const server = await until(() => arrived.shift(), 'the server');
    const [told] = await Promise.all([receive(server), send(server, answered, new Dice(seed + 20)), sent]);
    t.equal(print(told), print(asked), 'to the server');
    t.equal(print(await heard), print(answered), 'to the client');
  }
});

const SECRETS = ['Zq$$w0rdVx7', 'k(ssWzqJ', 'zażółćGęślą', '🐉драконQz🐉', 'Tvvo wordz hxre'];
const CSESSID = 'q7w8e9r0t1y2u3i4o5p6a7s8d9f0g1h2';

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A game that says back, in HTML, all that it is told; its address. */
async function parrot(t: { teardown(end: () => void): unknown }): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
  t.teardown(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (client) =>
    client.on('message', (message, isBinary) => {
      if (isBinary) return client.send(message, { binary: true });
      const [name, args, kwargs] = JSON.parse(String(message)) as [string, string[], object];
      const told = name === 'text' ? args[0] : JSON.stringify(kwargs);
      client.send(JSON.stringify(['text', [`Command '<span class="x">${escaped(String(told))}</span>' is not available.`], {}]));
      client.send(JSON.stringify(['prompt', ['Password: '], {}]));
    }),
  );
  await once(server, 'listening');
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

/** Says each secret in every way, and waits for each answer. */
async function evening(program: Program): Promise<void> {
  const { address } = program;
  const client = new WebSocket(`ws://127.0.0.1:${'port' in address ? address.port : 0}/?${CSESSID}&1&test`, { perMessageDeflate: { threshold: 0 } });
  let answers = 0;
  client.on('message', () => {
    answers++;
  });
  await once(client, 'open');
  const say = async (message: string, count: number): Promise<void> => {
    const wanted = answers + count;
    client.send(message);
    await until(() => answers >= wanted, 'the answer');
  };
  for (const secret of SECRETS) {
    await say(JSON.stringify(['text', [`connect bob ${secret}`], {}]), 2);
    await say(JSON.stringify(['text', [secret], {}]), 2);
    await say(JSON.stringify(['login', [], { name: 'bob', password: secret }]), 2);
    await say(JSON.stringify(['text', [`@password ${secret} = ${secret}`], {}]), 2);
    await say(JSON.stringify(['text', [`connect bob\n${secret}`], {}]), 2);
    await say(JSON.stringify(['chat', [`say ${secret}`], { token: secret }]), 2);
  }
  client.close();
  await once(client, 'close');
}

for (const kept of [
  ['AUDIT_IN=True', 'AUDIT_OUT=True'],
  ['AUDIT_IN=True', 'AUDIT_OUT=False'],
  ['AUDIT_IN=False', 'AUDIT_OUT=True'],
  ['AUDIT_IN=False', 'AUDIT_OUT=False'],
]) {
  t.test(`no secret stands anywhere with ${kept.join(', ')}`, async (t) => {
    const upstream = await parrot(t);
    const first = await startProgram(t, { listen: 'ws://127.0.0.1:0', upstream, set: kept });
    await evening(first);
    await until(() => records(first.folder).some((one) => one.topic === 'session.end'), 'the end of the session');
    await first.end('SIGKILL');
    const second = await startProgram(t, { listen: 'ws://127.0.0.1:0', upstream, set: kept, folder: first.folder });
    t.equal(await second.end(), 0);
    t.same(leaksOf(first.folder, first.printed + second.printed, [...SECRETS, CSESSID]), []);
    const said = records(first.folder).filter(({ topic }) => topic === 'session.input' || topic === 'session.output');
    t.equal(
      said.length > 0,
      kept.some((one) => one.endsWith('True')),
    );
  });
}
