/**
 * The contract of stores: where records can be found again (DESIGN 8). Everything that shows records (events, metrics, API, command line) speaks to a
 * `Store` and knows no engine; a second engine passes `test/store.suite.ts`. Types only. Callbacks import this file as they import `contract`.
 *
 * A store is filled by a callback, and read through the optional export `openStore` of the same module; so a store of the operator's own is configured,
 * filled and read like the one that ships.
 */
import type { CallbackOptions } from './contract.js';

/** A UUIDv7: rises with time. Bounds may be any text of that form, also ones that no record has. */
export type RecordId = string;

/**
 * One thing that a record must be. All members that are given must hold; of a list, any one of its values. Case does not count in `account`, `character`,
 * `room` and texts.
 */
export interface Filter {
  readonly id?: readonly RecordId[];
  /** Records of these sessions. */
  readonly session?: readonly string[];
  /** As far as known when the record was made. */
  readonly account?: readonly string[];
  readonly character?: readonly string[];
  readonly room?: readonly string[];
  /** Addresses, or networks in CIDR. */
  readonly address?: readonly string[];
  readonly listener?: readonly string[];
  /** `event`, or its beginning up to a dot. */
  readonly event?: readonly string[];
  readonly eventType?: readonly string[];
  readonly direction?: 'RCV' | 'SND';
  /** Everything of one request: together with `session`. */
  readonly exchange?: number;
  /** Full text: all of these words stand in `text`; a word that ends with `*` is a beginning. */
  readonly words?: string;
  /** This stands in `text`, as it is. */
  readonly contains?: string;
  /** Matches `text` somewhere: Python's syntax as in masks, RE2. */
  readonly pattern?: string;
  /** Tests of members. */
  readonly fields?: readonly FieldTest[];
  /** Inputs that an output followed in their exchange (true), or none (false). */
  readonly answered?: boolean;
  /** Records of sessions that have a gap or a fault in them (true), or none (false). */
  readonly faulty?: boolean;
  /** False: no `audit.*`, no `access.*`, and no record that AUDIT_EVENTS calls a system one. */
  readonly system?: boolean;
  /** At least one of these holds. */
  readonly any?: readonly Filter[];
}

/**
 * `path`: names with dots between, from the record's top: `data.reason`, `custom.geo.country`, `bytes`. A record without that member passes `exists` false
 * alone. Case counts, but in `regex`. `contains` is also passed by a list that has the value.
 */
export interface FieldTest {
  readonly path: string;
  readonly is: 'exact' | 'contains' | 'startswith' | 'regex' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'exists';
  /** `in`: a list. `exists`: true or false. `gt` and its kin: a number, or text that is compared as text. */
  readonly value: unknown;
}

/** Which records, in which order. */
export interface PageQuery {
  /** Beginnings of topics up to a dot; [] is all. A second topic that AUDIT_EVENTS gave a record counts like its own. */
  readonly topics: readonly string[];
  /** Inclusive lower bound, exclusive upper bound. */
  readonly from?: RecordId;
  readonly to?: RecordId;
  /** Exclusive: behind this one in the order asked for. */
  readonly after?: RecordId;
  readonly order: 'asc' | 'desc';
  /** All must hold. */
  readonly filters: readonly Filter[];
  /** Most records of this page. */
  readonly limit: number;
}

export interface Page {
  /**
   * In order of id. **May hold more than `fields`, `pattern`, `words` and `contains` ask for**, inside `any` too: whoever asked looks at each (view/match.ts).
   * All else is exact.
   */
  readonly records: readonly StoredRecord[];
  /** Where it goes on (as `after`); null: it was looked through to the end. A page may be short, or empty, and still go on: none takes long. */
  readonly next: RecordId | null;
}

export interface StoredRecord {
  readonly id: RecordId;
  /** The journal's line, byte for byte, without its end; with a part missing where that was erased. */
  readonly line: string;
}

/** A session in one view. */
export interface SessionSummary {
  readonly session: string;
  readonly listener: string;
  readonly protocol: string;
  /** Milliseconds since 1970; `ended` null: it goes on, or its end is not stored. */
  readonly started: number;
  readonly ended: number | null;
  readonly ip: string | null;
  readonly port: number | null;
  /** The last known; all that were. */
  readonly account: string | null;
  readonly accounts: readonly string[];
  readonly character: string | null;
  readonly inputs: number;
  readonly outputs: number;
  /** Of utterances after masking. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly masked: number;
  readonly gaps: number;
  readonly faults: number;
  /** Of `session.end`. */
  readonly reason: string | null;
  readonly by: string | null;
  readonly exit: number | string | null;
  readonly firstId: RecordId;
  readonly lastId: RecordId;
}

