/**
 * One line of evidence: receives its bytes, gives what stands in its head and what is wrong with its seal. All places come from the grammar of
 * FORMAT.md and all digests from the bytes as they stand; JSON is never parsed and written again. Keeps nothing of the line.
 */
import { isUtf8 } from 'node:buffer';
import { hash as digestOf } from 'node:crypto';
import { membersOf } from './verify-members.js';

/** What the head and the seal say, whether true or not. */
export interface Head {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  /** As escaped in the line: only compared. */
  readonly node: string;
  /** `''` for the node's own records. */
  readonly session: string;
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
}

/** `version`: of a major version that is not known here. `no-who`, `no-body`: a part that its digest names and that is not there: damage, or redacted. */
export type LineFault = 'grammar' | 'version' | 'head' | 'who' | 'body' | 'no-who' | 'no-body';

export interface ReadLine {
  /** Absent where the line is no sealed record at all. */
  readonly head?: Head;
  readonly faults: readonly LineFault[];
}

/** Versions read here: 1.0 by its exact grammar, later 1.x with members that are not known. */
const MAJOR = 1;
const VERSION = /^\{"v":"(\d{1,6})\.(\d{1,6})",/;
/** Longest text that VERSION can match. */
const VERSION_BYTES = '{"v":"123456.123456",'.length;

const STRING = '"[^"\\\\\\x00-\\x1f]*(?:\\\\.[^"\\\\\\x00-\\x1f]*)*"';
const COUNT = '(?:0|[1-9]\\d{0,15})';
const UUID7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const HIT = `\\{"mask":${STRING},"direction":"(?:RCV|SND)","start":${COUNT},"end":${COUNT}\\}`;

/** Members of the head in their order: name, form of the value, and whether it may be missing. Groups: id, topic, time, node, session, seq, prev. */
const HEAD_MEMBERS: readonly (readonly [name: string, form: string, optional?: 'optional'])[] = [
  ['v', '"1\\.0"'],
  ['id', `"(${UUID7})"`],
  ['topic', '"([a-z]+(?:\\.[a-z]+)*)"'],
  ['time', '"(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z)"'],
  ['hostname', STRING],
  ['application', STRING],
  ['version', STRING],
  ['pid', COUNT],
  ['node', `(${STRING})`],
  ['listener', STRING, 'optional'],
  ['direction', STRING, 'optional'],
  ['protocol', STRING, 'optional'],
  ['session', `"(${UUID7})"`, 'optional'],
  ['seq', `(${COUNT})`],
  ['exchange', COUNT, 'optional'],
  ['latency_ms', '\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?', 'optional'],
  ['event', STRING, 'optional'],
  ['event_type', STRING, 'optional'],
  ['system', 'true', 'optional'],
  ['also', STRING, 'optional'],
  ['masked', `\\[(?:${HIT}(?:,${HIT})*)?\\]`, 'optional'],
  ['bytes', COUNT, 'optional'],
  ['encoding', STRING, 'optional'],
  ['cut', STRING, 'optional'],
  ['prev', '"([0-9a-f]{64})"'],
];

const WHO_MEMBERS: typeof HEAD_MEMBERS = [
  ['who_salt', '"[A-Za-z0-9_-]{22}"'],
  ['ip', STRING, 'optional'],
  ['port', COUNT, 'optional'],
  ['account', STRING, 'optional'],
  ['character', STRING, 'optional'],
  ['interlink', STRING, 'optional'],
];

const sourceOf = (members: typeof HEAD_MEMBERS): string =>
  members.map(([name, form, optional], i) => (optional ? `(?:,"${name}":${form})?` : `${i ? ',' : ''}"${name}":${form}`)).join('');

const HEAD = new RegExp(`^\\{${sourceOf(HEAD_MEMBERS)}$`, 's');
const WHO = new RegExp(`^${sourceOf(WHO_MEMBERS)}$`, 's');
const SEAL = /^,"digest":\["([0-9a-f]{64}|)","([0-9a-f]{64}|)"\],"hash":"([0-9a-f]{64})"/;
const BODY = /^"salt":"[A-Za-z0-9_-]{22}"[,}]/;

/** An unescaped quote cannot stand inside a string, so the first of these in a line is the member itself (FORMAT.md). */
const DIGEST_MARK = Buffer.from(',"digest":["');
const HASH_MARK_BYTES = ',"hash":"'.length + 64 + 1;
const SALT_MARK = Buffer.from(',"salt":"');
/** Longest seal: both digests given. */
const SEAL_BYTES = DIGEST_MARK.length + 2 * 64 + '",""]'.length + HASH_MARK_BYTES;
const BODY_START_BYTES = '"salt":""'.length + 22 + 1;
const CLOSE = 0x7d;
const COMMA = 0x2c;

const NOT_SEALED: ReadLine = { faults: ['grammar'] };
const NEWER: ReadLine = { faults: ['version'] };
const GOOD: readonly LineFault[] = [];

/** Who is written once for a session, so the same bytes come with every record: those that proved right need no second hash. */
const PROVEN_LIMIT = 4_096;
const proven = new Map<string, Buffer>();

function whoMatches(who: Buffer, digest: string, isExact: boolean): boolean {
  if (proven.get(digest)?.equals(who)) return true;
  if (!(isExact ? matches(WHO, who.toString('latin1')) : isNewerWho(who)) || digestOf('sha256', who) !== digest) return false;
  if (proven.size >= PROVEN_LIMIT) proven.clear();
  proven.set(digest, Buffer.from(who));
  return true;
}

