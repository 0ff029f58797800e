import t from 'tap';
import { leftOf } from '../../../callbacks/store/line-parts.js';

const HEX = 'a'.repeat(64);
const head = `{"v":"1.0","id":"x","digest":["${HEX}","${HEX}"],"hash":"${HEX}"`;
const who = ',"who_salt":"s1","account":"alice"';
const body = ',"salt":"s2","text":"say ,\\"salt\\":\\" }"';
const [whole, noWho, noBody, neither] = [`${head}${who}${body}}`, `${head}${body}}`, `${head}${who}}`, `${head}}`];

t.test('what was erased in either form of a record is gone', async (t) => {
  t.equal(leftOf(whole, whole), whole);
  t.equal(leftOf(whole, noBody), noBody);
  t.equal(leftOf(noBody, whole), noBody);
  t.equal(leftOf(noWho, whole), noWho);
  t.equal(leftOf(whole, noWho), noWho);
  t.equal(leftOf(noWho, noBody), neither);
  t.equal(leftOf(neither, whole), neither);
});

t.test('a line that differs in anything else does not take the place of the stored one', async (t) => {
  t.equal(leftOf(whole, whole.replace('"id":"x"', '"id":"y"').replace(body, '')), whole);
  t.equal(leftOf(whole, `{"id":"x"}`), whole);
  t.equal(leftOf('{"id":"x"}', whole), '{"id":"x"}');
  t.equal(leftOf(whole, `${head}${body}`), whole, 'torn');
});
