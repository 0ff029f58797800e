/** What inputs are made of: bytes that mean something where they meet, put together by dice, cut, doubled and spoilt; and what real peers have sent. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Direction } from '../../src/contract.js';
import type { Dice } from '../harness.js';
import { type Input, isData, type Part } from './input.js';

export type Word = (dice: Dice) => Buffer;

export const pick = <T>(dice: Dice, of: readonly T[]): T => of[dice.between(0, of.length - 1)] as T;
export const bytesOf = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');
const chance = (dice: Dice, oneIn: number): boolean => dice.between(1, oneIn) === 1;

/** One of these, each as likely. */
export const oneOf =
  (...words: readonly (Word | string)[]): Word =>
  (dice) => {
    const word = pick(dice, words);
    return typeof word === 'string' ? bytesOf(word) : word(dice);
  };

export const several = (dice: Dice, word: Word, most: number): Buffer =>
  Buffer.concat(Array.from({ length: dice.between(1, most) }, () => word(dice)));

const doubled = (bytes: Buffer): Buffer => bytesOf(bytes.toString('latin1').replaceAll('\xff', '\xff\xff'));

const LETTERS = [
  'a',
  'look',
  ' ',
  'ё',
  'ж',
  '🐉',
  'é',
  '密',
  '\xff',
  '\xe9',
  '\x80',
  '\xc3',
  '\xf0\x9f',
  '\ufeff',
  '\u2028',
  '\u0301',
  '*',
  '"',
  '\\',
  '{',
  '}',
];
const letters: Word = (dice) => {
  const letter = pick(dice, LETTERS);
  return Buffer.from(letter, chance(dice, 2) ? 'utf8' : 'latin1');
};

/** What people type and games say. */
export const text: Word = oneOf(
  letters,
  letters,
  (dice) => dice.bytes(dice.between(1, 12)),
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\0',
    '\n\r',
    '\0',
    '\t',
    '\x08',
    '\x7f',
    '\x15',
    '\x17',
    '\x03',
    '\x04',
    '\x1b',
    '\x1b[A',
    '\x1b[D',
    '\x1b[C',
    '\x01',
    '\x05',
  ],
  ...[
    'connect bob hunter2\r\n',
    'Password: ',
    'hunter2',
    '@password ',
    ' = ',
    'You are in a maze.\r\n',
    'login: ',
    'Name: ',
    'Huh? ',
    '> ',
    '********',
  ],
  ...['-----BEGIN PRIVATE KEY-----\r\n', '-----END PRIVATE KEY-----\r\n', 'token=', 'Authorization: Bearer ', 'AKIAIOSFODNN7EXAMPLE', '"password":'],
);

/** ECMA-48, as games and shells write it. */
export const ansi: Word = oneOf(
  ...[
    '\x1b[0m',
    '\x1b[1;31m',
    '\x1b[38;5;12m',
    '\x1b[2J',
    '\x1b[H',
    '\x1b[K',
    '\x1b[1P',
    '\x1b[4@',
    '\x1b]0;title\x07',
    '\x1b]0;',
    '\x1bP',
    '\x1b\\',
    '\x9b',
    '\x9c',
  ],
  ...['\x1b[?1049h', '\x1b[?1049l', '\x1b[999999999C', '\x1b[;;;m', '\x1b[', '\x1b7', '\x1bM', '\x1b(0', '\x1b[6n', '\x1b[<3z', '\x1b[1z<A>'],
  (dice) => bytesOf(`\x1b[${dice.between(0, 200)};${dice.between(0, 99_999)}${pick(dice, [...'ABCDGHJKLMPXdm@'])}`),
);

const OPTIONS = [0, 1, 3, 5, 24, 25, 31, 34, 36, 37, 38, 39, 42, 44, 46, 69, 70, 85, 86, 87, 90, 91, 93, 200, 201, 255];
const FIELDS = [
  '\x00',
  '\x01',
  '\x02',
  '\x03',
  '\x04',
  '\x05',
  '\x06',
  'NAME',
  'bob',
  'PASSWORD',
  'hunter2',
  'UTF-8',
  ';',
  'xterm',
  'MTTS 137',
  '\xff\xff',
  '"',
  'é',
];

const PAYLOADS: readonly Word[] = [
  (dice) => several(dice, (one) => bytesOf(pick(one, FIELDS)), 12),
  (dice) => doubled(dice.bytes(dice.between(0, 8))),
  (dice) => bytesOf(`Char.Login.Credentials {"account":"bob","password":"${pick(dice, ['hunter2', '\\u0000', '", "x":"', 'пароль'])}"}`),
  (dice) => bytesOf(`Room.Info ${pick(dice, ['[', '{"a":', '{', '"'])}`.padEnd(dice.between(0, 60), pick(dice, ['[', '{"a":', ' ', '1', '"\\']))),
  (dice) =>
    bytesOf(
      `${pick(dice, ['Char.Name', 'Core.Hello', '__proto__', 'constructor', ''])} ${pick(dice, ['{"name":"bob","__proto__":{"a":1}}', '1e999', 'null', '{}', ''])}`,
    ),
];

