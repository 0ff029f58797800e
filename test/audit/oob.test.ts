/**
 * What both sides say out of band, from the bytes on: each transcript is what the client (`>`) and the server (`<`) sent, in latin-1, `IAC` written as `~`;
 * then what the reader told of it. Where it does not matter, every cut of a transcript tells the same.
 */
import t from 'tap';
import { type OobListener, OptionReader } from '../../src/audit/oob.js';
import type { Direction, OobMessage, TimeUs } from '../../src/contract.js';
import { TelnetDecoder } from '../../src/decode/telnet.js';
import type { Charset } from '../../src/gather/charset.js';
import { FieldMasks } from '../../src/mask/fields.js';
import { MaskSet } from '../../src/mask/mask-set.js';
import { Dice } from '../harness.js';

type Line = readonly [way: '>' | '<', bytes: string];

const WILL = '\xfb';
const WONT = '\xfc';
const DO = '\xfd';
const DONT = '\xfe';
const MXP = '\x5b';
const ECHO = '\x01';
/** A subnegotiation. */
const sb = (option: number, payload: string): string => `~\xfa${String.fromCharCode(option)}${payload}~\xf0`;

const wire = (text: string): Buffer => Buffer.from(text.replaceAll('~', '\xff'), 'latin1');

/** A message as one short word: protocol, name, and the value as JSON. */
function wordOf({ direction, protocol, name, value, broken }: OobMessage): string {
  const words = [direction === 'RCV' ? '>' : '<', protocol, name, value === undefined ? '' : JSON.stringify(value), broken ? 'broken' : ''];
  return words.filter((word) => word !== '').join(' ');
}

class Told implements OobListener {
  readonly words: string[] = [];
  oob(message: OobMessage, keep: boolean): void {
    this.words.push(keep ? wordOf(message) : `(${wordOf(message)})`);
  }
  resize(columns: number, rows: number): void {
    this.words.push(`resize ${columns} ${rows}`);
  }
  charset(charset: Charset): void {
    this.words.push(`charset ${charset}`);
  }
  echo(on: boolean): void {
    this.words.push(`echo ${on}`);
  }
  fault(code: string): void {
    this.words.push(`fault ${code}`);
  }
  lost(count: number, from: TimeUs, to: TimeUs): void {
    this.words.push(`lost ${count} ${from} ${to}`);
  }
}

/** A session whose two decoders feed one reader. */
class Session {
  readonly told = new Told();
  readonly reader: OptionReader;
  readonly #decoders: { readonly [direction in Direction]: TelnetDecoder } = { RCV: new TelnetDecoder('RCV'), SND: new TelnetDecoder('SND') };

  constructor(charset?: Charset) {
    this.reader = new OptionReader(this.told, charset);
  }

  push(direction: Direction, bytes: Uint8Array, at: TimeUs): void {
    this.#decoders[direction].push(bytes, (event) => {
      if (event.type === 'negotiate') this.reader.negotiate(direction, event.verb, event.option, at);
      else if (event.type === 'subnegotiation') this.reader.subnegotiation(direction, event.option, event.payload, event.length, at);
    });
  }
}

function told(lines: readonly Line[], charset?: Charset, bytewise = false): string[] {
  const session = new Session(charset);
  for (const [way, text] of lines) {
    const bytes = wire(text);
    const chunks = bytewise ? Array.from(bytes, (byte) => Uint8Array.of(byte)) : [bytes];
    for (const chunk of chunks) session.push(way === '>' ? 'RCV' : 'SND', chunk, 1);
  }
  return session.told.words;
}

