import t from 'tap';
import { type Frame, framesOf } from '../../src/view/frames.js';
import { type Clock, type Key, keysIn, Player } from '../../src/view/player.js';
import type { Happening } from '../../src/view/timeline.js';

const frame = (seconds: number, text: string): Frame => ({ at: seconds * 1e6, since: seconds * 1e6, text });
const FRAMES = [frame(0, 'a'), frame(1, 'b'), frame(2, 'c'), frame(10, 'd'), frame(11, 'e')];

/** Plays in a time of its own, in which keys are pressed at their seconds; gives what was shown and when, `CLEAR` too. */
async function played(keys: readonly (readonly [number, Key])[], { speed = 1, fromUs = 0, frames = FRAMES } = {}): Promise<string[]> {
  const shown: string[] = [];
  let ms = 0;
  const left = [...keys];
  const clock: Clock = {
    now: () => ms,
    wait: async (wanted) => {
      const [next] = left;
      if (next && next[0] * 1000 <= ms + wanted) {
        ms = Math.max(ms, next[0] * 1000);
        left.shift();
        player.press(next[1]);
      } else if (wanted > 1e6) throw new Error('waits for ever');
      else ms += wanted;
    },
  };
  const tell = async (what: string): Promise<void> => void shown.push(`${ms / 1000} ${what}`);
  const player = new Player({
    open: async function* () {
      yield* frames;
    },
    show: ({ text }) => tell(text),
    clear: () => tell('CLEAR'),
    clock,
    speed,
    fromUs,
  });
  await player.run();
  return shown;
}

t.test('plays each frame at its time', async (t) => {
  t.strictSame(await played([]), ['0 a', '1 b', '2 c', '10 d', '11 e']);
});

t.test('plays faster and slower, from the beginning or from a key on', async (t) => {
  t.strictSame(await played([], { speed: 2 }), ['0 a', '0.5 b', '1 c', '5 d', '5.5 e']);
  t.strictSame(await played([[2, 'faster']]), ['0 a', '1 b', '2 c', '6 d', '6.5 e']);
  t.strictSame(await played([[4, 'slower']]), ['0 a', '1 b', '2 c', '16 d', '18 e']);
});

t.test('pauses, and goes on where it was', async (t) => {
  const keys = [
    [1.5, 'pause'],
    [60, 'pause'],
  ] as const;
  t.strictSame(await played(keys), ['0 a', '1 b', '60.5 c', '68.5 d', '69.5 e']);
});

t.test('steps from frame to frame, and stands', async (t) => {
  const keys = [
    [0.5, 'step'],
    [3, 'step'],
    [4, 'step'],
    [5, 'pause'],
  ] as const;
  t.strictSame(await played(keys), ['0 a', '0.5 b', '3 c', '4 d', '6 e']);
});

t.test('jumps ahead, and back by playing all before it at once', async (t) => {
  t.strictSame(await played([[2.5, 'forward']]), ['0 a', '1 b', '2 c', '5 d', '6 e']);
  t.strictSame(await played([[6.5, 'back']]), ['0 a', '1 b', '2 c', '6.5 CLEAR', '6.5 a', '6.5 b', '7 c', '15 d', '16 e']);
  t.strictSame((await played([[1.5, 'back']])).slice(2), ['1.5 CLEAR', '1.5 a', '2.5 b', '3.5 c', '11.5 d', '12.5 e']);
});

t.test('begins later, with what was before on the screen', async (t) => {
  t.strictSame(await played([], { fromUs: 9e6 }), ['0 a', '0 b', '0 c', '8 d', '9 e']);
  t.strictSame(await played([], { fromUs: 10e6, frames: FRAMES.slice(0, 3) }), ['0 a', '0 b', '0 c']);
});

t.test('ends when somebody has enough, also while it is paused', async (t) => {
  const keys = [
    [1.5, 'pause'],
    [3, 'quit'],
  ] as const;
  t.strictSame(await played(keys), ['0 a', '1 b']);
});

t.test('knows its keys, and no others', async (t) => {
  t.strictSame(keysIn(' .<,>+=-q\x03'), ['pause', 'step', 'back', 'back', 'forward', 'faster', 'faster', 'slower', 'quit', 'quit']);
  t.strictSame(keysIn('\x1b[C\x1b[D\x1bOC\x1bOD'), ['forward', 'back', 'forward', 'back']);
  t.strictSame(keysIn('\x1b[24;80R\x1b[?62;c\x1b[<0;3;4Mxyz\x1b'), []);
});

async function frames(events: readonly Happening[], { idleUs = Number.POSITIVE_INFINITY, input = false } = {}): Promise<string[]> {
  async function* all() {
    yield* events;
  }
  const out: string[] = [];
  for await (const { at, since, text, window } of framesOf(all(), { idleUs, input, typed: (text) => `[${text}]` })) {
    out.push(`${at / 1e6} ${since / 1e6} ${window ? `${window.columns}x${window.rows}` : JSON.stringify(text)}`);
  }
  return out;
}

const EVENTS: readonly Happening[] = [
  { at: 5e6, type: 'start' },
  { at: 6e6, type: 'output', text: 'Name: ', endsLine: false },
  { at: 10e6, type: 'input', text: 'bob\x1b[2J', exchange: 1, shownBack: false },
  { at: 11e6, type: 'output', text: '$ ', endsLine: false },
  { at: 12e6, type: 'input', text: 'ls', exchange: 2, shownBack: true },
  { at: 99e6, type: 'resize', columns: 90, rows: 30 },
  { at: 100e6, type: 'end', exit: 0 },
];

t.test('the client’s terminal ended the line of a prompt that the server did not', async (t) => {
  t.strictSame(await frames(EVENTS), ['1 1 "Name: "', '5 5 "\\r\\n"', '6 6 "$ "', '94 94 90x30']);
});

t.test('no pause is longer than the limit', async (t) => {
  t.strictSame(await frames(EVENTS, { idleUs: 2e6 }), ['1 1 "Name: "', '3 5 "\\r\\n"', '4 6 "$ "', '7 94 90x30']);
});

t.test('what was typed is shown where it is asked for and the server did not show it, and steers nothing', async (t) => {
  t.strictSame(await frames(EVENTS, { input: true }), ['1 1 "Name: "', '5 5 "[bob\\\\x1b[2J]\\r\\n"', '6 6 "$ "', '94 94 90x30']);
});
