/**
 * A thread of ours that is kept running: opened, asked, and started again when it ends or no longer answers. Receives its program and what it is opened
 * with; gives its answers. Knows nothing of what it does.
 */
import { Worker } from 'node:worker_threads';
import { AuditError, nameOf } from '../errors.js';
import { type Answers, Talk } from './thread-talk.js';

/** It is asked so often whether it lives, and ended when it has not answered for so long. */
const PING_MS = 5_000;
const STUCK_MS = 30_000;
/** Back-off between starts of one that keeps ending. */
const RESTART_MS = { first: 50, most: 5_000 } as const;
/** What it may take to open; what it may take to close. */
const OPEN_MS = 60_000;
const CLOSE_MS = 1_000;

export interface KeptOptions {
  /** 'view': for people, 'the view thread'. Its program knows by it that it is one (`workerData.thread`), and was not imported by another. */
  readonly name: string;
  readonly program: URL;
  /** What it is opened with, each time that it starts: the value of its question `open`. */
  readonly open: () => unknown;
  /** What it may ask. */
  readonly answers: Answers;
  readonly warn: (message: string) => void;
  /** It ended, and another one is open. */
  readonly restarted: () => void;
  /** Where not 5 and 30 seconds, for tests. */
  readonly watch?: { readonly pingMs: number; readonly stuckMs: number };
}

/** The program must answer `open`, `ping` and `close`. */
export class KeptThread {
  readonly #options: KeptOptions;
  #worker: Worker | undefined;
  #talk: Talk | undefined;
  #waitMs: number = RESTART_MS.first;
  #restarting: NodeJS.Timeout | undefined;
  #closed = false;
  #answeredAt = 0;
  readonly #watch: NodeJS.Timeout;

  private constructor(options: KeptOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#ping(), options.watch?.pingMs ?? PING_MS);
    this.#watch.unref();
  }

  /** Starts it. Gives it, and what it answered to `open`; throws what it threw there, AUDIT_THREAD where it ended over it. */
  static async start(options: KeptOptions): Promise<{ readonly thread: KeptThread; readonly opened: unknown }> {
    const thread = new KeptThread(options);
    try {
      return { thread, opened: await thread.#spawn() };
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** The thread itself, for tests that harm it. */
  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** Asks it. Rejects as Talk.ask does; with AUDIT_THREAD where it is just being started again. */
  ask(what: string, value: unknown, timeoutMs = 0): Promise<unknown> {
    return this.#talk ? this.#talk.ask(what, value, timeoutMs) : Promise.reject(this.#gone());
  }

  /** Lets it close what it has, and ends it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#restarting);
    await this.#talk?.ask('close', undefined, CLOSE_MS).catch(() => undefined);
    this.#talk?.drop(this.#gone());
    await this.#worker?.terminate();
  }

  #gone(): AuditError {
    return new AuditError('AUDIT_THREAD', `the ${this.#options.name} thread is not running just now, and is started again; ask once more`);
  }

  #spawn(): Promise<unknown> {
    const worker = new Worker(this.#options.program, { workerData: { thread: this.#options.name } });
    const talk = new Talk(worker, this.#options.answers);
    worker.on('message', (message) => talk.hear(message));
    worker.on('error', (error) => this.#options.warn(`AUDIT_THREAD: the ${this.#options.name} thread failed (${nameOf(error)})`));
    worker.on('exit', () => this.#ended(worker, talk));
    this.#answeredAt = performance.now();
    [this.#worker, this.#talk] = [worker, talk];
    return talk.ask('open', this.#options.open(), OPEN_MS);
  }

  #ended(worker: Worker, talk: Talk): void {
    talk.drop(this.#gone());
    if (worker !== this.#worker) return;
    [this.#worker, this.#talk] = [undefined, undefined];
    if (this.#closed) return;
    this.#restarting = setTimeout(() => void this.#restart(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, RESTART_MS.most);
  }

  async #restart(): Promise<void> {
    try {
      await this.#spawn();
      this.#options.restarted();
    } catch (error) {
      if (this.#closed) return;
      this.#options.warn(`AUDIT_THREAD: the ${this.#options.name} thread could not be started again (${nameOf(error)}); it is tried again`);
      await this.#worker?.terminate();
    }
  }

  #ping(): void {
    const talk = this.#talk;
    if (!talk) return;
    if (performance.now() - this.#answeredAt > (this.#options.watch?.stuckMs ?? STUCK_MS)) {
      this.#options.warn(`AUDIT_THREAD: the ${this.#options.name} thread has not answered, and is started again`);
      void this.#worker?.terminate();
      return;
    }
    const alive = (): void => {
      this.#answeredAt = performance.now();
      this.#waitMs = RESTART_MS.first;
    };
    talk.ask('ping', undefined).then(alive, () => undefined);
  }
}
