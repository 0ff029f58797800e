/**
 * Puts the rooms together and runs them: bridge and door in this thread, the audit side in another, one thread a callback. Receives settings, gives a
 * handle. What ends unexpectedly is started again here, and said in the audit.
 */
import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Auditor, type AuditorData, type AuditorEvents, type FromAudit, type NodeFact, type ToAudit } from './audit-thread.js';
import { type Address, formatAddress } from './bridge/address.js';
import { Bridge } from './bridge/bridge.js';
import { Door } from './capture/door.js';
import type { Settings } from './config/settings.js';
import type { Log } from './contract.js';
import { AuditError, type ErrorCode, nameOf } from './errors.js';
import { Ids } from './record/id.js';
import { boardMemory } from './spool/board.js';
import { lockSpool } from './spool/lock.js';
import { type RunningCallback, startInline, startWorker } from './spool/workers.js';

export interface RunOptions {
  readonly version: string;
  readonly log: Log;
  /** 0: everything inline in the calling thread (tests). */
  readonly threads?: 0;
  /** Slabs of the door, where not its own number. */
  readonly slabs?: number;
  readonly segmentBytes?: number;
}

export interface Running {
  /** Listeners as opened: ports that were 0 are filled in. */
  readonly listeners: readonly { readonly name: string; readonly listen: Address; readonly upstream: Address }[];
  readonly callbacks: readonly RunningCallback[];
  readonly sessions: number;
  /** The audit thread, for tests that harm it; undefined inline. */
  readonly auditThread: Worker | undefined;
  /** Accepts no more, ends the sessions, makes everything durable, delivers what it can in DRAIN_TIMEOUT_S. */
  stop(): Promise<void>;
}

/** The audit thread is asked so often, and started again when it has not answered for so long. */
const PING_MS = 5_000;
const STUCK_MS = 30_000;
/** Back-off between starts of an audit thread that keeps ending. */
const RESTART_MS = { first: 50, most: 5_000 } as const;
/** How long ended sessions may take to flush when we stop. */
const GOODBYE_MS = 1_000;
/** What the audit thread may take to make durable what it accepted, past the time it has to accept the rest. */
const FLUSH_MS = 1_000;
/** Facts that wait for room at the door. */
const MAX_FACTS = 256;

/** What drives the audit side: the thread, or the same inline. */
interface AuditSide {
  send(slab: ArrayBuffer, used: number): void;
  /** Starts a thread that ended at once, not after its back-off: what is to be said before the end needs it. */
  revive(): void;
  /** Resolves when all that was sent is durable, or after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
  readonly thread: Worker | undefined;
}

interface SideEvents extends AuditorEvents {
  /** The thread ended and a new one goes on; `alive` is asked for when it starts. */
  restarted(code: string): void;
  alive(): readonly string[];
}

function inlineSide(data: AuditorData, events: SideEvents): AuditSide {
  const auditor = new Auditor(data, events);
  return {
    send: (slab, used) => auditor.take(slab, used),
    revive: () => undefined,
    close: (timeoutMs) => auditor.close(timeoutMs),
    thread: undefined,
  };
}

