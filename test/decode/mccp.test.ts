/** Transcripts of compressed telnet: what zlib wrote between markers and plain text, the events it is, for every splitting. */
import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import type { Direction, WireEvent } from '../../src/contract.js';
import { Agreed } from '../../src/decode/mccp.js';
import { TelnetDecoder } from '../../src/decode/telnet.js';
import { Dice } from '../harness.js';
import { say, splittings, wordOf } from './say.js';

const MCCP1 = '\xff\xfa\x55\xfb\xf0';
const MCCP2 = '\xff\xfa\x56\xff\xf0';
const MCCP3 = '\xff\xfa\x57\xff\xf0';
const latin = (text: string) => Buffer.from(text, 'latin1');
/** A whole stream. */
const packed = (text: string) => deflateSync(latin(text));
/** A stream that stays open, as a server leaves it behind each output. */
const open = (text: string) => deflateSync(latin(text), { finishFlush: constants.Z_SYNC_FLUSH });
const bytesOf = (...parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin(part) : part)));

/** `packed` with the lowest bits of one byte turned. */
function broken(text: string, at: number): Buffer {
  const bytes = packed(text);
  bytes[at] = (bytes[at] as number) ^ 0x07;
  return bytes;
}

const ROOM = 'A dark forest\r\nTrees stand here, and trees stand there.\r\n';

const TRANSCRIPTS: readonly [title: string, direction: Direction, bytes: Buffer, events: readonly string[]][] = [
  ['MCCP2 begins at the byte behind its marker', 'SND', bytesOf('a', MCCP2, open(ROOM)), ['text a', 'sub 86  0', `text ${ROOM}`]],
  ['MCCP1 begins behind a marker without an IAC', 'SND', bytesOf(MCCP1, open(ROOM)), ['sub 85 fbf0 2', `text ${ROOM}`]],
  [
    'MCCP3 goes from the client, in one write with the answer to the offer',
    'RCV',
    bytesOf('\xff\xfd\x57', MCCP3, open('look\r\n')),
    ['DO 87', 'sub 87  0', 'text look\r\n'],
  ],
  [
    'telnet inside of the stream is telnet: an FF is doubled there, and none by the compression',
    'SND',
    bytesOf(MCCP2, open('a\xff\xffb\xff\xf9\xff\xfb\x01\xff\xfa\xc9X 1\xff\xf0c')),
    ['sub 86  0', 'text a\xffb', 'command 249', 'WILL 1', 'sub 201 582031 3', 'text c'],
  ],
  [
    'behind the end of the stream is plain telnet, and a new stream may follow',
    'SND',
    bytesOf(MCCP2, packed('one '), 'two \xff\xf9', MCCP2, packed('three '), MCCP1, packed('four '), 'five'),
    ['sub 86  0', 'text one two ', 'command 249', 'sub 86  0', 'text three ', 'sub 85 fbf0 2', 'text four five'],
  ],
  [
    'the stream ends inside of a command, which plain bytes finish',
    'SND',
    bytesOf(MCCP2, packed('a\xff'), '\xf9b'),
    ['sub 86  0', 'text a', 'command 249', 'text b'],
  ],
  ['raw deflate is met', 'SND', bytesOf(MCCP2, deflateRawSync(latin(ROOM)), 'plain'), ['sub 86  0', `text ${ROOM}plain`]],
  ['gzip is met', 'SND', bytesOf(MCCP2, gzipSync(latin(ROOM)), 'plain'), ['sub 86  0', `text ${ROOM}plain`]],
  ['an empty stream is no text', 'SND', bytesOf(MCCP2, packed(''), 'plain'), ['sub 86  0', 'text plain']],
  [
    'a marker inside of a stream starts nothing',
    'SND',
    bytesOf(MCCP2, open(`a${MCCP2}b`)),
    ['sub 86  0', 'text a', 'sub 86  0', 'fault compressed-twice', 'text b'],
  ],
  [
    'a client cannot hide what it types behind a marker of servers',
    'RCV',
    bytesOf(MCCP2, 'look'),
    ['sub 86  0', 'fault compressed-wrong-side', 'text look'],
  ],
  ['a server cannot either', 'SND', bytesOf(MCCP3, 'look'), ['sub 87  0', 'fault compressed-wrong-side', 'text look']],
  [
    'behind a marker that plain text follows nothing is read',
    'SND',
    bytesOf(MCCP2, '\xff\xfb\x01Welcome'),
    ['sub 86  0', 'blind compressed-corrupt', 'unread 9'],
  ],
  [
    'a wrong checksum is said where the stream ends, and the next marker begins anew',
    'SND',
    bytesOf(MCCP2, broken('one', packed('one').length - 1), 'lost', MCCP2, packed('two'), 'plain'),
    ['sub 86  0', 'text one', 'blind compressed-corrupt', 'unread 9', 'readable', 'text twoplain'],
  ],
  [
    'encryption inside of the stream is the end of reading',
    'SND',
    bytesOf(MCCP2, packed('a\xff\xfa\x2e\x01\xff\xf0'), 'cipher'),
    // What zlib has read ahead hangs on the splitting: all that it was given since its last block of 256 bytes counts.
    ['sub 86  0', 'text a', 'sub 46 01 1', 'opaque encrypted-tls', `unread ${packed('a\xff\xfa\x2e\x01\xff\xf0').length + 'cipher'.length}`],
  ],
  [
    'encryption at the very end of what has come is counted, too (found by npm run fuzz, seed 20277373)',
    'SND',
    Buffer.from('fffa56fff0782300dcfffffa2603fff0ff', 'hex'),
    ['sub 86  0', 'sub 38 03 1', 'opaque encrypted', 'unread 12'],
  ],
];

