import t from 'tap';
import type { Utterance } from '../../src/contract.js';
import { compileMasks, hits, scrub, scrubData, scrubLine, scrubName } from '../../src/mask/masker.js';
import { mask, utterance } from './masks.js';

const connect = mask(String.raw`connect\s+(\S+)\s+(?P<secret>.+)`, { name: 'connect', direction: 'in' });
const told = mask(String.raw`password is (?P<secret>\w+)`, { name: 'told', direction: 'out', where: 'anywhere' });
const masks = compileMasks([connect, told]);
const offsetsOf = (raw: string, text: string): (() => readonly number[]) => {
  let at = -1;
  const offsets = Array.from({ length: text.length }, (_, index) => {
    const char = text[index] ?? '';
    at = char === '\n' ? raw.slice(at + 1).search(/\r|\n/) + at + 1 : raw.indexOf(char, at + 1);
    return at;
  });
  return () => offsets;
};
/** A letter that also stands in a colour code cannot be found by the walk above: raws below have none. */
const coloured = (text: string, raw: string, more: Partial<Utterance> = {}) =>
  utterance('RCV', text, { raw, offsets: offsetsOf(raw, text), ...more });

t.test('writes stars where the secret stood, at least eight, and says where', async (t) => {
  const { utterance: out, failed } = scrub(masks, utterance('RCV', 'connect bob hunter2hunter2'));
  t.equal(failed, false);
  t.same(out, {
    direction: 'RCV',
    at: 1_000_000,
    endAt: 1_000_000,
    text: 'connect bob **************',
    masked: [{ mask: 'connect', direction: 'RCV', start: 12, end: 26 }],
    bytes: 26,
    shape: 'same',
    encoding: 'utf-8',
    timing: [],
  });
  t.equal(scrub(masks, utterance('RCV', 'connect bob x')).utterance.text, 'connect bob ********');
});

t.test('leaves the other direction alone', async (t) => {
  t.equal(scrub(masks, utterance('SND', 'connect bob hunter2')).utterance.text, 'connect bob hunter2');
  t.equal(scrub(masks, utterance('RCV', 'password is hunter2')).utterance.text, 'password is hunter2');
});

t.test('scrubs the same secret elsewhere in the record, in any case and never as a pattern', async (t) => {
  t.equal(scrub(masks, utterance('SND', 'HUNTER2!\npassword is hunter2\nxhunter2x')).utterance.text, '********!\npassword is ********\nx********x');
  const dots = compileMasks([mask(String.raw`pw (?P<secret>\S+)`, { where: 'anywhere' })]);
  t.equal(scrub(dots, utterance('RCV', 'pw a.*b then axxb, A.*B')).utterance.text, 'pw ******** then axxb, ********');
});

t.test('scrubs a secret below four characters at its own place alone', async (t) => {
  t.equal(scrub(masks, utterance('SND', 'a cat; password is cat, a cat')).utterance.text, 'a cat; password is ******** a cat');
});

t.test('scrubs what is left of a word behind a pattern that stopped in it', async (t) => {
  t.equal(scrub(masks, utterance('SND', 'password is p@ss-wörd, or not')).utterance.text, 'password is ********** or not');
  t.equal(scrub(masks, utterance('SND', "he said 'password is hunter2'. Oh")).utterance.text, "he said 'password is ********'. Oh");
  t.equal(scrub(masks, utterance('SND', "password is it's'mine. Oh")).utterance.text, 'password is ********** Oh');
});

t.test('joins spans that overlap, under the name of the first mask in the list', async (t) => {
  const two = compileMasks([
    mask('ab(?P<secret>cdef)', { name: 'b', where: 'anywhere' }),
    mask('(?P<secret>abcd)', { name: 'a', where: 'anywhere' }),
  ]);
  const { utterance: out } = scrub(two, utterance('RCV', 'x abcdef y'));
  t.equal(out.text, 'x ******** y');
  t.same(out.masked, [{ mask: 'b', direction: 'RCV', start: 2, end: 10 }]);
});

t.test('hides every hit of a mask that stands anywhere, and every secret group', async (t) => {
  const two = compileMasks([mask(String.raw`(?P<secret>\d+)=(?P<secret_b>\d+)`, { where: 'anywhere' })]);
  t.equal(scrub(two, utterance('RCV', '1=2 and 3=4')).utterance.text, '******** and ********');
});

