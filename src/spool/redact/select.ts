/**
 * Which records a redaction erases, and what of each. Receives a request, then lines, one at a time, twice: first what is asked for by name, then what
 * goes with it (the same who elsewhere, and who names it). Keeps hashes and ids, no text; reads no file.
 */
import { AuditError } from '../../errors.js';
import { type ErasedPart, joined } from './erase.js';
import { type Head, type RecordLine, readRecord } from './line.js';

/** What `redact` is asked to erase. One of record, session, account and pattern is given, or a time alone: all of that time. */
export interface RedactRequest {
  readonly part: ErasedPart;
  /** An id. */
  readonly record?: string;
  readonly session?: string;
  /** Case does not count, as it does not where people log in. */
  readonly account?: string;
  /** Python's syntax, looked for in the strings of the parts that are erased. */
  readonly pattern?: string;
  /** `time` from here on, and before there: RFC 3339 in UTC, as it stands in records or a beginning of that, without its Z. */
  readonly from?: string;
  readonly to?: string;
  /** More files that hold records, absolute paths: of a callback that is gone, or copies. */
  readonly files?: readonly string[];
  /** By whom and why: stand in the `access.redact`. */
  readonly by: string;
  readonly why: string;
}

const CRITERIA = ['record', 'session', 'account', 'pattern'] as const;
const PARTS: readonly unknown[] = ['who', 'body', 'both'];
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?)?$/;
/** What stands in a record is bounded; and what is asked is. */
const MOST_WORDS = 500;
const MOST_FILES = 1_000;

const isWord = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isWords = (value: unknown): boolean => isWord(value) && value.trim() !== '' && value.length <= MOST_WORDS;
const isOptional = (value: unknown, fits: (value: unknown) => boolean): boolean => value === undefined || fits(value);
const isTime = (value: unknown): boolean => typeof value === 'string' && TIME.test(value);
const isFiles = (value: unknown): boolean => Array.isArray(value) && value.length <= MOST_FILES && value.every(isWord);

/** A request as it came from another process. Throws AUDIT_USAGE where it is none: what is understood by half erases too much. */
export function checkedRequest(value: unknown): RedactRequest {
  const { part, from, to, files, by, why, ...rest } = (value ?? {}) as { readonly [name: string]: unknown };
  const given = CRITERIA.filter((name) => rest[name] !== undefined);
  const one = given.length === 1 ? isWord(rest[given[0] as string]) : given.length === 0 && (from !== undefined || to !== undefined);
  const known = Object.keys(rest).every((name) => (CRITERIA as readonly string[]).includes(name));
  const bounded = isOptional(from, isTime) && isOptional(to, isTime) && isOptional(files, isFiles);
  if (one && known && bounded && PARTS.includes(part) && isWords(by) && isWords(why)) return value as RedactRequest;
  throw new AuditError('AUDIT_USAGE', 'the running wirescribe does not understand this request; it is of another version');
}

/** What goes: by the hash of a record, and by its id, for lines that are in another form and have no hash. */
export interface Selection {
  readonly hashes: Map<string, ErasedPart>;
  /** All records that are meant. */
  readonly ids: Map<string, ErasedPart>;
}

export const noSelection = (): Selection => ({ hashes: new Map(), ids: new Map() });

/** So many records at a time; each costs some 300 bytes of memory while a redaction runs. */
export const MAX_SELECTED = 1_000_000;

/** More than MAX_SELECTED records are meant. */
export class TooMany extends Error {
  override readonly name = 'TooMany';
}

/** Says whether a text holds the pattern (mask/search.ts). */
export type Search = (text: string) => boolean;

/** As names are compared: people write one in several ways. */
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/** A string of its own: one cut out of a line would keep that line in memory. */
const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

const IDENTITY_TOPIC = 'session.identity';
const IDENTITY_BYTES = Buffer.from(`"${IDENTITY_TOPIC}"`);