for (const [title, direction, bytes, events] of TRANSCRIPTS) {
  t.test(title, async (t) => {
    for (const [name, chunks] of splittings(bytes)) t.same(say(chunks, direction), events, name);
  });
}

t.test('a stream broken at any byte is read up to there at most, and what follows the next marker is read again, in any splitting', async (t) => {
  const good = packed(ROOM);
  for (let at = 0; at < good.length; at++) {
    const bytes = bytesOf(MCCP2, broken(ROOM, at), 'what follows, of any length', MCCP2, open('again'));
    const events = say([bytes]);
    t.same(events.slice(-2), ['readable', 'text again'], `broken at ${at}`);
    t.match(events.at(-4), 'blind compressed-corrupt');
    for (const [name, chunks] of splittings(bytes)) if (!same(say(chunks), events)) t.fail(`broken at ${at}, ${name}`);
  }
});

const same = (one: readonly string[], other: readonly string[]) => one.join('\n') === other.join('\n');

t.test('several outputs of one open stream come out as they are pushed', async (t) => {
  const first = open(ROOM);
  const both = deflateSync(latin(ROOM), { finishFlush: constants.Z_SYNC_FLUSH });
  t.same(first, both);
  const seen: string[] = [];
  const decoder = new TelnetDecoder('SND');
  const take = (event: WireEvent) => void (event.type === 'text' && seen.push(latin(ROOM).equals(event.bytes) ? 'room' : 'other'));
  decoder.push(bytesOf(MCCP2, first), take);
  t.same(seen, ['room'], 'nothing is held back until more comes');
});

/** The events of a session of both directions, a gap where `null` stands. */
function talk(steps: readonly [Direction, Buffer | null][]): string[] {
  const agreed = new Agreed();
  const decoders = { RCV: new TelnetDecoder('RCV', agreed), SND: new TelnetDecoder('SND', agreed) };
  const said: string[] = [];
  const take = (event: WireEvent): void => {
    if (event.type === 'text') said.push(`text ${Buffer.from(event.bytes).toString('latin1')}`);
    else said.push(event.type === 'unread' ? `unread ${event.length}` : wordOf(event));
  };
  for (const [direction, bytes] of steps) {
    if (bytes) decoders[direction].push(bytes, take);
    else decoders[direction].lose(take);
  }
  return said;
}

t.test('a gap inside of a stream: blind until the next marker', async (t) => {
  const stream = open(ROOM);
  t.same(
    talk([
      ['SND', bytesOf(MCCP2, stream.subarray(0, 2))],
      ['SND', null],
      ['SND', stream.subarray(20)],
      ['SND', null],
      ['SND', bytesOf(MCCP2, open('b'))],
    ]),
    ['sub 86  0', 'blind compressed-lost', `unread ${stream.length - 20}`, 'unread 5', 'readable', 'text b'],
  );
});

t.test('a marker cut by a gap is none', async (t) => {
  t.same(
    talk([
      ['SND', bytesOf(MCCP2, 'x\x9c')],
      ['SND', null],
      ['SND', latin('\xff\xfa\x56')],
      ['SND', null],
      ['SND', latin('\xff\xf0')],
    ]),
    ['sub 86  0', 'blind compressed-lost', 'unread 3', 'unread 2'],
  );
});

