/**
 * Law: every split of a transcript at equal times gives equal records, ids and salts and seals included. What a transcript is: bytes of both sides
 * with their times, and the beats of the clock between them. And every record fits the schema.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import Ajv2020 from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { loadSettings } from '../../src/config/settings.js';
import type { Direction, SessionOpen, Wire } from '../../src/contract.js';
import { compileMasks, scrubData } from '../../src/mask/masker.js';
import { SessionPipeline } from '../../src/pipeline.js';
import { Ids, Salts } from '../../src/record/id.js';
import { NodeScribe } from '../../src/record/scribe.js';
import { frame, REQUEST, response } from '../decode/websocket/say.js';
import { Dice } from '../harness.js';
import { REWRITES } from './meddlers.js';

const ROOM = join(import.meta.dirname, '../../../src/record');
const validate = new Ajv2020.default().compile(JSON.parse(readFileSync(join(ROOM, 'record.schema.json'), 'utf8')));
const MASKS = compileMasks(loadSettings({ file: null, set: [], cwd: '/', env: {} }).audit.masks);
const NO_MASKS = compileMasks([]);
const ORIGIN = { hostname: 'host', application: 'wirescribe', version: '0.0.0', pid: 1, node: 'host' };
const START_US = 1_700_000_000_000_000;

type Unit = 'message' | 'line';
/** Milliseconds since the start, who sends (or the clock beats), and what. */
type Step = readonly [number, Direction | 'tick', Buffer];
interface Transcript {
  readonly wire: Wire;
  readonly unit: Unit;
  readonly steps: readonly Step[];
}

const step = (ms: number, direction: Direction | 'tick', bytes: string | Buffer = ''): Step => [
  ms,
  direction,
  typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
];
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Random bytes of ids and salts that are the same in every run. */
function sameRandom(): (into: Uint8Array) => void {
  const dice = new Dice(5);
  return (into) => void into.set(dice.bytes(into.length));
}

/** The lines of a session in which every step's bytes come in the pieces that `split` makes of them. */
function linesOf({ wire, unit, steps }: Transcript, split: (bytes: Buffer, step: number) => readonly Buffer[]): string[] {
  const lines: string[] = [];
  const fill = sameRandom();
  const node = new NodeScribe({ origin: ORIGIN, ids: new Ids(fill), salts: new Salts(fill), append: (line) => void lines.push(line) });
  const open: SessionOpen = { id: '018bcfe5-6800-7000-8000-000000000000', listener: 'main', wire, protocol: 'telnet', upstream: 'tcp://h:1' };
  const finishing = unit === 'line' ? REWRITES : undefined;
  const keeping = { in: true, out: true, outUnit: unit, outIdleMs: 100, masks: MASKS, finishing };
  const pipeline = new SessionPipeline(open, keeping, node.session(open, false), (fault, at) =>
    node.event('audit.fault', at, scrubData(NO_MASKS, fault)),
  );
  pipeline.begin(START_US);
  let at = START_US;
  steps.forEach(([ms, direction, bytes], index) => {
    at = START_US + ms * 1000;
    if (direction === 'tick') pipeline.tick(at);
    else for (const piece of split(bytes, index)) pipeline.data(direction, piece, at);
  });
  pipeline.end({ reason: 'closed', by: 'client', bytesIn: 0, bytesOut: 0 }, at);
  return lines;
}

const whole = (bytes: Buffer): Buffer[] => [bytes];
const everyByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
const cutAt = (place: number, at: number) => (bytes: Buffer, step: number) =>
  step === at ? [bytes.subarray(0, place), bytes.subarray(place)] : [bytes];

/** Cuts at random places, some of them empty pieces. */
const cutByDice = (dice: Dice) => (bytes: Buffer) => {
  const pieces: Buffer[] = [];
  const most = dice.between(1, 60);
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + dice.between(0, most));
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
};

/** Holds a split against the whole; says where the first line differs. True where equal. */
function same(t: Test, transcript: Transcript, expected: readonly string[], split: Parameters<typeof linesOf>[1], what: string): boolean {
  const lines = linesOf(transcript, split);
  if (lines.join('') === expected.join('')) return true;
  const index = lines.findIndex((line, at) => line !== expected[at]);
  t.equal(lines[index], expected[index], `${what}: line ${index}`);
  if (lines.length !== expected.length) t.equal(lines.length, expected.length, `${what}: number of lines`);
  return false;
}

