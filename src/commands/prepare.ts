/**
 * `wirescribe prepare`: creates the store, and fills it from audit files, an archive or the journal. Receives the command's options, gives the records to
 * the callback that keeps the store, through its own `write`, in the order of their ids; so it may be run again, and beside a proxy that fills the same
 * store. Prints counts, never a text.
 */

import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import type { AuditRecord, CallbackContext, Log, RefusedRecords } from '../contract.js';
import { AuditError, EXIT, nameOf } from '../errors.js';
import { makeRecord, topicOf, wantsTopic } from '../spool/delivery/audit-record.js';
import { type CallbackSettings, type LoadedCallback, loadCallback } from '../spool/delivery/load.js';
import { lockFilling } from '../spool/filling.js';
import type { Lock } from '../spool/lock.js';
import type { Store } from '../store-contract.js';
import { openStoresOf } from '../threads/open-store.js';
import { closeAll, inOrder, type Ordered, openSource, openSpool } from '../view/verify-files.js';
import { readMerged, type Taker } from '../view/verify-merge.js';
import { FillProgress } from './fill-progress.js';
import { keepRun } from './prepare-run.js';

/** Given to the store at a time, at most: few enough to hold, many enough that one fsync for them costs little. */
const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 4 << 20;
const ID = Buffer.from('"id":"');
/** The id stands right behind the version. */
const ID_WITHIN = 40;
const LINE_END = Buffer.from('\n');

export interface PrepareOptions {
  readonly print: (text: string) => Promise<number>;
  readonly log: Log;
}

/** A store, and the callback that fills it. */
interface Filled {
  readonly settings: CallbackSettings;
  readonly store: Store;
  readonly callback: LoadedCallback;
}

/**
 * Runs the command. Gives the exit code. Throws AUDIT_USAGE, AUDIT_STORE_NONE, AUDIT_VERIFY_INPUT for a file, AUDIT_CALLBACK_... for the store,
 * AUDIT_SPOOL_OWNED where a redaction goes on.
 */
export async function prepareCommand(line: CommandLine, settings: Settings, options: PrepareOptions): Promise<number> {
  const { values, words, flags } = line;
  const files = [...(values.get('from') ?? []), ...words];
  if (flags.has('spool') && files.length > 0) throw new AuditError('AUDIT_USAGE', "'prepare' wants either --from FILE... or --spool");
  if (words.length > 0 && !values.has('from')) throw new AuditError('AUDIT_USAGE', `'prepare' wants --from in front of files`);
  const lock = locked(settings.spool.dir);
  try {
    return await prepare(flags, files, settings, options);
  } finally {
    lock.release();
  }
}

function locked(folder: string): Lock {
  let lock: Lock | undefined;
  try {
    lock = lockFilling(folder);
  } catch (error) {
    throw new AuditError('AUDIT_SPOOL', `${folder}/filling cannot be made (${nameOf(error)}); prepare as the user whose spool that is`);
  }
  if (lock) return lock;
  throw new AuditError('AUDIT_SPOOL_OWNED', `a redaction goes on in ${folder}, or another \`prepare\`; run it again when that has ended`);
}

