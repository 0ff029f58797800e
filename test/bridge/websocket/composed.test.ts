/** WebSocket with what else a listener has: TLS on either side, a PROXY header before it, a program behind it, limits. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocketServer } from 'ws';
import { NO_LIMITS } from '../../../src/bridge/limits.js';
import { Tls } from '../../../src/bridge/tls.js';
import { until } from '../../wait.js';
import { makeAuthority } from '../certificates.js';
import { dialTo, read, readAll, Upstream } from '../ends.js';
import { open, openInFront, Talker, talk, WS } from './ends.js';

const HOST = '127.0.0.1';
const authority = makeAuthority(t);
const { cert, key } = authority.sign('game', 'DNS:game.example,IP:127.0.0.1');

t.test('wss in front of telnet', async (t) => {
  const tls = new Tls({ certificates: [{ cert, key }] });
  const { port, upstream, keeper } = await openInFront(t, 'telnet', { listen: { ...WS, scheme: 'wss' }, tls });
  const client = await talk(t, `wss://${HOST}:${port}/play`, 'terminal.mudstandards.org', { ca: authority.cert, servername: 'game.example' });
  const server = await upstream.accept();
  client.ws.send('look\r');
  t.equal((await read(server, 6)).toString(), 'look\r\n');
  const large = Buffer.alloc(1_000_000, 'a');
  server.write(large);
  t.equal((await client.heard(large.length)).length, large.length);
  t.match(keeper.sessions[0]?.open, { protocol: 'websocket/ssl', url: '/play', tls: { servername: 'game.example' } });
  client.ws.close();
  await readAll(server);
  server.end();
  t.match(await keeper.ended(), { reason: 'closed', by: 'client' });
});

t.test('telnet in front of wss', async (t) => {
  const web = createServer({ cert, key });
  const talkers: Talker[] = [];
  const hosts: (string | undefined)[] = [];
  const server = new WebSocketServer({ server: web });
  server.on('connection', (ws, { headers }) => {
    hosts.push(headers.host);
    talkers.push(new Talker(t, ws));
  });
  web.listen(0, HOST);
  await once(web, 'listening');
  t.teardown(() => web.close());
  const { port } = web.address() as { port: number };
  const upstream = { scheme: 'wss', host: HOST, port, path: '/' } as const;
  const bridged = await open(t, {
    listen: { scheme: 'telnet', host: HOST, port: 0 },
    upstream,
    tls: new Tls({ certificates: [], ca: authority.cert }),
  });
  const client = await dialTo(t, { scheme: 'telnet', host: HOST, port: bridged.port });
  client.write('look\r\n');
  const game = await until(() => talkers[0], 'the connection');
  t.equal(await game.heard(6), 'look\r\n');
  t.same(hosts, [`${HOST}:${port}`]);
  game.ws.send('A maze.');
  t.equal((await read(client, 7)).toString(), 'A maze.');
});

t.test('a PROXY header, the upgrade and the first frame in one packet', async (t) => {
  const { port, upstream, keeper } = await openInFront(t, 'tcp', { acceptProxy: true, trusted: ['127.0.0.0/8'] });
  const socket = connect({ host: HOST, port });
  t.teardown(() => socket.destroy());
  const upgrade =
    'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  socket.write(
    Buffer.concat([Buffer.from(`PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n${upgrade}`), Buffer.of(0x82, 0x85, 0, 0, 0, 0), Buffer.from('first')]),
  );
  t.equal((await read(await upstream.accept(), 5)).toString(), 'first');
  t.match(
    keeper.sessions[0]?.open,
    { ip: '192.0.2.7', port: 4711 },
    'whom the PROXY header names is no trusted proxy: its X-Forwarded-For is its own word',
  );
});

t.test('the same headers byte by byte', async (t) => {
  const { port, upstream } = await openInFront(t, 'tcp', { acceptProxy: true, trusted: ['127.0.0.0/8'] });
  const socket = connect({ host: HOST, port, noDelay: true });
  t.teardown(() => socket.destroy());
  const bytes =
    'PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  for (const byte of bytes) await new Promise((resolve) => socket.write(byte, resolve));
  t.ok(await upstream.accept());
});

t.test('a program behind it', async (t: Test) => {
  const upstream = { scheme: 'pty', command: 'sh -c "read line; echo You said $line; exit 3"' } as const;
  const { url, keeper } = await open(t, { listen: WS, upstream });
  const client = await talk(t, url, 'terminal.mudstandards.org');
  client.ws.send('hello\r');
  await until(() => client.bytes.includes('You said hello'), 'the answer');
  t.equal((await client.end()).code, 1000);
  t.match(keeper.sessions[0]?.open, { protocol: 'websocket', wire: 'plain' });
  t.match(await keeper.ended(), { exit: 3 });
});

t.test('a program behind it, and a client that speaks telnet in its messages', async (t: Test) => {
  const upstream = { scheme: 'pty', command: 'sh -c "stty size; read line; echo You said $line"' } as const;
  const { url, keeper } = await open(t, { listen: WS, upstream });
  const client = await talk(t, url, 'telnet.mudstandards.org');
  const [iac, doNaws] = ['\xff', '\xff\xfd\x1f'];
  await until(() => client.bytes.includes(doNaws), 'to be asked for the window');
  const answers = `${iac}\xfc\x18${iac}\xfb\x1f${iac}\xfa\x1f\0\x50\0\x21${iac}\xf0hello\r\n`;
  client.ws.send(Buffer.from(answers, 'latin1'));
  await until(() => client.bytes.includes('33 80\r\n') && client.bytes.includes('You said hello'), 'the window and the answer');
  t.equal((await client.end()).code, 1000);
  t.match(keeper.sessions[0]?.open, { protocol: 'websocket', wire: 'telnet' });
});

t.test('who is refused is told so in a message and by a close code', async (t) => {
  const { url, upstream } = await openInFront(t, 'tcp', { limits: { ...NO_LIMITS, maxSessions: 1 } });
  await talk(t, url);
  await upstream.accept();
  const second = await talk(t, url);
  const { code, reason } = await second.end();
  t.equal(code, 1013);
  t.match(reason, /no room/);
  t.match(second.messages, [['text', /no room/]]);
});

t.test('a plain listener has no step of ours', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, port } = await open(t, { listen: { scheme: 'tcp', host: HOST, port: 0 }, upstream: upstream.address });
  const client = await dialTo(t, { scheme: 'tcp', host: HOST, port });
  client.write('GET / HTTP/1.1\r\n');
  t.equal((await read(await upstream.accept(), 16)).toString(), 'GET / HTTP/1.1\r\n');
  t.match(keeper.sessions[0]?.open, { protocol: 'tcp', url: undefined });
});
