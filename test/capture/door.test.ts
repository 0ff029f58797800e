import t, { type Test } from 'tap';
import { BEATS_FOR_MS, Door, type Policy } from '../../src/capture/door.js';
import { KIND, MAX_FRAME_BYTES, readFrames } from '../../src/capture/frames.js';
import { loadSettings } from '../../src/config/settings.js';
import type { SessionEnd, SessionOpen } from '../../src/contract.js';
import { until } from '../wait.js';

const NAMES = Object.fromEntries(Object.entries(KIND).map(([name, kind]) => [kind, name]));
const END: SessionEnd = { reason: 'closed', by: 'client', bytesIn: 1, bytesOut: 2 };
const open = (id: string): SessionOpen => ({ id, listener: 'main', wire: 'telnet', protocol: 'telnet', upstream: 'telnet://127.0.0.1:1' });

/** A door whose other side is the test: it reads slabs when it likes, and gives them back when it likes. */
class Outside {
  readonly door: Door;
  readonly said: string[] = [];
  readonly #slabs: { slab: ArrayBuffer; used: number }[] = [];
  readonly #read: ArrayBuffer[] = [];
  /** [kind, session, text], ticks left out. */
  readonly frames: [string, number, string][] = [];

  constructor(t: Test, slabs: number) {
    this.door = new Door({
      slabs,
      send: (slab, used) => void this.#slabs.push({ slab, used }),
      onFull: () => void this.said.push('full'),
      onRoom: () => void this.said.push('room'),
    });
    t.teardown(() => this.door.close());
  }

  /** Opens a session; what was said before stays in the slab. */
  session(id: string, policy: Policy = 'pass'): number {
    return this.door.open(open(id), policy);
  }

  /** Reads all slabs that were sent, without giving them back. */
  read(): this {
    this.door.flush();
    for (const { slab, used } of this.#slabs.splice(0)) {
      readFrames(slab, used, (kind, session, _at, bytes) => {
        if (kind !== KIND.tick) this.frames.push([NAMES[kind] as string, session, bytes.toString('latin1')]);
      });
      this.#read.push(slab);
    }
    return this;
  }

