/** A bridge with limits, over real sockets. What each limit counts is in gate.test.ts and watch.test.ts; here: what clients and the record are told. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { parseAddress, type SocketAddress } from '../../src/bridge/address.js';
import type { Step } from '../../src/bridge/arrive.js';
import { Bridge } from '../../src/bridge/bridge.js';
import { type Limits, NO_LIMITS } from '../../src/bridge/limits.js';
import { Dice, startServer } from '../harness.js';
import { until } from '../wait.js';
import { bridgeTo, deafServer, dialTo, Keeper, listener, read, readAll, Upstream } from './ends.js';

// Most of them wait for a clock.
t.jobs = 8;

const limited = (limits: Partial<Limits>) => ({ limits: { ...NO_LIMITS, ...limits } });

const reasons = (keeper: Keeper) => keeper.sessions.map(({ end }) => end?.reason);

/** Connects, and waits for the session. */
async function settle({ dial, upstream }: { dial: () => Promise<Socket>; upstream: Upstream }) {
  const client = await dial();
  return { client, server: await upstream.accept() };
}

async function setUp(t: Test, limits: Partial<Limits>, more: object = {}) {
  const upstream = await Upstream.listen(t);
  return { ...(await bridgeTo(t, upstream.address, { ...limited(limits), ...more })), upstream };
}

const SAID: readonly (readonly [string, Partial<Limits>, string])[] = [
  ['refused-busy', { maxSessions: 1 }, 'There is no room for more just now. Please try again in a moment.\r\n'],
  ['refused-address', { maxPerIp: 1 }, 'There are too many connections from your address.\r\n'],
  ['refused-network', { maxPerNetwork: 1 }, 'There are too many connections from your network.\r\n'],
  ['refused-rate', { connectsPerS: 0.001 }, 'You connect too often. Please wait a moment.\r\n'],
];

for (const [reason, limits, words] of SAID) {
  t.test(`${reason}: one too many is told so, and recorded; the server hears nothing of it`, async (t) => {
    const { bridge, keeper, dial, upstream } = await setUp(t, limits);
    await settle({ dial, upstream });
    const client = await dial();
    client.write('connect bob');
    t.equal((await readAll(client)).toString(), words);
    client.end();
    t.same(keeper.sessions[1]?.end, { reason, by: 'wirescribe', bytesIn: 0, bytesOut: 0 });
    t.match(keeper.sessions[1]?.open, { id: 'id-2', listener: 'main', ip: '127.0.0.1', protocol: 'telnet' });
    t.same([bridge.sessions, keeper.sessions.length], [1, 2]);
  });
}

t.test('who is denied gets the plain end', async (t) => {
  const { keeper, dial } = await setUp(t, { deny: ['127.0.0.0/8'] });
  const client = await dial();
  t.equal((await readAll(client)).toString(), '');
  t.same(reasons(keeper), ['denied']);
});

t.test('a place is free again when its session has ended', async (t) => {
  const { keeper, dial, upstream } = await setUp(t, { maxSessions: 1, maxPerIp: 1, maxPerNetwork: 1 });
  for (let turn = 0; turn < 3; turn++) {
    const { client, server } = await settle({ dial, upstream });
    client.end('bye');
    t.equal((await readAll(server)).toString(), 'bye');
    server.end();
    await readAll(client);
    await keeper.ended(turn);
  }
  t.same(reasons(keeper), ['closed', 'closed', 'closed']);
});

const OVER: readonly (readonly [string, Partial<Limits>, string])[] = [
  ['idle', { idleS: 0.05 }, 'You have said nothing for too long. Goodbye.\r\n'],
  ['too-long', { sessionS: 0.05 }, 'Your session has lasted as long as a session may. Goodbye.\r\n'],
];

for (const [reason, limits, words] of OVER) {
  t.test(`${reason}: the client is told on a line of its own, both sides are ended`, async (t) => {
    const { bridge, keeper, dial, upstream } = await setUp(t, limits);
    const { client, server } = await settle({ dial, upstream });
    server.write('HP 20> ');
    t.equal((await readAll(client)).toString(), `HP 20> \r\n${words}`);
    t.equal((await readAll(server)).toString(), '');
    client.end();
    server.end();
    t.same(await keeper.ended(), { reason, by: 'wirescribe', bytesIn: 0, bytesOut: 7 });
    t.equal(bridge.sessions, 0);
  });
}