const TRANSCRIPTS: readonly [title: string, lines: readonly Line[], words: readonly string[], charset?: Charset][] = [
  [
    'plain negotiations say nothing',
    [
      ['<', `~${WILL}\xc9~${DO}\x18~${WILL}\x03`],
      ['>', `~${DO}\xc9~${WILL}\x18`],
    ],
    [],
  ],
  ['GMCP', [['<', sb(201, 'Char.Vitals {"hp": 10, "name": "\xc5\xbb"}')]], ['< gmcp Char.Vitals {"hp":10,"name":"Ż"}']],
  [
    'GMCP without data',
    [
      ['>', sb(201, 'Core.Ping')],
      ['>', sb(201, 'Core.Ping ')],
    ],
    ['> gmcp Core.Ping', '> gmcp Core.Ping'],
  ],
  [
    'GMCP whose data is a number, a string, a list',
    [['<', sb(201, 'A 1') + sb(201, 'B "x"') + sb(201, 'C["y"]')]],
    ['< gmcp A 1', '< gmcp B "x"', '< gmcp C ["y"]'],
  ],
  [
    'GMCP keeps numbers, and as digits those that are too long for one',
    [['<', sb(201, 'N [1.50, 0.30000000000000004, 1e3, 12345678901234567890, "1\\"2345678901234567890"]')]],
    ['< gmcp N [1.5,0.30000000000000004,1000,"12345678901234567890","1\\"2345678901234567890"]'],
  ],
  [
    'GMCP that is no JSON',
    [['>', sb(201, 'Char.Login.Credentials {"password": "hunter2"')]],
    ['fault oob-malformed', '> gmcp Char.Login.Credentials "{\\"password\\": \\"hunter2\\"" broken'],
  ],
  ['GMCP with an undoubled FF, as a real engine sends it', [['<', sb(201, 'A {"a": "x~y"}')]], ['< gmcp A {"a":"xÿy"}']],
  [
    'GMCP without a name',
    [
      ['>', sb(201, '')],
      ['>', sb(201, ' {"password": "x"}')],
    ],
    ['fault oob-malformed', '> gmcp broken', 'fault oob-malformed', '> gmcp broken'],
  ],
  [
    'ATCP',
    [
      ['>', sb(200, 'hello Nexus 3.0\nauth 1')],
      ['<', sb(200, 'Room.Brief A room') + sb(200, 'Auth.Ping')],
    ],
    ['> atcp hello "Nexus 3.0\\nauth 1"', '< atcp Room.Brief "A room"', '< atcp Auth.Ping'],
  ],
  [
    'MSDP, a message for each variable',
    [
      ['<', sb(69, '\x01HP\x0210\x01ROOM\x02\x03\x01VNUM\x026\x01EXITS\x02\x05\x02n\x02s\x06\x04')],
      ['>', sb(69, '\x01SEND\x02HP\x02ROOM')],
    ],
    ['< msdp HP "10"', '< msdp ROOM {"VNUM":"6","EXITS":["n","s"]}', '> msdp SEND ["HP","ROOM"]'],
  ],
  ['MSDP that is malformed', [['>', sb(69, '\x01PASSWORD\x02\x03\x01A\x02hunter2')]], ['fault oob-malformed', '> msdp broken']],
  ['MSDP in the charset of the listener', [['<', sb(69, '\x01NAME\x02\xd0\xc1\xd2\xcf\xcc\xd8')]], ['< msdp NAME "пароль"'], 'koi8-r'],
  [
    'MSSP, variables with one value and with several',
    [['<', sb(70, '\x01NAME\x02Mud\x01PORT\x0223\x024000')]],
    ['< mssp NAME "Mud"', '< mssp PORT ["23","4000"]'],
  ],
  ['ZMP', [['>', sb(93, 'zmp.ident\0tintin\x00\x32.0\0')]], ['> zmp zmp.ident ["tintin","2.0"]']],
  [
    'NEW-ENVIRON, asked for and answered',
    [
      ['<', sb(39, '\x01\x00USER')],
      ['<', sb(36, '\x01')],
      ['>', sb(39, '\x00\x00USER\x01bob\x03HOME')],
    ],
    ['< environ USER', '< environ', '> environ USER "bob"', '> environ HOME'],
  ],
  [
    'TTYPE once, though it is asked for again and again',
    [
      ['<', sb(24, '\x01')],
      ['>', sb(24, '\x00TINTIN')],
      ['<', sb(24, '\x01')],
      ['>', sb(24, '\x00xterm')],
      ['<', sb(24, '\x01')],
      ['>', sb(24, '\x00MTTS 137')],
      ['>', sb(24, '\x00MTTS 137')],
    ],
    ['< ttype SEND', '> ttype IS "TINTIN"', '> ttype IS "xterm"', '> ttype IS "MTTS 137"'],
  ],
  [
    'NAWS, when it changed',
    [
      ['>', sb(31, '\x00\x50\x00\x18')],
      ['>', sb(31, '\x00\x50\x00\x18')],
      ['>', sb(31, '\x00~~\x00\x18')],
    ],
    ['resize 80 24', 'resize 255 24'],
  ],
  [
    'NAWS that is malformed, and one of the server',
    [
      ['>', sb(31, '\x00\x50')],
      ['<', sb(31, '\x00\x50\x00\x18')],
    ],
    ['fault oob-malformed', '> option-31 broken', '< option-31 {"length":4}'],
  ],
  [
    'MXP and MSP, on and off',
    [
      ['<', `~${WILL}${MXP}`],
      ['>', `~${DO}${MXP}`],
      ['<', sb(91, '')],
      ['<', `~${DO}\x5a`],
      ['>', `~${WILL}\x5a`],
      ['>', `~${DONT}${MXP}`],
      ['<', `~${WONT}${MXP}`],
    ],
    ['> mxp on', '> msp on', '> mxp off'],
  ],
  [
    'ECHO as the server says it, whatever the client answers',
    [
      ['<', `~${WILL}${ECHO}`],
      ['>', `~${DONT}${ECHO}`],
      ['<', `~${WILL}${ECHO}~${WONT}${ECHO}~${DO}${ECHO}`],
      ['>', `~${WILL}${ECHO}`],
    ],
    ['echo true', 'echo true', 'echo false'],
  ],
  [
    'LINEMODE',
    [
      ['<', sb(34, '\x01\x07')],
      ['>', sb(34, '\x03\x03\x62\x03\x04\x02\x0f')],
      ['>', sb(34, `${WILL}\x02\x00`)],
    ],
    [
      '< linemode MODE {"edit":true,"trapsig":true,"ack":true,"soft_tab":false,"lit_echo":false}',
      '> linemode SLC {"length":7}',
      '> linemode FORWARDMASK {"length":3}',
    ],
  ],
  [
    'COM-PORT',
    [
      ['>', sb(44, '\x00ser2net')],
      ['>', sb(44, '\x01\x00\x00\x25\x80')],
      ['<', sb(44, '\x67\x01') + sb(44, '\x65\x01\x02')],
    ],
    ['> com-port SIGNATURE "ser2net"', '> com-port SET-BAUDRATE 9600', '< com-port SET-PARITY 1', '< com-port SET-BAUDRATE {"length":3}'],
  ],
  [
    'of AUTHENTICATION and ENCRYPT no payload',
    [
      ['>', sb(37, '\x03bob')],
      ['>', sb(37, '\x00\x06\x02hunter2')],
      ['<', sb(38, '\x01\x01')],
    ],
    ['> auth NAME {"length":4}', '> auth IS {"length":10}', '< encrypt SUPPORT'],
  ],
  ['START_TLS', [['<', sb(46, '\x01')]], ['< start-tls FOLLOWS']],
  [
    'an option that is not understood',
    [
      ['>', sb(99, 'hunter2')],
      ['>', sb(35, 'host:0')],
    ],
    ['> option-99 {"length":7}', '> option-35 {"length":6}'],
  ],
  [
    'names that are no ordinary ones',
    [
      ['<', sb(201, 'X {"__proto__": {"a": 1}, "b": "\\ud800\\u0000"}')],
      ['>', sb(69, '\x01__proto__\x02\x03\x01__proto__\x02a\0b\x04')],
      ['>', sb(201, '__proto__ 1')],
    ],
    ['< gmcp X {"__proto__":{"a":1},"b":"\\ud800\\u0000"}', '> msdp __proto__ {"__proto__":"a\\u0000b"}', '> gmcp __proto__ 1'],
  ],
];

