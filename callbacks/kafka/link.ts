/**
 * The producer of kafkajs, one send at a time: idempotent, all replicas, retried serially within bounds. Receives messages, resolves once the brokers
 * have them. After any failure it is thrown away, and the next send begins with a new one, which has a new producer id: kafkajs 2.2.4 gives the
 * sequence numbers of what failed to what comes next, and a broker that had stored the first takes the second for a double and drops it.
 */
import kafkajs, { type KafkaConfig, type Producer, type RecordMetadata } from 'kafkajs';
import { failureOf, KafkaFailure, TIMED_OUT, UNANSWERED } from './failure.js';
import type { Message } from './message.js';
import { Send } from './send.js';

export interface LinkOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: KafkaConfig['ssl'] | undefined;
  readonly sasl: KafkaConfig['sasl'] | undefined;
  readonly gzip: boolean;
  readonly idempotent: boolean;
}

const CONNECT_MS = 5_000;
/** How long a broker may wait for its replicas, and how long we wait for the broker. */
const ACKS_MS = 8_000;
const REQUEST_MS = 10_000;
/** Some 3 s in all, enough for a leader to be found anew; what takes longer comes again with the delivery's own back-off. */
const RETRY = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 2_000, factor: 0.2, retries: 5 };
/** What `close` waits for a broker that does not let go. */
const CLOSE_MS = 2_000;

export class Link {
  readonly #options: LinkOptions;
  readonly #signal: AbortSignal;
  #producer: Producer | undefined;

  /** @param signal aborted: what is under way is given up */
  constructor(options: LinkOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Sends messages, those of one key in order. Resolves when all are durable at the brokers; a KafkaFailure says nothing of any of them.
   * @param waitMs how long it may take, in milliseconds
   */
  async send(messages: readonly Message[], waitMs: number): Promise<void> {
    const { gzip } = this.#options;
    const send = new Send(messages, gzip);
    try {
      const answers = await within(this.#deliver(send), waitMs, this.#signal);
      if (!send.isAnswered(answers)) throw new KafkaFailure(UNANSWERED);
    } catch (error) {
      this.#drop();
      throw failureOf(error);
    } finally {
      send.end();
    }
  }

  /** Waits for what the brokers still have to say, but not for ever. May be called again. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer) await within(producer.disconnect(), CLOSE_MS, this.#signal).catch(() => {});
  }

  async #deliver({ topicMessages }: Send): Promise<RecordMetadata[]> {
    const { gzip } = this.#options;
    const compression = gzip ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None;
    const producer = this.#producer ?? this.#make();
    const fresh = this.#producer === undefined;
    this.#producer = producer;
    try {
      if (fresh) await producer.connect();
      return await producer.sendBatch({ acks: -1, timeout: ACKS_MS, compression, topicMessages });
    } finally {
      // A retry of kafkajs that nobody waited for may have connected once more.
      if (this.#producer !== producer) letGo(producer);
    }
  }

  #make(): Producer {
    const { brokers, clientId, ssl, sasl, idempotent } = this.#options;
    const kafka = new kafkajs.Kafka({
      ...{
        brokers: [...brokers],
        clientId,
        connectionTimeout: CONNECT_MS,
        authenticationTimeout: CONNECT_MS,
        requestTimeout: REQUEST_MS,
        retry: RETRY,
      },
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
      // Its messages quote hosts and users; what failed is said by kind (failure.ts).
      logLevel: kafkajs.logLevel.NOTHING,
      logCreator: () => () => {},
    });
    return kafka.producer({ createPartitioner: Send.partitioner, allowAutoTopicCreation: false, idempotent, maxInFlightRequests: 1, retry: RETRY });
  }

  #drop(): void {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer) letGo(producer);
  }
}

function letGo(producer: Producer): void {
  producer.disconnect().catch(() => {});
}

/** The outcome of `work`, or ETIMEDOUT once `ms` are over or `signal` is aborted; then whatever comes of it is let fall. */
function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => settle(() => reject(new KafkaFailure(TIMED_OUT)));
    const timer = setTimeout(giveUp, ms);
    signal.addEventListener('abort', giveUp, { once: true });
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      outcome();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
    if (signal.aborted) giveUp();
  });
}
