/**
 * The view thread: ADMIN_LISTEN with health, figures and the API, at low priority and away from the players' thread. `serveView` is all of it but the thread;
 * inline (`threads: 0`) the same is called in the main thread. What only the main thread knows is asked of it; src/threads/view-side.ts is the other side.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { AuditRecord } from '../contract.js';
import { nameOf } from '../errors.js';
import { compileSearch } from '../mask/search.js';
import { replaceFile } from '../spool/files.js';
import { beNice } from '../spool/nice.js';
import { ShareBook } from '../view/access/shares.js';
import { TokenBook } from '../view/access/tokens.js';
import { type AdminAddress, openAdmin } from '../view/admin.js';
import type { Declare } from '../view/api/look.js';
import { type EventSets, messagesOf } from './event-messages.js';
import { recent } from './recent.js';
import { inlineStore, type StoreSide, threadStore } from './store-side.js';
import type { StoreData } from './store-thread.js';
import { Talk } from './thread-talk.js';

/** What it is opened with. */
export interface ViewData {
  readonly address: AdminAddress;
  /** SPOOL_DIR, where the tokens are. */
  readonly spool: string;
  readonly store: StoreData;
  readonly events: EventSets;
}

/** What of it may be another while it runs. */
export type Adopted = Pick<ViewData, 'store' | 'events'>;

/** What the main thread answers: here it may be another one. */
export interface Main {
  healthy(): boolean | Promise<boolean>;
  unready(): readonly string[] | Promise<readonly string[]>;
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  stats(): Promise<object>;
  /** Writes a record of the node; true once it is durable, false where it cannot be. */
  readonly declare: Declare;
  /** Erases, or counts what would be: `wirescribe redact`. */
  redact(asked: RedactAsked): Promise<object>;
  /** A wrong token was shown. */
  wrongToken(): void;
  warn(message: string): void;
}

/** An erasure that the API was asked for. */
export interface RedactAsked {
  readonly request: object;
  readonly look: boolean;
}

export interface ServedView {
  readonly url: string;
  /** The configuration is another: another store, perhaps, and events. */
  adopt(data: Adopted): Promise<void>;
  endLooks(): Promise<void>;
  close(): Promise<void>;
}

/** Opens it. Throws AUDIT_LISTEN. @param threads 0: the store is read in this thread */
export async function serveView({ address, spool, store: given, events }: ViewData, main: Main, threads?: 0): Promise<ServedView> {
  const openSide = (data: StoreData): StoreSide => (threads === 0 ? inlineStore(data) : threadStore(data, (message) => main.warn(message)));
  let read = given;
  let store = openSide(read);
  let message = messagesOf(events);
  const below = {
    books: { tokens: new TokenBook(spool), shares: new ShareBook(spool, replaceFile), now: Date.now },
    store: () => store.open(),
    compile: (pattern: string) => compileSearch(pattern, 'pattern'),
    message: (record: AuditRecord) => message(record),
    declare: main.declare,
    stats: () => main.stats(),
    redact: (request: object, look: boolean) => main.redact({ request, look }),
    wrongToken: () => main.wrongToken(),
  };
  const admin = await openAdmin(address, main, { below });
  return {
    url: admin.url,
    adopt: async (data) => {
      message = messagesOf(data.events);
      if (JSON.stringify(data.store) === JSON.stringify(read)) return;
      const before = store;
      read = data.store;
      store = openSide(read);
      await before.close();
    },
    endLooks: () => admin.endLooks(),
    close: async () => {
      admin.close();
      await store.close();
    },
  };
}

/** What is asked of the main thread must come so soon: else nobody knows, and that is the answer. A record is durable later. Milliseconds. */
const ASK_MS = 1_000;
const DECLARE_MS = 5_000;
/** The main thread looks at files for some of it, and the players are there: however many ask, it is asked ten times a second. */
const RECENT_MS = 100;

function mainOver(talk: Talk): Main {
  return {
    healthy: recent(() => talk.ask('healthy', undefined, ASK_MS) as Promise<boolean>, RECENT_MS),
    unready: recent(() => talk.ask('unready', undefined, ASK_MS) as Promise<readonly string[]>, RECENT_MS),
    metrics: recent(() => talk.ask('metrics', undefined, ASK_MS) as ReturnType<Main['metrics']>, RECENT_MS),
    stats: recent(() => talk.ask('stats', undefined, ASK_MS) as Promise<object>, RECENT_MS),
    declare: (fact) => talk.ask('declare', fact, DECLARE_MS).catch(() => false) as Promise<boolean>,
    redact: (asked) => talk.ask('redact', asked) as Promise<object>,
    wrongToken: () => void talk.ask('wrongToken', undefined).catch(() => undefined),
    warn: (message) => void talk.ask('warn', message).catch(() => undefined),
  };
}

if (parentPort && (workerData as { thread?: string } | null)?.thread === 'view') {
  const port = parentPort;
  let view: ServedView | undefined;
  const talk: Talk = new Talk(port, {
    open: async (data: ViewData) => {
      view = await serveView(data, mainOver(talk));
      beNice();
      return view.url;
    },
    ping: () => true,
    adopt: (data: Adopted) => view?.adopt(data),
    endLooks: () => view?.endLooks(),
    close: () => view?.close(),
  });
  port.on('message', (message) => talk.hear(message));
  // What nobody caught ends this thread, and another is started; a foreign message or stack is shown nowhere.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      void talk.ask('warn', `AUDIT_THREAD: the view thread failed (${nameOf(error)})`).catch(() => undefined);
      setImmediate(() => process.exit(1));
    });
  }
}
