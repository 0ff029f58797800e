/** What the tests of this folder share: a bridge one of whose sides is a WebSocket, and clients and servers of `ws`, none of it ours. */
import { once } from 'node:events';
import type { Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { NetworkAddress, SocketAddress } from '../../../src/bridge/address.js';
import { Bridge } from '../../../src/bridge/bridge.js';
import { type ListenerPlan, makeListener } from '../../../src/bridge/listener.js';
import { until } from '../../wait.js';
import { Keeper, Upstream } from '../ends.js';

const HOST = '127.0.0.1';
export const WS: NetworkAddress = { scheme: 'ws', host: HOST, port: 0 };

/** A bridge of one listener. */
export async function open(t: Test, plan: Pick<ListenerPlan, 'listen' | 'upstream'> & Partial<ListenerPlan>) {
  const keeper = new Keeper();
  const made = makeListener({ name: 'main', onDown: 'The game is down.', handshakeMs: 30_000, policy: 'pass', active: true, ...plan });
  const bridge = new Bridge({ listeners: [made], recorder: keeper, newId: () => 'id' });
  const [opened] = await bridge.open();
  t.teardown(() => bridge.close(0));
  const { listen } = opened as { listen: NetworkAddress };
  return { bridge, keeper, port: listen.port, url: `ws://${HOST}:${listen.port}` };
}

/** A WebSocket listener in front of a server of the test's own. */
export async function openInFront(t: Test, scheme: 'telnet' | 'tcp', more: Partial<ListenerPlan> = {}) {
  const upstream = await Upstream.listen(t);
  const { port } = upstream.address as SocketAddress & { port: number };
  return { upstream, ...(await open(t, { listen: WS, upstream: { scheme, host: HOST, port }, ...more })) };
}

/** A message as [kind, bytes as latin-1]. */
export type Message = readonly ['text' | 'binary', string];

/** One end of a WebSocket, and what came to it. */
export class Talker {
  readonly ws: WebSocket;
  readonly messages: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(t: Test, ws: WebSocket) {
    this.ws = ws;
    ws.on('error', () => undefined);
    ws.on('message', (data, isBinary) => this.messages.push([isBinary ? 'binary' : 'text', (data as Buffer).toString('latin1')]));
    ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    t.teardown(() => ws.terminate());
  }

  /** All that came, whatever the messages. */
  get bytes(): string {
    return this.messages.map(([, bytes]) => bytes).join('');
  }

  /** Resolves when so many bytes have come. */
  async heard(bytes: number): Promise<string> {
    await until(() => this.bytes.length >= bytes, `${bytes} bytes`);
    return this.bytes;
  }

  end(): Promise<{ readonly code: number; readonly reason: string }> {
    return until(() => this.closed, 'the close');
  }
}

/** Of TLS, and not in the types of `ws`. */
type ClientOptions = WebSocket.ClientOptions & { readonly servername?: string };

/** A client, connected. */
export async function talk(t: Test, url: string, protocols: string | string[] = [], options: ClientOptions = {}): Promise<Talker> {
  const talker = new Talker(t, new WebSocket(url, protocols, options));
  await once(talker.ws, 'open');
  return talker;
}

/** A WebSocket server of the test's own. */
export async function serve(t: Test, protocol?: string) {
  const server = new WebSocketServer({ host: HOST, port: 0, handleProtocols: (offered) => (protocol && offered.has(protocol) ? protocol : false) });
  await once(server, 'listening');
  const talkers: Talker[] = [];
  const requests: { readonly url: string | undefined; readonly headers: { readonly [name: string]: unknown } }[] = [];
  server.on('connection', (ws, { url, headers }) => {
    requests.push({ url, headers });
    talkers.push(new Talker(t, ws));
  });
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const accept = async (): Promise<Talker> => {
    await until(() => talkers.length > 0, 'a connection');
    return talkers.shift() as Talker;
  };
  return { port, requests, accept };
}
