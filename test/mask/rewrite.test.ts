import t from 'tap';
import type { MaskedUtterance } from '../../src/contract.js';
import { compileMasks, type Style, scrub } from '../../src/mask/masker.js';
import { rewrite } from '../../src/mask/rewrite.js';
import { mask, utterance } from './masks.js';

const DEFINITIONS = [mask('connect \\S+ (?P<secret>\\S+)', { name: 'connect', where: 'anywhere' })];

/** What `text` is written as in place of what was said. */
function rewritten(said: string, text: string, style: Style = { name: 'length' }): MaskedUtterance {
  const masks = compileMasks(DEFINITIONS, style);
  return rewrite(masks, scrub(masks, utterance('RCV', said, { raw: `${said}\r\n` })).utterance, text, undefined);
}

t.test('another text passes the masks, and has no raw and no timing', async (t) => {
  const { text, raw, timing, bytes, shape, masked } = rewritten('look', 'é connect bob hunter2');
  t.strictSame({ text, raw, timing, bytes, shape }, { text: 'é connect bob ********', raw: undefined, timing: [], bytes: 23, shape: 'same' });
  t.strictSame(masked, [{ mask: 'connect', direction: 'RCV', start: 14, end: 22 }]);
});

t.test('what was scrubbed stays scrubbed where it still stands, and is named', async (t) => {
  const { text, masked } = rewritten('connect bob hunter2', 'Bob logs in with ********, he says');
  t.equal(text, 'Bob logs in with ********, he says');
  t.strictSame(masked, [{ mask: 'connect', direction: 'RCV', start: 17, end: 25 }]);
  t.strictSame(rewritten('connect bob hunter2', 'Bob logs in').masked, []);
});

t.test('a tag stays the tag that it is, also where a mask finds it again', async (t) => {
  const style: Style = { name: 'tag', key: Buffer.alloc(32, 7) };
  const masks = compileMasks(DEFINITIONS, style);
  const { text = '' } = scrub(masks, utterance('RCV', 'connect bob hunter2')).utterance;
  t.match(text, /^connect bob <masked:connect:[0-9a-f]{8}>$/);
  t.equal(rewritten('connect bob hunter2', `${text} now`.replace('bob', 'BOB'), style).text?.replace('BOB', 'bob').slice(0, text.length), text);
});

t.test('control characters go, and what is too long is cut', async (t) => {
  t.equal(rewritten('look', 'a\0b\x1b[1mc\r\n\td\x85\ud800').text, 'ab[1mc\n\td\ufffd');
  t.equal(rewritten('look', 'x'.repeat(70_000)).text?.length, 65_536);
});
