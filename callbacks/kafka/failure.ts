/**
 * What went wrong with the brokers, by its kind alone: the message of a kafkajs error may name hosts and users. Receives errors of kafkajs, gives ours.
 */

/** A send or a connection that failed. `code` is Kafka's word (UNKNOWN_TOPIC_OR_PARTITION), the system's (ECONNREFUSED), or the name of kafkajs's error. */
export class KafkaFailure extends Error {
  override readonly name: string;
  readonly code: string;
  /** A partition without a leader fails for its records alone, and they are good. */
  readonly retriable = true;

  constructor(kind: string) {
    super(`kafka: ${kind}`);
    this.name = kind;
    this.code = kind;
  }

  /** The broker never takes so much at a time: less of it may go. */
  get tooLarge(): boolean {
    return this.code === 'MESSAGE_TOO_LARGE' || this.code === 'RECORD_LIST_TOO_LARGE';
  }
}

/** Gave up waiting, and: kafkajs said that it was sent, while a partition has not answered. */
export const TIMED_OUT = 'ETIMEDOUT';
export const UNANSWERED = 'NO_ANSWER';

/** Errors of kafkajs that only wrap another. */
const WRAPPERS: ReadonlySet<string> = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError', 'KafkaJSError']);
/** Causes are not nested deeper than retries are: producer, cluster, connection. */
const DEPTH = 5;

/** The failure behind an error of kafkajs. */
export function failureOf(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error;
  let inner = error;
  for (let depth = 0; depth < DEPTH && inner instanceof Error && WRAPPERS.has(inner.name) && inner.cause; depth++) inner = inner.cause;
  return new KafkaFailure(kindOf(inner));
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { type, code } = error as { type?: unknown; code?: unknown };
  return ([type, code].find((word) => typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(word)) as string | undefined) ?? error.name;
}

const HINTS: { readonly [kind: string]: string } = {
  UNKNOWN_TOPIC_OR_PARTITION: 'the brokers have no such topic: create it; topics do not make themselves',
  TOPIC_AUTHORIZATION_FAILED: 'this user may not write to the topic: give it the ACL Write',
  CLUSTER_AUTHORIZATION_FAILED: "this user may not produce idempotently: give it the ACL IdempotentWrite, or write 'idempotent': False",
  KafkaJSSASLAuthenticationError: "the brokers refuse the username or the password of 'sasl'",
  SASL_AUTHENTICATION_FAILED: "the brokers refuse the username or the password of 'sasl'",
  UNSUPPORTED_SASL_MECHANISM: "the brokers do not know the mechanism of 'sasl'",
  NOT_ENOUGH_REPLICAS: 'too few replicas of the topic are in sync (min.insync.replicas)',
  KafkaJSConnectionError: 'the brokers cannot be reached, or end the connection: is the port one with TLS, or without?',
  KafkaJSConnectionClosedError: 'the brokers end the connection: is the port one with TLS, or without?',
  ECONNREFUSED: 'the brokers cannot be reached',
  ENOTFOUND: 'the name of a broker is not known here',
  ETIMEDOUT: 'the brokers do not answer in time',
  KafkaJSRequestTimeoutError: 'the brokers do not answer in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: "the broker's certificate is not to be trusted: name its authority in 'ca' of 'tls'",
  SELF_SIGNED_CERT_IN_CHAIN: "the broker's certificate is not to be trusted: name its authority in 'ca' of 'tls'",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the broker's certificate is not to be trusted: name its authority in 'ca' of 'tls'",
  ERR_TLS_CERT_ALTNAME_INVALID: "the broker's certificate is for another name: write it as 'servername' of 'tls'",
};

/** What an operator is told of a kind of failure; undefined where the kind says all that is known. */
export const hintFor = (failure: KafkaFailure): string | undefined => HINTS[failure.code];
