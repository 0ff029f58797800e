/** The thread of a redaction's long work, at low priority: looks for records, or rewrites the places. src/redact.ts is the other side. Shows no text. */
import { parentPort, workerData } from 'node:worker_threads';
import { AuditError, nameOf } from './errors.js';
import { compileSearch } from './mask/search.js';
import { evidenceOf, type Keeper } from './spool/evidence.js';
import { beNice } from './spool/nice.js';
import { eraseIn, PlaceError, type Places, type Progress, selectIn } from './spool/redact-places.js';
import { MAX_SELECTED, type RedactRequest, type Selection, selectorOf } from './spool/redact-select.js';

/** Where to look: the spool's segments before one, and what callbacks keep. */
export interface Standing extends Omit<Places, 'files'> {
  readonly keepers: readonly Keeper[];
  readonly configFolder: string;
}

export type RedactStep =
  | { readonly type: 'look'; readonly places: Standing; readonly request: RedactRequest }
  | { readonly type: 'erase'; readonly places: Standing; readonly selection: Selection };

export type StepMessage =
  | { readonly type: 'progress'; readonly done: number; readonly all: number }
  | { readonly type: 'done'; readonly result: Selection | number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

const tell = (message: StepMessage) => parentPort?.postMessage(message);
const progress: Progress = (done, all) => tell({ type: 'progress', done, all });

function look(places: Places, request: RedactRequest): Promise<Selection> {
  const { pattern } = request;
  return selectIn(places, selectorOf(request, pattern === undefined ? undefined : compileSearch(pattern)), progress);
}

function failure(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AuditError) return { code: error.code, message: error.place ? String(error).slice(error.code.length + 2) : error.message };
  if (error instanceof RangeError)
    return { code: 'AUDIT_REDACT', message: `more than ${MAX_SELECTED} records are meant; take a shorter time with --from and --to` };
  if (error instanceof PlaceError)
    return { code: 'AUDIT_REDACT', message: `cannot read or rewrite ${error.message}; mend that, and stop and start the proxy to go on` };
  return { code: 'AUDIT_INTERNAL', message: nameOf(error) };
}

const step = (workerData as { redact: RedactStep }).redact;
beNice();
try {
  const { folder, before, keepers, configFolder } = step.places;
  const places = { folder, before, files: await evidenceOf(keepers, configFolder) };
  const result = await (step.type === 'look' ? look(places, step.request) : eraseIn(places, step.selection, progress));
  tell({ type: 'done', result });
} catch (error) {
  tell({ type: 'failed', ...failure(error) });
}
