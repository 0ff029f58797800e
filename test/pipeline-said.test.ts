/**
 * What a client said that was secret, and a server that says it back in words of its own: a whole session through the stages, in the four settings of
 * AUDIT_IN and AUDIT_OUT, by message and by line, in every split.
 */
import t from 'tap';
import type { Direction, SessionOpen } from '../src/contract.js';
import { compileMasks } from '../src/mask/masker.js';
import { type Keeping, SessionPipeline } from '../src/pipeline.js';
import { Ids, Salts } from '../src/record/id.js';
import { NodeScribe } from '../src/record/scribe.js';
import { pack } from './mask/masks.js';

const MASKS = compileMasks(pack('evennia'));
const START_US = 1_767_323_045_000_000;

type Step = readonly [ms: number, direction: Direction, bytes: string];

/** The words of a server that has read neither Evennia nor us. */
const STEPS: readonly Step[] = [
  [0, 'SND', 'Welcome, stranger.\r\n> '],
  [500, 'RCV', 'connect bob hunter2\r\n'],
  [510, 'SND', 'Huh? You typed: CONNECT BOB HUNTER2\r\n> '],
  [900, 'RCV', 'say hunter2 was it not\r\n'],
  [910, 'SND', 'You say, "\x1b[1mHunt\x1b[32mer2\x1b[0m was it not"\r\n\x1b]0;hunter2\x07> '],
  [1300, 'RCV', 'connect bob my pass word\r\n'],
  [
    1310,
    'SND',
    'There is no command connect bob my\r\n   pass word here, and none connect bob hun\r\n  ter2\r\n\xff\xf9Nor is hunt\xff\xf9er2 one.\r\n',
  ],
  [1700, 'RCV', 'connect hunter2 hunter2\r\n'],
  [1710, 'SND', 'Last connect was from home\r\nYou become Hunter2.\r\n'],
];
const SECRETS = /hunt|unter2|ter2|my pass|pass word/i;

function linesOf(more: Partial<Keeping>, pieces: (bytes: Buffer, step: number) => readonly Buffer[] = (bytes) => [bytes]): string[] {
  const lines: string[] = [];
  const origin = { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' };
  const ids = new Ids((into) => into.fill(7));
  const node = new NodeScribe({ origin, ids, salts: new Salts((into) => into.fill(9)), append: (line) => void lines.push(line) });
  const id = '019b7cc5-9d88-7000-8000-000000000001';
  const open: SessionOpen = { id, listener: 'main', wire: 'telnet', protocol: 'telnet', upstream: 'telnet://u:1' };
  const keeping: Keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks: MASKS, ...more };
  const pipeline = new SessionPipeline(open, keeping, node.session(open, false), () => t.fail('no fault'));
  pipeline.begin(START_US);
  STEPS.forEach(([ms, direction, bytes], step) => {
    const at = START_US + ms * 1000;
    for (const piece of pieces(Buffer.from(bytes, 'latin1'), step)) pipeline.data(direction, piece, at);
    pipeline.tick(at + 200_000);
  });
  pipeline.end({ reason: 'closed', by: 'client', bytesIn: 1, bytesOut: 2 }, START_US + 5_000_000);
  return lines;
}

const texts = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).text).filter((text) => text !== undefined);

t.test('the session as it is written, by message', async (t) => {
  const lines = linesOf({});
  t.same(texts(lines), [
    'Welcome, stranger.\n> ',
    'connect bob ********',
    'Huh? You typed: CONNECT BOB ********\n> ',
    'say ******** was it not',
    'You say, "******** was it not"\n> ',
    'connect bob ************',
    'There is no command connect bob *************** here, and none connect bob **********',
    'Nor is ********',
    '******** one.',
    'connect ******** ********',
    'Last connect was from home\nYou become ********.',
  ]);
  const last = lines.map((line) => JSON.parse(line)).at(-1);
  t.match(last, { topic: 'session.end', account: '********', character: '********' });
  t.match(
    lines.map((line) => JSON.parse(line)).filter(({ topic }) => topic === 'session.identity'),
    [{ data: { field: 'account', new: '********' } }, { data: { field: 'character', new: '********' } }],
  );
});

