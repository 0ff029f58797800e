/** The terminal's own word on what is typed, given between the bytes of a session: literal steps and what stands in the records. */
import t, { type Test } from 'tap';
import type { TerminalFact } from '../../src/contract.js';
import { sound, Talk } from '../talk.js';

type Step = readonly ['>' | '<', string] | readonly ['wait', number] | readonly ['terminal', TerminalFact];

function expect(t: Test, steps: readonly Step[], said: readonly string[]): void {
  const talk = new Talk({ wire: 'plain' });
  for (const [what, value] of steps) {
    if (what === 'wait') talk.wait(value);
    else if (what === 'terminal') talk.pipeline.terminal(value, talk.at);
    else talk[what](value);
  }
  talk.end();
  t.same(talk.said, said);
  sound(t, talk);
}

const BLIND = ['terminal', { blind: true }] as const;
const SEEN = ['terminal', { blind: false }] as const;
const RAW = ['terminal', { raw: true }] as const;
const STARS = '********';

t.test('lines typed blind are hidden, however many, and the next is not', async (t) => {
  const asked = ['plover', 'frotz', 'xyzzy', 'plugh', 'zork'].flatMap((word) => [['>', `${word}\r`] as const, ['<', '\r\n? '] as const]);
  const shown = Array.from({ length: 5 }, () => [`> ${STARS}`, '< \n? ']);
  expect(t, [['<', '$ '], BLIND, ...asked, SEEN, ['>', 'ls\r'], ['<', 'ls\r\nfiles\r\n']], ['< $ ', ...shown.flat(), '> ls', '<(close) ls\nfiles']);
});

t.test('a line is hidden that was typed blind in part, at its beginning or its end', async (t) => {
  expect(
    t,
    [
      ['<', 'word? '],
      ['>', 'xyz'],
      BLIND,
      ['>', 'zy\r'],
      ['<', '\r\nagain? '],
      ['>', 'plu'],
      SEEN,
      ['>', 'gh\r'],
      ['<', '\r\n$ '],
      ['>', 'ls\r'],
      ['<', 'ls\r\n'],
    ],
    ['< word? ', `> ${STARS}`, '< \nagain? ', `> ${STARS}`, '< \n$ ', '> ls', '<(close) ls'],
  );
});

t.test('what was typed blind and is said back is hidden there, too', async (t) => {
  expect(
    t,
    [['<', 'word? '], BLIND, ['>', 'swordfish\r'], SEEN, ['<', '\r\nwrong: swordfish\r\n']],
    ['< word? ', `> ${STARS}*`, `<(close) \nwrong: ${STARS}*`],
  );
});

t.test('where a program has the terminal raw, a line that it does not send back is hidden, and one that it does is not', async (t) => {
  expect(
    t,
    [
      ['<', '$ '],
      RAW,
      ['>', 'look\r'],
      ['<', 'look\r\nA room.\r\nword? '],
      ['wait', 200],
      ['>', 'swordfish\r'],
      ['<', '\r\n$ '],
      ['wait', 200],
      ['>', 'ls\r'],
      ['<', 'ls\r\n'],
    ],
    ['< $ ', '> look', '< look\nA room.\nword? ', `> ${STARS}*`, '< \n$ ', '> ls', '<(close) ls'],
  );
});

t.test('of keys to a full-screen program none comes back, and they hide nothing that follows', async (t) => {
  const [opens, closes] = ['\x1b[?1049h\x1b[2J', '\x1b[?1049l'];
  expect(
    t,
    [['<', opens], RAW, ['>', 'j\r'], ['wait', 200], ['<', `${closes}$ `], ['>', 'ls\r'], ['<', 'ls\r\nj\r\n']],
    ['< ', '> j', '< $ ', '> ls', '<(close) ls\nj'],
  );
});

t.test('the window is a record in its place', async (t) => {
  const talk = new Talk({ wire: 'plain' });
  talk['<']('one\r\n').wait(200);
  talk.pipeline.terminal({ columns: 132, rows: 50 }, talk.at);
  talk['<']('two\r\n').end();
  const all = talk.lines.map((line) => JSON.parse(line) as { topic: string; data?: object });
  t.same(
    all.map(({ topic }) => topic),
    ['session.start', 'session.output', 'session.resize', 'session.output', 'session.end'],
  );
  t.same(all[2]?.data, { columns: 132, rows: 50 });
});
