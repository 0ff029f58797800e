/**
 * A unix datagram socket, as /dev/log is one: Node has none, so socket(2), connect(2), send(2) and poll(2) are called through koffi. Linux alone: the
 * numbers are its. Best effort: what `send` took stands in the collector's queue and in no file yet.
 */
import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { datagramOf } from './message.js';
import { ANSWER_MS, type Batch, fault, pause, type Sender } from './sender.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const POLLOUT = 0x4;

/** What the kernel keeps of a send buffer for itself (unix_dgram_sendmsg). */
const OVERHEAD_BYTES = 32;

/** A datagram at most: what Linux allows unless it is told otherwise (net.core.wmem_max). Longer ones want memory in one piece, and may never get it. */
const MAX_DATAGRAM_BYTES = 212_992 - OVERHEAD_BYTES;

/** How long a full queue, or memory, is waited for in one go: within that, `close` and an abort are heard. */
const TURN_MS = 250;

const { EAGAIN, EINTR, ENOBUFS } = koffi.os.errno as { readonly [name: string]: number };

type Call = (...given: (number | Uint8Array)[]) => number;

interface Libc {
  readonly socket: Call;
  readonly connect: Call;
  readonly send: Call;
  readonly setsockopt: Call;
  readonly getsockopt: Call;
  readonly poll: { async(...given: unknown[]): void };
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded) return loaded;
  const library = koffi.load(null);
  loaded = {
    socket: library.func('int socket(int, int, int)'),
    connect: library.func('int connect(int, void *, unsigned int)'),
    send: library.func('long send(int, void *, unsigned long, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, void *, unsigned int)'),
    getsockopt: library.func('int getsockopt(int, int, int, void *, void *)'),
    poll: library.func('int poll(void *, unsigned long, int)'),
  };
  return loaded;
}

/** The name of the last call's error. */
function lastError(): Error {
  const errno = koffi.errno();
  const name = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0];
  return fault(name ?? 'EIO');
}

/** A datagram socket connected to `path`. Throws an error with the code of connect(2): EPROTOTYPE where a stream listens there. */
function connectTo(path: string): number {
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw lastError();
  const name = Buffer.from(`..${path}\0`);
  name.writeUInt16LE(AF_UNIX, 0);
  if (libc().connect(fd, name, name.length) === 0) return fd;
  const error = lastError();
  closeSync(fd);
  throw error;
}

/** What listens on `path`; nothing is sent, and a stream is not connected to. */
export function unixKind(path: string): 'stream' | 'datagram' | 'unknown' {
  try {
    closeSync(connectTo(path));
    return 'datagram';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPROTOTYPE' ? 'stream' : 'unknown';
  }
}

/** Sends to the datagram socket on `path`, that is connected to anew after an error. */
export class UnixDatagramSender implements Sender {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal;
  #fd: number | undefined;
  #limit = 0;
  #closed = false;

  constructor(path: string, maxBytes: number, signal: AbortSignal) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
  }

  async limit(): Promise<number> {
    this.#open();
    return this.#limit;
  }

  async send({ messages }: Batch): Promise<void> {
    const end = performance.now() + ANSWER_MS;
    try {
      for (const message of messages) await this.#sendOne(datagramOf(message), end);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
  }

  #open(): number {
    if (this.#closed || this.#signal.aborted) throw fault('ECANCELED');
    if (this.#fd !== undefined) return this.#fd;
    const fd = connectTo(this.#path);
    this.#limit = Math.min(this.#maxBytes, MAX_DATAGRAM_BYTES, sendBuffer(fd, MAX_DATAGRAM_BYTES) - OVERHEAD_BYTES);
    this.#fd = fd;
    return fd;
  }

  #drop(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Where the collector's queue is full, waits until it is not. */
  async #sendOne(bytes: Buffer, end: number): Promise<void> {
    for (;;) {
      const fd = this.#open();
      if (libc().send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
      const errno = koffi.errno();
      if (errno === EINTR) continue;
      if (errno !== EAGAIN && errno !== ENOBUFS) throw lastError();
      if (performance.now() > end) throw fault('ETIMEDOUT');
      if (errno === ENOBUFS) await pause(TURN_MS, this.#signal);
      else await writable(fd);
    }
  }
}

/** Asks for a send buffer that holds a message of so many bytes; gives what the kernel allows. */
function sendBuffer(fd: number, bytes: number): number {
  const value = Buffer.alloc(4);
  value.writeInt32LE(bytes + OVERHEAD_BYTES);
  libc().setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, value.length);
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  if (libc().getsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, length) !== 0) throw lastError();
  return value.readInt32LE();
}

/** Resolves when the other end's queue has room, or TURN_MS have passed. */
function writable(fd: number): Promise<void> {
  const one = Buffer.alloc(8);
  one.writeInt32LE(fd, 0);
  one.writeInt16LE(POLLOUT, 4);
  return new Promise((resolve) => libc().poll.async(one, 1, TURN_MS, () => resolve()));
}
