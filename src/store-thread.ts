/**
 * The thread that reads the store: engines work synchronously, and a long query shall hold up nobody but who asked. `openStoreOf` finds and opens the
 * store that a callback fills; the thread answers its methods, pages as lists of strings. src/store-side.ts is the other side.
 */
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { CallbackOptions } from './contract.js';
import { AuditError, nameOf } from './errors.js';
import { beNice } from './spool/nice.js';
import { ownOutput } from './spool/output.js';
import type { CountQuery, OpenStore, PageQuery, SessionQuery, Store } from './store-contract.js';
import { Talk } from './thread-talk.js';

/** A callback that may fill a store. */
export interface Filler {
  readonly name: string;
  readonly module: string;
  readonly options: CallbackOptions;
}

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

/**
 * Opens the store of the first callback whose module has one.
 * @throws AuditError AUDIT_STORE_NONE where no callback has, or it cannot be opened
 */
export async function openStoreOf({ fillers, folder }: StoreData): Promise<Store> {
  for (const { name, module, options } of fillers) {
    const open = await storeOpener(name, module);
    if (open) return await open(options, folder);
  }
  throw new AuditError('AUDIT_STORE_NONE', "no callback keeps a store; add 'store' to AUDIT_CALLBACK, and fill it with `wirescribe prepare`");
}

async function storeOpener(name: string, module: string): Promise<OpenStore | undefined> {
  try {
    const { openStore }: { readonly openStore?: unknown } = await import(pathToFileURL(module).href);
    return typeof openStore === 'function' ? (openStore as OpenStore) : undefined;
  } catch (error) {
    throw new AuditError(
      'AUDIT_STORE_NONE',
      `the callback '${name}' does not load (${nameOf(error)}), so its store cannot be read; see \`wirescribe check\``,
    );
  }
}

function serve(port: MessagePort): void {
  let store: Store | undefined;
  const opened = (): Store => {
    if (!store) throw new AuditError('AUDIT_STORE_NONE', 'the store is not open');
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
