/** How a WebSocket session ends, and what its peers may cost (RFC 6455 5, 7). */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { Dice } from '../../harness.js';
import { until } from '../../wait.js';
import { read, readAll } from '../ends.js';
import { openInFront, talk } from './ends.js';

/** A client that says frames byte for byte, after its upgrade. */
async function raw(t: Test, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}

/** A frame, masked with zeros: first byte, payload. */
function frame(first: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload as string);
  if (bytes.length > 125) throw new Error('short frames alone');
  return Buffer.concat([Buffer.of(first, 0x80 | bytes.length, 0, 0, 0, 0), bytes]);
}

const closeFrame = (code: number): Buffer => Buffer.of(0x88, 2, code >> 8, code & 255);

t.test("the server's end: all it said arrives, then a close frame with 1000", async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'binary');
  const server = await upstream.accept();
  server.end(Buffer.alloc(300_000, 'a'));
  t.equal((await client.end()).code, 1000);
  t.equal(client.bytes.length, 300_000);
  t.same(await keeper.ended(), { reason: 'closed', by: 'server', bytesIn: 0, bytesOut: 300_000 });
  t.equal((await readAll(server)).length, 0, 'and the server hears the end, since there is no half-close');
});

for (const [title, code, how] of [
  ['with a code of its own', 4_321, (ws: { close(code?: number): void }) => ws.close(4_321)],
  ['without a code', 1_005, (ws: { close(code?: number): void }) => ws.close()],
] as const) {
  t.test(`the client closes ${title}: the server gets all it said, then the end`, async (t) => {
    const { url, upstream, keeper } = await openInFront(t, 'tcp');
    const client = await talk(t, url, 'binary');
    const server = await upstream.accept();
    client.ws.send(Buffer.alloc(200_000, 'a'));
    how(client.ws);
    t.equal((await readAll(server)).length, 200_000);
    t.equal((await client.end()).code, code);
    server.end();
    t.same(await keeper.ended(), { reason: 'closed', by: 'client', bytesIn: 200_000, bytesOut: 0 });
  });
}

t.test('a client that goes without a close frame has ended; one that is reset resets the server', async (t) => {
  const { port, upstream, keeper } = await openInFront(t, 'tcp');
  const ended = await raw(t, port);
  ended.end(frame(0x82, 'bye'));
  const heard = await upstream.accept();
  t.equal((await readAll(heard)).toString(), 'bye');
  heard.end();
  t.match(await keeper.ended(0), { reason: 'closed', by: 'client' });
  const reset = await raw(t, port);
  const server = await upstream.accept();
  reset.resetAndDestroy();
  await t.rejects(readAll(server), { code: 'ECONNRESET' });
  t.match(await keeper.ended(1), { reason: 'reset', by: 'client' });
});

t.test('a server that is reset closes with 1011', async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'binary');
  const server = await upstream.accept();
  server.resetAndDestroy();
  t.equal((await client.end()).code, 1011);
  t.match(await keeper.ended(), { reason: 'reset', by: 'server' });
});

t.test('a server that is not there: the client is told in a message, then closed', async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'tcp');
  upstream.close();
  const client = await talk(t, url);
  const { code } = await client.end();
  t.match(client.bytes, /^The game is down\./);
  t.ok(code >= 1000 && code < 1015, `closed with ${code}`);
  t.match(await keeper.ended(), { reason: 'upstream-refused' });
});

t.test('our own end closes the client, and waits for nobody', async (t) => {
  const { url, upstream, bridge, keeper } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'binary');
  const server = await upstream.accept();
  server.on('end', () => server.end()).resume();
  await bridge.close(30_000);
  t.equal((await client.end()).code, 1000);
  t.match(await keeper.ended(), { reason: 'shutdown', by: 'wirescribe' });
});

t.test('fragments are one piece, a ping in their middle is answered', async (t) => {
  const { port, upstream } = await openInFront(t, 'tcp');
  const client = await raw(t, port);
  const server = await upstream.accept();
  client.write(Buffer.concat([frame(0x02, 'l'), frame(0x89, 'are you there'), frame(0x00, 'oo'), frame(0x80, 'k'), frame(0x8a, 'unasked')]));
  t.equal((await read(server, 4)).toString(), 'look');
  t.same(await read(client, 15), Buffer.concat([Buffer.of(0x8a, 13), Buffer.from('are you there')]));
});

t.test('a thousand tiny frames in one packet are all passed on, in order', async (t) => {
  const { port, upstream } = await openInFront(t, 'tcp');
  const client = await raw(t, port);
  const server = await upstream.accept();
  const signs = Array.from({ length: 1_000 }, (_, at) => String.fromCharCode(97 + (at % 26)));
  client.write(Buffer.concat(signs.map((sign) => frame(0x81, sign))));
  t.equal((await read(server, 1_000)).toString(), signs.join(''));
});

