import t from 'tap';
import { ScreenOnly } from '../../src/view/screen-only.js';

const left = (...pieces: readonly string[]): string => {
  const screen = new ScreenOnly();
  return pieces.map((piece) => screen.take(piece)).join('');
};

t.test('what draws passes as it was', async (t) => {
  const drawing = 'a\x1b[1;31mb\x1b[0m\x1b[2J\x1b[3;4H\x1b[?1049h\x1b[?25l\x1b7\x1b8\x1bM\x1b(0q\x1b(B\r\n\t\x08\x07\x0e\x0f\x1b[ q\x1b[!p\u{1f600}';
  t.equal(left(drawing), drawing);
  t.equal(left(...drawing), drawing);
});

const BEYOND: readonly (readonly [what: string, sent: string])[] = [
  ['a title', '\x1b]0;pwned\x07'],
  ['a title, ended by ST', '\x1b]2;pwned\x1b\\'],
  ['the clipboard', '\x1b]52;c;cm0gLXJm\x07'],
  ['a string of a device', '\x1bP$q"p\x1b\\'],
  ['C1 forms', '\x9d0;x\x9c\x90x\x9c\x9fx\x07'],
  ['a string that is broken off', '\x1b]0;x\x18'],
  ['an application’s command', '\x1b_Gf=100;AAAA\x1b\\'],
  ['who are you', '\x1b[c\x1b[>c\x1b[=0c\x1bZ\x05\x9a'],
  ['where is the cursor', '\x1b[6n\x1b[?6n\x9b5n'],
  ['the window', '\x1b[21t\x1b[8;5;5t'],
  ['modes, version, keyboard', '\x1b[?25$p\x1b[>0q\x1b[?u'],
];

t.test('what reaches beyond the screen does not, whole or in pieces', async (t) => {
  for (const [what, sent] of BEYOND) {
    t.equal(left(`a${sent}b`), 'ab', what);
    t.equal(left(...`a${sent}b`), 'ab', `${what}, in pieces`);
  }
});

t.test('what never ends holds nothing', async (t) => {
  t.equal(left('a\x1b]0;', 'x'.repeat(1_000_000), '\x07b'), 'ab');
  t.equal(left(`a\x1b[${'1;'.repeat(1000)}`).length < 2000, true);
  t.equal(left('a\x1b[1\x1b[31mb'), 'a\x1b[31mb');
  t.equal(left('a\x1b]0;x\x1b[31mb'), 'a\x1b[31mb');
});
