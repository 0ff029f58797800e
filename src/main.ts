/**
 * Puts the rooms together and runs them: bridge and door in this thread, the audit side in another, one thread a callback. Receives settings, gives a
 * handle. What ends unexpectedly is started again here, and said in the audit.
 */
import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as rest } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type AuditSide, inlineSide, type SideEvents, ThreadSide, within } from './audit-side.js';
import type { AuditorData, NodeFact } from './audit-thread.js';
import { type Address, formatAddress } from './bridge/address.js';
import { Bridge } from './bridge/bridge.js';
import { Door } from './capture/door.js';
import type { Settings } from './config/settings.js';
import type { Log } from './contract.js';
import { AuditError, nameOf } from './errors.js';
import { Ids } from './record/id.js';
import { countMeant, finishPending, type Ground, isPending, type Redacted, redact, type StandStill, type Tell } from './redact.js';
import { Board, boardMemory } from './spool/board.js';
import { lockSpool } from './spool/lock.js';
import { checkedRequest, type RedactRequest } from './spool/redact-select.js';
import { findRetired, forgetCursors, type Retired } from './spool/retire.js';
import { readSigningKey } from './spool/signing-key.js';
import { maskStats, spoolStats } from './spool/stats.js';
import { tagKeyOf } from './spool/tag-key.js';
import { type RunningCallback, startInline, startWorker } from './spool/workers.js';
import { type Control, openControl } from './view/control.js';

export interface RunOptions {
  readonly version: string;
  readonly log: Log;
  /** 0: everything inline in the calling thread (tests). */
  readonly threads?: 0;
  /** Slabs of the door, where not its own number. */
  readonly slabs?: number;
  readonly segmentBytes?: number;
  /** How often there is a checkpoint, where not every minute. */
  readonly checkpointMs?: number;
  /** The spool alone: nothing is listened on, nothing delivered. */
  readonly alone?: true;
}

export interface Running {
  /** Listeners as opened: ports that were 0 are filled in. */
  readonly listeners: readonly { readonly name: string; readonly listen: Address; readonly upstream: Address }[];
  readonly callbacks: readonly RunningCallback[];
  readonly sessions: number;
  /** After `stop`: something that was recorded could not be made durable. */
  readonly lost: boolean;
  /** The audit thread, for tests that harm it; undefined inline. */
  readonly auditThread: Worker | undefined;
  /** Erases parts of what was recorded until now, while sessions go on (src/redact.ts). */
  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted>;
  stats(): Promise<object>;
  /** Accepts no more, ends the sessions, makes everything durable, delivers what it can in DRAIN_TIMEOUT_S. */
  stop(): Promise<void>;
}

/** How long ended sessions may take to flush when we stop. */
const GOODBYE_MS = 1_000;
/** How often it is looked whether callbacks have taken all, and how long for one that takes its time with a batch. */
const TAKEN_MS = 20;
const STILL_MS = 500;
/** How long a callback may take to finish its batch before a redaction ends its thread. */
const PAUSE_MS = 10_000;
/** When a callback that did not start again after a redaction is tried once more. */
const AGAIN_MS = 5_000;
/** Facts that wait for room at the door. */
const MAX_FACTS = 256;

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

