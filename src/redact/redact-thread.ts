/**
 * The thread of a redaction's long work, at low priority: looks for records, and rewrites the places. Keeps what it has found from one step to the next.
 * src/redact/redact.ts is the other side. Shows no text.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AuditError, nameOf } from '../errors.js';
import { compileSearch } from '../mask/search.js';
import { evidenceOf, type Keeper } from '../spool/evidence.js';
import { beNice } from '../spool/nice.js';
import { filesOfArchive } from '../spool/ours.js';
import { eraseIn, Look, PlaceError, type Places, type Progress } from '../spool/redact/places.js';
import { Chooser, MAX_SELECTED, noSelection, type RedactRequest, type Selection, TooMany } from '../spool/redact/select.js';
import { openStoresOf } from '../threads/open-store.js';

/** What the thread is made with. */
export interface RedactData {
  readonly folder: string;
  readonly keepers: readonly Keeper[];
  readonly configFolder: string;
  /** ARCHIVE_DIR and ARCHIVE_NAME. */
  readonly archive: { readonly dir: string; readonly name: string };
  /** As in a request. */
  readonly files: readonly string[];
  /** What is looked for, or what is known to go already. */
  readonly request?: RedactRequest;
  readonly selection?: Selection;
}

/** @param before as in Places */
export type RedactStep = { readonly type: 'look' | 'erase'; readonly before: number | null };

export interface Looked {
  readonly selection: Selection;
  readonly unread: number;
  readonly missed: number;
}

export type StepMessage =
  | { readonly type: 'progress'; readonly done: number; readonly all: number }
  | { readonly type: 'looked'; readonly looked: Looked }
  | { readonly type: 'erased'; readonly lines: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

class Redactor {
  readonly #data: RedactData;
  readonly #look: Look | undefined;
  #selection: Selection;

  constructor(data: RedactData) {
    const { request, selection } = data;
    this.#data = data;
    this.#selection = selection ?? noSelection();
    this.#look = request && new Look(new Chooser(request, request.pattern === undefined ? undefined : compileSearch(request.pattern)));
  }

  async step({ type, before }: RedactStep, progress: Progress): Promise<StepMessage> {
    const places = await this.#places(before);
    try {
      if (type === 'erase') return { type: 'erased', lines: await eraseIn(places, this.#selection, progress) };
      if (!this.#look) throw new AuditError('AUDIT_INTERNAL', 'nothing to look for');
      this.#selection = await this.#look.at(places, progress);
      const { unread, missed } = this.#look;
      return { type: 'looked', looked: { selection: this.#selection, unread, missed } };
    } finally {
      for (const { store } of places.stores ?? []) await store.close();
    }
  }

  async #places(before: number | null): Promise<Places> {
    const { folder, keepers, configFolder, archive, files } = this.#data;
    const kept = [...(await evidenceOf(keepers, configFolder)), ...archived(archive)];
    return { folder, before, files: [...kept, ...files], stores: await openStoresOf(keepers, configFolder) };
  }
}

function archived({ dir, name }: RedactData['archive']): string[] {
  try {
    return filesOfArchive(dir, name);
  } catch (error) {
    throw new PlaceError(dir, error);
  }
}

function failure(error: unknown): StepMessage {
  const said = (code: string, message: string): StepMessage => ({ type: 'failed', code, message });
  if (error instanceof AuditError) return said(error.code, error.place ? String(error).slice(error.code.length + 2) : error.message);
  if (error instanceof TooMany) return said('AUDIT_REDACT', `more than ${MAX_SELECTED} records are meant; take a shorter time with --from and --to`);
  if (error instanceof PlaceError) return said('AUDIT_REDACT', `cannot read or rewrite ${error.message}`);
  return said('AUDIT_INTERNAL', nameOf(error));
}

async function serve(port: MessagePort, data: RedactData): Promise<void> {
  const tell = (message: StepMessage): void => port.postMessage(message);
  let redactor: Redactor | undefined;
  port.on('message', async (step: RedactStep) => {
    try {
      redactor ??= new Redactor(data);
      tell(await redactor.step(step, (done, all) => tell({ type: 'progress', done, all })));
    } catch (error) {
      tell(failure(error));
    }
  });
}

beNice();
if (parentPort) void serve(parentPort, (workerData as { redact: RedactData }).redact);
