/**
 * `redact`: erases what was recorded and keeps the proof (DESIGN 7, "Erasure"). Receives a request and what must stand still meanwhile; the order is:
 * everything until now closed and held, callbacks stopped, records found, `access.redact` durable, places rewritten, `access.redact` done, all goes on.
 * Looks and rewrites in a thread of its own. Never shows a text.
 */
import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { NodeFact } from './audit-thread.js';
import { AuditError, type ErrorCode } from './errors.js';
import type { RedactStep, Standing, StepMessage } from './redact-thread.js';
import type { Keeper } from './spool/evidence.js';
import { dropPending, keepPending, type Redaction, readPending } from './spool/redact-pending.js';
import type { RedactRequest, Selection } from './spool/redact-select.js';

/** What must stand still while places are rewritten. */
export interface StandStill {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** Closes what is written until now; gives the number of the segment that is written from here on. Until `release` no segment goes. */
  hold(): Promise<number>;
  release(): Promise<void>;
  /** Ends the callbacks' threads, and starts them again. */
  stopCallbacks(): Promise<void>;
  startCallbacks(): Promise<void>;
  /** Who may keep files, and where relative paths in their options start. */
  readonly keepers: readonly Keeper[];
  readonly configFolder: string;
  /** Writes a record of the node; true once it is durable. */
  declare(fact: NodeFact): Promise<boolean>;
}

export interface Redacted {
  readonly request: string | null;
  /** Records that were meant, each counted once. */
  readonly records: number;
  /** Lines that were changed, in all places. */
  readonly lines: number;
}

/** Told how far it is: 'looking' or 'erasing', files done of how many. */
export type Tell = (stage: 'looking' | 'erasing', done: number, all: number) => void;

/** Hashes in one record (DESIGN 7). */
const HASHES_EACH = 500;

/**
 * Erases what `request` asks for. @param look true: only counts it
 * @throws AuditError AUDIT_MASK_PATTERN for its pattern, AUDIT_REDACT where a place cannot be read or written: then the next start goes on with it
 */
export async function redact(still: StandStill, request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted> {
  if (readPending(still.folder))
    throw new AuditError('AUDIT_REDACT', 'a redaction before this one is not done yet; the next start of `run` finishes it');
  return standing(still, async (places) => {
    const selection = await lookFor(places, request, tell);
    if (look || selection.size === 0) return { request: null, records: selection.size, lines: 0 };
    const { by, why } = request;
    const redaction = { request: randomUUID(), by, why, selection };
    keepPending(still.folder, redaction);
    return finish(still, places, redaction, tell);
  });
}

/** Finishes a redaction that a crash cut off, if there is one. To be called before the callbacks are started. */
export async function finishPending(still: StandStill): Promise<Redacted | undefined> {
  const redaction = readPending(still.folder);
  return redaction && standing(still, (places) => finish(still, places, redaction, () => undefined));
}

async function standing<T>(still: StandStill, work: (places: Standing) => Promise<T>): Promise<T> {
  const before = await still.hold();
  try {
    await still.stopCallbacks();
    const { folder, keepers, configFolder } = still;
    return await work({ folder, before, keepers, configFolder });
  } finally {
    await still.release();
    await still.startCallbacks();
  }
}

async function finish(still: StandStill, places: Standing, redaction: Redaction, tell: Tell): Promise<Redacted> {
  const { request, selection } = redaction;
  for (const fact of factsOf(redaction)) await declared(still, fact);
  const lines = await erase(places, selection, tell);
  const records = selection.size;
  await declared(still, { topic: 'access.redact', data: { request, records, done: true } });
  dropPending(still.folder);
  return { request, records, lines };
}

async function declared(still: StandStill, fact: NodeFact): Promise<void> {
  if (!(await still.declare(fact))) throw new AuditError('AUDIT_REDACT', 'the proxy stops; the next start of `run` finishes the redaction');
}

function* factsOf({ request, by, why, selection }: Redaction): Generator<NodeFact> {
  for (const part of ['who', 'body', 'both'] as const) {
    const hashes = [...selection].flatMap(([hash, one]) => (one === part ? [hash] : []));
    for (let at = 0; at < hashes.length; at += HASHES_EACH) {
      yield { topic: 'access.redact', data: { request, part, hashes: hashes.slice(at, at + HASHES_EACH), by, why, done: false } };
    }
  }
}

async function lookFor(places: Standing, request: RedactRequest, tell: Tell): Promise<Selection> {
  const result = await step({ type: 'look', places, request }, (done, all) => tell('looking', done, all));
  return result as Selection;
}

const erase = async (places: Standing, selection: Selection, tell: Tell): Promise<number> =>
  (await step({ type: 'erase', places, selection }, (done, all) => tell('erasing', done, all))) as number;

/** Runs one step in a thread of its own. */
function step(data: RedactStep, progress: (done: number, all: number) => void): Promise<unknown> {
  const thread = new Worker(new URL('./redact-thread.js', import.meta.url), { workerData: { redact: data } });
  return new Promise((resolve, reject) => {
    thread.on('message', (message: StepMessage) => {
      if (message.type === 'progress') return progress(message.done, message.all);
      if (message.type === 'done') resolve(message.result);
      else reject(new AuditError(message.code as ErrorCode, message.message));
      void thread.terminate();
    });
    thread.once('error', () => reject(new AuditError('AUDIT_REDACT', 'its thread failed; nothing is lost, try again')));
    thread.once('exit', () => reject(new AuditError('AUDIT_REDACT', 'its thread ended; nothing is lost, try again')));
  });
}
