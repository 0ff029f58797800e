import t from 'tap';
import { Rate } from '../../src/bridge/rate.js';

t.test('ten seconds of tokens may be taken at once, then one as each comes', async (t) => {
  const rate = new Rate();
  const taken = Array.from({ length: 21 }, () => rate.take('a', 2, 1_000));
  t.same([taken.filter(Boolean).length, taken.at(-1)], [20, false]);
  t.notOk(rate.take('a', 2, 1_499));
  t.ok(rate.take('a', 2, 1_500), 'half a second brings one');
  t.notOk(rate.take('a', 2, 1_501), 'and no more');
  t.ok(rate.take('b', 2, 1_501), 'others have their own');
});

t.test('a rate that brings less than one token in ten seconds still gives the first', async (t) => {
  const rate = new Rate();
  const at = (seconds: number) => rate.take('a', 0.001, seconds * 1_000);
  t.same([at(0), at(1), at(999), at(1_000), at(1_001)], [true, false, false, true, false]);
});

t.test('what is refused takes nothing: who goes on asking is served as soon as who waits', async (t) => {
  const rate = new Rate();
  for (let at = 0; at < 10; at++) rate.take('a', 1, 0);
  for (let at = 0; at < 1_000; at += 10) t.notOk(rate.take('a', 1, at));
  t.ok(rate.take('a', 1, 1_000));
});

t.test('a rate of thirds gives as many tokens as it says', async (t) => {
  const rate = new Rate();
  t.equal(Array.from({ length: 50 }, () => rate.take('a', 3, 0)).filter(Boolean).length, 30);
});

t.test('buckets that are full again are forgotten when there are too many, then the one that was asked for the longest ago', async (t) => {
  const rate = new Rate(3);
  for (let at = 0; at < 10; at++) rate.take('poor', 1, 0);
  rate.take('rich', 1, 0);
  rate.take('richer', 1, 500);
  t.equal(rate.size, 3);
  rate.take('new', 1, 2_000);
  t.equal(rate.size, 2, 'rich and richer were full');
  t.ok(rate.take('poor', 1, 2_000));
  t.ok(rate.take('poor', 1, 2_000));
  t.notOk(rate.take('poor', 1, 2_000), 'the poor one was not forgotten');
  for (const key of ['b', 'c', 'd', 'e']) rate.take(key, 1, 2_000);
  t.equal(rate.size, 3, 'never more');
  t.equal(Array.from({ length: 11 }, () => rate.take('poor', 1, 2_000)).filter(Boolean).length, 10, 'now it was: it stood first');
});