export class Chooser {
  readonly selection = noSelection();
  /** Lines that are no records, or damaged: nobody can say what they hold. */
  unread = 0;
  readonly #request: RedactRequest;
  readonly #account: string | undefined;
  readonly #needle: Buffer | undefined;
  readonly #search: Search;
  /** Digests of whos that go: each goes wherever it stands, or the one that stays would tell of those that are gone. */
  readonly #whos = new Set<string>();
  /** Names in whos that go, by session: the records that brought them up say them too. */
  readonly #names = new Map<string, Set<string>>();
  /** Sessions in which the account was. */
  readonly #sessions = new Set<string>();
  /** Sessions of whos that go. */
  readonly #whoSessions = new Set<string>();

  /** @param search where the request has a pattern */
  constructor(request: RedactRequest, search: Search = () => false) {
    const id = (request.record ?? request.session)?.toLowerCase();
    this.#request = { ...request, ...(request.record ? { record: id as string } : {}), ...(request.session ? { session: id as string } : {}) };
    this.#account = request.account === undefined ? undefined : fold(request.account);
    this.#needle = id === undefined ? undefined : Buffer.from(id);
    this.#search = search;
  }

  /** Rises with each thing more that `alsoMeant` looks for; 0: it looks for nothing. */
  links = 0;

  /** Whether `alsoMeant` may find more to look for, so that what it has seen must be seen again. */
  get mayGrow(): boolean {
    const { from, to } = this.#request;
    return this.#account !== undefined && (from !== undefined || to !== undefined);
  }

  /** What the first look may be narrowed to where records can be asked for; undefined: it is to see all. */
  get narrowed(): { readonly id: readonly string[] } | { readonly session: readonly string[] } | undefined {
    const { record, session } = this.#request;
    if (record !== undefined) return { id: [record] };
    return session === undefined ? undefined : { session: [session] };
  }

  /** The sessions that the second look may find anything in. */
  get sessions(): readonly string[] {
    return [...new Set([...this.#sessions, ...this.#whoSessions, ...this.#names.keys()])];
  }

  /** The first look at a line: what the request asks for. Throws TooMany. @param line borrowed */
  meant(line: Buffer): void {
    if (this.#needle && !line.includes(this.#needle)) return;
    const record = readRecord(line);
    const read = record ? this.#judge(record, () => this.#asked(record)) : line.length === 0;
    if (!read) this.unread++;
  }

  /** The second, once every line had its first: what goes with it. Throws TooMany. @param line borrowed */
  alsoMeant(line: Buffer): void {
    const record = this.links > 0 ? readRecord(line) : undefined;
    if (!record) return;
    const who = this.#whos.has(record.whoDigest) ? ('who' as const) : undefined;
    const mayName = this.#names.size > 0 && (record.hash === undefined || line.includes(IDENTITY_BYTES));
    if (mayName || this.#sessions.size > 0) this.#judge(record, () => either(this.#withIt(record), who));
    else if (who) this.#judge(record, () => who);
  }

  /** False: its members are no JSON, so nobody can say what it holds. */
  #judge(record: RecordLine, judge: () => ErasedPart | undefined): boolean {
    try {
      const part = judge();
      if (part) this.#note(record, part);
      return true;
    } catch (error) {
      if (error instanceof TooMany) throw error;
      return false;
    }
  }

  #inRange({ time }: Head): boolean {
    const { from, to } = this.#request;
    return (from === undefined || time >= from) && (to === undefined || time < to);
  }

  #asked(record: RecordLine): ErasedPart | undefined {
    const { part, session, record: id, pattern } = this.#request;
    const { head } = record;
    if (!this.#inRange(head)) return undefined;
    if (id !== undefined) return head.id === id ? part : undefined;
    if (session !== undefined) return head.session === session ? part : undefined;
    if (this.#account !== undefined) return this.#ofAccount(record, this.#account);
    if (pattern === undefined) return part;
    return textsOf(record, part).some(this.#search) ? part : undefined;
  }

  #ofAccount(record: RecordLine, account: string): ErasedPart | undefined {
    const mine = typeof record.who?.account === 'string' && fold(record.who.account) === account ? this.#request.part : undefined;
    const names = this.#identityNames(record, 'account').includes(account);
    const { session } = record.head;
    if ((mine || names) && session !== undefined) this.#link(this.#sessions, session);
    // Its who is gone for nothing if the record that named it still does.
    return names ? joined(mine, 'body') : mine;
  }

  /** The names that a `session.identity` says, folded. */
  #identityNames({ head, body }: RecordLine, field?: string): string[] {
    if (head.topic !== IDENTITY_TOPIC) return [];
    const data = (body?.data ?? {}) as { readonly [name: string]: unknown };
    if (field !== undefined && data.field !== field) return [];
    return [data.old, data.new].flatMap((name) => (typeof name === 'string' && name !== '' ? [fold(name)] : []));
  }

  #withIt(record: RecordLine): ErasedPart | undefined {
    const { session } = record.head;
    if (session === undefined) return undefined;
    const names = this.#names.get(session);
    const says = names && this.#identityNames(record).some((name) => names.has(name)) ? ('body' as const) : undefined;
    return either(says, this.#isBeforeLogin(record, session) ? this.#request.part : undefined);
  }

  /** In a session of that account, while nobody was logged in: its address, and what was typed to log in. */
  #isBeforeLogin({ head, who }: RecordLine, session: string): boolean {
    return this.#sessions.has(session) && who?.account === undefined && this.#inRange(head);
  }

  #note(record: RecordLine, asked: ErasedPart): void {
    const { head, hash } = record;
    const allowed = erasable(head.topic, asked);
    const part = allowed && record.present(allowed);
    if (!part) return;
    const { hashes, ids } = this.selection;
    if (hash !== undefined) put(hashes, hash, part);
    put(ids, head.id, part);
    if (ids.size > MAX_SELECTED) throw new TooMany();
    if (part !== 'body') this.#noteWho(record);
  }

  #noteWho({ head: { session }, whoDigest, who }: RecordLine): void {
    if (whoDigest !== '') this.#link(this.#whos, whoDigest);
    if (session !== undefined) this.#whoSessions.add(own(session));
    const said = [who?.account, who?.character].flatMap((name) => (typeof name === 'string' && name !== '' ? [fold(name)] : []));
    if (session === undefined || said.length === 0) return;
    const names = this.#names.get(session) ?? new Set();
    for (const name of said) this.#link(names, name);
    if (!this.#names.has(session)) this.#names.set(own(session), names);
  }

  #link(links: Set<string>, one: string): void {
    if (links.has(one)) return;
    links.add(Buffer.from(one).toString());
    this.links++;
  }
}

