/**
 * Records of a store, one after the other: those that there are, and with `follow` those that come. Receives a query as people and programs write it,
 * gives parsed records in the order of their ids, over all topics together, each once. Holds one page at a time and reads the next when it is asked for
 * it, so whoever reads slowly waits for nobody and nobody for him. Never writes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditRecord } from '../contract.js';
import { AuditError } from '../errors.js';
import type { PageQuery, RecordId, StoreReader } from '../store-contract.js';
import { type FilterInput, readFilters } from './filter-words.js';
import { asks, type Compile, makeMatcher } from './match.js';
import { isId, readSeek, type Seek, timeOf } from './seek.js';
import { readStored } from './stored-record.js';

/** What is asked for. */
export interface EventsQuery {
  /** Beginnings of topics up to a dot: `session` is all of `session.input`, `session.output` ... None: all there are. */
  readonly topics?: readonly string[];
  /** The first that counts, and the first that does not any more, in the order of ids, whatever the order asked for. */
  readonly seek?: Seek;
  readonly seekEnd?: Seek;
  /** Id of the last record that is known already: goes on behind it, in the order asked for. */
  readonly after?: RecordId;
  /** `asc`, the oldest first, unless told. */
  readonly order?: 'asc' | 'desc';
  /** Most records, over all topics together; all of them unless told. */
  readonly limit?: number;
  /** Goes on with what is recorded from now on, up to `limit`, `seekEnd` (and some seconds for what was on its way to the store then) or `signal`. */
  readonly follow?: boolean;
  readonly filter?: FilterInput | readonly FilterInput[];
  /** Ends it, without an error, also while it waits. */
  readonly signal?: AbortSignal;
}

/** Waits some milliseconds, or until the signal; never rejects. */
export type Wait = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** What stands below. */
export interface Below {
  readonly store: StoreReader;
  readonly compile: Compile;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly wait: Wait;
}

/** The timer's. */
export const waitFor: Wait = (ms, signal) => pause(ms, undefined, signal ? { signal } : {}).catch(() => undefined);

/** How often a follower asks what is newest, in milliseconds: soon enough for an eye, and cheap for the store. */
export const POLL_MS = 150;
/** How long after `seekEnd` a follower still waits for records from before it, in milliseconds: delivery takes some, and none of it can be seen here. */
export const LATE_MS = 5_000;
/** Records of one page: each costs the store some milliseconds, however few it holds. */
const PAGE = 1_000;
/** Fewest records of one page: the store may give some that the filter does not want. */
const LEAST = 16;
const MOST_TOPICS = 100;
const TOPIC = /^[\w-]{1,64}(\.[\w-]{1,64}){0,15}$/;

const refuse = (what: string) => new AuditError('AUDIT_QUERY', what);

/**
 * Gives the records of a query. A query is looked at when this is called, the store when the first record is asked for.
 * @throws AuditError AUDIT_QUERY or AUDIT_MASK_PATTERN for a query that is not understood; while it is read, whatever the store rejects with
 */
export function events(query: EventsQuery, below: Below): AsyncGenerator<AuditRecord, void, void> {
  return endQuietly(readAll(planOf(query, below.compile), below), query.signal);
}

