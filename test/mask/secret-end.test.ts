import t from 'tap';
import { secretEnd } from '../../src/mask/secret-end.js';

/** The line's secret stands between brackets; gives what is hidden after the rule. */
const hidden = (marked: string): string => {
  const start = marked.indexOf('⟦');
  const end = marked.indexOf('⟧') - 1;
  const line = marked.replace(/[⟦⟧]/g, '');
  return line.slice(start, secretEnd(line, start, end));
};

t.test('ends where a blank or the end of the line stands', async (t) => {
  t.equal(hidden('pw ⟦hunter2⟧ oh'), 'hunter2');
  t.equal(hidden('pw ⟦hunter2⟧'), 'hunter2');
  t.equal(hidden('pw ⟦hunter2⟧\u00a0oh'), 'hunter2');
});

t.test('takes what is left of a word', async (t) => {
  t.equal(hidden('pw ⟦p⟧@ss-word oh'), 'p@ss-word');
  t.equal(hidden('pw ⟦na⟧ïve. oh'), 'naïve.');
  t.equal(hidden('pw ⟦a⟧\ufeffb oh'), 'a\ufeffb');
});

t.test('stops at the quote that closes, a backslash before it counted', async (t) => {
  t.equal(hidden("set to '⟦hunter2⟧'. Oh"), 'hunter2');
  t.equal(hidden('{"pw":"⟦hun⟧ter2","a":1}'), 'hunter2');
  t.equal(hidden("u\\'pw ⟦hunter2⟧\\' is"), 'hunter2');
  t.equal(hidden('pw “⟦hun⟧ter2” oh'), 'hunter2');
});

t.test('goes on over a quote that closes nothing', async (t) => {
  t.equal(hidden("pw ⟦it⟧'s oh"), "it's");
  t.equal(hidden("set to '⟦it⟧'s' oh"), "it's");
  t.equal(hidden("pw ⟦hunter⟧'.2 oh"), "hunter'.2");
  t.equal(hidden("pw ⟦a⟧\\'b oh"), "a\\'b");
});
