import t from 'tap';
import { finderOf } from '../../src/mask/elsewhere.js';
import { cover, join } from '../../src/mask/spans.js';

const starred = (secrets: readonly string[], text: string): string => {
  const find = finderOf(secrets.map((secret) => ({ text: secret, mask: 0 })));
  return cover(text, join(find?.(text) ?? [])).text;
};

t.test('finds a secret in any case, with signs that patterns would read', async (t) => {
  t.equal(starred(['p(ss.*'], 'P(SS.* and pass'), '******** and pass');
});

t.test('finds it without the quotes and blanks that it had', async (t) => {
  t.equal(starred([' "pass word" '], 'pass word, "pass word"'), '*********, ***********');
});

t.test('finds secrets that overlap, that begin one another, and that end inside one another', async (t) => {
  t.equal(starred(['aaaa'], 'aaaaaa b'), '******** b');
  t.equal(starred(['abcdef', 'cdefgh'], 'xabcdefghx'), 'x********x');
  t.equal(starred(['abcdefgh', 'cdef'], 'abcdef cdef'), 'ab******** ********');
  t.equal(starred(['abcdX', 'bcde'], 'abcde'), 'a********');
});

t.test('keeps positions where lower case is longer', async (t) => {
  t.equal(starred(['hunter2'], 'İİ Hunter2 İ'), 'İİ ******** İ');
  t.equal(starred(['ΟΔΟΣ'], 'οδος οδοσ'), '******** ********');
});

t.test('looks for nothing shorter than four characters', async (t) => {
  t.equal(finderOf([{ text: 'abc', mask: 0 }]), undefined);
});

t.test('takes one walk for a text and secrets made to cost much', async (t) => {
  const begun = performance.now();
  starred([`${'a'.repeat(20_000)}b`], 'a'.repeat(40_000));
  t.ok(performance.now() - begun < 1000, 'far above what it takes');
});
