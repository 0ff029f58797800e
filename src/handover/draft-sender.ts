/**
 * Hands the drafts of the old side of a handover to the owner of the spool. Receives them from our audit thread, keeps what the owner has not called durable,
 * and says it again to the next owner where one goes away. Bounded by Passing, which makes no more drafts while too much waits here.
 */
import { within } from '../threads/within.js';
import { readFrames } from '../view/intake/frame-socket.js';
import { countOf, frameOf, GIVES, INTAKE_VERSION, jsonFrame, SAYS } from '../view/intake/frames.js';
import type { IntakeSocket } from '../view/intake/intake.js';
import type { GoingSession, PassedDraft, PassingData } from './passing.js';

export interface DraftSenderOptions {
  /** Of our file in the spool (spool/going.ts). */
  readonly name: string;
  /** Connects to the owner; undefined: there is none just now. */
  readonly reach: () => Promise<IntakeSocket | undefined>;
  /** So many characters of drafts are durable. */
  readonly passed: (count: number) => void;
  /** An owner would not have us; told once, until another has. */
  readonly refused: () => void;
}

/** A draft that is held: its text until it is durable, for there may be many and each is sent once or twice. */
type Held = Pick<PassedDraft, 'text'> & { readonly begins: boolean };

/** What is handed to the socket before it has passed something on. */
const MOST_UNDER_WAY = 262_144;
/** Back-off between tries to reach an owner. */
const AGAIN_MS = { first: 20, most: 250 } as const;

export class DraftSender {
  readonly #options: DraftSenderOptions;
  readonly #sessions = new Map<string, number>();
  /** What is not durable, the oldest first; what stands in front of `#done` is, and is taken out by and by. */
  #held: Held[] = [];
  #done = 0;
  /** How many of `held` this owner was sent, `#done` among them; and what of `#done` another has called durable. */
  #sent = 0;
  #before = 0;
  #waiting = 0;
  #socket: IntakeSocket | undefined;
  #waitMs: number = AGAIN_MS.first;
  #again: NodeJS.Timeout | undefined;
  #refused = false;
  #leaving = false;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(options: DraftSenderOptions) {
    this.#options = options;
  }

  /** The spool was given up; these sessions go on. From here on an owner is looked for. */
  begin(sessions: readonly GoingSession[]): void {
    for (const { id, seq } of sessions) this.#sessions.set(id, seq);
    void this.#connect();
  }

  /** How many drafts are not durable. */
  get held(): number {
    return this.#held.length - this.#done;
  }

  /** Where our audit thread goes on if it is started again. */
  get state(): PassingData {
    return { sessions: [...this.#sessions].map(([id, seq]) => ({ id, seq })), waiting: this.#waiting };
  }

  /** Takes drafts over. */
  add(drafts: readonly PassedDraft[]): void {
    const before = this.#sessions.size;
    for (const { session, seq, ends, text } of drafts) {
      this.#held.push({ text, begins: seq === 0 });
      this.#waiting += text.length;
      if (ends) this.#sessions.delete(session);
      else if (session !== '') this.#sessions.set(session, seq);
    }
    if (this.#sessions.size !== before) this.#tellState();
    this.#pump();
  }

  /** We end, and the last drafts come: an owner that ends too waits for them. */
  leave(): void {
    this.#leaving = true;
    this.#tellState();
  }

  /** Resolves when all is durable, or after the time, in milliseconds; then nothing more is passed on. @returns how many records are not */
  async end(timeoutMs: number): Promise<number> {
    this.leave();
    if (this.held > 0) {
      const emptied = new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
      await within(emptied, timeoutMs);
    }
    this.#closed = true;
    clearTimeout(this.#again);
    this.#socket?.destroy();
    return this.held;
  }

  #tellState(): void {
    this.#socket?.write(jsonFrame(GIVES.state, { sessions: this.#sessions.size, leaving: this.#leaving }));
  }

  /**
   * Sends what the socket takes now. Behind a session's first draft nothing, until that is durable: an owner that knows nothing of a session could else not
   * tell whether it is new, or was over before the last owner died.
   */
  #pump(): void {
    const socket = this.#socket;
    if (!socket) return;
    while (this.#sent < this.#held.length && socket.writableLength < MOST_UNDER_WAY && !this.#begun()) {
      const { text } = this.#held[this.#sent++] as Held;
      socket.write(frameOf(GIVES.draft, Buffer.from(text)));
    }
  }

  #begun(): boolean {
    return this.#sent > this.#done && this.#held[this.#sent - 1]?.begins === true;
  }

  async #connect(): Promise<void> {
    const socket = await this.#options.reach().catch(() => undefined);
    if (this.#closed) return void socket?.destroy();
    if (!socket) return this.#tryAgain();
    this.#join(socket);
  }

  #tryAgain(): void {
    this.#again = setTimeout(() => void this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, AGAIN_MS.most);
  }

  #join(socket: IntakeSocket): void {
    readFrames(socket, (kind, bytes) => this.#hear(socket, kind, bytes));
    socket.on('drain', () => this.#pump());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#left(socket));
    socket.write(jsonFrame(GIVES.going, { version: INTAKE_VERSION, name: this.#options.name }));
  }

  #hear(socket: IntakeSocket, kind: number, bytes: Buffer): void {
    if (kind === SAYS.durable && this.#socket === socket) return this.#durable(countOf(bytes));
    if (kind === SAYS.refused) return this.#sayRefused();
    if (kind !== SAYS.welcome || this.#socket || this.#closed) return;
    this.#refused = false;
    this.#socket = socket;
    this.#waitMs = AGAIN_MS.first;
    this.#before = this.#done;
    this.#sent = this.#done;
    this.#tellState();
    this.#pump();
  }

  /** It is asked again four times a second, for as long as a session goes on. */
  #sayRefused(): void {
    if (!this.#refused) this.#options.refused();
    this.#refused = true;
  }

  /** The owner's disk has the first `count` of what it was sent. */
  #durable(count: number): void {
    const known = Math.min(this.#before + count, this.#sent);
    let characters = 0;
    for (; this.#done < known; this.#done++) characters += this.#held[this.#done]?.text.length ?? 0;
    this.#waiting -= characters;
    this.#tidy();
    if (characters > 0) this.#options.passed(characters);
    if (this.held === 0) this.#emptied?.();
    this.#pump();
  }

  /** Takes out what is durable, once that is half of what is held: each is moved once or twice in all. */
  #tidy(): void {
    if (this.#done * 2 < this.#held.length) return;
    this.#held.splice(0, this.#done);
    this.#sent -= this.#done;
    this.#before -= this.#done;
    this.#done = 0;
  }

  #left(socket: IntakeSocket): void {
    if (this.#socket === socket) this.#socket = undefined;
    if (this.#closed) return;
    this.#sent = this.#done;
    this.#tryAgain();
  }
}
