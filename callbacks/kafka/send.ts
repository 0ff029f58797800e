/**
 * One send: the messages of one request of ours, on their way through kafkajs. Knows which partition each is in, and whether all of them were answered.
 *
 * A partition is chosen once, at the first attempt, and kept over retries. kafkajs 2.2.4 asks each broker once more only where it has no answer of that
 * broker at all: where a partition moves between two attempts to a broker that has answered for others, its messages go nowhere and the send resolves.
 * So what resolved counts only where each partition that has messages has an answer.
 */
import type { PartitionerArgs, RecordMetadata, Message as Sent, TopicMessages } from 'kafkajs';
import { HEADERS, type Message } from './message.js';
import { type Ticket, ticketFor } from './pack.js';
import { partitionOf } from './partition.js';

/** A message as kafkajs is given it: with all that it says, or packed: empty, and later with its group's ticket. */
interface Slot extends Sent {
  readonly send: Send;
  readonly message: Message;
}

interface Group {
  readonly messages: Message[];
  readonly ticket: Ticket;
}

export class Send {
  readonly topicMessages: TopicMessages[];
  readonly #packed: boolean;
  readonly #groups = new Map<string, Group>();
  #over = false;

  /** @param packed for gzip: the messages are encoded by pack.ts, not by kafkajs */
  constructor(messages: readonly Message[], packed: boolean) {
    this.#packed = packed;
    const topics = new Map<string, Sent[]>();
    for (const message of messages) {
      const slots = topics.get(message.topic);
      if (slots) slots.push(this.#slot(message));
      else topics.set(message.topic, [this.#slot(message)]);
    }
    this.topicMessages = [...topics].map(([topic, slots]) => ({ topic, messages: slots }));
  }

  /** kafkajs's partitioner. Throws a RangeError, which kafkajs never retries, once nobody waits for the send any more. */
  static readonly partitioner =
    () =>
    ({ partitionMetadata, message }: PartitionerArgs): number => {
      const slot = message as Slot;
      if (slot.send.#over) throw new RangeError('nobody waits for this send any more');
      slot.partition ??= slot.send.#place(slot, partitionMetadata.length);
      return slot.partition;
    };

  /** Whether every partition that has messages is among the answers. */
  isAnswered(answers: readonly RecordMetadata[]): boolean {
    const answered = new Set(answers.filter(({ errorCode }) => errorCode === 0).map(({ topicName, partition }) => place(topicName, partition)));
    return this.#groups.size > 0 && [...this.#groups.keys()].every((group) => answered.has(group));
  }

  /** Nobody waits any more: kafkajs shall not try again, nor keep the messages. */
  end(): void {
    this.#over = true;
    for (const { ticket } of this.#groups.values()) ticket.release();
    this.#groups.clear();
  }

  #slot(message: Message): Slot {
    if (this.#packed) return { send: this, message, value: null };
    const headers = Object.fromEntries(message.headers.map((value, index) => [HEADERS[index] as string, value]));
    return { send: this, message, key: message.key, value: message.value, headers };
  }

  #place(slot: Slot, partitions: number): number {
    const { message } = slot;
    const partition = partitionOf(message.key, partitions);
    const name = place(message.topic, partition);
    let group = this.#groups.get(name);
    if (!group) {
      const messages: Message[] = [];
      group = { messages, ticket: ticketFor(messages) };
      this.#groups.set(name, group);
    }
    group.messages.push(message);
    if (this.#packed) slot.value = group.ticket.value;
    return partition;
  }
}

const place = (topic: string, partition: number): string => `${topic}/${partition}`;
