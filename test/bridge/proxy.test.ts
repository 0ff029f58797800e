import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import t, { type Test } from 'tap';
import type { NetworkAddress, SocketAddress } from '../../src/bridge/address.js';
import { Bridge } from '../../src/bridge/bridge.js';
import { type ListenerPlan, makeListener } from '../../src/bridge/listener.js';
import { readProxyHeader } from '../../src/bridge/proxy-header.js';
import { Tls } from '../../src/bridge/tls.js';
import { makeAuthority } from './certificates.js';
import { dialTo, Keeper, read, readAll, Upstream } from './ends.js';

const CLIENT = 'PROXY TCP4 203.0.113.7 192.0.2.1 50014 4000\r\n';
const OWN = 'PROXY TCP4 127.0.0.1 127.0.0.1 50014 4000\r\n';
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

async function bridgeWith(t: Test, upstream: SocketAddress, plan: Partial<ListenerPlan> = {}) {
  const keeper = new Keeper();
  const faults: string[] = [];
  let ids = 0;
  const listener = makeListener({
    name: 'main',
    listen: { scheme: 'telnet', host: '127.0.0.1', port: 0 },
    upstream,
    onDown: 'The game is down.',
    handshakeMs: 10_000,
    policy: 'pass',
    active: true,
    acceptProxy: true,
    trusted: ['127.0.0.0/8'],
    fault: (code) => faults.push(code),
    ...plan,
  });
  const bridge = new Bridge({ listeners: [listener], recorder: keeper, newId: () => `id-${++ids}` });
  const [opened] = await bridge.open();
  t.teardown(() => bridge.close(0));
  const address = opened?.listen as NetworkAddress;
  return { bridge, keeper, faults, address, dial: () => dialTo(t, address) };
}

/** A server that fails the test where it is called before `allow`, and speaks first. */
async function greeter(t: Test) {
  const upstream = await Upstream.listen(t);
  const greet = async (): Promise<Socket> => {
    const server = await upstream.accept();
    server.write('Welcome!');
    return server;
  };
  return { upstream, greet };
}

const HEADS: readonly [string, string | Buffer, object][] = [
  ['a client', CLIENT, { ip: '203.0.113.7', port: 50014 }],
  ['itself', OWN, { ip: '127.0.0.1', port: 50014 }],
  ['itself by LOCAL', LOCAL, { ip: '127.0.0.1' }],
  ['nobody, by UNKNOWN', 'PROXY UNKNOWN\r\n', { ip: '127.0.0.1' }],
];

for (const [whom, head, open] of HEADS) {
  t.test(`where a trusted proxy names ${whom}, and says something behind its header, that is a session; the header is not passed on`, async (t) => {
    const upstream = await Upstream.listen(t);
    const { keeper, dial } = await bridgeWith(t, upstream.address);
    const proxy = await dial();
    proxy.write(Buffer.concat([Buffer.from(head), Buffer.from('look\r\n')]));
    t.equal((await read(await upstream.accept(), 6)).toString(), 'look\r\n');
    t.match(keeper.sessions[0]?.open, open);
    t.notOk('to' in (keeper.sessions[0]?.open ?? {}), 'where the client meant to go is no part of it');
  });

  t.test(`where a trusted proxy names ${whom}, and waits for the server to speak, that is a session`, async (t) => {
    const { upstream, greet } = await greeter(t);
    const { dial } = await bridgeWith(t, upstream.address);
    const proxy = await dial();
    proxy.write(head);
    const server = await greet();
    t.equal((await read(proxy, 8)).toString(), 'Welcome!');
    proxy.end('quit');
    t.equal((await readAll(server)).toString(), 'quit');
  });

  for (const [how, end] of [
    ['ends', (proxy: Socket) => proxy.end(head)],
    ['resets', (proxy: Socket) => proxy.write(head, () => proxy.resetAndDestroy())],
  ] as const) {
    t.test(
      `where a trusted proxy names ${whom}, and ${how} the connection, that is a health check: no session, and no server is dialled`,
      async (t) => {
        const upstream = await Upstream.listen(t);
        const { keeper, faults, dial } = await bridgeWith(t, upstream.address);
        const check = await dial();
        const gone = once(check, 'close');
        end(check);
        check.resume();
        await gone;
        const proxy = await dial();
        proxy.write(`${CLIENT}look`);
        const server = await upstream.accept();
        t.equal((await read(server, 4)).toString(), 'look', 'the first that the server hears of');
        t.equal(keeper.sessions.length, 1);
        t.same(faults, []);
      },
    );
  }
}

