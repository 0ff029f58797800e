/**
 * The PROXY protocol on the way in and on the way to the server. Receives accepted connections, gives them with the client's address in place of the
 * proxy's; what is a health check goes no further: no session, and nothing passed on, the dialling of the server included.
 *
 * A health check is a connection that a trusted proxy ends within a second without a byte behind its header. To know that would cost every silent client
 * of a server that speaks first that second, so how long is waited depends on whom the header names: the proxy itself (LOCAL, UNKNOWN, or its own
 * address, as HAProxy's checks of version 1 have it) a second; somebody else, as far as its header's own end needs to come: a check ends at once.
 */
import { Socket } from 'node:net';
import { type Arrival, type Facts, plainIp, type Step } from './arrive.js';
import { awaitBytes } from './await-bytes.js';
import type { ServerStep } from './dial.js';
import type { Conduit } from './end.js';
import { MAX_V2, MalformedHeader, type ProxyHeader, readProxyHeader } from './proxy-header.js';
import { type ProxyVersion, writeProxyHeader } from './proxy-write.js';

/** How long a proxy that names itself, or nobody, may be silent before it counts as a client. */
const CHECK_MS = 1_000;
/** The same where it names another: a person does not notice it before a server's first words. */
const CLIENT_MS = 100;

export interface ProxyInOptions {
  /** Whether a proxy at this address is believed. From others a header is data. */
  readonly trusted: (ip: string) => boolean;
  /** Told 'proxy-header' where a trusted proxy sends none, or a broken one, and is cut off. */
  readonly fault: (code: string) => void;
  /** The time for all steps: no silence is waited for until it is over. */
  readonly handshakeMs: number;
}

/** The step that reads a trusted proxy's header; it must come, within the listener's handshake time. */
export function proxyIn({ trusted, fault, handshakeMs }: ProxyInOptions): Step {
  return async (arrival, signal) => {
    const { socket, facts } = arrival;
    // Gone already: the kernel knows its address no more.
    if (facts.ip === undefined) return drop(socket);
    if (!trusted(facts.ip)) return arrival;
    const header = await readHeader(socket, signal).catch((error: unknown) => {
      if (error instanceof MalformedHeader) fault('proxy-header');
      throw error;
    });
    if (header === 'none') return drop(socket);
    const silentMs = Math.min(silenceOf(header, facts.ip), handshakeMs / 2);
    if (!(await goesOn(socket, signal, silentMs))) return drop(socket);
    return { socket, facts: factsBehind(facts, header) };
  };
}

/** How long to wait for a byte, or the end, behind a header. @param proxy the address of the proxy itself */
function silenceOf({ kind, from }: ProxyHeader, proxy: string): number {
  const isItself = from === undefined ? kind !== 'client' : from.ip === proxy;
  return isItself ? CHECK_MS : CLIENT_MS;
}

function drop(socket: Conduit): undefined {
  socket.destroy();
  return undefined;
}

/** Reads the header, and puts back what came behind it. 'none': the peer has ended without a byte. */
function readHeader(socket: Conduit, signal: AbortSignal): Promise<ProxyHeader | 'none'> {
  let read = Buffer.alloc(0);
  return awaitBytes(socket, signal, (chunk) => {
    if (chunk === undefined) {
      if (read.length === 0) return 'none';
      throw new MalformedHeader('the connection ended in its PROXY header');
    }
    read = Buffer.concat([read, chunk]);
    const header = readProxyHeader(read.subarray(0, MAX_V2));
    if (header === undefined) return undefined;
    socket.pause();
    if (read.length > header.length) socket.unshift(read.subarray(header.length));
    return header;
  });
}

/** False where the peer ends, or breaks off, before it has sent a byte and within `silentMs`. */
function goesOn(socket: Conduit, signal: AbortSignal, silentMs: number): Promise<boolean> {
  const silent = new AbortController();
  // What has come by then is read before we decide.
  const timer = setTimeout(() => setImmediate(() => silent.abort()), silentMs);
  const either = AbortSignal.any([signal, silent.signal]);
  const spoke = awaitBytes(socket, either, (chunk) => {
    if (chunk === undefined) return false;
    socket.pause();
    socket.unshift(chunk);
    return true;
  });
  return spoke.catch(() => silent.signal.aborted && !signal.aborted && !socket.destroyed).finally(() => clearTimeout(timer));
}

/** Of a client that came to the proxy by a unix socket no address is known; LOCAL and UNKNOWN leave the proxy's (sections 2.1, 2.2). */
function factsBehind({ ip, port, ...others }: Facts, { kind, from, to, tls, interlink }: ProxyHeader): Facts {
  const own = ip === undefined ? {} : { ip, ...(port === undefined ? {} : { port }) };
  return {
    ...others,
    ...(kind === 'client' ? (from ?? {}) : own),
    ...(to ? { to } : {}),
    ...(tls ? { tls } : {}),
    ...(interlink === undefined ? {} : { interlink }),
  };
}

/** Notes where the client came in, for a header to the server. A step by itself, since asking costs each connection a call of the system. */
export const noteTarget: Step = async (arrival: Arrival) => {
  const { socket, facts } = arrival;
  if (!(socket instanceof Socket) || socket.localAddress === undefined) return arrival;
  return { socket, facts: { ...facts, to: { ip: plainIp(socket.localAddress), port: socket.localPort ?? 0 } } };
};

/** The step that tells a server who the client is. @param session the session's id */
export function proxyOut(version: ProxyVersion, client: Facts, session: string): ServerStep {
  const header = writeProxyHeader(version, client, session);
  return (socket) =>
    new Promise((resolve, reject) => {
      socket.write(header, (error) => (error ? reject(error) : resolve(socket)));
    });
}
