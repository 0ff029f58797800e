/**
 * Delivers the journal to one callback, at least once and in order. Receives what is durable (told by the board), gives batches to the callback, and
 * moves its cursor behind what it took. Owns no queue: the journal is the queue. A callback that throws gets the same records again; given up is only
 * what it refuses, or what it is proven to fail on (poison.ts), and only once that is declared. No text of a record stands in any log or report.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { AuditRecord, Callback } from '../../contract.js';
import { nameOf } from '../../errors.js';
import type { Position } from '../board.js';
import { formOf } from '../forms/forms.js';
import { Backoff, pause } from '../retry.js';
import { Careful } from './careful.js';
import type { Care } from './deaths.js';
import { call, type Declare, Giver } from './giver.js';
import { type LoadedCallback, loadCallback } from './load.js';
import { Place, type PlaceOptions, report } from './place.js';
import { sift } from './poison.js';
import { isWanted, Portion } from './portion.js';
import { type Batch, JournalReader } from './reader.js';
import { trailOf } from './trail.js';
import { HOW, type How, WATCH, Watch } from './watch.js';

export type { DeliveryFault } from './place.js';

export interface DeliveryOptions extends PlaceOptions {
  /** Told once when the callback is loaded and its cursor placed. */
  readonly onReady?: () => void;
  /** Told the name of each error that the callback throws. */
  readonly onError?: (name: string) => void;
  /** Absent: as one that says no. A record that the callback refuses then ends the delivery, with the cursor in front of it. */
  readonly declare?: Declare;
  /** Aborted: finish the batch under way, close, leave the rest to the next start. */
  readonly stop: AbortSignal;
  readonly watch?: Watch;
  /** Where threads before this one have died. */
  readonly care?: Care;
}

/** Safety net: a wake-up that got lost costs no more than this. */
const IDLE_MS = 1_000;

/** Where records are given one by one, the cursor is saved so often: what a crash doubles is no more than this took. */
const SAVE_MS = 100;

/** Tries in a row before it is looked for a record that is at fault, and after each try from then on: some three seconds. */
const TRIES = 6;

/** Between two tries while that is looked for. */
const SIFT_MS = 1_000;

/** A wait for another try looks so often whether the node stops; then it is over, and the next ones are no longer than this. */
const LOOK_MS = 250;