t.test('idle: who speaks stays, whatever the server does', async (t) => {
  const { bridge, keeper, dial, upstream } = await setUp(t, { idleS: 2 });
  const [one, two] = [await settle({ dial, upstream }), await settle({ dial, upstream })];
  const speaking = setInterval(() => {
    one.client.write('.');
    two.server.write('.');
  }, 100);
  t.teardown(() => clearInterval(speaking));
  await readAll(two.client);
  t.same([keeper.sessions[0]?.end, bridge.sessions], [undefined, 2]);
});

t.test('line-too-long: so much of it passes as may be, and the client is told', async (t) => {
  const { keeper, dial, upstream } = await setUp(t, { lineBytes: 64 });
  const { client, server } = await settle({ dial, upstream });
  const line = `${'a'.repeat(63)}\r\n`;
  client.write(line.repeat(3) + 'b'.repeat(65));
  t.equal((await readAll(client)).toString(), '\r\nThat line is too long. Goodbye.\r\n');
  t.equal((await readAll(server)).toString(), line.repeat(3) + 'b'.repeat(64));
  client.end();
  server.end();
  t.match(await keeper.ended(), { reason: 'line-too-long', by: 'wirescribe', bytesIn: 65 * 3 + 64 });
  t.equal(Buffer.concat(keeper.sessions[0]?.RCV ?? []).length, 65 * 3 + 64, 'as much is recorded');
});

t.test('a client that is ended and goes on sending is cut off, and so is one that never reads', async (t) => {
  const { bridge, dial, upstream } = await setUp(t, { idleS: 0.05 });
  const { client, server } = await settle({ dial, upstream });
  client.pause();
  const more = Buffer.alloc(1 << 20, 'x');
  server.write(more);
  server.on('drain', () => server.write(more));
  server.resume();
  await until(() => bridge.sessions === 0, 'the session to be gone');
  t.pass('within the time that an ended side has');
});

t.test('update: from then on the new limits count, for sessions that go on too', async (t) => {
  const { bridge, keeper, dial, upstream } = await setUp(t, {});
  const first = await settle({ dial, upstream });
  bridge.update('main', { ...NO_LIMITS, maxSessions: 1 });
  await readAll(await dial());
  bridge.update('other', { ...NO_LIMITS, idleS: 0.01 });
  bridge.update('main', { ...NO_LIMITS, sessionS: 0.01 });
  await readAll(first.client);
  bridge.update('main', NO_LIMITS);
  const last = await settle({ dial, upstream });
  last.client.write('hello');
  await read(last.server, 5);
  t.same(reasons(keeper).slice(1), ['refused-busy', undefined]);
  t.same(bridge.gateOf('main')?.limits, NO_LIMITS);
});

t.test('a flood of refused connections writes ten records a second; the rest is a number', async (t) => {
  const told: number[] = [];
  const keeper = new Keeper();
  const upstream = await Upstream.listen(t);
  const bridge = new Bridge({
    listeners: [listener(upstream.address, limited({ deny: ['127.0.0.1'] }))],
    recorder: keeper,
    newId: () => 'id',
    onRefused: (count) => told.push(count),
  });
  t.teardown(() => bridge.close(0));
  const [opened] = await bridge.open();
  const clients = await Promise.all(Array.from({ length: 100 }, () => dialTo(t, opened?.listen as SocketAddress)));
  await Promise.all(clients.map(async (client) => readAll(client).catch(() => undefined)));
  const recorded = keeper.sessions.length;
  t.ok(recorded >= 10 && recorded < 100, `${recorded} were recorded`);
  await bridge.close(0);
  t.same(told, [100 - recorded]);
});

/** A header of one line, `ADDRESS\n`, stands for any step of a client's way in. */
const header: Step = async ({ socket, facts }, signal) => {
  let line = '';
  while (!line.endsWith('\n')) {
    const byte = socket.read(1) as Buffer | null;
    if (byte) line += byte.toString();
    else await once(socket, 'readable', { signal });
  }
  return { socket, facts: line === '\n' ? facts : { ...facts, ip: line.trim() } };
};

const behind = { arrival: [header], trusted: ['127.0.0.0/8'] };

