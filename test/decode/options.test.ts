/** What subnegotiations say: payloads as they stand between `IAC SB option` and `IAC SE`, and their meaning. */
import t from 'tap';
import { MAX_DEPTH } from '../../src/decode/msdp.js';
import { type OptionEvent, parseOption } from '../../src/decode/options.js';
import { Dice } from '../harness.js';

const latin = (text: string) => Buffer.from(text, 'latin1');

const MEANINGS: readonly [title: string, option: number, payload: string, event: OptionEvent | undefined][] = [
  ['NAWS is columns and rows', 31, '\x01\x00\x00\x18', { type: 'naws', columns: 256, rows: 24 }],
  ['a short NAWS is none', 31, '\x00\x50\x00', undefined],
  ['TTYPE IS', 24, '\x00xterm', { type: 'ttype', kind: 'is', name: 'xterm' }],
  ['MTTS is a number in a TTYPE', 24, '\x00MTTS 137', { type: 'ttype', kind: 'is', name: 'MTTS 137', mtts: 137 }],
  ['an empty TTYPE is none', 24, '', undefined],
  [
    'NEW-ENVIRON names and values; ESC makes a letter of a mark',
    39,
    '\x00\x00USER\x01bob\x03X\x02\x01\x01a\x02\x02b\x03EMPTY\x01\x03NONE',
    {
      type: 'environ',
      kind: 'is',
      variables: [
        { kind: 'var', name: 'USER', value: 'bob' },
        { kind: 'uservar', name: 'X\x01', value: 'a\x02b' },
        { kind: 'uservar', name: 'EMPTY', value: '' },
        { kind: 'uservar', name: 'NONE' },
      ],
    },
  ],
  ['ENVIRON of the older RFC too', 36, '\x01', { type: 'environ', kind: 'send', variables: [] }],
  ['a value without a name is malformed', 39, '\x00\x01bob', undefined],
  ['a name without a mark is malformed', 39, '\x00bob', undefined],
  ['CHARSET REQUEST', 42, '\x01;UTF-8;KOI8-R', { type: 'charset', kind: 'request', charsets: ['UTF-8', 'KOI8-R'] }],
  ['CHARSET REQUEST with a table', 42, '\x01[TTABLE]\x01 UTF-8', { type: 'charset', kind: 'request', charsets: ['UTF-8'] }],
  ['CHARSET ACCEPTED', 42, '\x02UTF-8', { type: 'charset', kind: 'accepted', charsets: ['UTF-8'] }],
  ['CHARSET REJECTED', 42, '\x03', { type: 'charset', kind: 'rejected', charsets: [] }],
  [
    'MSDP variables, tables and arrays',
    69,
    '\x01HEALTH\x0210\x01ROOM\x02\x03\x01VNUM\x026\x01EXITS\x02\x05\x02n\x02s\x06\x04\x01SEND\x02A\x02B',
    {
      type: 'msdp',
      values: new Map<string, string | string[] | Map<string, string | string[]>>([
        ['HEALTH', '10'],
        [
          'ROOM',
          new Map<string, string | string[]>([
            ['VNUM', '6'],
            ['EXITS', ['n', 's']],
          ]),
        ],
        ['SEND', ['A', 'B']],
      ]),
    },
  ],
  ['a table of MSDP without its end is malformed', 69, '\x01ROOM\x02\x03\x01VNUM\x026', undefined],
  [
    'MSSP with two values',
    70,
    '\x01PORT\x0223\x024000',
    {
      type: 'mssp',
      values: [
        ['PORT', '23'],
        ['PORT', '4000'],
      ],
    },
  ],
  ['a value of MSSP without a name is malformed', 70, '\x0223', undefined],
  ['ZMP', 93, 'zmp.test\0one\0\0', { type: 'zmp', command: 'zmp.test', args: ['one', ''] }],
  ['GMCP', 201, 'Char.Name {"name": "\xc5\xbb"}', { type: 'gmcp', package: 'Char.Name', data: '{"name": "Ż"}' }],
  ['GMCP without data, in latin-1', 201, 'Core.Ping\xff', { type: 'gmcp', package: 'Core.Pingÿ', data: '' }],
  ['ATCP', 200, 'Room.Brief A room', { type: 'atcp', package: 'Room.Brief', data: 'A room' }],
  ['a tab ends the name of a package too', 201, 'Char.Login\t{"name": 1}', { type: 'gmcp', package: 'Char.Login', data: '{"name": 1}' }],
  ['a package whose JSON follows at once', 201, 'Char.Login{"name": 1}', { type: 'gmcp', package: 'Char.Login', data: '{"name": 1}' }],
  ['a list, a string', 201, 'Core["a"]', { type: 'gmcp', package: 'Core', data: '["a"]' }],
  ['a package without a name is malformed', 201, ' {"password": "hunter2"}', undefined],
  ['ATCP over lines', 200, 'hello Nexus 3\nauth 1', { type: 'atcp', package: 'hello', data: 'Nexus 3\nauth 1' }],
  ['LINEMODE MODE has a mask', 34, '\x01\x07', { type: 'linemode', command: 'MODE', mask: 7 }],
  ['LINEMODE SLC', 34, '\x03\x03\x62\x03', { type: 'linemode', command: 'SLC' }],
  ['LINEMODE DO FORWARDMASK', 34, '\xfd\x02\x00', { type: 'linemode', command: 'FORWARDMASK' }],
  ['a MODE without its mask is malformed', 34, '\x01', undefined],
  ['an empty LINEMODE is none', 34, '', undefined],
  ['COM-PORT from the client', 44, '\x01\x00\x00\x25\x80', { type: 'com-port', command: 'SET-BAUDRATE', value: 9_600 }],
  ['COM-PORT from the server', 44, '\x67\x01', { type: 'com-port', command: 'SET-PARITY', value: 1 }],
  ['the signature of a COM-PORT', 44, '\x00ser2net', { type: 'com-port', command: 'SIGNATURE', value: 'ser2net' }],
  ['COM-PORT that is not simple', 44, '\x02\x00\x01\x02', { type: 'com-port', command: 'SET-DATASIZE' }],
  ['COM-PORT of an unknown number', 44, '\x20\x01', undefined],
  ['an empty COM-PORT is none', 44, '', undefined],
  ['of AUTHENTICATION the command alone', 37, '\x03bob', { type: 'auth', command: 'NAME' }],
  ['of ENCRYPT the command alone', 38, '\x03\x00key', { type: 'encrypt', command: 'START' }],
  ['START_TLS', 46, '\x01', { type: 'start-tls', command: 'FOLLOWS' }],
  ['an AUTHENTICATION without a command is none', 37, '', undefined],
  ['an option that is not read', 99, 'x', undefined],
];