/** Every record fits the schema; says the first reason why not. */
function fits(t: Test, lines: readonly string[]): void {
  const bad = lines.find((line) => !validate(JSON.parse(line)));
  t.equal(bad, undefined, `fits the schema: ${bad && JSON.stringify(validate.errors)}`);
}

const PASSWORDS = ['hunter2', 'p(ss', '"two words"', 'пароль'];

const LOGIN = [
  step(
    0,
    'SND',
    '\xff\xfd\x1f\xff\xfb\x56\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\x1b[1;32mWelcome to Evennia\x1b[0m\r\n\r\nIf you have an account, type: ',
  ),
  step(0, 'SND', '\x1b[1mconnect <name> <password>\x1b[0m\r\n'),
  step(20, 'RCV', '\xff\xfc\x1f\xff\xfe\x56\xff\xfa\x1f\x00\x50\x00\xff\xff\xff\xf0\xff\xfa\x18\x00XTERM-256COLOR\xff\xf0'),
  step(150, 'tick'),
  step(900, 'RCV', 'connect bob hunter2\r\n'),
  step(905, 'SND', 'You become \x1b[35mBob\x1b[0m.\r\n\xff\xf9'),
  step(1300, 'tick'),
  step(2000, 'RCV', 'say connect bob hunter2\r\nlook\r'),
  step(2001, 'RCV', '\nnorth\r\0'),
  step(2040, 'SND', 'Command \'concnct bob hunter2\' is not available. Type "help" for help.\r\nLimbo(#2)\r\nExits: north\r\n> \xff\xef'),
  step(2300, 'tick'),
  step(4500, 'tick'),
];

const WIRE = [
  step(0, 'SND', 'a\xff\xffb \xff\xf1nop\r\n\xff\xfa\xc9Room.Info {"a":"\xff\xff"}\xff\xf0after\xff\xfa\x46broken\xff\xfbxtail\r\n'),
  step(5, 'SND', 'undoubled \xff\xe9 letter, stray \xff\xf0 end\r\n\xff\xfa\xc9GMCP \xffa\xffb\xff\xf0done\r\n'),
  step(10, 'RCV', 'one\ntwo\rthree\r\nfour\r\0five\n\rsix\r\r\nseven\n\n\r\n'),
  step(20, 'RCV', 'er\x08\x08\x7fhunter2\x08\x08ed\t\x00\x01 \x1b[Aup\x1b\r\nconnect bob hun\x08nter2\r\n'),
  step(40, 'SND', 'Password: \xff\xf9'),
  step(90, 'SND', '\r\0Diku\n\rline\n\rscreen\x1b[2J\x1b[1;1Hhome\x1b]0;title\x07\x1bPq#sixel\x1b\\rest\x1b[38;5;12mblue\x1b[m\r\n'),
  step(400, 'SND', '\r\nlate\r'),
  step(600, 'SND', '\nlater\r'),
  step(600, 'RCV', '\xff\xf4'),
  step(900, 'SND', '\0and \r'),
  step(1200, 'tick'),
  step(1500, 'SND', 'more \x9b31mC1\x9c\x85\r\nopen line'),
  step(1700, 'tick'),
  step(2700, 'SND', ' goes on'),
  step(5000, 'tick'),
  step(5100, 'SND', ' and on\r\n\r\n'),
];

const LETTERS = [
  step(0, 'RCV', utf8('say zażółć gęślą jaźń 🐉 \u2028 end\r\nconnect йван пароль\r\n')),
  step(1, 'RCV', 'say caf\xe9 \xff\xff latin\r\n'),
  step(2, 'SND', utf8('Ты видишь дракона 🐉.\r\n')),
  step(3, 'SND', 'na\xefve\r\n'),
  step(4, 'SND', utf8('\x1b[33mжёлтый\x1b[0m')),
  step(500, 'tick'),
  step(3000, 'tick'),
  step(3001, 'SND', Buffer.concat([utf8('half a letter: '), Buffer.from([0xf0, 0x9f])])),
  step(3002, 'SND', Buffer.concat([Buffer.from([0x90, 0x89]), utf8(' whole\r\n')])),
];

const OPAQUE = [
  step(0, 'SND', 'plain\r\n\xff\xfb\x56'),
  step(1, 'RCV', '\xff\xfd\x56look\r\n'),
  step(2, 'SND', '\xff\xfa\x56\xff\xf0x\x9cK\xff\xfa\x00\xff\xf0nothing of it\r\n'),
  step(3, 'RCV', 'connect bob hunter2\r\n'),
  step(300, 'tick'),
];

