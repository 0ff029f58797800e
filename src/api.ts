/**
 * What was recorded, for programs: `import { openAudit } from 'wirescribe/view'`. Reads the configuration as `wirescribe run` does, opens the store that it
 * names, and gives searches over it. Never writes. Whoever calls this has the right to read the files of the store, so there is no other permission here.
 */
import { loadSettings } from './config/settings.js';
import type { AuditRecord } from './contract.js';
import { AuditError } from './errors.js';
import { compileSearch } from './mask/search.js';
import type { SessionSummary, Store } from './store-contract.js';
import { eventSetsOf, type Message, messagesOf } from './threads/event-messages.js';
import { openStoreOf } from './threads/open-store.js';
import { type Below, type EventsQuery, events, get, waitFor } from './view/events.js';
import { type Metrics, type MetricsQuery, measure, watchMetrics } from './view/metrics.js';
import { type Connections, type ConnectionsQuery, connections, type SessionsQuery, session, sessions, watchConnections } from './view/sessions.js';

export type { AuditRecord } from './contract.js';
export { AuditError } from './errors.js';
export type { Filter, SessionSummary } from './store-contract.js';
export type { EventsQuery } from './view/events.js';
export type { FilterInput } from './view/filter-words.js';
export type { Averages, Metrics, MetricsQuery, SpanFigure } from './view/metrics.js';
export type { Seek } from './view/seek.js';
export type { Connections, ConnectionsQuery, SessionsQuery } from './view/sessions.js';

/** Which configuration. */
export interface AuditOrigin {
  /** Path of server.conf; ./server.conf where there is one, unless told. */
  readonly config?: string;
  /** `KEY=LITERAL`, as `--set` takes it. */
  readonly set?: readonly string[];
  /** Where relative paths start; the current folder unless told. */
  readonly cwd?: string;
  /** Takes a store that has no record yet, for whoever wants to follow from the first one on. Else that is an error: mostly it is the wrong folder. */
  readonly mayBeEmpty?: boolean;
}

/** One follows figures with `follow`, and gets them anew whenever they are others. */
interface Followed<Q, T> {
  (query: Q & { readonly follow: true }): AsyncGenerator<T, void, void>;
  (query: Q & { readonly follow?: false }): Promise<T>;
}

/** A store, opened. All of it rejects with AuditError: AUDIT_QUERY and AUDIT_MASK_PATTERN for what is not understood, else what the store says. */
export interface Audit {
  /** Records in the order of their ids; with `follow` also those that come. Throws AUDIT_QUERY at once. */
  events(query?: EventsQuery): AsyncGenerator<AuditRecord, void, void>;
  /** The record with that id, undefined where there is none; or the one that a query fits, AUDIT_NOT_ONE where that is not one. */
  get(id: string): Promise<AuditRecord | undefined>;
  get(query: EventsQuery): Promise<AuditRecord>;
  readonly metrics: Followed<MetricsQuery, Metrics>;
  /** How many sessions are open. */
  readonly connections: Followed<ConnectionsQuery, Connections>;
  /** What the event of a record says to people (`message` of AUDIT_EVENTS and of packs); undefined where it has none. */
  message(record: AuditRecord): string | undefined;
  sessions(query?: SessionsQuery): AsyncGenerator<SessionSummary, void, void>;
  session(id: string): Promise<SessionSummary | undefined>;
  /** Ends what follows, and closes the store. */
  close(): Promise<void>;
}

/**
 * Opens the store of a configuration.
 * @throws AuditError AUDIT_CONFIG_... for the configuration; AUDIT_STORE_NONE where it has no store, or nothing is stored there
 */
export async function openAudit({ config, set = [], cwd = process.cwd(), mayBeEmpty = false }: AuditOrigin = {}): Promise<Audit> {
  const settings = loadSettings({ ...(config === undefined ? {} : { file: config }), set, cwd, env: process.env });
  const store = await openStoreOf({ fillers: settings.callbacks, folder: settings.folder });
  if (!mayBeEmpty && (await store.newest()) === null) {
    await store.close();
    throw new AuditError(
      'AUDIT_STORE_NONE',
      `nothing is stored yet where ${settings.file ?? 'the default configuration'} says; see that it is the right one, or fill it with 'wirescribe prepare'`,
    );
  }
  return auditOf(store, messagesOf(eventSetsOf(settings)));
}

function auditOf(store: Store, message: Message): Audit {
  const below: Below = { store, compile: (pattern) => compileSearch(pattern, 'pattern'), now: Date.now, wait: waitFor };
  const closing = new AbortController();
  const until = <Q extends { readonly signal?: AbortSignal }>(query: Q): Q & { readonly signal: AbortSignal } => ({
    ...query,
    signal: query.signal ? AbortSignal.any([query.signal, closing.signal]) : closing.signal,
  });
  return {
    events: (query = {}) => events(until(query), below),
    get: ((which: string | EventsQuery) => get(which, below)) as Audit['get'],
    metrics: (({ follow, ...query }: MetricsQuery & { follow?: boolean }) =>
      follow ? watchMetrics(until(query), below) : measure(query, below)) as Audit['metrics'],
    connections: (({ follow, ...query }: ConnectionsQuery & { follow?: boolean }) =>
      follow ? watchConnections(until(query), below) : connections(query, below)) as Audit['connections'],
    message,
    sessions: (query = {}) => sessions(query, store),
    session: (id) => session(id, store),
    close: async () => {
      closing.abort();
      await store.close();
    },
  };
}
