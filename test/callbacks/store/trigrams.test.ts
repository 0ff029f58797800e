import t from 'tap';
import { fragmentsOf, trigramQuery } from '../../../callbacks/store/trigrams.js';

t.test('words are looked for wherever they stand, a fragment as it is, without regard to case', async (t) => {
  t.same(fragmentsOf('Tell  bob*', undefined), ['tell', 'bob']);
  t.same(fragmentsOf("don't", 'A b?'), ['don', 't', 'a b?']);
  t.same(fragmentsOf('cafe\u0301', 'GRU\u0308N'), ['caf\u00e9', 'gr\u00fcn'], 'nor to how an accent is written');
  t.same(fragmentsOf(undefined, undefined), []);
  t.equal(trigramQuery(['bob', 'tell']), '"bob" AND "tel" AND "ell"');
  t.equal(trigramQuery(['a"b?', 'ab']), '"a""b" AND """b?"');
  t.equal(trigramQuery(['🐉🐉🐉🐉']), '"🐉🐉🐉"', 'letters beyond the BMP are one');
});

t.test('what is too short to look for is no question, and what is long is asked about in a few places', async (t) => {
  for (const none of [[], ['ab', 'c'], [''], ['\ud800ab'], ['a\0b']]) t.equal(trigramQuery(none), undefined);
  t.equal(trigramQuery(['abcdefghijklmnopqrstuvwxyz0123456789'])?.split(' AND ').length, 12);
});
