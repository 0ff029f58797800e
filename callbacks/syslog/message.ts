/**
 * A record as a syslog message: header by RFC 5424 or RFC 3164, the journal's line behind it, byte for byte. Receives records, gives bytes. Decodes no line
 * of the journal: what the header needs stands in the line's head (DESIGN 7), in a fixed order. Never gives a message above the bound it is told.
 */
import type { AuditRecord } from '../../src/contract.js';

/** How messages are written. */
export interface MessageForm {
  /** RFC 5424, or the older RFC 3164. */
  readonly rfc: 5424 | 3164;
  /** 0 to 23 (RFC 5424, 6.2.1). */
  readonly facility: number;
  /** RFC 3164 to a local collector goes without a HOSTNAME, as syslog(3) sends it. */
  readonly local: boolean;
}

/** A message, in two parts so that a line is copied once. */
export interface Message {
  /** PRI, HEADER and STRUCTURED-DATA: ASCII alone. */
  readonly head: string;
  /** MSG: the line without its line end. Borrowed from the record: valid as long as that is. */
  readonly body: Uint8Array;
  /** Length of both. */
  readonly bytes: number;
  /** What it goes without, for it would be too long: the record's body; or, where that is not enough or the line is in another schema, all of it. */
  readonly cut?: 'body' | 'all';
}

/** What the header says of a record. */
interface Head {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly hostname?: string | undefined;
  readonly application?: string | undefined;
  readonly pid?: string | undefined;
  readonly session?: string | undefined;
  readonly seq?: string | undefined;
  readonly hash?: string | undefined;
}

/** Severities of RFC 5424, 6.2.1. */
const WARNING = 4;
const NOTICE = 5;
const INFORMATIONAL = 6;

/** 32473 is the enterprise number for examples (RFC 5612): we have none of our own. */
const SD_ID = 'wirescribe@32473';

/** Lengths of the header's fields (RFC 5424, 6). */
const MAX = { hostname: 255, application: 48, pid: 128, topic: 32 } as const;

/** Letters of a TAG (RFC 3164, 4.1.3). */
const MAX_TAG = 32;

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
const CLOSING_BRACE = Buffer.from('}');

/** A header is never longer: all its fields at their bounds, an SD-ELEMENT of UUIDs, a number and a hash. */
export const MAX_HEAD_BYTES = 1_024;

/** No head is longer up to its `seq`, names of a sane length given. */
const HEAD_BYTES = 2_048;

/** The line's head up to `seq`: `v` to `seq` in the order of FORMAT.md. What is not like it is parsed. */
const HEAD = new RegExp(
  [
    String.raw`^\{"v":"[^"\\]*","id":"([^"\\]*)","topic":"([^"\\]*)","time":"([^"\\]*)","hostname":"([^"\\]*)","application":"([^"\\]*)"`,
    String.raw`,"version":"[^"\\]*","pid":(\d+),"node":"(?:[^"\\]|\\.)*"(?:,"listener":"(?:[^"\\]|\\.)*")?(?:,"direction":"[^"\\]*")?`,
    String.raw`(?:,"protocol":"[^"\\]*")?(?:,"session":"([^"\\]*)")?,"seq":(\d+)[,}]`,
  ].join(''),
);

const HASH_KEY = '"hash":"';
const HASH_CHARACTERS = 64;
/** A quote inside a string is escaped, so these bytes can be the start of a body alone. */
const BODY_KEY = ',"salt":"';

/**
 * The message of a record.
 * @param maxBytes what it may be long, at least MAX_HEAD_BYTES; what is longer goes without its body
 */
export function makeMessage(record: AuditRecord, form: MessageForm, maxBytes: number): Message {
  const line = lineOf(record);
  const head = headOf(record, line);
  const whole = { head: writeHead(head, form), body: line };
  if (lengthOf(whole) <= maxBytes) return { ...whole, bytes: lengthOf(whole) };
  const rest = withoutBody(line);
  const short = { head: writeHead(head, form, 'body'), body: rest };
  if (rest.length > 0 && lengthOf(short) <= maxBytes) return { ...short, bytes: lengthOf(short), cut: 'body' };
  const none = { head: writeHead(head, form, 'all').trimEnd(), body: NOTHING };
  return { ...none, bytes: lengthOf(none), cut: 'all' };
}

/** One message by itself, for a datagram. */
export const datagramOf = ({ head, body }: Message): Buffer => Buffer.concat([Buffer.from(head, 'latin1'), body]);

