import { writeFileSync } from 'node:fs';
import t from 'tap';
import { countBetween, measureRun } from '../../src/spool/measure.js';
import { segmentPath } from '../../src/spool/segments.js';
import { folderOf } from '../harness.js';
import { HandMadeJournal, line, lines } from '../journal-lines.js';

const lengthOf = (count: number): number => Buffer.byteLength(lines(count).join(''));
const idOf = (number: number): string => JSON.parse(line(number)).id;

t.test('a run of records: how many, the first id, the last', async (t) => {
  const folder = folderOf(t);
  new HandMadeJournal(folder).write(lines(10));
  t.same(await measureRun(folder, 1, 0, lengthOf(10)), { records: 10, from: idOf(0), to: idOf(9) });
  t.same(await measureRun(folder, 1, lengthOf(4), lengthOf(5)), { records: 1, from: idOf(4), to: idOf(4) });
  t.same(await measureRun(folder, 1, lengthOf(4), lengthOf(4)), { records: 0, from: null, to: null });
});

t.test('lines longer than a slice, and many slices', async (t) => {
  const folder = folderOf(t);
  const long = [line(0, 'x'.repeat(3 << 20)), ...lines(5, 1), line(6, 'y'.repeat(2 << 20))];
  writeFileSync(segmentPath(folder, 1), long.join(''));
  t.same(await measureRun(folder, 1, 0, Buffer.byteLength(long.join(''))), { records: 7, from: idOf(0), to: idOf(6) });
});

t.test('records are counted over the ends of segments', async (t) => {
  const folder = folderOf(t);
  const journal = new HandMadeJournal(folder, { first: 2 });
  journal.write(lines(3));
  journal.nextSegment();
  journal.write(lines(3, 3));
  journal.nextSegment();
  journal.write(lines(3, 6));
  const from = { segment: 2, offset: lengthOf(1) };
  t.equal(await countBetween(folder, [2, 3, 4], from, journal.durable), 8);
  t.equal(await countBetween(folder, [2, 3, 4], from, { segment: 3, offset: 0 }), 2);
  t.equal(await countBetween(folder, [3, 4], { segment: 1, offset: 77 }, journal.durable), 6, 'what is gone is not counted');
  await t.rejects(countBetween(folder, [2, 3, 4], from, journal.durable, AbortSignal.abort()));
});
