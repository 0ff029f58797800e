import t from 'tap';
import { Backoff, pause, Rarely, unlessAborted } from '../../src/spool/retry.js';

t.test('waits double up to a bound, each with jitter below it, and begin anew after a success', async (t) => {
  const backoff = new Backoff({ minMs: 50, maxMs: 300 });
  const within = (bound: number) => {
    const ms = backoff.next();
    return ms >= bound / 2 && ms <= bound;
  };
  t.same([50, 100, 200, 300, 300].map(within), [true, true, true, true, true]);
  backoff.reset();
  t.ok(within(50));
});

t.test('a pause ends at once when told to stop, before it or in it', async (t) => {
  const stop = new AbortController();
  const paused = pause(1_000_000, stop.signal);
  stop.abort();
  await paused;
  await pause(1_000_000, stop.signal);
  t.pass('both are over');
});

t.test('a failure is said when it is new, or when its minute is over, with how often it happened since', async (t) => {
  const said: [string, number][] = [];
  const rarely = new Rarely((name, count) => said.push([name, count]));
  for (const name of ['EIO', 'EIO', 'EIO', 'ENOSPC', 'ENOSPC']) rarely.happened(name);
  t.same(said, [
    ['EIO', 1],
    ['ENOSPC', 3],
  ]);
  const always = new Rarely((name, count) => said.push([name, count]), 0);
  said.length = 0;
  always.happened('EIO');
  always.happened('EIO');
  t.same(said, [
    ['EIO', 1],
    ['EIO', 1],
  ]);
});

t.test('work is waited for, or no longer once told to stop, before it or in it', async (t) => {
  const stop = new AbortController();
  t.equal(await unlessAborted(Promise.resolve(7), stop.signal), 7);
  await t.rejects(unlessAborted(Promise.reject(new RangeError('no')), stop.signal), RangeError);
  const never = unlessAborted(new Promise(() => {}), stop.signal);
  stop.abort();
  t.equal(await never, undefined);
  t.equal(await unlessAborted(Promise.resolve(7), stop.signal), undefined);
});