/** The same, but what fails once the signal has ended it fails for nobody: the store may be closed by then. */
export async function* endQuietly<T>(given: AsyncGenerator<T, void, void>, signal: AbortSignal | undefined): AsyncGenerator<T, void, void> {
  try {
    yield* given;
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/**
 * The record with an id; undefined where there is none. Or the one record that a query fits.
 * @throws AuditError AUDIT_NOT_ONE where none or more than one fits a query, AUDIT_QUERY as `events`
 */
export async function get(which: RecordId | EventsQuery, below: Below): Promise<AuditRecord | undefined> {
  const found: AuditRecord[] = [];
  const query = typeof which === 'string' ? { filter: { id: which } } : { ...which, follow: false };
  for await (const record of events({ ...query, limit: 2 }, below)) found.push(record);
  if (typeof which === 'string' || found.length === 1) return found[0];
  throw new AuditError(
    'AUDIT_NOT_ONE',
    `${found.length === 0 ? 'no record is' : 'more than one record is'} as asked for, where exactly one should be`,
  );
}

interface Plan {
  readonly query: Omit<PageQuery, 'after' | 'limit'>;
  readonly matches: (record: AuditRecord) => boolean;
  readonly after: RecordId | undefined;
  readonly limit: number;
  readonly follow: boolean;
  readonly signal: AbortSignal | undefined;
}

function planOf(query: EventsQuery, compile: Compile): Plan {
  const { topics = [], seek, seekEnd, after, order = 'asc', limit = Number.POSITIVE_INFINITY, follow = false, signal } = query;
  const filters = readFilters(query.filter);
  if (order !== 'asc' && order !== 'desc') throw refuse("order wants 'asc' or 'desc'");
  if (follow && order === 'desc') throw refuse("follow goes forward only; leave out order 'desc'");
  if (follow && filters.some((filter) => asks(filter, ['answered'])))
    throw refuse('follow cannot tell whether an input will be answered; leave one of them out');
  if (!(limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0))) throw refuse('limit wants a whole number');
  if (after !== undefined && !isId(after)) throw refuse('after wants the id of a record');
  return {
    query: {
      topics: checkTopics(topics),
      order,
      filters,
      ...(seek === undefined ? {} : { from: readSeek(seek, 'seek') }),
      ...(seekEnd === undefined ? {} : { to: readSeek(seekEnd, 'seekEnd') }),
    },
    matches: makeMatcher(filters, compile),
    after,
    limit,
    follow,
    signal,
  };
}

function checkTopics(topics: readonly string[]): readonly string[] {
  if (Array.isArray(topics) && topics.length <= MOST_TOPICS && topics.every((topic) => typeof topic === 'string' && TOPIC.test(topic))) return topics;
  throw refuse(`topics wants at most ${MOST_TOPICS} topics or beginnings of them up to a dot, such as 'session.input' or 'audit'`);
}

const later = (a: RecordId | null | undefined, b: RecordId | null | undefined): RecordId | undefined => ((a ?? '') > (b ?? '') ? a : b) ?? undefined;

/**
 * Reads to the end of what is stored, and when following, again from there whenever the newest record is another. What was newest before a reading was
 * seen by it, and what came while it read comes behind that: so the next one begins behind the later of that and the last record it was given.
 */
async function* readAll(plan: Plan, below: Below): AsyncGenerator<AuditRecord, void, void> {
  const given: Given = { last: plan.after, left: plan.limit };
  while (given.left > 0 && !plan.signal?.aborted) {
    const seen = plan.follow ? await below.store.newest() : null;
    const last = !plan.follow || isOver(plan.query.to, seen, below.now());
    yield* readOnce(plan, given, below.store);
    if (last) return;
    given.last = later(seen, given.last);
    if (given.left > 0) await newer(given.last, plan, below);
  }
}

/** Whether nothing more is waited for before the bound `to`: something behind it is there, or its time is long past. `now`: milliseconds since 1970. */
export function isOver(to: RecordId | undefined, newest: RecordId | null, now: number): boolean {
  return to !== undefined && ((newest !== null && newest >= to) || now >= timeOf(to) + LATE_MS);
}

/** The last record that the store gave, and how many may still be given on. */
interface Given {
  last: RecordId | undefined;
  left: number;
}

/** The records behind the last one given, to the end of what is stored. */
async function* readOnce(plan: Plan, given: Given, store: StoreReader): AsyncGenerator<AuditRecord, void, void> {
  let after = given.last;
  while (given.left > 0 && !plan.signal?.aborted) {
    const limit = Math.min(PAGE, Math.max(LEAST, given.left));
    const page = await store.page({ ...plan.query, ...(after === undefined ? {} : { after }), limit });
    for (const stored of page.records) {
      if (given.left === 0 || plan.signal?.aborted) return;
      given.last = stored.id;
      const record = readStored(stored);
      if (!plan.matches(record)) continue;
      given.left -= 1;
      yield record;
    }
    if (page.next === null) return;
    after = page.next;
  }
}

/** Waits until there is a record behind `after`, or `seekEnd` is over. */
async function newer(after: RecordId | undefined, plan: Plan, { store, now, wait }: Below): Promise<void> {
  for (;;) {
    await wait(POLL_MS, plan.signal);
    if (plan.signal?.aborted) return;
    const newest = await store.newest();
    if (newest !== null && (after === undefined || newest > after)) return;
    if (isOver(plan.query.to, newest, now())) return;
  }
}
