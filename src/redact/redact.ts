/**
 * `redact`: erases what was recorded and keeps the proof (DESIGN 7, "Erasure"). Receives a request and what must stand still meanwhile. First looks while
 * all goes on; then everything until now is closed and held, callbacks are stopped, what is new is looked at, `access.redact` durable, places rewritten,
 * `access.redact` done, and all goes on. Looks and rewrites in a thread of its own. Never shows a text.
 */
import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { NodeFact } from '../audit/auditor-data.js';
import { AuditError, type ErrorCode } from '../errors.js';
import type { Keeper } from '../spool/evidence.js';
import { lockFilling } from '../spool/filling.js';
import type { Lock } from '../spool/lock.js';
import type { ErasedPart } from '../spool/redact/erase.js';
import { dropPending, keepPending, type Redaction, readPending } from '../spool/redact/pending.js';
import { noSelection, type RedactRequest } from '../spool/redact/select.js';
import { pause } from '../spool/retry.js';
import type { Looked, RedactData, RedactStep, StepMessage } from './redact-thread.js';

/** Where records may stand. */
export interface Ground {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** Who may keep files, and where relative paths in their options start. */
  readonly keepers: readonly Keeper[];
  readonly configFolder: string;
  /** ARCHIVE_DIR and ARCHIVE_NAME. */
  readonly archive: { readonly dir: string; readonly name: string };
  /** Aborted when the proxy cannot wait any longer: what was begun is left to the next start. */
  readonly signal: AbortSignal;
}

/** And what must stand still while places are rewritten. */
export interface StandStill extends Ground {
  /** Closes what is written until now; gives the number of the segment that is written from here on. Until `release` no segment goes. */
  hold(): Promise<number>;
  release(): Promise<void>;
  /** Ends the callbacks' threads, and starts them again. */
  stopCallbacks(): Promise<void>;
  startCallbacks(): void;
  /** Writes a record of the node; true once it is durable. */
  declare(fact: NodeFact): Promise<boolean>;
}

export interface Redacted {
  readonly request: string | null;
  /** Records that were meant, each counted once. */
  readonly records: number;
  /** Lines that were changed, in all places. */
  readonly lines: number;
  /** Lines that are no records, or damaged: nobody can say what they hold, and they were left as they are. */
  readonly unread: number;
}

export type Stage = 'looking' | 'erasing';

/** Told how far it is: files done of how many. */
export type Tell = (stage: Stage, done: number, all: number) => void;

/** Hashes in one record (DESIGN 7). */
const HASHES_EACH = 500;
/** What the cut, and a record of it, may take to become durable: a disk that is full gets no room while all stands still. */
const DURABLE_MS = 60_000;

/** How often it is looked whether `prepare` has ended. */
const FILLED_MS = 100;

const AGAIN = 'mend that and run any `redact` again, or start the proxy anew: either goes on with it';

/** Counts what `request` asks for. Nothing stands still, and nothing is written. Throws as `redact`. */
export async function countMeant(ground: Ground, request: RedactRequest, tell: Tell): Promise<Redacted> {
  const thread = threadOf(ground, { request, files: request.files ?? [] }, tell);
  try {
    return counted(await thread.look(null));
  } finally {
    await thread.end();
  }
}

/**
 * Erases what `request` asks for; first what an earlier one has left undone.
 * @throws AuditError AUDIT_MASK_PATTERN for its pattern, AUDIT_REDACT where `prepare` fills a store just now, or a place cannot be read or written: what was
 * begun then goes on later
 */
export async function redact(still: StandStill, request: RedactRequest, tell: Tell): Promise<Redacted> {
  const lock = lockFilling(still.folder);
  if (!lock) {
    const why = '`prepare` fills a store just now, and could bring back what is erased; run `redact` again when it has ended; nothing was erased';
    throw new AuditError('AUDIT_REDACT', why);
  }
  try {
    return await redactAll(still, request, tell);
  } finally {
    lock.release();
  }
}

async function redactAll(still: StandStill, request: RedactRequest, tell: Tell): Promise<Redacted> {
  const { files = [] } = request;
  await finishFound(still, tell);
  const thread = threadOf(still, { request, files }, tell);
  try {
    const first = await thread.look(null);
    if (first.selection.ids.size === 0 && first.missed === 0) return counted(first);
    return await standing(still, async (before) => {
      const looked = await thread.look(before);
      if (looked.selection.ids.size === 0) return counted(looked);
      const { by, why } = request;
      const redaction = { request: randomUUID(), by, why, files, selection: looked.selection };
      keepPending(still.folder, redaction);
      return { ...(await finish(still, redaction, () => thread.erase(before))), unread: looked.unread };
    });
  } finally {
    await thread.end();
  }
}

const threadOf = ({ folder, keepers, configFolder, archive, signal }: Ground, more: Omit<RedactData, keyof Ground>, tell: Tell): RedactThread =>
  new RedactThread({ folder, keepers, configFolder, archive, ...more }, signal, tell);

const counted = ({ selection, unread }: Looked): Redacted => ({ request: null, records: selection.ids.size, lines: 0, unread });

/**
 * Finishes a redaction that a crash cut off, or a place that could not be written, if there is one; once `prepare` has ended, where it fills a store. Throws
 * as `redact`.
 */
export async function finishPending(still: StandStill, tell: Tell): Promise<void> {
  const lock = await filled(still);
  try {
    await finishFound(still, tell);
  } finally {
    lock.release();
  }
}

