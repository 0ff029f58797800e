/** The way in where both sides speak WebSocket, over real sockets. */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { NetworkAddress, SocketAddress } from '../../src/bridge/address.js';
import { type ListenerPlan, makeListener } from '../../src/bridge/listener.js';
import { bridgeTo, dialTo, read, readAll, Upstream } from './ends.js';

const asWeb = (address: SocketAddress): NetworkAddress => ({ ...(address as NetworkAddress), scheme: 'ws', path: '/' });

/** A listener that splices, in front of a server that the test plays. */
async function splice(t: Test, more: Partial<ListenerPlan> = {}) {
  const server = await Upstream.listen(t);
  const plan: ListenerPlan = {
    name: 'main',
    listen: { scheme: 'ws', host: '127.0.0.1', port: 0, path: '/' },
    upstream: asWeb(server.address),
    onDown: 'The game is down.',
    handshakeMs: 5_000,
    policy: 'pass',
    active: true,
    ...more,
  };
  const made = await bridgeTo(t, plan.upstream as SocketAddress, makeListener(plan));
  return { ...made, server };
}

const request = (more: readonly string[] = [], first = 'GET /play?csessid=abc HTTP/1.1'): string =>
  [
    first,
    'Host: play.example.org',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: x',
    'Sec-WebSocket-Version: 13',
    ...more,
    '',
    '',
  ].join('\r\n');

t.test('request, answer and frames pass as they came, whatever is in them and however they are split', async (t) => {
  const { dial, server, keeper } = await splice(t);
  const client = await dial();
  const asked = Buffer.concat([
    Buffer.from(request(['Origin: https://play.example.org', 'Cookie: a=b', 'X-Anything:  two blanks '])),
    Buffer.of(0x81, 0x80),
  ]);
  client.write(asked.subarray(0, 7));
  client.write(asked.subarray(7));
  const end = await server.accept();
  t.ok((await read(end, asked.length)).equals(asked));
  const answered = Buffer.concat([Buffer.from('HTTP/1.1 101 x\r\n\r\n'), Buffer.of(0x82, 2, 0xff, 0)]);
  end.write(answered);
  t.ok((await read(client, answered.length)).equals(answered));
  end.end();
  client.end();
  await keeper.ended();
  const [told] = keeper.sessions;
  t.ok(Buffer.concat(told?.RCV ?? []).equals(asked));
  t.ok(Buffer.concat(told?.SND ?? []).equals(answered));
  t.match(told?.open, {
    wire: 'websocket',
    protocol: 'websocket',
    url: '/play?csessid=abc',
    ip: '127.0.0.1',
    headers: { host: 'play.example.org', origin: 'https://play.example.org' },
  });
  t.notHas(told?.open.headers, { cookie: 'a=b' });
});

t.test('a request byte by byte begins a session once it is whole', async (t) => {
  const { dial, server } = await splice(t);
  const client = await dial();
  client.setNoDelay(true);
  for (const byte of Buffer.from(request())) client.write(Buffer.of(byte));
  t.equal(String(await read(await server.accept(), request().length)), request());
});

for (const [title, bytes, status] of [
  ['a page', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '426 Upgrade Required'],
  ['a form', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n', '426 Upgrade Required'],
  ['another upgrade', request().replace('websocket', 'h2c'), '426 Upgrade Required'],
  ['a body behind the request', request(['Content-Length: 5']), '400 Bad Request'],
  ['a body in chunks', request(['Transfer-Encoding: chunked']), '400 Bad Request'],
  ['a line that goes on', request(['X-A: b', ' c']), '400 Bad Request'],
  ['a blank in front of a colon', request(['Origin : https://a']), '400 Bad Request'],
  ['a bare line end inside of a header', request(['X-A: b\nOrigin: https://a']), '400 Bad Request'],
  ['two origins', request(['Origin: https://a', 'Origin: https://b']), '400 Bad Request'],
  ['no HTTP', 'look\r\n\r\n', '400 Bad Request'],
  ['a head without an end', `${request().slice(0, -2)}X: ${'x'.repeat(20_000)}`, '431 Request Header Fields Too Large'],
] as const) {
  t.test(`${title} is answered with ${status.slice(0, 3)}, and the server hears nothing of it`, async (t) => {
    const faults: string[] = [];
    const { dial, keeper } = await splice(t, { fault: (code) => void faults.push(code) });
    const client = await dial();
    client.end(bytes);
    t.match(String(await readAll(client)), new RegExp(`^HTTP/1.1 ${status}\r\n`));
    t.same([keeper.sessions, faults], [[], ['websocket-request']]);
  });
}

t.test('an origin that is not listed is refused; a listed one and none come in', async (t) => {
  const faults: string[] = [];
  const { dial, server } = await splice(t, { origins: ['https://play.example.org'], fault: (code) => void faults.push(code) });
  const stranger = await dial();
  stranger.end(request(['Origin: https://evil.example']));
  t.match(String(await readAll(stranger)), /^HTTP\/1.1 403 Forbidden\r\n/);
  t.same(faults, ['websocket-origin']);
  for (const more of [['Origin: https://play.example.org'], []]) {
    const client = await dial();
    client.write(request(more));
    t.equal(String(await read(await server.accept(), request(more).length)), request(more));
  }
});

t.test("a trusted proxy's word for the client counts, a stranger's does not", async (t) => {
  const headers = ['X-Forwarded-For: 203.0.113.9', 'X-Request-ID: abc-1'];
  for (const [trusted, ip, interlink] of [
    [['127.0.0.1'], '203.0.113.9', 'abc-1'],
    [[], '127.0.0.1', undefined],
  ] as const) {
    const { dial, server, keeper } = await splice(t, { trusted });
    const client = await dial();
    client.write(request(headers));
    await server.accept();
    t.equal(keeper.sessions[0]?.open.ip, ip);
    t.equal(keeper.sessions[0]?.open.interlink, interlink);
  }
});

t.test('a server that cannot be reached is an answer that HTTP understands', async (t) => {
  const { dial, server, keeper } = await splice(t);
  server.close();
  const client = await dial();
  client.write(request());
  t.match(String(await readAll(client)), /^HTTP\/1.1 503 Service Unavailable\r\n(?:.*\r\n)+\r\nThe game is down.\n$/);
  t.match(await keeper.ended(), { reason: 'upstream-refused' });
});

t.test('a session that we end behind its handshake is ended without words: they would be frames', async (t) => {
  const { dial, server, bridge } = await splice(t);
  const client = await dial();
  client.write(request());
  const end = await server.accept();
  await read(end, request().length);
  end.write('HTTP/1.1 101 x\r\n\r\n');
  await read(client, 18);
  const rest = readAll(client);
  const closed = bridge.close(1_000);
  end.end();
  t.equal(String(await rest), '');
  client.end();
  await closed;
});

t.test('a client that leaves in the middle of its request is no session', async (t) => {
  const { address, keeper, dial, server } = await splice(t);
  const client = await dialTo(t, address);
  client.end('GET / HT');
  client.resume();
  await once(client, 'close');
  const other = await dial();
  other.write(request());
  await server.accept();
  t.equal(keeper.sessions.length, 1);
});
