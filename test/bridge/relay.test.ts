import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type Dialled, dial } from '../../src/bridge/dial.js';
import { endOfEvents } from '../../src/bridge/end.js';
import { Relay } from '../../src/bridge/relay.js';
import { until } from '../wait.js';
import { bridgeTo, dialTo, Keeper, read, readAll, Upstream } from './ends.js';

const MIB = 1 << 20;
/** Above what the sockets of a session hold in the kernel and in Node while nobody reads: four kernel buffers of 6 MiB at most, and some. */
const MORE_THAN_FITS = 64 * MIB;

/** A session whose both ends the test holds. */
async function session(t: Test, policy: 'pass' | 'pause' | 'close' = 'pass') {
  const upstream = await Upstream.listen(t);
  const { bridge, keeper, dial } = await bridgeTo(t, upstream.address, { policy });
  const client = await dial();
  const server = await upstream.accept();
  return { bridge, keeper, client, server, upstream };
}

/** Resolves with the name of the error that a socket ends with. */
const broken = async (socket: Socket): Promise<string> => {
  socket.resume();
  const [error] = await once(socket, 'error');
  return error.code;
};

t.test('every byte value arrives as it was sent, both ways, and the recorder gets the same', async (t) => {
  const { keeper, client, server } = await session(t);
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  client.end(Buffer.concat([all, all]));
  server.end(Buffer.concat([all, Buffer.from([255, 255, 0, 13, 255])]));
  t.same(await readAll(server), Buffer.concat([all, all]));
  t.same(await readAll(client), Buffer.concat([all, Buffer.from([255, 255, 0, 13, 255])]));
  t.same(await keeper.ended(), { reason: 'closed', by: (await keeper.ended()).by, bytesIn: 512, bytesOut: 261 });
  t.same(Buffer.concat(keeper.sessions[0]?.RCV ?? []), Buffer.concat([all, all]));
  t.same(Buffer.concat(keeper.sessions[0]?.SND ?? []), Buffer.concat([all, Buffer.from([255, 255, 0, 13, 255])]));
});

const passed = (keeper: Keeper, direction: 'RCV' | 'SND') => keeper.sessions[0]?.[direction].reduce((sum, { length }) => sum + length, 0) ?? 0;

/** Waits until no more passes; gives how much did. */
async function standsStill(keeper: Keeper, direction: 'RCV' | 'SND'): Promise<number> {
  let before = 0;
  let still = 0;
  return until(() => {
    const now = passed(keeper, direction);
    still = now === before ? still + 1 : 0;
    before = now;
    return still > 20 && now;
  }, 'the writer to be stopped');
}

/** Writes more than fits to a reader that does not read; then lets it. */
async function pressBack(t: Test, writer: Socket, reader: Socket, keeper: Keeper, direction: 'RCV' | 'SND') {
  writer.end(Buffer.alloc(MORE_THAN_FITS, 'x'));
  const stoppedAt = await standsStill(keeper, direction);
  t.ok(stoppedAt < MORE_THAN_FITS / 2, `the reader that does not read stops the writer (at ${stoppedAt} bytes)`);
  let got = 0;
  reader.on('data', ({ length }: Buffer) => {
    got += length;
  });
  reader.resume();
  await once(reader, 'end');
  t.equal(got, MORE_THAN_FITS, 'when it reads, all arrives');
}

t.test('a server that does not read stops the client, and gets all when it reads', async (t) => {
  const { keeper, client, server } = await session(t);
  await pressBack(t, client, server, keeper, 'RCV');
});

t.test('a client that does not read stops the server, and gets all when it reads', async (t) => {
  const { keeper, client, server } = await session(t);
  await pressBack(t, server, client, keeper, 'SND');
});

t.test('while one direction stands still the other goes on', async (t) => {
  const { client, server } = await session(t);
  server.write(Buffer.alloc(MORE_THAN_FITS, 'x'));
  for (let turn = 0; turn < 10; turn++) {
    client.write(`line ${turn}\n`);
    t.equal((await read(server, 7)).toString(), `line ${turn}\n`);
  }
});

t.test('a client that says its end still hears the server, whose end ends the session', async (t) => {
  const { keeper, client, server } = await session(t);
  client.end('question');
  t.equal((await readAll(server)).toString(), 'question');
  server.write('half ');
  t.equal((await read(client, 5)).toString(), 'half ');
  server.end('an answer');
  t.equal((await readAll(client)).toString(), 'an answer');
  t.same(await keeper.ended(), { reason: 'closed', by: 'client', bytesIn: 8, bytesOut: 14 });
});

t.test('a server that says its end still hears the client', async (t) => {
  const { keeper, client, server } = await session(t);
  server.end('bye');
  t.equal((await readAll(client)).toString(), 'bye');
  client.write('one more ');
  t.equal((await read(server, 9)).toString(), 'one more ');
  client.end('word');
  t.equal((await readAll(server)).toString(), 'word');
  t.same(await keeper.ended(), { reason: 'closed', by: 'server', bytesIn: 13, bytesOut: 3 });
});

t.test('a reset by the client is a reset at the server', async (t) => {
  const { keeper, client, server } = await session(t);
  client.write('x');
  await read(server, 1);
  const seen = broken(server);
  client.resetAndDestroy();
  t.equal(await seen, 'ECONNRESET');
  t.same(await keeper.ended(), { reason: 'reset', by: 'client', bytesIn: 1, bytesOut: 0 });
});

