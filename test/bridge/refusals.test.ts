import t from 'tap';
import { Refusals } from '../../src/bridge/refusals.js';

t.test('ten a second are recorded each, the rest counted and told of after ten seconds', async (t) => {
  const refusals = new Refusals();
  const flood = (count: number) => Array.from({ length: count }, () => refusals.add()).filter(Boolean).length;
  t.equal(flood(25), 10);
  const told = Array.from({ length: 10 }, () => {
    const count = refusals.second();
    t.equal(flood(11), 10);
    return count;
  });
  t.same(told, [0, 0, 0, 0, 0, 0, 0, 0, 0, 15 + 9]);
  t.equal(refusals.rest(), 1);
  t.equal(refusals.rest(), 0);
});

t.test('what could not be recorded is counted', async (t) => {
  const refusals = new Refusals();
  t.ok(refusals.add());
  refusals.miss();
  t.equal(refusals.rest(), 1);
});
