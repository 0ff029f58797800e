/**
 * The door between the threads, I/O side. Receives copies of what passes over the bridge, packs them into slabs, and sends the slabs to the audit
 * thread; each slab that comes back is a credit to send another. Never waits, never throws, never holds more than its slabs. Without a free slab the
 * session's policy decides: 'pass' counts what is lost and says so later, 'pause' keeps this one chunk and asks the bridge to stop reading, 'close'
 * asks it to end the session.
 */
import type { Direction, SessionEnd, SessionOpen, TerminalFact, TimeUs } from '../contract.js';
import { nowUs } from './clock.js';
import { type Gap, KIND, type Kind, MAX_FRAME_BYTES, SLAB_BYTES, SlabWriter } from './frames.js';
import { Losses } from './losses.js';

export type Policy = 'pass' | 'pause' | 'close';

export interface DoorOptions {
  /** How many slabs of 64 KiB there may be: the bound of what is under way. */
  readonly slabs?: number;
  /** Takes a slab over; it comes back through `returned`. */
  readonly send: (slab: ArrayBuffer, used: number) => void;
  /** There is no room: sessions of policy 'pause' are not to be read, those of 'close' to be ended, until `onRoom`. */
  readonly onFull: () => void;
  readonly onRoom: () => void;
}

/** 64 MiB, made as they are needed: more than a second of the heaviest traffic that one I/O thread can pass. */
const SLABS = 1_024;
/** A slab that is not full leaves after this time. */
const FLUSH_MS = 2;
/** While so many slabs are under way a slab leaves only full: the other side has enough to do, and credits are not spent on crumbs. */
const BUSY_SLABS = 4;
/** Beat of the audit side's clock. */
const TICK_MS = 50;
/** How long it goes on after the last byte, in milliseconds: for the longest silence that ends a message (AUDIT_OUT_IDLE_MS), and some. */
export const BEATS_FOR_MS = 61_000;
const TICKS_AFTER = BEATS_FOR_MS / TICK_MS;

/** Once full, this part of the slabs must be free again before anything is taken: each shortage is one gap a session, not one for every slab. */
const ROOM_AGAIN = 1 / 4;

const NOTHING = new Uint8Array(0);
const RESTARTED = 'audit-restarted';
const FULL = 'full';

interface Session {
  readonly open: SessionOpen;
  readonly policy: Policy;
  /** The last word on each matter of its terminal, as JSON; there where there was one. */
  terminal?: Map<string, string>;
}

type Kept = { session: number; direction: Direction; bytes: Uint8Array; at: TimeUs };

