import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCursor } from '../../../src/spool/delivery/cursor.js';
import { deliver } from '../../../src/spool/delivery/delivery.js';
import { Trail, trailOf } from '../../../src/spool/delivery/trail.js';
import { WATCH, Watch } from '../../../src/spool/delivery/watch.js';
import { fixture, inlineDelivery, settingsFor } from '../../delivery-bench.js';
import { HandMadeJournal, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';

const place = (offset: number, records: number, segment = 1) => ({ segment, offset, records });

t.test('the place that is shown stays so many records behind, or up to a batch more', (t) => {
  const trail = new Trail(10, place(0, 0));
  t.same(trail.pass(place(600, 6), 6), place(0, 0));
  t.same(trail.pass(place(1_200, 12), 6), place(0, 0));
  t.same(trail.pass(place(1_800, 18), 6), place(600, 6));
  t.same(trail.pass(place(5_000, 50), 32), place(1_800, 18));
  t.end();
});

t.test('records that are not given do not move it on, and cost no room', (t) => {
  const trail = new Trail(2, place(0, 0));
  trail.pass(place(100, 1), 1);
  for (let at = 2; at < 100; at++) t.equal(trail.pass(place(at * 100, at), 0).offset, 0);
  t.same(trail.pass(place(10_000, 100), 1), place(0, 0));
  t.same(trail.pass(place(10_100, 101), 1), place(9_900, 99), 'then it is past all that was not given');
  t.end();
});

t.test('it stays no more than four segments behind', (t) => {
  const trail = new Trail(10, place(0, 0));
  for (let segment = 1; segment <= 5; segment++) t.equal(trail.pass(place(100, segment, segment), 1).segment, 1);
  t.same(trail.pass(place(100, 6, 6), 1), place(100, 2, 2));
  t.end();
});

t.test('without one, what is passed is shown; what a callback asks for is made safe', (t) => {
  t.same(new Trail(0, place(0, 0)).pass(place(100, 1), 1), place(100, 1));
  t.same([undefined, 'many', Number.NaN, -3, 2.5, 7, 1e12].map(trailOf), [0, 0, 0, 0, 3, 7, 1_000_000]);
  t.end();
});

t.test('the records behind the cursor come again at the next start, and none is counted twice', async (t) => {
  const folder = t.testdir();
  const out = join(folder, 'out');
  const settings = settingsFor(fixture('picky'), { options: { out, trail: 3 }, batchRecords: 2 });
  const run = async (first: number, from: number) => {
    const journal = new HandMadeJournal(folder, { first });
    journal.write(lines(4, from));
    journal.board.close();
    const watch = new Watch();
    await deliver({ ...inlineDelivery(folder, journal, settings).options, watch });
    return { cursor: readCursor(folder, 'mine'), board: journal.board.cursor(0), records: watch.get(WATCH.records) };
  };
  const first = await run(1, 0);
  t.match(first, { cursor: { segment: 1, offset: 0, records: 0 }, board: { segment: 1, offset: 0 }, records: 4 });
  const second = await run(2, 4);
  t.match(second, { cursor: { segment: 1, records: 4 }, records: 8 });
  t.equal(readFileSync(out, 'utf8'), [...lines(4), ...lines(8)].join(''));
});

t.test('while room is short the cursor does not trail, though nothing new is written', async (t) => {
  const folder = t.testdir();
  const out = join(folder, 'out');
  const settings = settingsFor(fixture('picky'), { options: { out, trail: 3 }, batchRecords: 2 });
  const journal = new HandMadeJournal(folder, { first: 1 });
  journal.write(lines(4));
  const { options, stop } = inlineDelivery(folder, journal, settings);
  const watch = new Watch();
  const delivered = deliver({ ...options, watch });
  await until(() => watch.get(WATCH.records) === 4, 'four records');
  t.same(journal.board.cursor(0), { segment: 1, offset: 0 }, 'it trails');
  journal.board.tight = true;
  await until(() => journal.board.cursor(0).offset > 0, 'the cursor to yield');
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 4 });
  stop.abort();
  await delivered;
});
