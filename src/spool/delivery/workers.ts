/**
 * The parent's side of the callbacks' threads: starts one for each callback, starts it anew when it ends or no longer answers, and says so. Receives
 * settings, gives a handle. Never touches a record: the thread reads the journal itself, and the cursor on disk is where a new thread goes on.
 */
import { Worker } from 'node:worker_threads';
import { AuditError, type ErrorCode, nameOf } from '../../errors.js';
import { Board, type Position } from '../board.js';
import { Backoff } from '../retry.js';
import { type Care, Deaths } from './deaths.js';
import { Figures } from './figures.js';
import type { Declare } from './giver.js';
import { type DeliveryFault, showCursor } from './place.js';
import { ABORT_MS, contextOf, type DeliveryStats, later, type RunningCallback, type WorkerOptions } from './running.js';
import { WATCH, Watch, watchMemory } from './watch.js';

export type { Declare } from './giver.js';
export { startInline } from './inline.js';
export type { DeliveryStats, RunningCallback, WorkerOptions } from './running.js';

/** What the thread is given, and what the two say to each other. */
export type ThreadData = Pick<WorkerOptions, 'folder' | 'memory' | 'index' | 'settings' | 'node' | 'configFolder'> & {
  readonly watch: SharedArrayBuffer;
  readonly care?: Care;
};
export type ToThread = 'stop' | 'abort' | { readonly declared: number; readonly durable: boolean };
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'fault'; readonly fault: DeliveryFault }
  /** The callback threw. */
  | { readonly type: 'error'; readonly name: string }
  | { readonly type: 'declare'; readonly number: number; readonly fact: Parameters<Declare>[0] }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly message: string };

/** DESIGN 6. */
const STUCK_MS = 30_000;
const LOAD_MS = 60_000;

/** A thread that waits to be started looks so often whether the node stops: then it is started at once. */
const LOOK_MS = 250;

const ENTRY = new URL('../../callback-thread.js', import.meta.url);

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
  readonly #watch = new Watch(this.#watchMemory);
  readonly #figures: Figures;
  readonly #backoff = new Backoff();
  readonly #deaths = new Deaths();
  readonly #ready = later();
  readonly #ended = later();
  #thread: Worker | undefined;
  #run: ThreadRun | undefined;
  #wasReady = false;
  #stopping = false;
  #over = false;
  #restarts = 0;
  #lastError: string | null = null;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.name = options.settings.name;
    this.#board = new Board(options.memory);
    this.#figures = new Figures(options, this.#watch);
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    showCursor({ ...options, board: this.#board, context: contextOf(options, new AbortController().signal) });
    this.#start();
  }

  stats(): DeliveryStats {
    return this.#figures.stats({ state: this.#state(), restarts: this.#restarts, lastError: this.#lastError });
  }

  #state(): DeliveryStats['state'] | undefined {
    if (this.#over) return 'ended';
    if (!this.#thread) return 'restarting';
    if (!this.#run?.ready) return 'loading';
    return performance.now() - this.#run.answeredAt > (this.#options.stuckMs ?? STUCK_MS) / 3 ? 'stuck' : undefined;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (!this.#thread) this.#end();
    this.#thread?.postMessage('stop' satisfies ToThread);
    const abort = setTimeout(() => this.#thread?.postMessage('abort' satisfies ToThread), deadlineMs);
    const end = setTimeout(() => this.#thread?.terminate(), deadlineMs + ABORT_MS);
    await this.ended;
    clearTimeout(abort);
    clearTimeout(end);
  }

  #start(): void {
    const { folder, memory, index, settings, node, configFolder } = this.#options;
    const { care } = this.#deaths;
    const data: ThreadData = { folder, memory, watch: this.#watchMemory, index, settings, node, configFolder, ...(care && { care }) };
    this.#watch.clear();
    const thread = new Worker(ENTRY, { workerData: data });
    this.#thread = thread;
    const run = new ThreadRun(this.#board.cursor(index));
    this.#run = run;
    const guard = this.#guard(thread, run);
    thread.on('message', (message: FromThread) => {
      this.#hear(thread, run, message);
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
    let seen = -1;
    const timer = setInterval(() => {
      const calls = this.#watch.get(WATCH.calls);
      const atWork = !run.ready || calls % 2 === 1;
      if (!atWork || calls !== seen) run.answeredAt = performance.now();
      seen = calls;
      const bound = run.ready ? stuckMs : loadMs;
      if (performance.now() - run.answeredAt < bound) return;
      run.failure = { code: 'AUDIT_CALLBACK_STUCK', message: `has not answered for ${bound / 1000} s` };
      void thread.terminate();
    }, Math.min(stuckMs, loadMs) / 8);
    return timer.unref();
  }

  #hear(thread: Worker, run: ThreadRun, message: FromThread): void {
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
      case 'error':
        this.#lastError = message.name;
        break;
      case 'declare':
        void this.#declare(thread, message.number, message.fact);
        break;
      case 'log':
        this.#options.log[message.level](message.message);
        break;
      default:
        message satisfies never;
    }
  }

  /** A thread that has ended meanwhile is not told; the next one declares anew. */
  async #declare(thread: Worker, declared: number, fact: Parameters<Declare>[0]): Promise<void> {
    const durable = (await this.#options.declare?.(fact)) ?? false;
    thread.postMessage({ declared, durable } satisfies ToThread);
  }

  #onExit(run: ThreadRun): void {
    const { code, message } = run.failure ?? { code: 'AUDIT_THREAD', message: 'ended by itself' };
    if (this.#wasReady && !run.done && !this.#stopping) {
      this.#again(run, code, message);
      return;
    }
    if (!this.#wasReady && !this.#stopping) this.#refuse(code, message);
    this.#ready.resolve();
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#figures.end();
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
    this.#deaths.died(this.#watch.under);
    this.#lastError = code;
    this.#restarts++;
    log.warn(`${code}: callback ${this.name}: ${message}; its thread is started again`);
    onFault({ callback: this.name, code, count: 1 });
    this.#startAt(performance.now() + this.#backoff.next());
  }

  /** Waits, but not while the node stops: what can be delivered then is. */
  #startAt(dueMs: number): void {
    const leftMs = dueMs - performance.now();
    if (leftMs <= 0) this.#start();
    else this.#restart = setTimeout(() => this.#startAt(this.#board.closed ? 0 : dueMs), Math.min(leftMs, LOOK_MS));
  }
}

/** What is known of one thread of several that a callback may need. */
class ThreadRun {
  ready = false;
  done = false;
  /** When it was last seen to move on, or to have nothing to do. */
  answeredAt = performance.now();
  failure: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** Where it began. */
  readonly from: Position;

  constructor(from: Position) {
    this.from = from;
  }
}