t.test('a reset by the server is a reset at the client', async (t) => {
  const { keeper, client, server } = await session(t);
  server.write('x');
  await read(client, 1);
  const seen = broken(client);
  server.resetAndDestroy();
  t.equal(await seen, 'ECONNRESET');
  t.same(await keeper.ended(), { reason: 'reset', by: 'server', bytesIn: 0, bytesOut: 1 });
});

t.test('a client that is gone while the server still sends is a reset at the server', async (t) => {
  const { keeper, client, server } = await session(t);
  const seen = broken(server);
  client.destroy();
  const more = setInterval(() => server.writable && server.write('tick '), 5);
  t.teardown(() => clearInterval(more));
  t.match(await seen, /ECONNRESET|EPIPE/);
  t.match(await keeper.ended(), { by: 'client', bytesIn: 0 });
});

/** A session whose client does not read, so that the kernel takes no more for it and a little of what the server sent stands in the proxy. */
async function littleLeft(t: Test, lingerMs: number) {
  const [clients, upstream] = [await Upstream.listen(t), await Upstream.listen(t)];
  const client = await dialTo(t, clients.address);
  const left = await clients.accept();
  const dialled = await new Promise<Dialled>((resolve) => dial(upstream.address, { timeoutMs: 5_000, steps: [], done: resolve }));
  if ('failure' in dialled) throw new Error(dialled.failure);
  const right = dialled.end.socket;
  const server = await upstream.accept();
  const keeper = new Keeper();
  const number = keeper.open({ id: 'id', listener: 'main', wire: 'plain', protocol: 'tcp', upstream: '' }, 'pass');
  const common = { recorder: keeper, session: number, policy: 'pass', onEnd: () => undefined } as const;
  const relay = new Relay({ client: endOfEvents(left), server: dialled.end, ...common, lingerMs });
  let sent = 0;
  for (; left.writableLength === 0; sent += 8_192) {
    server.write(Buffer.alloc(8_192, 'y'));
    while (passed(keeper, 'SND') !== sent + 8_192) await new Promise(setImmediate);
  }
  return { client, right, server, keeper, relay, sent };
}

t.test('a reader that takes its time gets the rest, though the server is gone for longer than an ended side may linger', async (t) => {
  const LINGER_MS = 50;
  const { client, right, server, keeper, sent } = await littleLeft(t, LINGER_MS);
  client.end();
  await readAll(server);
  server.end();
  await once(right, 'close');
  const gone = performance.now();
  await until(() => performance.now() > gone + 4 * LINGER_MS, 'four times the time to linger');
  t.equal((await readAll(client)).length, sent);
  t.match(await keeper.ended(), { reason: 'closed', by: 'client', bytesOut: sent });
});

t.test('a session that we end gives its reader all that was passed on, though the server goes on talking', async (t) => {
  const { client, server, keeper, relay, sent } = await littleLeft(t, 5_000);
  relay.stop('shutdown');
  server.write('more');
  await readAll(server);
  server.end('and more');
  await once(server, 'finish');
  t.equal((await readAll(client)).length, sent);
  client.end();
  t.same(await keeper.ended(), { reason: 'shutdown', by: 'wirescribe', bytesIn: 0, bytesOut: sent });
});

t.test('policy pass: a recorder that says no changes nothing', async (t) => {
  const { keeper, client, server } = await session(t);
  keeper.full = true;
  client.end('in');
  server.end('out');
  t.equal((await readAll(server)).toString(), 'in');
  t.equal((await readAll(client)).toString(), 'out');
});

t.test('policy pause: no more is read from either side until there is room, and nothing is lost', async (t) => {
  const { bridge, keeper, client, server, upstream } = await session(t, 'pause');
  keeper.full = true;
  client.write('first ');
  t.equal((await read(server, 6)).toString(), 'first ');
  client.write('second');
  server.write('answer');
  // Another bridge passes a session through meanwhile, so what this one's sides have sent has long been there to be read.
  const other = await (await bridgeTo(t, upstream.address)).dial();
  other.write('other');
  t.equal((await read(await upstream.accept(), 5)).toString(), 'other');
  t.equal(keeper.sessions[0]?.RCV.length, 1);
  t.same(keeper.sessions[0]?.SND, []);
  keeper.full = false;
  bridge.room();
  t.equal((await read(server, 6)).toString(), 'second');
  t.equal((await read(client, 6)).toString(), 'answer');
  client.end();
  server.end();
  await readAll(server);
  await readAll(client);
  t.same(Buffer.concat(keeper.sessions[0]?.RCV ?? []).toString(), 'first second');
});

t.test('policy close: the session ends, both sides get what was passed on, and who comes while there is no room is refused', async (t) => {
  const { keeper, client, server } = await session(t, 'close');
  server.write('welcome');
  t.equal((await read(client, 7)).toString(), 'welcome');
  keeper.full = true;
  client.write('last words');
  t.equal((await readAll(server)).toString(), 'last words');
  server.end();
  t.equal((await readAll(client)).toString(), '');
  client.end();
  t.same(await keeper.ended(), { reason: 'audit-failed', by: 'wirescribe', bytesIn: 10, bytesOut: 7 });
});