const SECRETS = PASSWORDS.flatMap((password, index) => [
  step(index * 500, 'RCV', utf8(`connect bob ${password}\r\n  @password ${password} = ${password}2\r\ncreate "two names" ${password}\n`)),
  step(index * 500 + 5, 'RCV', utf8(`\x1b[0mco\x1b[1mnnect bob ${password}\r\nlook\nconnect bob ${password}\r`)),
  step(index * 500 + 9, 'SND', utf8(`Command 'conect bob ${password}' is not available.\r\nHuh? ${password}`)),
  step(index * 500 + 250, 'tick'),
]);

const DEFLATED = deflateRawSync('["text", ["You say, \\"hunter2\\""], {}]', { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

const FRAMES = [
  step(0, 'RCV', REQUEST),
  step(3, 'SND', response('Sec-WebSocket-Extensions: permessage-deflate\r\n')),
  step(
    4,
    'SND',
    Buffer.concat([frame('SND', 1, '["text", ["<b>Welcome</b><br>to &lt;it&gt;'), frame('SND', 1, '["text", ["hi <i>', { fin: false })]),
  ),
  step(5, 'SND', Buffer.concat([frame('SND', 9, 'ping'), frame('SND', 0, 'there</i>"], {}]'), frame('SND', 1, '["prompt", ["&gt; "], {}]')])),
  step(9, 'RCV', Buffer.concat([frame('RCV', 10, 'ping'), frame('RCV', 1, '["text", ["connect bob hunter2"], {}]')])),
  step(10, 'RCV', frame('RCV', 1, '["login", [], {"name": "bob", "password": "p(ssword"}]')),
  step(12, 'SND', Buffer.concat([frame('SND', 1, DEFLATED, { bits: 0x40 }), frame('SND', 1, 'p(ssword\r\n'), frame('SND', 2, '\x93')])),
  step(300, 'tick'),
  step(
    400,
    'RCV',
    Buffer.concat([frame('RCV', 2, 'lo'), frame('RCV', 2, 'ok\r\n'), frame('RCV', 1, 'x', { bits: 0x10 }), frame('RCV', 1, '{"a": 1}')]),
  ),
  step(410, 'SND', Buffer.concat([frame('SND', 2, utf8('\u{1F409}').subarray(0, 2)), frame('SND', 2, utf8('\u{1F409} end\n').subarray(2))])),
  step(420, 'SND', Buffer.concat([frame('SND', 2, Buffer.from('Password: \xff\xfb\x01', 'latin1')), frame('SND', 8, Buffer.of(3, 0xe8))])),
  step(700, 'tick'),
];

const TRANSCRIPTS: { readonly [name: string]: readonly Step[] } = { LOGIN, WIRE, LETTERS, OPAQUE, SECRETS, FRAMES };
const WAYS: readonly (readonly [Wire, Unit])[] = [
  ['telnet', 'message'],
  ['telnet', 'line'],
  ['plain', 'message'],
  ['websocket', 'message'],
  ['websocket', 'line'],
];

for (const [name, steps] of Object.entries(TRANSCRIPTS)) {
  t.test(`${name}: one cut at each place, and byte by byte, give the records of the whole`, async (t) => {
    for (const [wire, unit] of WAYS) {
      const transcript = { wire, unit, steps };
      const expected = linesOf(transcript, whole);
      fits(t, expected);
      let good = same(t, transcript, expected, everyByte, `${wire} ${unit}, byte by byte`);
      steps.forEach(([, , bytes], index) => {
        for (let place = 0; good && place <= bytes.length; place++) {
          good = same(t, transcript, expected, cutAt(place, index), `${wire} ${unit}, step ${index} cut at ${place}`);
        }
      });
    }
  });
}

/** Bytes that mean something where they meet. */
const WORDS = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\0',
    '\n\r',
    '\0',
    'a',
    'look',
    ' ',
    'connect bob hunter2',
    "Command 'conect bob hunter2' is not available.",
    '@password ',
  ],
  ...[
    '\x1b',
    '[0m',
    '\x1b[31m',
    '\x1b[H',
    '\x1b]0;',
    '\x07',
    '\x08',
    '\x7f',
    '\t',
    '\xff',
    '\xff\xff',
    '\xff\xf9',
    '\xff\xef',
    '\xff\xfa\xc9',
    '\xff\xf0',
  ],
  ...[frame('SND', 1, '["text", ["look"], {}]'), frame('RCV', 1, '["text", ["connect bob hunter2"], {}]'), frame('RCV', 2, 'look')].map((one) =>
    one.toString('latin1'),
  ),
  ...['\x01\x02ab', '\x80\x00', '\x82\x02\xff\xf9', '\x81\x03a\r\n'],
  ...['\xff\xfb\x01', '\xff\xfd\x03', '\xf0', '\xe9', '\xc3\xa9', '\xd0\xbf', '\xf0\x9f\x90\x89', '= ', 'hunter2', '"', "'", '\xff\xfa\x55\xfb\xf0'],
];

