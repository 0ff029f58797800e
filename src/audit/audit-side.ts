/**
 * The audit side as the I/O thread sees it: takes slabs, gives them back, and can be closed. Starts the audit thread, watches it, and starts it anew when it
 * ends or no longer answers; inline (`threads: 0`) the same without a thread. Knows nothing of what is in a slab.
 */
import { Worker } from 'node:worker_threads';
import type { FromAudit, ToAudit } from '../audit-thread.js';
import type { Log } from '../contract.js';
import { AuditError, type ErrorCode, nameOf, type Place } from '../errors.js';
import type { PassingData } from '../handover/passing.js';
import type { AuditFigures } from '../run/metrics.js';
import { within } from '../threads/within.js';
import { Auditor } from './auditor.js';
import type { AuditChange, AuditorData, AuditorEvents, NodeFact } from './auditor-data.js';
import { Modules } from './providers.js';

/** The audit thread is asked so often, and started again when it has not answered for so long. */
const PING_MS = 5_000;
const STUCK_MS = 30_000;
/** Back-off between starts of an audit thread that keeps ending. */
const RESTART_MS = { first: 50, most: 5_000 } as const;
/** Young generation of the audit thread's heap: nearly all it makes is garbage at once, and rarer collections give the game 4 % more. */
const YOUNG_MIB = 96;
/** What the audit thread may take to make durable what it accepted, past the time it has to accept the rest. */
const FLUSH_MS = 1_000;
/** How long the record of a look waits for its turn, and for room. */
const LOOK_MS = 2_000;

/** What drives the audit side: the thread, or the same inline. */
export interface AuditSide {
  send(slab: ArrayBuffer, used: number): void;
  /** Starts a thread that ended at once, not after its back-off: what is to be said before the end needs it. */
  revive(): void;
  /** Writes a record of the node; true once it is durable, false where the side has closed and it is not. */
  declare(fact: NodeFact): Promise<boolean>;
  /** Writes the record of a look (Auditor.look): true once it is durable, false where there is no room for it, or the thread ended. */
  look(fact: NodeFact): Promise<boolean>;
  /**
   * Begins a new segment and gives its number: all before it are closed, durable, and stay as they are until `release`, for somebody who rewrites them.
   * A thread that is started anew meanwhile comes up held. Rejects with AUDIT_SPOOL where the side closes.
   */
  hold(): Promise<number>;
  release(): Promise<void>;
  /**
   * The configuration was read again (Auditor.adopt). A thread that is started anew has it too. Rejects with AUDIT_MASK_... where a mask does not compile,
   * AUDIT_THREAD where the thread ended over it, AUDIT_SPOOL where the side closes; then nothing has changed.
   */
  adopt(change: AuditChange): Promise<void>;
  /**
   * Which of these sessions (the door's numbers) have all that was handed over of them in durable records, or in none; resolves once that is so. None
   * where nobody knows: ask again.
   */
  durable(sessions: readonly number[]): Promise<readonly number[]>;
  /**
   * Seals a batch of another process's drafts (Auditor.drafts), which is handed over. Resolves with their number once they are durable; undefined where that
   * cannot be: they are none, the thread ended, the side closes.
   */
  drafts(batch: Uint8Array<ArrayBuffer>): Promise<number | undefined>;
  /** Ends those of these sessions that are open as after a crash. True once that is durable; false: ask again. */
  crashed(sessions: readonly string[]): Promise<boolean>;
  /**
   * Gives the spool up (Auditor.handOver): true once it may have another owner. From then on records come by the event `drafts`; a thread that is started
   * again goes on so. False: nothing has changed.
   */
  handOver(timeoutMs: number): Promise<boolean>;
  /** So many characters of drafts are durable at the new owner. */
  passed(count: number): void;
  /** What was written since the thread began; undefined where it does not answer within `timeoutMs`. */
  figures(timeoutMs: number): Promise<AuditFigures | undefined>;
  /** Milliseconds since it answered last; it is asked every 5 s. */
  readonly silentMs: number;
  /** Resolves when all that was sent is durable, or soon after `timeoutMs`: false where something was not. */
  close(timeoutMs: number): Promise<boolean>;
  readonly thread: Worker | undefined;
}

export interface SideEvents extends AuditorEvents {
  /** The thread ended and a new one goes on; `alive` is asked for when it starts. */
  restarted(code: string): void;
  alive(): readonly string[];
  /** Behind a handover: where a thread that is started again goes on. */
  passing?(): PassingData | undefined;
}

