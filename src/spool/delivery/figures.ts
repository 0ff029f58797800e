/**
 * The figures of one callback, for `stats` and metrics. Receives the board and the words that its thread writes, samples them once a second, and makes
 * the rest when asked: reads the sizes of the segments that wait, and the first bytes of one line. Never stops the thread, never shows a text.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { Board, comparePositions, type Position } from '../board.js';
import { segmentPath } from '../segments.js';
import type { CallbackState, DeliveryStats, WorkerOptions } from './running.js';
import { WATCH, type Watch } from './watch.js';

/** Over how many seconds a rate is taken. */
const RATE_S = 10;

/** `time` stands in the head, behind members that are a few hundred bytes at most. */
const HEAD_BYTES = 1_024;

const TIME = /^\{"v":"[^"]*","id":"[^"]*","topic":"[^"]*","time":"([^"]+)"/;

/** What only the parent knows of a callback. `state`: where that does not follow from the words. */
export interface Known {
  readonly state: CallbackState | undefined;
  readonly restarts: number;
  readonly lastError: string | null;
}

export class Figures {
  readonly #folder: string;
  readonly #board: Board;
  readonly #index: number;
  readonly #watch: Watch;
  /** Records passed, one number a second, the oldest first. */
  readonly #samples = [0];
  readonly #timer: NodeJS.Timeout;

  constructor({ folder, memory, index }: Pick<WorkerOptions, 'folder' | 'memory' | 'index'>, watch: Watch) {
    this.#folder = folder;
    this.#board = new Board(memory);
    this.#index = index;
    this.#watch = watch;
    this.#timer = setInterval(() => this.#sample(), 1_000);
    this.#timer.unref();
  }

  /** Samples no more. */
  end(): void {
    clearInterval(this.#timer);
  }

  stats({ state, restarts, lastError }: Known): DeliveryStats {
    const watch = this.#watch;
    const waits = comparePositions(watch.taken, this.#board.durable) < 0;
    const lagBytes = waits ? this.#lagBytes() : 0;
    const retries = watch.get(WATCH.retries);
    const usual = retries > 0 ? 'retrying' : lagBytes > 0 ? 'running' : 'waiting';
    return {
      state: state ?? usual,
      cursor: this.#board.cursor(this.#index),
      records: watch.get(WATCH.records),
      ...{ failures: watch.get(WATCH.failures), restarts, retries },
      deadLetters: watch.get(WATCH.dead),
      ...{ lagBytes, rate: this.#rate() },
      ageS: lagBytes > 0 ? this.#ageS() : 0,
      lastError,
    };
  }

  #sample(): void {
    this.#samples.push(this.#watch.get(WATCH.passed));
    if (this.#samples.length > RATE_S) this.#samples.shift();
  }

  #rate(): number {
    const [first = 0] = this.#samples;
    return (this.#watch.get(WATCH.passed) - first) / this.#samples.length;
  }

  #lagBytes(): number {
    const { durable } = this.#board;
    const { segment, offset } = this.#watch.taken;
    let bytes = durable.offset - offset;
    for (let closed = segment; closed < durable.segment; closed++) bytes += sizeOf(segmentPath(this.#folder, closed));
    return Math.max(0, bytes);
  }

  /** What was taken may end with its segment: then the oldest record is the first of the next. */
  #ageS(): number | null {
    const { taken } = this.#watch;
    const head = headAt(this.#folder, taken) || headAt(this.#folder, { segment: taken.segment + 1, offset: 0 });
    const time = Date.parse(TIME.exec(head)?.[1] ?? '');
    return Number.isNaN(time) ? null : Math.max(0, (Date.now() - time) / 1000);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The first bytes of the line at a place; '' where there is none. */
function headAt(folder: string, { segment, offset }: Position): string {
  try {
    const fd = openSync(segmentPath(folder, segment), 'r');
    const bytes = Buffer.alloc(HEAD_BYTES);
    try {
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEAD_BYTES, offset));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