/** Telnet's own bytes. */
export const telnet: Word = oneOf(
  (dice) => Buffer.from([0xff, dice.between(0xec, 0xff)]),
  (dice) => Buffer.from([0xff, dice.between(251, 254), pick(dice, OPTIONS)]),
  (dice) =>
    Buffer.concat([Buffer.from([0xff, 250, pick(dice, OPTIONS)]), pick(dice, PAYLOADS)(dice), Buffer.from(chance(dice, 8) ? [] : [0xff, 240])]),
  ...['\xff', '\xff\xfa', '\xff\xf0', '\xff\xff', '\xff\xf9', '\xff\xef', '\xff\xfb\x01', '\xff\xfc\x01', '\xf0'],
);

const MARKERS = ['\xff\xfa\x55\xfb\xf0', '\xff\xfa\x56\xff\xf0', '\xff\xfa\x57\xff\xf0', '\xff\xfb\x56', '\xff\xfd\x56', '\xff\xfd\x57'];

/** Compressed streams, whole, cut off, spoilt, and bombs. */
export const packed: Word = (dice) => {
  const plain = chance(dice, 12) ? Buffer.alloc(dice.between(1, 400_000)) : several(dice, chance(dice, 2) ? telnet : text, 20);
  const stream = pick(dice, [deflateSync, deflateSync, deflateRawSync, gzipSync])(plain);
  const cut = chance(dice, 3) ? stream.subarray(0, dice.between(0, stream.length)) : stream;
  return Buffer.concat([bytesOf(pick(dice, MARKERS)), chance(dice, 4) ? mutate(dice, cut) : cut]);
};

/** Anything that a telnet session has. */
export const wire: Word = oneOf(text, text, text, ansi, telnet, telnet, packed);

/** Spoils bytes: some changed, left out, doubled, put elsewhere. */
export function mutate(dice: Dice, bytes: Buffer): Buffer {
  let spoilt: Buffer = Buffer.from(bytes);
  for (let count = dice.between(1, 4); count > 0 && spoilt.length > 0; count--) {
    const at = dice.between(0, spoilt.length - 1);
    const end = Math.min(spoilt.length, at + dice.between(1, 16));
    const run = spoilt.subarray(at, end);
    const [before, after] = [spoilt.subarray(0, at), spoilt.subarray(end)];
    const made = [
      dice.bytes(1),
      Buffer.alloc(0),
      Buffer.concat([run, run]),
      Buffer.from([0xff]),
      Buffer.from(run.map((byte) => byte ^ 0x20)),
      Buffer.alloc(run.length),
    ];
    spoilt = Buffer.concat([before, pick(dice, made), after]);
  }
  return spoilt;
}

/** Most bytes of an input that is made to be hard. */
const HOSTILE_BYTES = 65_536;

/** One thing again and again. */
export function hostile(dice: Dice, word: Word): Buffer {
  const unit = several(dice, word, pick(dice, [1, 1, 2, 4]));
  const most = HOSTILE_BYTES >> dice.between(0, 4);
  const times = Math.max(1, Math.floor(most / Math.max(1, unit.length)));
  return Buffer.concat([several(dice, word, 2), Buffer.alloc(times * unit.length, unit), several(dice, word, 2)]);
}

const TIMES = [0, 1, 2, 40, 100, 150, 1_100, 2_500, 6_000];

/** A session of these words: short mostly, now and then spoilt, now and then hostile. */
export function session(dice: Dice, word: Word): Input {
  const isHostile = chance(dice, 40);
  return Array.from({ length: dice.between(1, isHostile ? 3 : 10) }, (): Part => {
    if (chance(dice, 4)) return ['wait', pick(dice, TIMES)];
    const bytes = isHostile ? hostile(dice, word) : several(dice, word, 10);
    return [chance(dice, 2) ? 'RCV' : 'SND', chance(dice, 10) ? mutate(dice, bytes) : bytes];
  });
}

const FOLDER = join(import.meta.dirname, '../../../test/transcripts');
const CORPUS: readonly Input[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => {
    const steps = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as { dir: Direction; ms: number; base64: string }[];
    return steps.flatMap(({ dir, ms, base64 }, index): Part[] => [
      ['wait', ms - (steps[index - 1]?.ms ?? 0)],
      [dir, Buffer.from(base64, 'base64')],
    ]);
  });

