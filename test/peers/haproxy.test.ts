import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecure } from 'node:tls';
import t, { type Test } from 'tap';
import { makeAuthority } from '../bridge/certificates.js';
import { readAll, Upstream } from '../bridge/ends.js';
import { folderOf, startServer } from '../harness.js';
import { until } from '../wait.js';
import { startListener } from './listener.js';
import { peerMissing, startPeer } from './peer.js';

const skip = peerMissing('haproxy');
const TRUSTED = "TRUSTED_PROXIES = ['127.0.0.1']";

const portOf = (url: string): string => /:(\d+)$/.exec(url)?.[1] ?? '';

/** A server that says what it was told, and counts its connections. */
async function echo(t: Test) {
  let connections = 0;
  const upstream = await startServer(t, (socket) => {
    connections++;
    socket.pipe(socket);
  });
  return { upstream, connections: () => connections };
}

/** Sends a line, and reads it back. */
async function exchange(socket: Socket, line: string): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk;
  });
  socket.write(line);
  await until(() => heard.length >= line.length, 'the answer');
  return heard;
}

/** HAProxy's checks, which are seen by counting what the kernel accepted: a plain server between counts them. */
async function counting(t: Test, port: number) {
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++;
    const onward = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

for (const version of ['v1', 'v2'] as const) {
  t.test(`HAProxy ${version}: the client's address stands in the record, and its health checks are no sessions`, { skip }, async (t) => {
    const { upstream, connections } = await echo(t);
    const ours = await startListener(t, `'listen': 'telnet://127.0.0.1:0', 'upstream': '${upstream}', 'accept_proxy': True`, TRUSTED);
    const between = await counting(t, ours.port);
    const haproxy = await startPeer('haproxy', [String(between.port), version]);
    t.teardown(() => haproxy.stop());
    await until(() => between.connections() >= 5, 'five health checks');
    t.equal(connections(), 0, 'the game hears nothing of them');

    const client = connect(haproxy.port, '127.0.0.1');
    t.equal(await exchange(client, 'look\r\n'), 'look\r\n');
    const { localPort } = client;
    client.end();
    const end = await ours.recordThat(({ topic }) => topic === 'session.end', 'the end of the session');
    t.match(end, { ip: '127.0.0.1', port: localPort, data: { reason: 'closed', bytes_in: 6, bytes_out: 6 } });
    if (version === 'v2') t.equal(end.interlink, `id-127.0.0.1-${localPort}`);
    const starts = ours.records().filter(({ topic }) => topic === 'session.start');
    t.equal(starts.length, 1, 'one session alone');
    t.equal(connections(), 1);
    t.notOk(ours.records().some(({ topic }) => topic === 'audit.fault'));
  });
}

t.test('HAProxy that ends TLS says what it knows of it', { skip }, async (t) => {
  const { upstream } = await echo(t);
  const ours = await startListener(t, `'listen': 'telnet://127.0.0.1:0', 'upstream': '${upstream}', 'accept_proxy': True`, TRUSTED);
  const haproxy = await startPeer('haproxy', [String(ours.port), 'v2']);
  t.teardown(() => haproxy.stop());
  const client = connectSecure({ port: haproxy.port + 1, host: '127.0.0.1', servername: 'mud.example', rejectUnauthorized: false });
  t.teardown(() => client.destroy());
  t.equal(await exchange(client, 'look\r\n'), 'look\r\n');
  const start = await ours.recordThat(({ topic }) => topic === 'session.start', 'the start');
  t.match(start, { port: client.localPort, interlink: `id-127.0.0.1-${client.localPort}` });
  t.strictSame(start.data?.tls, { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', servername: 'mud.example' });
});

t.test('HAProxy in front of our own TLS: its header stands in front of the handshake', { skip }, async (t) => {
  const { cert, certPath, keyPath } = makeAuthority(t).sign('mud', 'DNS:mud.example');
  const { upstream } = await echo(t);
  const listener = `'listen': 'telnets://127.0.0.1:0', 'upstream': '${upstream}', 'accept_proxy': True, 'cert': '${certPath}', 'key': '${keyPath}'`;
  const ours = await startListener(t, listener, TRUSTED);
  const haproxy = await startPeer('haproxy', [String(ours.port), 'v2']);
  t.teardown(() => haproxy.stop());
  const client = connectSecure({ port: haproxy.port, host: '127.0.0.1', servername: 'mud.example', rejectUnauthorized: false });
  t.teardown(() => client.destroy());
  t.equal(await exchange(client, 'look\r\n'), 'look\r\n');
  t.equal(client.getPeerX509Certificate()?.toString(), cert);
  const start = await ours.recordThat(({ topic }) => topic === 'session.start', 'the start');
  t.match(start, { port: client.localPort, protocol: 'telnet/ssl', data: { tls: { version: 'TLSv1.3', servername: 'mud.example' } } });
});

t.test('HAProxy understands who our client is by our header, of both versions', { skip }, async (t) => {
  const game = await Upstream.listen(t);
  const back = game.address.scheme === 'unix' ? '' : String(game.address.port);
  const haproxy = await startPeer('haproxy', [back, 'none', back]);
  t.teardown(() => haproxy.stop());
  const upstream = `telnet://127.0.0.1:${haproxy.port + 2}`;
  for (const version of ['v1', 'v2'] as const) {
    const ours = await startListener(t, `'listen': 'telnet://127.0.0.1:0', 'upstream': '${upstream}', 'send_proxy': '${version}'`);
    const client = connect({ port: ours.port, host: '127.0.0.1' });
    client.end('look\r\n');
    t.equal(await untilSaid(game), `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${ours.port}\r\nlook\r\n`);
  }
});

/** What the first client to say anything says: HAProxy's checks of `plain` say nothing. */
async function untilSaid(game: Upstream): Promise<string> {
  for (;;) {
    const socket = await game.accept();
    const said = await readAll(socket).catch(() => Buffer.alloc(0));
    socket.destroy();
    if (said.length > 0) return said.toString();
  }
}

t.test('our header to a server by TLS stands in front of the handshake', { skip }, async (t) => {
  const dir = folderOf(t);
  const authority = makeAuthority(t);
  const { cert, key } = authority.sign('mud', 'DNS:mud.example');
  writeFileSync(join(dir, 'haproxy.pem'), `${cert}${key}`);
  const { upstream } = await echo(t);
  // It ends TLS behind the header that it wants: what it passes on is the client's own words.
  const haproxy = await startPeer('haproxy', [portOf(upstream), 'none'], { dir });
  t.teardown(() => haproxy.stop());
  const ours = await startListener(
    t,
    `'listen': 'telnet://127.0.0.1:0', 'upstream': 'telnets://127.0.0.1:${haproxy.port + 3}', 'send_proxy': 'v2', 'ca': '${authority.certPath}', 'servername': 'mud.example'`,
  );
  const client = connect({ port: ours.port, host: '127.0.0.1' });
  t.teardown(() => client.destroy());
  t.equal(await exchange(client, 'look\r\n'), 'look\r\n');
});
