import t from 'tap';
import { goingHeads, type PassedDraft, Passing } from '../../src/handover/passing.js';
import type { Draft } from '../../src/record/draft.js';
import { until } from '../wait.js';

const draft = (seq: number, more: Partial<Draft> = {}): Draft => ({
  session: 's',
  seq,
  topic: 'session.input',
  at: 1,
  fixed: '"',
  late: '',
  who: '',
  body: '',
  ...more,
});

function passing(waiting = 0) {
  const given: PassedDraft[] = [];
  const seen = { ready: 0 };
  const one = new Passing(goingHeads([{ id: 's', seq: 4 }]), waiting, {
    give: (drafts) => void given.push(...drafts),
    onReady: () => void seen.ready++,
  });
  return { one, given, seen };
}

t.test('gives what it takes, in its order, and knows the end of a session', async (t) => {
  const { one, given } = passing();
  one.pass(draft(5));
  one.pass(draft(6, { topic: 'session.end' }));
  t.same(given, [], 'in batches');
  await until(() => given.length === 2, 'the batch');
  t.match(given, [
    { session: 's', seq: 5, ends: false },
    { session: 's', seq: 6, ends: true },
  ]);
  t.same(one.heads.sessions.get('s')?.seq, 4);
});

t.test('takes no more while 32 MiB are not durable, and says when it does again', async (t) => {
  const { one, given, seen } = passing();
  const body = 'x'.repeat(1 << 20);
  let count = 0;
  for (; one.accepts(); count++) one.pass(draft(count, { body }));
  t.equal(count, 32);
  await one.close();
  t.equal(given.length, 32);
  t.equal(seen.ready, 0);
  one.passed(given[0]?.text.length ?? 0);
  t.equal(seen.ready, 1);
  t.ok(one.accepts());
});

t.test('one that goes on knows what still waits from before', async (t) => {
  const { one, seen } = passing(32 << 20);
  t.notOk(one.accepts());
  const flushed = one.flushed();
  one.passed(32 << 20);
  await flushed;
  t.equal(seen.ready, 1);
});

t.test('a record that no owner would take is refused', async (t) => {
  const { one } = passing();
  t.throws(() => one.pass(draft(5, { body: 'x'.repeat(17 << 20) })), RangeError);
  await one.flushed();
});
