/**
 * The thread that reads the store: engines work synchronously, and a long query shall hold up nobody but who asked. The thread opens
 * the store that a callback fills, and answers its methods, pages as lists of strings. src/threads/store-side.ts is the other side.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AuditError } from '../errors.js';
import { ownOutput } from '../spool/delivery/output.js';
import { beNice } from '../spool/nice.js';
import type { CountQuery, PageQuery, SessionCountQuery, SessionQuery, Store } from '../store-contract.js';
import { type Filler, openStoreOf } from './open-store.js';
import { Talk } from './thread-talk.js';

/** What the thread is opened with. `folder`: where relative paths in options start. */
export interface StoreData {
  readonly fillers: readonly Filler[];
  readonly folder: string;
}

/** A page as it crosses: two lists of strings are far cheaper to copy than a list of records. */
export interface PageLines {
  readonly ids: readonly string[];
  readonly lines: readonly string[];
  readonly next: string | null;
}

export interface ValuesQuery {
  readonly of: Parameters<Store['values']>[0];
  readonly prefix: string;
  readonly limit: number;
}

function serve(port: MessagePort): void {
  let store: Store | undefined;
  const opened = (): Store => {
    if (!store) throw new AuditError('AUDIT_THREAD', 'the store is being opened; ask once more');
    return store;
  };
  const talk = new Talk(port, {
    open: async (data: StoreData) => {
      store = await openStoreOf(data);
      beNice();
    },
    ping: () => true,
    close: () => store?.close(),
    page: async (query: PageQuery): Promise<PageLines> => {
      const { records, next } = await opened().page(query);
      return { ids: records.map(({ id }) => id), lines: records.map(({ line }) => line), next };
    },
    sessions: (query: SessionQuery) => opened().sessions(query),
    counts: (query: CountQuery) => opened().counts(query),
    sessionCounts: (query: SessionCountQuery) => opened().sessionCounts(query),
    values: ({ of, prefix, limit }: ValuesQuery) => opened().values(of, prefix, limit),
    figures: () => opened().figures(),
    newest: () => opened().newest(),
  });
  port.on('message', (message) => talk.hear(message));
}

if (parentPort && (workerData as { thread?: string } | null)?.thread === 'store') {
  ownOutput();
  serve(parentPort);
}
