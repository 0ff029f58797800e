import t from 'tap';
import { HitWatch, isState } from '../../src/mask/hit-watch.js';

const DAY_US = 86_400_000_000;
const START_US = 20_000 * DAY_US;

/** Days of play: on each so many sessions began, and so many hits of each mask were counted. Gives what was said at the start of each next day. */
function days(watch: HitWatch, list: readonly (readonly [sessions: number, hits: Record<string, number>])[], first = 0): string[][] {
  const counts = new Map<string, number>();
  return list.map(([sessions, hits], index) => {
    const at = START_US + (first + index) * DAY_US;
    watch.look(at, counts);
    for (let count = 0; count < sessions; count++) watch.sessionBegan();
    for (const [mask, count] of Object.entries(hits)) counts.set(mask, (counts.get(mask) ?? 0) + count);
    watch.look(at + DAY_US - 1, counts);
    return watch.look(at + DAY_US, counts);
  });
}

t.test('misses a mask that hit on each of three days and not on the next, once', async (t) => {
  const watch = new HitWatch(['connect', 'create']);
  t.same(
    days(watch, [
      [5, { connect: 10, create: 3 }],
      [5, { connect: 11, create: 3 }],
      [5, { connect: 12 }],
      [5, { create: 1 }],
      [5, {}],
      [5, {}],
    ]),
    [[], [], [], ['connect'], [], []],
  );
});

t.test('misses none that hit seldom, or of which two days only are known', async (t) => {
  t.same(
    days(new HitWatch(['a']), [
      [5, { a: 10 }],
      [5, { a: 9 }],
      [5, { a: 10 }],
      [5, {}],
    ]).flat(),
    [],
  );
  t.same(
    days(new HitWatch(['a']), [
      [5, { a: 10 }],
      [5, { a: 10 }],
      [5, {}],
    ]).flat(),
    [],
  );
  t.same(
    days(new HitWatch(['a']), [
      [5, { a: 10 }],
      [5, { a: 10 }],
      [5, { a: 10 }],
      [5, { a: 1 }],
    ]).flat(),
    [],
  );
});

t.test('a day without sessions does not count, nor one with few', async (t) => {
  const three = [
    [8, { a: 20 }],
    [8, { a: 20 }],
    [8, { a: 20 }],
  ] as const;
  t.same(days(new HitWatch(['a']), [...three, [0, {}], [0, {}], [8, {}]]), [[], [], [], [], [], ['a']]);
  t.same(days(new HitWatch(['a']), [...three, [3, {}]]), [[], [], [], []]);
});

t.test('goes on over a restart, and forgets masks that are no more in force', async (t) => {
  const before = new HitWatch(['a', 'b']);
  days(before, [
    [5, { a: 10, b: 10 }],
    [5, { a: 10, b: 10 }],
    [5, { a: 10, b: 10 }],
  ]);
  const kept = JSON.parse(JSON.stringify(before.state));
  t.ok(isState(kept));
  t.same(days(new HitWatch(['a', 'c'], kept), [[5, { c: 2 }]], 3), [['a']]);
});

t.test('begins anew where what was kept is none', async (t) => {
  for (const saved of [undefined, null, 7, {}, { version: 2 }, { version: 1, day: 5, sessions: 1, hits: { a: 'x' }, before: [] }]) {
    t.notOk(isState(saved));
    t.same(new HitWatch(['a'], saved).state, { version: 1, day: 0, sessions: 0, hits: {}, before: [] });
  }
});

t.test('a clock that steps back ends no day', async (t) => {
  const watch = new HitWatch(['a']);
  watch.look(START_US, new Map());
  t.same(watch.look(START_US - 5 * DAY_US, new Map([['a', 3]])), []);
  t.match(watch.state, { day: 20_000, hits: { a: 3 } });
});