/** Throws what the thread's start throws. */
export async function inlineSide(data: AuditorData, events: SideEvents): Promise<AuditSide> {
  const auditor = new Auditor(data, events, await Modules.load(data.listeners));
  let open = true;
  return {
    declare: async (fact) => open && auditor.declare(fact).then(() => true),
    look: async (fact) => open && auditor.look(fact, LOOK_MS),
    send: (slab, used) => auditor.take(slab, used),
    revive: () => undefined,
    hold: () => (open ? auditor.hold() : Promise.reject(closing())),
    release: async () => (open ? auditor.release() : undefined),
    adopt: async (change) => {
      const modules = await Modules.load(change.listeners);
      if (!open) throw closing();
      auditor.adopt(change, modules);
    },
    durable: async (sessions) => (open ? auditor.durable(sessions) : []),
    drafts: async (batch) => (open ? auditor.drafts(batch) : undefined),
    crashed: async (sessions) => open && auditor.crashed(sessions).then(() => true),
    handOver: async (timeoutMs) => open && auditor.handOver(timeoutMs),
    passed: (count) => auditor.passed(count),
    figures: async () => (open ? auditor.figures() : undefined),
    silentMs: 0,
    close: async (timeoutMs) => {
      open = false;
      return (await within(auditor.close(timeoutMs), timeoutMs + FLUSH_MS)) ?? false;
    },
    thread: undefined,
  };
}

/** The audit thread and its watch. */
export class ThreadSide implements AuditSide {
  #data: AuditorData;
  readonly #events: SideEvents;
  readonly #log: Log;
  #worker: Worker | undefined;
  #answeredAt = 0;
  #waitMs: number = RESTART_MS.first;
  #restarting: NodeJS.Timeout | undefined;
  #closing = false;
  #closed: ((all: boolean) => void) | undefined;
  /** Facts that are not durable yet, by number: a thread that is started anew is told them again. */
  readonly #declared = new Map<number, { readonly fact: NodeFact; readonly settle: (durable: boolean) => void }>();
  #declarations = 0;
  #held = false;
  /** Who waits for the hold. */
  #holders: { resolve(segment: number): void; reject(error: Error): void }[] = [];
  /** Who waits for an answer, by number. */
  readonly #asked = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #questions = 0;
  readonly #watch: NodeJS.Timeout;

  private constructor(data: AuditorData, events: SideEvents, log: Log) {
    this.#data = data;
    this.#events = events;
    this.#log = log;
    this.#watch = setInterval(() => this.#ping(), PING_MS);
    this.#watch.unref();
  }

