import kafkajs from 'kafkajs';
import t from 'tap';
import { partitionOf } from '../../../callbacks/kafka/partition.js';

const WORDS = ['', 'a', 'ab', 'abc', 'abcd', 'n1', 'Ж', '01890a5d-ac96-774b-bcce-b302099a8057', 'ffffffff-ffff-7fff-bfff-ffffffffffff', '🐉 dragon'];

t.test("a key's partition is the one that Kafka's Java client chooses", async (t) => {
  // toPositive(murmur2(bytes)) % 1000 of the vectors in Kafka's own UtilsTest.
  const vectors: readonly [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of vectors) t.equal(partitionOf(key, 1000), (hash & 0x7fffffff) % 1000, key);
});

t.test("and the one that kafkajs's default partitioner would", async (t) => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner();
  for (const count of [1, 3, 12, 1000]) {
    const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
      ...{ partitionId, leader: 1 },
      partitionErrorCode: 0,
      replicas: [1],
      isr: [1],
    }));
    for (const key of WORDS)
      t.equal(partitionOf(key, count), theirs({ topic: 'x', partitionMetadata, message: { key, value: '' } }), `${key} of ${count}`);
  }
});
