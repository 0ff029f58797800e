import { statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readCursor, saveCursor } from '../../src/spool/delivery/cursor.js';
import { fromFurthestBehind, type GivenUp, giveUp, placeOf, victimsOf } from '../../src/spool/give-up.js';
import { segmentPath } from '../../src/spool/segments.js';
import { folderOf } from '../harness.js';
import { HandMadeJournal, line, lines } from '../journal-lines.js';

const CALLBACKS = [
  { name: 'file', required: false },
  { name: 'kafka', required: false },
];
const idOf = (number: number): string => JSON.parse(line(number)).id;

/** Segments 3 and 4 with four records each, and callbacks at the offsets behind so many records of segment 3 (4: at the next segment). */
function journal(folder: string, taken: readonly number[]) {
  const made = new HandMadeJournal(folder, { first: 3, callbacks: taken.length });
  made.write(lines(4));
  made.nextSegment();
  made.write(lines(4, 4));
  const ends = [0, 1, 2, 3].map((count) => Buffer.byteLength(lines(count).join('')));
  for (const [index, count] of taken.entries())
    made.board.moveCursor(index, count === 4 ? { segment: 4, offset: 0 } : { segment: 3, offset: ends[count] ?? 0 });
  const oldest = { segment: 3, bytes: statSync(segmentPath(folder, 3)).size };
  return { board: made.board, oldest };
}

t.test('the callback that is behind gives up what it has not taken: gap, then place; the other is left alone', async (t) => {
  const folder = folderOf(t);
  const { board, oldest } = journal(folder, [1, 4]);
  saveCursor(folder, 'file', { ...board.cursor(0), records: 21 });
  const gaps: GivenUp[] = [];
  const declare = async (given: GivenUp): Promise<void> => {
    t.same(board.floor(0), { segment: 0, offset: 0 }, 'no place moves before the gap is durable');
    gaps.push(given);
  };
  t.equal(await giveUp({ folder, board, callbacks: CALLBACKS, declare }, oldest), true);
  t.same(gaps, [{ callback: 'file', records: 3, from: idOf(1), to: idOf(3) }], 'what it had taken is not declared');
  t.same(board.floor(0), { segment: 4, offset: 0 });
  t.same(placeOf(board, 0), { segment: 4, offset: 0 }, 'though its cursor has not moved');
  t.same(readCursor(folder, 'file'), { segment: 4, offset: 0, records: 24 });
  t.same(board.floor(1), { segment: 0, offset: 0 });
});

t.test('of several that are behind all give up, the one furthest behind first', async (t) => {
  const folder = folderOf(t);
  const { board, oldest } = journal(folder, [2, 4, 0]);
  const callbacks = [...CALLBACKS, { name: 'syslog', required: false }];
  const gaps: GivenUp[] = [];
  t.same(fromFurthestBehind(board), [2, 0, 1]);
  await giveUp({ folder, board, callbacks, declare: async (given) => void gaps.push(given) }, oldest);
  t.same(
    gaps.map(({ callback, records }) => [callback, records]),
    [
      ['syslog', 4],
      ['file', 2],
    ],
  );
});

t.test('one that began behind a segment does not have it: nobody gives it up for that one', (t) => {
  const { board, oldest } = journal(folderOf(t), [1, 4]);
  const place = board.cursor(0);
  board.beginAt(1, { ...place, offset: place.offset + 1 });
  t.equal(victimsOf(board, CALLBACKS, oldest), undefined);
  board.beginAt(1, place);
  t.same(victimsOf(board, CALLBACKS, oldest), [0], 'it has all that the other still needs');
  t.end();
});

t.test('nobody gives up where all are behind, where one that is behind is required, or before all are placed', async (t) => {
  const folder = folderOf(t);
  const all = journal(folder, [1, 3]);
  t.equal(victimsOf(all.board, CALLBACKS, all.oldest), undefined, 'all are behind');
  const one = journal(folderOf(t), [1]);
  t.equal(victimsOf(one.board, CALLBACKS, one.oldest), undefined, 'the only one');
  const { board, oldest } = journal(folderOf(t), [1, 4]);
  t.equal(
    victimsOf(
      board,
      [
        { name: 'file', required: true },
        { name: 'kafka', required: false },
      ],
      oldest,
    ),
    undefined,
    'required',
  );
  t.same(
    victimsOf(
      board,
      [
        { name: 'file', required: false },
        { name: 'kafka', required: true },
      ],
      oldest,
    ),
    [0],
    'one that is ahead may be required',
  );
  board.moveCursor(1, { segment: 0, offset: 0 });
  t.equal(victimsOf(board, CALLBACKS, oldest), undefined, 'one says nothing yet');
  const declare = async (): Promise<void> => void t.fail('nothing is declared');
  t.equal(await giveUp({ folder, board: all.board, callbacks: CALLBACKS, declare }, all.oldest), false);
});

t.test('one that has taken all of it loses nothing, and nothing is declared', async (t) => {
  const folder = folderOf(t);
  const { board, oldest } = journal(folder, [0, 4]);
  board.moveCursor(0, { segment: 3, offset: oldest.bytes });
  const declare = async (): Promise<void> => void t.fail('nothing is declared');
  const callbacks = [{ name: 'file', required: true }, CALLBACKS[1] as (typeof CALLBACKS)[number]];
  t.equal(await giveUp({ folder, board, callbacks, declare }, oldest), true);
  t.same(placeOf(board, 0), { segment: 4, offset: 0 });
});

t.test('a callback that goes on while the gap is made is not taken back', async (t) => {
  const folder = folderOf(t);
  const { board, oldest } = journal(folder, [1, 4]);
  const beyond = { segment: 4, offset: 0 };
  const declare = async (): Promise<void> => board.moveCursor(0, { segment: 4, offset: 1 });
  saveCursor(folder, 'file', { segment: 4, offset: 1, records: 5 });
  t.equal(await giveUp({ folder, board, callbacks: CALLBACKS, declare }, oldest), true);
  t.same(board.floor(0), { segment: 0, offset: 0 });
  t.same(readCursor(folder, 'file'), { ...beyond, offset: 1, records: 5 });
});

t.test('lines that are no records are counted, without ids', async (t) => {
  const folder = folderOf(t);
  const { board, oldest } = journal(folder, [0, 4]);
  const damaged = '#'.repeat(oldest.bytes - 1);
  writeFileSync(segmentPath(folder, 3), `${damaged}\n`);
  const gaps: GivenUp[] = [];
  await giveUp({ folder, board, callbacks: CALLBACKS, declare: async (given) => void gaps.push(given) }, oldest);
  t.same(gaps, [{ callback: 'file', records: 1, from: null, to: null }]);
});
