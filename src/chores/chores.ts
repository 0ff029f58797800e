/**
 * Chores of a running proxy: retention and the archive on their schedule, and what commands ask for, one at a time, in a thread that is theirs. Receives
 * settings and a clock; says each in the audit before and after it is done, and keeps how it went. Whatever cuts one off, the next run finishes.
 */
import { randomUUID } from 'node:crypto';
import type { ChoreSettings } from '../config/chores.js';
import type { Log } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import { type ChoreBook, type ChoreName, type ChoreRun, readChores, saveChores, withRun, withTime } from '../spool/chore-runs.js';
import type { Keeper } from '../spool/evidence.js';
import { timeOf } from '../view/seek.js';
import type { Archived } from './archive.js';
import { dayOf } from './days.js';
import { type ChoreFigures, type ChoreProgress, choreFigures } from './figures.js';
import { type ArchiveRequest, boundText, type DropRequest, isRecent, keptFrom, type Range } from './requests.js';
import { isDue } from './schedule.js';
import { type ChoreTell, ChoreWorker, Interrupted } from './worker.js';

/** What of the settings chores need; asked for each time, for a reload changes them. */
export interface ChoreGround {
  /** SPOOL_DIR. */
  readonly folder: string;
  readonly keepers: readonly Keeper[];
  readonly configFolder: string;
  readonly chores: ChoreSettings;
  readonly retentionDays: number | null;
  readonly archive: { readonly dir: string; readonly name: string };
}

/** A record of the node that chores write. */
export interface ChoreFact {
  readonly topic: 'access.drop' | 'access.export';
  readonly data: { readonly [name: string]: unknown };
}

export interface ChoresOptions {
  readonly ground: () => ChoreGround;
  /** Writes a record of the node; true once it is durable. */
  readonly declare: (fact: ChoreFact) => Promise<boolean>;
  /** Puts an `audit.fault` into the audit. */
  readonly fault: (code: 'chore-late' | 'chore-failed') => void;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** No callback runs: the last day of the store is over too. */
  readonly alone?: boolean;
}

export interface Dropped {
  readonly records: number;
}

export interface ArchivedTo extends Archived {
  /** The first day that is not archived, for it or what is asked for ends there; its beginning, milliseconds since 1970. */
  readonly to: number;
}

/** How often it is looked whether one is due; the first time so long after the start. Milliseconds. */
const LOOK_MS = 60_000;
const DAILY = ['archive', 'retain'] as const;
type Daily = (typeof DAILY)[number];

const nothing = (): void => undefined;

interface Current extends ChoreProgress {
  readonly name: ChoreName;
  readonly worker: ChoreWorker;
}

export class Chores {
  readonly #options: ChoresOptions;
  #book: ChoreBook;
  #current: Current | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #stopping = false;

  constructor(options: ChoresOptions) {
    this.#options = options;
    this.#book = readChores(options.ground().folder);
  }

  /** Begins to look at the clock. */
  start(everyMs: number = LOOK_MS): void {
    this.#timer = setInterval(() => void this.look(), everyMs);
    this.#timer.unref();
  }

