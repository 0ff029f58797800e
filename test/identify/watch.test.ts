import t from 'tap';
import { type Change, Watch } from '../../src/identify/watch.js';

type Said = readonly [name: string, value: unknown, more?: object];

/** What the server's messages change, one list each. */
function watch(paths: readonly string[], exclude: readonly string[], ...said: readonly Said[]): (readonly Change[])[] {
  const watched = new Watch(paths, exclude);
  return said.map(([name, value, more]) => watched.hear({ direction: 'SND', protocol: 'gmcp', name, value, ...more }));
}

t.test('a value is a change at first sight and whenever it is another', async (t) => {
  t.same(watch(['Room.Info'], [], ['Room.Info', { num: 1 }], ['Room.Info', { num: 1 }], ['Room.Info', { num: 2 }]), [
    [{ path: 'Room.Info', old: null, new: { num: 1 } }],
    [],
    [{ path: 'Room.Info', old: { num: 1 }, new: { num: 2 } }],
  ]);
});

t.test('the order of members is no change, at any depth', async (t) => {
  t.same(watch(['Room.Info'], [], ['Room.Info', { a: 1, b: { c: 2, d: 3 } }], ['Room.Info', { b: { d: 3, c: 2 }, a: 1 }])[1], []);
  t.same(watch(['Room.Info'], [], ['Room.Info', [1, 2]], ['Room.Info', [2, 1]])[1]?.length, 1, 'that of a list is');
});

t.test('a path goes on into the value, and names count without regard to case', async (t) => {
  t.same(
    watch(
      ['Room.Info.name', 'room_vnum'],
      [],
      ['Room.Info', { name: 'Limbo', num: 1 }],
      ['room.info', { Name: 'Limbo', num: 2 }],
      ['Room.Info', { num: 3 }],
      ['ROOM_VNUM', '12', { protocol: 'msdp' }],
    ),
    [[{ path: 'Room.Info.name', old: null, new: 'Limbo' }], [], [], [{ path: 'room_vnum', old: null, new: '12' }]],
  );
});

t.test('the beginning of names, up to a dot or a star, watches each of them by itself', async (t) => {
  t.same(watch(['Room', 'HEALTH*'], [], ['Room.Info', 1], ['Room.Players', 2], ['Roommate', 3], ['HEALTH_MAX', '9'], ['Room.Info', 1]), [
    [{ path: 'Room.Info', old: null, new: 1 }],
    [{ path: 'Room.Players', old: null, new: 2 }],
    [],
    [{ path: 'HEALTH_MAX', old: null, new: '9' }],
    [],
  ]);
});

t.test('what is excluded does not count, and stands in no change', async (t) => {
  t.same(
    watch(
      ['Char'],
      ['Char.Status.gold', 'Char.Vitals'],
      ['Char.Status', { gold: 1, level: 2 }],
      ['Char.Status', { gold: 5, level: 2 }],
      ['Char.Vitals', { hp: 1 }],
    ),
    [[{ path: 'Char.Status', old: null, new: { level: 2 } }], [], []],
  );
  t.same(watch(['Char.Status.gold'], ['Char.Status'], ['Char.Status', { gold: 1 }]), [[]]);
  t.same(watch(['A'], ['A.b.c'], ['A', { b: { c: 1, d: 2 } }], ['A', { b: { c: 9, d: 2 } }]), [[{ path: 'A', old: null, new: { b: { d: 2 } } }], []]);
});

t.test("the client's messages, and those that are broken, change nothing", async (t) => {
  t.same(watch(['Room.Info'], [], ['Room.Info', 1, { direction: 'RCV' }], ['Room.Info', '{"num": 1', { broken: true }], ['Room.Info', undefined]), [
    [],
    [],
    [],
  ]);
});

t.test('a value over 4 KiB is compared, and withheld', async (t) => {
  const [long, other] = ['x'.repeat(4_096), 'y'.repeat(5_000)];
  t.same(watch(['A'], [], ['A', long], ['A', long], ['A', other], ['A', 1]), [
    [{ path: 'A', old: null, new: { withheld: true, bytes: 4_098 } }],
    [],
    [{ path: 'A', old: { withheld: true, bytes: 4_098 }, new: { withheld: true, bytes: 5_002 } }],
    [{ path: 'A', old: { withheld: true, bytes: 5_002 }, new: 1 }],
  ]);
});

t.test('no more than 64 values are remembered, and none that is nested without end is walked to its end', async (t) => {
  const many = Array.from({ length: 70 }, (_, index): Said => [`Room.${index}`, index]);
  t.equal(watch(['Room'], [], ...many).flat().length, 64);
  let deep: unknown = 1;
  for (let depth = 0; depth < 5_000; depth++) deep = { deep };
  t.same(watch(['A'], [], ['A', deep], ['A', { deep }]), [[{ path: 'A', old: null, new: { withheld: true } }], []]);
  t.same(watch(['__proto__.x'], [], ['__proto__', { x: 1 }]), [[{ path: '__proto__.x', old: null, new: 1 }]]);
});
