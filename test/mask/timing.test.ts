import t from 'tap';
import { placeByLineEnds, placeByOffsets, sameButLineEnds, timingOf } from '../../src/mask/timing.js';

const same = (position: number) => position;

t.test('is empty where all came at once', async (t) => {
  t.same(timingOf([[5000, 3]], 5000, 3, same), []);
  t.same(
    timingOf(
      [
        [5000, 3],
        [5999, 2],
      ],
      5000,
      5,
      same,
    ),
    [],
  );
});

t.test('joins pieces within a millisecond of the first, and adds up to the length', async (t) => {
  const pieces = [
    [5000, 3],
    [5600, 1],
    [6000, 2],
    [6999, 1],
    [9500, 4],
  ] as const;
  t.same(timingOf(pieces, 5000, 11, same), [
    [0, 4],
    [1, 3],
    [4, 4],
  ]);
});

t.test('finds positions in a text that differs by its line ends alone', async (t) => {
  const place = placeByLineEnds('a\r\nb\r\0c\rd\n');
  t.same([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(place), [0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8]);
});

t.test('finds positions by offsets', async (t) => {
  const place = placeByOffsets([2, 3, 7]);
  t.same([0, 2, 3, 4, 7, 8, 20].map(place), [0, 0, 1, 2, 2, 3, 3]);
});

t.test('tells line ends from more', async (t) => {
  t.equal(sameButLineEnds('a\r\nb\r\n', 'a\nb'), true);
  t.equal(sameButLineEnds('a\r\0b\rc\n\rd', 'a\nb\nc\nd'), true);
  t.equal(sameButLineEnds('a\r\n\r\n', 'a'), false);
  t.equal(sameButLineEnds('a\x1b[m', 'a'), false);
  t.equal(sameButLineEnds('a\x07', 'a'), false);
});
