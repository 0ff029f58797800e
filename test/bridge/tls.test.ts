import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createPlain } from 'node:net';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import type { NetworkAddress, SocketAddress } from '../../src/bridge/address.js';
import { Bridge } from '../../src/bridge/bridge.js';
import { type ListenerPlan, makeListener } from '../../src/bridge/listener.js';
import { Tls, type TlsMaterial } from '../../src/bridge/tls.js';
import { until } from '../wait.js';
import { type Certificate, makeAuthority } from './certificates.js';
import { dialTo, Keeper, read, readAll, Upstream } from './ends.js';

const authority = makeAuthority(t);
const game = authority.sign('game', 'DNS:game.example,DNS:localhost,IP:127.0.0.1');
const wild = authority.sign('wild', 'DNS:*.muds.example');

const TELNETS: SocketAddress = { scheme: 'telnets', host: '127.0.0.1', port: 0 };
const pair = ({ cert, key }: Certificate) => ({ cert, key });

/** A bridge of one listener with TLS on either side. */
async function bridgeWith(t: Test, upstream: SocketAddress, material: Partial<TlsMaterial>, plan: Partial<ListenerPlan> = {}) {
  const keeper = new Keeper();
  const tls = new Tls({ certificates: [pair(game), pair(wild)], ...material });
  const listener: ListenerPlan = {
    name: 'main',
    listen: TELNETS,
    upstream,
    onDown: 'The game is down.',
    handshakeMs: 10_000,
    policy: 'pass',
    active: true,
    tls,
    ...plan,
  };
  const bridge = new Bridge({ listeners: [makeListener(listener)], recorder: keeper, newId: () => 'id-1' });
  const [opened] = await bridge.open();
  t.teardown(() => bridge.close(0));
  const address = opened?.listen as NetworkAddress;
  return { bridge, keeper, listener, address };
}

/** Not in the types of Node's tls, and understood all the same. */
const HALF_OPEN = { allowHalfOpen: true };

/** A client by TLS, connected, that does not read yet. */
async function secure(t: Test, { port }: NetworkAddress, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ ca: authority.cert, servername: 'game.example', ...options, ...HALF_OPEN, host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** A server by TLS; gives its address and its connections. */
async function secureServer(t: Test, { cert, key }: Certificate) {
  const arrived: TLSSocket[] = [];
  const server = createServer({ cert, key, ...HALF_OPEN, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    arrived.push(socket);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of arrived) socket.destroy();
  });
  const { port } = server.address() as { port: number };
  const address: SocketAddress = { scheme: 'telnets', host: '127.0.0.1', port };
  return { address, accept: () => until(() => arrived.shift(), 'a connection at the server') };
}

t.test('a client by TLS: bytes pass both ways, and the record says version, cipher and the name that was asked for', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {});
  const client = await secure(t, address);
  const server = await upstream.accept();
  client.write(Buffer.from([0x6c, 0xff, 0xfd, 0x57]));
  server.write(Buffer.from([0xff, 0xff, 0x6f]));
  t.same(await read(server, 4), Buffer.from([0x6c, 0xff, 0xfd, 0x57]));
  t.same(await read(client, 3), Buffer.from([0xff, 0xff, 0x6f]));
  const open = keeper.sessions[0]?.open;
  t.match(open, { ip: '127.0.0.1', protocol: 'telnet/ssl', wire: 'telnet' });
  t.strictSame(open?.tls, { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', servername: 'game.example' });
});

t.test('what is said in the same write as the end of the handshake arrives', async (t) => {
  const upstream = await Upstream.listen(t);
  const { address } = await bridgeWith(t, upstream.address, {});
  const client = connect({ port: address.port, ca: authority.cert, servername: 'game.example' });
  t.teardown(() => client.destroy());
  client.write('connect bob\r\n');
  t.equal((await read(await upstream.accept(), 13)).toString(), 'connect bob\r\n');
});

t.test('the certificate is chosen by the name that a client asks for, with wildcards; else it is the first', async (t) => {
  const upstream = await Upstream.listen(t);
  const { address } = await bridgeWith(t, upstream.address, {});
  const shown = async (servername: string): Promise<string> => {
    const client = await secure(t, address, { servername, rejectUnauthorized: false });
    const { CN } = client.getPeerCertificate().subject;
    client.destroy();
    return String(CN);
  };
  t.equal(await shown('game.example'), 'game');
  t.equal(await shown('old.muds.example'), 'wild');
  t.equal(await shown('a.b.muds.example'), 'game');
  t.equal(await shown('elsewhere.example'), 'game');
  t.equal(await shown(''), 'game');
});

