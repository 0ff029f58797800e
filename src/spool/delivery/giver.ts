/**
 * Gives records to a callback, once, and says what came of it; buries those that it can never take: dead letters, then the gap that declares them. Never
 * waits for a callback that fails, and never gives up a record on its own: delivery.ts decides. Code that is not ours runs in `call` alone.
 */
import type { AuditRecord } from '../../contract.js';
import { AuditError, type ErrorCode, nameOf } from '../../errors.js';
import type { Position } from '../board.js';
import { Rarely, unlessAborted } from '../retry.js';
import { appendDead, type DeadGap, type DeadLetter, gapsOf, refusedIn, tellsOfDead } from './dead-letters.js';
import type { LoadedCallback } from './load.js';
import { maySpeakOfRecord } from './poison.js';
import { HOW, type How, WATCH, type Watch } from './watch.js';

/** A record of the node's own that a delivery has to make, for what its callback will not get. True once it is durable; false: that cannot be any more. */
export type Declare = (fact: { readonly topic: 'audit.gap'; readonly data: { readonly [name: string]: unknown } }) => Promise<boolean>;

export interface GiverOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  readonly name: string;
  readonly watch: Watch;
  /** What the callback gets instead of a record of the journal; undefined: that itself. */
  readonly form: ((record: AuditRecord) => AuditRecord) | undefined;
  readonly declare: Declare | undefined;
  readonly stop: AbortSignal;
  /** Waits a little, longer each time. */
  readonly rest: () => Promise<void>;
  /** Says a failure to the operator and in the audit. */
  readonly report: (code: ErrorCode, what: string, count: number) => void;
  /** Says to the operator what is done for good. */
  readonly tell: (message: string) => void;
  /** Told that the callback works: the next wait may be the shortest again. */
  readonly onAnswer: () => void;
  /** Told the name of each error of the callback. */
  readonly onError: (name: string) => void;
}

/** Runs code that is not ours, with the mark that it is at work. */
export async function call<T>(watch: Watch, work: () => Promise<T>): Promise<T> {
  watch.add(WATCH.calls);
  try {
    return await work();
  } finally {
    watch.add(WATCH.calls);
  }
}

export class Giver {
  readonly #options: GiverOptions;
  readonly #write: (records: readonly AuditRecord[]) => Promise<void>;
  readonly #failures: Rarely;
  readonly #deadFailures: Rarely;
  readonly #buried: Rarely;
  #lastError = '';
  /** What it cannot take can no longer be declared, so nothing behind it may be given: the rest is for the next start. */
  halted = false;
  /** The last error may be a record's fault. */
  blames = false;

  constructor(loaded: LoadedCallback, options: GiverOptions) {
    this.#options = options;
    this.#write = loaded.form === 'full' ? (records) => loaded.callback.write(records) : (records) => oneByOne(loaded.take, records);
    this.#failures = new Rarely((name, count) => options.report('AUDIT_CALLBACK_FAILED', `could not write (${name})`, count));
    this.#deadFailures = new Rarely((name, count) => options.report('AUDIT_SPOOL', `could not write its dead letters (${name})`, count));
    this.#buried = new Rarely((why, count) => options.tell(`cannot take ${count} of its records (${why}); they are in its dead letters`));
  }

  /**
   * Gives records of the journal, the first of which stands at `at`. True: all are taken, or those that are not are buried.
   * Throws AUDIT_CALLBACK_LOAD where the callback turns out to be of another form.
   */
  async once(records: readonly AuditRecord[], at: Position, how: How = HOW.usual): Promise<boolean> {
    const { watch, form } = this.#options;
    let given = records;
    watch.begins(at, how);
    try {
      given = form ? records.map(form) : records;
      await call(watch, () => this.#write(given));
    } catch (error) {
      watch.ends();
      const refused = refusedIn(error, given);
      return refused ? this.#refused(records, refused) : this.#failed(error);
    }
    watch.ends();
    this.#answered();
    return true;
  }

  #failed(error: unknown): false {
    if (error instanceof AuditError && error.code === 'AUDIT_CALLBACK_LOAD') throw error;
    const { watch, onError } = this.#options;
    this.#lastError = nameOf(error);
    this.blames = maySpeakOfRecord(error);
    watch.add(WATCH.failures);
    watch.add(WATCH.retries);
    this.#failures.happened(this.#lastError);
    onError(this.#lastError);
    return false;
  }

  async #refused(records: readonly AuditRecord[], reasons: ReadonlyMap<number, string>): Promise<boolean> {
    const inOrder = [...reasons].sort(([a], [b]) => a - b);
    const dead = inOrder.map(([index, reason]) => ({ record: records[index] as AuditRecord, reason }));
    // The gap that tells of a refused gap may be refused as well: that goes on for as long as it does, but slowly.
    if (dead.length === records.length && dead.every(({ record }) => tellsOfDead(record, this.#options.name))) await this.#options.rest();
    else this.#answered();
    return this.bury(dead);
  }

  #answered(): void {
    this.#options.watch.set(WATCH.retries, 0);
    this.#options.onAnswer();
  }

  /** The callback fails on one record alone. */
  buryPoison(record: AuditRecord): Promise<boolean> {
    return this.bury([{ record, reason: 'refused' }], this.#lastError);
  }

  /** Keeps records as dead letters, in the order given, and declares them. False: told to stop before that was durable. */
  async bury(dead: readonly DeadLetter[], error?: string): Promise<boolean> {
    const { name, watch } = this.#options;
    const declared = (await this.#keep(dead)) && (await this.#declare(gapsOf(name, dead)));
    if (!declared) {
      this.halted = true;
      return false;
    }
    watch.add(WATCH.dead, dead.length);
    const why = [...new Set(dead.map(({ reason }) => reason)), ...(error ? [error] : [])].join(', ');
    this.#buried.happened(why, dead.length);
    return true;
  }

  async #keep(dead: readonly DeadLetter[]): Promise<boolean> {
    const { folder, name, rest, stop } = this.#options;
    const records = dead.map(({ record }) => record);
    while (!stop.aborted) {
      try {
        appendDead(folder, name, records);
        return true;
      } catch (error) {
        this.#deadFailures.happened(nameOf(error));
        await rest();
      }
    }
    return false;
  }

  async #declare(gaps: readonly DeadGap[]): Promise<boolean> {
    const { declare, stop } = this.#options;
    for (const data of gaps) {
      if (!declare || !(await unlessAborted(declare({ topic: 'audit.gap', data: { ...data } }), stop))) return false;
    }
    return true;
  }
}

async function oneByOne(take: (record: AuditRecord) => Promise<void>, records: readonly AuditRecord[]): Promise<void> {
  for (const record of records) await take(record);
}
