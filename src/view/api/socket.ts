/**
 * The WebSocket at /rpc: one RpcPeer a connection. Pulls no record while what was sent waits to be read; a reader that takes nothing for a time is ended.
 * Bounded: frames, connections, what waits to be sent.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Token } from '../access/tokens.js';
import type { Below } from './below.js';
import type { Calls } from './call.js';
import { Caller } from './caller.js';
import { SUBPROTOCOL } from './guard.js';
import { RpcPeer } from './rpc.js';

/** Largest message that comes in. */
const MESSAGE_BYTES = 65_536;
/** What may wait to be sent before no more is pulled. */
const WAITING_BYTES = 262_144;
/** How long a reader may take nothing of what waits; how often it is looked whether a connection lives, and its token too. */
const STALL_MS = 30_000;
const ALIVE_MS = 30_000;
const TOKEN_MS = 1_000;
/** Messages that may wait for their turn. */
const MOST_MESSAGES = 64;
/** RFC 6455 7.4.1. */
const POLICY = 1008;
const GOING_AWAY = 1001;

export interface SocketOptions {
  readonly below: Below;
  readonly calls: Calls;
  /** Where not half a minute. */
  readonly stallMs?: number;
}

export class RpcSockets {
  readonly #options: SocketOptions;
  readonly #server: WebSocketServer;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: MESSAGE_BYTES,
      perMessageDeflate: false,
      // The one that carries a token is not said back.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
  }

  /** Takes an upgrade of a caller who was let in. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer, token: Token): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#serve(ws, token));
  }

  /** Says goodbye to all. */
  end(): void {
    for (const ws of this.#server.clients) ws.close(GOING_AWAY, 'the proxy is stopping, or hands over');
  }

  /** Cuts all off. */
  close(): void {
    for (const ws of this.#server.clients) ws.terminate();
  }

  #serve(ws: WebSocket, token: Token): void {
    const { below, calls, stallMs = STALL_MS } = this.#options;
    const caller = new Caller(below.books, token, 'rpc');
    const peer = new RpcPeer({ caller, below, calls, send: (text) => send(ws, text, stallMs) });
    let waiting = 0;
    ws.on('error', () => undefined);
    ws.on('message', (data, isBinary) => {
      if (isBinary || waiting >= MOST_MESSAGES) return ws.close(POLICY, isBinary ? 'texts alone' : 'too much at once');
      waiting += 1;
      void peer.take(String(data)).finally(() => {
        waiting -= 1;
      });
    });
    const watch = [setInterval(() => endGone(ws, caller), TOKEN_MS), keepAlive(ws)];
    for (const timer of watch) timer.unref();
    ws.once('close', () => {
      for (const timer of watch) clearInterval(timer);
      peer.close();
    });
  }
}

/** A token that counts no more ends its connection; what it follows is told first. */
function endGone(ws: WebSocket, caller: Caller): void {
  try {
    void caller.token;
  } catch {
    ws.close(POLICY, 'the token was revoked or is over');
  }
}

/** Ends a connection whose other end has gone without a word. */
function keepAlive(ws: WebSocket): NodeJS.Timeout {
  let alive = true;
  ws.on('pong', () => {
    alive = true;
  });
  return setInterval(() => {
    if (!alive) ws.terminate();
    alive = false;
    ws.ping();
  }, ALIVE_MS);
}

/** Sends, and waits where much waits to be read. Rejects where the connection has ended, which it does where nothing is read for `stallMs`. */
function send(ws: WebSocket, text: string, stallMs: number): Promise<void> {
  if (ws.readyState !== WebSocket.OPEN) return Promise.reject(new Error('closed'));
  if (ws.bufferedAmount + text.length <= WAITING_BYTES) {
    ws.send(text);
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('closed'));
    const stalled = setTimeout(() => ws.terminate(), stallMs);
    ws.once('close', gone);
    ws.send(text, (error) => {
      clearTimeout(stalled);
      ws.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
