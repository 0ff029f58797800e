import t from 'tap';
import { Losses } from '../../src/capture/losses.js';

const BOUND = 65_536;
const END = { reason: 'closed', by: 'client', bytesIn: 1, bytesOut: 2 } as const;

t.test('bytes are counted by session and direction, from the first to the last', async (t) => {
  const losses = new Losses();
  losses.bytes(1, 'RCV', 10, 100, 100, 'full');
  losses.bytes(1, 'RCV', 5, 200, 200, 'full');
  losses.bytes(1, 'SND', 7, 300, 300, 'full');
  losses.end(1, END, 400, 'full');
  t.same(losses.next(), [1, { reason: 'full', lost: { RCV: { bytes: 15, from: 100 }, SND: { bytes: 7, from: 300 } }, lastAt: 400, end: END }]);
  losses.told(1);
  t.equal(losses.next(), undefined);
  t.equal(losses.size, 0);
});

t.test('a number that is not known stays unknown, whatever is added', async (t) => {
  const losses = new Losses();
  losses.bytes(1, 'RCV', 10, 100, 100, 'full');
  losses.bytes(1, 'RCV', null, null, 200, 'audit-restarted');
  losses.bytes(1, 'RCV', 10, 300, 300, 'full');
  t.same(losses.next()?.[1].lost, { RCV: { bytes: null, from: 100 } });
});

t.test('past 65,536 sessions that begin without room only their number is kept', async (t) => {
  const losses = new Losses();
  losses.bytes(1, 'SND', 3, 5, 5, 'full');
  for (let session = 2; session <= BOUND + 10; session++) losses.open(session, '{}', 10, 'full');
  // Ten did not fit (the first entry is of a session that was open before). Six of them end, bytes of the others are in nobody's count.
  for (let session = BOUND + 1; session <= BOUND + 6; session++) losses.end(session, END, 20, 'full');
  losses.bytes(BOUND + 7, 'RCV', 99, 20, 20, 'full');
  t.equal(losses.has(BOUND + 1), false, 'one that ended is forgotten');
  t.equal(losses.has(BOUND + 7), true);
  t.equal(losses.onlyRest, false);
  let told = 0;
  for (let next = losses.next(); next; next = losses.next()) {
    losses.told(next[0]);
    told++;
  }
  t.equal(told, BOUND);
  t.equal(losses.onlyRest, true);
  t.same(losses.rest(30), {
    gap: { reason: 'full', direction: null, from: 10, to: 30, bytes: null, sessions: 10 },
    open: [BOUND + 7, BOUND + 8, BOUND + 9, BOUND + 10],
  });
  t.equal(losses.size, 0);
  t.equal(losses.has(BOUND + 7), false, 'those that go on are counted again from now on');
});

t.test('a session that was open before is counted and ended though the bound is reached', async (t) => {
  const losses = new Losses();
  for (let session = 2; session <= BOUND + 1; session++) losses.open(session, '{}', 10, 'full');
  losses.bytes(1, 'SND', 3, 11, 11, 'full');
  losses.end(1, END, 12, 'full');
  for (let next = losses.next(); next && next[0] !== 1; next = losses.next()) losses.told(next[0]);
  t.same(losses.next(), [1, { reason: 'full', lost: { SND: { bytes: 3, from: 11 } }, lastAt: 12, end: END }]);
});
