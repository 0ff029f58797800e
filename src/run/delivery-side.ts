/**
 * The callbacks at work, as the node sees them: each has a place on the board and a thread (spool/delivery/workers.ts). Starts them, starts again what the system
 * refused, stops them for whoever rewrites what they read, and takes up another list of them while records go on. Never touches a record.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditError, nameOf } from '../errors.js';
import { Board, boardMemory } from '../spool/board.js';
import type { CallbackSettings } from '../spool/delivery/load.js';
import type { RunningCallback, WorkerOptions } from '../spool/delivery/running.js';
import type { Claim } from '../spool/give-up.js';

/**
 * Places on the board beyond those that a start needs: each callback that a reload adds takes one, and none is given twice, for whoever had it before may
 * still be let go. 16 bytes each.
 */
const SPARE_PLACES = 256;
/** How long a callback may take to finish its batch before its thread is ended. */
const PAUSE_MS = 10_000;
/** When a callback that did not start again is tried once more. */
const AGAIN_MS = 5_000;
/** How often it is looked whether callbacks have taken all, and how long for one that takes its time with a batch. */
const TAKEN_MS = 20;
const STILL_MS = 500;

export type Shared = Pick<WorkerOptions, 'folder' | 'node' | 'configFolder' | 'log' | 'onFault' | 'declare'>;

export interface DeliveryOptions extends Shared {
  /** startWorker, or without threads startInline. */
  readonly start: (options: WorkerOptions) => RunningCallback;
}

/** One callback: where it stands on the board, what it is told, and its thread while it has one. */
interface Placed {
  readonly index: number;
  readonly settings: CallbackSettings;
  running: RunningCallback | undefined;
}

/** What another list of callbacks means for those that are there. */
export interface DeliveryChange {
  readonly next: readonly Placed[];
  /** Started, or with other options started anew. */
  readonly begins: readonly Placed[];
  /** Stopped, for good or to be started anew. */
  readonly ends: readonly Placed[];
  /** Names that are there no more. */
  readonly gone: readonly string[];
  /** For the journal, by place. */
  readonly claims: readonly Claim[];
}

export class DeliverySide {
  /** The board's memory, for whoever else counts on it. */
  readonly memory: SharedArrayBuffer;
  readonly #options: DeliveryOptions;
  readonly #board: Board;
  #placed: readonly Placed[];
  #used: number;
  /** Those whose threads `pause` ended, until they are started again. */
  #paused: readonly RunningCallback[] = [];
  /** Counts the times that they were started: what failed in an earlier one is not tried again. */
  #turn = 0;
  #stopping = false;