  /** Starts the thread and waits until its journal is open. Throws what that threw. */
  static async start(data: AuditorData, events: SideEvents, log: Log): Promise<ThreadSide> {
    const side = new ThreadSide(data, events, log);
    const worker = side.#spawn(data.alive);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('error', reject);
      });
    } catch (error) {
      clearInterval(side.#watch);
      throw revived(error);
    }
    worker.on('exit', () => side.#ended(worker));
    return side;
  }

  get thread(): Worker | undefined {
    return this.#worker;
  }

  #spawn(alive: readonly string[]): Worker {
    const passing = this.#events.passing?.();
    const worker = new Worker(new URL('../audit-thread.js', import.meta.url), {
      workerData: { audit: { ...this.#data, alive, ...(this.#held ? { held: true } : {}), ...(passing ? { passing } : {}) } satisfies AuditorData },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    worker.on('message', (message: FromAudit) => this.#hear(message));
    worker.on('error', (error) => this.#log.warn(`AUDIT_THREAD: the audit thread failed (${nameOf(error)})`));
    this.#answeredAt = Date.now();
    this.#worker = worker;
    return worker;
  }

  #hear(message: FromAudit): void {
    this.#answeredAt = Date.now();
    if (message.type === 'returned') this.#events.returned(message.slab);
    else if (message.type === 'trouble') this.#events.trouble(message.code);
    else if (message.type === 'closed') this.#closed?.(message.all);
    else if (message.type === 'pong') this.#waitMs = RESTART_MS.first;
    else if (message.type === 'declared') this.#settle(message.number, true);
    else if (message.type === 'warn') this.#events.warn(message.message);
    else if (message.type === 'drafts') this.#events.drafts?.(message.drafts);
    else if (message.type === 'gave-up') this.#events.gaveUp?.(message.sessions);
    else if (message.type === 'held') for (const { resolve } of this.#holders.splice(0)) resolve(message.segment);
    else if (message.type === 'answer') this.#answered(message.number)?.resolve(message.answer);
    else if (message.type === 'refused') this.#answered(message.number)?.reject(refusal(message));
  }

  #answered(number: number) {
    const asker = this.#asked.get(number);
    this.#asked.delete(number);
    return asker;
  }

  #ask(question: (number: number) => ToAudit, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#closing) return Promise.reject(closing());
    if (!this.#worker) return Promise.reject(gone());
    const number = ++this.#questions;
    this.#worker.postMessage(question(number), transfer);
    return new Promise((resolve, reject) => this.#asked.set(number, { resolve, reject }));
  }

  /** A thread that has ended answers nobody. */
  #dropAsked(error: AuditError): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(error);
  }

  get silentMs(): number {
    return Date.now() - this.#answeredAt;
  }

  async adopt(change: AuditChange): Promise<void> {
    await this.#ask((number) => ({ type: 'adopt', number, change }));
    const { tagKey: _before, ...data } = this.#data;
    this.#data = { ...data, ...change };
  }

  async durable(sessions: readonly number[]): Promise<readonly number[]> {
    const asked = this.#ask((number) => ({ type: 'durable', number, sessions })).catch(() => []);
    return (await asked) as readonly number[];
  }

  async figures(timeoutMs: number): Promise<AuditFigures | undefined> {
    const asked = this.#ask((number) => ({ type: 'figures', number })).catch(() => undefined);
    return (await within(asked, timeoutMs)) as AuditFigures | undefined;
  }

  async drafts(batch: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
    const asked = this.#ask((number) => ({ type: 'drafts', number, batch }), [batch.buffer]).catch(() => undefined);
    return (await asked) as number | undefined;
  }

  async crashed(sessions: readonly string[]): Promise<boolean> {
    return (await this.#ask((number) => ({ type: 'crashed', number, sessions })).catch(() => false)) === true;
  }

  async handOver(timeoutMs: number): Promise<boolean> {
    return (await this.#ask((number) => ({ type: 'hand-over', number, timeoutMs })).catch(() => false)) === true;
  }

  passed(count: number): void {
    this.#worker?.postMessage({ type: 'passed', count } satisfies ToAudit);
  }

  #settle(number: number, durable: boolean): void {
    this.#declared.get(number)?.settle(durable);
    this.#declared.delete(number);
  }

  declare(fact: NodeFact): Promise<boolean> {
    if (this.#closing) return Promise.resolve(false);
    const number = ++this.#declarations;
    this.#worker?.postMessage({ type: 'declare', number, fact } satisfies ToAudit);
    return new Promise((settle) => this.#declared.set(number, { fact, settle }));
  }

  async look(fact: NodeFact): Promise<boolean> {
    return (await this.#ask((number) => ({ type: 'look', number, fact, timeoutMs: LOOK_MS })).catch(() => false)) === true;
  }

  hold(): Promise<number> {
    if (this.#closing) return Promise.reject(closing());
    this.#held = true;
    this.#worker?.postMessage({ type: 'hold' } satisfies ToAudit);
    return new Promise((resolve, reject) => this.#holders.push({ resolve, reject }));
  }

  async release(): Promise<void> {
    this.#held = false;
    this.#worker?.postMessage({ type: 'release' } satisfies ToAudit);
  }

  #ended(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#dropAsked(gone());
    if (this.#closing) return this.#closed?.(false);
    this.#restarting = setTimeout(() => this.#restart(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, RESTART_MS.most);
  }

  revive(): void {
    if (this.#worker || !this.#restarting) return;
    clearTimeout(this.#restarting);
    this.#restart();
  }

  #restart(): void {
    this.#restarting = undefined;
    if (this.#closing) return this.#closed?.(false);
    const worker = this.#spawn(this.#events.alive());
    worker.on('exit', () => this.#ended(worker));
    for (const [number, { fact }] of this.#declared) worker.postMessage({ type: 'declare', number, fact } satisfies ToAudit);
    if (this.#holders.length > 0) worker.postMessage({ type: 'hold' } satisfies ToAudit);
    this.#events.restarted('audit-thread');
  }

  #ping(): void {
    if (!this.#worker) return;
    if (Date.now() - this.#answeredAt > STUCK_MS) void this.#worker.terminate();
    else this.#worker.postMessage({ type: 'ping' } satisfies ToAudit);
  }

  send(slab: ArrayBuffer, used: number): void {
    // Between two threads a slab is lost like those that the dead one had: the restart says so.
    this.#worker?.postMessage({ type: 'slab', slab, used } satisfies ToAudit, [slab]);
  }

  async close(timeoutMs: number): Promise<boolean> {
    clearInterval(this.#watch);
    this.#closing = true;
    for (const { reject } of this.#holders.splice(0)) reject(closing());
    this.#dropAsked(closing());
    if (!this.#worker) {
      for (const number of this.#declared.keys()) this.#settle(number, false);
      return false;
    }
    const closed = new Promise<boolean>((resolve) => {
      this.#closed = resolve;
    });
    this.#worker.postMessage({ type: 'close', timeoutMs } satisfies ToAudit);
    const all = await within(closed, timeoutMs + FLUSH_MS);
    for (const number of this.#declared.keys()) this.#settle(number, false);
    await this.#worker?.terminate();
    return all ?? false;
  }
}

const gone = (): AuditError => new AuditError('AUDIT_THREAD', 'the audit thread has ended, and is started again; ask once more');

const refusal = ({ code, message, place }: { readonly code: string; readonly message: string; readonly place: Place | undefined }): AuditError =>
  code.startsWith('AUDIT_') ? new AuditError(code as ErrorCode, message, place) : new AuditError('AUDIT_INTERNAL', `${message} (${code})`);

const closing = (): AuditError => new AuditError('AUDIT_SPOOL', 'the spool is being closed; ask again when the proxy runs');

/** An error that crossed from a thread: ours gets its kind back. */
function revived(error: unknown): unknown {
  const { code, message, place } = error as { code?: ErrorCode; message?: string; place?: Place };
  return typeof code === 'string' && code.startsWith('AUDIT_') ? new AuditError(code, String(message), place) : error;
}