const either = (one: ErasedPart | undefined, other: ErasedPart | undefined): ErasedPart | undefined =>
  other === undefined ? one : joined(one, other);

function put(parts: Map<string, ErasedPart>, key: string, part: ErasedPart): void {
  const before = parts.get(key);
  parts.set(before === undefined ? own(key) : key, joined(before, part));
}

/** What is proof stays: a gap, a checkpoint, or what an earlier redaction said, holds nothing of a session, and `verify` needs it. */
const erasable = (topic: string, part: ErasedPart): ErasedPart | undefined =>
  topic.startsWith('session.') ? part : part === 'body' ? undefined : 'who';

/** Every text of the parts that would go. */
function textsOf({ who, body }: RecordLine, part: ErasedPart): string[] {
  const texts = part === 'body' ? [] : textsIn(who, 0);
  if (part === 'who' || !body) return texts;
  const { raw_b64: raw, timing: _, ...rest } = body;
  const bytes = typeof raw === 'string' ? Buffer.from(raw, 'base64') : undefined;
  return [...texts, ...textsIn(rest, 0), ...(bytes ? [bytes.toString('utf8'), bytes.toString('latin1')] : [])];
}

/** Names of members, and numbers, above this are the record's own, and not what anybody said. */
const OWN_NAMES_DEPTH = 2;

/** The strings of a value, the numbers in it, and the names that a peer chose. What was said over several lines also as if it were one. */
function textsIn(value: unknown, depth: number): string[] {
  if (typeof value === 'string') return value.includes('\n') ? [value, value.replace(/[\t ]*\r?\n[\t ]*/g, ' ')] : [value];
  if (typeof value === 'number') return depth < OWN_NAMES_DEPTH ? [] : [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(depth >= OWN_NAMES_DEPTH && !Array.isArray(value) ? [name] : []),
    ...textsIn(inner, depth + 1),
  ]);
}