async function prepare(flags: CommandLine['flags'], files: readonly string[], settings: Settings, { print, log }: PrepareOptions): Promise<number> {
  const spool = flags.has('spool');
  const [at, begun] = [Date.now(), performance.now()];
  const ended = (records: number, result: string) => keepRun(settings, { at, ms: Math.round(performance.now() - begun), records, result });
  const filled = await openAll(settings, log);
  const sources = spool ? await openSpool(settings.spool.dir) : await openFiles(files);
  const progress = new FillProgress(
    process.stderr,
    sources.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const filler = new Filler(filled, progress);
  try {
    const before = await recordsIn(filled);
    await readMerged(sources, filler);
    await filler.flush();
    progress.clear();
    await ended(filler.records, 'done');
    const { records, unread } = filler;
    const fresh = (await recordsIn(filled)) - before;
    await print(flags.has('json') ? `${JSON.stringify({ records, new: fresh, unread })}\n` : reportOf(records, fresh, unread));
    return sources.length > 0 && records === 0 ? EXIT.no : EXIT.done;
  } catch (error) {
    await ended(filler.records, nameOf(error));
    throw error;
  } finally {
    progress.clear();
    await closeAll(sources);
    for (const { callback, store } of filled) {
      if (callback.form === 'full') await callback.callback.close();
      await store.close();
    }
  }
}

function reportOf(records: number, fresh: number, unread: number): string {
  const left = unread === 0 ? '' : `${unread} lines are no records, or damaged, and were left out; \`verify\` shows where\n`;
  return `${records} records read, ${fresh} of them new\n${left}`;
}

/** How many records all of them hold. */
async function recordsIn(filled: readonly Filled[]): Promise<number> {
  let sum = 0;
  for (const { store } of filled) sum += (await store.figures()).records;
  return sum;
}

async function openAll({ callbacks, folder, node }: Settings, log: Log): Promise<Filled[]> {
  const stores = await openStoresOf(callbacks, folder);
  if (stores.length === 0) throw new AuditError('AUDIT_STORE_NONE', "no callback keeps records that can be searched; add 'store' to AUDIT_CALLBACK");
  const filled: Filled[] = [];
  for (const settings of callbacks) {
    const { store } = stores.find(({ name }) => name === settings.name) ?? {};
    const context: CallbackContext = { name: settings.name, node, folder, log, signal: new AbortController().signal };
    if (store) filled.push({ settings, store, callback: await loadCallback(settings, context) });
  }
  return filled;
}

async function openFiles(files: readonly string[]): Promise<Ordered[]> {
  const sources = [];
  try {
    for (const file of files) sources.push(await openSource(file));
    return await inOrder(sources);
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
}

/** Passes lines on as records, some at a time. */
class Filler implements Taker {
  records = 0;
  /** Lines that are no records, or damaged. */
  unread = 0;
  readonly #filled: readonly Filled[];
  readonly #progress: FillProgress;
  #lines: Buffer[] = [];
  #bytes = 0;

  constructor(filled: readonly Filled[], progress: FillProgress) {
    this.#filled = filled;
    this.#progress = progress;
  }

  line(line: Buffer | undefined): void {
    if (line?.length === 0) return;
    if (!line?.subarray(0, ID_WITHIN).includes(ID)) {
      this.unread++;
      return;
    }
    this.#lines.push(line, LINE_END);
    this.#bytes += line.length + 1;
  }

  /** What stands behind the last line end is being written, or was torn. */
  ended(_file: Ordered, _index: number, { broken }: { readonly broken?: string }): void {
    if (broken !== undefined) this.unread++;
  }

  readonly onBytes = (bytes: number): void => this.#progress.read(bytes, this.records);

  async passedOn(): Promise<void> {
    if (this.#lines.length >= 2 * BATCH_RECORDS || this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const lines = this.#lines;
    if (lines.length === 0) return;
    const records = recordsOf(lines);
    this.#lines = [];
    this.#bytes = 0;
    let refused = 0;
    for (const one of this.#filled) refused = Math.max(refused, await give(one, records));
    this.unread += refused;
    this.records += records.length - refused;
  }
}

/** Records over lines that each have their line end behind them. */
function recordsOf(lines: readonly Buffer[]): AuditRecord[] {
  const bytes = Buffer.concat(lines);
  const records: AuditRecord[] = [];
  for (let index = 0, start = 0; index < lines.length; index += 2) {
    const end = start + (lines[index] as Buffer).length + 1;
    records.push(makeRecord(bytes, start, end));
    start = end;
  }
  return records;
}

/** Gives how many were refused. */
async function give({ settings, callback }: Filled, all: readonly AuditRecord[]): Promise<number> {
  const records = all.filter((record) => wantsTopic(settings.topics, topicIn(record)));
  try {
    if (callback.form === 'full') await callback.callback.write(records);
    else for (const record of records) await callback.take(record);
    return 0;
  } catch (error) {
    if (error instanceof Error && error.name === 'RefusedRecords') return (error as RefusedRecords).refused.length;
    const what = error instanceof Error && error.name === 'StoreError' ? error.message : nameOf(error);
    throw new AuditError(
      'AUDIT_CALLBACK_FAILED',
      `callback ${settings.name}: ${what}; what was taken until now stands, and \`prepare\` can be run again`,
    );
  }
}

/** The topic of a record; '' where its line is damaged, which the callback refuses. */
function topicIn(record: AuditRecord): string {
  try {
    return topicOf(record);
  } catch {
    return '';
  }
}
