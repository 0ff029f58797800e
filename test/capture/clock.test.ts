import t from 'tap';
import { nowUs } from '../../src/capture/clock.js';

t.test('time is whole microseconds, near the wall clock, and never goes back while that does not', async (t) => {
  let last = nowUs();
  let backward = 0;
  let broken = 0;
  for (let call = 0; call < 50_000; call++) {
    const now = nowUs();
    if (now < last) backward++;
    if (!Number.isSafeInteger(now)) broken++;
    last = now;
  }
  t.equal(backward, 0);
  t.equal(broken, 0);
  t.ok(Math.abs(nowUs() - Date.now() * 1000) < 20_000);
});

t.test('a wall clock that is set forward or back is followed', async (t) => {
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  for (const step of [3_600_000, -3_600_000]) {
    Date.now = () => now() + step;
    for (let call = 0; call < 300; call++) nowUs();
    t.ok(Math.abs(nowUs() / 1000 - (now() + step)) < 20, `${step} ms`);
  }
});
