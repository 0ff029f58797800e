import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import t from 'tap';
import { MAX_HEAD } from '../../../src/decode/websocket/handshake.js';
import { type Emit, MAX_MESSAGE } from '../../../src/decode/websocket/messages.js';
import { WebSocketDecoder } from '../../../src/decode/websocket/websocket.js';
import { splittings } from '../say.js';
import { agreed, frame, REQUEST, response, say } from './say.js';

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';
const RSV1 = 0x40;

/** A message as permessage-deflate has it: without the four bytes that every one ends with. */
const deflated = (text: string): Buffer => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

for (const [title, direction, bytes, expected] of [
  [
    'a client that asks, and says something in one frame, masked',
    'RCV',
    Buffer.concat([REQUEST, frame('RCV', 1, 'look'), frame('RCV', 2, '\x01\x02')]),
    ['text look', 'binary \x01\x02'],
  ],
  [
    'a server that agrees on a subprotocol, and what it says',
    'SND',
    Buffer.concat([response('Sec-WebSocket-Protocol: v1.evennia.com\r\n'), frame('SND', 1, 'A room.')]),
    ['open 101 v1.evennia.com', 'text A room.'],
  ],
  [
    'a head after an interim answer',
    'SND',
    Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'), response(), frame('SND', 1, 'hi')]),
    ['open 101 -', 'text hi'],
  ],
  [
    'a message in fragments, with a ping, a pong and an empty frame between them',
    'SND',
    Buffer.concat([
      response(),
      frame('SND', 1, 'Wel', { fin: false }),
      frame('SND', 9, 'are you there'),
      frame('SND', 0, '', { fin: false }),
      frame('SND', 10),
      frame('SND', 0, 'come'),
    ]),
    ['open 101 -', 'text Welcome'],
  ],
  [
    'lengths of two bytes and of eight',
    'RCV',
    Buffer.concat([REQUEST, frame('RCV', 1, 'a'.repeat(200)), frame('RCV', 1, '')]),
    [`text ${'a'.repeat(200)}`, 'text '],
  ],
  [
    'a close with its code and its reason',
    'RCV',
    Buffer.concat([REQUEST, frame('RCV', 8, Buffer.from('\x03\xe8bye', 'latin1'))]),
    ['close 1000 bye'],
  ],
  ['a close with nothing in it', 'SND', Buffer.concat([response(), frame('SND', 8)]), ['open 101 -', 'close undefined ']],
  [
    'compressed messages that share their window, and one that is not compressed',
    'SND',
    (() => {
      const [one, two] = sharedWindow(['the same words again', 'the same words again and more']);
      return Buffer.concat([response(DEFLATE), frame('SND', 1, one, { bits: RSV1 }), frame('SND', 1, 'plain'), frame('SND', 1, two, { bits: RSV1 })]);
    })(),
    ['open 101 - deflate', 'text the same words again', 'text plain', 'text the same words again and more'],
  ],
  [
    'a compressed message in fragments: only its first frame says that it is one',
    'SND',
    (() => {
      const bytes = deflated('You are in a maze of twisty little passages.');
      return Buffer.concat([
        response(DEFLATE),
        frame('SND', 1, bytes.subarray(0, 9), { fin: false, bits: RSV1 }),
        frame('SND', 0, bytes.subarray(9)),
      ]);
    })(),
    ['open 101 - deflate', 'text You are in a maze of twisty little passages.'],
  ],
  [
    'compressed messages of a sender that forgets its window, an empty one, and one whose block is final',
    'SND',
    Buffer.concat([
      response(DEFLATE),
      ...[deflated('one one one'), deflated('one one two'), Buffer.of(0), deflateRawSync('the end'), deflated('and on')].map((bytes) =>
        frame('SND', 1, bytes, { bits: RSV1 }),
      ),
    ]),
    ['open 101 - deflate', 'text one one one', 'text one one two', 'text ', 'text the end', 'text and on'],
  ],
  [
    'behind a final block messages share their window as before (found by npm run fuzz)',
    'SND',
    Buffer.concat([
      response(DEFLATE),
      ...[deflateRawSync('the end'), ...sharedWindow(['the same words again', 'the same words again and more'])].map((bytes) =>
        frame('SND', 1, bytes, { bits: RSV1 }),
      ),
    ]),
    ['open 101 - deflate', 'text the end', 'text the same words again', 'text the same words again and more'],
  ],
  [
    'rules that are broken: each is a fault, and what can be read is read',
    'RCV',
    Buffer.concat([
      REQUEST,
      frame('RCV', 0, 'goes on with nothing'),
      frame('RCV', 1, 'not masked', { masked: false }),
      frame('RCV', 3, 'no such opcode'),
      frame('RCV', 11),
      frame('RCV', 1, 'what is this', { bits: 0x20 }),
      frame('RCV', 9, 'x'.repeat(126)),
      frame('RCV', 9, 'x', { fin: false }),
      frame('RCV', 1, 'begun', { fin: false }),
      frame('RCV', 1, 'begun again'),
      frame('RCV', 1, 'never ended', { fin: false }),
    ]),
    [
      'fault websocket-fragment',
      'fault websocket-masking',
      'text not masked',
      'fault websocket-opcode',
      'fault websocket-opcode',
      'fault websocket-reserved',
      'lost',
      'fault websocket-control',
      'fault websocket-control',
      'fault websocket-fragment',
      'lost',
      'text begun again',
      'lost',
      'unread 189',
    ],
  ],
  [
    'a length that no message has',
    'SND',
    Buffer.concat([response(), frame('SND', 1, 'hi'), Buffer.from('817f80000000000000016162', 'hex')]),
    ['open 101 -', 'text hi', 'blind websocket-length', 'unread 2'],
  ],
  [
    'compressed bytes that make no sense: nothing behind them is read',
    'SND',
    Buffer.concat([response(DEFLATE), frame('SND', 1, Buffer.from('ffffffff', 'hex'), { bits: RSV1 }), frame('SND', 1, 'plain')]),
    ['open 101 - deflate', 'lost', 'blind websocket-corrupt', 'unread 11'],
  ],
  [
    'a server that refuses: what follows is no WebSocket',
    'SND',
    Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'),
    ['open 404 -', 'blind websocket-refused', 'unread 2'],
  ],
  ['a server that speaks no HTTP', 'SND', Buffer.from('SSH-2.0-x\r\n\r\nrest'), ['open 0 -', 'blind websocket-refused', 'unread 4']],
] as const) {
  t.test(`reads in every splitting: ${title}`, async (t) => {
    const known = direction === 'RCV' ? agreed : () => undefined;
    for (const [name, chunks] of splittings(bytes)) t.same(say(chunks, direction, known()), expected, name);
  });
}

