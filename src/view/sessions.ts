/**
 * Sessions of a store, each in one view, and how many are open now. Receives bounds as people write them, gives the store's summaries, page by page as
 * they are asked for. Looks at no record.
 */
import { AuditError } from '../errors.js';
import type { Filter, SessionQuery, SessionSummary, StoreReader } from '../store-contract.js';
import { type Below, endQuietly } from './events.js';
import { readFilters } from './filter-words.js';
import { isId, readSeek, type Seek, timeOf } from './seek.js';

/** What is asked for: sessions that went on at some time from `seek` on and before `seekEnd`, ordered by their start. */
export interface SessionsQuery extends Omit<SessionQuery, 'from' | 'to' | 'order' | 'limit'> {
  readonly seek?: Seek;
  readonly seekEnd?: Seek;
  /** `desc`, the newest first, unless told. */
  readonly order?: 'asc' | 'desc';
  /** Most sessions; all unless told. */
  readonly limit?: number;
  /** Words such as `account=bob`: of `session`, `listener`, `account`, `address` and `faulty`. */
  readonly filter?: string | readonly string[];
}

const WORDS: readonly string[] = ['session', 'listener', 'account', 'address', 'faulty'];
const PAGE = 256;
/** How often a watcher of connections looks, in milliseconds. */
const WATCH_MS = 1_000;
const MOST_GROUPS = 100;

/**
 * Gives sessions.
 * @throws AuditError AUDIT_QUERY, when this is called
 */
export function sessions(query: SessionsQuery, store: StoreReader): AsyncGenerator<SessionSummary, void, void> {
  const { seek, seekEnd, order = 'desc', limit = Number.POSITIVE_INFINITY, filter, ...rest } = query;
  if (order !== 'asc' && order !== 'desc') throw refuse("order wants 'asc' or 'desc'");
  if (!(limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0))) throw refuse('limit wants a whole number');
  const bounds = {
    ...(seek === undefined ? {} : { from: timeOf(readSeek(seek, 'seek')) }),
    ...(seekEnd === undefined ? {} : { to: timeOf(readSeek(seekEnd, 'seekEnd')) }),
  };
  return readPages({ ...rest, ...wordsOf(filter, rest), ...bounds, order, limit }, store);
}

const refuse = (what: string) => new AuditError('AUDIT_QUERY', what);

function wordsOf(filter: SessionsQuery['filter'], rest: object): Filter {
  const [words = {}] = readFilters(filter);
  for (const name of Object.keys(words)) {
    if (!WORDS.includes(name)) throw refuse(`sessions are found by ${WORDS.join(', ')}; search records for the rest`);
    if (Object.hasOwn(rest, name)) throw refuse(`${name} stands there twice; keep one`);
  }
  return words;
}

async function* readPages(query: SessionQuery, store: StoreReader): AsyncGenerator<SessionSummary, void, void> {
  let { after } = query;
  let left = query.limit;
  while (left > 0) {
    const limit = Math.min(PAGE, left);
    const page = await store.sessions({ ...query, limit, ...(after === undefined ? {} : { after }) });
    yield* page;
    left -= page.length;
    after = page.at(-1)?.session;
    if (page.length < limit) return;
  }
}

/** One session by its id; undefined where it is not stored. @throws AuditError AUDIT_QUERY where that is no id */
export async function session(id: string, store: StoreReader): Promise<SessionSummary | undefined> {
  if (!isId(id)) throw new AuditError('AUDIT_QUERY', 'session wants the whole id of a session');
  return (await store.sessions({ session: [id], order: 'asc', limit: 1 }))[0];
}

/** Which open sessions count, and by what they are told apart. */
export interface ConnectionsQuery extends Pick<SessionQuery, 'listener' | 'account' | 'address' | 'session' | 'any'> {
  readonly by?: 'listener' | 'account';
  /** Ends `watchConnections`. */
  readonly signal?: AbortSignal;
}

/** How many sessions are open, by the last that is stored. */
export interface Connections {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly open: number;
  /** The largest first, at most 100, and `others`, the sum of the rest. `of` null: of none. */
  readonly groups?: readonly { readonly of: string | null; readonly open: number }[];
  readonly others?: number;
}

/** Counts once. */
export async function connections({ by, signal: _, ...only }: ConnectionsQuery, { store, now }: Pick<Below, 'store' | 'now'>): Promise<Connections> {
  const groups = new Map<string | null, number>();
  let open = 0;
  for await (const one of sessions({ ...only, open: true, order: 'asc' }, store)) {
    open += 1;
    if (by) groups.set(one[by], (groups.get(one[by]) ?? 0) + 1);
  }
  if (!by) return { at: now(), open };
  const sorted = [...groups].map(([of, n]) => ({ of, open: n })).sort((a, b) => b.open - a.open || (String(a.of) < String(b.of) ? -1 : 1));
  return { at: now(), open, groups: sorted.slice(0, MOST_GROUPS), others: sorted.slice(MOST_GROUPS).reduce((sum, one) => sum + one.open, 0) };
}

/** Counts, and again whenever the figures are others, until the signal. */
export function watchConnections(query: ConnectionsQuery, below: Below): AsyncGenerator<Connections, void, void> {
  return endQuietly(watch(query, below), query.signal);
}

async function* watch(query: ConnectionsQuery, below: Below): AsyncGenerator<Connections, void, void> {
  const { signal } = query;
  let told = '';
  while (!signal?.aborted) {
    const newest = await below.store.newest();
    const counted = await connections(query, below);
    const figures = JSON.stringify({ ...counted, at: 0 });
    if (figures !== told && !signal?.aborted) yield counted;
    told = figures;
    do await below.wait(WATCH_MS, signal);
    while (!signal?.aborted && (await below.store.newest()) === newest);
  }
}
