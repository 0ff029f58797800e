import t from 'tap';
import { recent } from '../../src/threads/recent.js';
import { until } from '../wait.js';

t.test('however many ask at once, it is asked one time, and they have one answer', async (t) => {
  let asked = 0;
  const ask = recent(async () => ++asked, 60_000);
  t.same(await Promise.all(Array.from({ length: 1_000 }, ask)), Array(1_000).fill(1));
  t.equal(await ask(), 1);
});

t.test('an answer grows old, one that is an error too', async (t) => {
  let asked = 0;
  const ask = recent(async () => {
    if (++asked === 1) throw new Error('not now');
    return asked;
  }, 20);
  await t.rejects(Promise.all([ask(), ask()]), { message: 'not now' });
  t.ok((await until(() => ask().catch(() => undefined), 'the next')) >= 2);
});
