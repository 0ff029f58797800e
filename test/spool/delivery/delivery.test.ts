import { once } from 'node:events';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCursor } from '../../../src/spool/delivery/cursor.js';
import { deliver } from '../../../src/spool/delivery/delivery.js';
import { segmentPath } from '../../../src/spool/segments.js';
import { fixture, inlineDelivery, settingsFor } from '../../delivery-bench.js';
import { batches, nextBatch } from '../../fixtures/callbacks/notify.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';

/** A delivery of the whole journal to the `collect` fixture, to its end. Gives what stands there then. */
async function deliverAll(folder: string, journal: HandMadeJournal, given: Parameters<typeof settingsFor>[1] = {}) {
  const out = join(folder, `${given.name ?? 'mine'}.out`);
  const delivery = inlineDelivery(folder, journal, settingsFor(fixture('collect'), { options: { out, ...given.options }, ...given }));
  journal.board.close();
  await deliver(delivery.options);
  return { ...delivery, written: readFileSync(out, 'utf8') };
}

t.test('everything is delivered in order, over segments, then the callback is closed once', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(5));
  journal.nextSegment();
  journal.write(lines(5, 5));
  const { written, faults } = await deliverAll(folder, journal, { batchRecords: 2 });
  t.equal(written, lines(10).join(''));
  t.equal(readFileSync(join(folder, 'mine.out.closed'), 'utf8'), 'closed\n');
  t.same(faults, []);
  t.same(journal.board.cursor(0), journal.durable);
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 10 });
});

t.test('records are given while they become durable, without being asked for', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const { options } = inlineDelivery(folder, journal, settingsFor(fixture('notify')));
  const ended = deliver(options);
  for (const number of [1, 2, 3]) {
    const given = nextBatch();
    journal.write([line(number, `say ${number}`)]);
    t.same(await given, [`say ${number}`]);
  }
  const closed = once(batches, 'close');
  journal.board.close();
  await Promise.all([closed, ended]);
});

t.test('a callback that throws gets the same batch again, and its error is said by name alone, once', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'a'), line(2, 'b')]);
  const { options, faults, logged } = inlineDelivery(
    folder,
    journal,
    settingsFor(fixture('notify'), { options: { plan: ['ENOSPC', 'ENOSPC', ''] } }),
  );
  const ended = deliver(options);
  for (let call = 0; call < 3; call++) t.same(await nextBatch(), ['a', 'b']);
  journal.board.close();
  await ended;
  t.same(faults, [{ callback: 'mine', code: 'AUDIT_CALLBACK_FAILED', count: 1 }]);
  t.same(logged, ['AUDIT_CALLBACK_FAILED: callback mine: could not write (ENOSPC); it is tried again']);
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 2 });
});

t.test('it starts again where its cursor stands: nothing lost, nothing twice', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(3));
  await deliverAll(folder, journal);
  const again = new HandMadeJournal(folder, { first: 2 });
  again.write(lines(3, 3));
  const { written, faults } = await deliverAll(folder, again);
  t.equal(written, lines(6).join(''));
  t.same(faults, []);
});

t.test('told to stop, it finishes the batch under way, closes, and leaves the rest', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(4));
  const { options, stop } = inlineDelivery(folder, journal, settingsFor(fixture('notify'), { batchRecords: 3 }));
  const ended = deliver(options);
  const closed = once(batches, 'close');
  t.same(await nextBatch(), ['say 0', 'say 1', 'say 2']);
  stop.abort();
  await Promise.all([closed, ended]);
  t.match(readCursor(folder, 'mine'), { records: 3 });
});

t.test('told to stop while a callback fails, it keeps the cursor in front of what was not taken', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  const { options, stop } = inlineDelivery(folder, journal, settingsFor(fixture('notify'), { options: { plan: Array(20).fill('EIO') } }));
  const ended = deliver(options);
  await nextBatch();
  stop.abort();
  await ended;
  t.same(readCursor(folder, 'mine'), { segment: 1, offset: 0, records: 0 });
});

t.test('topics choose what is given, audit.* comes always, and the cursor passes the rest', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'in'), line(2, 'out', 'session.output'), line(3, undefined, 'audit.gap')]);
  const { written } = await deliverAll(folder, journal, { topics: ['session.output'] });
  t.equal(written, line(2, 'out', 'session.output') + line(3, undefined, 'audit.gap'));
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 3 });
});

t.test('a callback added later starts at the newest record or at the oldest, as it says', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  const newest = inlineDelivery(folder, journal, settingsFor(fixture('notify'), { name: 'newest', start: 'newest' }));
  const ended = deliver(newest.options);
  const given = nextBatch();
  journal.write(lines(1, 2));
  t.same(await given, ['say 2']);
  newest.stop.abort();
  await ended;
  const { written } = await deliverAll(folder, journal, { name: 'oldest', start: 'oldest' });
  t.equal(written, lines(3).join(''));
});

t.test('the simple form gets record by record; where it throws, those before do not come again', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = ['a', 'fail', 'b'].map((text, index) => line(index, text));
  journal.write(texts);
  process.env.COLLECT_OUT = join(folder, 'simple.out');
  const { options, faults } = inlineDelivery(folder, journal, settingsFor(fixture('simple')));
  journal.board.close();
  await deliver(options);
  t.equal(readFileSync(join(folder, 'simple.out'), 'utf8'), texts.join(''));
  t.same(faults, [{ callback: 'mine', code: 'AUDIT_CALLBACK_FAILED', count: 1 }]);
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 3 });
});