export interface SessionQuery {
  /** Sessions that went on at some time between these milliseconds. */
  readonly from?: number;
  readonly to?: number;
  /** By start. `after`: the session that the page before ended with. */
  readonly order: 'asc' | 'desc';
  readonly after?: string;
  readonly limit: number;
  readonly session?: readonly string[];
  readonly listener?: readonly string[];
  /** Any account of the session. Case does not count. */
  readonly account?: readonly string[];
  readonly address?: readonly string[];
  readonly open?: boolean;
  readonly faulty?: boolean;
  /** At least one of these holds: what somebody may see. */
  readonly any?: readonly Pick<SessionQuery, 'session' | 'listener' | 'account'>[];
}

/** What is counted. `connections` are sessions that began; bytes are of utterances after masking; logins by `session.identity` of an account. */
export const COUNTED = [
  'connections',
  'ends',
  'inputs',
  'outputs',
  'bytes_in',
  'bytes_out',
  'masked',
  'gaps',
  'faults',
  'logins',
  'failed_logins',
  'events',
] as const;
export type Counted = (typeof COUNTED)[number];

/** How often something happened in one span of time. */
export interface Count {
  /** Milliseconds since 1970: the beginning of its minute or quarter of an hour. */
  readonly at: number;
  readonly counted: Counted;
  /** What it was counted by: a listener, an account, an event; null where by nothing, or there was none. */
  readonly of: string | null;
  readonly n: number;
}

export interface CountQuery {
  /** Milliseconds since 1970; of spans that lie in part inside, what is inside is exact to the minute. */
  readonly from: number;
  readonly to: number;
  readonly every: 'minute' | 'quarter' | 'all';
  readonly counted: readonly Counted[];
  readonly by?: 'listener' | 'account' | 'event';
  /** Only of these. */
  readonly listener?: readonly string[];
  readonly account?: readonly string[];
  readonly event?: readonly string[];
}

/** Which sessions are counted, and within what. */
export interface SessionCountQuery {
  /**
   * Milliseconds since 1970; `to` is the first that is outside. A session counts in each span in which it went on at some time: it began before `to`, and has
   * not ended before `from`.
   */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
  /** Told apart by these; a session of several accounts counts for each. */
  readonly by?: 'listener' | 'account';
  /** Only of these; any account of the session. Case does not count in accounts. */
  readonly listener?: readonly string[];
  readonly account?: readonly string[];
}

/** How many sessions there were. */
export interface SessionCount {
  /** Null where they are told apart by nothing, or there was no account. */
  readonly of: string | null;
  /** For each span, in their order. */
  readonly n: readonly number[];
}

/** How large it is and what it spans. */
export interface StoreFigures {
  readonly records: number;
  readonly sessions: number;
  readonly bytes: number;
  readonly oldest: RecordId | null;
  readonly newest: RecordId | null;
}

/** Erases parts of what is stored, as `redact` does elsewhere: gives the line without them, undefined where it stays as it is. */
export type EraseLine = (line: Buffer) => Buffer | undefined;

/**
 * A store as whoever reads it sees it. Methods may be called side by side; what one call does takes no longer than some 100 ms, but where it says so.
 * Rejects with AuditError-like errors (`code`, `message` for people); never names what is in a record.
 */
export interface Store {
  page(query: PageQuery): Promise<Page>;
  sessions(query: SessionQuery): Promise<readonly SessionSummary[]>;
  counts(query: CountQuery): Promise<readonly Count[]>;
  /** Counts sessions, each once in a span. Of groups only those that there are; without `by` always one. May take longer in steps: reads go on beside it. */
  sessionCounts(query: SessionCountQuery): Promise<readonly SessionCount[]>;
  /** Accounts, addresses, listeners, events, topics that there are: those that begin with `prefix`, most frequent first. */
  values(of: 'account' | 'address' | 'listener' | 'event' | 'topic' | 'character', prefix: string, limit: number): Promise<readonly string[]>;
  figures(): Promise<StoreFigures>;
  /** Id of the newest record, null in an empty store; cheap, for whoever follows. */
  newest(): Promise<RecordId | null>;
  /**
   * Removes records from `from` on and before `to` (milliseconds since 1970, on days' bounds in UTC), with the sessions that have nothing left, or all but
   * what tells who was there when. May take seconds; reads go on. Gives how many records went.
   */
  drop(range: { readonly from: number | null; readonly to: number | null; readonly keepSessions: boolean }): Promise<number>;
  /**
   * Rewrites every stored line that `erase` changes, also where it was indexed, and leaves no trace of it on disk. May take long. Gives how many.
   * @param among ids of the records that may change, so that not every line must be looked at; absent: any
   */
  erase(erase: EraseLine, progress: (done: number, all: number) => void, among?: ReadonlySet<RecordId>): Promise<number>;
  close(): Promise<void>;
}

/** What looking needs of a store, and what can be asked of one in another thread. */
export type StoreReader = Omit<Store, 'drop' | 'erase' | 'close'>;

/** Optional export named `openStore` of a callback's module of the full form: opens what that callback fills, in another thread or process. */
export type OpenStore = (options: CallbackOptions, folder: string) => Store | Promise<Store>;
