/**
 * The two ends of a session, whatever carries it: clients and servers for each address that a listener may have, all alike to a test, and none of it ours
 * (net, tls, ws, a shell in a terminal). Receives bytes to say, gives what came.
 */
import { once } from 'node:events';
import { createServer as createWebServer } from 'node:http';
import { createServer as createSecureWebServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, createServer as createTls } from 'node:tls';
import type { Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { SocketAddress } from '../../src/bridge/address.js';
import { type Authority, type Certificate, makeAuthority } from '../bridge/certificates.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

export const LISTENS = ['telnet', 'telnets', 'tcp', 'tls', 'ws', 'wss', 'unix'] as const;
export const UPSTREAMS = [...LISTENS, 'pty'] as const;
export type Listen = (typeof LISTENS)[number];
export type Upstream = (typeof UPSTREAMS)[number];

export const isWeb = (scheme: Upstream): boolean => scheme === 'ws' || scheme === 'wss';
const isSecure = (scheme: Upstream): boolean => scheme === 'telnets' || scheme === 'tls' || scheme === 'wss';

const HOST = '127.0.0.1';
const NAME = 'mud.example';
/** What is agreed on by TLS alone, so that both ways of it are tried: with a subprotocol and without. */
const subprotocolOf = (scheme: Upstream): string[] => (scheme === 'wss' ? ['binary'] : []);

/** One end of a session. */
export abstract class End {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** The other side has ended. */
  ended = false;

  protected take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** All that came. */
  get heard(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Resolves when so many bytes have come. */
  async hearsBytes(bytes: number, what: string): Promise<void> {
    await until(() => this.#bytes >= bytes, `${bytes} bytes at the ${what}`);
  }

  async hears(text: string): Promise<void> {
    await until(() => this.heard.includes(text), `'${text}' in ${JSON.stringify(this.heard.toString('latin1'))}`);
  }

  async hearsEnd(what: string): Promise<void> {
    await until(() => this.ended, `the end at the ${what}`);
  }

  /** Resolves when it is on its way. */
  abstract say(what: Buffer | string): Promise<void>;
  /** Says no more: a half-close, or a close where there is none. */
  abstract end(): void;
}

class SocketEnd extends End {
  readonly #socket: Socket;

  constructor(t: Test, socket: Socket) {
    super();
    this.#socket = socket;
    t.teardown(() => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.take(chunk)).on('error', () => undefined);
    for (const over of ['end', 'close'] as const) {
      socket.on(over, () => {
        this.ended = true;
      });
    }
  }

  say(what: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(what, () => resolve()));
  }

  end(): void {
    this.#socket.end();
  }
}

/** Says bytes in binary messages and words in text messages. */
export class WebEnd extends End {
  readonly #ws: WebSocket;
  /** The kind and length of each message that came. */
  readonly messages: string[] = [];

  constructor(t: Test, ws: WebSocket) {
    super();
    this.#ws = ws;
    t.teardown(() => ws.terminate());
    ws.on('message', (message: Buffer, isBinary) => {
      this.messages.push(`${isBinary ? 'binary' : 'text'} ${message.length}`);
      this.take(message);
    });
    ws.on('error', () => undefined);
    ws.on('close', () => {
      this.ended = true;
    });
  }

  say(what: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.#ws.send(what, { binary: typeof what !== 'string' }, () => resolve()));
  }

  end(): void {
    this.#ws.close();
  }
}

/** A server of the test's own; each session in the order in which they come. */
export interface PairServer {
  /** As server.conf writes it. */
  readonly url: string;
  accept(): Promise<End>;
}

/** What every pair needs: a server of each kind, a certificate for those with TLS. */
export class Ends {
  readonly #t: Test;
  readonly #authority: Authority;
  readonly #certificate: Certificate;
  readonly #servers = new Map<Upstream, Promise<PairServer>>();
  readonly #folder: string;

  constructor(t: Test) {
    this.#t = t;
    this.#authority = makeAuthority(t);
    this.#certificate = this.#authority.sign('mud', `DNS:${NAME},IP:${HOST}`);
    this.#folder = folderOf(t);
  }

  /** Started when first asked for. */
  server(scheme: Listen): Promise<PairServer> {
    const server = this.#servers.get(scheme) ?? (isWeb(scheme) ? this.#webServer(scheme) : this.#socketServer(scheme));
    this.#servers.set(scheme, server);
    return server;
  }

  #socketServer(scheme: Listen): Promise<PairServer> {
    const arrived: End[] = [];
    const take = (socket: Socket): void => void arrived.push(new SocketEnd(this.#t, socket));
    const { cert, key } = this.#certificate;
    const server = isSecure(scheme) ? createTls({ cert, key, allowHalfOpen: true }, take) : createServer({ allowHalfOpen: true }, take);
    return this.#open(server, scheme, arrived);
  }

  #webServer(scheme: Listen): Promise<PairServer> {
    const arrived: End[] = [];
    const { cert, key } = this.#certificate;
    const server = isSecure(scheme) ? createSecureWebServer({ cert, key }) : createWebServer();
    const handleProtocols = (offered: Set<string>): string | false => (offered.has('binary') ? 'binary' : false);
    const web = new WebSocketServer({ server, perMessageDeflate: scheme === 'ws', handleProtocols });
    web.on('connection', (ws) => void arrived.push(new WebEnd(this.#t, ws)));
    return this.#open(server, scheme, arrived);
  }

  async #open(server: Server, scheme: Listen, arrived: End[]): Promise<PairServer> {
    const path = join(this.#folder, 'server.sock');
    server.listen(scheme === 'unix' ? { path } : { host: HOST, port: 0 });
    await once(server, 'listening');
    this.#t.teardown(() => server.close());
    const bound = server.address();
    const url = bound === null || typeof bound === 'string' ? `unix:${path}` : `${scheme}://${HOST}:${bound.port}`;
    return { url, accept: () => until(() => arrived.shift(), `a session at the ${scheme} server`) };
  }

  /** Where a listener is, and what it needs there. */
  listening(scheme: Listen, name: string): { readonly [option: string]: string } {
    if (scheme === 'unix') return { listen: `unix:${join(this.#folder, `${name}.sock`)}` };
    const { certPath, keyPath } = this.#certificate;
    return { listen: `${scheme}://${HOST}:0`, ...(isSecure(scheme) ? { cert: certPath, key: keyPath } : {}) };
  }

  /** What a listener needs to reach a server. */
  reaching(scheme: Upstream): { readonly [option: string]: string } {
    const [subprotocol] = subprotocolOf(scheme);
    return { ...(isSecure(scheme) ? { ca: this.#authority.certPath } : {}), ...(subprotocol === undefined ? {} : { subprotocol }) };
  }

  /** A client of a listener. */
  async dial(scheme: Listen, address: SocketAddress): Promise<End> {
    const trust = { ca: this.#authority.cert, servername: NAME };
    const port = 'port' in address ? address.port : 0;
    if (isWeb(scheme)) {
      const ws = new WebSocket(`${scheme}://${HOST}:${port}/`, subprotocolOf(scheme), trust as WebSocket.ClientOptions);
      const end = new WebEnd(this.#t, ws);
      await once(ws, 'open');
      return end;
    }
    const plain = { ...(address.scheme === 'unix' ? { path: address.path } : { host: HOST, port }), allowHalfOpen: true };
    const socket = isSecure(scheme) ? connectTls({ host: HOST, port, ...trust, allowHalfOpen: true } as ConnectionOptions) : connect(plain);
    const end = new SocketEnd(this.#t, socket);
    await once(socket, isSecure(scheme) ? 'secureConnect' : 'connect');
    return end;
  }
}