t.test('a gap in which compression may have begun leaves that direction blind', async (t) => {
  t.same(
    talk([
      ['RCV', latin('\xff\xfd\x56')],
      ['SND', null],
      ['SND', latin('a')],
      ['RCV', null],
      ['RCV', latin('look')],
    ]),
    ['DO 86', 'blind compressed-lost', 'unread 1', 'text look'],
  );
  t.same(
    talk([
      ['RCV', latin('\xff\xfd\x57')],
      ['RCV', null],
      ['RCV', latin('a')],
    ]),
    ['DO 87', 'blind compressed-lost', 'unread 1'],
  );
});

t.test('where it was not asked for, or taken back, text behind a gap is text', async (t) => {
  const taken = latin('\xff\xfd\x56\xff\xfe\x56');
  t.same(
    talk([
      ['SND', latin('\xff\xfb\x56')],
      ['SND', null],
      ['SND', latin('a')],
    ]),
    ['WILL 86', 'text a'],
  );
  t.same(
    talk([
      ['RCV', taken],
      ['SND', null],
      ['SND', latin('a')],
    ]),
    ['DO 86', 'DONT 86', 'text a'],
  );
  t.same(
    talk([
      ['RCV', latin('\xff\xfd\x56')],
      ['SND', latin('\xff\xfc\x56')],
      ['SND', null],
      ['SND', latin('a')],
    ]),
    ['DO 86', 'WONT 86', 'text a'],
  );
});

t.test('what is encrypted stays so behind a gap', async (t) => {
  t.same(
    talk([
      ['SND', latin('\xff\xfa\x2e\x01\xff\xf0a')],
      ['SND', null],
      ['SND', bytesOf(MCCP2, open('b'))],
    ]).slice(1, 3),
    ['opaque encrypted-tls', 'unread 1'],
  );
});

t.test('200 MB of zeros are a bomb: a fault after a megabyte, and the next stream is read', async (t) => {
  let text = 0;
  let longest = 0;
  const said: string[] = [];
  const decoder = new TelnetDecoder('SND');
  const take = (event: WireEvent): void => {
    if (event.type === 'text') {
      text += event.bytes.length;
      longest = Math.max(longest, event.bytes.length);
    } else if (event.type !== 'unread') said.push(wordOf(event));
  };
  decoder.push(bytesOf(MCCP2, deflateSync(Buffer.alloc(200_000_000)), MCCP2, packed('calm')), take);
  t.same(said, ['sub 86  0', 'blind compressed-bomb', 'readable']);
  t.ok(text > 1_000_000 && text < 1_400_000, `${text} bytes came of it`);
  t.ok(longest <= 16_384);
});

t.test('a bomb is cut at the same byte, however it is split', async (t) => {
  const bytes = bytesOf(MCCP2, deflateSync(Buffer.alloc(3_000_000, 'x')));
  const lengths = (chunks: Uint8Array[]) => say(chunks).map((word) => (word.startsWith('text') ? word.length : word));
  const expected = lengths([bytes]);
  t.match(expected, ['sub 86  0', Number, 'blind compressed-bomb', /^unread/]);
  for (const size of [1, 7, 100, 255, 256, 257, 1_500]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    t.same(lengths(chunks), expected, `pieces of ${size}`);
  }
});

t.test('empty streams without end are a bomb as well', async (t) => {
  const bytes = bytesOf(...Array.from({ length: 200 }, () => bytesOf(MCCP2, deflateRawSync(''))));
  const said = say([bytes]);
  t.equal(said.indexOf('blind compressed-bomb'), 66);
});

t.test('the same screen again and again, as a MUD draws its map, is no bomb', async (t) => {
  const dice = new Dice(7);
  const map = Array.from({ length: 4_000 }, () => '.#~^ '[dice.between(0, 4)]).join('');
  const text = map.repeat(2_000);
  const stream = deflateSync(text, { level: 9 });
  t.ok(text.length / stream.length > 80, 'it inflates to more than 80 times its size');
  let length = 0;
  const decoder = new TelnetDecoder('SND');
  decoder.push(bytesOf(MCCP2, stream), (event) => {
    if (event.type === 'text') length += event.bytes.length;
    else t.not(event.type, 'blind');
  });
  t.equal(length, text.length);
});

t.test('random bytes behind a marker never make it throw', async (t) => {
  const dice = new Dice(5);
  let blind = 0;
  for (let round = 0; round < 3_000; round++) {
    const head = [Buffer.alloc(0), latin('\x78\x9c'), latin('\x1f\x8b\x08\x1f'), open(ROOM)][round % 4] as Buffer;
    const said = say([bytesOf(MCCP2, head, dice.bytes(dice.between(0, 300)), MCCP2), dice.bytes(40)]);
    if (said.some((word) => word === 'blind compressed-corrupt')) blind++;
  }
  t.ok(blind > 2_000);
});
