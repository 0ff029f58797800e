/**
 * A real socket that speaks lines, for tests: sends what it is told, and waits until what it was sent, as a person would read it, matches.
 * It answers no telnet negotiation, so a server gives it plain, uncompressed text.
 */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** Telnet commands, over bytes read as latin-1: IAC verb option, IAC SB ... IAC SE, IAC command. An unfinished one at the end goes too. */
const TELNET = /\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xfe]|.*$)/gs;
/** ANSI control sequences (ECMA-48 CSI). */
const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]/g;

/** How much of what came a failure tells, in UTF-16 units. */
const TOLD = 1_000;

/** What a person would read of these bytes: telnet and ANSI taken out, as UTF-8. */
export function readable(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(TELNET, (found) => (found === '\xff\xff' ? found : ''));
  return Buffer.from(text, 'latin1').toString('utf8').replace(ANSI, '');
}

export class LineClient {
  readonly #socket: Socket;
  readonly #source: Readable;
  #chunks: Buffer[] = [];
  #seen = 0;
  #ended = false;

  /** Takes over a connected socket; `dial` makes one. @param source what is read instead of the socket, if something stands in front of it */
  constructor(socket: Socket, source: Readable = socket) {
    this.#socket = socket;
    this.#source = source;
    socket.setNoDelay(true);
    source.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', () => {});
    source.on('end', () => {
      this.#ended = true;
    });
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  /** Every byte that came. */
  get bytes(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  /** All that came, as a person would read it. */
  get text(): string {
    return readable(this.bytes);
  }

  /** True once the other side has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a line, with CR LF behind it. */
  send(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** Sends one key at a time, each in a write of its own, as a client in character mode does. @param between waited for behind each key */
  async type(keys: string, between: () => Promise<unknown> = () => turn()): Promise<void> {
    for (const key of keys.match(/\x1b\[[A-Z]|\r\0|./gsu) ?? []) {
      this.#socket.write(key);
      await between();
    }
  }

  /**
   * Waits until what came since the last hit matches, and gives the hit. Throws when the other side ends first, or after `timeoutMs`; the
   * message holds what came (this is a test: there are no secrets in it).
   */
  async waitFor(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpMatchArray> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const fresh = this.text.slice(this.#seen);
      const hit = fresh.match(pattern);
      if (hit) {
        this.#seen += (hit.index ?? 0) + hit[0].length;
        return hit;
      }
      if (this.#ended || signal.aborted) {
        throw new Error(
          `${this.#ended ? 'ended' : `${timeoutMs} ms over`} before ${pattern} came; what came last: ${JSON.stringify(fresh.slice(-TOLD))}`,
        );
      }
      await this.#change(signal);
    }
  }

  /** Waits until the other side has ended. */
  async waitForEnd(timeoutMs = 10_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!this.#ended) {
      if (signal.aborted) throw new Error(`the other side did not end within ${timeoutMs} ms`);
      await this.#change(signal);
    }
  }

  /** Ends our side and waits until the connection is closed. */
  async end(): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.end();
    await once(this.#socket, 'close');
  }

  /** Drops the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Resolves at the next data, end or close, or when `signal` says that it is time. */
  async #change(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = { signal: AbortSignal.any([signal, over.signal]) };
    await Promise.race([once(this.#source, 'data', either), once(this.#source, 'end', either), once(this.#socket, 'close', either)]).catch(() => {});
    over.abort();
  }
}

/** Connects to a port of 127.0.0.1, or to whatever `net.connect` understands. */
export async function dial(to: number | NetConnectOpts): Promise<LineClient> {
  const socket = connect(typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to);
  await once(socket, 'connect');
  return new LineClient(socket);
}
