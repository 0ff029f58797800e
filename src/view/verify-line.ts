/**
 * One line of evidence: receives its bytes, gives what stands in its head and what is wrong with its seal. All places come from the grammar of
 * FORMAT.md and all digests from the bytes as they stand; JSON is never parsed and written again. Keeps nothing of the line.
 */
import { isUtf8 } from 'node:buffer';
import { hash as digestOf } from 'node:crypto';

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

/** `part`: a part that its digest names and that is not there. A later version asks `access.redact` before it calls that damage. */
export type LineFault = 'grammar' | 'head' | 'who' | 'body' | 'no-who' | 'no-body';

export interface ReadLine {
  /** Absent where the line is no sealed record at all. */
  readonly head?: Head;
  readonly faults: readonly LineFault[];
}

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
const GOOD: readonly LineFault[] = [];

/** Who is written once for a session, so the same bytes come with every record: those that proved right need no second hash. */
const PROVEN_LIMIT = 4_096;
const proven = new Map<string, Buffer>();

function whoMatches(who: Buffer, digest: string): boolean {
  if (proven.get(digest)?.equals(who)) return true;
  if (!matches(WHO, who.toString('latin1')) || digestOf('sha256', who) !== digest) return false;
  if (proven.size >= PROVEN_LIMIT) proven.clear();
  proven.set(digest, Buffer.from(who));
  return true;
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

function sealFaults(line: Buffer, from: number, w: string, b: string): readonly LineFault[] {
  const parts = partsOf(line, from);
  if (!parts) return ['grammar'];
  const faults: LineFault[] = [];
  if (!parts.who && w) faults.push('no-who');
  if (parts.who && !whoMatches(parts.who, w)) faults.push('who');
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

/**
 * Reads one line and recomputes its digests.
 * @param line without its line end; borrowed
 */
export function readLine(line: Buffer): ReadLine {
  const at = line.indexOf(DIGEST_MARK);
  if (at < 0 || !isUtf8(line)) return NOT_SEALED;
  const head = matches(HEAD, line.toString('latin1', 0, at));
  const seal = head && SEAL.exec(line.toString('latin1', at, at + SEAL_BYTES));
  if (!head || !seal) return NOT_SEALED;
  const [, id = '', topic = '', time = '', node = '', session = '', seq = '', prev = ''] = head;
  const [whole, w = '', b = '', stated = ''] = seal;
  const sealEnd = at + whole.length;
  const hash = digestOf('sha256', line.subarray(0, sealEnd - HASH_MARK_BYTES));
  const faults = sealFaults(line, sealEnd, w, b);
  const said = { id, topic, time, node, session, seq: Number(seq), prev };
  if (hash === stated) return { head: { ...said, hash }, faults };
  return { head: { ...said, hash: stated }, faults: ['head', ...faults] };
}
