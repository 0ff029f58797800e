/**
 * The way in of a client, before its session begins: the PROXY header, TLS, the upgrade of a WebSocket, each a step. Receives an accepted socket, gives
 * an end that is ready and what is known of who is there, or nothing where no session shall begin. Reads no byte of a session: what a step has read too
 * far it puts back.
 */
import { Socket } from 'node:net';
import type { SessionOpen, Wire } from '../contract.js';
import { type Conduit, type End, endOfAccepted, endOfEvents } from './end.js';

/** What is known of a client beside its bytes; each step adds to it. */
export type Facts = Pick<SessionOpen, 'ip' | 'port' | 'tls' | 'url' | 'subprotocol' | 'headers' | 'interlink'> & {
  /** Where the handshake says how the session is read. */
  readonly wire?: Wire;
  /** The client's terminal, for a program in a pty; stands in no record. */
  readonly terminal?: Terminal;
  /** Where the client meant to go, for a PROXY header to the server; stands in no record. */
  readonly to?: { readonly ip: string; readonly port: number };
};

/** What a client said of its terminal (RFC 1091, RFC 1073); nothing of it is checked. */
export interface Terminal {
  /** Its types, the likeliest first. */
  readonly types: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
}

export interface Arrival {
  /** Paused; bytes that a step has read and not used stand in front of it again (`unshift`). */
  readonly socket: Conduit;
  readonly facts: Facts;
}

/**
 * One step. Gives what it makes of the arrival; undefined: there is no session (a health check, a client that is turned away), and the step has ended the
 * connection itself. What it throws is the peer's fault: the connection is cut off. After `signal` is aborted nobody waits for it any more.
 */
export type Step = (arrival: Arrival, signal: AbortSignal) => Promise<Arrival | undefined>;

/**
 * The same step, that tells where it fails though the client has said something: who leaves without a word (a check whether the port is open), or is given
 * up because it takes too long, is told of elsewhere or by nobody.
 */
export const tellingOf =
  (step: Step, failed: () => void): Step =>
  async (arrival, signal) => {
    const { socket } = arrival;
    const before = bytesFrom(socket) - socket.readableLength;
    try {
      return await step(arrival, signal);
    } catch (error) {
      if (!signal.aborted && bytesFrom(socket) > before) failed();
      throw error;
    }
  };

const bytesFrom = (socket: Conduit): number => (socket instanceof Socket ? socket.bytesRead : 0);

export interface Arrived {
  readonly end: End;
  readonly facts: Facts;
}

/** The client's address as the kernel knows it; nothing for a unix socket, or where the client is gone already. */
export function factsOf(accepted: Socket): Facts {
  const { remoteAddress, remotePort } = accepted;
  return remoteAddress === undefined ? {} : { ip: plainIp(remoteAddress), port: remotePort ?? 0 };
}

/** IPv4 as itself where the kernel gives it mapped into IPv6. */
export const plainIp = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.)/, '');

/** Makes an end of what the steps gave. */
export function endOf(socket: Conduit): End {
  if (!(socket instanceof Socket) || 'encrypted' in socket) return endOfEvents(socket);
  const read: unknown = socket.read();
  const end = endOfAccepted(socket);
  return Buffer.isBuffer(read) ? { ...end, prefix: read } : end;
}

export interface ArriveOptions {
  readonly steps: readonly Step[];
  readonly timeoutMs: number;
  /** Called once; undefined: there is no session, and nothing of the connection is left. `isLate`: because it took too long. */
  readonly done: (arrived: Arrived | undefined, isLate?: boolean) => void;
}

/** Takes an accepted, paused socket through the steps. @returns gives up: the connection is cut off, and `done` is not called any more */
export function arrive(accepted: Socket, { steps, timeoutMs, done }: ArriveOptions): () => void {
  const over = new AbortController();
  let socket: Conduit = accepted;
  const settle = (): boolean => {
    if (over.signal.aborted) return false;
    clearTimeout(timer);
    over.abort();
    return true;
  };
  const giveUp = (): void => {
    if (!settle()) return;
    socket.destroy();
    accepted.destroy();
  };
  const timer = setTimeout(() => {
    giveUp();
    done(undefined, true);
  }, timeoutMs);
  accepted.on('error', () => undefined);
  void walk();
  return giveUp;

  async function walk(): Promise<void> {
    try {
      let arrival: Arrival | undefined = { socket: accepted, facts: factsOf(accepted) };
      for (const step of steps) {
        arrival = arrival && (await step(arrival, over.signal));
        if (arrival) socket = arrival.socket;
      }
      if (!settle()) return;
      done(arrival && { end: endOf(arrival.socket), facts: arrival.facts });
    } catch {
      if (over.signal.aborted) return;
      giveUp();
      done(undefined);
    }
  }
}