function randomSteps(dice: Dice): Step[] {
  let ms = 0;
  return Array.from({ length: dice.between(3, 12) }, () => {
    ms += [0, 0, 1, 50, 99, 101, 2500][dice.between(0, 6)] as number;
    const kind = (['RCV', 'SND', 'SND', 'tick'] as const)[dice.between(0, 3)] as Direction | 'tick';
    const words = Array.from({ length: dice.between(1, 12) }, () => WORDS[dice.between(0, WORDS.length - 1)]);
    return step(ms, kind, kind === 'tick' ? '' : words.join(''));
  });
}

t.test('transcripts made by dice, cut by dice and byte by byte, give the records of the whole', async (t) => {
  const rounds = Number(process.env.WIRESCRIBE_CHUNK_ROUNDS ?? 600);
  for (let seed = 1; seed <= rounds && t.passing(); seed++) {
    const dice = new Dice(seed);
    const [wire, unit] = WAYS[seed % WAYS.length] as (typeof WAYS)[number];
    const opening = wire === 'websocket' ? [step(0, 'RCV', REQUEST), step(0, 'SND', response())] : [];
    const transcript = { wire, unit, steps: [...opening, ...randomSteps(dice)] };
    const expected = linesOf(transcript, whole);
    const bad = expected.find((line) => !validate(JSON.parse(line)));
    if (bad) t.fail(`seed ${seed}: ${JSON.stringify(validate.errors)}`, { bad });
    same(t, transcript, expected, everyByte, `seed ${seed}, byte by byte`);
    for (let cut = 0; cut < 3; cut++) same(t, transcript, expected, cutByDice(dice), `seed ${seed}, cut ${cut}`);
  }
  t.pass(`${rounds} rounds`);
});

/** A line longer than what is held of one, with letters of several bytes and a secret where the cut by size falls. */
const longLine = (unit: string): Buffer =>
  Buffer.concat([utf8(unit.repeat(Math.ceil(65_530 / Buffer.byteLength(unit)))), utf8(' connect bob hunter2 ж🐉 end\r\nnext\r\n')]);

t.test('a line longer than 64 KiB is cut by size at the same place, however it comes', async (t) => {
  for (const [wire, unit] of WAYS) {
    for (const text of ['x', 'ж', '🐉ab', 'connect bob ', 'word word\x1b[0m ']) {
      const bytes = longLine(text);
      const transcript = { wire, unit, steps: [step(0, 'RCV', bytes), step(5, 'SND', bytes), step(9, 'SND', 'short\r\n'), step(3000, 'tick')] };
      const expected = linesOf(transcript, whole);
      fits(t, expected);
      same(t, transcript, expected, everyByte, `${text}, byte by byte`);
      for (let place = 65_520; place < 65_545; place++) same(t, transcript, expected, cutAt(place, 0), `${text}, input cut at ${place}`);
      for (let place = 65_520; place < 65_545; place += 3) same(t, transcript, expected, cutAt(place, 1), `${text}, output cut at ${place}`);
      const dice = new Dice(9);
      for (let cut = 0; cut < 3; cut++) same(t, transcript, expected, cutByDice(dice), `${text}, cut by dice`);
    }
  }
});

t.test('many lines in one go are cut by size at the same place, however they come', async (t) => {
  const lines = Array.from({ length: 4000 }, (_, index) => `line ${index} of a long scroll, ${'z'.repeat(index % 37)}\r\n`).join('');
  for (const [wire, unit] of WAYS) {
    const transcript = { wire, unit, steps: [step(0, 'SND', lines), step(3, 'SND', '\r\n\r\n> '), step(3000, 'tick')] };
    const expected = linesOf(transcript, whole);
    fits(t, expected);
    same(t, transcript, expected, everyByte, 'byte by byte');
    const dice = new Dice(11);
    for (let cut = 0; cut < 10; cut++) same(t, transcript, expected, cutByDice(dice), 'cut by dice');
  }
});