/**
 * Delivers until the board is closed and everything is delivered, or until `stop`. Then the callback is closed, once.
 * Throws AUDIT_CALLBACK_LOAD or AUDIT_CALLBACK_FAILED where the callback does not load, and what the disk throws where its cursor cannot be placed.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { settings, context, onReady, watch = new Watch() } = options;
  const place = new Place(options, watch);
  const loaded = await call(watch, () => loadCallback(settings, context));
  onReady?.();
  await new Delivery({ ...options, watch }, loaded, place).run();
}

class Delivery {
  readonly #options: DeliveryOptions & { readonly watch: Watch };
  readonly #loaded: LoadedCallback;
  readonly #place: Place;
  readonly #giver: Giver;
  readonly #reader: JournalReader;
  readonly #careful: Careful;
  readonly #backoff = new Backoff();
  #lastBatchAt = Number.NEGATIVE_INFINITY;

  constructor(options: DeliveryOptions & { readonly watch: Watch }, loaded: LoadedCallback, place: Place) {
    const { settings, folder, context, watch, declare, stop, onError = () => undefined } = options;
    const { name, format, fields, batchRecords, batchBytes } = settings;
    this.#options = options;
    this.#loaded = loaded;
    this.#place = place;
    this.#reader = new JournalReader(folder, { maxRecords: batchRecords, maxBytes: batchBytes });
    this.#careful = new Careful(options.care, batchRecords);
    this.#giver = new Giver(loaded, {
      ...{ folder, name, watch, declare, stop, onError },
      form: formOf(format, fields),
      rest: () => this.#rest(),
      onAnswer: () => this.#backoff.reset(),
      report: (code, what, count) => report(options, code, what, count),
      tell: (what) => context.log.warn(`AUDIT_CALLBACK_FAILED: callback ${name}: ${what}`),
    });
    if (loaded.form === 'full') place.trailBy(trailOf(loaded.callback.trail));
    this.#reader.seek(place.taken);
  }

  async run(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#step())) await turn();
    } finally {
      this.#reader.close();
    }
    if (this.#loaded.form === 'full') await this.#close(this.#loaded.callback);
  }

  get #stopped(): boolean {
    return this.#options.stop.aborted || this.#giver.halted;
  }

  /** One batch, or one wait. False: all is delivered and nothing more will come. */
  async #step(): Promise<boolean> {
    const { board } = this.#options;
    // Read before `durable`: once the board is closed, `durable` moves no more.
    const closed = board.closed;
    if (!closed) await this.#linger(board.durable);
    const durable = board.durable;
    if (this.#place.heedFloor()) this.#reader.seek(this.#place.taken);
    this.#place.yieldTrail();
    const batch = await this.#next(durable);
    if (batch === 'failed') return true;
    if (batch) await this.#give(new Portion(batch, this.#options.settings.topics));
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

  /** Reads on. A disk that fails is asked again; a segment that is gone moves the cursor. */
  async #next(durable: Position): Promise<Batch | undefined | 'failed'> {
    const { skippedBytes } = this.#reader;
    try {
      const batch = this.#reader.next(durable);
      if (this.#reader.skippedBytes > skippedBytes) this.#place.failed('a closed segment ends in a torn line');
      return batch;
    } catch (error) {
      // Given up between the look at the floor and the opening of the file.
      if (!this.#place.heedFloor()) {
        this.#place.failed(nameOf(error));
        await this.#rest();
        if (nameOf(error) === 'ENOENT') this.#place.replace();
      }
      this.#reader.seek(this.#place.taken);
      return 'failed';
    }
  }

  /** The reader has gone on to a segment that is still empty: so does the cursor, or the one before could not go. */
  #leaveSegment(): void {
    const { position } = this.#reader;
    if (position.segment > this.#place.taken.segment) this.#place.move({ position, records: 0, given: 0 });
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

  /** Waits before another try, longer each time, `mostMs` at most; only shortly once the node stops, for then there is not much time left. */
  async #rest(mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { board, stop } = this.#options;
    const end = performance.now() + Math.min(this.#backoff.next(), mostMs);
    for (let leftMs = end - performance.now(); leftMs > 0 && !stop.aborted; leftMs = end - performance.now()) {
      await pause(Math.min(leftMs, LOOK_MS), stop);
      if (board.closed) return;
    }
  }

  /** Gives a batch: in one go, or record by record. What is not done with at the end of this is read again, with what came since. */
  async #give(portion: Portion): Promise<void> {
    this.#lastBatchAt = performance.now();
    let savedAt = this.#lastBatchAt;
    while (portion.left > 0 && !this.#isOver(portion)) {
      if (this.#careful.howAt(portion.here) !== HOW.usual || performance.now() - savedAt > SAVE_MS) {
        this.#save(portion);
        savedAt = performance.now();
      }
      const count = Math.min(portion.left, this.#loaded.form === 'full' ? this.#careful.sizeOf(portion) : 1);
      const done = await this.#insist(portion, portion.next(count));
      portion.advance(done);
      if (done < count) break;
    }
    this.#save(portion);
    if (portion.left > 0) this.#reader.seek(this.#place.taken);
  }

  #save(portion: Portion): void {
    const progress = portion.progress();
    if (progress) this.#place.move(progress);
  }

  #isOver(portion: Portion): boolean {
    return this.#stopped || this.#place.isGivenUp(portion.end);
  }

  /** Tries until it goes well, or until it is known which record is at fault. Gives how many of `part`, the next of the portion, are done with. */
  async #insist(portion: Portion, part: readonly AuditRecord[]): Promise<number> {
    if (this.#careful.isFatal(portion.here)) return (await this.#giver.bury([{ record: part[0] as AuditRecord, reason: 'fatal' }])) ? 1 : 0;
    for (;;) {
      if (await this.#once(portion, part)) return part.length;
      this.#save(portion);
      if (this.#isOver(portion)) return 0;
      await this.#rest();
      if (this.#isOver(portion)) return 0;
      if (this.#giver.blames && this.#options.watch.get(WATCH.retries) >= TRIES) return this.#sift(portion, part);
    }
  }

  /** Gives `part`, the next of the portion, once. */
  async #once(portion: Portion, part: readonly AuditRecord[]): Promise<boolean> {
    const at = portion.here;
    const how = this.#careful.isSuspect(at) ? await this.#probe(portion, part) : this.#careful.howAt(at);
    const taken = await this.#giver.once(part, at, how);
    if (taken && how !== HOW.usual) this.#careful.passed();
    return taken;
  }

  /** A record that has killed threads: if the callback takes the one behind it, and this one kills again, then it is this one. */
  async #probe(portion: Portion, part: readonly AuditRecord[]): Promise<How> {
    const behind = this.#behind(portion, part);
    const probed = behind !== undefined && (await this.#giver.once([behind], portion.placeBehind(part.length), HOW.probe));
    return probed ? HOW.probed : HOW.alone;
  }

  /** Finds what of `part` is at fault, and buries it if that is proven. Gives how many are done with. */
  async #sift(portion: Portion, part: readonly AuditRecord[]): Promise<number> {
    const give = async (records: readonly AuditRecord[]) => {
      if (this.#isOver(portion)) return false;
      const taken = await this.#giver.once(records, portion.here);
      if (!taken) await this.#rest(SIFT_MS);
      return taken;
    };
    const { taken, poison } = await sift(part, { give, behind: () => this.#behind(portion, part) });
    if (!poison || !this.#giver.blames || this.#isOver(portion)) return taken;
    return (await this.#giver.buryPoison(part[taken] as AuditRecord)) ? taken + 1 : taken;
  }

  /** The record that the callback would be given behind `part`, the next of the portion. */
  #behind(portion: Portion, part: readonly AuditRecord[]): AuditRecord | undefined {
    const { folder, board, settings } = this.#options;
    const [next] = portion.next(part.length + 1).slice(part.length);
    if (next) return next;
    const reader = new JournalReader(folder, { maxRecords: 1, maxBytes: settings.batchBytes });
    reader.seek(portion.end);
    try {
      for (let batch = reader.next(board.durable); batch; batch = reader.next(board.durable)) {
        const [record] = batch.records;
        if (record && isWanted(settings.topics, record)) return record;
      }
    } catch (error) {
      this.#place.failed(nameOf(error));
    } finally {
      reader.close();
    }
    return undefined;
  }

  async #close(callback: Callback): Promise<void> {
    try {
      await call(this.#options.watch, () => callback.close());
    } catch (error) {
      report(this.#options, 'AUDIT_CALLBACK_FAILED', `could not close (${nameOf(error)})`, 1);
    }
  }
}