t.test('TLS 1.1 is refused, 1.2 is spoken', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {});
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(secure(t, address, old));
  const client = await secure(t, address, { maxVersion: 'TLSv1.2' });
  await upstream.accept();
  t.equal(keeper.sessions.length, 1);
  t.match(keeper.sessions[0]?.open.tls, { version: 'TLSv1.2', cipher: /^ECDHE-ECDSA-/ });
  const failed = new Promise<boolean>((resolve) => {
    client.once('error', () => resolve(true));
    client.once('close', () => resolve(true));
  });
  client.renegotiate({}, () => undefined);
  t.ok(await failed, 'and a new handshake within it is refused');
});

t.test('a certificate of a client is recorded where its authority vouches for it, and asked for, never required', async (t) => {
  const alice = authority.sign('alice', 'DNS:alice.example');
  const stranger = makeAuthority(t).sign('alice', 'DNS:alice.example');
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, { clientCa: authority.cert });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const own of [pair(alice), pair(stranger), {}]) {
      await secure(t, address, { ...own, maxVersion });
      await upstream.accept();
    }
  }
  const [known, unknown, none, known13, unknown13, none13] = keeper.sessions.map(({ open }) => open.tls?.client);
  t.match(known, { subject: 'O=Test, CN=alice', fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ });
  t.strictSame(known13, known);
  t.strictSame([unknown, none, unknown13, none13], [undefined, undefined, undefined, undefined]);
});

