/** What is typed, and the line that it is when Enter is pressed. */
import t from 'tap';
import { edit } from '../../src/gather/line-editor.js';

const KEYS: readonly [title: string, sent: string, text: string, unedited?: string][] = [
  ['backspace and delete erase', 'lookx\x7f atb\b', 'look at', 'lookx atb'],
  ['^U erases to the start', 'secret\x15look', 'look', 'secretlook'],
  ['^W erases the word, and the blanks behind it', 'say hello bob  \x17\x17hi', 'say hi', 'say hello bob  hi'],
  ['^C, ^Z and ^\\ throw the line away', 'one\x03two\x1athree\x1cfour', 'four', 'onetwothreefour'],
  ['^A and ^E go to the start and the end', 'b\x01a\x05c', 'abc', 'bac'],
  ['^B and ^F go left and right', 'ac\x02b\x06d', 'abcd', 'acbd'],
  ['^K erases to the end', 'abcdef\x02\x02\x0bx', 'abcdx', 'abcdefx'],
  ['^D erases under the cursor, and nothing at the end', 'abxc\x04\x02\x02\x04', 'abc', 'abxc'],
  ['arrow keys move', 'ct\x1b[Da\x1b[Cs', 'cats', 'ctas'],
  ['arrow keys in application mode move', 'ct\x1bODa\x1bOCs', 'cats', 'ctas'],
  ['Home and End, as any terminal sends them', 'b\x1b[Ha\x1b[Fc\x1b[1~0\x1b[4~d\x1bOH_\x1bOFe', '_0abcde', 'bac0d_e'],
  ['the Delete key erases under the cursor', 'loxok\x01\x06\x06\x1b[3~', 'look', 'loxok'],
  ['words are passed with Control or Meta', 'look at bob\x1bb\x1b[1;5Dthe \x1bf\x1b[1;5C!', 'look the at bob!', 'look at bobbthe f!'],
  ['words are erased with Meta', 'one two three\x01\x1bd\x05\x1b\x7f', ' two ', 'one two threed'],
  ['^V takes the next key for a character', 'a\x16\x7fb', 'ab'],
  ['^L, BEL and NUL are nothing', 'a\x0cb\x07c\x00d', 'abcd'],
  ['pasted text is text', '\x1b[200~look\x1b[201~', 'look'],
  ['colours are nothing', '\x1b[1;31mco\x1b[0mnnect', 'connect'],
  ['a window title is none here: it could hide a secret', 'connect bob \x1b]hunter2\x07', 'connect bob hunter2', 'connect bob ]hunter2'],
  ['Meta and a letter hides that letter from no one', '\x1bconnect bob pw', 'onnect bob pw', 'connect bob pw'],
  ['an escape sequence of two bytes hides no blank', 'connect bob\x1b pw', 'connect bobw', 'connect bob pw'],
  ['ESC O takes cursor keys alone', '\x1bOconnect', 'connect', 'Oconnect'],
  ['a letter beyond U+FFFF is one', 'a\u{1f600}b\x1b[D\x7fж', 'aжb', 'a\u{1f600}bж'],
  ['nothing is left of the start and right of the end', '\x1b[D\x7f\x02a\x1b[C\x1b[3~\x06b', 'ab'],
  ['a sequence that is cut off is nothing', 'look\x1b[', 'look'],
];

for (const [title, sent, text, unedited] of KEYS) {
  t.test(title, async (t) => {
    const edited = edit(sent, '');
    t.equal(edited.text, text);
    t.equal(edited.unedited, unedited ?? text);
    t.equal(edited.offsets.map((at) => sent[at]).join(''), text, 'each unit comes from where its offset says');
    t.notOk(
      edited.erased.some((at) => edited.offsets.includes(at)),
      'what is erased is not there',
    );
  });
}

t.test('says when only the screen knows what the line became', async (t) => {
  for (const sent of ['\x1b[A', '\x1b[B', '\x1bOA', '\x10', '\x0e', '\x12', '\x13', 'loo\t', '\x19', '\x1b.', '\x1b[5~', '\x1b[Z', '\x1f']) {
    t.equal(edit(`look${sent}`, '').asks, true, JSON.stringify(sent));
  }
  for (const sent of ['\x7f', '\x15', '\x1b[D', '\x1b[0m', '\x1b[3~', '\x03', '\x1bb'])
    t.equal(edit(`look${sent}`, '').asks, false, JSON.stringify(sent));
});

t.test('says when text was put in front of what was typed before it', async (t) => {
  t.equal(edit('ct\x1b[Da', '').moved, true);
  t.equal(edit('ct\x1b[D\x1b[D\x1b[C\x1b[Cs', '').moved, false);
  t.equal(edit('ct\x1b[Da\x7f', '').moved, false, 'and it is there still');
});

t.test('keys behind a cut reach over it', async (t) => {
  const BEFORE: readonly [sent: string, before: string][] = [
    ['\x7f\x7fx', 'connect b'],
    ['a\x7f\x7f', 'connect bo'],
    ['\x15', ''],
    ['x\x03', ''],
    ['\x17', 'connect '],
    ['by \x17', 'connect '],
    ['\x17\x17', ''],
    ['x', 'connect bob'],
  ];
  for (const [sent, before] of BEFORE) t.equal(edit(sent, 'connect bob').before, before, JSON.stringify(sent));
  t.equal(edit('\x7f', 'a\u{1f600}').before, 'a');
});

t.test('a line of nothing but keys takes no longer than its length', async (t) => {
  const letters = 'x'.repeat(20_000);
  for (const keys of ['\x01a\x05b', '\x1bb\x1bf', '\x1b[D', '\x01\x04\x05', '\x17 ', '\x02a\x7f']) {
    const edited = edit(letters + keys.repeat(Math.floor(45_000 / keys.length)), '');
    t.ok(edited.text.length <= 65_536);
  }
});
