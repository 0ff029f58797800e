/** What programs answer to keys, as captured from them, and the line that it makes on the screen. */
import t from 'tap';
import { ScreenLine } from '../../src/gather/screen-line.js';

/** [what was captured behind the prompt, piece by piece, the line after the last of them] */
const LINES: readonly [title: string, prompt: string, sent: readonly string[], text: string][] = [
  ['letters', '$ ', ['l', 's'], 'ls'],
  ['bash: backspace', '$ ', ['l', 's', 'x', '\b\x1b[K'], 'ls'],
  ['bash: a letter put in', '$ ', ['ls', ' -l', '\b', '\b', 'a-l\b\b'], 'ls a-l'],
  ['bash: ^W and ^U', '$ ', ['foo bar', '\b\b\b\x1b[K', 'baz', '\r\x1b[C\x1b[C\x1b[K', 'echo hi'], 'echo hi'],
  ['bash: Up, and the end typed anew', '$ ', ['echo one', '\b\x1b[K\b\x1b[K\b\x1b[K', 'two'], 'echo two'],
  ['bash: a list of completions', '$ ', ['rm ca', '\x07', '\r\ncalendar  cap.py    catalog   \r\n$ rm ca', 'talog '], 'rm catalog '],
  [
    'bash: ^R, and its end by ^E',
    '$ ',
    [
      "\r(reverse-i-search)`': ",
      "\b\b\ba': echo bet\x1b[7ma\x1b[27m\b\b\b\b\b\b\b\b\b\b\b\bl': echo \x1b[7mal\x1b[27mpha\b\b\b\b\b",
      '\r\x1b[22P$ echo alpha\b\b\b\b\b\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C',
      ' x',
    ],
    'echo alpha x',
  ],
  ['bash: Home, the Delete key, ^K', '$ ', ['abcdef', '\r\x1b[C\x1b[C', '\x1b[1Pbcdef\r\x1b[C\x1b[C', '\x1b[C', '\x1b[K'], 'b'],
  ['bash: ^L', '$ ', ['abc', '\x1b[H\x1b[2J$ abc', 'd'], 'abcd'],
  ['bash: ^C', '$ ', ['secret', '^C\x1b[?2004l\r\x1b[?2004h\x1b[?2004l\r\r\n\x1b[?2004h$ ', 'ls'], 'ls'],
  ['the tty: backspace', 'Name: ', ['bobx', '\b \b', 'by'], 'bobby'],
  ['the tty: ^W and ^U', '', ['a foo bar', '\b \b\b \b\b \b', '\b \b\b \b\b \b\b \b\b \b\b \b', 'ok'], 'ok'],
  ['a MUD that draws the line again under what it says', '> ', ['lo', '\r\x1b[KBob waves.\r\n> lo', 'ok'], 'look'],
  ['a list below, and back up, as zsh does', '% ', ['ca', '\r\r\ncat  cal\x1b[J\x1b[A\r\x1b[4C', 't'], 'cat'],
  ['ICH, ECH, CHA, EL and ED', '', ['abcdef\x1b[3G\x1b[2@XY\x1b[7G\x1b[1X\x1b[8G\x1b[J!'], 'abXYcd !'],
  ['EL from the start of the row, and all of it', '', ['abcdef\b\b\b\x1b[1K', '\r\x1b[2Kx'], 'x'],
  ['what has another prompt is the whole line', '$ ', ['cat', '\r\nPassword: '], 'Password: '],
  ['blanks behind the cursor are none', '> ', ['look   \b\b\b'], 'look'],
  ['window titles, charsets and modes are nothing', '> ', ['\x1b]0;bob\x07l\x1b(Bo\x1b[?25ho\x1b[1mk'], 'look'],
];

for (const [title, prompt, sent, text] of LINES) {
  t.test(title, async (t) => {
    const line = new ScreenLine(prompt);
    for (const one of sent) line.write(one);
    t.equal(line.text, text);
    t.equal(line.prompt, prompt);
  });
}

t.test('bash: a line over the width of the screen, changed on the row above', async (t) => {
  const line = new ScreenLine('\x1b[?2004h$ ', 20);
  for (const sent of ['echo ', ...'abcdefghijkl', 'm \r', ...'nopqrst', ...Array<string>(5).fill('\b\x1b[K')]) line.write(sent);
  t.equal(line.text, 'echo abcdefghijklmno');
  for (const sent of ['\x1b[A', 'Xecho abcdefghijklmno\x1b[A']) line.write(sent);
  t.equal(line.text, 'Xecho abcdefghijklmno');
});

t.test('the prompt is what stands in front of the cursor on its line', async (t) => {
  t.equal(new ScreenLine('Welcome\r\n\x1b[1mhp 10>\x1b[0m ').prompt, 'hp 10> ');
  t.equal(new ScreenLine('\r\n').prompt, '');
});

t.test('is bounded, whatever is sent', async (t) => {
  const line = new ScreenLine('> ');
  for (const sent of [
    'x'.repeat(100_000),
    '\x1b[99999999C!',
    '\x1b[99999999@'.repeat(1_000),
    '\n'.repeat(10_000),
    '\x1b[;;m\x1b[999999999999999999999A',
  ])
    line.write(sent);
  t.ok(line.text.length <= 4_096);
  line.write('\x1b[99999999G\x1b[9999999P\x1b[99999B\x1b[99999D\x1b[Kend');
  t.equal(line.text, 'end');
});