/** A who with members that are not known here. */
function isNewerWho(who: Buffer): boolean {
  const members = membersOf(`{${who.toString('utf8')}}`);
  return members?.keys().next().value === 'who_salt' && /^"[A-Za-z0-9_-]{22}"$/.test(members.get('who_salt') ?? '');
}

/** Where who and body stand between `from` (behind the hash) and the closing brace; undefined where the bytes fit neither. */
function partsOf(line: Buffer, from: number): { who?: Buffer; body?: Buffer } | undefined {
  const end = line.length - 1;
  if (line[end] !== CLOSE || from > end) return undefined;
  if (from === end) return {};
  if (line[from] !== COMMA) return undefined;
  const salt = line.indexOf(SALT_MARK, from);
  if (salt < 0) return { who: line.subarray(from + 1, end) };
  const body = line.subarray(salt + 1, end);
  return salt === from ? { body } : { who: line.subarray(from + 1, salt), body };
}

function sealFaults(line: Buffer, from: number, [w, b]: readonly [string, string], isExact: boolean): readonly LineFault[] {
  const parts = partsOf(line, from);
  if (!parts) return ['grammar'];
  const faults: LineFault[] = [];
  if (!parts.who && w) faults.push('no-who');
  if (parts.who && !whoMatches(parts.who, w, isExact)) faults.push('who');
  if (!parts.body && b) faults.push('no-body');
  if (parts.body && !bodyMatches(line, parts.body, b)) faults.push('body');
  return faults.length ? faults : GOOD;
}

function bodyMatches(line: Buffer, body: Buffer, digest: string): boolean {
  const start = line.toString('latin1', body.byteOffset - line.byteOffset, body.byteOffset - line.byteOffset + BODY_START_BYTES);
  return BODY.test(start) && digestOf('sha256', body) === digest;
}

/** V8's stack ends at some millions of escapes in one string: no part of ours. */
function matches(pattern: RegExp, text: string): RegExpExecArray | null {
  try {
    return pattern.exec(text);
  } catch {
    return null;
  }
}

/** The forms of the members that are followed, in the order of the groups of HEAD. */
const FOLLOWED = ['id', 'topic', 'time', 'node', 'session', 'seq', 'prev'].map((name) => {
  const [, form = '', optional] = HEAD_MEMBERS.find(([member]) => member === name) ?? [];
  return { name, optional: optional !== undefined, form: new RegExp(`^${form}$`, 's') };
});

/** The groups of HEAD out of a head with members that are not known here: those that are followed must have the forms they had. */
function newerHead(text: string): string[] | undefined {
  const members = membersOf(`${text}}`);
  if (!members || [...members.keys()].at(-1) !== 'prev') return undefined;
  const groups = [text];
  for (const { name, optional, form } of FOLLOWED) {
    const value = members.get(name);
    const found = value === undefined ? undefined : matches(form, value);
    if (value === undefined ? !optional : !found) return undefined;
    groups.push(found?.[1] ?? '');
  }
  return groups;
}

/** 'exact' for 1.0, 'newer' for a later 1.x, 'unknown' for another major version; undefined where the line does not begin as a record. */
function versionOf(line: Buffer): 'exact' | 'newer' | 'unknown' | undefined {
  const [, major, minor] = VERSION.exec(line.toString('latin1', 0, VERSION_BYTES)) ?? [];
  if (major === undefined) return undefined;
  if (Number(major) !== MAJOR) return 'unknown';
  return minor === '0' ? 'exact' : 'newer';
}

/**
 * Reads one line and recomputes its digests.
 * @param line without its line end; borrowed
 */
export function readLine(line: Buffer): ReadLine {
  const at = line.indexOf(DIGEST_MARK);
  const version = versionOf(line);
  if (version === 'unknown') return NEWER;
  if (at < 0 || !version || !isUtf8(line)) return NOT_SEALED;
  const head = version === 'exact' ? matches(HEAD, line.toString('latin1', 0, at)) : newerHead(line.toString('latin1', 0, at));
  const seal = head && SEAL.exec(line.toString('latin1', at, at + SEAL_BYTES));
  if (!head || !seal) return NOT_SEALED;
  const [, id = '', topic = '', time = '', node = '', session = '', seq = '', prev = ''] = head;
  const [whole, w = '', b = '', stated = ''] = seal;
  const sealEnd = at + whole.length;
  const hash = digestOf('sha256', line.subarray(0, sealEnd - HASH_MARK_BYTES));
  const faults = sealFaults(line, sealEnd, [w, b], version === 'exact');
  const said = { id, topic, time, node, session, seq: Number(seq), prev };
  if (hash === stated) return { head: { ...said, hash }, faults };
  return { head: { ...said, hash: stated }, faults: ['head', ...faults] };
}

/** Members of a record's `data` as they stand. @param line whose seal holds @returns undefined where it has no body or no data */
export function dataOf(line: Buffer): { readonly text: string; readonly members: ReadonlyMap<string, string> } | undefined {
  const salt = line.indexOf(SALT_MARK);
  if (salt < 0) return undefined;
  const text = membersOf(`{${line.toString('utf8', salt + 1)}`)?.get('data');
  const members = text === undefined ? undefined : membersOf(text);
  return text === undefined || !members ? undefined : { text, members };
}

/** HEAD of a line as it stands: from `{` to just before `,"digest"`. Borrowed. */
export const headOf = (line: Buffer): Buffer => line.subarray(0, line.indexOf(DIGEST_MARK));