t.test('a proxy that names another is a client after a moment of silence; one that names itself after a second', async (t) => {
  const { upstream, greet } = await greeter(t);
  const { dial } = await bridgeWith(t, upstream.address);
  const waited = async (head: string): Promise<number> => {
    const proxy = await dial();
    const from = performance.now();
    proxy.write(head);
    await greet();
    await read(proxy, 8);
    return performance.now() - from;
  };
  const [client, own] = [await waited(CLIENT), await waited(OWN)];
  t.ok(own >= 950, `itself: ${own} ms`);
  t.ok(client < own, `another: ${client} ms`);
});

t.test('a connection that a trusted proxy ends without any byte is no session, and no fault', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, faults, dial } = await bridgeWith(t, upstream.address);
  const check = await dial();
  check.end();
  await readAll(check);
  t.same([keeper.sessions, faults], [[], []]);
});

t.test('a header one byte at a time, and what follows it, arrive', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, dial } = await bridgeWith(t, upstream.address);
  const proxy = await dial();
  proxy.setNoDelay(true);
  for (const byte of Buffer.from(`${CLIENT}look`)) await new Promise((resolve) => proxy.write(Buffer.from([byte]), resolve));
  t.equal((await read(await upstream.accept(), 4)).toString(), 'look');
  t.match(keeper.sessions[0]?.open, { ip: '203.0.113.7' });
});

t.test('from others the header is data', async (t) => {
  const upstream = await Upstream.listen(t);
  for (const trusted of [[], ['10.0.0.0/8']]) {
    const { keeper, dial } = await bridgeWith(t, upstream.address, { trusted });
    const client = await dial();
    client.write(CLIENT);
    t.equal((await read(await upstream.accept(), CLIENT.length)).toString(), CLIENT);
    t.match(keeper.sessions[0]?.open, { ip: '127.0.0.1' });
  }
});

for (const [title, sent] of [
  ['no header', 'connect bob hunter2\r\n'],
  ['a broken header', 'PROXY TCP4 bob\r\n'],
] as const) {
  t.test(`a trusted proxy that sends ${title} is cut off, and a fault says so, without a word of it`, async (t) => {
    const upstream = await Upstream.listen(t);
    const { keeper, faults, dial } = await bridgeWith(t, upstream.address);
    const proxy = await dial();
    proxy.write(sent);
    await readAll(proxy).catch(() => undefined);
    t.same([keeper.sessions, faults], [[], ['proxy-header']]);
  });
}

t.test('a trusted proxy whose header does not come in time is cut off', async (t) => {
  const upstream = await Upstream.listen(t);
  const { dial } = await bridgeWith(t, upstream.address, { handshakeMs: 200 });
  const proxy = await dial();
  proxy.write('PROXY TCP4 203');
  t.equal((await readAll(proxy).catch(() => Buffer.alloc(0))).length, 0);
});

t.test('a header stands in front of TLS, even in one write with it', async (t) => {
  const { cert, key } = makeAuthority(t).sign('game', 'DNS:game.example');
  const upstream = await Upstream.listen(t);
  const tls = new Tls({ certificates: [{ cert, key }] });
  const { keeper, address, dial } = await bridgeWith(t, upstream.address, { tls, listen: { scheme: 'telnets', host: '127.0.0.1', port: 0 } });
  const proxy = await dial();
  proxy.cork();
  proxy.write(CLIENT);
  const client = connectSecure({ socket: proxy, servername: 'game.example', rejectUnauthorized: false });
  t.teardown(() => client.destroy());
  setImmediate(() => proxy.uncork());
  client.write('look\r\n');
  t.equal((await read(await upstream.accept(), 6)).toString(), 'look\r\n');
  t.match(keeper.sessions[0]?.open, { ip: '203.0.113.7', tls: { servername: 'game.example' }, protocol: 'telnet/ssl' });
  t.equal(address.scheme, 'telnets');
});

t.test('the server is told who the client is, in front of all it says', async (t) => {
  const upstream = await Upstream.listen(t);
  const v1 = await bridgeWith(t, upstream.address, { acceptProxy: false, sendProxy: 'v1' });
  const client = await v1.dial();
  client.end('look\r\n');
  const server = await upstream.accept();
  t.equal((await readAll(server)).toString(), `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${v1.address.port}\r\nlook\r\n`);
  server.end('A room.');
  t.equal((await readAll(client)).toString(), 'A room.');
  t.match(await v1.keeper.ended(), { bytesIn: 6, bytesOut: 7 }, 'the header is none of the bytes');

  const v2 = await bridgeWith(t, upstream.address, { sendProxy: 'v2' });
  const proxy = await v2.dial();
  proxy.write(`${CLIENT}look`);
  const other = await upstream.accept();
  const told = await read(other, 16 + 12 + 7 + 4);
  t.match(readProxyHeader(told), { from: { ip: '203.0.113.7', port: 50014 }, to: { ip: '192.0.2.1', port: 4000 }, interlink: 'id-1' });
  t.equal(told.subarray(-4).toString(), 'look');
});
