/**
 * What the forms share: the members of a record, how their text is written, and what follows from a topic or a protocol. Receives a record, gives plain
 * values; never changes what it is given.
 */
import type { AuditRecord } from '../../contract.js';
import { AuditError } from '../../errors.js';

/** A record's members, by the names of FORMAT.md. */
export type Members = { readonly [field: string]: unknown };

export const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Members of a record. One of the journal's parses once, whoever asks first. Throws AUDIT_SPOOL where its line is not JSON, without quoting it. */
export function membersOf(record: AuditRecord): Members {
  const { toJSON } = record;
  if (typeof toJSON === 'function') return toJSON.call(record) as Members;
  try {
    return JSON.parse(record.line) as Members;
  } catch {
    throw new AuditError('AUDIT_SPOOL', 'a line of the journal is not JSON; wirescribe verify says which');
  }
}

/** What JSON leaves raw and readers stumble over: DEL, C1 controls, and the two separators that some take for line ends (FORMAT.md, The line). */
const UNSAFE = /[\x7f-\x9f\u2028\u2029]/;
const EACH_UNSAFE = /[\x7f-\x9f\u2028\u2029]/g;

/** JSON text of what JSON can say, on one line, escaped as the journal's lines are. */
export function toJson(value: object | number | boolean): string {
  const text = JSON.stringify(value);
  if (!UNSAFE.test(text)) return text;
  return text.replace(EACH_UNSAFE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How much a record matters to who watches the proxy: `text` for people, `number` is OpenTelemetry's SeverityNumber. */
export interface Level {
  readonly text: 'INFO' | 'WARN' | 'ERROR';
  readonly number: 9 | 13 | 17;
}

const INFO: Level = { text: 'INFO', number: 9 };
const LEVELS: ReadonlyMap<unknown, Level> = new Map<unknown, Level>([
  ['audit.fault', { text: 'WARN', number: 13 }],
  ['audit.gap', { text: 'ERROR', number: 17 }],
]);

/** A fault is a warning, lost records are an error, all else is information. */
export const levelOf = (topic: unknown): Level => LEVELS.get(topic) ?? INFO;

/** The protocol that the text is spoken in: `telnet`, `websocket`; undefined for plain text. */
export function applicationOf(protocol: unknown): string | undefined {
  const [base] = String(protocol).split('/');
  return base === 'telnet' || base === 'websocket' ? base : undefined;
}

/** What carries it: `tcp`, `unix`; undefined for a pty. */
export function transportOf(protocol: unknown): 'tcp' | 'unix' | undefined {
  if (protocol === 'pty') return undefined;
  return protocol === 'unix' ? 'unix' : 'tcp';
}
