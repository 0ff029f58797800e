/**
 * The parent's side of the callbacks' threads: starts one for each callback, starts it anew when it ends or no longer answers, and says so. Receives
 * settings, gives a handle. Never touches a record: the thread reads the journal itself, and the cursor on disk is where a new thread goes on.
 */
import { Worker } from 'node:worker_threads';
import type { CallbackContext, Log } from '../contract.js';
import { AuditError, type ErrorCode, nameOf } from '../errors.js';
import { Board, type Position } from './board.js';
import { type DeliveryFault, deliver, showCursor, WATCH, watchMemory } from './delivery.js';
import type { CallbackSettings } from './load.js';
import { Backoff, pause } from './retry.js';

/** A record of the node's own that a delivery has to make, for what its callback will not get. */
export type Declare = (fact: { readonly topic: 'audit.gap'; readonly data: { readonly [name: string]: unknown } }) => Promise<boolean>;

export interface WorkerOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** The board's memory, and which of its cursors is this callback's. */
  readonly memory: SharedArrayBuffer;
  readonly index: number;
  readonly settings: CallbackSettings;
  /** NODE, and the folder that relative paths in options start at. */
  readonly node: string;
  readonly configFolder: string;
  readonly log: Log;
  /** Told of everything that belongs in an audit.fault. */
  readonly onFault: (fault: DeliveryFault) => void;
  /** Writes a record of the node; true once it is durable, false where that cannot be any more: then the cursor must not move over it. */
  readonly declare?: Declare;
  /** A callback that has not answered for so long is ended and started anew; `loadMs` while it loads, which on a busy machine takes longer. */
  readonly stuckMs?: number;
  readonly loadMs?: number;
}

/** What the thread is given, and what the two say to each other. */
export type ThreadData = Pick<WorkerOptions, 'folder' | 'memory' | 'index' | 'settings' | 'node' | 'configFolder'> & {
  readonly watch: SharedArrayBuffer;
};
export type ToThread = 'stop' | 'abort';
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault'; readonly fault: DeliveryFault }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly message: string };

export interface DeliveryStats {
  readonly cursor: Position;
  /** Records that the callback is past since it exists; 0 until it is ready. */
  readonly records: number;
  /** Writes that threw, and threads started again, since this start. */
  readonly failures: number;
  readonly restarts: number;
}

/** A callback at work. */
export interface RunningCallback {
  readonly name: string;
  /** The callback is loaded. Rejects with AUDIT_CALLBACK_LOAD or AUDIT_CALLBACK_FAILED where the first load fails; then nothing runs. */
  readonly ready: Promise<void>;
  /** Everything is delivered (the board was closed), or `stop` has ended it. Never rejects. */
  readonly ended: Promise<void>;
  /**
   * Finishes the batch under way, closes the callback, leaves the rest to the next start. After `deadlineMs` the callback's signal is aborted, and
   * shortly after that its thread is ended. Resolves when nothing of it runs any more.
   */
  stop(deadlineMs: number): Promise<void>;
  stats(): DeliveryStats;
}

/** DESIGN 6. */
const STUCK_MS = 30_000;
const LOAD_MS = 60_000;

/** How long an aborted callback may take to let go. */
const ABORT_MS = 250;

const ENTRY = new URL('../callback-thread.js', import.meta.url);

/**
 * Starts the thread of a callback. Its cursor is placed before this returns, so a new callback that starts at the newest record misses nothing
 * written from here on. Throws what the disk throws.
 */
export const startWorker = (options: WorkerOptions): RunningCallback => new CallbackWorker(options);

