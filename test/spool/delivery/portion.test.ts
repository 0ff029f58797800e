import t from 'tap';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { Careful } from '../../../src/spool/delivery/careful.js';
import { Portion } from '../../../src/spool/delivery/portion.js';
import { HOW } from '../../../src/spool/delivery/watch.js';
import { line } from '../../journal-lines.js';

/** A batch of records with these topics, from `first` on in segment 3. Gives it with the place in front of each. */
function batchOf(topics: readonly string[], first = 0) {
  const records = recordsOf(topics.map((topic, index) => line(index, 'x', topic)).join(''));
  const places = [{ segment: 3, offset: first }];
  for (const { lineBytes } of records) places.push({ segment: 3, offset: (places.at(-1)?.offset ?? 0) + (lineBytes?.length ?? 0) });
  const next = places.at(-1) ?? { segment: 3, offset: first };
  return { batch: { records, behind: places.slice(1), next }, places, records };
}

const IN = 'session.input';
const OUT = 'session.output';

t.test('without topics it is the batch, and the cursor follows what is done', (t) => {
  const { batch, places, records } = batchOf([IN, OUT, IN], 500);
  const portion = new Portion(batch, null);
  t.equal(portion.next(portion.left), records);
  t.same(portion.here, { segment: 3, offset: 500 });
  t.equal(portion.progress(), undefined);
  portion.advance(2);
  t.same([portion.left, portion.here, portion.next(1)[0]], [1, places[2], records[2]]);
  t.same(portion.progress(), { position: places[2], records: 2, given: 2 });
  portion.advance(1);
  t.same(portion.progress(), { position: portion.end, records: 1, given: 1 });
  t.end();
});

t.test('records of other topics are passed over with those that are done', (t) => {
  const { batch, places, records } = batchOf([OUT, IN, OUT, OUT, IN, OUT]);
  const portion = new Portion(batch, [IN]);
  t.same(portion.next(2), [records[1], records[4]]);
  t.same(portion.progress(), { position: places[1], records: 1, given: 0 });
  portion.advance(1);
  t.same(portion.progress(), { position: places[4], records: 3, given: 1 });
  portion.advance(1);
  t.same(portion.progress(), { position: places[6], records: 2, given: 1 });
  t.same(new Portion(batchOf([OUT]).batch, [IN]).progress()?.records, 1, 'a batch of none is passed at once');
  t.end();
});

t.test('it counts what stands in front of a place', (t) => {
  const { batch, places } = batchOf([IN, OUT, IN, IN]);
  t.same(
    places.map((place) => new Portion(batch, [IN]).leftBefore(place)),
    [0, 1, 1, 2, 3],
  );
  t.equal(new Portion(batch, null).leftBefore({ segment: 4, offset: 0 }), 4);
  t.end();
});

t.test('with care, records are given in one go up to the place, and then alone, as many as a batch has', (t) => {
  const { batch, places } = batchOf([IN, IN, IN, IN, IN]);
  const [, , from, fatal] = places;
  if (!from || !fatal) throw new RangeError('five');
  const careful = new Careful({ from, suspect: from, fatal }, 2);
  const portion = new Portion(batch, null);
  t.same([careful.sizeOf(portion), careful.howAt(portion.here)], [2, HOW.usual]);
  portion.advance(2);
  t.same([careful.sizeOf(portion), careful.howAt(portion.here), careful.isSuspect(portion.here)], [1, HOW.alone, true]);
  careful.passed();
  portion.advance(1);
  t.same([careful.sizeOf(portion), careful.isSuspect(portion.here), careful.isFatal(portion.here)], [1, false, true]);
  careful.passed();
  t.same([careful.sizeOf(portion), careful.howAt(portion.here)], [Number.POSITIVE_INFINITY, HOW.usual], 'what killed the batch is past');
  t.end();
});
