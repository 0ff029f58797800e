import t from 'tap';
import type { Utterance } from '../../src/contract.js';
import { CHARSETS, type Charset, decodeText, unfinishedTail } from '../../src/gather/charset.js';
import { LineGatherer } from '../../src/gather/lines.js';

const hex = (text: string) => Buffer.from(text, 'hex');

/** Bytes from other programs' hands (Python 3.11's codecs): the charset, the bytes in hex, the text. */
const SAMPLES: readonly [Charset | undefined, string, string, encoding: Charset][] = [
  [undefined, '6e61c3af7665', 'naïve', 'utf-8'],
  [undefined, '6e61ef7665', 'naïve', 'latin-1'],
  ['latin-1', '6e61c3af7665', 'naÃ¯ve', 'latin-1'],
  ['utf-8', '6e61c3af7665', 'naïve', 'utf-8'],
  ['cp437', '6e618b7665dbb2ff', 'naïve█▓\u00a0', 'cp437'],
  ['koi8-r', 'd0c1d2cfccd8', 'пароль', 'koi8-r'],
  ['cp1251', 'efe0f0eeebfc', 'пароль', 'cp1251'],
  ['gbk', 'c3dcc2eb', '密码', 'gbk'],
  ['big5', 'b14bbd58', '密碼', 'big5'],
  ['gb18030', 'c3dcc2eb8130d330', '密码\u0452', 'gb18030'],
];

for (const [charset, bytes, text, encoding] of SAMPLES) {
  t.test(`reads ${bytes} as ${charset ?? 'it is'}`, async (t) => {
    t.match(decodeText(hex(bytes), charset), { text, encoding, lossy: false });
  });
}

t.test('one line that is no UTF-8 does not spoil the others', async (t) => {
  t.match(decodeText(hex('6ee9e00a766f696cc3a00a'), undefined), { text: 'néà\nvoilà\n', encoding: 'latin-1' });
});

t.test('ASCII is ASCII in all of them', async (t) => {
  const ascii = Buffer.from(Array.from({ length: 128 }, (_, code) => code));
  for (const charset of CHARSETS) t.match(decodeText(ascii, charset), { text: ascii.toString('latin1'), encoding: charset, lossy: false }, charset);
});

t.test('says where bytes are no letters of the charset', async (t) => {
  t.match(decodeText(hex('61c328'), 'utf-8'), { text: 'a\ufffd(', lossy: true });
  t.match(decodeText(hex('618120'), 'gbk'), { lossy: true });
});

t.test('a cut by size does not tear a letter', async (t) => {
  t.equal(unfinishedTail(hex('61d0'), 'utf-8'), 1);
  t.equal(unfinishedTail(hex('61d0'), undefined), 1);
  t.equal(unfinishedTail(hex('61d0'), 'koi8-r'), 0);
  t.equal(unfinishedTail(hex('6120c3dcc2'), 'gbk'), 3);
  t.equal(unfinishedTail(hex('c3dcc2'), 'gbk'), 0, 'where nothing tells, all is taken');
});

function heard(charset: Charset, chunks: readonly [us: number, hex: string][]): Utterance[] {
  const gatherer = new LineGatherer('RCV', charset);
  const said: Utterance[] = [];
  for (const [at, bytes] of chunks) gatherer.push(hex(bytes), at, (utterance) => said.push(utterance));
  return said;
}

t.test('a line may be cut in the middle of a letter by packets, and pieces count whole letters', async (t) => {
  const [line] = heard('gbk', [
    [0, '61c3'],
    [5_000, 'dcc2eb'],
    [9_000, '0a'],
  ]);
  t.equal(line?.text, 'a密码');
  t.same(line?.pieces, [
    [0, 1],
    [5_000, 2],
  ]);
});

t.test('a second byte that is an ASCII letter, a quote or a backslash is no letter of its own', async (t) => {
  // Big5 a55c and b35c end in a backslash.
  t.equal(heard('big5', [[0, 'a55cb35c0a']])[0]?.text, '功許');
});

t.test('bytes that are no text are kept, but not where something was erased', async (t) => {
  t.equal(Buffer.from(heard('utf-8', [[0, '61ff620a']])[0]?.bytes ?? []).toString('hex'), '61ff62');
  t.equal(heard('utf-8', [[0, '61ff627f620a']])[0]?.bytes, undefined);
});
