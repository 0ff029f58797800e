/**
 * Hands what `exec` captures to the owner of the spool. Receives what was typed and said, facts about the terminal and the end; holds what the owner has not
 * called durable, at most 1 MiB of it, and says it again to the next owner where one goes away. What there is no room for is counted and said as a gap.
 * Never waits: whoever reads the terminal asks `waits`, where the policy says that the program is to.
 */
import type { Direction, SessionEnd, TerminalFact } from '../contract.js';
import { within } from '../threads/within.js';
import { readFrames } from '../view/intake/frame-socket.js';
import { countOf, frameOf, GIVES, jsonFrame, jsonOf, MOST_FRAME_BYTES, SAYS } from '../view/intake/frames.js';
import { type Hello, helloOf, type Lost } from '../view/intake/hello.js';
import type { IntakeSocket } from '../view/intake/intake.js';
import { type Link, readLink } from '../view/intake/links.js';

export type Policy = 'pass' | 'pause' | 'close';

export interface SenderOptions {
  readonly hello: Pick<Hello, 'argv' | 'cwd' | 'columns' | 'rows'>;
  /** AUDIT_ON_FAILURE, until the owner says its own. */
  readonly policy: Policy;
  /** Connects to the owner, if there is one; else sees to it that there will be. */
  readonly reach: () => Promise<IntakeSocket | undefined>;
  /** Policy 'close': without an owner for so long the session fails, in milliseconds. */
  readonly patienceMs: number;
  /** Policy 'close': the record has a hole, or there is no owner that will have this session. Called once. */
  readonly failed: () => void;
  /** `waits` has become false. */
  readonly room: () => void;
  /** Bytes held, where not 1 MiB. */
  readonly mostHeld?: number;
}

interface Piece {
  readonly frame: Buffer;
  /** Bytes of the terminal in it; of what is no bytes none. */
  readonly size: number;
  readonly direction?: Direction;
  readonly fact?: TerminalFact;
  /** It tells of what is lost, or of the end: it stays. */
  readonly kept?: true;
}

const MOST_HELD = 1_048_576;
/** What is handed to the socket before it has passed something on. */
const MOST_UNDER_WAY = 262_144;
/** Back-off between tries to reach an owner. */
const AGAIN_MS = { first: 20, most: 500 } as const;

