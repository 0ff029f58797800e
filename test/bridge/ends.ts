/** What the tests of this room share: a server whose connections a test takes by hand, clients, a recorder that keeps all it is told, and a bridge. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { SocketAddress } from '../../src/bridge/address.js';
import { Bridge, type BridgeListener } from '../../src/bridge/bridge.js';
import { makeListener } from '../../src/bridge/listener.js';
import type { Policy, Recorder } from '../../src/bridge/relay.js';
import type { Direction, SessionEnd, SessionOpen } from '../../src/contract.js';
import { until } from '../wait.js';

const LOOPBACK = '127.0.0.1';

/** A server of the test's own. */
export class Upstream {
  readonly address: SocketAddress;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server, address: SocketAddress) {
    this.#server = server;
    this.address = address;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      this.#sockets.push(socket);
    });
  }

  static async listen(t: Test, where: { host: string } | { path: string } = { host: LOOPBACK }): Promise<Upstream> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.listen('path' in where ? where : { ...where, port: 0 });
    await once(server, 'listening');
    const bound = server.address() as AddressInfo | string;
    const address: SocketAddress =
      typeof bound === 'string' ? { scheme: 'unix', path: bound } : { scheme: 'telnet', host: bound.address, port: bound.port };
    const upstream = new Upstream(server, address);
    t.teardown(() => upstream.close());
    return upstream;
  }

  /** The next connection, paused: whoever wants its bytes reads it. */
  async accept(): Promise<Socket> {
    await until(() => this.#sockets.length > 0, 'a connection at the server');
    return this.#sockets.shift() as Socket;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A server whose queue is full and that accepts nobody: whoever dials it waits. */
export async function deafServer(t: Test): Promise<SocketAddress> {
  const script =
    'import socket,sys\ns=socket.socket();s.bind(("127.0.0.1",0));s.listen(0)\nc=[]\n' +
    'for _ in range(3):\n k=socket.socket();k.setblocking(False);k.connect_ex(s.getsockname());c.append(k)\n' +
    'print(s.getsockname()[1],flush=True);sys.stdin.read()';
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.stdin.end());
  const [port] = await once(child.stdout, 'data');
  return { scheme: 'telnet', host: LOOPBACK, port: Number(port) };
}

/** What a recorder was told of one session. */
export interface Told {
  readonly open: SessionOpen;
  readonly policy: Policy;
  readonly RCV: Buffer[];
  readonly SND: Buffer[];
  end?: SessionEnd;
}

/** Keeps all it is told; says no while `full`. */
export class Keeper implements Recorder {
  readonly sessions: Told[] = [];
  full = false;

  open(open: SessionOpen, policy: Policy): number {
    return this.sessions.push({ open, policy, RCV: [], SND: [] }) - 1;
  }

  data(session: number, direction: Direction, bytes: Uint8Array): boolean {
    this.sessions[session]?.[direction].push(Buffer.from(bytes));
    return !this.full;
  }

  end(session: number, end: SessionEnd): void {
    const told = this.sessions[session] as Told;
    if (told.end) throw new Error('ended twice');
    told.end = end;
  }

  /** How the only session, or that of this number, ended. */
  ended(session = 0): Promise<SessionEnd> {
    return until(() => this.sessions[session]?.end, `the end of session ${session}`);
  }
}

export const listener = (upstream: SocketAddress, more: Partial<BridgeListener> = {}): BridgeListener => ({
  ...makeListener({
    name: 'main',
    listen: { scheme: 'telnet', host: LOOPBACK, port: 0 },
    upstream,
    onDown: 'The game is down.',
    handshakeMs: 5_000,
    policy: 'pass',
    active: true,
  }),
  ...more,
});

/** A bridge of one listener in front of `upstream`. */
export async function bridgeTo(t: Test, upstream: SocketAddress, more: Partial<BridgeListener> = {}) {
  const keeper = new Keeper();
  let ids = 0;
  const bridge = new Bridge({ listeners: [listener(upstream, more)], recorder: keeper, newId: () => `id-${++ids}` });
  const [opened] = await bridge.open();
  t.teardown(() => bridge.close(0));
  const address = opened?.listen as SocketAddress;
  return { bridge, keeper, address, dial: () => dialTo(t, address) };
}

/** A client's socket, connected and paused. Its errors are kept quiet: whoever waits for one asks for it. */
export async function dialTo(t: Test, address: SocketAddress): Promise<Socket> {
  const where = address.scheme === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const socket = connect({ ...where, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** All that comes until the other side's end; the socket stays half open. Throws where the connection breaks. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  if (!socket.readableEnded) await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** Resolves when so many bytes have come, with them; the socket is paused again. */
export async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else {
      chunks.push(chunk);
      length += chunk.length;
    }
  }
  return Buffer.concat(chunks);
}