t.test('matches what follows a cut together with what stood before it', async (t) => {
  const { utterance: out } = scrub(masks, utterance('RCV', 'ter2 ', { before: 'connect bob hun' }));
  t.equal(out.text, '********');
  t.same(out.masked, [{ mask: 'connect', direction: 'RCV', start: 0, end: 8 }]);
  t.equal(scrub(masks, utterance('SND', 'ter2, oh\nhunter2', { before: 'my password is hun' })).utterance.text, '******** oh\n********');
});

t.test('hides the rest of a line whose head is no longer known', async (t) => {
  const secret = 'x'.repeat(5000);
  const first = scrub(masks, utterance('RCV', `connect bob ${secret}`, { cut: 'size' }));
  t.equal(first.open, 'connect');
  const second = scrub(masks, utterance('RCV', 'xxx yyy', { before: secret.slice(-4096), cut: 'size' }), { open: first.open });
  t.equal(second.utterance.text, '********');
  t.equal(second.open, 'connect');
  const third = scrub(masks, utterance('RCV', 'zzz\nlook', { before: 'x'.repeat(4096) }), { open: second.open });
  t.equal(third.utterance.text, '********\nlook');
  t.equal(third.open, undefined);
  t.equal(scrub(masks, utterance('RCV', 'look'), { open: 'connect' }).utterance.text, 'look', 'a new line is not hidden');
});

t.test('looks at what stands behind a cut as the whole line and by itself', async (t) => {
  t.equal(scrub(masks, utterance('RCV', 'connect bob hunter2', { before: '> ' })).utterance.text, 'connect bob ********');
  t.equal(scrub(masks, utterance('RCV', 'ter2', { before: 'connect bob hun' })).utterance.text, '********');
});

t.test('gives raw only where it says more than text and line ends', async (t) => {
  t.equal(scrub(masks, utterance('RCV', 'look', { raw: 'look\r\n' })).utterance.raw, undefined);
  t.equal(scrub(masks, utterance('RCV', 'a\nb\nc', { raw: 'a\r\nb\r\0c\r' })).utterance.raw, undefined);
  t.equal(scrub(masks, coloured('look', '\x1b[1mlook\r\n')).utterance.raw, '\x1b[1mlook\r\n');
  t.equal(scrub(masks, coloured('look', 'look\x07')).utterance.bytes, 5);
});

t.test('hides a secret in raw with every control sequence inside it and next to it', async (t) => {
  const out = scrub(masks, coloured('connect bob hunter2', '\x1b[1mconnect bob hun\x1b[31mter2\x1b[9m\r\n')).utterance;
  t.equal(out.text, 'connect bob ********');
  t.equal(out.raw, '\x1b[1mconnect bob ****************\r\n');
  t.equal(out.bytes, 34);
  const eaten = scrub(masks, coloured('connect bob unter2\nlook', 'connect bob \x1bhunter2\r\nlook')).utterance;
  t.equal(eaten.raw, 'connect bob ********\r\nlook', 'the letter that an escape ate is a part of it too');
});

t.test('hides a secret in raw where it is no text', async (t) => {
  const raw = '\x1b]0;hunter2\x07connect bob hunter2';
  const offsets = () => Array.from('connect bob hunter2', (_, index) => index + 12);
  const out = scrub(masks, utterance('RCV', 'connect bob hunter2', { raw, offsets })).utterance;
  t.equal(out.raw, '\x1b]0;********\x07connect bob ********');
});

t.test('gives undecodable bytes in base64, but not where a mask hit', async (t) => {
  const bytes = new Uint8Array([0x6c, 0xff, 0x6b]);
  const out = scrub(masks, utterance('RCV', 'l\ufffdk', { bytes, encoding: 'big5' })).utterance;
  t.equal(out.rawB64, 'bP9r');
  t.equal(out.bytes, 3);
  const raw = 'connect bob \x1b[1mhun\ufffdter';
  const hit = scrub(masks, coloured('connect bob hun\ufffdter', raw, { bytes })).utterance;
  t.equal(hit.rawB64, undefined);
  t.equal(hit.raw, 'connect bob ***********');
});

t.test('withholds the text where masking fails, and says so', async (t) => {
  const broken = scrub(masks, utterance('RCV', 'connect bob hunter2', { raw: 'connect bob \x1bhunter2', offsets: () => [] }));
  t.equal(broken.failed, true);
  t.same(broken.utterance, {
    shape: 'other',
    direction: 'RCV',
    at: 1_000_000,
    endAt: 1_000_000,
    masked: [],
    bytes: 0,
    encoding: 'utf-8',
    cut: 'blind',
    timing: [],
  });
});

