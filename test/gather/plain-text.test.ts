import t from 'tap';
import { decodeText } from '../../src/gather/charset.js';
import { plainOffsets, read, starred } from '../../src/gather/plain-text.js';

const found = (raw: string) => read(raw, decodeText(Buffer.from(raw), undefined).controls);
const shown = (raw: string): string => {
  const seen = found(raw);
  return typeof seen === 'string' ? seen : seen.text;
};

const SHOWN: readonly [title: string, raw: string, text: string][] = [
  ['drops the last line end alone', 'one\r\n\r\n', 'one\n'],
  ['takes CR LF, CR NUL, LF CR, CR and LF for one line end each', 'a\r\nb\r\0c\n\rd\re\nf', 'a\nb\nc\nd\ne\nf'],
  ['removes colours', '\x1b[1;32mExits\x1b[0m: north', 'Exits: north'],
  ['keeps tabs and blanks', '\ta  b', '\ta  b'],
  ['takes cursor moves and erasures for line ends where they end something', '\x1b[2J\x1b[HHello\x1b[5;1HWorld', 'Hello\nWorld'],
  ['removes window titles whole', '\x1b]0;title\x07text', 'text'],
  ['removes other escapes and single controls', '\x1b7a\x1b(Bb\x07c\x00d\x7f\x85', 'abc'],
  ['lets a backspace erase', 'passs\bword', 'password'],
  ['never erases over a line end', 'a\n\b\bb', 'a\nb'],
  ['erases a letter beyond U+FFFF whole', '\u{1f600}\bx', 'x'],
  ['drops a sequence that is cut off', 'abc\x1b[3', 'abc'],
];

for (const [title, raw, text] of SHOWN) {
  t.test(title, async (t) => {
    t.equal(shown(raw), text);
    const offsets = plainOffsets(raw);
    t.equal(offsets.length, text.length, 'one offset a unit');
    t.ok(
      offsets.every((at, unit) => text[unit] === '\n' || raw[at] === text[unit]),
      'each offset points at its unit',
    );
  });
}

t.test('what was erased is stars', async (t) => {
  const raw = 'Password: hunter\b \b\b \b2';
  const seen = found(raw);
  t.equal(typeof seen === 'string' ? seen : starred(raw, seen.erased), 'Password: hunt**\b*\b\b*\b2');
});