  constructor(callbacks: readonly CallbackSettings[], options: DeliveryOptions) {
    this.#options = options;
    this.memory = boardMemory(callbacks.length + SPARE_PLACES);
    this.#board = new Board(this.memory);
    this.#placed = callbacks.map((settings, index) => ({ index, settings, running: undefined }));
    this.#used = callbacks.length;
    for (let index = this.#used; index < this.#board.callbacks; index++) this.#board.free(index);
  }

  /** Those that have been started, in the order of the configuration. */
  get running(): readonly RunningCallback[] {
    return this.#placed.flatMap(({ running }) => running ?? []);
  }

  /** Who has which place on the board. */
  get claims(): readonly Claim[] {
    return claimsOf(this.#placed);
  }

  /** Starts all; `ready` of each tells how that went. */
  start(): void {
    for (const placed of this.#placed) this.#start(placed);
  }

  /** Those that stand still for somebody who rewrites what they read. */
  get paused(): readonly RunningCallback[] {
    return this.#paused;
  }

  /** What the system refuses one of them now, it may give later. */
  startAgain(): void {
    this.#paused = [];
    this.#turn++;
    for (const placed of this.#placed) this.#keepTrying(placed);
  }

  /** Those that run finish their batch and end; after `deadlineMs` they are ended. */
  async pause(deadlineMs: number = PAUSE_MS): Promise<void> {
    this.#turn++;
    this.#paused = this.running;
    await Promise.all(this.#placed.map((placed) => stop(placed, deadlineMs)));
  }

  /** For good: what did not start is not tried again, and what is ending ends at once. */
  close(): void {
    this.#stopping = true;
  }

  /** Those that are being paused are ended now. */
  hurry(): void {
    for (const callback of this.#paused) void callback.stop(0);
  }

  /**
   * Resolves when callbacks have taken what there is, or get no further, or after the time: what they refuse can be declared only while the journal is open,
   * and behind it nothing may be given. One that fails or hangs is not waited for.
   */
  async taken(timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    let [records, movedAt] = [-1, Date.now()];
    while (Date.now() < Math.min(end, movedAt + STILL_MS)) {
      const stats = this.running.map((callback) => callback.stats());
      if (!stats.some(({ state }) => state === 'running')) return;
      const now = stats.reduce((sum, one) => sum + one.records, 0);
      if (now !== records) [records, movedAt] = [now, Date.now()];
      await sleep(TAKEN_MS);
    }
  }

  #start(placed: Placed): RunningCallback {
    const { start, ...shared } = this.#options;
    placed.running = start({ ...shared, memory: this.memory, index: placed.index, settings: placed.settings });
    return placed.running;
  }

  #keepTrying(placed: Placed): void {
    try {
      const running = this.#start(placed);
      running.ready.catch((error: unknown) => this.#failed(placed, running, error));
    } catch (error) {
      // Its cursor cannot be placed.
      this.#failed(placed, undefined, error);
    }
  }

  #failed(placed: Placed, running: RunningCallback | undefined, error: unknown): void {
    const { log, onFault } = this.#options;
    log.warn(`${error instanceof AuditError ? error : `AUDIT_CALLBACK_FAILED: ${nameOf(error)}`}; it is tried again`);
    onFault({ callback: placed.settings.name, code: error instanceof AuditError ? error.code : 'AUDIT_CALLBACK_FAILED', count: 1 });
    const turn = this.#turn;
    setTimeout(() => {
      if (this.#stopping || turn !== this.#turn || placed.running !== running || !this.#placed.includes(placed)) return;
      this.#keepTrying(placed);
    }, AGAIN_MS).unref();
  }

  /** What is to be done for another list. Changes nothing. Throws AUDIT_CALLBACK_LOAD where there is no place left. */
  plan(callbacks: readonly CallbackSettings[]): DeliveryChange {
    let used = this.#used;
    const next = callbacks.map((settings): Placed => {
      const known = this.#placed.find((placed) => placed.settings.name === settings.name);
      if (known && isSame(known.settings, settings)) return known;
      return { index: known?.index ?? used++, settings, running: undefined };
    });
    if (used > this.#board.callbacks) {
      throw new AuditError('AUDIT_CALLBACK_LOAD', 'too many callbacks have come and gone since the start; start anew to take up another');
    }
    const names = callbacks.map(({ name }) => name);
    return {
      next,
      begins: next.filter((placed) => !this.#placed.includes(placed)),
      ends: this.#placed.filter((placed) => !next.includes(placed)),
      gone: this.#placed.flatMap(({ settings }) => (names.includes(settings.name) ? [] : settings.name)),
      claims: claimsOf([...this.#placed, ...next]),
    };
  }

  /**
   * Does it. The journal knows its `claims` already. Resolves when all that begin have loaded; those that are gone hold what they had not taken, until
   * `letGo`. Where one does not load everything is as it was before, and it rejects with what that one threw.
   */
  async change({ next, begins, ends }: DeliveryChange): Promise<void> {
    await Promise.all(ends.map((placed) => stop(placed, PAUSE_MS)));
    const added = begins.filter(({ index }) => index >= this.#used);
    for (const { index } of added) this.#board.take(index);
    try {
      await Promise.all(begins.map((placed) => this.#start(placed).ready));
    } catch (error) {
      await Promise.all(begins.map((placed) => stop(placed, 0)));
      for (const { index } of added) this.#board.free(index);
      for (const placed of ends) this.#keepTrying(placed);
      throw error;
    }
    this.#placed = next;
    this.#used += added.length;
  }

  /** Those that a change took out hold nothing any more. */
  letGo({ ends, next }: DeliveryChange): void {
    const kept = next.map(({ index }) => index);
    for (const { index } of ends) if (!kept.includes(index)) this.#board.free(index);
  }
}

async function stop(placed: Placed, deadlineMs: number): Promise<void> {
  const { running } = placed;
  placed.running = undefined;
  await running?.stop(deadlineMs);
}

/** Where the configuration names a callback does not matter to it. */
function isSame(a: CallbackSettings, b: CallbackSettings): boolean {
  const told = (settings: object): string => JSON.stringify({ ...settings, place: undefined });
  return told(a) === told(b);
}

/** By place; where one is told of twice the later counts. A place that nobody has had yet is nobody's. */
function claimsOf(placed: readonly Placed[]): Claim[] {
  const claims: Claim[] = [];
  for (const { index, settings } of placed) claims[index] = { name: settings.name, required: settings.required };
  return [...claims].map((claim) => claim ?? { name: '', required: true });
}