/** The audit thread and its watch. */
class ThreadSide implements AuditSide {
  readonly #data: AuditorData;
  readonly #events: SideEvents;
  readonly #log: Log;
  #worker: Worker | undefined;
  #answeredAt = 0;
  #waitMs: number = RESTART_MS.first;
  #restarting: NodeJS.Timeout | undefined;
  #closing = false;
  #closed: (() => void) | undefined;
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
    const worker = new Worker(new URL('./audit-thread.js', import.meta.url), { workerData: { audit: { ...this.#data, alive } } });
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
    else if (message.type === 'closed') this.#closed?.();
    else if (message.type === 'pong') this.#waitMs = RESTART_MS.first;
  }

  #ended(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    if (this.#closing) return this.#closed?.();
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
    if (this.#closing) return this.#closed?.();
    const worker = this.#spawn(this.#events.alive());
    worker.on('exit', () => this.#ended(worker));
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

  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.#watch);
    this.#closing = true;
    const closed = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    if (this.#worker) {
      this.#worker.postMessage({ type: 'close', timeoutMs } satisfies ToAudit);
      await within(closed, timeoutMs + FLUSH_MS);
      await this.#worker?.terminate();
    }
  }
}

/** Resolves with `work`, or after the time. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

/** An error that crossed from a thread: ours gets its kind back. */
function revived(error: unknown): unknown {
  const { code, message } = error as { code?: ErrorCode; message?: string };
  return typeof code === 'string' && code.startsWith('AUDIT_') ? new AuditError(code, String(message)) : error;
}

/** Runs everything that `settings` ask for. Throws AUDIT_SPOOL..., AUDIT_CALLBACK_LOAD, AUDIT_MASK_..., AUDIT_LISTEN; then nothing is left running. */
export async function run(settings: Settings, options: RunOptions): Promise<Running> {
  const runner = new Runner(settings, options);
  try {
    await runner.start();
  } catch (error) {
    await runner.stop(0);
    throw error;
  }
  return runner;
}

class Runner implements Running {
  readonly #settings: Settings;
  readonly #options: RunOptions;
  readonly #door: Door;
  readonly #bridge: Bridge;
  readonly #memory: SharedArrayBuffer;
  readonly #facts: NodeFact[] = [];
  #lock: { release(): void } | undefined;
  #side: AuditSide | undefined;
  #troubles = 0;
  callbacks: RunningCallback[] = [];
  listeners: Running['listeners'] = [];

  constructor(settings: Settings, options: RunOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#memory = boardMemory(settings.callbacks.length);
    const ids = new Ids(randomFillSync);
    this.#door = new Door({
      ...(options.slabs === undefined ? {} : { slabs: options.slabs }),
      send: (slab, used) => this.#side?.send(slab, used),
      onFull: () => this.#bridge.full(),
      onRoom: () => this.#room(),
    });
    const listeners = settings.listeners.map(({ name, listen, upstream, onDown, handshakeS, audit }) => {
      return { name, listen, upstream, onDown, handshakeMs: handshakeS * 1000, policy: audit.onFailure, active: audit.active };
    });
    this.#bridge = new Bridge({ listeners, recorder: this.#door, newId: () => ids.next(Date.now()) });
  }

  get sessions(): number {
    return this.#bridge.sessions;
  }

  get auditThread(): Worker | undefined {
    return this.#side?.thread;
  }

  async start(): Promise<void> {
    if (this.#settings.listeners.some(({ audit }) => audit.active)) await this.#startAudit();
    this.listeners = await this.#bridge.open();
  }

  async #startAudit(): Promise<void> {
    const { spool, digest } = this.#settings;
    this.#lock = lockSpool(spool.dir);
    try {
      this.#side = await this.#startSide();
    } catch (error) {
      if (error instanceof AuditError) throw error;
      throw new AuditError('AUDIT_SPOOL', `the spool ${spool.dir} cannot be used (${nameOf(error)}); check its folder, its disk and its owner`);
    }
    for (const [index] of this.#settings.callbacks.entries()) this.callbacks.push(this.#startCallback(index));
    await Promise.all(this.callbacks.map(({ ready }) => ready));
    this.#tell({ topic: 'audit.start' });
    this.#tell({ topic: 'audit.config', data: { digest } });
  }

  #startSide(): Promise<AuditSide> | AuditSide {
    const events: SideEvents = {
      returned: (slab) => this.#door.returned(slab),
      trouble: (code) => this.#trouble(code),
      restarted: (code) => {
        this.#door.restarted();
        this.#fault(code, 'process', 1);
      },
      alive: () => this.#door.alive,
    };
    const data = this.#auditorData();
    return this.#options.threads === 0 ? inlineSide(data, events) : ThreadSide.start(data, events, this.#options.log);
  }

  #auditorData(): AuditorData {
    const { node, application, listeners, spool } = this.#settings;
    const { segmentBytes } = this.#options;
    return {
      origin: { hostname: hostname(), application, version: this.#options.version, pid: process.pid, node },
      listeners: listeners.map(({ name, audit: { active, onFailure, ...kept } }) => ({ name, ...kept })),
      spool: { folder: spool.dir, maxBytes: spool.maxBytes, fsync: spool.fsync, ...(segmentBytes ? { segmentBytes } : {}) },
      board: this.#memory,
      alive: [],
    };
  }

  #startCallback(index: number): RunningCallback {
    const { spool, callbacks, node, folder } = this.#settings;
    const start = this.#options.threads === 0 ? startInline : startWorker;
    return start({
      folder: spool.dir,
      memory: this.#memory,
      index,
      settings: callbacks[index] as Settings['callbacks'][number],
      node,
      configFolder: folder,
      log: this.#options.log,
      onFault: ({ code, count }) => this.#fault(code, 'callback', count),
    });
  }

  #fault(code: string, stage: string, count: number): void {
    this.#tell({ topic: 'audit.fault', data: { code, stage, count } });
  }

  /** Puts a fact about the node into the audit, as soon as there is room. */
  #tell(fact: NodeFact): void {
    if (this.#facts.length === 0 && this.#door.node(JSON.stringify(fact))) return;
    if (this.#facts.length < MAX_FACTS) this.#facts.push(fact);
  }

  #room(): void {
    this.#bridge.room();
    while (this.#facts[0] && this.#door.node(JSON.stringify(this.#facts[0]))) this.#facts.shift();
  }

  /** The journal's writes fail, or work again. Said once on stderr, and in the audit when it can be. */
  #trouble(code: string | undefined): void {
    if (code === undefined) {
      this.#fault('spool-write', 'spool', this.#troubles);
      this.#options.log.info('AUDIT_SPOOL: the spool can be written again');
      this.#troubles = 0;
    } else if (this.#troubles++ === 0) {
      this.#options.log.warn(`AUDIT_SPOOL: the spool cannot be written (${code}); records wait, and it is tried again`);
    }
  }

  async stop(drainS: number = this.#settings.drainTimeoutS): Promise<void> {
    await this.#bridge.close(GOODBYE_MS);
    const deadline = Date.now() + drainS * 1000;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    if (this.#side) {
      this.#side.revive();
      // A full spool has room again when callbacks have let a segment go, and they go on.
      await within(this.#door.settled(), leftMs());
      this.#tell({ topic: 'audit.stop' });
    }
    this.#door.close();
    await this.#side?.close(Math.max(GOODBYE_MS, leftMs()));
    await within(Promise.all(this.callbacks.map(({ ended }) => ended)), leftMs());
    await Promise.all(this.callbacks.map((callback) => callback.stop(0)));
    this.#lock?.release();
  }
}

/** A listener in one line for people: `main  telnet://127.0.0.1:4000 -> telnet://127.0.0.1:4201`. */
export const describeListener = ({ name, listen, upstream }: Running['listeners'][number]): string =>
  `${name}  ${formatAddress(listen)} -> ${formatAddress(upstream)}`;