t.test('a handshake that comes to nothing is a fault, and no session; who leaves without a word is neither', async (t) => {
  const faults: string[] = [];
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {}, { fault: (code) => void faults.push(code) });
  const nobody = await dialTo(t, address);
  nobody.end();
  await once(nobody.resume(), 'close');
  t.same(faults, []);
  const plain = await dialTo(t, address);
  plain.write('look\r\n');
  await until(() => faults.length === 1, 'the fault of who speaks no TLS');
  const wary = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${address.port}`, '-verify_return_error'], { stdio: 'ignore' });
  t.not((await once(wary, 'close'))[0], 0, 'who does not trust us');
  await until(() => faults.length === 2, 'the fault of who does not trust us');
  await t.rejects(secure(t, address, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' }), 'who speaks an old TLS');
  await until(() => faults.length === 3, 'the fault of who speaks an old TLS');
  t.same([keeper.sessions, new Set(faults)], [[], new Set(['tls-handshake'])]);
});

t.test('after a reload new clients are shown the new certificate, and sessions that are there go on', async (t) => {
  const upstream = await Upstream.listen(t);
  const { bridge, listener, address } = await bridgeWith(t, upstream.address, {});
  const before = await secure(t, address);
  const server = await upstream.accept();
  const renewed = new Tls({ certificates: [pair(authority.sign('renewed', 'DNS:game.example'))] });
  bridge.adopt([makeListener({ ...listener, tls: renewed })]);
  t.equal((await secure(t, address)).getPeerCertificate().subject.CN, 'renewed');
  before.write('still here');
  t.equal((await read(server, 10)).toString(), 'still here');
});

t.test('each side may end and still hear the other', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {});
  const client = await secure(t, address);
  const server = await upstream.accept();
  client.end('quit\r\n');
  t.equal((await readAll(server)).toString(), 'quit\r\n');
  server.end('goodbye\r\n');
  t.equal((await readAll(client)).toString(), 'goodbye\r\n');
  t.match(await keeper.ended(), { reason: 'closed', by: 'client', bytesIn: 6, bytesOut: 9 });
});

t.test('a reset of the server is one for a client by TLS', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {});
  const client = await secure(t, address);
  const server = await upstream.accept();
  const failed = new Promise((resolve) => client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));
  server.resetAndDestroy();
  t.equal(await failed, 'ECONNRESET');
  t.match(await keeper.ended(), { reason: 'reset', by: 'server' });
});

t.test('a client that is slow to read holds the server back', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {});
  const client = await secure(t, address);
  const server = await upstream.accept();
  const passed = (): number => (keeper.sessions[0]?.SND ?? []).reduce((sum, { length }) => sum + length, 0);
  const bytes = 32 * 1024 * 1024;
  server.end(Buffer.alloc(bytes, 'x'));
  await until(() => passed() > 0, 'the first bytes');
  // Another session goes there and back: by then a bridge that does not wait would have taken much more.
  for (let round = 0; round < 20; round++) {
    const other = await secure(t, address);
    other.write('look');
    await read(await upstream.accept(), 4);
  }
  t.ok(passed() < bytes / 2, `${passed()} bytes were taken from the server`);
  t.equal((await readAll(client)).length, bytes, 'and all of it comes once the client reads');
});

t.test('who speaks no TLS, or is silent, gets no session', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeWith(t, upstream.address, {}, { handshakeMs: 300 });
  const plain = await dialTo(t, { ...address, scheme: 'telnet' });
  plain.write('connect bob hunter2\r\n');
  await readAll(plain).catch(() => undefined);
  const silent = await dialTo(t, { ...address, scheme: 'telnet' });
  await readAll(silent).catch(() => undefined);
  t.same(
    keeper.sessions.filter(({ end }) => end?.reason !== 'handshake-timeout'),
    [],
  );
});

t.test('a server by TLS: its certificate is verified, and what is said arrives', async (t) => {
  const { address, accept } = await secureServer(t, game);
  const { address: ours } = await bridgeWith(t, address, { ca: authority.cert });
  const client = await secure(t, ours);
  const server = await accept();
  client.end('look\r\n');
  t.equal((await readAll(server)).toString(), 'look\r\n');
  server.end('A room.\r\n');
  t.equal((await readAll(client)).toString(), 'A room.\r\n');
});

t.test('the server is asked for by its name; an address is no name to ask for', async (t) => {
  const names: unknown[] = [];
  const { address, accept } = await secureServer(t, game);
  for (const [host, servername] of [
    ['127.0.0.1', null],
    ['localhost', null],
    ['127.0.0.1', 'game.example'],
  ] as const) {
    const { address: ours } = await bridgeWith(t, { ...(address as NetworkAddress), host }, { ca: authority.cert }, { servername });
    await secure(t, ours);
    names.push(((await accept()) as { servername?: unknown }).servername);
  }
  t.strictSame(names, [false, 'localhost', 'game.example']);
});

const UNTRUSTED: readonly [string, () => { readonly server: Certificate; readonly ca?: string; readonly servername?: string }][] = [
  ['nobody we know vouches for it', () => ({ server: game })],
  ['it is of another name', () => ({ server: game, ca: authority.cert, servername: 'other.example' })],
  ['it has expired', () => ({ server: authority.sign('expired', 'IP:127.0.0.1', -1), ca: authority.cert })],
];

for (const [title, made] of UNTRUSTED) {
  t.test(`a server whose certificate is not good, for ${title}, is none: upstream-untrusted; verify=False takes it`, async (t) => {
    const { server, ca, servername } = made();
    const { address, accept } = await secureServer(t, server);
    const material = ca === undefined ? {} : { ca };
    const plan = servername === undefined ? {} : { servername };
    const { keeper, address: ours } = await bridgeWith(t, address, material, plan);
    const client = await secure(t, ours);
    t.equal((await readAll(client)).toString(), 'The game is down.\r\n');
    t.same(await keeper.ended(), { reason: 'upstream-untrusted', by: 'server', bytesIn: 0, bytesOut: 0 });
    const { address: careless } = await bridgeWith(t, address, material, { ...plan, verify: false });
    const other = await secure(t, careless);
    const taken = await accept();
    other.write('look');
    t.equal((await read(taken, 4)).toString(), 'look');
  });
}

t.test('a server that speaks no TLS has failed, one that says nothing has not answered', async (t) => {
  const server = createPlain((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('Welcome to the game!\r\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const plain = await bridgeWith(t, { scheme: 'telnets', host: '127.0.0.1', port }, {});
  await secure(t, plain.address);
  t.match(await plain.keeper.ended(), { reason: 'upstream-failed' });
  const silent = await Upstream.listen(t);
  const listen = { scheme: 'telnet', host: '127.0.0.1', port: 0 } as const;
  const slow = await bridgeWith(t, { ...silent.address, scheme: 'telnets' } as SocketAddress, {}, { handshakeMs: 300, listen });
  await dialTo(t, slow.address);
  t.match(await slow.keeper.ended(), { reason: 'upstream-timeout' });
});
