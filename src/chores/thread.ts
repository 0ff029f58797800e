/**
 * The thread of a chore, at low priority: opens the store, and does one step after the other. src/chores/worker.ts is the other side, and may end it at any
 * moment: what it does can be done again. Shows no text of any session.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AuditError, nameOf } from '../errors.js';
import type { Keeper } from '../spool/evidence.js';
import { beNice } from '../spool/nice.js';
import type { Store } from '../store-contract.js';
import { openStoreOf } from '../threads/open-store.js';
import { type Archived, type ArchiveTask, archiveDays } from './archive.js';

/** What the thread is made with. */
export interface ChoreData {
  readonly keepers: readonly Keeper[];
  /** Where relative paths in their options start. */
  readonly configFolder: string;
}

export interface DropTask {
  /** Beginnings of days in UTC, milliseconds since 1970; null: no bound. */
  readonly from: number | null;
  readonly to: number | null;
  readonly keepSessions: boolean;
}

/** The first and the last record that are stored. */
export interface Span {
  readonly oldest: string | null;
  readonly newest: string | null;
}

export type ChoreStep =
  | { readonly type: 'look' }
  | { readonly type: 'drop'; readonly task: DropTask }
  | { readonly type: 'archive'; readonly task: ArchiveTask };

export type ChoreMessage =
  | { readonly type: 'progress'; readonly done: number; readonly all: number }
  | { readonly type: 'done'; readonly result: Span | number | Archived }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

function failure(error: unknown): ChoreMessage {
  const said = (code: string, message: string): ChoreMessage => ({ type: 'failed', code, message });
  if (error instanceof AuditError) return said(error.code, error.message);
  return said('AUDIT_CHORE', error instanceof Error && error.name === 'StoreError' ? error.message : `the store fails (${nameOf(error)})`);
}

async function step(store: Store, one: ChoreStep, tell: (message: ChoreMessage) => void): Promise<Span | number | Archived> {
  switch (one.type) {
    case 'look': {
      const { oldest, newest } = await store.figures();
      return { oldest, newest };
    }
    case 'drop':
      return store.drop(one.task);
    case 'archive':
      return archiveDays(store, one.task, (done, all) => tell({ type: 'progress', done, all }));
  }
}

function serve(port: MessagePort, { keepers, configFolder }: ChoreData): void {
  const tell = (message: ChoreMessage): void => port.postMessage(message);
  const opened = openStoreOf({ fillers: keepers, folder: configFolder });
  opened.catch(() => undefined);
  port.on('message', async (one: ChoreStep) => {
    try {
      tell({ type: 'done', result: await step(await opened, one, tell) });
    } catch (error) {
      tell(failure(error));
    }
  });
}

const { chore } = (workerData ?? {}) as { readonly chore?: ChoreData };
if (parentPort && chore) {
  beNice();
  serve(parentPort, chore);
}
