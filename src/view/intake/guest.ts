/**
 * One `exec` at the owner: reads its frames, gives what they say to the recorder as a session of its own, and tells it which of them are durable. What it
 * says is its own session's and nobody else's; who it is, is the kernel's word. Gives back acknowledgements alone.
 */
import type { Socket } from 'node:net';
import type { Direction, SessionEnd, SessionOpen, TerminalFact } from '../../contract.js';
import { readFrames } from './frame-socket.js';
import { countFrame, GIVES, jsonFrame, SAYS } from './frames.js';
import { type Hello, type Lost, readExit, readHello, readLost, readTerminal } from './hello.js';
import type { Link } from './links.js';

export type Policy = 'pass' | 'pause' | 'close';

/** Where sessions go: capture's door. */
export interface IntakeRecorder {
  open(session: SessionOpen, policy: Policy): number;
  data(session: number, direction: Direction, bytes: Uint8Array): boolean;
  terminal(session: number, fact: TerminalFact): void;
  lost(session: number, gap: Lost & { readonly reason: string }): void;
  end(session: number, end: SessionEnd): void;
  /** Hands over what is in hand. */
  flush(): void;
  readonly full: boolean;
}

export interface GuestOptions {
  readonly recorder: IntakeRecorder;
  readonly policy: () => Policy;
  /** What its session begins with. */
  readonly describe: (hello: Hello) => SessionOpen;
  /** What it is told, to show to the next owner. */
  readonly linkTo: (session: string) => Link;
  /** Frames have come that are to be acknowledged; `soon`: the last. */
  readonly came: (soon: boolean) => void;
  readonly gone: (guest: Guest) => void;
}

/** How long a hello may take, and what may wait to be read by it: it need only read acknowledgements. */
const HELLO_MS = 10_000;
const MOST_UNREAD = 65_536;
const LOST = 'exec';

export class Guest {
  readonly #socket: Socket;
  readonly #options: GuestOptions;
  readonly #timer: NodeJS.Timeout;
  #session: number | undefined;
  #policy: Policy = 'pass';
  #ended = false;
  #received = 0;
  #durable = 0;
  #bytes = { RCV: 0, SND: 0 };

  constructor(socket: Socket, options: GuestOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#timer = setTimeout(() => socket.destroy(), HELLO_MS);
    readFrames(socket, (kind, bytes) => this.#hear(kind, bytes));
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#closed());
  }

  /** The recorder's number of its session; undefined before its hello. */
  get session(): number | undefined {
    return this.#session;
  }

  /** Frames that have come, where some of them are not known to be durable; else 0. */
  get unsettled(): number {
    return this.#received > this.#durable ? this.#received : 0;
  }

  /** The first `count` frames are durable. */
  settle(count: number): void {
    this.#durable = count;
    this.#say(countFrame(count));
    if (this.#ended && this.#durable === this.#received) this.#socket.end();
  }

  /** The recorder has no room, or has some again. */
  full(): void {
    if (this.#policy === 'pause') this.#socket.pause();
    else if (this.#policy === 'close' && this.#session !== undefined) this.#refuse('audit-failed');
  }

  room(): void {
    this.#socket.resume();
  }

  /** Takes nothing more; what has come is acknowledged once it is durable. */
  stop(): void {
    this.#socket.pause();
    this.#end({ reason: 'shutdown', by: 'wirescribe' });
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #hear(kind: number, bytes: Buffer): void {
    if (this.#socket.destroyed || this.#ended) return;
    if (this.#session === undefined) return this.#begin(kind, bytes);
    this.#received++;
    this.#take(this.#session, kind, bytes);
    this.#options.came(kind === GIVES.end);
  }

  #begin(kind: number, bytes: Buffer): void {
    const { recorder, policy, describe, linkTo } = this.#options;
    const hello = kind === GIVES.hello ? readHello(bytes) : undefined;
    clearTimeout(this.#timer);
    if (!hello) return this.#refuse('version');
    this.#policy = policy();
    if (this.#policy === 'close' && recorder.full) return this.#refuse('audit-failed');
    const open = describe(hello);
    const session = recorder.open(open, this.#policy);
    this.#session = session;
    if (hello.resumed) recorder.terminal(session, { careful: true });
    if (hello.columns > 0 && hello.rows > 0) recorder.terminal(session, { columns: hello.columns, rows: hello.rows });
    if (hello.raw) recorder.terminal(session, { raw: true });
    if (hello.blind) recorder.terminal(session, { blind: true });
    this.#say(jsonFrame(SAYS.welcome, { policy: this.#policy, link: linkTo(open.id) }));
  }

  #take(session: number, kind: number, bytes: Buffer): void {
    const { recorder } = this.#options;
    if (kind === GIVES.RCV) return this.#data(session, 'RCV', bytes);
    if (kind === GIVES.SND) return this.#data(session, 'SND', bytes);
    if (kind === GIVES.end) return this.#end({ reason: 'closed', by: 'server', exit: readExit(bytes) });
    const fact = kind === GIVES.terminal ? readTerminal(bytes) : undefined;
    const lost = kind === GIVES.lost ? readLost(bytes) : undefined;
    if (fact) recorder.terminal(session, fact);
    else if (lost) recorder.lost(session, { ...lost, reason: LOST });
    else this.#socket.destroy();
  }

  #data(session: number, direction: Direction, bytes: Buffer): void {
    this.#bytes[direction] += bytes.length;
    if (!this.#options.recorder.data(session, direction, bytes)) this.full();
  }

  #end({ reason, by, exit }: Pick<SessionEnd, 'reason' | 'by'> & { readonly exit?: SessionEnd['exit'] | undefined }): void {
    if (this.#ended || this.#session === undefined) return;
    this.#ended = true;
    const { RCV: bytesIn, SND: bytesOut } = this.#bytes;
    this.#options.recorder.end(this.#session, { reason, by, bytesIn, bytesOut, ...(exit === undefined ? {} : { exit }) });
  }

  #refuse(reason: string): void {
    this.#say(jsonFrame(SAYS.refused, { reason }));
    this.#end({ reason, by: 'wirescribe' });
    this.#socket.end();
  }

  /** Who does not read what little it is told is let go. */
  #say(frame: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength > MOST_UNREAD) this.#socket.destroy();
  }

  /** Without a word: it was killed, or its machine's user was logged out. */
  #closed(): void {
    clearTimeout(this.#timer);
    this.#end({ reason: 'reset', by: 'client' });
    this.#options.gone(this);
  }
}