  /** Gives back what was read. */
  giveBack(): this {
    for (const slab of this.#read.splice(0)) this.door.returned(slab);
    return this;
  }

  /** Reads and gives back until nothing more comes. */
  drain(): this {
    for (let before = -1; before !== this.frames.length; ) {
      before = this.frames.length;
      this.read().giveBack();
    }
    return this;
  }

  /** The other side dies, with every slab that it has. */
  die(): void {
    this.#slabs.length = 0;
    this.#read.length = 0;
    this.door.restarted();
  }

  /** Fills every slab with bytes of a session. */
  fill(session: number): void {
    while (this.door.data(session, 'RCV', Buffer.alloc(MAX_FRAME_BYTES, 'f')));
  }

  /** Frames of one kind, their texts parsed where they are JSON. */
  of(kind: keyof typeof KIND): [number, unknown][] {
    const frames = this.frames.filter(([name]) => name === kind);
    return frames.map(([, session, text]) => [session, kind === 'RCV' || kind === 'SND' ? text : JSON.parse(text)]);
  }

  get gaps() {
    return this.of('gap').map(([session, gap]) => {
      const { reason, direction, bytes, sessions } = gap as Record<string, unknown>;
      return [session, reason, direction, bytes, sessions];
    });
  }
}

t.test('what happened is told in the order in which it happened', async (t) => {
  const outside = new Outside(t, 8);
  const { door } = outside;
  const [one, two] = [outside.session('a'), outside.session('b')];
  t.ok(door.data(one, 'RCV', Buffer.from('look\r\n')));
  t.ok(door.data(two, 'SND', Buffer.from([0xff, 0xfb, 0x01])));
  t.ok(door.node('{"topic":"audit.start"}'));
  t.ok(door.data(one, 'SND', Buffer.from('A room.')));
  door.end(one, END);
  t.same(door.alive, ['b']);
  t.same(outside.drain().frames, [
    ['open', one, JSON.stringify(open('a'))],
    ['open', two, JSON.stringify(open('b'))],
    ['RCV', one, 'look\r\n'],
    ['SND', two, '\xff\xfb\x01'],
    ['node', 0, '{"topic":"audit.start"}'],
    ['SND', one, 'A room.'],
    ['end', one, JSON.stringify(END)],
  ]);
});

t.test('a chunk is copied: whoever gave it may write into it at once', async (t) => {
  const outside = new Outside(t, 8);
  const session = outside.session('a');
  const chunk = Buffer.from('look');
  outside.door.data(session, 'RCV', chunk);
  chunk.fill('x');
  t.same(outside.drain().of('RCV'), [[session, 'look']]);
});

t.test('a slab that is not full leaves by itself', async (t) => {
  const outside = new Outside(t, 8);
  outside.session('a');
  await until(() => outside.door.underWay === 1, 'the slab');
  t.pass();
});

t.test('a chunk larger than a slab arrives in pieces, whole', async (t) => {
  const outside = new Outside(t, 8);
  const session = outside.session('a');
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
  t.ok(outside.door.data(session, 'SND', bytes));
  const pieces = outside.drain().of('SND');
  t.same(Buffer.from(pieces.map(([, text]) => text).join(''), 'latin1'), bytes);
  t.equal(pieces.length, 4);
});

t.test('pass: without a free slab every byte is counted, and told as a gap of its session and direction when one comes back', async (t) => {
  const outside = new Outside(t, 2);
  const [one, two] = [outside.session('a'), outside.session('b')];
  outside.fill(one);
  t.same(outside.said, ['full']);
  t.ok(outside.door.full);
  t.notOk(outside.door.data(one, 'RCV', Buffer.alloc(10)));
  t.notOk(outside.door.data(one, 'SND', Buffer.alloc(1)));
  t.notOk(outside.door.data(two, 'SND', Buffer.alloc(100_000)));
  outside.drain();
  t.same(outside.said, ['full', 'room']);
  t.same(outside.gaps, [
    [one, 'full', 'RCV', MAX_FRAME_BYTES + 10, null],
    [one, 'full', 'SND', 1, null],
    [two, 'full', 'SND', 100_000, null],
  ]);
  t.ok(outside.door.data(one, 'RCV', Buffer.from('after')));
  t.same(outside.drain().of('RCV').at(-1), [one, 'after'], 'and what follows comes behind the gap');
});

t.test('pass: a small chunk that would still fit does not overtake the gap of its session', async (t) => {
  const outside = new Outside(t, 2);
  const session = outside.session('a');
  t.notOk(outside.door.data(session, 'RCV', Buffer.alloc(4 * MAX_FRAME_BYTES)));
  t.notOk(outside.door.data(session, 'RCV', Buffer.from('small')));
  outside.drain();
  t.same(outside.gaps, [[session, 'full', 'RCV', 4 * MAX_FRAME_BYTES + 5, null]]);
  t.same(outside.of('RCV'), []);
});

t.test('sessions that begin and end while there is no room are told of, with what they lost', async (t) => {
  const outside = new Outside(t, 2);
  const before = outside.session('before');
  outside.fill(before);
  const during = outside.session('during');
  outside.door.data(during, 'RCV', Buffer.alloc(3));
  outside.door.end(during, END);
  const silent = outside.session('silent');
  outside.door.end(before, END);
  outside.drain();
  t.same(
    outside.frames.filter(([kind]) => kind !== 'RCV').map(([kind, session]) => [kind, session]),
    [
      ['open', before],
      ['gap', before],
      ['end', before],
      ['open', during],
      ['gap', during],
      ['end', during],
      ['open', silent],
    ],
  );
  t.same(outside.gaps.at(-1), [during, 'full', 'RCV', 3, null]);
});

t.test('pause: the chunk that found no room is kept, and so is the order; nothing is lost', async (t) => {
  const outside = new Outside(t, 2);
  const session = outside.session('a', 'pause');
  const filling = outside.session('b');
  outside.fill(filling);
  t.notOk(outside.door.data(session, 'RCV', Buffer.from('one ')));
  t.notOk(outside.door.data(session, 'SND', Buffer.from('two')));
  outside.door.end(session, END);
  outside.drain();
  const its = outside.frames.filter(([, number]) => number === session).map(([kind, , text]) => (kind === 'end' ? kind : text));
  t.same(its, [JSON.stringify(open('a')), 'one ', 'two', 'end']);
  t.same(outside.gaps, [[filling, 'full', 'RCV', MAX_FRAME_BYTES, null]]);
});

t.test('pause: a session that begins while there is no room waits from its first byte', async (t) => {
  const outside = new Outside(t, 2);
  const first = outside.session('first', 'pause');
  while (outside.door.node(JSON.stringify({ topic: 'x'.repeat(MAX_FRAME_BYTES - 100) })));
  const second = outside.session('second', 'pause');
  t.ok(outside.door.full, 'the bridge holds it back before it has read a byte');
  outside.drain();
  t.ok(outside.door.data(second, 'RCV', Buffer.from('hello')));
  t.same(outside.drain().of('RCV'), [[second, 'hello']]);
  t.same(outside.gaps, []);
  t.ok(first);
});

t.test('a fact about the node that finds no room is asked for again', async (t) => {
  const outside = new Outside(t, 2);
  outside.fill(outside.session('a'));
  t.notOk(outside.door.node('{"topic":"audit.stop"}'));
  outside.drain();
  t.same(outside.said, ['full', 'room']);
  t.ok(outside.door.node('{"topic":"audit.stop"}'));
});

t.test('a fact about the node does not overtake the end of a session that waits for room', async (t) => {
  const outside = new Outside(t, 2);
  const session = outside.session('a');
  outside.door.data(session, 'RCV', Buffer.alloc(4 * MAX_FRAME_BYTES));
  outside.door.end(session, END);
  t.notOk(outside.door.node('{"topic":"audit.stop"}'), 'though it would fit');
  outside.drain();
  t.same(outside.said, ['full', 'room']);
  t.ok(outside.door.node('{"topic":"audit.stop"}'));
  t.same(
    outside.drain().frames.map(([kind]) => kind),
    ['open', 'gap', 'end', 'node'],
  );
});

t.test('settled resolves once all that waited is handed over', async (t) => {
  const outside = new Outside(t, 2);
  await outside.door.settled();
  outside.fill(outside.session('a'));
  let settled = false;
  const done = outside.door.settled().then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  t.notOk(settled);
  outside.drain();
  await done;
});

t.test('after the other side died every open session is announced again, with gaps of unknown size; the node has one too', async (t) => {
  const outside = new Outside(t, 8);
  const [one, two, gone] = [outside.session('a'), outside.session('b'), outside.session('gone')];
  outside.door.data(one, 'RCV', Buffer.from('lost'));
  outside.door.end(gone, END);
  outside.door.flush();
  outside.die();
  outside.drain();
  t.same(
    outside.frames.map(([kind, session]) => [kind, session]),
    [
      ['gap', 0],
      ['open', one],
      ['gap', one],
      ['gap', one],
      ['open', two],
      ['gap', two],
      ['gap', two],
    ],
  );
  t.same(outside.gaps, [
    [0, 'audit-restarted', null, null, null],
    ...[one, two].flatMap((session) => ['RCV', 'SND'].map((direction) => [session, 'audit-restarted', direction, null, null])),
  ]);
  t.ok(outside.door.data(one, 'RCV', Buffer.from('after')));
  t.same(outside.drain().of('RCV'), [[one, 'after']]);
});

t.test('it may die while there is no room: there is room again, and what was kept stands in the gap', async (t) => {
  const outside = new Outside(t, 3);
  const paused = outside.session('a', 'pause');
  outside.fill(outside.session('b'));
  outside.door.data(paused, 'RCV', Buffer.from('kept'));
  outside.door.flush();
  outside.die();
  outside.drain();
  t.same(outside.said, ['full', 'room']);
  t.same(outside.of('RCV'), []);
  t.same(
    outside.gaps.filter(([session]) => session === paused),
    [
      [paused, 'audit-restarted', 'RCV', null, null],
      [paused, 'audit-restarted', 'SND', null, null],
    ],
  );
});

t.test('however often it dies, as many slabs are under way as there may be, and no more', async (t) => {
  const outside = new Outside(t, 4);
  const session = outside.session('a');
  for (let round = 0; round < 20; round++) {
    outside.fill(session);
    outside.door.flush();
    t.ok(outside.door.underWay <= 4);
    outside.die();
  }
  outside.drain();
  t.ok(outside.door.data(session, 'RCV', Buffer.from('x')));
  t.equal(outside.door.underWay, 0);
});

t.test('close sends what is in hand', async (t) => {
  const outside = new Outside(t, 4);
  outside.session('a');
  outside.door.close();
  t.equal(outside.door.underWay, 1);
});

t.test('the time goes on behind the last byte for longer than any AUDIT_OUT_IDLE_MS', async (t) => {
  const idle = (ms: number) => loadSettings({ file: null, set: ['AUDIT_MASK_PACKS=[]', `AUDIT_OUT_IDLE_MS=${ms}`], cwd: '/', env: {} });
  t.equal(idle(BEATS_FOR_MS - 1_000).audit.outIdleMs, 60_000);
  t.throws(() => idle(BEATS_FOR_MS - 999), { code: 'AUDIT_CONFIG_TYPE' });
});

t.test("facts about a session's terminal keep their place; without room the last word on each matter is told once there is some", async (t) => {
  const outside = new Outside(t, 2);
  const { door } = outside;
  const one = outside.session('a');
  door.data(one, 'SND', Buffer.from('word? '));
  door.terminal(one, { blind: true });
  door.data(one, 'RCV', Buffer.from('xyzzy\r'));
  outside.read();
  t.same(outside.frames.slice(1), [
    ['SND', one, 'word? '],
    ['terminal', one, '{"blind":true}'],
    ['RCV', one, 'xyzzy\r'],
  ]);
  outside.fill(one);
  door.terminal(one, { blind: false });
  door.terminal(one, { columns: 100, rows: 30 });
  door.terminal(one, { columns: 101, rows: 31 });
  outside.drain();
  const facts = (): string[] => outside.frames.flatMap(([kind, , text]) => (kind === 'terminal' ? text : []));
  t.same(facts().slice(1), ['{"blind":false}', '{"columns":101,"rows":31}']);
  outside.die();
  outside.drain();
  t.same(facts().slice(3), ['{"blind":false}', '{"columns":101,"rows":31}']);
  t.equal(outside.frames.at(-1)?.[0], 'terminal');
});

t.test('what of a session never came is a gap of its direction, also where there is no room for it', async (t) => {
  const outside = new Outside(t, 2);
  const { door } = outside;
  const one = outside.session('a');
  door.lost(one, { reason: 'exec', direction: 'SND', from: 5, bytes: 7 });
  outside.fill(one);
  door.lost(one, { reason: 'exec', direction: 'RCV', from: 9, bytes: 11 });
  outside.drain();
  const gaps = outside.frames.flatMap(([kind, session, text]) => (kind === 'gap' ? { session, ...JSON.parse(text) } : []));
  t.match(gaps, [
    { session: one, reason: 'exec', direction: 'SND', from: 5, bytes: 7 },
    // With what the session lost itself, from when that began.
    { session: one, reason: 'full', direction: 'RCV', bytes: MAX_FRAME_BYTES + 11 },
  ]);
});
