/** Syslog over UDP (RFC 5426): a message a datagram. Best effort: only what this machine's kernel says of it (nobody listens, too long) is an error. */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { datagramOf, type Message } from './message.js';
import { ANSWER_MS, type Batch, fault, type Sender, within } from './sender.js';

/** What a UDP datagram holds over IPv4: 65,535 less both headers. */
const MAX_DATAGRAM_BYTES = 65_507;

/** Datagrams handed to the kernel before it is waited for: a burst no longer than most receive buffers. */
const BURST = 32;

/** Sends to `host`, which is looked up anew after an error. */
export class UdpSender implements Sender {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #maxBytes: number;
  readonly #signal: AbortSignal;
  #socket: Socket | undefined;
  #error: Error | undefined;
  #closed = false;

  constructor(target: { readonly host: string; readonly port: number }, maxBytes: number, signal: AbortSignal) {
    this.#target = target;
    this.#maxBytes = Math.min(maxBytes, MAX_DATAGRAM_BYTES);
    this.#signal = signal;
  }

  async limit(): Promise<number> {
    return this.#maxBytes;
  }

  async send({ messages }: Batch): Promise<void> {
    try {
      await within(this.#sendAll(messages), ANSWER_MS, this.#signal);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#error = undefined;
    socket?.close();
  }

  async #sendAll(messages: readonly Message[]): Promise<void> {
    this.#socket ??= await this.#open();
    const socket = this.#socket;
    for (let at = 0; at < messages.length; at += BURST) {
      await Promise.all(messages.slice(at, at + BURST).map((message) => sendOne(socket, datagramOf(message))));
    }
    await refusals();
    if (this.#error) throw this.#error;
  }

  async #open(): Promise<Socket> {
    const { host, port } = this.#target;
    const { address, family } = await lookup(host);
    if (this.#closed || this.#signal.aborted) throw fault('ECANCELED');
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    return socket;
  }
}

const sendOne = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    try {
      socket.send(bytes, (error) => (error ? reject(error) : resolve()));
    } catch {
      reject(fault('ECANCELED'));
    }
  });

/** Two turns of the event loop have a whole look at the sockets between them: a port without a listener says so by then, if it is on this machine. */
async function refusals(): Promise<void> {
  await turn();
  await turn();
}