/** Does a redaction where nobody owns the spool: as its owner, without listeners and callbacks; counts as anybody. Throws as `run`, and as src/redact.ts. */
export async function redactAlone(
  settings: Settings,
  options: RunOptions,
  { request, look, tell }: { readonly request: RedactRequest; readonly look: boolean; readonly tell: (progress: unknown) => void },
): Promise<Redacted> {
  const say: Tell = (stage, done, all) => tell({ stage, done, all });
  if (look) return countMeant(groundOf(settings, new AbortController().signal), request, say);
  const runner = new Runner(settings, { ...options, alone: true });
  try {
    await runner.start();
    return await runner.redact(request, look, say);
  } finally {
    await runner.stop(0);
  }
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
  lost = false;
  #control: Control | undefined;
  #stopping = false;
  #redacting: Promise<unknown> = Promise.resolve();
  /** How far a redaction is; undefined: there is none. */
  #redaction: { readonly stage: string; readonly done: number; readonly all: number } | undefined;
  /** Aborted when the time to stop is over: a redaction is left to the next start. */
  readonly #enough = new AbortController();
  /** The callbacks as they were when a redaction ended their threads. */
  #paused: readonly RunningCallback[] = [];

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
    const { alone } = this.#options;
    if (alone || this.#settings.listeners.some(({ audit }) => audit.active)) await this.#startAudit();
    if (!alone) this.listeners = await this.#bridge.open();
  }

  async #startAudit(): Promise<void> {
    const { spool } = this.#settings;
    this.#lock = lockSpool(spool.dir);
    try {
      this.#side = await this.#startSide();
    } catch (error) {
      if (error instanceof AuditError) throw error;
      throw new AuditError('AUDIT_SPOOL', `the spool ${spool.dir} cannot be used (${nameOf(error)}); check its folder, its disk and its owner`);
    }
    const retired = await this.#findRetired();
    const pending = isPending(spool.dir);
    if (!pending) {
      this.#startCallbacks();
      await Promise.all(this.callbacks.map(({ ready }) => ready));
    }
    const said = retired.length > 0 ? this.#startRetiring(retired) : this.#sayStart();
    // Callbacks wait for it, for they shall not pass on what goes; the game does not.
    if (pending) this.#redacting = said.then(() => this.#finishRedaction());
    await this.#openControl();
  }

  #startCallbacks(): void {
    if (this.#options.alone) return;
    for (const [index] of this.#settings.callbacks.entries()) this.callbacks.push(this.#startCallback(index));
  }

  /** What the system refuses one of them now, it may give later. */
  #startCallbacksAgain(): void {
    this.#paused = [];
    if (this.#options.alone || this.#enough.signal.aborted) return;
    for (const [index] of this.#settings.callbacks.entries()) this.#keepTrying(index, this.callbacks);
  }

  /** @param callbacks those of this time: the next redaction ends them, and begins others */
  #keepTrying(index: number, callbacks: RunningCallback[]): void {
    const failed = (error: unknown, callback?: RunningCallback): void => {
      this.#options.log.warn(`${error instanceof AuditError ? error : `AUDIT_CALLBACK_FAILED: ${nameOf(error)}`}; it is tried again`);
      this.#fault(nameOf(error), 'callback', 1);
      setTimeout(() => {
        if (callbacks !== this.callbacks || this.#stopping) return;
        if (callback) callbacks.splice(callbacks.indexOf(callback), 1);
        this.#keepTrying(index, callbacks);
      }, AGAIN_MS).unref();
    };
    try {
      const callback = this.#startCallback(index);
      callbacks.push(callback);
      callback.ready.catch((error: unknown) => failed(error, callback));
    } catch (error) {
      // Its cursor cannot be placed.
      failed(error);
    }
  }

  /** Where it cannot be opened nobody can ask, and all else works. */
  async #openControl(): Promise<void> {
    const { spool } = this.#settings;
    const answers = {
      stats: () => this.stats(),
      redact: ({ request, look }: { readonly [name: string]: unknown }, tell: (progress: unknown) => void) =>
        this.redact(checkedRequest(request), look === true, (stage, done, all) => tell({ stage, done, all })),
    };
    try {
      this.#control = await openControl(spool.dir, answers);
    } catch (error) {
      this.#options.log.warn(`AUDIT_SPOOL: ${spool.dir}/control.sock cannot be opened (${nameOf(error)}); stats and redact cannot ask this process`);
    }
  }

  /** What a crash left of a redaction; where that fails it is said, and waits for the next one, or the next start. Starts the callbacks. */
  async #finishRedaction(): Promise<void> {
    try {
      await this.#watched(
        (still, tell) => finishPending(still, tell),
        () => undefined,
      );
    } catch (error) {
      const known = error instanceof AuditError ? `${error.code}: ${error.message}` : `AUDIT_REDACT: ${nameOf(error)}`;
      this.#options.log.warn(`${known} (a redaction that was begun before)`);
    }
    if (this.callbacks.length === 0) this.#startCallbacksAgain();
  }

  /** One at a time: what comes meanwhile waits for its turn. Counting does not. */
  redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted> {
    if (look) return countMeant(this.#standStill(), request, tell);
    const turn = this.#redacting.then(() => this.#watched((still, watched) => redact(still, request, watched), tell));
    this.#redacting = turn.catch(() => undefined);
    return turn;
  }

  async #watched<T>(work: (still: StandStill, tell: Tell) => Promise<T>, tell: Tell): Promise<T> {
    try {
      return await work(this.#standStill(), (stage, done, all) => {
        this.#redaction = { stage, done, all };
        tell(stage, done, all);
      });
    } finally {
      this.#redaction = undefined;
    }
  }

  #standStill(): StandStill {
    const side = this.#side as AuditSide;
    return {
      ...groundOf(this.#settings, this.#enough.signal),
      hold: () => side.hold(),
      release: () => side.release(),
      declare: (fact) => side.declare(fact),
      stopCallbacks: async () => {
        this.#paused = this.callbacks;
        this.callbacks = [];
        await Promise.all(this.#paused.map((callback) => callback.stop(PAUSE_MS)));
      },
      startCallbacks: () => this.#startCallbacksAgain(),
    };
  }

  async stats(): Promise<object> {
    const { node, spool } = this.#settings;
    return {
      running: true,
      node,
      version: this.#options.version,
      pid: process.pid,
      uptimeS: Math.round(process.uptime()),
      sessions: this.sessions,
      spool: { ...spoolStats(spool.dir), maxBytes: spool.maxBytes },
      callbacks: [...this.callbacks.map(statsOf), ...this.#paused.map((callback) => ({ ...statsOf(callback), state: 'paused' }))],
      redaction: this.#redaction ?? null,
      masks: maskStats(spool.dir),
    };
  }

  /** Cursors of callbacks that are gone; before any callback runs, while nothing they point at can go. */
  async #findRetired(): Promise<readonly Retired[]> {
    if (this.#options.alone) return [];
    const { spool, callbacks } = this.#settings;
    try {
      return await findRetired(
        spool.dir,
        callbacks.map(({ name }) => name),
        new Board(this.#memory).durable,
      );
    } catch {
      // The cursors' folder cannot be read: whoever places a cursor there says so.
      return [];
    }
  }

  /** Says the start, and who is gone. Their cursors go once that is durable; else the next start says it. */
  async #startRetiring(retired: readonly Retired[]): Promise<void> {
    const { spool, digest } = this.#settings;
    for (const { callback, records } of retired) {
      const lost = records === null ? 'what it had not taken is let go' : `${records} records that it had not taken are let go`;
      this.#options.log.info(`AUDIT_CURSOR: callback ${callback} is gone from the configuration; ${lost}`);
    }
    void this.#side?.declare({ topic: 'audit.start' });
    if (await this.#side?.declare({ topic: 'audit.config', data: { digest, retired } })) forgetCursors(spool.dir, retired);
  }

  async #sayStart(): Promise<void> {
    this.#tell({ topic: 'audit.start' });
    this.#tell({ topic: 'audit.config', data: { digest: this.#settings.digest } });
  }

  #startSide(): Promise<AuditSide> | AuditSide {
    const events: SideEvents = {
      returned: (slab) => this.#door.returned(slab),
      trouble: (code) => this.#trouble(code),
      warn: (message) => this.#options.log.warn(message),
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
    const { node, application, listeners, callbacks, spool, checkpointKey, checkpointKeyPlace } = this.#settings;
    const { segmentBytes, checkpointMs } = this.#options;
    return {
      origin: { hostname: hostname(), application, version: this.#options.version, pid: process.pid, node },
      listeners: listeners.map(({ name, charset, audit: { active, onFailure, ...kept } }) => ({ name, ...(charset ? { charset } : {}), ...kept })),
      spool: { folder: spool.dir, maxBytes: spool.maxBytes, fsync: spool.fsync, ...(segmentBytes ? { segmentBytes } : {}) },
      ...(listeners.some(({ audit }) => audit.active && audit.maskStyle === 'tag') ? { tagKey: tagKeyOf(spool.dir) } : {}),
      ...(checkpointKey === undefined ? {} : { signingKey: readSigningKey(checkpointKey, checkpointKeyPlace) }),
      ...(checkpointMs === undefined ? {} : { checkpointMs }),
      board: this.#memory,
      callbacks: callbacks.map(({ name, required }) => ({ name, required })),
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
      declare: (fact) => this.#side?.declare(fact) ?? Promise.resolve(false),
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

  /**
   * Resolves when callbacks have taken what there is, or get no further, or after the time: what they refuse can be declared only while the journal is open,
   * and behind it nothing may be given. One that fails or hangs is not waited for.
   */
  async #taken(timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    let [records, movedAt] = [-1, Date.now()];
    while (Date.now() < Math.min(end, movedAt + STILL_MS)) {
      const stats = this.callbacks.map((callback) => callback.stats());
      if (!stats.some(({ state }) => state === 'running')) return;
      const now = stats.reduce((sum, one) => sum + one.records, 0);
      if (now !== records) [records, movedAt] = [now, Date.now()];
      await rest(TAKEN_MS);
    }
  }

  async stop(drainS: number = this.#settings.drainTimeoutS): Promise<void> {
    this.#stopping = true;
    this.#control?.close();
    await within(this.#redacting, drainS * 1000);
    this.#enough.abort();
    for (const callback of this.#paused) void callback.stop(0);
    await within(this.#redacting, GOODBYE_MS);
    await this.#bridge.close(GOODBYE_MS);
    const deadline = Date.now() + drainS * 1000;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    if (this.#side) {
      this.#side.revive();
      // A full spool has room again when callbacks have let a segment go, and they go on.
      await within(this.#door.settled(), leftMs());
      await this.#taken(leftMs() / 2);
      this.#tell({ topic: 'audit.stop' });
    }
    this.#door.close();
    if (this.#side && !(await this.#side.close(Math.max(GOODBYE_MS, leftMs())))) {
      this.lost = true;
      this.#options.log.warn('AUDIT_SPOOL: the spool did not take all that was recorded; what came last is lost');
    }
    await within(Promise.all(this.callbacks.map(({ ended }) => ended)), leftMs());
    await Promise.all(this.callbacks.map((callback) => callback.stop(0)));
    this.#lock?.release();
  }
}

const groundOf = ({ spool, callbacks, folder }: Settings, signal: AbortSignal): Ground => {
  return { folder: spool.dir, keepers: callbacks.map(({ name, module, options }) => ({ name, module, options })), configFolder: folder, signal };
};

const statsOf = (callback: RunningCallback) => ({ name: callback.name, ...callback.stats() });

/** A listener in one line for people: `main  telnet://127.0.0.1:4000 -> telnet://127.0.0.1:4201`. */
export const describeListener = ({ name, listen, upstream }: Running['listeners'][number]): string =>
  `${name}  ${formatAddress(listen)} -> ${formatAddress(upstream)}`;