export class Sender {
  readonly #options: SenderOptions;
  readonly #most: number;
  #policy: Policy;
  #held: Piece[] = [];
  #heldBytes = 0;
  /** How many of `held` this owner was sent; and how many that it was sent are held no more. */
  #sent = 0;
  #gone = 0;
  /** The terminal as it was in front of the first piece held. */
  #terminal: { columns: number; rows: number; blind: boolean; raw: boolean };
  /** Bytes that were never sent, or went to an owner that died with them, and are held no more; to be said in front of what is sent next. */
  #lost = { RCV: 0, SND: 0 };
  #lostFrom = 0;
  /** Bytes that were sent and are held no more, and may not be durable yet. */
  #unsure = { RCV: 0, SND: 0 };
  #unsureLost = false;
  #socket: IntakeSocket | undefined;
  #connected = 0;
  /** What the last owner gave, for the next one. */
  #link: Link | undefined;
  #waitMs: number = AGAIN_MS.first;
  #again: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #failed = false;
  #refused = false;
  #finished: (() => void) | undefined;
  /** Bytes that no record has, or none that is certain. */
  missing = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#most = options.mostHeld ?? MOST_HELD;
    this.#terminal = { columns: options.hello.columns, rows: options.hello.rows, blind: false, raw: false };
    this.#bePatient();
    void this.#connect();
  }

  /** Policy 'pause': the program is to wait. */
  get waits(): boolean {
    return this.#policy === 'pause' && !this.#refused && this.#heldBytes > this.#most / 2;
  }

  /** @param bytes borrowed until it returns */
  data(direction: Direction, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_FRAME_BYTES) {
      const part = bytes.subarray(at, at + MOST_FRAME_BYTES);
      this.#put({ frame: frameOf(GIVES[direction], part), size: part.length, direction });
    }
  }

  terminal(fact: TerminalFact): void {
    this.#put({ frame: jsonFrame(GIVES.terminal, fact), size: 0, fact });
  }

  /** Says the end. Resolves when all is durable, or after the time. @returns how many bytes no record has for certain */
  async end(exit: SessionEnd['exit'], timeoutMs: number): Promise<number> {
    this.#put({ frame: jsonFrame(GIVES.end, exit === undefined ? {} : { exit }), size: 0, kept: true });
    if (this.#held.length > 0 && !this.#refused) {
      const finished = new Promise<void>((resolve) => {
        this.#finished = resolve;
      });
      await within(finished, timeoutMs);
    }
    for (const one of [this.#again, this.#patience]) clearTimeout(one);
    if (this.#held.length > 0 && this.#policy === 'close') this.#fail();
    this.#refused = true;
    this.#socket?.destroy();
    return this.missing + this.#held.reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether the end, and all before it, is durable. */
  get done(): boolean {
    return this.#held.length === 0;
  }

  #put(piece: Piece): void {
    if (this.#refused) {
      this.missing += piece.size;
      return;
    }
    this.#held.push(piece);
    this.#heldBytes += piece.frame.length;
    while (this.#heldBytes > this.#most && this.#letGo());
    this.#pump();
  }

  /** There is no room: the oldest piece goes. What was sent may be durable any moment; what was not is lost. False where there is none to go. */
  #letGo(): boolean {
    const at = this.#held.findIndex(({ kept }) => !kept);
    const piece = this.#held[at];
    if (!piece) return false;
    this.#remove(at);
    if (piece.direction) {
      if (at < this.#sent) this.#unsure[piece.direction] += piece.size;
      else this.#lose(piece.direction, piece.size);
    }
    if (at < this.#sent) {
      this.#sent--;
      this.#gone++;
    }
    return true;
  }

  #remove(at: number): void {
    const [piece] = this.#held.splice(at, 1);
    this.#heldBytes -= piece?.frame.length ?? 0;
    if (piece?.fact) Object.assign(this.#terminal, piece.fact);
  }

  #lose(direction: Direction, bytes: number): void {
    this.#lostFrom ||= Date.now() * 1000;
    this.#lost[direction] += bytes;
    this.missing += bytes;
    if (this.#policy === 'close') this.#fail();
  }

  #bePatient(): void {
    this.#patience = setTimeout(() => this.#policy === 'close' && this.#fail(), this.#options.patienceMs);
  }

  #fail(): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.failed();
  }

  /** Sends what the socket takes now, what is lost in front of it. */
  #pump(): void {
    const socket = this.#socket;
    if (!socket) return;
    if (this.#lostFrom > 0) this.#tellLost();
    while (this.#sent < this.#held.length && socket.writableLength < MOST_UNDER_WAY) socket.write((this.#held[this.#sent++] as Piece).frame);
  }

  #tellLost(): void {
    // Each goes in front of the other.
    for (const direction of ['SND', 'RCV'] as const) {
      const bytes = this.#lost[direction];
      if (bytes === 0 && !this.#unsureLost) continue;
      const lost: Lost = { direction, bytes: this.#unsureLost ? null : bytes, from: this.#lostFrom };
      const frame = jsonFrame(GIVES.lost, lost);
      this.#held.splice(this.#sent, 0, { frame, size: 0, kept: true });
      this.#heldBytes += frame.length;
    }
    this.#lost = { RCV: 0, SND: 0 };
    [this.#lostFrom, this.#unsureLost] = [0, false];
  }

  async #connect(): Promise<void> {
    const socket = await this.#options.reach().catch(() => undefined);
    if (this.#refused) return void socket?.destroy();
    if (!socket) return this.#tryAgain();
    this.#join(socket);
  }

  #tryAgain(): void {
    this.#again = setTimeout(() => void this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, AGAIN_MS.most);
  }

  #join(socket: IntakeSocket): void {
    const { argv, cwd } = this.#options.hello;
    readFrames(socket, (kind, bytes) => this.#hear(kind, bytes));
    socket.on('drain', () => this.#pump());
    socket.on('close', () => this.#left());
    this.#socket = socket;
    const continues = this.#link ? { continues: this.#link } : {};
    const hello = helloOf({ argv, cwd, ...this.#terminal, resumed: this.#connected++ > 0, ...continues });
    socket.write(jsonFrame(GIVES.hello, hello));
    this.#pump();
  }

  #hear(kind: number, bytes: Buffer): void {
    if (kind === SAYS.durable) return this.#durable(countOf(bytes));
    if (kind === SAYS.refused) return this.#refuse();
    const { policy, link } = jsonOf(bytes) ?? {};
    this.#link = readLink(link) ?? this.#link;
    if (policy === 'pass' || policy === 'pause' || policy === 'close') this.#policy = policy;
    this.#waitMs = AGAIN_MS.first;
    clearTimeout(this.#patience);
  }

  /** The owner's disk has the first `count` frames. */
  #durable(count: number): void {
    const waited = this.waits;
    let known = Math.min(count - this.#gone, this.#sent);
    if (known >= 0) this.#unsure = { RCV: 0, SND: 0 };
    for (; known > 0; known--) {
      this.#remove(0);
      this.#sent--;
      this.#gone++;
    }
    if (waited && !this.waits) this.#options.room();
    if (this.#held.length === 0) this.#finished?.();
  }

  /** It will not have this session: nobody is asked again. */
  #refuse(): void {
    this.#refused = true;
    for (const { size } of this.#held) this.missing += size;
    this.#held = [];
    this.#heldBytes = 0;
    if (this.#policy !== 'pass') this.#fail();
    this.#options.room();
    this.#finished?.();
  }

  /** The owner went away: what it has not called durable is for the next one. */
  #left(): void {
    this.#socket = undefined;
    if (this.#refused) return;
    for (const direction of ['RCV', 'SND'] as const) {
      if (this.#unsure[direction] > 0) {
        this.#unsureLost = true;
        this.#lose(direction, this.#unsure[direction]);
      }
    }
    this.#unsure = { RCV: 0, SND: 0 };
    [this.#sent, this.#gone] = [0, 0];
    this.#bePatient();
    this.#tryAgain();
  }
}