async function filled({ folder, signal }: Ground): Promise<Lock> {
  for (;;) {
    const lock = lockFilling(folder);
    if (lock) return lock;
    await pause(FILLED_MS, signal);
    if (signal.aborted) throw stopped();
  }
}

async function finishFound(still: StandStill, tell: Tell): Promise<void> {
  const redaction = readPending(still.folder);
  if (!redaction) return;
  const { files, selection } = redaction;
  const thread = threadOf(still, { files, selection }, tell);
  try {
    await standing(still, (before) => finish(still, redaction, () => thread.erase(before)));
  } finally {
    await thread.end();
  }
}

/** Whether there is one. An unreadable one is one. */
export function isPending(folder: string): boolean {
  try {
    return readPending(folder) !== undefined;
  } catch {
    return true;
  }
}

async function standing<T>(still: StandStill, work: (before: number) => Promise<T>): Promise<T> {
  try {
    const before = await held(still);
    try {
      await still.stopCallbacks();
      return await work(before);
    } finally {
      // Before anything may go again: until they stand anew, nobody knows where in the shorter segments they are.
      still.startCallbacks();
    }
  } finally {
    await still.release();
  }
}

/** A hold that comes when nobody waits for it any more is let go at once, or no segment would ever go again. */
async function held(still: StandStill): Promise<number> {
  const holding = still.hold();
  try {
    return await unlessStopped(holding, enoughOf(still));
  } catch (error) {
    void holding.then(
      () => still.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Aborted when the proxy stops, or what is waited for takes too long. */
const enoughOf = ({ signal }: Ground): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(DURABLE_MS)]);

async function finish(still: StandStill, redaction: Redaction, erase: () => Promise<number>): Promise<Redacted> {
  const { request, selection } = redaction;
  for (const fact of factsOf(redaction)) await declared(still, fact);
  const lines = await erase();
  const records = selection.ids.size;
  await declared(still, { topic: 'access.redact', data: { request, records, done: true } });
  dropPending(still.folder);
  return { request, records, lines, unread: 0 };
}

async function declared(still: StandStill, fact: NodeFact): Promise<void> {
  const durable = await unlessStopped(still.declare(fact), enoughOf(still));
  if (!durable) throw stopped();
}

const stopped = (): AuditError =>
  new AuditError('AUDIT_REDACT', 'the proxy stops, or its disk takes no record; what was begun goes on at its next start');

/** What `work` gives; it is left alone and AUDIT_REDACT thrown once the signal is aborted. */
async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw stopped();
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(stopped());
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function* factsOf({ request, by, why, selection }: Redaction): Generator<NodeFact> {
  for (const part of ['who', 'body', 'both'] as const) {
    const hashes = [...selection.hashes].flatMap(([hash, one]) => (one === part ? [hash] : []));
    for (let at = 0; at < hashes.length; at += HASHES_EACH) yield naming(part, hashes.slice(at, at + HASHES_EACH));
  }
  // All that goes stands in files that are no evidence: by whom and why is said all the same.
  if (selection.hashes.size === 0) yield naming('both', []);

  function naming(part: ErasedPart, hashes: readonly string[]): NodeFact {
    return { topic: 'access.redact', data: { request, part, hashes, by, why, done: false } };
  }
}

/** The other side of redact-thread.ts, for one redaction: one step at a time. */
class RedactThread {
  readonly #thread: Worker;
  readonly #tell: Tell;
  #stage: Stage = 'looking';
  #settle: { resolve(message: StepMessage): void; reject(error: Error): void } | undefined;
  readonly #signal: AbortSignal;
  #ended = false;

  constructor(data: RedactData, signal: AbortSignal, tell: Tell) {
    this.#tell = tell;
    this.#signal = signal;
    this.#thread = new Worker(new URL('./redact-thread.js', import.meta.url), { workerData: { redact: data } });
    this.#thread.on('message', (message: StepMessage) => this.#hear(message));
    this.#thread.on('error', () => this.#gone());
    this.#thread.on('exit', () => this.#gone());
  }

  /** @param before as in Places */
  async look(before: number | null): Promise<Looked> {
    const message = await this.#step({ type: 'look', before });
    return message.type === 'looked' ? message.looked : { selection: noSelection(), unread: 0, missed: 0 };
  }

  /** Gives how many lines were changed. */
  async erase(before: number): Promise<number> {
    const message = await this.#step({ type: 'erase', before });
    return message.type === 'erased' ? message.lines : 0;
  }

  #step(step: RedactStep): Promise<StepMessage> {
    this.#stage = step.type === 'look' ? 'looking' : 'erasing';
    const done = new Promise<StepMessage>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    if (this.#ended) this.#gone();
    else this.#thread.postMessage(step);
    return unlessStopped(done, this.#signal);
  }

  #hear(message: StepMessage): void {
    if (message.type === 'progress') this.#tell(this.#stage, message.done, message.all);
    else if (message.type === 'failed') this.#fail(message.code as ErrorCode, message.message);
    else this.#settle?.resolve(message);
  }

  #fail(code: ErrorCode, message: string): void {
    const whatNow = this.#stage === 'looking' ? 'nothing was erased' : AGAIN;
    this.#settle?.reject(new AuditError(code, code === 'AUDIT_REDACT' ? `${message}; ${whatNow}` : message));
  }

  #gone(): void {
    this.#ended = true;
    this.#fail('AUDIT_REDACT', 'its thread ended');
  }

  /** Ends the thread: nothing of it runs any more. */
  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