t.test('in all four settings, by message and by line, no secret stands in any member', async (t) => {
  for (const outUnit of ['message', 'line'] as const) {
    for (const [input, output] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const lines = linesOf({ in: input, out: output, outUnit });
      const what = `AUDIT_IN = ${input}, AUDIT_OUT = ${output}, by ${outUnit}`;
      t.same(
        lines.filter((line) => SECRETS.test(line)),
        [],
        what,
      );
      t.equal(
        lines.some((line) => /"session\.input"/.test(line)),
        input,
        `${what}: inputs`,
      );
      t.equal(
        lines.some((line) => /"session\.output"/.test(line) && /\*{8}/.test(line)),
        output,
        `${what}: outputs`,
      );
      t.equal(lines.filter((line) => /"session\.identity"/.test(line)).length, 2, `${what}: names`);
    }
  }
});

t.test('every split gives the records of the whole', async (t) => {
  for (const outUnit of ['message', 'line'] as const) {
    const whole = linesOf({ outUnit }).join('');
    t.equal(linesOf({ outUnit }, (bytes) => Array.from(bytes, (byte) => Buffer.of(byte))).join(''), whole, 'byte by byte');
    for (const [index, [, , { length }]] of STEPS.entries()) {
      for (let place = 1; place < length; place++) {
        const split = (bytes: Buffer, step: number) => (step === index ? [bytes.subarray(0, place), bytes.subarray(place)] : [bytes]);
        if (linesOf({ outUnit }, split).join('') !== whole) t.fail(`${outUnit}, step ${index} cut at ${place}`);
      }
    }
  }
});

t.test('an echo that came before the end of its line is written after the line was looked at', async (t) => {
  const lines: string[] = [];
  const origin = { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' };
  const ids = new Ids((into) => into.fill(7));
  const node = new NodeScribe({ origin, ids, salts: new Salts((into) => into.fill(9)), append: (line) => void lines.push(line) });
  const open: SessionOpen = {
    id: '019b7cc5-9d88-7000-8000-000000000001',
    listener: 'main',
    wire: 'telnet',
    protocol: 'telnet',
    upstream: 'tcp://u:1',
  };
  const keeping: Keeping = { in: true, out: true, outUnit: 'message', outIdleMs: 100, masks: MASKS };
  const pipeline = new SessionPipeline(open, keeping, node.session(open, false), () => t.fail('no fault'));
  pipeline.begin(START_US);
  for (const char of 'connect bob hunter2') {
    pipeline.data('RCV', Buffer.from(char), START_US);
    pipeline.data('SND', Buffer.from(char), START_US);
  }
  pipeline.data('RCV', Buffer.from('\r'), START_US);
  pipeline.tick(START_US + 5_000_000);
  t.same(texts(lines), ['connect bob ********', 'connect bob ********']);
});

t.test('a name that turns out to be a secret is written no more', async (t) => {
  const lines: string[] = [];
  const origin = { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' };
  const ids = new Ids((into) => into.fill(7));
  const node = new NodeScribe({ origin, ids, salts: new Salts((into) => into.fill(9)), append: (line) => void lines.push(line) });
  const open: SessionOpen = {
    id: '019b7cc5-9d88-7000-8000-000000000001',
    listener: 'main',
    wire: 'telnet',
    protocol: 'telnet',
    upstream: 'tcp://u:1',
  };
  const pipeline = new SessionPipeline(open, { in: true, out: true, outUnit: 'line', outIdleMs: 100, masks: MASKS }, node.session(open, false), () =>
    t.fail('no fault'),
  );
  pipeline.begin(START_US);
  pipeline.data('RCV', Buffer.from('connect johnny other1\r\n'), START_US);
  pipeline.data('SND', Buffer.from('You become Bob.\r\n'), START_US);
  pipeline.data('RCV', Buffer.from('look\r\n@password other1 = johnny\r\nlook\r\n'), START_US);
  pipeline.tick(START_US + 5_000_000);
  t.same(
    lines.map((line) => JSON.parse(line).account),
    [undefined, undefined, undefined, undefined, 'johnny', 'johnny', '********', '********'],
  );
});
