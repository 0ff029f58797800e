import { createHmac } from 'node:crypto';
import t from 'tap';
import { compileMasks, type Style, scrub, scrubData, scrubName } from '../../src/mask/masker.js';
import { SessionMasks } from '../../src/mask/session-masks.js';
import { mask, utterance } from './masks.js';

const key = new Uint8Array(32).fill(7);
const tag: Style = { name: 'tag', key };
const connect = mask(String.raw`connect\s+(\S+)\s+(?P<secret>.+)`, { name: 'connect', direction: 'in' });
const both = mask(String.raw`pin (?P<secret>\d+) of (?P<secret_2>\S+)`, { name: 'pin>x: "of\u00e9"', where: 'anywhere' });
const made = (style: Style) => compileMasks([connect, both], style);
const print = (secret: string): string => createHmac('sha256', key).update(secret).digest('hex').slice(0, 8);
const HUNTER = `<masked:connect:${print('hunter2')}>`;

t.test("'length': as many stars as characters, at least eight", async (t) => {
  t.equal(scrub(made({ name: 'length' }), utterance('RCV', 'connect bob hunter2hunter2')).utterance.text, 'connect bob **************');
});

t.test("'fixed': always eight stars, and the positions and times are those of what is written", async (t) => {
  const pieces: [number, number][] = [
    [1_000_000, 8],
    [1_050_000, 16],
    [1_100_000, 20],
  ];
  const text = 'pin 1234567890123 of 5678901234567, pin 1 of 2';
  const out = scrub(made({ name: 'fixed' }), utterance('SND', text, { pieces: [...pieces, [1_200_000, 2]] })).utterance;
  t.equal(out.text, 'pin ******** of ******** pin ******** of ********');
  t.same(
    out.masked.map(({ start, end }) => out.text?.slice(start, end)),
    ['********', '********', '********', '********'],
  );
  t.equal(out.bytes, 49);
  t.equal(
    out.timing.reduce((sum, [, units]) => sum + units, 0),
    49,
  );
});

t.test("'tag': a keyed fingerprint, the same for the same secret, wherever it stands", async (t) => {
  const session = new SessionMasks(made(tag));
  const first = session.scrub(utterance('RCV', 'connect hunter2 hunter2')).utterance;
  t.equal(first.text, `connect ${HUNTER} ${HUNTER}`);
  t.equal(first.bytes, 9 + 2 * HUNTER.length);
  t.same(first.masked, [
    { mask: 'connect', direction: 'RCV', start: 8, end: 8 + HUNTER.length },
    { mask: 'connect', direction: 'RCV', start: 9 + HUNTER.length, end: 9 + 2 * HUNTER.length },
  ]);
  t.equal(session.scrub(utterance('SND', 'You said hunter2.')).utterance.text, `You said ${HUNTER}.`, 'said back');
  t.same(session.scrubData({ a: 'x hunter2' }, 1_000_000).value, { a: `x ${HUNTER}` });
  t.equal(session.scrubName('hunter2', 1_000_000), HUNTER);
  t.same(scrubData(made(tag), { a: 'connect bob hunter2' }).value, { a: `connect bob ${HUNTER}` });
  t.equal(scrubName(made(tag), 'connect bob hunter2'), `connect bob ${HUNTER}`);
});

t.test('another key gives another tag, another secret too', async (t) => {
  const other = made({ name: 'tag', key: new Uint8Array(32).fill(8) });
  const text = scrub(other, utterance('RCV', 'connect bob hunter2')).utterance.text;
  t.match(text, /^connect bob <masked:connect:[0-9a-f]{8}>$/);
  t.not(text, `connect bob ${HUNTER}`);
  t.not(print('hunter2'), print('hunter3'));
});

t.test('secrets that were joined have one tag, of the joined text', async (t) => {
  const joined = compileMasks([mask('a(?P<secret>bcd)e', { name: 'one', where: 'anywhere' }), mask('c(?P<secret>defg)', { where: 'anywhere' })], tag);
  t.equal(scrub(joined, utterance('SND', 'x abcdefg y')).utterance.text, `x a<masked:one:${print('bcdefg')}> y`);
});

t.test('raw has the tag that text has, colours in the secret or not', async (t) => {
  const raw = 'connect bob \x1b[1mhun\x1b[31mter2\x1b[0m';
  const offsets = () => [...Array.from({ length: 12 }, (_, index) => index), 16, 17, 18, 24, 25, 26, 27];
  const out = scrub(made(tag), utterance('RCV', 'connect bob hunter2', { raw, offsets })).utterance;
  t.equal(out.text, `connect bob ${HUNTER}`);
  t.equal(out.raw, `connect bob ${HUNTER}`);
});

t.test('no name of a mask breaks a tag', async (t) => {
  const { utterance: out } = scrub(made(tag), utterance('SND', 'pin 12 of x'));
  t.equal(out.text, `pin <masked:pin_x___of\u00e9_:${print('12')}> of <masked:pin_x___of\u00e9_:${print('x')}>`);
  t.equal(out.masked[0]?.mask, 'pin>x: "of\u00e9"', 'in `masked` it stands as it is');
  t.equal(out.bytes, Buffer.byteLength(out.text ?? ''));
});