const VIOLATIONS: readonly [string, Buffer, number][] = [
  ['a text message that is no UTF-8', frame(0x81, Buffer.of(0xe9, 0x20)), 1007],
  ['a message above 1 MiB', Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0), 1009],
  ['a frame without a mask', Buffer.of(0x82, 1, 97), 1002],
  ['a reserved bit', frame(0xc2, 'a'), 1002],
  ['an opcode that is none', frame(0x83, 'a'), 1002],
  ['a continuation of nothing', frame(0x80, 'a'), 1002],
  ['a ping in fragments', frame(0x09, 'a'), 1002],
  ['a close code that is none', frame(0x88, Buffer.of(3, 0xe7)), 1002],
  ['more than 1,024 fragments', Buffer.concat([frame(0x02, 'a'), ...Array.from({ length: 1_100 }, () => frame(0x00, 'a'))]), 1008],
];

for (const [title, bytes, code] of VIOLATIONS) {
  t.test(`${title} ends the session with ${code}, and nothing of it reaches the server`, async (t) => {
    const { port, upstream, keeper } = await openInFront(t, 'tcp');
    const client = await raw(t, port);
    const server = await upstream.accept();
    client.write(Buffer.concat([frame(0x81, 'ok'), bytes]));
    t.same((await read(client, 4)).subarray(0, 4), closeFrame(code));
    t.equal((await readAll(server)).toString(), 'ok');
    server.end();
    t.match(await keeper.ended(), { reason: 'failed', by: 'client', bytesIn: 2 });
  });
}

t.test('a client that does not read stops the server, and gets all when it does', async (t) => {
  const { url, upstream } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'binary');
  const server = await upstream.accept();
  client.ws.pause();
  const total = 64 * 1_048_576;
  let written = 0;
  const pour = (): void => {
    while (written < total) {
      written += 65_536;
      if (!server.write(Buffer.alloc(65_536, 'a'))) return void server.once('drain', pour);
    }
    server.end();
  };
  pour();
  let before = -1;
  await until(() => {
    const still = server.bytesWritten === before && server.writableLength > 0;
    before = server.bytesWritten;
    return still;
  }, 'the server to be stopped');
  t.ok(written < total / 2, `stopped after ${written} bytes: sockets hold some, we hold little`);
  client.ws.resume();
  await client.end();
  t.equal(client.bytes.length, total);
});

t.test('a server that does not read stops the client, and gets all when it does', async (t) => {
  const { url, upstream } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'binary');
  const server = await upstream.accept();
  const message = Buffer.alloc(65_536, 'a');
  const messages = 640;
  for (let count = 0; count < messages; count++) client.ws.send(message);
  let before = -1;
  await until(() => {
    const still = client.ws.bufferedAmount === before;
    before = client.ws.bufferedAmount;
    return still;
  }, 'the client to be stopped');
  t.ok(client.ws.bufferedAmount > 20_000_000, `${client.ws.bufferedAmount} bytes are still with the client`);
  t.equal((await read(server, messages * message.length)).length, messages * message.length);
});

t.test('a server that floods with negotiation and never reads our answers is stopped', async (t) => {
  const { url, upstream } = await openInFront(t, 'telnet');
  await talk(t, url, 'terminal.mudstandards.org');
  const server = await upstream.accept();
  const flood = Buffer.alloc(65_536 * 3, Buffer.of(255, 253, 24));
  let written = 0;
  const pour = (): void => {
    while (written < 64 * 1_048_576) {
      written += flood.length;
      if (!server.write(flood)) return void server.once('drain', pour);
    }
  };
  pour();
  let before = -1;
  await until(() => {
    const still = server.bytesWritten === before && server.writableLength > 0;
    before = server.bytesWritten;
    return still;
  }, 'the server to be stopped');
  t.ok(written < 32 * 1_048_576, `stopped after ${written} bytes`);
});

t.test('bytes of all kinds pass unchanged both ways, whatever the chunks', async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'tcp');
  const client = await talk(t, url, 'telnet.mudstandards.org');
  const server = await upstream.accept();
  const dice = new Dice(3);
  const [up, down] = [dice.bytes(200_000), dice.bytes(200_000)];
  for (let at = 0; at < up.length; at += 1_000) client.ws.send(up.subarray(at, at + 1_000), { binary: true });
  for (let at = 0; at < down.length; at += 777) server.write(down.subarray(at, at + 777));
  t.same(await read(server, up.length), up);
  t.same(Buffer.from(await client.heard(down.length), 'latin1'), down);
  client.ws.close();
  server.end();
  await keeper.ended();
  t.same(Buffer.concat(keeper.sessions[0]?.RCV ?? []), up);
  t.same(Buffer.concat(keeper.sessions[0]?.SND ?? []), down);
});