t.test('a cursor outside the journal is moved, and that is a fault', async (t) => {
  const folder = t.testdir();
  const old = new HandMadeJournal(folder);
  old.write(lines(1));
  await deliverAll(folder, old);
  rmSync(segmentPath(folder, 1));
  const journal = new HandMadeJournal(folder, { first: 5 });
  journal.write(lines(1, 1));
  const { written, faults, logged } = await deliverAll(folder, journal);
  t.equal(written, lines(2).join(''));
  t.same(faults, [{ callback: 'mine', code: 'AUDIT_CURSOR', count: 1 }]);
  t.same(logged, ['AUDIT_CURSOR: callback mine: its cursor was before the oldest segment; it goes on at 5:0']);
});

t.test('a segment that ends in a torn line holds nothing up, and that is a fault', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(1));
  appendFileSync(segmentPath(folder, 1), '{"v":"1.0","text":"hunter2');
  journal.nextSegment();
  journal.write(lines(1, 1));
  const { written, faults, logged } = await deliverAll(folder, journal);
  t.equal(written, lines(2).join(''));
  t.same(faults, [{ callback: 'mine', code: 'AUDIT_SPOOL', count: 1 }]);
  t.notMatch(logged.join(), /hunter2/);
});

t.test('the cursor leaves a segment that is read to its end, so that it may go', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(1));
  journal.nextSegment();
  journal.write([]);
  await deliverAll(folder, journal);
  t.same(journal.board.cursor(0), { segment: 2, offset: 0 });
});

t.test('what lies before the floor is passed over silently, and the cursor stands behind it', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  journal.nextSegment();
  journal.write(lines(2, 2));
  journal.board.raiseFloor(0, { segment: 2, offset: 0 });
  rmSync(segmentPath(folder, 1));
  const { written, faults, logged } = await deliverAll(folder, journal);
  t.equal(written, lines(2, 2).join(''));
  t.same([faults, logged], [[], []]);
  t.match(readCursor(folder, 'mine'), journal.durable);
});

t.test('a batch that is given up while the callback fails is let go, and the cursor does not go back', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(0, 'a')]);
  const settings = settingsFor(fixture('notify'), { options: { plan: ['EIO', 'EIO', 'EIO', 'EIO'] } });
  const { options } = inlineDelivery(folder, journal, settings);
  const ended = deliver(options);
  t.same(await nextBatch(), ['a']);
  journal.nextSegment();
  journal.write([line(1, 'b')]);
  journal.board.raiseFloor(0, { segment: 2, offset: 0 });
  let given = await nextBatch();
  while (given[0] === 'a') given = await nextBatch();
  t.same(given, ['b']);
  journal.board.close();
  await ended;
  t.match(readCursor(folder, 'mine'), journal.durable);
});

t.test('one that was given up while the callback was at it may be finished, and the cursor does not go back', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(0, 'a')]);
  const { options } = inlineDelivery(folder, journal, settingsFor(fixture('notify')));
  batches.once('write', () => {
    journal.nextSegment();
    journal.write([line(1, 'b')]);
    journal.board.raiseFloor(0, { segment: 2, offset: 0 });
    journal.board.close();
  });
  await deliver(options);
  t.match(readCursor(folder, 'mine'), journal.durable);
  t.same(journal.board.cursor(0), journal.durable);
});

t.test('once the node stops, a callback that fails is tried again at once, not after its long wait', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  const [out, down] = [join(folder, 'out'), join(folder, 'down')];
  writeFileSync(down, '');
  let errors = 0;
  const { options, stop } = inlineDelivery(folder, journal, settingsFor(fixture('picky'), { options: { out, down } }));
  const ended = deliver({ ...options, onError: () => errors++ });
  await until(() => errors === 6, 'waits of seconds');
  rmSync(down);
  const since = performance.now();
  journal.board.close();
  await ended;
  t.ok(performance.now() - since < 1_000, `all was there after ${Math.round(performance.now() - since)} ms`);
  t.equal(readFileSync(out, 'utf8'), lines(2).join(''));
  stop.abort();
});

t.test('a damaged line is given to a callback that asked for topics, and ends nothing', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const damaged = '{"v":"1.0","id":"018\n';
  journal.write([line(0, 'a'), damaged, line(1, 'b')]);
  const { written } = await deliverAll(folder, journal, { topics: ['session'] });
  t.equal(written, [line(0, 'a'), damaged, line(1, 'b')].join(''));
});

const LOAD: readonly [string, Parameters<typeof settingsFor>, string][] = [
  ['a module that is not there', [fixture('absent')], 'does not load (ERR_MODULE_NOT_FOUND)'],
  ['a module that does not load', [fixture('quotes-itself')], 'does not load (SyntaxError)'],
  ['options that it refuses', [fixture('refuses'), { options: { how: 'clearly' } }], 'url: is missing'],
  ['a factory that throws', [fixture('refuses'), { options: { how: 'wildly' } }], 'does not start (TypeError)'],
  ['a factory that gives no callback', [fixture('refuses'), { options: { how: 'nothing' } }], 'must give { write(records), close() }'],
  ['a function without parameters', [fixture('no-parameters')], 'must declare (record), or (options, context)'],
  ['a full form that declares one parameter', [fixture('disguised')], 'must declare both its parameters: (options, context)'],
];

for (const [title, settings, message] of LOAD) {
  t.test(`${title}: AUDIT_CALLBACK_LOAD`, async (t) => {
    const folder = t.testdir();
    const journal = new HandMadeJournal(folder);
    journal.write(lines(1));
    const { options } = inlineDelivery(folder, journal, settingsFor(...settings));
    const said = await deliver(options).catch(String);
    t.ok(said?.startsWith('AUDIT_CALLBACK_LOAD: callback mine (./mine.js): ') && said.includes(message), said ?? 'did not throw');
    t.notMatch(said, /hunter2/);
  });
}