/** Messages for a stream, each behind its length and a blank (octet counting: RFC 6587, 3.4.1; RFC 5425, 4.3). */
export function frameAll(messages: readonly Message[]): Buffer {
  const counts = messages.map(({ bytes }) => `${bytes} `);
  const total = messages.reduce((sum, { bytes }, index) => sum + bytes + (counts[index]?.length ?? 0), 0);
  const frames = Buffer.allocUnsafeSlow(total);
  let at = 0;
  for (const [index, { head, body }] of messages.entries()) {
    at += frames.write(`${counts[index]}${head}`, at, 'latin1');
    frames.set(body, at);
    at += body.length;
  }
  return frames;
}

const lengthOf = ({ head, body }: { readonly head: string; readonly body: Uint8Array }): number => head.length + body.length;

function lineOf({ line, lineBytes }: AuditRecord): Buffer {
  if (!lineBytes) return Buffer.from(line);
  const length = lineBytes.at(-1) === NEWLINE ? lineBytes.length - 1 : lineBytes.length;
  return Buffer.from(lineBytes.buffer, lineBytes.byteOffset, length);
}

function headOf(record: AuditRecord, line: Buffer): Head {
  const found = HEAD.exec(line.toString('latin1', 0, HEAD_BYTES));
  if (!found) return parsedHead(record);
  const [, id = '', topic = '', time = '', hostname, application, pid, session, seq] = found;
  const hashAt = line.indexOf(HASH_KEY) + HASH_KEY.length;
  const hash = hashAt < HASH_KEY.length ? undefined : line.toString('latin1', hashAt, hashAt + HASH_CHARACTERS);
  return { id, topic, time, hostname, application, pid, session, seq, hash };
}

/** For lines of another schema, or with members left out. */
function parsedHead(record: AuditRecord): Head {
  const text = (value: unknown) => (value === undefined ? undefined : String(value));
  const { id, topic, time, session } = record;
  const { hostname, application, pid, seq, hash } = record as { readonly [field: string]: unknown };
  return { id, topic, time, session, hostname: text(hostname), application: text(application), pid: text(pid), seq: text(seq), hash: text(hash) };
}

/** The line as after the erasure of its body (DESIGN 7): head, seal and who. Empty where it has no body, or is no line of the journal. */
function withoutBody(line: Buffer): Buffer {
  const seal = line.indexOf(HASH_KEY);
  const at = seal < 0 ? -1 : line.indexOf(BODY_KEY, seal);
  return at < 0 ? NOTHING : Buffer.concat([line.subarray(0, at), CLOSING_BRACE]);
}

function writeHead(head: Head, form: MessageForm, cut?: 'body' | 'all'): string {
  return form.rfc === 5424 ? head5424(head, form, cut) : head3164(head, form);
}

function priOf(topic: string, facility: number): number {
  if (topic === 'audit.gap' || topic === 'audit.fault') return facility * 8 + WARNING;
  return facility * 8 + (topic.startsWith('session.') ? INFORMATIONAL : NOTICE);
}

/** `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID [SD] ` (RFC 5424, 6). */
function head5424(head: Head, { facility }: MessageForm, cut: string | undefined): string {
  const { id, topic, hostname, application, pid, session, seq, hash } = head;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(head.time) ? head.time : '-';
  const names = `${printable(hostname, MAX.hostname)} ${printable(application, MAX.application)} ${printable(pid, MAX.pid)} ${printable(topic, MAX.topic)}`;
  const data = parameter('id', id) + parameter('session', session) + parameter('seq', seq) + parameter('hash', hash) + parameter('cut', cut);
  return `<${priOf(topic, facility)}>1 ${time} ${names} [${SD_ID}${data}] `;
}

/** PRINTUSASCII of so many characters at most; `-` for none. */
const printable = (text: string | undefined, max: number): string => text?.slice(0, max).replace(/[^!-~]/g, '?') || '-';

/** No value of ours is longer or beyond ASCII; the bound holds if one ever is. */
const MAX_VALUE = 64;

const parameter = (name: string, value: string | undefined): string =>
  value === undefined
    ? ''
    : ` ${name}="${value
        .slice(0, MAX_VALUE)
        .replace(/[^ -~]/g, '?')
        .replace(/["\\\]]/g, '\\$&')}"`;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `<PRI>Mmm dd hh:mm:ss HOSTNAME TAG[PID]: ` (RFC 3164, 4.1), local time, as all who write it do. */
function head3164({ topic, time, hostname, application, pid }: Head, { facility, local }: MessageForm): string {
  const host = local ? '' : `${printable(hostname, MAX.hostname)} `;
  const tag = (application ?? '').slice(0, MAX_TAG).replace(/[^A-Za-z0-9_.-]/g, '-') || 'wirescribe';
  return `<${priOf(topic, facility)}>${localTime(time)} ${host}${tag}[${printable(pid, MAX.pid)}]: `;
}

function localTime(time: string): string {
  const at = new Date(time);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