for (const [title, lines, words, charset] of TRANSCRIPTS)
  t.test(title, async (t) => {
    t.same(told(lines, charset), words);
    t.same(told(lines, charset, true), words, 'byte by byte');
  });

const REQUEST = sb(42, '\x01;UTF-8;KOI8-R');

const AGREEMENTS: readonly [title: string, lines: readonly Line[], charsets: readonly string[], own?: Charset][] = [
  [
    'the server asks, the client takes one',
    [
      ['<', REQUEST],
      ['>', sb(42, '\x02koi8-r')],
    ],
    ['koi8-r'],
  ],
  [
    'the client asks, the server takes one',
    [
      ['>', REQUEST],
      ['<', sb(42, '\x02UTF-8')],
    ],
    ['utf-8'],
  ],
  [
    'what was not asked for counts for nothing',
    [
      ['>', sb(42, '\x02KOI8-R')],
      ['<', REQUEST],
      ['>', sb(42, '\x02BIG5')],
    ],
    [],
  ],
  [
    'nor what was refused',
    [
      ['<', REQUEST],
      ['>', sb(42, '\x03')],
      ['>', sb(42, '\x02KOI8-R')],
    ],
    [],
  ],
  [
    'nor a charset that we do not read',
    [
      ['<', sb(42, '\x01;SHIFT_JIS')],
      ['>', sb(42, '\x02SHIFT_JIS')],
    ],
    [],
  ],
  [
    'nor what a side takes of its own',
    [
      ['>', REQUEST],
      ['>', sb(42, '\x02KOI8-R')],
    ],
    [],
  ],
  ["MNES's CHARSET", [['>', sb(39, '\x00\x03CHARSET\x01windows-1251')]], ['cp1251']],
  [
    'the UTF-8 bit of MTTS, in TTYPE and in MNES',
    [
      ['>', sb(24, '\x00MTTS 4')],
      ['>', sb(39, '\x00\x03MTTS\x01141')],
    ],
    ['utf-8'],
  ],
  ['MTTS without it', [['>', sb(24, '\x00MTTS 9')]], []],
  [
    'what the server says of itself is no charset of the client',
    [
      ['<', sb(24, '\x00MTTS 4')],
      ['<', sb(39, '\x00\x03CHARSET\x01BIG5')],
    ],
    [],
  ],
  [
    'MNES counts more than MTTS, CHARSET more than both',
    [
      ['>', sb(24, '\x00MTTS 4')],
      ['>', sb(39, '\x00\x03CHARSET\x01GBK')],
      ['>', sb(24, '\x00MTTS 12')],
      ['<', REQUEST],
      ['>', sb(42, '\x02KOI8-R')],
      ['>', sb(39, '\x02\x03CHARSET\x01GBK')],
    ],
    ['utf-8', 'gbk', 'koi8-r'],
  ],
  [
    "the listener's is said once both sides agreed on it",
    [
      ['<', REQUEST],
      ['>', sb(42, '\x02KOI8-R')],
    ],
    ['koi8-r'],
    'koi8-r',
  ],
];