t.test('behind a proxy the real address is what counts', async (t) => {
  const { keeper, dial, upstream } = await setUp(t, { maxPerIp: 1, deny: ['192.0.2.0/24'], allow: ['10.0.0.0/8', '192.0.2.0/24'] }, behind);
  const said = async (start: string) => {
    const client = await dial();
    client.write(start);
    return { client, said: () => readAll(client).then(String) };
  };
  await said('10.0.0.1\nhello');
  t.equal((await read(await upstream.accept(), 5)).toString(), 'hello');
  t.equal(await (await said('10.0.0.1\n')).said(), 'There are too many connections from your address.\r\n');
  t.equal(await (await said('192.0.2.1\n')).said(), '');
  t.equal(await (await said('\n')).said(), '', 'the proxy itself is not allowed');
  await said('10.0.0.2\n');
  await upstream.accept();
  t.same(
    keeper.sessions.map(({ open, end }) => [open.ip, end?.reason]),
    [
      ['10.0.0.1', undefined],
      ['10.0.0.1', 'refused-address'],
      ['192.0.2.1', 'denied'],
      ['127.0.0.1', 'denied'],
      ['10.0.0.2', undefined],
    ],
  );
});

t.test('before a handshake who may not come is let go without words, and so is one address with too many on their way', async (t) => {
  const { keeper, dial, upstream } = await setUp(t, { maxPerIp: 2 }, { arrival: [header] });
  const [slow] = [await dial(), await dial()];
  t.equal((await readAll(await dial())).toString(), '');
  slow?.write('\n');
  await upstream.accept();
  const next = await dial();
  next.write('\nhello');
  t.equal((await read(await upstream.accept(), 5)).toString(), 'hello', 'a place on the way is free again');
  t.same(reasons(keeper), ['refused-address', undefined, undefined]);
});

t.test('a handshake that takes too long is cut off and recorded', async (t) => {
  const { bridge, keeper, dial } = await setUp(t, {}, { arrival: [header], handshakeMs: 50 });
  const client = await dial();
  client.write('10.0.');
  await readAll(client).catch(() => undefined);
  t.same(reasons(keeper), ['handshake-timeout']);
  t.equal(bridge.sessions, 0);
});

t.test('who dawdles on the way in makes room for who comes', async (t) => {
  const { keeper, dial, upstream } = await setUp(t, {}, { ...behind, handshakeMs: 600_000 });
  const slow = await Promise.all(Array.from({ length: 1_000 }, dial));
  const client = await dial();
  client.write('10.0.0.1\nhello');
  t.equal((await read(await upstream.accept(), 5)).toString(), 'hello');
  await until(() => slow.filter((one) => one.resume().readableEnded).length === 1, 'one of them to be let go');
  t.same(reasons(keeper).sort(), ['refused-busy', undefined]);
});

t.test('however sessions begin and end, the counts are nothing when all are gone', async (t) => {
  const dice = new Dice(66);
  const upstream = await startServer(t, (server) => {
    const what = dice.between(0, 3);
    server.resume();
    if (what === 0) server.destroy();
    else if (what === 1) server.end('bye');
    else server.on('end', () => server.end());
  });
  const limits = limited({ maxSessions: 12, maxPerIp: 11, lineBytes: 64, sessionS: 3 });
  const { bridge, keeper, dial } = await bridgeTo(t, parseAddress(upstream) as SocketAddress, limits);
  const ends: ((client: Socket) => unknown)[] = [
    (client) => client.end(),
    (client) => client.destroy(),
    (client) => client.resetAndDestroy(),
    (client) => client.write('x'.repeat(100)),
    () => undefined,
  ];
  for (let turn = 0; turn < 150; turn++) {
    const client = (await dial()).resume();
    client.on('end', () => client.end());
    if (dice.next() < 0.5) await new Promise(setImmediate);
    ends[dice.between(0, ends.length - 1)]?.(client);
  }
  await until(() => bridge.sessions === 0, 'all to be gone');
  await until(() => keeper.sessions.every(({ end }) => end), 'all ends to be told');
  t.ok(new Set(reasons(keeper)).size >= 4, [...new Set(reasons(keeper))].join(' '));
  t.same([bridge.gateOf('main')?.sessions, bridge.gateOf('main')?.size], [0, 0]);
});

t.test('a session whose server is never reached counts while it is dialled, and no longer', async (t) => {
  const { bridge, keeper, dial } = await bridgeTo(t, await deafServer(t), { ...limited({ maxSessions: 1 }), handshakeMs: 300 });
  const first = await dial();
  await until(() => bridge.gateOf('main')?.sessions === 1, 'the session');
  t.match((await readAll(await dial())).toString(), 'There is no room');
  t.match((await readAll(first)).toString(), 'The game is down.');
  t.same([bridge.gateOf('main')?.sessions, reasons(keeper).sort()], [0, ['refused-busy', 'upstream-timeout']]);
});
