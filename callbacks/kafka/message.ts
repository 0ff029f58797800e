/**
 * A record as a message of Kafka: the line is the value, byte for byte; its session is the key; its names are headers of a CloudEvent (Kafka protocol
 * binding 1.0.2, binary mode). Receives records, gives messages. Parses no record that has the known head, and keeps none.
 */
import type { AuditRecord } from '../../src/contract.js';

/** Names of the headers, in the order of `Message.headers`. The last is that of records with a session alone. */
export const HEADERS = ['content-type', 'ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'ce_subject'] as const;

export interface Message {
  /** The topic of Kafka. */
  readonly topic: string;
  readonly key: string;
  /** The line without its line end: a view of the journal's bytes, not to be changed. */
  readonly value: Buffer;
  /** Values of the headers, in the order of HEADERS. */
  readonly headers: readonly string[];
}

export interface MessageOptions {
  /** Topic of Kafka, or a pattern with `{topic}`. */
  readonly topic: string;
  /** Member that keys a message. */
  readonly key: string;
  /** NODE: the key of a record that says none. */
  readonly node: string;
}

/** What a message says of a record beside its line. */
interface Head {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly application: string;
  readonly node: string;
  readonly session: string | undefined;
}

/** How every line of the journal begins (FORMAT.md, order of members), as far as no member there needs JSON's escapes. */
const TEXT = '"([^"\\\\]*)"';
const PLAIN = '"[^"\\\\]*"';
const HEAD = new RegExp(
  `^\\{"v":${PLAIN},"id":${TEXT},"topic":${TEXT},"time":${TEXT},"hostname":${PLAIN},"application":${TEXT},"version":${PLAIN},"pid":\\d+,"node":${TEXT}` +
    `(?:,"listener":${PLAIN})?(?:,"direction":${PLAIN})?(?:,"protocol":${PLAIN})?(?:,"session":${TEXT})?,"seq":`,
);
/** As far as a head reaches with names of common length; one that is longer is parsed. */
const HEAD_BYTES = 640;
const LINE_END = 0x0a;

/** Makes messages of records, one after the other. */
export class MessageMaker {
  readonly #options: MessageOptions;
  readonly #perTopic: boolean;
  /** The last source, and of whom: as a rule all records of a journal have the same. */
  #source = { application: '', node: '', uri: '//' };

  constructor(options: MessageOptions) {
    this.#options = options;
    this.#perTopic = options.topic.includes('{topic}');
  }

  make(record: AuditRecord): Message {
    const value = lineOf(record);
    const head = peek(value) ?? this.#ask(record);
    const headers = ['application/json', '1.0', head.id, this.#sourceOf(head), head.topic, head.time];
    if (head.session !== undefined) headers.push(head.session);
    const { topic } = this.#options;
    return { topic: this.#perTopic ? topic.replaceAll('{topic}', head.topic) : topic, key: this.#keyOf(head, record), value, headers };
  }

  /** The members themselves, for a head of another shape or form. */
  #ask(record: AuditRecord): Head {
    const text = (field: string, other: string) => (typeof record[field] === 'string' ? (record[field] as string) : other);
    const { id, topic, time, session } = record;
    return { id, topic, time, application: text('application', 'wirescribe'), node: text('node', this.#options.node), session };
  }

  #keyOf(head: Head, record: AuditRecord): string {
    const { key } = this.#options;
    if (key === 'node') return head.node;
    const value = key === 'session' ? head.session : record[key];
    return typeof value === 'string' && value !== '' ? value : head.node;
  }

  #sourceOf({ application, node }: Head): string {
    if (this.#source.application !== application || this.#source.node !== node) {
      this.#source = { application, node, uri: `/${encodeURIComponent(application)}/${encodeURIComponent(node)}` };
    }
    return this.#source.uri;
  }
}

function lineOf(record: AuditRecord): Buffer {
  const bytes = record.lineBytes;
  if (!bytes) return Buffer.from(record.line);
  const end = bytes[bytes.length - 1] === LINE_END ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end);
}

function peek(line: Buffer): Head | undefined {
  const found = HEAD.exec(line.toString('utf8', 0, HEAD_BYTES));
  if (!found) return undefined;
  const [, id = '', topic = '', time = '', application = '', node = '', session] = found;
  return { id, topic, time, application, node, session };
}
