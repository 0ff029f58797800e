import type { Message as Sent } from 'kafkajs';
import t from 'tap';
import type { Message } from '../../../callbacks/kafka/message.js';
import { partitionOf } from '../../../callbacks/kafka/partition.js';
import { Send } from '../../../callbacks/kafka/send.js';

const message = (topic: string, key: string): Message => ({ topic, key, value: Buffer.from('{}'), headers: ['application/json', '1.0'] });
const partitions = (count: number) =>
  Array.from({ length: count }, (_, partitionId) => ({ ...{ partitionId, leader: 1 }, partitionErrorCode: 0, replicas: [1], isr: [1] }));
const choose = Send.partitioner();

/** Asks for every partition, as kafkajs does at each attempt. */
const attempt = (send: Send, count: number): number[] =>
  send.topicMessages.flatMap(({ topic, messages }) =>
    messages.map((one: Sent) => choose({ topic, partitionMetadata: partitions(count), message: one })),
  );

const answer = (topicName: string, partition: number, errorCode = 0) => ({ topicName, partition, errorCode });

t.test('a message goes to the partition of its key, and stays there though the topic has got more', async (t) => {
  const send = new Send([message('a', 'alice'), message('a', 'bob'), message('b', 'alice')], true);
  const first = attempt(send, 5);
  t.same(first, [partitionOf('alice', 5), partitionOf('bob', 5), partitionOf('alice', 5)]);
  t.same(attempt(send, 50), first);
});

t.test('packed, kafkajs is given nothing but a ticket; else the whole message', async (t) => {
  const packed = new Send([message('a', 'alice')], true);
  attempt(packed, 1);
  t.match(packed.topicMessages[0]?.messages[0], { key: undefined, headers: undefined, value: Buffer });
  const plain = new Send([message('a', 'alice')], false);
  attempt(plain, 1);
  t.match(plain.topicMessages[0]?.messages[0], {
    key: 'alice',
    value: Buffer.from('{}'),
    headers: { 'content-type': 'application/json', ce_specversion: '1.0' },
  });
});

t.test('it is answered only when each of its partitions is: one that moved between two attempts gets lost in kafkajs', async (t) => {
  const send = new Send([message('a', 'alice'), message('a', 'bob'), message('b', 'alice')], true);
  const [alice = 0, bob = 0] = attempt(send, 5);
  t.not(alice, bob);
  t.notOk(send.isAnswered([]));
  t.notOk(send.isAnswered([answer('a', alice), answer('b', alice)]));
  t.notOk(send.isAnswered([answer('a', alice), answer('b', alice), answer('a', bob, 6)]));
  t.ok(send.isAnswered([answer('a', alice), answer('b', alice), answer('a', bob)]));
});

t.test('a send that kafkajs never asked about is not answered', async (t) => {
  t.notOk(new Send([message('a', 'alice')], true).isAnswered([]));
});

t.test('once it is over, a retry that nobody waits for fails for good', async (t) => {
  const send = new Send([message('a', 'alice')], true);
  attempt(send, 1);
  send.end();
  t.throws(() => attempt(send, 1), { name: 'RangeError' });
});