for (const [title, option, payload, event] of MEANINGS) t.test(title, async (t) => t.same(parseOption(option, latin(payload)), event));

t.test('reads names and values in the charset that it is given', async (t) => {
  const koi8 = (bytes: Uint8Array) => new TextDecoder('koi8-r').decode(bytes);
  t.same(parseOption(69, latin('\x01PASSWORD\x02\xd0\xc1\xd2\xcf\xcc\xd8'), koi8), { type: 'msdp', values: new Map([['PASSWORD', 'пароль']]) });
});

t.test('MSDP goes no deeper than its bound', async (t) => {
  const deep = (depth: number) => latin(`\x01A${'\x02\x05'.repeat(depth)}${'\x06'.repeat(depth)}`);
  t.ok(parseOption(69, deep(MAX_DEPTH)));
  t.equal(parseOption(69, deep(MAX_DEPTH + 1)), undefined);
  t.equal(parseOption(69, deep(15_000)), undefined);
});

t.test('no payload makes one throw, and 64 KiB of marks are read in time', async (t) => {
  const dice = new Dice(11);
  const options = [24, 31, 34, 36, 37, 38, 39, 42, 44, 46, 69, 70, 93, 200, 201];
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: dice.between(0, 24) }, () => (dice.next() < 0.7 ? dice.between(0, 7) : dice.between(0, 255)));
    for (const option of options) parseOption(option, bytes);
  }
  for (let mark = 0; mark < 7; mark++) for (const option of options) parseOption(option, Buffer.alloc(65_536, mark));
  t.pass();
});