/** Most that passes between two reads of a transcript, in milliseconds: more changes nothing. */
const MOST_WAIT_MS = 6_000;

/** A run out of what real peers said, some of it spoilt. */
export function replayed(dice: Dice): Input {
  const whole = pick(dice, CORPUS);
  const from = chance(dice, 2) ? 0 : dice.between(0, whole.length - 1);
  return whole.slice(from, from + dice.between(4, 60)).map((part): Part => {
    if (!isData(part)) return ['wait', Math.min(part[1], MOST_WAIT_MS)];
    return chance(dice, 8) ? [part[0], mutate(dice, part[1])] : part;
  });
}

const REQUEST = bytesOf(
  'GET /?csessid=0n6xz7abcdefghij HTTP/1.1\r\nHost: play.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
);
const ANSWERS = [
  '',
  '',
  'Sec-WebSocket-Extensions: permessage-deflate\r\n',
  'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n',
  'Sec-WebSocket-Protocol: v1.evennia.com\r\n',
  'Sec-WebSocket-Protocol: telnet.mudstandards.org\r\n',
  'Sec-WebSocket-Protocol: gmcp.mudstandards.org\r\n',
  'Sec-WebSocket-Protocol: json.mudstandards.org\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
];
const answer = (more: string): Buffer =>
  bytesOf(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n${more}\r\n`,
  );

const said: Word = oneOf(
  text,
  wire,
  '["text",["look"],{}]',
  '["login",[],{"name":"bob","password":"hunter2"}]',
  '["text",["<span class=\\"color-010\\">Welcome</span> to<br>the &lt;game&gt;&nbsp;&#x1f409;&amp; <a href=\\"x\\">more"],{}]',
  '["prompt",["HP: 10&gt; "],{}]',
  '["logged_in",[],{}]',
  '{"__proto__":{"a":[[[[]]]]},"password":"hunter2"}',
  (dice) => bytesOf(`["text",["${pick(dice, ['<', '&', '<b', '[', '\\ud800'])}`.padEnd(dice.between(10, 200), pick(dice, ['<', '&', '[', '<b>']))),
);

const bits = (dice: Dice): number => (chance(dice, 30) ? pick(dice, [0x20, 0x10, 0x70]) : 0);

/** One frame, most often right for its direction. */
function frame(dice: Dice, way: Direction): Buffer {
  const opcode = pick(dice, [0, 1, 1, 1, 1, 2, 2, 8, 9, 10, chance(dice, 8) ? 3 : 1]);
  const squeezed = chance(dice, 3);
  const plain = chance(dice, 200) ? Buffer.alloc(dice.between(1, 2_000_000)) : several(dice, said, 3);
  const payload = squeezed ? deflateRawSync(plain, { finishFlush: 2 }).subarray(0, -4) : plain;
  const bytes = opcode >= 8 && !chance(dice, 8) ? payload.subarray(0, 125) : payload;
  const { length } = bytes;
  const long = length > 65_535 ? 8 : length > 125 || chance(dice, 20) ? 2 : 0;
  const masked = (way === 'RCV') !== chance(dice, 40);
  const head = Buffer.alloc(2 + long);
  head[0] = (chance(dice, 5) ? 0 : 0x80) | (squeezed ? 0x40 : 0) | bits(dice) | opcode;
  head[1] = (masked ? 0x80 : 0) | (long === 8 ? 127 : long === 2 ? 126 : length);
  if (long === 2) head.writeUInt16BE(length, 2);
  else if (long === 8) head.writeBigUInt64BE(BigInt(length), 2);
  const key = dice.bytes(4);
  return masked ? Buffer.concat([head, key, bytes.map((byte, index) => byte ^ (key[index % 4] as number))]) : Buffer.concat([head, bytes]);
}

/** A WebSocket from its handshake on: frames both ways, some of them spoilt. */
export function webSession(dice: Dice): Input {
  const spoil = (bytes: Buffer): Buffer => (chance(dice, 20) ? mutate(dice, bytes) : bytes);
  const opening: Part[] = [
    ['RCV', spoil(REQUEST)],
    ['SND', spoil(answer(pick(dice, ANSWERS)))],
  ];
  const talk = Array.from({ length: dice.between(1, 10) }, (): Part => {
    if (chance(dice, 4)) return ['wait', pick(dice, TIMES)];
    const way = chance(dice, 2) ? 'RCV' : 'SND';
    const tiny = chance(dice, 80);
    const bytes = tiny
      ? Buffer.alloc(40_000, frame(dice, way).subarray(0, 40))
      : Buffer.concat(Array.from({ length: dice.between(1, 5) }, () => frame(dice, way)));
    return [way, spoil(bytes)];
  });
  return [...opening, ...talk];
}
