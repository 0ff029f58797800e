/**
 * The old side of a handover at the owner: hands in records that it has masked and not sealed. Reads frames, gives them in batches to whoever seals them, one
 * batch at a time, and tells the old side how many are durable. Holds little more than a batch; the rest waits in the socket. Only on SPOOL_DIR/intake.sock,
 * where nobody but the spool's user comes.
 */
import type { Socket } from 'node:net';
import { readFrames } from './frame-socket.js';
import { countFrame, frameOf, GIVES, INTAKE_VERSION, jsonFrame, jsonOf, SAYS } from './frames.js';

export interface DraftGuestOptions {
  /** Seals a batch of `draft` frames. Resolves with how many they were once they are durable; undefined: it cannot be had, the guest is to try again later. */
  readonly take: (batch: Uint8Array<ArrayBuffer>) => Promise<number | undefined>;
  /** Most bytes of a frame. */
  readonly mostBytes: number;
  readonly gone: (guest: DraftGuest) => void;
}

/** How long a hello may take. */
const HELLO_MS = 10_000;
/** Bytes that wait for the batch before them; no more is read then. */
const MOST_WAITING = 1 << 20;
const NAME = /^\d{1,10}\.\d{1,6}$/;

export class DraftGuest {
  readonly #socket: Socket;
  readonly #options: DraftGuestOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #durable = 0;
  #busy = false;
  #closed = false;
  /** Of its file (spool/going.ts); '' before its hello. */
  name = '';
  /** It is ending, and passes on its last records. */
  leaving = false;
  /** Sessions that go on there. */
  sessions = 0;

  constructor(socket: Socket, options: DraftGuestOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#timer = setTimeout(() => socket.destroy(), HELLO_MS);
    readFrames(socket, (kind, bytes) => this.#hear(kind, bytes), options.mostBytes);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#closed = true;
      clearTimeout(this.#timer);
      this.#perhapsGone();
    });
  }

  /** Takes nothing more. */
  close(): void {
    this.#socket.destroy();
  }

  #hear(kind: number, bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    if (this.name === '') return this.#begin(kind, bytes);
    if (kind === GIVES.state) this.#is(jsonOf(bytes));
    else if (kind === GIVES.draft) this.#take(bytes);
    else this.#socket.destroy();
  }

  #begin(kind: number, bytes: Buffer): void {
    const { version, name } = (kind === GIVES.going ? jsonOf(bytes) : undefined) ?? {};
    clearTimeout(this.#timer);
    if (version !== INTAKE_VERSION || typeof name !== 'string' || !NAME.test(name)) {
      this.#socket.write(jsonFrame(SAYS.refused, { reason: 'version' }));
      return void this.#socket.end();
    }
    this.name = name;
    this.#socket.write(jsonFrame(SAYS.welcome, {}));
  }

  #is({ sessions, leaving }: { readonly [name: string]: unknown } = {}): void {
    if (Number.isSafeInteger(sessions)) this.sessions = sessions as number;
    this.leaving ||= leaving === true;
  }

  #take(bytes: Buffer): void {
    const frame = frameOf(GIVES.draft, bytes);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > MOST_WAITING) this.#socket.pause();
    if (!this.#busy) void this.#hand();
  }

  async #hand(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = joined(this.#waiting.splice(0), this.#waitingBytes);
      this.#waitingBytes = 0;
      this.#socket.resume();
      const count = await this.#options.take(batch);
      if (count === undefined) {
        this.#waiting = [];
        this.#socket.destroy();
        break;
      }
      this.#durable += count;
      if (this.#socket.writable) this.#socket.write(countFrame(this.#durable));
    }
    this.#busy = false;
    this.#perhapsGone();
  }

  /** Gone is it once what it handed in is durable too. */
  #perhapsGone(): void {
    if (this.#closed && !this.#busy) this.#options.gone(this);
  }
}

/** Of a memory of its own, which can be handed to a thread. */
function joined(frames: readonly Buffer[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
