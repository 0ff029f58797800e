/**
 * Records as callbacks get them (contract's AuditRecord), made out of the journal's bytes. Receives whole lines, gives frozen objects that decode
 * nothing until they are asked; a callback that passes bytes on costs no decoding at all. Never changes a line.
 */
import { type AuditRecord, RECORD_VERSION } from '../../contract.js';
import { AuditError } from '../../errors.js';

/** The members of FORMAT.md, in the order of the line. */
const FIELDS = [
  ...['v', 'id', 'topic', 'time', 'hostname', 'application', 'version', 'pid', 'node', 'listener', 'direction', 'protocol', 'session', 'seq'],
  ...['exchange', 'latency_ms', 'event', 'event_type', 'system', 'also', 'masked', 'bytes', 'encoding', 'cut', 'prev', 'digest', 'hash'],
  ...['who_salt', 'ip', 'port', 'account', 'character', 'interlink', 'salt', 'room', 'text', 'raw', 'raw_b64', 'timing', 'data', 'custom'],
];

/** Every line begins `{"v":"1.0","id":"UUID","topic":"`, so a topic can be read without parsing: here is where its key stands. */
const TOPIC_KEY = Buffer.from('"topic":"');
const TOPIC_AT = `{"v":"${RECORD_VERSION}","id":"00000000-0000-0000-0000-000000000000",`.length;
const QUOTE = 0x22;

type Members = { readonly [field: string]: unknown };

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

/** The other way to a member: its getter on the prototype, below. */
class JournalRecord implements AuditRecord {
  declare readonly id: string;
  declare readonly topic: string;
  declare readonly time: string;
  readonly [field: string]: unknown;

  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #line: string | undefined;
  #members: Members | undefined;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    Object.freeze(this);
  }

  get line(): string {
    this.#line ??= this.#bytes.toString('utf8', this.#start, this.#end - 1);
    return this.#line;
  }

  get lineBytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** The topic off its known place in the head, or undefined where the head is of another shape. */
  peekTopic(): string | undefined {
    const at = this.#start + TOPIC_AT;
    const from = at + TOPIC_KEY.length;
    if (from >= this.#end || this.#bytes.compare(TOPIC_KEY, 0, TOPIC_KEY.length, at, from) !== 0) return undefined;
    const to = this.#bytes.indexOf(QUOTE, from);
    return to > from && to < this.#end ? this.#bytes.toString('latin1', from, to) : undefined;
  }

  toJSON(): Members {
    this.#members ??= this.#parse();
    return this.#members;
  }

  /** JSON.parse quotes its input in its message, so that error goes no further. */
  #parse(): Members {
    try {
      return deepFreeze(JSON.parse(this.line)) as Members;
    } catch {
      throw new AuditError('AUDIT_SPOOL', 'a line of the journal is not JSON; wirescribe verify says which');
    }
  }
}

for (const field of FIELDS) {
  Object.defineProperty(JournalRecord.prototype, field, {
    get(this: JournalRecord) {
      return this.toJSON()[field];
    },
  });
}

/**
 * A record over the line in `bytes` from `start` up to `end`, its line end included. Keeps the bytes: whoever hands them over changes them no more.
 * A member is parsed at first use and throws AUDIT_SPOOL where the line is not JSON.
 */
export const makeRecord = (bytes: Buffer, start: number, end: number): AuditRecord => new JournalRecord(bytes, start, end);

/** Records of a text of whole lines, each ended by `\n`: for tests, and for whoever has lines outside a journal. */
export function recordsOf(lines: string): AuditRecord[] {
  const bytes = Buffer.from(lines);
  const records: AuditRecord[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start) + 1;
    if (end === 0) throw new RangeError('the last line has no line end');
    records.push(makeRecord(bytes, start, end));
    start = end;
  }
  return records;
}

/** The topic of a record, without parsing the record where its head is of the known shape. */
export const topicOf = (record: AuditRecord): string => (record instanceof JournalRecord ? record.peekTopic() : undefined) ?? record.topic;

/**
 * Whether a callback that asked for `topics` (dotted prefixes; null: all) gets a record of `topic`. `audit.*` is never kept from it, nor is
 * `access.redact`: whoever keeps what was erased must hear of it.
 */
export function wantsTopic(topics: readonly string[] | null, topic: string): boolean {
  if (topics === null || topic.startsWith('audit.') || topic === 'access.redact') return true;
  return topics.some((prefix) => topic === prefix || topic.startsWith(`${prefix}.`));
}
