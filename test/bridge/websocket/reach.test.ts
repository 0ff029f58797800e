import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import t, { type Test } from 'tap';
import type { NetworkAddress } from '../../../src/bridge/address.js';
import { dialTo, read, readAll } from '../ends.js';
import { open, serve } from './ends.js';

const HOST = '127.0.0.1';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A listener of this scheme in front of a WebSocket server that knows one subprotocol, which is offered to it. */
async function openTo(t: Test, scheme: 'telnet' | 'tcp', subprotocol?: string) {
  const server = await serve(t, subprotocol);
  const upstream: NetworkAddress = { scheme: 'ws', host: HOST, port: server.port, path: '/game?x=1' };
  const bridged = await open(t, { listen: { scheme, host: HOST, port: 0 }, upstream, ...(subprotocol ? { subprotocol } : {}) });
  return { ...bridged, server, client: await dialTo(t, { scheme, host: HOST, port: bridged.port }) };
}

t.test('asks for the path with the host of the address, and says nothing of the client', async (t) => {
  const { server } = await openTo(t, 'tcp');
  await server.accept();
  t.equal(server.requests[0]?.url, '/game?x=1');
  const { host, connection, upgrade, origin, ...others } = server.requests[0]?.headers ?? {};
  t.same([host, connection, upgrade, origin], [`${HOST}:${server.port}`, 'Upgrade', 'websocket', undefined]);
  t.same(Object.keys(others), ['sec-websocket-version', 'sec-websocket-key']);
});

t.test('without a subprotocol bytes pass as they are, what is UTF-8 in text messages', async (t) => {
  const { server, client, keeper } = await openTo(t, 'tcp');
  const game = await server.accept();
  client.write('løøk\r\n');
  await game.heard(8);
  game.ws.send('A maze.\n');
  game.ws.send(latin1('\xff\xfb\x01'));
  t.equal((await read(client, 11)).toString('latin1'), 'A maze.\n\xff\xfb\x01');
  client.write(latin1('\xff\xfd\x01'));
  await game.heard(11);
  t.same(game.messages, [
    ['text', Buffer.from('løøk\r\n').toString('latin1')],
    ['binary', '\xff\xfd\x01'],
  ]);
  t.match(keeper.sessions[0]?.open, { protocol: 'tcp', wire: 'plain' });
});

t.test('a telnet client in front of terminal.: we are its telnet server', async (t) => {
  const { server, client } = await openTo(t, 'telnet', 'terminal.mudstandards.org');
  const game = await server.accept();
  t.equal(game.ws.protocol, 'terminal.mudstandards.org');
  client.write(latin1('look\r\n\xff\xfb\x18west\r\n'));
  t.equal(await game.heard(12), 'look\r\nwest\r\n');
  t.same(game.messages, [
    ['binary', 'look\r\n'],
    ['binary', 'west\r\n'],
  ]);
  t.equal((await read(client, 3)).toString('latin1'), '\xff\xfe\x18');
  game.ws.send(latin1('A \xffmaze.\n'));
  t.equal((await read(client, 11)).toString('latin1'), 'A \xff\xffmaze.\r\n');
});

t.test('a telnet client in front of gmcp.: GMCP is offered to it', async (t) => {
  const { server, client } = await openTo(t, 'telnet', 'gmcp.mudstandards.org');
  const game = await server.accept();
  t.equal((await read(client, 3)).toString('latin1'), '\xff\xfb\xc9');
  game.ws.send('Room.Info {}');
  client.write(latin1('\xff\xfd\xc9\xff\xfa\xc9Core.Hello {}\xff\xf0'));
  t.equal((await read(client, 17)).toString('latin1'), '\xff\xfa\xc9Room.Info {}\xff\xf0');
  await game.heard(13);
  t.same(game.messages, [['text', 'Core.Hello {}']]);
});

t.test('ends pass both ways', async (t) => {
  const { server, client, keeper } = await openTo(t, 'tcp');
  const game = await server.accept();
  game.ws.send('Goodbye.');
  game.ws.close(4_000, 'enough');
  t.equal((await readAll(client)).toString(), 'Goodbye.');
  client.end();
  t.match(await keeper.ended(0), { reason: 'closed', by: 'server', bytesOut: 8 });
  const other = await openTo(t, 'tcp');
  const second = await other.server.accept();
  other.client.end('bye');
  t.equal((await second.end()).code, 1000);
  t.equal(second.bytes, 'bye');
});

/** How a session ends whose server answers like this. */
async function refusal(t: Test, port: number, more: object = {}) {
  const upstream: NetworkAddress = { scheme: 'ws', host: HOST, port, path: '/' };
  const { keeper, port: own } = await open(t, { listen: { scheme: 'tcp', host: HOST, port: 0 }, upstream, ...more });
  const client = await dialTo(t, { scheme: 'tcp', host: HOST, port: own });
  t.match((await readAll(client)).toString(), /^The game is down\./);
  client.end();
  return (await keeper.ended()).reason;
}

t.test('a server that refuses, one that is none, one without our subprotocol: the client is told, the record says it', async (t) => {
  const web = createServer((_request, response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end()).listen(0, HOST);
  const mute = createTcpServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')).listen(0, HOST);
  const plain = await serve(t);
  t.teardown(() => [web.close(), mute.close()]);
  for (const server of [web, mute]) if (!server.listening) await once(server, 'listening');
  const portOf = (server: { address(): unknown }): number => (server.address() as { port: number }).port;
  t.equal(await refusal(t, portOf(web)), 'upstream-refused');
  t.equal(await refusal(t, portOf(mute)), 'upstream-failed');
  t.equal(await refusal(t, plain.port, { subprotocol: 'terminal.mudstandards.org' }), 'upstream-failed');
});

t.test('a server that never answers the upgrade has handshake_s for it', async (t) => {
  const deaf = createTcpServer(() => undefined).listen(0, HOST);
  t.teardown(() => deaf.close());
  await once(deaf, 'listening');
  t.equal(await refusal(t, (deaf.address() as { port: number }).port, { handshakeMs: 300 }), 'upstream-timeout');
});
