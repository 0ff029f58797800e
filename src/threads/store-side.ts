/**
 * A store that another thread reads (src/threads/store-thread.ts), as whoever asks sees it. The thread is started when it is first asked, and again when it ends
 * or hangs: what was asked then is answered with AUDIT_THREAD.
 */

import type { Page, StoreReader } from '../store-contract.js';
import { KeptThread } from './kept-thread.js';
import { openStoreOf } from './open-store.js';
import type { PageLines, StoreData } from './store-thread.js';

const PROGRAM = new URL('./store-thread.js', import.meta.url);

/** A store that is opened when it is first asked for. */
export interface StoreSide {
  /** Throws AUDIT_STORE_NONE where there is none; whoever asks a second later tries again. */
  open(): Promise<StoreReader>;
  close(): Promise<void>;
}

/** Opened in this thread (`threads: 0`). */
export function inlineStore(data: StoreData): StoreSide {
  const once = new Once(() => openStoreOf(data));
  return { open: () => once.get(), close: async () => (await once.got)?.close() };
}

/** Opened in a thread of its own. */
export function threadStore(data: StoreData, warn: (message: string) => void): StoreSide {
  const once = new Once(async () => {
    const options = { name: 'store', program: PROGRAM, open: () => data, answers: {}, warn, restarted: () => undefined };
    const { thread } = await KeptThread.start(options);
    return { thread, reader: readerOf(thread) };
  });
  return { open: async () => (await once.get()).reader, close: async () => (await once.got)?.thread.close() };
}

function readerOf(thread: KeptThread): StoreReader {
  return {
    page: async (query) => pageOf((await thread.ask('page', query)) as PageLines),
    sessions: (query) => thread.ask('sessions', query) as ReturnType<StoreReader['sessions']>,
    counts: (query) => thread.ask('counts', query) as ReturnType<StoreReader['counts']>,
    sessionCounts: (query) => thread.ask('sessionCounts', query) as ReturnType<StoreReader['sessionCounts']>,
    values: (of, prefix, limit) => thread.ask('values', { of, prefix, limit }) as ReturnType<StoreReader['values']>,
    figures: () => thread.ask('figures', undefined) as ReturnType<StoreReader['figures']>,
    newest: () => thread.ask('newest', undefined) as ReturnType<StoreReader['newest']>,
  };
}

const pageOf = ({ ids, lines, next }: PageLines): Page => ({ records: ids.map((id, index) => ({ id, line: lines[index] ?? '' })), next });

/** Where there is none, that is looked at again after so long: whoever asks often shall not start a thread each time. Milliseconds. */
const AGAIN_MS = 1_000;

/** Makes one thing when it is first asked for; where that fails, whoever asks a while later tries again. */
class Once<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;
  #failedAt = 0;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  get(): Promise<T> {
    if (this.#failedAt > 0 && performance.now() - this.#failedAt > AGAIN_MS) [this.#made, this.#failedAt] = [undefined, 0];
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#failedAt = performance.now();
      throw error;
    });
    return this.#made;
  }

  /** What was made; undefined where nothing was. */
  get got(): Promise<T | undefined> {
    return this.#made?.catch(() => undefined) ?? Promise.resolve(undefined);
  }
}
