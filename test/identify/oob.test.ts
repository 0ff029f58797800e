import t from 'tap';
import { Identifier } from '../../src/identify/login.js';
import { cleanName } from '../../src/identify/oob.js';
import { utterance } from '../mask/masks.js';

/** A message `[>or<, protocol, name, value]`, or a line of text as `> text`, `* hidden`, `< text|`. */
type Said = readonly [way: '<' | '>', protocol: string, name: string, value: unknown, more?: object] | string;

function talk(identifier: Identifier, ...said: readonly Said[]): string[] {
  const learned = said.flatMap((one) => {
    if (typeof one === 'string') {
      const raw = one.slice(2).replaceAll('|', '\n');
      return identifier.hear(utterance(one.startsWith('<') ? 'SND' : 'RCV', raw.replace(/\n$/, ''), { raw }), one.startsWith('*'));
    }
    const [way, protocol, name, value, more] = one;
    return identifier.hearOob({ direction: way === '<' ? 'SND' : 'RCV', protocol, name, value, ...more });
  });
  return learned.map(({ field, old = '', new: name = '', how }) => `${field} ${old}>${name} ${how}`);
}

const KNOWN: readonly [string, Said[], string[]][] = [
  ["Iron Realms' Char.Name", [['<', 'gmcp', 'Char.Name', { name: 'Bob', fullname: 'Sir Bob' }]], ['character >Bob gmcp Char.Name']],
  ['Char.Base, the name in lower case', [['<', 'gmcp', 'char.base', { name: 'Bob' }]], ['character >Bob gmcp Char.Base']],
  ['Char.Status', [['<', 'gmcp', 'Char.Status', { character_name: 'Bob', level: 3 }]], ['character >Bob gmcp Char.Status']],
  ['captions are no values', [['<', 'gmcp', 'Char.StatusVars', { name: 'Name' }]], []],
  ['Room.Info', [['<', 'gmcp', 'Room.Info', { num: 12, name: 'Limbo' }]], ['room >Limbo gmcp Room.Info']],
  ['Room.Info without a name', [['<', 'gmcp', 'Room.Info', { num: 12 }]], ['room >12 gmcp Room.Info']],
  [
    'MSDP',
    [
      ['<', 'msdp', 'ACCOUNT_NAME', 'bob'],
      ['<', 'msdp', 'CHARACTER_NAME', 'Bob'],
      ['<', 'msdp', 'ROOM', { VNUM: '12', NAME: 'Limbo' }],
      ['<', 'msdp', 'ROOM', { VNUM: '13' }],
    ],
    ['account >bob msdp ACCOUNT_NAME', 'character >Bob msdp CHARACTER_NAME', 'room >Limbo msdp ROOM', 'room Limbo>13 msdp ROOM'],
  ],
  [
    "Evennia's get_value",
    [
      ['<', 'gmcp', 'Char.Value.Get', { name: 'location', value: 'Limbo' }],
      ['<', 'gmcp', 'Char.Value.Get', { name: 'servername', value: 'Evennia' }],
    ],
    ['room >Limbo gmcp Char.Value.Get'],
  ],
  ["Evennia's logged_in accepts the login", ['> connect bob hunter2', ['<', 'gmcp', 'Logged.In', undefined]], ['account >bob login']],
  [
    'credentials, once the server takes them',
    [
      ['>', 'gmcp', 'Char.Login.Credentials', { account: 'bob', password: 'hunter2' }],
      ['<', 'gmcp', 'Char.Login.Result', { success: true }],
    ],
    ['account >bob gmcp Char.Login.Credentials'],
  ],
  [
    'credentials, once the server says so in words',
    [['>', 'gmcp', 'Char.Login.Credentials', { account: 'bob', password: 'hunter2' }], '< Welcome to the game.|'],
    ['account >bob gmcp Char.Login.Credentials'],
  ],
  ['USER, once its password is taken', [['>', 'environ', 'USER', 'alice'], '< Password: ', '* S3cret', '< |Welcome|$ '], ['account >alice environ']],
];

for (const [title, said, learned] of KNOWN) {
  t.test(`out of band: ${title}`, async (t) => {
    t.same(talk(new Identifier(), ...said), learned);
  });
}

