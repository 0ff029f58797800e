/**
 * A client's way in where both sides speak WebSocket: its upgrade request is looked at and put back, so that it, the answer and all frames pass as they
 * came. Receives a socket on which HTTP is to be spoken, gives it back with what the request says of the client. Frames are never made, joined or read here
 * (a copy is decoded by decode/websocket); extensions and subprotocols are agreed on between the two ends, Host and Origin are the client's own.
 */
import { STATUS_CODES } from 'node:http';
import type { Arrived, Step } from './arrive.js';
import { awaitBytes } from './await-bytes.js';
import type { Conduit } from './end.js';
import { linger } from './relay.js';
import { parseUpgrade } from './upgrade-head.js';
import { factsOfRequest } from './websocket/request-facts.js';
import { originCheck, tellRefusal } from './websocket/upgrade.js';

/** Bytes of the request and all its headers; more is answered with 431. A page's cookies take some KiB. */
const MAX_HEAD = 16_384;
const HEAD_END = Buffer.from('\r\n\r\n');

export interface SpliceOptions {
  /** Pages that may connect; []: all. */
  readonly origins: readonly string[];
  /** Whether an address is that of a proxy whose word for the client counts. */
  readonly isTrusted: (ip: string) => boolean;
  /** Told, by a code, of a client that was answered that it has no session. */
  readonly fault: (code: string) => void;
}

/** What is answered to a request that is not passed on. */
export type Refused = 400 | 403 | 426 | 431;

/** Makes the step of a listener. It resolves with nothing where the client asked for no WebSocket, or may not have one. */
export function spliceStep({ origins, isTrusted, fault }: SpliceOptions): Step {
  const mayConnect = originCheck(origins);
  const refuse = (socket: Conduit, status: Refused): undefined => {
    tellRefusal(fault, status);
    return turnAway(socket, status);
  };
  return async ({ socket, facts }, signal) => {
    const taken = await takeHead(socket, signal);
    if (!taken) return void socket.destroy();
    const request = taken.head === undefined ? 431 : parseUpgrade(taken.head);
    if (typeof request === 'number') return refuse(socket, request);
    if (!mayConnect(request)) return refuse(socket, 403);
    socket.unshift(taken.bytes);
    return { socket, facts: { ...factsOfRequest(request, facts, isTrusted), wire: 'websocket' } };
  };
}

/** All that came, and the head in it; undefined: it is too long. */
interface Taken {
  readonly bytes: Buffer;
  readonly head: string | undefined;
}

/** @returns null: the client has left in the middle of it */
function takeHead(socket: Conduit, signal: AbortSignal): Promise<Taken | null> {
  let bytes: Buffer = Buffer.alloc(0);
  return awaitBytes<Taken | null>(socket, signal, (chunk) => {
    if (!chunk) return null;
    const from = Math.max(0, bytes.length - HEAD_END.length + 1);
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf(HEAD_END, from);
    const length = end < 0 ? bytes.length : end + HEAD_END.length;
    if (length > MAX_HEAD) return { bytes, head: undefined };
    return end < 0 ? undefined : { bytes, head: bytes.toString('latin1', 0, length) };
  });
}

/** Answers in the server's place, and lets the client go: what it still sends is read away, so that the answer arrives. */
function turnAway(socket: Conduit, status: Refused): undefined {
  const upgrade = status === 426 ? 'close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13' : 'close';
  socket.on('error', () => socket.destroy());
  socket.once('end', () => socket.destroy());
  socket.end(answer(`${status} ${STATUS_CODES[status]}`, upgrade, `${STATUS_CODES[status]}\n`));
  socket.resume();
  linger(socket);
  return undefined;
}

const answer = (status: string, connection: string, words: string): string =>
  `HTTP/1.1 ${status}\r\nConnection: ${connection}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(words)}\r\n\r\n${words}`;

/**
 * Gives a client that has arrived its own way of being told the end: as long as its request was not answered, by an answer (503); behind that there are
 * frames, of which we know nothing, and it is ended without words.
 */
export function dressSplice(arrived: Arrived): Arrived {
  const socket: Conduit & { readonly bytesWritten?: number } = arrived.end.socket;
  socket.farewell = (line) => {
    if (socket.bytesWritten) socket.end();
    else socket.end(answer(`503 ${STATUS_CODES[503]}`, 'close', `${line}\n`));
  };
  return arrived;
}