  /** Does what is due, one after the other. Never rejects: what goes wrong is said. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (const name of DAILY) if (!this.#stopping && this.#isDue(name)) await this.#onSchedule(name);
    this.#looking = false;
  }

  #isDue(name: Daily): boolean {
    const { chores, retentionDays } = this.#options.ground();
    const { at } = chores[name];
    if (!at || (name === 'retain' && retentionDays === null)) return false;
    const { since } = this.#book.chores[name];
    const now = this.#options.now();
    if (since !== undefined) return isDue(at, since, now);
    // New on the schedule: it begins with the next time that comes.
    this.#keep(withTime(this.#book, name, now));
    return false;
  }

  async #onSchedule(name: Daily): Promise<void> {
    const began = this.#options.now();
    try {
      await (name === 'retain' ? this.#retain() : this.#archiveOnSchedule());
    } catch (error) {
      if (error instanceof Interrupted) return;
      if (!(name === 'retain' && nameOf(error) === 'AUDIT_STORE_NONE')) this.#failed(name, error);
    }
    this.#keep(withTime(this.#book, name, began));
  }

  #failed(name: Daily, error: unknown): void {
    const text = error instanceof AuditError ? `${error.code}: ${error.message}` : `AUDIT_CHORE: ${nameOf(error)}`;
    this.#options.log.warn(`${text} (the chore ${name}); it is tried again at its next time`);
    this.#options.fault('chore-failed');
  }

  /** Drops what is older than RETENTION_DAYS; where the archive is on the schedule, nothing that it has not written yet. */
  #retain(): Promise<Dropped> {
    const { retentionDays, chores } = this.#options.ground();
    const kept = keptFrom(retentionDays, this.#options.now()) ?? 0;
    const to = chores.archive.at ? Math.min(kept, this.#book.archivedTo ?? 0) : kept;
    return this.#run('retain', nothing, async (worker) => {
      const { oldest } = await worker.look();
      if (oldest === null || timeOf(oldest) >= to) return { records: 0 };
      return this.#drop(worker, { from: null, to, keepSessions: false, by: 'the chore retain' });
    });
  }

  async #archiveOnSchedule(): Promise<void> {
    const { reset } = this.#options.ground().chores.archive;
    const from = this.#book.archivedTo;
    const { to } = await this.#archive({ from, to: null, reset, by: 'the chore archive' }, 'chore', nothing);
    this.#book = { ...this.#book, archivedTo: Math.max(to, from ?? 0) };
  }

  /**
   * Drops days from the store.
   * @throws AuditError AUDIT_USAGE where RETENTION_DAYS keeps them and `recent` is not asked for, AUDIT_STORE_NONE, AUDIT_CHORE
   */
  async drop({ recent, ...request }: DropRequest, tell: ChoreTell): Promise<Dropped> {
    const { retentionDays } = this.#options.ground();
    if (!recent && isRecent(request, retentionDays, this.#options.now())) {
      throw new AuditError(
        'AUDIT_USAGE',
        `RETENTION_DAYS = ${retentionDays ?? 'None'} keeps some of these days; say --recent to drop them all the same`,
      );
    }
    return this.#run('drop', tell, (worker) => this.#drop(worker, request));
  }

  async #drop(worker: ChoreWorker, { by, ...task }: Omit<DropRequest, 'recent'>): Promise<Dropped> {
    const said = { by, from: boundText(task.from), to: boundText(task.to), keep_sessions: task.keepSessions };
    await this.#declare(worker, { topic: 'access.drop', data: { ...said, records: null } });
    const records = await worker.drop(task);
    await this.#declare(worker, { topic: 'access.drop', data: { ...said, records } });
    return { records };
  }

  /** Writes days that are over to the archive, and drops them where `reset` is asked for. Throws AUDIT_STORE_NONE, AUDIT_CHORE. */
  archive(request: ArchiveRequest, tell: ChoreTell): Promise<ArchivedTo> {
    return this.#archive(request, 'command', tell);
  }

  #archive({ by, reset, ...range }: ArchiveRequest, how: 'command' | 'chore', tell: ChoreTell): Promise<ArchivedTo> {
    const { archive } = this.#options.ground();
    return this.#run('archive', tell, async (worker) => {
      const days = await this.#daysOver(worker, range);
      if (days.from >= days.to) return { records: 0, files: [], dropped: 0, to: Math.min(days.from, days.to) };
      const bounds = { from: boundText(days.from), to: boundText(days.to) };
      const look = { by, how, method: 'archive', look: randomUUID(), ...bounds, format: 'jsonl' };
      const drop = { by, ...bounds, keep_sessions: false };
      await this.#declare(worker, { topic: 'access.export', data: { ...look, records: null } });
      if (reset) await this.#declare(worker, { topic: 'access.drop', data: { ...drop, records: null } });
      const done = await worker.archive({ ...days, ...archive, reset });
      await this.#declare(worker, { topic: 'access.export', data: { ...look, records: done.records } });
      if (reset) await this.#declare(worker, { topic: 'access.drop', data: { ...drop, records: done.dropped } });
      return { ...done, to: days.to };
    });
  }

  /** Days of a range that nothing more comes to: today is not over, nor is a day that the store is not past. */
  async #daysOver(worker: ChoreWorker, { from, to }: Range): Promise<{ readonly from: number; readonly to: number }> {
    const { oldest, newest } = await worker.look();
    if (oldest === null || newest === null) return { from: 0, to: 0 };
    const today = dayOf(this.#options.now());
    const over = this.#options.alone ? today : Math.min(today, dayOf(timeOf(newest)));
    return { from: Math.max(from ?? 0, dayOf(timeOf(oldest))), to: Math.min(to ?? over, over) };
  }

  /** A disk that takes no record holds up nobody who must not meet this chore. */
  async #declare(worker: ChoreWorker, fact: ChoreFact): Promise<void> {
    if (!(await Promise.race([this.#options.declare(fact), worker.over]))) throw new Interrupted();
  }

  /** One at a time: what comes meanwhile waits for its turn. */
  #run<T extends { readonly records: number }>(name: ChoreName, tell: ChoreTell, work: (worker: ChoreWorker) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      if (this.#stopping) throw new Interrupted();
      const { keepers, configFolder } = this.#options.ground();
      const worker = new ChoreWorker({ keepers, configFolder }, (done, all) => {
        if (this.#current?.worker === worker) this.#current = { ...this.#current, done, all };
        tell(done, all);
      });
      this.#current = { name, worker, at: this.#options.now(), done: 0, all: 0 };
      try {
        return await this.timed(name, () => work(worker));
      } finally {
        this.#current = undefined;
        await worker.end();
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(nothing);
    return turn;
  }

  /** Does what counts as a chore, and keeps how long it took; where it takes longer than it may, that is said. */
  async timed<T extends { readonly records: number }>(name: ChoreName, work: () => Promise<T>): Promise<T> {
    const at = this.#options.now();
    const begun = performance.now();
    const late = this.#lateTimer(name);
    const ended = (result: string, records: number): void => {
      clearTimeout(late);
      // Retention is on the schedule of everybody, whether they have a store or not.
      if (result !== 'AUDIT_STORE_NONE') this.#keep(withRun(this.#book, name, { at, ms: Math.round(performance.now() - begun), records, result }));
    };
    try {
      const done = await work();
      ended('done', done.records);
      return done;
    } catch (error) {
      ended(error instanceof Interrupted ? 'interrupted' : nameOf(error), 0);
      throw error;
    }
  }

  /** Keeps how one went that another process did. */
  ran(name: ChoreName, run: ChoreRun): void {
    this.#keep(withRun(this.#book, name, run));
  }

  #lateTimer(name: ChoreName): NodeJS.Timeout | undefined {
    if (name !== 'retain' && name !== 'archive') return undefined;
    const { limitS } = this.#options.ground().chores[name];
    const late = (): void => {
      this.#options.log.warn(`AUDIT_CHORE: the chore ${name} takes longer than its limit_s, ${limitS} s; it goes on`);
      this.#options.fault('chore-late');
    };
    return setTimeout(late, limitS * 1000).unref();
  }

  /** Does `work` while no chore runs: one that does is cut off, and goes on later. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#inTurn(work);
    await this.#current?.worker.end();
    return turn;
  }

  get figures(): ChoreFigures[] {
    return choreFigures(this.#book, this.#options.ground(), this.#current ? { [this.#current.name]: this.#current } : {});
  }

  #keep(book: ChoreBook): void {
    this.#book = book;
    const { folder } = this.#options.ground();
    this.#saving = this.#saving
      .then(() => saveChores(folder, book))
      .catch((error: unknown) => this.#options.log.warn(`AUDIT_SPOOL: ${folder}/chores cannot be written (${nameOf(error)}); check its disk`));
  }

  /** Cuts off what runs. Resolves when nothing of it runs any more, and what is known is kept. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#current?.worker.end();
    await this.#turn;
    await this.#saving;
  }
}