for (const [title, lines, charsets, own] of AGREEMENTS)
  t.test(`charset: ${title}`, async (t) => {
    const words = told(lines, own).filter((word) => word.startsWith('charset '));
    t.same(
      words,
      charsets.map((charset) => `charset ${charset}`),
    );
  });

t.test("names of charsets are IANA's, in any dress", async (t) => {
  const names = [
    'utf8',
    'UTF-8',
    'ISO-8859-1',
    'iso_8859-1',
    'latin1',
    'IBM437',
    'CP437',
    'KOI8-R',
    'windows-1251',
    'CP1251',
    'GB2312',
    'GBK',
    'Big5',
    'GB18030',
  ];
  const ours = names.flatMap((name) => told([['>', sb(39, `\x00\x00CHARSET\x01${name}`)]])).filter((word) => word.startsWith('charset'));
  const expected = [
    'utf-8',
    'utf-8',
    'latin-1',
    'latin-1',
    'latin-1',
    'cp437',
    'cp437',
    'koi8-r',
    'cp1251',
    'cp1251',
    'gbk',
    'gbk',
    'big5',
    'gb18030',
  ];
  t.same(
    ours,
    expected.map((charset) => `charset ${charset}`),
  );
});

t.test('a message that is longer than what is kept of it is broken, and shows its name alone', async (t) => {
  const long = `Char.Login.Credentials {"password": "${'hunter2'.repeat(10_000)}"}`;
  t.same(told([['>', sb(201, long)]]), ['fault oob-malformed', '> gmcp Char.Login.Credentials broken']);
  t.same(told([['>', sb(69, `\x01A\x02${'b'.repeat(70_000)}`)]]), ['fault oob-malformed', '> msdp broken']);
  t.same(told([['>', sb(99, 'b'.repeat(70_000))]]), ['> option-99 {"length":70000}']);
});

