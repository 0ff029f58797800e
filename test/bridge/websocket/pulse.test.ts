import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { conduitOf } from '../../../src/bridge/websocket/conduit.js';
import { watchPulse } from '../../../src/bridge/websocket/pulse.js';
import { translate } from '../../../src/bridge/websocket/subprotocols.js';
import { until } from '../../wait.js';

/** Both ends of a connection; the client's answers pings, or does not. */
async function connected(
  t: Test,
  autoPong: boolean,
): Promise<{ readonly server: WebSocket; readonly client: WebSocket; readonly pings: () => number }> {
  const listening = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => listening.close());
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong });
  t.teardown(() => client.terminate());
  let pings = 0;
  client.on('ping', () => {
    pings++;
  });
  const [server] = (await once(listening, 'connection')) as [WebSocket];
  await once(client, 'open');
  return { server, client, pings: () => pings };
}

t.test('a peer that answers pings is there, however long it says nothing', async (t) => {
  const { server, pings } = await connected(t, true);
  let gone = 0;
  watchPulse(server, () => gone++, 20);
  await until(() => pings() > 12, 'many pings');
  t.equal(gone, 0);
});

t.test('a peer that says nothing to four pings is gone, told once, and asked no more', async (t) => {
  const { server, client, pings } = await connected(t, false);
  let gone = 0;
  watchPulse(server, () => gone++, 20);
  await until(() => gone > 0, 'the end of patience');
  server.close();
  await once(client, 'close');
  t.same([gone, pings()], [1, 4]);
});

t.test('any word is an answer', async (t) => {
  const { server, client, pings } = await connected(t, false);
  let gone = 0;
  client.on('ping', () => client.send('look'));
  watchPulse(server, () => gone++, 20);
  await until(() => pings() > 12, 'many pings');
  t.equal(gone, 0);
});

t.test('a peer that we do not read is not asked, and not given up', async (t) => {
  const { server, pings } = await connected(t, true);
  let gone = 0;
  watchPulse(server, () => gone++, 5);
  await until(() => pings() > 0, 'a ping');
  server.pause();
  const before = pings();
  const other = await connected(t, true);
  watchPulse(other.server, () => gone++, 20);
  await until(() => other.pings() > 8, 'eight pings of another, of which each took four times as long');
  t.equal(gone, 0);
  t.ok(pings() <= before + 1, 'one may have been under way');
});

t.test("a session whose peer is gone breaks, as one that TCP's keepalive finds gone", async (t) => {
  const listening = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => listening.close());
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: false });
  const [ws, request] = (await once(listening, 'connection')) as [WebSocket, { readonly socket: Socket }];
  const conduit = conduitOf(ws, request.socket, { ...translate('', 'client', 'plain'), pulseMs: 20 });
  const [error] = (await once(conduit.resume(), 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ETIMEDOUT');
  await once(client, 'close');
});