export class Door {
  readonly #options: DoorOptions;
  readonly #most: number;
  readonly #free: ArrayBuffer[] = [];
  #made = 0;
  #current: SlabWriter | undefined;
  #nextSession = 1;
  readonly #sessions = new Map<number, Session>();
  readonly #losses = new Losses();
  /** Sessions whose terminal is to be told of again, once there is room. */
  readonly #untold = new Set<number>();
  /** What was read before a paused session stopped: at most a chunk or two of each. */
  #kept: Kept[] = [];
  #full = false;
  #flushing: NodeJS.Timeout | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #quietTicks = 0;
  #onSettled: (() => void) | undefined;
  #lastReturn: TimeUs = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#most = options.slabs ?? SLABS;
  }

  /** True while there is no room: sessions of policy 'close' are refused. */
  get full(): boolean {
    return this.#full;
  }

  /** Slabs that are at the other side. */
  get underWay(): number {
    return this.#made - this.#free.length - (this.#current ? 1 : 0);
  }

  /** When the other side last gave a slab back; for the watchdog. */
  get lastReturn(): TimeUs {
    return this.#lastReturn;
  }

  /** Ids of the sessions that are open. */
  get alive(): string[] {
    return [...this.#sessions.values()].map(({ open }) => open.id);
  }

  /** Announces a session. Returns its number, by which its bytes are told. */
  open(open: SessionOpen, policy: Policy): number {
    const session = this.#nextSession++;
    this.#sessions.set(session, { open, policy });
    const at = nowUs();
    const text = JSON.stringify(open);
    if (!this.#full && this.#put(KIND.open, session, at, Buffer.from(text))) return session;
    this.#losses.open(session, text, at, FULL);
    this.#beFull();
    return session;
  }

  /**
   * Copies bytes of a session.
   *
   * @param bytes borrowed until the call returns
   * @returns false where there was no room: the session's policy now applies
   */
  data(session: number, direction: Direction, bytes: Uint8Array): boolean {
    const at = nowUs();
    if (!this.#full && this.#chunk(session, direction, bytes, at)) return true;
    this.#refuse(session, direction, bytes, at);
    return false;
  }

  #refuse(session: number, direction: Direction, bytes: Uint8Array, at: TimeUs): void {
    if (this.#sessions.get(session)?.policy === 'pause' && !this.#losses.has(session))
      this.#kept.push({ session, direction, bytes: bytes.slice(), at });
    else this.#losses.bytes(session, direction, bytes.length, at, at, FULL);
    this.#beFull();
  }

  #beFull(): void {
    if (this.#full) return;
    this.#full = true;
    this.#options.onFull();
  }

  /** Puts a chunk, in pieces where it is larger than a slab. All of it or nothing. */
  #chunk(session: number, direction: Direction, bytes: Uint8Array, at: TimeUs): boolean {
    const kind = direction === 'RCV' ? KIND.RCV : KIND.SND;
    if (bytes.length <= MAX_FRAME_BYTES) return this.#put(kind, session, at, bytes);
    const needed = Math.ceil(bytes.length / MAX_FRAME_BYTES) + 1;
    if (this.#unused() < needed) return false;
    for (let start = 0; start < bytes.length; start += MAX_FRAME_BYTES) {
      this.#put(kind, session, at, bytes.subarray(start, start + MAX_FRAME_BYTES));
    }
    return true;
  }

  /** Tells of a session's terminal, behind the bytes before. Without room the last word on each matter is told as soon as there is some. */
  terminal(session: number, fact: TerminalFact): void {
    const known = this.#sessions.get(session);
    if (!known) return;
    const json = JSON.stringify(fact);
    known.terminal ??= new Map();
    known.terminal.set(Object.keys(fact)[0] as string, json);
    if (!this.#full && this.#put(KIND.terminal, session, nowUs(), Buffer.from(json))) return;
    this.#untold.add(session);
    this.#beFull();
  }

  /** Tells what of a session never came here. */
  lost(session: number, gap: { readonly reason: string; readonly direction: Direction; readonly from: TimeUs; readonly bytes: number | null }): void {
    const at = nowUs();
    const { direction, bytes, from } = gap;
    const whole: Gap = { ...gap, to: at, sessions: null };
    if (!this.#full && this.#put(KIND.gap, session, at, Buffer.from(JSON.stringify(whole)))) return;
    this.#losses.bytes(session, direction, bytes, from, at, FULL);
    this.#beFull();
  }

  /** Tells the end of a session. Its number is void afterwards. */
  end(session: number, end: SessionEnd): void {
    const at = nowUs();
    this.#sessions.delete(session);
    this.#untold.delete(session);
    if (!this.#full && this.#put(KIND.end, session, at, Buffer.from(JSON.stringify(end)))) return;
    this.#losses.end(session, end, at, FULL);
    this.#beFull();
  }

  /** Hands over a fact about the node as JSON. False where there is no room: try again at `onRoom`. */
  node(json: string): boolean {
    // Not before what waits: the end of a session is said before audit.stop.
    if (!this.#full && this.#put(KIND.node, 0, nowUs(), Buffer.from(json))) return true;
    this.#beFull();
    return false;
  }

  /** Resolves when nothing waits for room any more: all that was kept or lost until now is handed over. */
  settled(): Promise<void> {
    if (!this.#full) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled = resolve;
    });
  }

  #put(kind: Kind, session: number, at: TimeUs, bytes: Uint8Array): boolean {
    if (this.#current && this.#current.room < bytes.length) this.#send();
    if (!this.#current) {
      const slab = this.#free.pop() ?? (this.#made < this.#most ? this.#make() : undefined);
      if (!slab) return false;
      this.#current = new SlabWriter(slab);
    }
    this.#current.put(kind, session, at, bytes);
    this.#flushing ??= setTimeout(() => this.#flush(), FLUSH_MS);
    if (kind !== KIND.tick) this.#beat();
    return true;
  }

  /** Slabs that could be filled now. */
  #unused(): number {
    return this.#free.length + this.#most - this.#made;
  }

  #make(): ArrayBuffer {
    this.#made++;
    return new ArrayBuffer(SLAB_BYTES);
  }

  #send(): void {
    const slab = this.#current as SlabWriter;
    this.#current = undefined;
    this.#options.send(slab.slab, slab.used);
  }

  #flush(): void {
    this.#flushing = undefined;
    if (this.#current && this.underWay < BUSY_SLABS) this.#send();
  }

  /** Sends what is in hand now. */
  flush(): void {
    if (this.#current) this.#send();
  }

  #beat(): void {
    this.#quietTicks = 0;
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#put(KIND.tick, 0, nowUs(), NOTHING);
    if (++this.#quietTicks < TICKS_AFTER) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  /** A slab has come back. */
  returned(slab: ArrayBuffer): void {
    this.#lastReturn = nowUs();
    this.#free.push(slab);
    if (this.#full && this.#unused() >= this.#most * ROOM_AGAIN) this.#settle();
    if (this.#current && !this.#flushing && this.underWay < BUSY_SLABS) this.#send();
  }

  /** Hands over what waited: first what was kept, then what was lost, as gaps. */
  #settle(): void {
    let done = 0;
    for (const { session, direction, bytes, at } of this.#kept) {
      if (!this.#chunk(session, direction, bytes, at)) break;
      done++;
    }
    this.#kept.splice(0, done);
    if (this.#kept.length > 0) return;
    for (let next = this.#losses.next(); next; next = this.#losses.next()) if (!this.#settleOne(...next)) return;
    if (!this.#settleRest(nowUs())) return;
    for (const session of this.#untold) if (!this.#tellTerminal(session)) return;
    if (!this.#full) return;
    this.#full = false;
    this.#options.onRoom();
    if (!this.#full) this.#onSettled?.();
  }

  /** False where there is no room. */
  #tellTerminal(session: number): boolean {
    for (const json of this.#sessions.get(session)?.terminal?.values() ?? []) {
      if (!this.#put(KIND.terminal, session, nowUs(), Buffer.from(json))) return false;
    }
    this.#untold.delete(session);
    return true;
  }

  /** Sessions past the bound: how many they were. Those of them that go on are announced now. */
  #settleRest(at: TimeUs): boolean {
    if (!this.#losses.onlyRest) return true;
    if (!this.#current && this.#unused() === 0) return false;
    const { gap, open } = this.#losses.rest(at);
    this.#gap(gap);
    for (const session of open) this.#announce(session, at, FULL, gap.from);
    for (let next = this.#losses.next(); next; next = this.#losses.next()) if (!this.#settleOne(...next)) return false;
    return true;
  }

  #gap(gap: Gap): void {
    this.#put(KIND.gap, 0, gap.to, Buffer.from(JSON.stringify(gap)));
  }

  /** An open session of which the other side knows nothing: it is told of, with a gap whose size nobody knows. */
  #announce(session: number, at: TimeUs, reason: string, from: TimeUs | null): void {
    const known = this.#sessions.get(session);
    if (!known) return;
    this.#losses.announce(session, JSON.stringify(known.open), at, reason);
    for (const direction of ['RCV', 'SND'] as const) this.#losses.bytes(session, direction, null, from, at, reason);
  }

  #settleOne(session: number, loss: ReturnType<Losses['next']> extends [number, infer L] | undefined ? L : never): boolean {
    const frames: [Kind, string][] = loss.open ? [[KIND.open, loss.open]] : [];
    for (const direction of ['RCV', 'SND'] as const) {
      const lost = loss.lost[direction];
      if (!lost) continue;
      const gap: Gap = { reason: loss.reason, direction, from: lost.from, to: loss.lastAt, bytes: lost.bytes, sessions: null };
      frames.push([KIND.gap, JSON.stringify(gap)]);
    }
    if (loss.end) frames.push([KIND.end, JSON.stringify(loss.end)]);
    const bytes = frames.map(([kind, text]) => [kind, Buffer.from(text)] as const);
    const total = bytes.reduce((sum, [, text]) => sum + text.length + 32, 0);
    if ((this.#current?.room ?? 0) < total && this.#unused() === 0) return false;
    for (const [kind, text] of bytes) this.#put(kind, session, loss.lastAt, text);
    this.#losses.told(session);
    return true;
  }

  /**
   * The other side died with what it had: every open session is announced again, with a gap whose size nobody knows, in which what was kept of it stands
   * too. So is one of the node, for sessions that came and went meanwhile.
   */
  restarted(): void {
    const at = nowUs();
    this.#made = this.#free.length + (this.#current ? 1 : 0);
    this.#kept = [];
    const from = this.#lastReturn || null;
    this.#gap({ reason: RESTARTED, direction: null, from, to: at, bytes: null, sessions: null });
    for (const [session, { terminal }] of this.#sessions) {
      this.#announce(session, at, RESTARTED, from);
      if (terminal) this.#untold.add(session);
    }
    this.#settle();
  }

  close(): void {
    clearTimeout(this.#flushing);
    clearInterval(this.#ticking);
    this.flush();
  }
}
