/**
 * The API on the server of ADMIN_LISTEN: lets in who shows a token, counts those who show a wrong one, and hands requests to HTTP (http.ts) or WebSocket
 * (socket.ts). Bounded: requests and connections at a time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AuditError } from '../../errors.js';
import type { Below } from './below.js';
import { Calls } from './call.js';
import { admit, type Bound, checkOrigin, countedAddress, Wrongs } from './guard.js';
import { answerApi, errorAnswer, sayError } from './http.js';
import { RpcSockets } from './socket.js';

/** Requests that are answered, and WebSockets, at a time: fewer than connections, so that health can always be asked. */
const MOST_ASKING = 48;

/** Where not as they are, for tests. */
export interface ApiTimes {
  readonly stallMs?: number;
  readonly lookMs?: number;
}

export class Api {
  readonly #below: Below;
  readonly #bound: Bound;
  readonly #times: ApiTimes;
  readonly #calls: Calls;
  readonly #sockets: RpcSockets;
  readonly #wrongs = new Wrongs();
  #asking = 0;

  constructor(below: Below, bound: Bound, times: ApiTimes = {}) {
    this.#below = below;
    this.#bound = bound;
    this.#times = times;
    this.#calls = new Calls(times.lookMs);
    this.#sockets = new RpcSockets({ below, calls: this.#calls, ...times });
  }

  /** Answers; false where there is nothing of that path, which is told those alone who show a token. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    try {
      const { token, url } = this.#admit(request);
      this.#enter(response);
      const asked = { url, token, below: this.#below, calls: this.#calls, ...this.#times };
      return await answerApi(request, response, asked);
    } catch (error) {
      sayError(response, error);
      return true;
    }
  }

  /** Takes an upgrade to WebSocket, or refuses it with a status. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    try {
      const { token, url } = this.#admit(request);
      if (url.pathname !== '/rpc') throw new AuditError('AUDIT_REQUEST', 'a WebSocket is for /rpc');
      this.#enter(socket);
      this.#sockets.take(request, socket, head, token);
    } catch (error) {
      const { status, text } = errorAnswer(error);
      socket.end(
        `HTTP/1.1 ${status} \r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
    }
  }

  /** Ends what is asked, once it is recorded how far each came. Whoever asks then is answered again. */
  async endLooks(): Promise<void> {
    await this.#calls.end();
    this.#sockets.end();
  }

  async close(): Promise<void> {
    this.#calls.close();
    await this.endLooks();
    this.#sockets.close();
  }

  #admit(request: IncomingMessage) {
    checkOrigin(request.headers, this.#bound);
    const url = urlOf(request);
    const from = countedAddress(request.socket.remoteAddress);
    const token = admit(this.#below.books, this.#wrongs, { headers: request.headers, url, from }, this.#below.wrongToken);
    return { token, url };
  }

  #enter(stream: ServerResponse | Duplex): void {
    if (this.#asking >= MOST_ASKING) throw new AuditError('AUDIT_BUSY', `${MOST_ASKING} requests are being answered; try again in a while`);
    this.#asking += 1;
    stream.once('close', () => {
      this.#asking -= 1;
    });
  }
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url, 'http://localhost');
  } catch {
    throw new AuditError('AUDIT_REQUEST', 'the path is not understood');
  }
}