class CallbackWorker implements RunningCallback {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #board: Board;
  readonly #watchMemory = watchMemory();
  readonly #watch = new BigInt64Array(this.#watchMemory);
  readonly #backoff = new Backoff();
  readonly #ready = later();
  readonly #ended = later();
  #thread: Worker | undefined;
  #wasReady = false;
  #stopping = false;
  #restarts = 0;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.name = options.settings.name;
    this.#board = new Board(options.memory);
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    showCursor({ ...options, board: this.#board, context: contextOf(options, new AbortController().signal) });
    this.#start();
  }

  stats(): DeliveryStats {
    return statsOf(this.#board, this.#options.index, this.#watch, this.#restarts);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (!this.#thread) this.#ended.resolve();
    this.#thread?.postMessage('stop' satisfies ToThread);
    const abort = setTimeout(() => this.#thread?.postMessage('abort' satisfies ToThread), deadlineMs);
    const end = setTimeout(() => this.#thread?.terminate(), deadlineMs + ABORT_MS);
    await this.ended;
    clearTimeout(abort);
    clearTimeout(end);
  }

  #start(): void {
    const { folder, memory, index, settings, node, configFolder } = this.#options;
    const data: ThreadData = { folder, memory, watch: this.#watchMemory, index, settings, node, configFolder };
    Atomics.store(this.#watch, WATCH.calls, 0n);
    const thread = new Worker(ENTRY, { workerData: data });
    this.#thread = thread;
    const run = new ThreadRun(this.#board.cursor(index));
    const guard = this.#guard(thread, run);
    thread.on('message', (message: FromThread) => {
      this.#hear(run, message);
      // Ended from here: a thread that ends itself may take its last message with it (Node 22). A callback may have left a timer or a socket behind.
      if (message.type === 'done' || message.type === 'failed') void thread.terminate();
    });
    thread.on('error', (error) => {
      run.failure ??= { code: 'AUDIT_THREAD', message: nameOf(error) };
    });
    thread.once('exit', () => {
      clearInterval(guard);
      this.#thread = undefined;
      this.#onExit(run);
    });
  }

  /** Ends a thread whose callback has been in one call for too long. The count of calls tells: no clock is shared, and a blocked thread need not answer. */
  #guard(thread: Worker, run: ThreadRun): NodeJS.Timeout {
    const { stuckMs = STUCK_MS, loadMs = LOAD_MS } = this.#options;
    let seen = -1n;
    let since = performance.now();
    const timer = setInterval(() => {
      const calls = Atomics.load(this.#watch, WATCH.calls);
      const atWork = !run.ready || calls % 2n === 1n;
      if (!atWork || calls !== seen) since = performance.now();
      seen = calls;
      const bound = run.ready ? stuckMs : loadMs;
      if (performance.now() - since < bound) return;
      run.failure = { code: 'AUDIT_CALLBACK_STUCK', message: `has not answered for ${bound / 1000} s` };
      void thread.terminate();
    }, Math.min(stuckMs, loadMs) / 8);
    return timer.unref();
  }

  #hear(run: ThreadRun, message: FromThread): void {
    switch (message.type) {
      case 'ready':
        run.ready = true;
        this.#wasReady = true;
        this.#ready.resolve();
        break;
      case 'done':
        run.done = true;
        break;
      case 'failed':
        run.failure = { code: message.code, message: message.message };
        break;
      case 'fault':
        this.#options.onFault(message.fault);
        break;
      case 'log':
        this.#options.log[message.level](message.message);
        break;
      default:
        message satisfies never;
    }
  }

  #onExit(run: ThreadRun): void {
    const { code, message } = run.failure ?? { code: 'AUDIT_THREAD', message: 'ended by itself' };
    if (this.#wasReady && !run.done && !this.#stopping) {
      this.#again(run, code, message);
      return;
    }
    if (!this.#wasReady && !this.#stopping) this.#refuse(code, message);
    this.#ready.resolve();
    this.#ended.resolve();
  }

  /** The first load failed: that is for somebody to mend, and trying again would not help. */
  #refuse(code: ErrorCode, message: string): void {
    if (code === 'AUDIT_CALLBACK_LOAD' || code === 'AUDIT_CALLBACK_FAILED') return this.#ready.reject(new AuditError(code, message));
    this.#ready.reject(new AuditError('AUDIT_CALLBACK_LOAD', `callback ${this.name}: its thread ended while it loaded (${message})`));
  }

  #again(run: ThreadRun, code: ErrorCode, message: string): void {
    const { log, onFault, index } = this.#options;
    const { segment, offset } = this.#board.cursor(index);
    if (segment !== run.from.segment || offset !== run.from.offset) this.#backoff.reset();
    this.#restarts++;
    log.warn(`${code}: callback ${this.name}: ${message}; its thread is started again`);
    onFault({ callback: this.name, code, count: 1 });
    this.#restart = setTimeout(() => this.#start(), this.#backoff.next());
  }
}

/** What is known of one thread of several that a callback may need. */
class ThreadRun {
  ready = false;
  done = false;
  failure: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** Where it began. */
  readonly from: Position;

  constructor(from: Position) {
    this.from = from;
  }
}

/** The same without a thread (`threads: 0`): the callback runs in this one, which nothing guards then. */
export function startInline(options: WorkerOptions): RunningCallback {
  const { settings, index, memory } = options;
  const stop = new AbortController();
  const abort = new AbortController();
  const ready = later();
  const board = new Board(memory);
  const watch = watchMemory();
  const context = contextOf(options, abort.signal);
  let wasReady = false;
  const onReady = () => {
    wasReady = true;
    ready.resolve();
  };
  const ended = deliver({ ...options, board, context, watch, stop: stop.signal, onReady }).catch((error: unknown) => {
    const failure = error instanceof AuditError ? error : new AuditError('AUDIT_INTERNAL', nameOf(error));
    ready.reject(failure);
    if (!wasReady) return;
    options.log.warn(`${failure.code}: ${failure.message}`);
    options.onFault({ callback: settings.name, code: failure.code, count: 1 });
  });
  return {
    name: settings.name,
    ready: ready.promise,
    ended,
    async stop(deadlineMs) {
      stop.abort();
      const over = new AbortController();
      void ended.then(() => over.abort());
      await pause(deadlineMs, over.signal);
      abort.abort();
      await pause(ABORT_MS, over.signal);
    },
    stats: () => statsOf(board, index, new BigInt64Array(watch), 0),
  };
}

interface Later {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A promise to be settled from outside (Promise.withResolvers is newer than Node 20). Its first settling counts. */
function later(): Later {
  let settle: Omit<Later, 'promise'> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

function contextOf({ settings, node, configFolder, log }: WorkerOptions, signal: AbortSignal): CallbackContext {
  return { name: settings.name, node, folder: configFolder, log, signal };
}

function statsOf(board: Board, index: number, watch: BigInt64Array, restarts: number): DeliveryStats {
  return {
    cursor: board.cursor(index),
    records: Number(Atomics.load(watch, WATCH.records)),
    failures: Number(Atomics.load(watch, WATCH.failures)),
    restarts,
  };
}
