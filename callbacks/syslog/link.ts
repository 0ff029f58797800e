/**
 * One connection to a collector over tcp, tls or a unix stream. Receives whole frames, hands them to the kernel with back-pressure, and says when the
 * connection is lost. Never reads: a syslog collector has nothing to say; what it does say is thrown away.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectNet, isIP, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Settings, Target, TlsFiles } from './options.js';
import { fault, pause, within } from './sender.js';

/** To connect, with the handshake of tls. */
const CONNECT_MS = 10_000;

/** A write of which the other side takes nothing for so long has no other side any more. TCP itself would go on for a quarter of an hour. */
const STALL_MS = 60_000;

/** First probe of an idle connection: a collector that vanished without a word is noticed by the kernel. */
const KEEPALIVE_MS = 60_000;

/** How long `end` waits for the collector to read to the end and close as well. */
const END_MS = 2_000;

export class Link {
  readonly #socket: Socket;
  #why: Error | undefined;
  /** Rejects what is waited for now. */
  #fail: ((error: Error) => void) | undefined;

  /** @param onLost called once, however it ends */
  constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket;
    const lost = (error: Error) => {
      if (this.#why) return;
      this.#why = error;
      this.#fail?.(error);
      socket.destroy();
      onLost();
    };
    socket.on('error', lost);
    socket.on('end', () => lost(fault('EPIPE')));
    socket.on('close', () => lost(fault('EPIPE')));
    socket.on('timeout', () => lost(fault('ETIMEDOUT')));
    // Its events may have come and gone before there was anyone to hear them.
    if (socket.destroyed) queueMicrotask(() => lost(fault('EPIPE')));
    else socket.resume();
  }

  get alive(): boolean {
    return this.#why === undefined;
  }

  /** Resolves once the kernel has all of `bytes`. Rejects where the connection is lost before. One at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#socket.setTimeout(STALL_MS);
    try {
      await this.#unlessLost(new Promise((resolve, reject) => this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))));
    } finally {
      this.#socket.setTimeout(0);
    }
  }

  /** Lets the event loop look at the socket once: an end that the collector has already sent is noticed. */
  async look(): Promise<void> {
    await turn();
    await turn();
  }

  /** Rejects where the connection does not stand for so many milliseconds. */
  async stand(ms: number, signal: AbortSignal): Promise<void> {
    await this.#unlessLost(pause(ms, signal));
  }

  /** Ends it in order: what the kernel has goes out first. Never rejects. */
  async end(signal: AbortSignal): Promise<void> {
    if (this.#why) return;
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await Promise.race([closed, pause(END_MS, signal)]).catch(() => {});
    this.drop();
  }

  /** Ends it now. */
  drop(): void {
    this.#socket.destroy();
  }

  /** `work`, or why the connection was lost meanwhile: a socket that is destroyed may tell a write that it went well. */
  #unlessLost(work: Promise<void>): Promise<void> {
    if (this.#why) {
      work.catch(() => {});
      return Promise.reject(this.#why);
    }
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      work.then(() => (this.#why ? reject(this.#why) : resolve()), reject);
    });
  }
}

/** Connects to a collector of streams, and shakes hands where that is asked for. Rejects with what the system says, or ETIMEDOUT. */
export async function connectStream({ target, tls }: Pick<Settings, 'target' | 'tls'>, signal: AbortSignal): Promise<Socket> {
  const socket = target.kind === 'tls' ? startTls(target.host, target.port, tls) : connectNet(placeOf(target));
  // What comes after `once` has given up must not be an error that nobody hears.
  socket.on('error', () => {});
  try {
    await within(once(socket, target.kind === 'tls' ? 'secureConnect' : 'connect'), CONNECT_MS, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setKeepAlive(true, KEEPALIVE_MS);
  return socket;
}

const placeOf = (target: Target) => (target.kind === 'unix' ? { path: target.path } : { host: target.host, port: target.port });

/** The files are read each time: a certificate that was renewed is taken. The name of a collector is checked unless `verify` is off (RFC 5425, 5). */
function startTls(host: string, port: number, { ca, cert, key, servername, verify }: TlsFiles): TLSSocket {
  const name = servername ?? (isIP(host) ? undefined : host);
  return connectTls({
    host,
    port,
    rejectUnauthorized: verify,
    ...(name === undefined ? {} : { servername: name }),
    ...(ca === null ? {} : { ca: readFileSync(ca) }),
    ...(cert === null || key === null ? {} : { cert: readFileSync(cert), key: readFileSync(key) }),
  });
}