t.test('a flood is told to the last message, and marked as lost past a thousand in a second', async (t) => {
  const { told, reader, push } = flooded();
  push(1_500, 0);
  t.equal(told.words.length, 1_501);
  t.same(told.words.slice(999, 1_002), ['> gmcp A 999', 'fault oob-flood', '(> gmcp A 1000)']);
  reader.tick(999_999);
  t.equal(told.words.length, 1_501);
  reader.tick(1_000_000);
  t.same(told.words.slice(1_501), ['lost 500 0 1000000']);
  push(1, 1_000_000);
  t.same(told.words.slice(1_502), ['> gmcp A 0']);
});

t.test('what a flood lost is said before the next second is kept, and at the end', async (t) => {
  const { told, reader, push } = flooded();
  push(1_001, 0);
  push(1, 3_000_000);
  t.same(told.words.slice(-2), ['lost 1 0 3000000', '> gmcp A 0']);
  push(1_000, 3_000_001);
  reader.end(3_000_002);
  t.same(told.words.slice(-3), ['fault oob-flood', '(> gmcp A 999)', 'lost 1 3000001 3000002']);
  reader.end(3_000_003);
  t.equal(told.words.filter((word) => word.startsWith('lost')).length, 2);
});

t.test('sizes of a window count as messages', async (t) => {
  const session = new Session();
  for (let size = 0; size < 1_200; size++) {
    const [columns, rows] = [Math.floor(size / 100), size % 100];
    session.push('RCV', wire(sb(31, `\0${String.fromCharCode(columns)}\0${String.fromCharCode(rows)}`)), 0);
  }
  session.reader.end(5);
  t.same([session.told.words.filter((word) => word.startsWith('resize')).length, session.told.words.at(-1)], [1_000, 'lost 200 0 5']);
});

t.test('JSON that is nested too deep is broken, and nothing of it is told', async (t) => {
  const deep = (depth: number) => told([['>', sb(201, `A ${'['.repeat(depth)}${']'.repeat(depth)}`)]]);
  t.same(deep(30_000), ['fault oob-malformed', '> gmcp A broken']);
  t.match(deep(40), [/^> gmcp A \[+\]+$/]);
});

t.test('the largest messages are told in time', async (t) => {
  const session = new Session();
  const says = [
    sb(201, `A "${'\\\\'.repeat(30_000)}1234567890123456"`),
    sb(69, '\x01'.repeat(60_000)),
    sb(70, '\x01A\x02'.repeat(20_000)),
    sb(39, '\0'.repeat(60_000)),
  ];
  for (const say of says) session.push('RCV', wire(say), 0);
  session.reader.end(0);
  t.match(session.told.words.at(-1), /^lost \d+ 0 0$/);
});

t.test('no bytes make the reader or the masks throw, and what comes of them is a record', async (t) => {
  const dice = new Dice(7);
  const masks = new FieldMasks(new MaskSet([]));
  const session = new Session();
  const pieces = [
    'Char.Login',
    '.password',
    ' ',
    '{"',
    '":',
    '"',
    '}',
    '[',
    ']',
    ',',
    '1',
    '\\u',
    '~~',
    '\x01',
    '\x02',
    '\x03',
    '\x04',
    '\0',
    '\xd0',
    '__proto__',
    'login',
    '\n',
  ];
  session.told.oob = (message) => {
    const { value } = masks.scrub(masks.hide(message));
    if (typeof value.name !== 'string' || value.protocol !== message.protocol || JSON.stringify(value) === '') t.fail(JSON.stringify(message));
  };
  for (let round = 0; round < 4_000; round++) {
    const payload = Array.from({ length: dice.between(0, 12) }, () => pieces[dice.between(0, pieces.length - 1)]).join('');
    const option = [24, 31, 34, 36, 37, 38, 39, 42, 44, 69, 70, 93, 99, 200, 201, 201][dice.between(0, 15)] ?? 201;
    session.push(dice.next() < 0.5 ? 'RCV' : 'SND', wire(sb(option, payload)), round * 10_000);
  }
  t.notMatch(session.told.words.join(), /lost/);
});

function flooded(): { told: Told; reader: OptionReader; push: (count: number, at: TimeUs) => void } {
  const session = new Session();
  const push = (count: number, at: TimeUs): void => {
    for (let index = 0; index < count; index++) session.push('RCV', wire(sb(201, `A ${index}`)), at);
  };
  return { told: session.told, reader: session.reader, push };
}
