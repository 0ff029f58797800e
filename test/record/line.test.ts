import t from 'tap';
import { escapedToJson, formatTime, part, plainToJson, seal, toJson } from '../../src/record/line.js';
import { sha256 } from '../evidence.js';
import { Dice } from '../harness.js';

const TIMES: readonly [number, string][] = [
  [0, '1970-01-01T00:00:00.000000Z'],
  [1_767_323_045_000_000, '2026-01-02T03:04:05.000000Z'],
  [1_767_323_045_000_001, '2026-01-02T03:04:05.000001Z'],
  [1_767_323_045_999_999, '2026-01-02T03:04:05.999999Z'],
  [1_767_323_046_000_000, '2026-01-02T03:04:06.000000Z'],
  [1_767_323_045_100_000, '2026-01-02T03:04:05.100000Z'],
  [1_709_251_199_999_999, '2024-02-29T23:59:59.999999Z'],
];

for (const [at, text] of TIMES) {
  t.test(`${at} microseconds are ${text}`, async (t) => {
    t.equal(formatTime(at), text);
  });
}

t.test('times in any order come out right: the second that is kept is not the wrong one', async (t) => {
  for (const [at, text] of [...TIMES, ...[...TIMES].reverse()]) t.equal(formatTime(at), text);
});

const ESCAPES: readonly [unknown, string][] = [
  ['\u0000\u001b\t\n"\\', '"\\u0000\\u001b\\t\\n\\"\\\\"'],
  ['\u007f\u0080\u009b\u009f\u00a0', '"\\u007f\\u0080\\u009b\\u009f\u00a0"'],
  ['a\u2028b\u2029c', '"a\\u2028b\\u2029c"'],
  ['\ud83d\ude00 é', '"\ud83d\ude00 é"'],
  ['\ud83d', '"\\ud83d"'],
  [{ '\u009b': ['\u2028', 1, null, true] }, '{"\\u009b":["\\u2028",1,null,true]}'],
];

for (const [value, text] of ESCAPES) {
  t.test(`a value is written ${text.replace(/[^ -~]/g, '.')}`, async (t) => {
    t.equal(toJson(value), text);
    t.same(JSON.parse(text), value);
  });
}

/** Letters that plain text may hold, those that need escapes among them. */
const PLAIN = [...'abc XYZ"\\\t\n\u2028\u2029\u00e9\u20ac/<>{}', '\ud83d\ude00', '\r\n'];

t.test('the quick way of plain text is the same as the slow one', async (t) => {
  const dice = new Dice(7);
  const texts = Array.from({ length: 5_000 }, () =>
    Array.from({ length: dice.between(0, 12) }, () => PLAIN[dice.between(0, PLAIN.length - 2)]).join(''),
  );
  t.same(
    texts.filter((text) => plainToJson(text) !== toJson(text)),
    [],
  );
});

t.test('so is that of text with line ends and escape sequences', async (t) => {
  const dice = new Dice(8);
  const letters = [...PLAIN, '\r', '\x1b[1m', '\x1b'];
  const texts = Array.from({ length: 5_000 }, () =>
    Array.from({ length: dice.between(0, 12) }, () => letters[dice.between(0, letters.length - 1)]).join(''),
  );
  t.same(
    texts.filter((text) => escapedToJson(text) !== toJson(text)),
    [],
  );
});

t.test('a part is sealed by the hash of its bytes; one that never was has no digest', async (t) => {
  t.same(part('"salt":"x","text":"é"'), { text: '"salt":"x","text":"é"', digest: sha256('"salt":"x","text":"é"') });
  t.same(part(''), { text: '', digest: '' });
});

const HEAD = '"v":"1.0","seq":0';
const [WHO, BODY] = ['"who_salt":"w","ip":"192.0.2.7"', '"salt":"s","text":"é"'];

for (const [title, who, body] of [
  ['both parts', WHO, BODY],
  ['no who', '', BODY],
  ['no body', WHO, ''],
  ['neither', '', ''],
] as const) {
  t.test(`a line with ${title}: digests of the parts, the hash of all before it`, async (t) => {
    const sealed = `{${HEAD},"digest":["${who && sha256(who)}","${body && sha256(body)}"]`;
    const hash = sha256(sealed);
    t.same(seal(HEAD, part(who), part(body)), { line: `${[`${sealed},"hash":"${hash}"`, who, body].filter(Boolean).join(',')}}\n`, hash });
  });
}
