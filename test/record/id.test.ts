import { randomFillSync } from 'node:crypto';
import t from 'tap';
import { Ids, Salts } from '../../src/record/id.js';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MS = 1_767_323_045_000;
/** Chance that is none: every byte is the same. */
const all = (byte: number) => (into: Uint8Array) => void into.fill(byte);

/** How many of these do not rise, or are no UUIDv7. */
const faults = (ids: readonly string[]) => ids.filter((id, index) => !V7.test(id) || (index > 0 && id <= (ids[index - 1] as string))).length;

t.test('an id is a UUIDv7: its time first, then a counter, then chance', async (t) => {
  t.equal(new Ids(all(0)).next(MS), '019b7ca9-8c88-7000-8000-000000000000');
  t.equal(new Ids(all(0xff)).next(MS), '019b7ca9-8c88-73ff-bfff-ffffffffffff');
});

t.test('100,000 in one millisecond rise', async (t) => {
  const ids = new Ids(randomFillSync);
  t.equal(faults(Array.from({ length: 100_000 }, () => ids.next(MS))), 0);
});

t.test('however the counter starts, ids rise over the end of a millisecond', async (t) => {
  for (const byte of [0, 3, 0xff]) {
    const ids = new Ids(all(byte));
    t.equal(faults(Array.from({ length: 10_000 }, () => ids.next(MS))), 0);
  }
});

t.test('they rise while the clock steps back, and forward, and stands still', async (t) => {
  const ids = new Ids(randomFillSync);
  const steps = [0, 1, -1, -3_600_000, 5, -86_400_000, 0, 10_000, 9_999, 0];
  t.equal(faults(steps.flatMap((step) => Array.from({ length: 5_000 }, () => ids.next(MS + step)))), 0);
});

t.test('they rise over a restart, though the clock was set back meanwhile', async (t) => {
  const before = new Ids(randomFillSync);
  const last = Array.from({ length: 9_000 }, () => before.next(MS)).at(-1) as string;
  const after = new Ids(randomFillSync, last);
  t.equal(faults([last, ...Array.from({ length: 9_000 }, () => after.next(MS - 1_000))]), 0);
});

t.test('an id from elsewhere that is behind changes nothing; one that is ahead does', async (t) => {
  const ids = new Ids(all(0));
  ids.next(MS);
  ids.rise('019b7ca9-8c87-7fff-bfff-ffffffffffff');
  t.equal(ids.next(MS), '019b7ca9-8c88-7001-8000-000000000000');
  ids.rise('019b7ca9-9000-7fff-bfff-ffffffffffff');
  t.equal(ids.next(MS), '019b7ca9-9001-7000-8000-000000000000');
});

t.test('none comes twice, of two makers in one millisecond either', async (t) => {
  const [one, two] = [new Ids(randomFillSync), new Ids(randomFillSync)];
  const made = Array.from({ length: 20_000 }, (_, index) => (index % 2 ? one : two).next(MS));
  t.equal(new Set(made).size, made.length);
});

t.test('a salt is 16 bytes in base64url, each another', async (t) => {
  const salts = new Salts(randomFillSync);
  const made = Array.from({ length: 2_000 }, () => salts.next());
  t.equal(new Set(made).size, 2_000);
  t.equal(made.filter((salt) => !/^[\w-]{21}[AQgw]$/.test(salt)).length, 0);
  t.equal(new Salts(all(0xff)).next(), '_____________________w');
});
