/**
 * Delivers the journal to one callback, at least once and in order. Receives what is durable (told by the board), gives batches to the callback, and
 * moves its cursor behind what it took. Owns no queue: the journal is the queue. Never gives a record up; a callback that throws gets the same
 * records again. No text of a record stands in any log or report: a callback's error is its name alone.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { AuditRecord, CallbackContext } from '../contract.js';
import { AuditError, type ErrorCode, nameOf } from '../errors.js';
import { topicOf, wantsTopic } from './audit-record.js';
import type { Board, Position } from './board.js';
import { type Cursor, type CursorFault, placeCursor, saveCursor } from './cursor.js';
import { type CallbackSettings, type LoadedCallback, loadCallback } from './load.js';
import { type Batch, JournalReader } from './reader.js';
import { Backoff, pause, Rarely, RETRY_LIMITS } from './retry.js';

/** What went wrong, for an audit.fault: how often since the last report of it. */
export interface DeliveryFault {
  readonly callback: string;
  readonly code: ErrorCode;
  readonly count: number;
}

/** Words of shared memory that others watch a delivery by. Each is written by the delivering thread alone. */
export const WATCH = { calls: 0, records: 1, failures: 2 } as const;

/** Memory for `watch`. `calls` is odd while the callback is at work, so one that stays odd is stuck; no clock is shared. */
export const watchMemory = (): SharedArrayBuffer => new SharedArrayBuffer(8 * Object.keys(WATCH).length);

export interface DeliveryOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  readonly board: Board;
  /** Which of the board's cursors is this callback's. */
  readonly index: number;
  readonly settings: CallbackSettings;
  readonly context: CallbackContext;
  /** Told once when the callback is loaded and its cursor placed. */
  readonly onReady?: () => void;
  readonly onFault: (fault: DeliveryFault) => void;
  /** Aborted: finish the batch under way, close, leave the rest to the next start. */
  readonly stop: AbortSignal;
  /** Memory of `watchMemory`. */
  readonly watch?: SharedArrayBuffer;
}

/** Safety net: a wake-up that got lost costs no more than this. */
const IDLE_MS = 1_000;

/** Within a batch, a simple callback's cursor is saved so often: what a crash doubles is no more than this took. */
const SAVE_MS = 100;

/** Places the callback's cursor and shows it on the board. Gives the cursor. Throws what the disk throws. */
export function showCursor({ folder, board, index, settings, context, onFault }: Omit<DeliveryOptions, 'stop'>): Cursor {
  const { cursor, fault } = placeCursor(folder, settings.name, settings.start, board.durable);
  board.moveCursor(index, cursor);
  if (fault) sayMoved(fault);
  return cursor;

  function sayMoved(why: CursorFault): void {
    context.log.warn(`AUDIT_CURSOR: callback ${settings.name}: its cursor was ${why}; it goes on at ${cursor.segment}:${cursor.offset}`);
    onFault({ callback: settings.name, code: 'AUDIT_CURSOR', count: 1 });
  }
}