/** Two messages by one sender that keeps its window: the first as a stored block (RFC 1951 3.2.4), the second points into it. */
function sharedWindow([first, second]: readonly [string, string]): [Buffer, Buffer] {
  const stored = Buffer.concat([Buffer.of(0, first.length, 0, first.length ^ 0xff, 0xff), Buffer.from(first), Buffer.of(0)]);
  const pointing = deflateRawSync(second, { finishFlush: constants.Z_SYNC_FLUSH, dictionary: Buffer.from(first) }).subarray(0, -4);
  t.ok(pointing.length < second.length / 2, 'the second message points into the first');
  return [stored, pointing];
}

t.test('a client of a connection that became no WebSocket is not read', async (t) => {
  const handshake = agreed();
  handshake.hear('HTTP/1.1 200 OK\r\n\r\n');
  t.same(say([REQUEST, frame('RCV', 1, 'connect bob hunter2')], 'RCV', handshake), ['blind websocket-refused', 'unread 25']);
});

t.test('a head without an end is given up', async (t) => {
  const said = ['blind websocket-head-long', `unread ${MAX_HEAD + 30}`];
  const bytes = Buffer.from('GET / HTTP/1.1\r\nX: '.padEnd(MAX_HEAD + 30, 'y'));
  t.same(say([bytes], 'SND'), said);
  t.same(say([bytes.subarray(0, 5), bytes.subarray(5, 9_000), bytes.subarray(9_000)], 'SND'), said);
  t.same(say([bytes.subarray(0, 100)], 'SND'), ['unread 100']);
});

t.test('a message longer than 1 MiB is counted and not read; the next one is', async (t) => {
  const long = Buffer.concat([
    response(),
    ...Array.from({ length: 17 }, (_, index) => frame('SND', index === 0 ? 1 : 0, 'x'.repeat(65_536), { fin: index === 16 })),
    frame('SND', 1, 'after it'),
  ]);
  t.same(say([long], 'SND'), ['open 101 -', 'fault websocket-message-long', 'lost', 'text after it', `unread ${17 * 65_536}`]);
  const fits = say([response(), frame('SND', 1, 'x'.repeat(MAX_MESSAGE))], 'SND');
  t.equal(fits[1]?.length, MAX_MESSAGE + 'text '.length);
});

t.test('a bomb ends what can be read, at the same byte in any splitting', async (t) => {
  const stream = createDeflateRaw({ level: 9 });
  stream.end(Buffer.alloc(64 * 1024 ** 2));
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  const bytes = Buffer.concat([response(DEFLATE), frame('SND', 1, Buffer.concat(parts), { bits: RSV1 }), frame('SND', 1, 'plain')]);
  const whole = say([bytes], 'SND');
  t.match(whole, ['open 101 - deflate', 'fault websocket-message-long', 'lost', 'blind websocket-bomb', /^unread /]);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) => bytes.subarray(index * 7, index * 7 + 7));
  t.same(say(pieces, 'SND'), whole);
});

t.test('behind a gap nothing is read: no byte tells where a frame begins', async (t) => {
  const said: string[] = [];
  const decoder = new WebSocketDecoder('SND', agreed(), (event) => void said.push(event.type));
  const emit: Emit = (event) => void said.push(event.type === 'blind' ? `blind ${event.code}` : event.type);
  decoder.push(Buffer.concat([response(), frame('SND', 1, 'one')]), emit);
  decoder.lose(emit);
  decoder.push(frame('SND', 1, 'two'), emit);
  t.same(said, ['open', 'message', 'blind websocket-lost', 'unread']);
});

t.test('the bytes given are not changed: they belong to whoever passes them on', async (t) => {
  const bytes = Buffer.concat([REQUEST, frame('RCV', 1, 'look around')]);
  const copy = Buffer.from(bytes);
  say([bytes], 'RCV', agreed());
  t.ok(copy.equals(bytes));
});
