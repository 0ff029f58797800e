/**
 * Produces records to Apache Kafka through kafkajs. A message's value is the record's line, its key the session, so that a session stays in order;
 * CloudEvents headers name it. One send is in flight at a time, all replicas acknowledge it, and what is not known to be there is sent again: at least
 * once, doubles have the same `id`. Connects at the first batch: brokers that are down hold up neither the start nor the game. Makes no topic.
 */
import {
  type AuditRecord,
  type Callback,
  type CallbackContext,
  type CallbackOptions,
  type CheckOptions,
  type Log,
  type Refused,
  RefusedRecords,
} from '../src/contract.js';
import { failureOf, hintFor, type KafkaFailure } from './kafka/failure.js';
import { Link } from './kafka/link.js';
import { type Message, MessageMaker } from './kafka/message.js';
import { readOptions, remarksOn, type Settings } from './kafka/options.js';

/** Of one send, unpacked: below the 1 MiB that a broker takes of a partition by default (max.message.bytes), with room for keys and headers. */
const SEND_BYTES = 800_000;
/** Of one send: kafkajs's time for one partition grows with the square of them. */
const SEND_RECORDS = 4_000;
/** An answer to `write` must come well within the 30 s after which a thread counts as stuck (DESIGN 6). */
const WRITE_MS = 20_000;

export const check: CheckOptions = (options, folder) => {
  const remarks = remarksOn(readOptions(options, folder));
  return remarks.length > 0 ? remarks : undefined;
};

export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  return new KafkaCallback(readOptions(options, context.folder), context);
}

/** A batch on its way: what comes again after a failure goes on where it stood. */
interface Progress {
  readonly records: readonly AuditRecord[];
  readonly refused: Refused[];
  /** Records that are durable, or refused. */
  taken: number;
}

class KafkaCallback implements Callback {
  readonly #link: Link;
  readonly #maker: MessageMaker;
  readonly #log: Log;
  #progress: Progress | undefined;
  #maxBytes = SEND_BYTES;
  /** The kind of failure that was said last; '' while all is well. */
  #said = '';

  constructor({ topic, key, link }: Settings, { node, log, signal }: CallbackContext) {
    this.#link = new Link(link, signal);
    this.#maker = new MessageMaker({ topic, key, node });
    this.#log = log;
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    const endAt = performance.now() + WRITE_MS;
    if (this.#progress?.records !== records) this.#progress = { records, refused: [], taken: 0 };
    const progress = this.#progress;
    while (progress.taken < records.length) await this.#send(progress, endAt);
    this.#progress = undefined;
    if (progress.refused.length > 0) throw new RefusedRecords(progress.refused);
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #send(progress: Progress, endAt: number): Promise<void> {
    const messages = this.#next(progress);
    try {
      await this.#link.send(messages, Math.max(0, endAt - performance.now()));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.tooLarge) return this.#shrink(progress, messages);
      this.#say(failure, messages);
      throw failure;
    }
    progress.taken += messages.length;
    this.#said = '';
  }

  /** The next messages, as many as go in one send; always one. */
  #next({ records, taken }: Progress): Message[] {
    const messages: Message[] = [];
    let bytes = 0;
    for (let index = taken; index < records.length && messages.length < SEND_RECORDS; index++) {
      const message = this.#maker.make(records[index] as AuditRecord);
      bytes += message.value.length;
      if (messages.length > 0 && bytes > this.#maxBytes) break;
      messages.push(message);
    }
    return messages;
  }

  /**
   * The brokers take less at a time. Half of it is tried, and so on, down to one record: that one is refused, and the next send is of common size again.
   * Where it was no single record, the topic's max.message.bytes is small: the size that fits is kept.
   */
  #shrink(progress: Progress, messages: readonly Message[]): void {
    if (messages.length > 1) {
      this.#maxBytes = messages.reduce((bytes, { value }) => bytes + value.length, 0) / 2;
      return;
    }
    progress.refused.push({ record: progress.records[progress.taken] as AuditRecord, reason: 'too-large' });
    progress.taken++;
    this.#maxBytes = SEND_BYTES;
  }

  /** Delivery says that a write failed, and by which name; how to mend it is known here, and said once. */
  #say(failure: KafkaFailure, messages: readonly Message[]): void {
    const hint = hintFor(failure);
    if (hint === undefined || this.#said === failure.code) return;
    this.#said = failure.code;
    const topics = [...new Set(messages.map(({ topic }) => topic))].join(', ');
    this.#log.warn(`kafka: ${hint} (${failure.code}; topic ${topics})`);
  }
}
