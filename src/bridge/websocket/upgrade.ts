/**
 * A client's way in by WebSocket (RFC 6455 4.2): receives a socket on which HTTP is to be spoken, gives the WebSocket's conduit and what the request says
 * of the client. Whoever asks for anything else gets an answer that says so, and is let go. One step serves a listener.
 */
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Wire } from '../../contract.js';
import type { Arrival, Step } from '../arrive.js';
import { conduitOf } from './conduit.js';
import { headerOf } from './forwarded.js';
import { FOR_CLIENTS } from './limits.js';
import { factsOfRequest } from './request-facts.js';
import { chooseSubprotocol, translate, wireWith } from './subprotocols.js';

/** Bytes of the request and all its headers; more is answered with 431. A page's cookies take some KiB. */
const MAX_HEAD = 16_384;
const FORBIDDEN = 403;

export interface UpgradeOptions {
  /** The subprotocol that counts where a client offers it; null: the first that we know. */
  readonly subprotocol: string | null;
  /** Pages that may connect; []: all. */
  readonly origins: readonly string[];
  /** Whether an address is that of a proxy whose word for the client counts. */
  readonly isTrusted: (ip: string) => boolean;
  /** How the server's side is read. */
  readonly wire: Wire;
  /** Told, by a code, of a client that was answered that it has no session. */
  readonly fault: (code: string) => void;
}

/** Tells of a client that was answered with this status: a page that `origins` does not name, or who asks for no WebSocket, or not as he must. */
export function tellRefusal(fault: (code: string) => void, status: number): void {
  if (status === FORBIDDEN) fault('websocket-origin');
  else fault('websocket-request');
}

type Done = (upgraded: { readonly ws: WebSocket; readonly request: IncomingMessage }) => void;

/** Makes the step of a listener. It resolves with nothing where the client asked for no WebSocket, or may not have one. */
export function upgradeStep({ subprotocol, origins, isTrusted, wire, fault }: UpgradeOptions): Step {
  const upgrade = upgrader(subprotocol, originCheck(origins), fault);
  return ({ socket, facts }) =>
    new Promise<Arrival | undefined>((resolve) => {
      const gone = (): void => resolve(undefined);
      socket.once('close', gone);
      upgrade(socket, ({ ws, request }) => {
        socket.off('close', gone);
        const { url = '', headers } = request;
        const known = factsOfRequest({ url, headers }, facts, isTrusted);
        const agreed = ws.protocol === '' ? {} : { subprotocol: ws.protocol };
        const conduit = conduitOf(ws, socket, translate(ws.protocol, 'client', wire));
        resolve({ socket: conduit, facts: { ...known, ...agreed, wire: wireWith(ws.protocol, wire) } });
      });
    });
}

/** An HTTP server that never listens: it is handed its connections. */
function upgrader(
  subprotocol: string | null,
  mayConnect: (request: IncomingMessage) => boolean,
  fault: (code: string) => void,
): (socket: Duplex, done: Done) => void {
  const waiting = new WeakMap<Duplex, Done>();
  const sockets = new WebSocketServer({
    ...FOR_CLIENTS,
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => chooseSubprotocol(offered, subprotocol) ?? false,
  });
  const http = createServer({ maxHeaderSize: MAX_HEAD }, (_request, response) => {
    tellRefusal(fault, 426);
    askForUpgrade(response);
  });
  const refuse = (socket: Duplex, status: Refused): void => {
    tellRefusal(fault, status);
    answer(socket, status);
  };
  http.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return refuse(socket, 426);
    if (!mayConnect(request)) return refuse(socket, FORBIDDEN);
    let upgraded = false;
    sockets.handleUpgrade(request, socket, head, (ws) => {
      upgraded = true;
      waiting.get(socket)?.({ ws, request });
    });
    // It has answered by itself, and at once.
    if (!upgraded) tellRefusal(fault, 400);
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Who has left, or was cut off, asks for nothing.
    if (!socket.writable) return void socket.destroy();
    refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400);
  });
  return (socket, done) => {
    waiting.set(socket, done);
    http.emit('connection', socket);
    socket.resume();
  };
}

function askForUpgrade(response: ServerResponse): void {
  response.writeHead(426, { Connection: 'close, Upgrade', Upgrade: 'websocket', 'Content-Type': 'text/plain' });
  response.end(`${STATUS_CODES[426]}\n`);
}

type Refused = 400 | typeof FORBIDDEN | 426 | 431;

function answer(socket: Duplex, status: Refused): void {
  const words = `${STATUS_CODES[status]}\n`;
  const upgrade = status === 426 ? 'close, Upgrade\r\nUpgrade: websocket' : 'close';
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: ${upgrade}\r\nContent-Type: text/plain\r\nContent-Length: ${words.length}\r\n\r\n${words}`,
  );
}

/** Browsers say which page connects (RFC 6455 10.2); whoever says nothing is none. Version 8 had a name of its own for it. */
export function originCheck(origins: readonly string[]): (request: Pick<IncomingMessage, 'headers'>) => boolean {
  const listed = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  if (listed.size === 0) return () => true;
  const isListed = (origin: string | undefined): boolean => origin === undefined || listed.has(origin.toLowerCase());
  return ({ headers }) => isListed(headerOf(headers, 'origin')) && isListed(headerOf(headers, 'sec-websocket-origin'));
}