const UNKNOWN: readonly [string, Said[]][] = [
  [
    'a client that names itself',
    [
      ['>', 'gmcp', 'Char.Name', { name: 'Wizard' }],
      ['>', 'msdp', 'ACCOUNT_NAME', 'wizard'],
    ],
  ],
  ['a message that is broken', [['<', 'gmcp', 'Char.Name', '{"name": "Bob', { broken: true }]]],
  [
    'values that are no names',
    [
      ['<', 'gmcp', 'Char.Name', { name: ['Bob'] }],
      ['<', 'gmcp', 'Char.Name', { name: '\x1b[1m ' }],
      ['<', 'gmcp', 'Char.Name', null],
    ],
  ],
  [
    'credentials that the server refuses',
    [
      ['>', 'gmcp', 'Char.Login.Credentials', { account: 'bob', password: 'x' }],
      ['<', 'gmcp', 'Char.Login.Result', { success: false }],
      '< Connected.|',
    ],
  ],
  ['a result of no login', [['<', 'gmcp', 'Char.Login.Result', { success: true }]]],
  ['USER, refused', [['>', 'environ', 'USER', 'alice'], '< Password: ', '* x', '< |Login incorrect|']],
  ['USER, where the server asks for a name', [['>', 'environ', 'USER', 'alice'], '< login: ', '> ', '< Password: ', '* x', '< |Welcome|$ ']],
  ['USER, where something else is typed', [['>', 'environ', 'USER', 'alice'], '< Who goes there?|', '> bob', '< Password: ', '* x', '< |Welcome|> ']],
];

for (const [title, said] of UNKNOWN) {
  t.test(`out of band: ${title} makes no identity`, async (t) => {
    t.same(talk(new Identifier(), ...said), []);
  });
}

t.test('who is logged in stays so, whatever his client says of credentials', async (t) => {
  const login: Said[] = ['> connect bob x1', '< Connected.|', ['>', 'gmcp', 'Char.Login.Credentials', { account: 'eve' }]];
  t.same(talk(new Identifier(), ...login, '< Welcome to the club.|'), ['account >bob login']);
  t.same(talk(new Identifier(), ...login, ['<', 'gmcp', 'Char.Login.Result', { success: true }]), [
    'account >bob login',
    'account bob>eve gmcp Char.Login.Credentials',
  ]);
});

t.test('two sources that differ do not take turns: the one that knows less is not asked any more', async (t) => {
  const name: Said = ['<', 'gmcp', 'Char.Name', { name: 'Bob' }];
  const status: Said = ['<', 'gmcp', 'Char.Status', { name: 'Bob the Great' }];
  t.same(talk(new Identifier(), status, name, status, name), [
    'character >Bob the Great gmcp Char.Status',
    'character Bob the Great>Bob gmcp Char.Name',
  ]);
  t.same(talk(new Identifier(), '> connect bob x', '< You become Bob.|', ['<', 'gmcp', 'Char.Name', { name: 'bob' }]), [
    'account >bob login',
    'character >Bob output',
  ]);
});

t.test('a name is one line of at most 80 characters', async (t) => {
  t.equal(cleanName(' \x1b[1mBob\x1b[0m\r\n\u2028 '), 'Bob');
  t.equal(cleanName('\x00\x9b'), '');
  t.equal(cleanName('x'.repeat(200)).length, 80);
  t.equal(cleanName(`${'x'.repeat(79)}\u{1f600}`), `${'x'.repeat(79)}\ufffd`);
});

t.test("the operator's paths come first, and the built-in ones do not replace what they gave", async (t) => {
  const paths = [
    { oob: 'Game.Who', path: 'me.login', field: 'account', protocol: 'gmcp' } as const,
    { oob: 'NICK', path: '', field: 'character' } as const,
  ];
  const identifier = new Identifier({ matchers: [], paths });
  t.same(
    talk(
      identifier,
      ['<', 'gmcp', 'game.who', { me: { login: 'bob' } }],
      ['<', 'msdp', 'NICK', 'Bobby'],
      ['<', 'gmcp', 'Char.Name', { name: 'Bob' }],
      ['<', 'msdp', 'ACCOUNT_NAME', 'other'],
      ['<', 'msdp', 'NICK', ''],
    ),
    ['account >bob gmcp Game.Who', 'character >Bobby msdp NICK', 'character Bobby> msdp NICK'],
  );
});
