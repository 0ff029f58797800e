import t from 'tap';
import { NeedleScan } from '../../src/mask/needle-scan.js';

const found = (scan: NeedleScan, text: string): number[] => [...(scan.find(text) ?? [])].sort((a, b) => a - b);

t.test('names those whose needle stands in a text, each once', async (t) => {
  const scan = new NeedleScan([['word', 'pass'], ['sword'], ['ord '], ['://']]);
  t.same(found(scan, 'A sword is drawn.'), [0, 1, 2]);
  t.same(found(scan, 'A word: pass, word, pass'), [0]);
  t.same(found(scan, 'swor://d'), [3]);
  t.equal(scan.find('swor d'), undefined);
  t.equal(scan.find(''), undefined);
});

t.test('takes letters in any case, as Python does, and every blank for one', async (t) => {
  const scan = new NeedleScan([['risk it'], ['ПАРОЛЬ']]);
  for (const text of ['Risk It', 'RISK\tIT', 'rıſ\u212a\u00a0İt', 'x\nrisk\nit']) t.same(found(scan, text), [0], text);
  for (const text of ['пароль', 'Пароль:', '<ПАРОЛЬ>']) t.same(found(scan, text), [1], text);
  t.equal(scan.find('risk  it, парол'), undefined);
});

t.test('finds a needle at every place of a text of any length', async (t) => {
  const scan = new NeedleScan([['needle'], ['eedle in'], ['é']]);
  for (let length = 0; length < 70; length++) {
    for (let at = 0; at <= length; at++) {
      t.same(found(scan, `${'n'.repeat(at)}needle${'e'.repeat(length - at)}`), [0]);
      if (at % 9 === 0) t.same(found(scan, `${'.'.repeat(at)}é${'.'.repeat(length - at)}`), [2]);
    }
  }
  t.same(found(scan, 'a needle in a stack'), [0, 1]);
});

t.test('finds as many characters of a kind in a row as are asked for, no fewer', async (t) => {
  const digits = { ranges: [[0x30, 0x39]], least: 5 } as const;
  const scan = new NeedleScan([[digits], ['word', { ranges: [[0x1f600, 0x1f64f]], least: 3 }]]);
  for (let at = 0; at < 12; at++) {
    t.same(found(scan, `${'.'.repeat(at)}12345.`), [0]);
    t.equal(scan.find(`${'.'.repeat(at)}1234.5678.`), undefined);
  }
  t.same(found(scan, '😀😀😀'), [1]);
  t.same(found(scan, '123456 words'), [0, 1]);
});

t.test('has a table for more letters than a byte counts', async (t) => {
  const letters = Array.from({ length: 400 }, (_, index) => [`x${String.fromCharCode(0x4e00 + index)}`]);
  const scan = new NeedleScan(letters);
  t.same(found(scan, 'x\u4e00, x\u4f8f'), [0, 399]);
});

t.test('has nothing to find where there are no needles', async (t) => {
  t.equal(new NeedleScan([]).find('text'), undefined);
  t.equal(new NeedleScan([[]]).find('text'), undefined);
});