/**
 * Delivers until the board is closed and everything is delivered, or until `stop`. Then the callback is closed, once.
 * Throws AUDIT_CALLBACK_LOAD or AUDIT_CALLBACK_FAILED where the callback does not load, and what the disk throws where its cursor cannot be placed.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  await new Delivery(options).run();
}

class Delivery {
  readonly #options: DeliveryOptions;
  readonly #name: string;
  readonly #reader: JournalReader;
  readonly #backoff: Backoff;
  readonly #watch: BigInt64Array;
  readonly #writeFaults: Rarely;
  readonly #spoolFaults: Rarely;
  #cursor: Cursor;
  #lastBatchAt = Number.NEGATIVE_INFINITY;

  constructor(options: DeliveryOptions) {
    const { settings, folder, watch = watchMemory() } = options;
    this.#options = options;
    this.#name = settings.name;
    this.#reader = new JournalReader(folder, { maxRecords: settings.batchRecords, maxBytes: settings.batchBytes });
    this.#backoff = new Backoff(RETRY_LIMITS);
    this.#watch = new BigInt64Array(watch);
    this.#writeFaults = new Rarely((name, count) => this.#report('AUDIT_CALLBACK_FAILED', `could not write (${name})`, count));
    this.#spoolFaults = new Rarely((name, count) => this.#report('AUDIT_SPOOL', `could not read the journal or move its cursor (${name})`, count));
    this.#cursor = showCursor(options);
    Atomics.store(this.#watch, WATCH.records, BigInt(this.#cursor.records));
    this.#reader.seek(this.#cursor);
  }

  async run(): Promise<void> {
    const { settings, context, onReady, stop } = this.#options;
    const loaded = await this.#call(() => loadCallback(settings, context));
    onReady?.();
    try {
      while (!stop.aborted && (await this.#step(loaded))) await turn();
    } finally {
      this.#reader.close();
    }
    if (loaded.form === 'full') await this.#close(loaded.callback.close.bind(loaded.callback));
  }

  /** One batch, or one wait. False: all is delivered and nothing more will come. */
  async #step(loaded: LoadedCallback): Promise<boolean> {
    const { board } = this.#options;
    // Read before `durable`: once the board is closed, `durable` moves no more.
    const closed = board.closed;
    if (!closed) await this.#linger(board.durable);
    const durable = board.durable;
    const batch = await this.#next(durable);
    if (batch === 'failed') return true;
    if (batch) await this.#give(loaded, batch);
    else this.#leaveSegment();
    if (!batch && !closed) await this.#wait(durable);
    return !(closed && !batch);
  }

  /** While little is there, batches keep their distance, so that they fill. */
  async #linger(durable: Position): Promise<void> {
    const { settings, stop } = this.#options;
    const { segment, offset } = this.#reader.position;
    const bytes = segment === durable.segment ? durable.offset - offset : settings.batchBytes;
    const ms = this.#lastBatchAt + settings.batchMs - performance.now();
    if (bytes > 0 && bytes < settings.batchBytes && ms > 0) await pause(ms, stop);
  }

  /** Reads on. A disk that fails is asked again; a segment that is gone moves the cursor, which is a fault of its own. */
  async #next(durable: Position): Promise<Batch | undefined | 'failed'> {
    const { skippedBytes } = this.#reader;
    try {
      const batch = this.#reader.next(durable);
      if (this.#reader.skippedBytes > skippedBytes) this.#spoolFaults.happened('a closed segment ends in a torn line');
      return batch;
    } catch (error) {
      this.#spoolFaults.happened(nameOf(error));
      await pause(this.#backoff.next(), this.#options.stop);
      if (nameOf(error) === 'ENOENT') this.#cursor = showCursor(this.#options);
      this.#reader.seek(this.#cursor);
      return 'failed';
    }
  }

  /** The reader has gone on to a segment that is still empty: so does the cursor, or the one before could not go. */
  #leaveSegment(): void {
    const { position } = this.#reader;
    if (position.segment > this.#cursor.segment) this.#move(position, 0);
  }

  /** Waits for the journal to move. The timer also keeps a thread alive that has nothing else to wait for. */
  async #wait(durable: Position): Promise<void> {
    const { board, stop } = this.#options;
    const moved = board.changed(durable, IDLE_MS);
    if (board.closed) return;
    const enough = new AbortController();
    await Promise.race([moved, pause(IDLE_MS, AbortSignal.any([stop, enough.signal]))]);
    enough.abort();
  }

  async #give(loaded: LoadedCallback, batch: Batch): Promise<void> {
    this.#lastBatchAt = performance.now();
    if (loaded.form === 'full') await this.#giveWhole((records) => loaded.callback.write(records), batch);
    else await this.#giveEach(loaded.take, batch);
  }

  async #giveWhole(write: (records: readonly AuditRecord[]) => Promise<void>, batch: Batch): Promise<void> {
    const { topics } = this.#options.settings;
    const wanted = topics === null ? batch.records : batch.records.filter((record) => this.#wants(record));
    if (wanted.length > 0 && !(await this.#untilTaken(() => write(wanted)))) return;
    this.#move(batch.next, batch.records.length);
  }

  /** The simple form. Where it throws, is told to stop, or takes its time, the cursor stands behind the records that are done, so these do not come twice. */
  async #giveEach(take: (record: AuditRecord) => Promise<void>, batch: Batch): Promise<void> {
    const { stop } = this.#options;
    let moved = 0;
    let movedAt = performance.now();
    const move = (count: number) => {
      const behind = batch.behind[count - 1];
      if (behind && count > moved) this.#move(behind, count - moved);
      moved = count;
      movedAt = performance.now();
    };
    for (const [index, record] of batch.records.entries()) {
      if (stop.aborted || performance.now() - movedAt > SAVE_MS) move(index);
      if (stop.aborted) return;
      if (
        this.#wants(record) &&
        !(await this.#untilTaken(
          () => take(record),
          () => move(index),
        ))
      )
        return;
    }
    move(batch.records.length);
  }

  #wants(record: AuditRecord): boolean {
    const { topics } = this.#options.settings;
    return topics === null || wantsTopic(topics, topicOf(record));
  }

  /** Tries until it goes well. False: told to stop before it did. */
  async #untilTaken(take: () => Promise<void>, refused?: () => void): Promise<boolean> {
    const { stop } = this.#options;
    for (;;) {
      try {
        await this.#call(take);
        this.#backoff.reset();
        return true;
      } catch (error) {
        if (error instanceof AuditError && error.code === 'AUDIT_CALLBACK_LOAD') throw error;
        refused?.();
        Atomics.add(this.#watch, WATCH.failures, 1n);
        this.#writeFaults.happened(nameOf(error));
      }
      await pause(this.#backoff.next(), stop);
      if (stop.aborted) return false;
    }
  }

  /** Runs code that is not ours, with the mark that it is at work. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.#watch, WATCH.calls, 1n);
    try {
      return await work();
    } finally {
      Atomics.add(this.#watch, WATCH.calls, 1n);
    }
  }

  /** File first, then board: what the board shows is never ahead of what a restart would find. A cursor that cannot be saved is saved with the next. */
  #move(position: Position, records: number): void {
    const { folder, board, index } = this.#options;
    this.#cursor = { ...position, records: this.#cursor.records + records };
    Atomics.store(this.#watch, WATCH.records, BigInt(this.#cursor.records));
    try {
      saveCursor(folder, this.#name, this.#cursor);
      board.moveCursor(index, position);
    } catch (error) {
      this.#spoolFaults.happened(nameOf(error));
    }
  }

  async #close(close: () => Promise<void>): Promise<void> {
    try {
      await this.#call(close);
    } catch (error) {
      this.#report('AUDIT_CALLBACK_FAILED', `could not close (${nameOf(error)})`, 1);
    }
  }

  #report(code: ErrorCode, what: string, count: number): void {
    this.#options.context.log.warn(`${code}: callback ${this.#name}: ${what}${count > 1 ? `, ${count} times` : ''}; it is tried again`);
    this.#options.onFault({ callback: this.#name, code, count });
  }
}