t.test('puts a masked span into one entry of the timing, where it ended', async (t) => {
  const typed: Utterance['pieces'] = [
    [1_000_000, 8],
    [1_000_900, 4],
    [1_050_000, 3],
    [1_100_000, 4],
    [1_200_500, 2],
  ];
  const plain = scrub(masks, utterance('RCV', 'say abcdefghijklmnopq', { pieces: typed })).utterance;
  t.same(plain.timing, [
    [0, 12],
    [50, 3],
    [100, 4],
    [200, 2],
  ]);
  const hidden = scrub(masks, utterance('RCV', 'connect bob hunter2', { raw: 'connect bob hunter2\r\n', pieces: typed })).utterance;
  t.equal(hidden.text, 'connect bob ********');
  t.same(hidden.timing, [
    [0, 12],
    [100, 8],
  ]);
});

t.test('counts timing in raw where there is raw, in text where raw differs by line ends alone', async (t) => {
  const lines = utterance('SND', 'one\ntwo\nthree', {
    raw: 'one\r\ntwo\r\nthree\r\n',
    pieces: [
      [1_000_000, 4],
      [1_010_000, 4],
      [1_020_000, 9],
    ],
  });
  t.same(scrub(masks, lines).utterance.timing, [
    [0, 4],
    [10, 3],
    [20, 6],
  ]);
  const raw = '\x1b[1mone\x1b[m';
  const pieces: Utterance['pieces'] = [
    [1_000_000, 5],
    [1_010_000, 5],
  ];
  t.same(scrub(masks, coloured('one', raw, { pieces })).utterance.timing, [
    [0, 5],
    [10, 5],
  ]);
});

t.test('is not deceived by half a surrogate at a cut', async (t) => {
  const [high = '', low = ''] = '😀'.split('');
  t.equal(scrub(masks, utterance('RCV', `connect bob a${high}`)).utterance.text, 'connect bob ********');
  t.equal(scrub(masks, utterance('RCV', `${low}b`, { before: `connect bob a${high}` })).utterance.text, '********');
});

t.test('scrubs every string of data, deep, by the masks of both directions, and its secrets in all of them', async (t) => {
  const data = { note: 'connect bob hunter2', deep: [{ more: 'Hunter2 said', n: 1, none: null }], 'password is swordfish': true };
  t.same(scrubData(masks, data).value, {
    note: 'connect bob ********',
    deep: [{ more: '******** said', n: 1, none: null }],
    'password is *********': true,
  });
});

t.test('withholds data that is no plain data or too deep', async (t) => {
  let deep: unknown = 'connect bob hunter2';
  for (let level = 0; level < 100; level++) deep = [deep];
  t.same(scrubData(masks, { deep }).value, { withheld: true });
  t.same(scrubData(masks, { bytes: new Uint8Array(2) }).value, { withheld: true });
});

t.test('scrubs names', async (t) => {
  t.equal(scrubName(masks, 'bob'), 'bob');
  t.equal(scrubName(masks, 'connect bob hunter2'), 'connect bob ********');
});

t.test('scrubs a line by itself for the dry run', async (t) => {
  t.same(scrubLine(masks, 'connect bob hunter2', 'RCV'), { text: 'connect bob ********', masked: [{ mask: 'connect', start: 12, end: 20 }] });
  t.equal(scrubLine(masks, 'connect bob hunter2', 'SND').text, 'connect bob hunter2');
  t.equal(scrubLine(masks, 'connect bob hunter2', 'both').text, 'connect bob ********');
});

t.test('counts the hits of each mask', async (t) => {
  const own = compileMasks([connect, told, { ...told, where: 'start' }]);
  scrub(own, utterance('RCV', 'connect bob hunter2'));
  scrub(own, utterance('SND', 'my password is x, password is y'));
  t.same(
    [...hits(own)],
    [
      ['connect', 1],
      ['told', 2],
    ],
  );
});

t.test('costs no more than its length for a line made to cost much', async (t) => {
  const nasty = compileMasks([mask('a(?P<secret>b)', { where: 'anywhere' }), mask('(?P<secret>(a|b)+)$', { where: 'anywhere' })]);
  const begun = performance.now();
  const { utterance: out, failed } = scrub(nasty, utterance('RCV', `${'ab'.repeat(30_000)} ${"'".repeat(5000)}`));
  t.equal(failed, false);
  t.notMatch(out.text, /b/);
  t.ok(performance.now() - begun < 2000, 'far above what it takes');
  t.comment(`${Math.round(performance.now() - begun)} ms`);
});
