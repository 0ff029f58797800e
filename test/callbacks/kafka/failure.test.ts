import t from 'tap';
import { failureOf, hintFor, KafkaFailure } from '../../../callbacks/kafka/failure.js';
import { nameOf } from '../../../src/errors.js';

/** As kafkajs makes them: the words are Kafka's, the message quotes what it will. */
const SECRET = 'broker kafka1:9092 said alice:hunter2';
const named = (name: string, more: object = {}): Error => Object.assign(new Error(SECRET), { name }, more);

t.test('a failure is its kind alone: Kafka’s word, the system’s, or the name of the error', async (t) => {
  const cases: readonly [unknown, string][] = [
    [named('KafkaJSProtocolError', { type: 'NOT_ENOUGH_REPLICAS', code: 19 }), 'NOT_ENOUGH_REPLICAS'],
    [named('KafkaJSConnectionError', { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [named('KafkaJSRequestTimeoutError'), 'KafkaJSRequestTimeoutError'],
    ['thrown', 'string'],
  ];
  for (const [error, kind] of cases) {
    const failure = failureOf(error);
    t.equal(nameOf(failure), kind);
    t.equal(failure.message, `kafka: ${kind}`);
    t.notMatch(`${failure.stack}`, /hunter2/);
  }
});

t.test('what kafkajs wraps, however often, is named for its cause', async (t) => {
  const inner = named('KafkaJSProtocolError', { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
  const exceeded = named('KafkaJSNumberOfRetriesExceeded', { cause: inner });
  const wrapped = named('KafkaJSNonRetriableError', { cause: exceeded });
  t.equal(failureOf(wrapped).code, 'UNKNOWN_TOPIC_OR_PARTITION');
  const round = named('KafkaJSError');
  Object.assign(round, { cause: round });
  t.equal(failureOf(round).code, 'KafkaJSError', 'one that is its own cause ends');
});

t.test('a failure of ours stays as it is', async (t) => {
  const failure = new KafkaFailure('ETIMEDOUT');
  t.equal(failureOf(failure), failure);
});

t.test('too large is told apart, and what an operator can mend has a hint', async (t) => {
  t.ok(new KafkaFailure('MESSAGE_TOO_LARGE').tooLarge);
  t.ok(new KafkaFailure('RECORD_LIST_TOO_LARGE').tooLarge);
  t.notOk(new KafkaFailure('NOT_ENOUGH_REPLICAS').tooLarge);
  t.match(hintFor(new KafkaFailure('UNKNOWN_TOPIC_OR_PARTITION')), /create it/);
  t.equal(hintFor(new KafkaFailure('UNKNOWN')), undefined);
});
