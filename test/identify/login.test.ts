import t from 'tap';
import { Identifier } from '../../src/identify/login.js';
import { utterance } from '../mask/masks.js';

/**
 * Says lines: `>` in, `*` in and hidden, `<` out (a `|` is a line end; without one at the end the line stays open). Gives what they taught as
 * `FIELD old>new how`.
 */
function talk(...lines: readonly string[]): string[] {
  return hear(new Identifier(), ...lines);
}

function hear(identifier: Identifier, ...lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const raw = line.slice(2).replaceAll('|', '\n');
    const said = utterance(line.startsWith('<') ? 'SND' : 'RCV', raw.replace(/\n$/, ''), { raw });
    return identifier.hear(said, line.startsWith('*')).map(({ field, old = '', new: name = '', how }) => `${field} ${old}>${name} ${how}`);
  });
}

const KNOWN: readonly [string, string[], string[]][] = [
  ['Evennia: connect', ['> connect bob hunter2', '< You become Bob.'], ['account >bob login', 'character >Bob output']],
  ['Evennia: out of character', ['> connect bob hunter2', '< Account bob (you are Out-of-Character)|...'], ['account >bob login']],
  [
    'Evennia: a name with blanks',
    ['> connect "bob the great" hunter2', '< You become Bob the Great.'],
    ['account >bob the great login', 'character >Bob the Great output'],
  ],
  ['TinyMUX: connect', ['> connect Wizard potrzebie', '< Last connect was from 127.0.0.1'], ['account >Wizard login']],
  ['PennMUSH: connect, shortened', ['> co One hunter2', '< Last connect was from somewhere.'], ['account >One login']],
  ['MUSH: create logs in', ['> create bob hunter2', '< Welcome to MUSH!|bob has connected.'], ['account >bob login']],
  ['upper case', ['> CONNECT bob hunter2', '< Connected.'], ['account >bob login']],
  ['a prompt and news before the answer', ['> connect bob hunter2', '< ---', '< Connected.'], ['account >bob login']],
  [
    'then another character',
    ['> connect bob x1', '< You become Bob.', '> ic Al', '< You become Al.'],
    ['account >bob login', 'character >Bob output', 'character Bob>Al output'],
  ],
  [
    'then out of character',
    ['> connect bob x1', '< You become Bob.', '> ooc', '< You go OOC.|'],
    ['account >bob login', 'character >Bob output', 'character Bob> output'],
  ],
];

for (const [title, lines, learned] of KNOWN) {
  t.test(`${title}: the name is known`, async (t) => {
    t.same(talk(...lines), learned);
  });
}

const PROMPTS: readonly [string, string[], string[]][] = [
  ['login(1)', ['< host login: ', '> alice', '< Password: ', '* S3cret', '< |Welcome to host.|$ '], ['account >alice login']],
  ['login(1), last login', ['< login: ', '> alice', '< Password: ', '* S3cret', '< |Last login: Mon Jan 1 on pts/0|'], ['account >alice login']],
  [
    'login(1) of few words: who is not refused and types on is in',
    ['< chatd login: ', '> alice', '< Password: ', '* S3cret', '< |', '< You have mail.|', '> ls'],
    ['account >alice login'],
  ],
  ['a router', ['< Username: ', '> admin', '< Password: ', '* S3cret', '< |core-sw1>'], ['account >admin login']],
  [
    'a failed login, then another',
    ['< login: ', '> alice', '< Password: ', '* wrong', '< |Login incorrect|login: ', '> bob', '< Password: ', '* S3cret', '< |Welcome|$ '],
    ['account >bob login'],
  ],
  [
    'everything typed before the prompts',
    ['> alice', '* S3cret', '< alice|S3cret|', '< wire login: Password: |Welcome to wire, alice.|wire$ '],
    ['account >alice login'],
  ],
  [
    'Circle',
    ['< By what name do you wish to be known? ', '> Bob', '< Password: ', '* S3cret', '< |Welcome to CircleMUD!|*** PRESS RETURN: '],
    ['account >Bob login'],
  ],
  ['ROM', ['< Name: ', '> Bob', '< Password: ', '* S3cret', '< |Reconnecting. Type replay to see missed tells.|'], ['account >Bob login']],
  [
    'Circle: a wrong password, asked again for the same name',
    ['< Name: ', '> Bob', '< Password: ', '* wrong', '< |Wrong password.|Password: ', '* S3cret', '< |*** PRESS RETURN: '],
    ['account >Bob login'],
  ],
  [
    'a greeting before the password proves nothing',
    ['< Name: ', '> Bob', '< Welcome back, Bob!|', '< Password: ', '* wrong', '< Wrong password.|', '> x', '> y'],
    [],
  ],
  ['a chat that asks for a name alone', ['< Enter name: ', '> bob', '< Welcome, bob!|', '> hello'], ['account >bob login']],
  [
    'Smaug: a new player',
    [
      '< Enter your character name: ',
      '> Bob',
      '< Did I get that right, Bob (Y/N)? ',
      '> n',
      '< Ok, what IS it, then? ',
      '> Bobby',
      '< Did I get that right, Bobby (Y/N)? ',
      '> y',
      '< Give me a password for Bobby: ',
      '* S3cret',
      '< Please retype password: ',
      '* S3cret',
      '< What is your sex (M/F)? ',
      '> m',
      '< Select a class: ',
      '> mage',
      '< Press [ENTER] ',
    ],
    ['account >Bobby login'],
  ],
  [
    'a password that is refused and asked for again, until the line is cut',
    ['< login: ', '> alice', '< Password: ', '* a', '< |Sorry, try again.|Password: ', '* b', '< |Too many failures, access denied.|', '> x'],
    [],
  ],
  ['a second factor is no welcome', ['< login: ', '> alice', '< Password: ', '* a', '< |Verification code: ', '> 123456', '< Login incorrect|'], []],
  ['a name that is hidden', ['< login: ', '* S3cret', '< Password: ', '* S3cret', '< |Welcome|$ '], []],
  ['a name and a password in one line at a prompt', ['< Name: ', '> bob hunter2', '< Welcome, bob!|', '> look'], []],
  ['what is typed behind any other open line', ['< Your quest? ', '> bob', '< Welcome, bob!|', '> look'], []],
  ['a prompt that somebody says', ["< Eve says, 'login: '|> ", '> bob', '< Welcome, bob!|', '> look'], []],
];

for (const [title, lines, learned] of PROMPTS) {
  t.test(`at prompts: ${title}`, async (t) => {
    t.same(talk(...lines), learned);
  });
}

t.test('the prompt is found in front of what was typed and echoed key by key', async (t) => {
  const identifier = new Identifier();
  const echo = { from: 7, line: 'alice', prompt: 'login: ' };
  t.same(identifier.hear(utterance('SND', 'login: alice', { echo }), false), []);
  t.same(hear(identifier, '> alice', '< |Password: ', '* S3cret', '< |Welcome|$ '), ['account >alice login']);
});

t.test('what a player types is not taken for the words of the server, though it is echoed at the start of a line', async (t) => {
  const identifier = new Identifier();
  hear(identifier, '> connect bob hunter2', '< You become Bob.', '> ic Wizard');
  const text = 'You become Wizard.';
  t.same(identifier.hear(utterance('SND', text, { echo: { from: 0, line: text, prompt: '' } }), false), []);
});

t.test('the server showing the prompt again that the account came by is the account leaving', async (t) => {
  const shell = ['< wire login: ', '> alice', '< Password: ', '* S3cret', '< |Welcome|$ '];
  t.same(talk(...shell, '> exit', '< |login: ', '> bob', '< Password: ', '* S3cret', '< |Welcome|$ '), [
    'account >alice login',
    'account alice> output',
    'account >bob login',
  ]);
  const mud = ['< By what name do you wish to be known? ', '> Bob', '< Password: ', '* S3cret', '< |Reconnecting.|> '];
  t.same(talk(...mud, '> 0', '< By what name do you wish to be known? ', '> Eve', '< Password: ', '* x', '< Wrong password.|'), [
    'account >Bob login',
    'account Bob> output',
  ]);
  t.same(talk(...mud, '> edit', '< Name: ', '> Eve', '< Welcome, Eve!|> ', '> x'), ['account >Bob login'], 'a prompt of another kind is the game');
  t.same(talk(...mud, '> look', '< By what name do you wish to be known?|> '), ['account >Bob login'], 'nor is a line that somebody says');
});

t.test("LOGOUT and the login screen behind it are a MUSH's account leaving, with its character", async (t) => {
  const screen = '< Welcome to TinyMUX|  "connect <name> <password>" connects you to an existing character.|';
  t.same(talk('> connect bob hunter2', '< Last connect was from 127.0.0.1', '> LOGOUT', screen, '> connect eve x', '< Connected.'), [
    'account >bob login',
    'account bob> output',
    'account >eve login',
  ]);
  t.same(talk('> connect bob hunter2', '< Connected.', '> help connect', screen), ['account >bob login']);
});

t.test('a character is believed as the answer to what may change it, not as what somebody says at the start of a line', async (t) => {
  const bob = ['> connect bob hunter2', '< You become Bob.'];
  const known = ['account >bob login', 'character >Bob output'];
  t.same(talk(...bob, '> look', '< Limbo|You become Wizard.|'), known);
  t.same(talk(...bob, '< You become Wizard.|'), known);
  t.same(talk(...bob, '> ic Al', '> look', '< You become Al.|', '< You become Wizard.|'), [...known, 'character Bob>Al output']);
  t.same(talk(...bob, '> ic', `< ${'x|'.repeat(60)}`, '< You become Wizard.|'), known);
  t.same(talk('> connect bob x', '< Account bob (you are Out-of-Character)|', '> 1', '< You become Al.|'), [
    'account >bob login',
    'character >Al output',
  ]);
});

t.test('the line end behind a prompt is not that prompt again', async (t) => {
  const identifier = new Identifier();
  hear(identifier, '< login: ', '> alice');
  identifier.hear(utterance('SND', '\n', { before: 'login: ', raw: '\r\n\r\n' }), false);
  hear(identifier, '< Password: ', '* S3cret');
  identifier.hear(utterance('SND', '', { before: 'Password: ' }), false);
  t.same(hear(identifier, '< Welcome to wire, alice.|'), ['account >alice login']);
});

t.test('a password that was typed before its prompt answers it', async (t) => {
  t.same(talk('< login: ', '> alice', '* S3cret', '< alice|', '< Password: ', '< |Welcome|$ '), ['account >alice login']);
  t.same(talk('> alice', '> S3cret', '< wire login: Password: ', '< Welcome to wire, alice.|'), ['account >alice login']);
  t.same(talk('> alice', '> S3cret', '< wire login: Password: ', '< Login incorrect|', '> S3cret', '< Welcome|'), []);
});

t.test("a line that a cut fell inside is no line's start", async (t) => {
  const identifier = new Identifier();
  hear(identifier, '> connect bob hunter2', '< You become Bob.', '> ic Al');
  t.same(identifier.hear(utterance('SND', 'You become Wizard.', { before: 'Eve says, ' }), false), []);
  t.same(new Identifier().hear(utterance('RCV', 'connect bob hunter2', { before: 'say ' }), false), []);
});

const UNKNOWN: readonly [string, string[]][] = [
  ['a login that Evennia refuses', ['> connect bob wrong', '< Username and/or password is incorrect.', '< Last connect was from 127.0.0.1']],
  ['a login that MUSH refuses', ['> connect bob wrong', '< Either that player does not exist, or has a different password.', '< Connected.']],
  ['a login that nobody answers for 200 lines', ['> connect bob hunter2', `< ${'a|'.repeat(200)}`, '< Connected.']],
  ['a login that nobody answers for three inputs', ['> connect bob hunter2', '> a', '> b', '> c', '< Connected.']],
  ['a name without a password', ['> connect bob', '< Connected.']],
  ["Evennia's create, which logs nobody in", ['> create bob hunter2', "< A new account 'bob' was created. Welcome!"]],
  ['a line that only mentions a login', ['> say connect bob hunter2', '< Connected.']],
  ['words of the server before anybody said who he is', ['< You become Bob.', '< Last connect was from 127.0.0.1']],
  ['an account word in the middle of a line', ['> connect bob hunter2', '< Eve says, "You become Bob."', '< b', '< c']],
  ['a login line longer than any', [`> connect bob ${'x'.repeat(2_000)}`, '< Connected.']],
  ['a name longer than any', [`> connect ${'b'.repeat(81)} x`, '< Connected.']],
];

for (const [title, lines] of UNKNOWN) {
  t.test(`${title} makes no identity`, async (t) => {
    t.same(talk(...lines), []);
  });
}

t.test('a login after one that failed is known by its own name', async (t) => {
  t.same(talk('> connect bob wrong', '< Username and/or password is incorrect.', '> connect eve right', '< You become Eve.'), [
    'account >eve login',
    'character >Eve output',
  ]);
  t.same(talk('> connect bob wrong', '> connect eve right', '< Connected.'), ['account >eve login']);
});

t.test('who is logged in stays so, whatever he types and others say', async (t) => {
  const login = ['> connect bob hunter2', '< Last connect was from 127.0.0.1'];
  t.same(talk(...login, '> connect eve x', '< Eve has connected.', '< Last connect was from 127.0.0.1'), ['account >bob login']);
});

t.test('who logs out of a MUSH and in again in one connection is known by the new name', async (t) => {
  const login = ['> connect bob hunter2', '< Last connect was from 127.0.0.1'];
  t.same(talk(...login, '> LOGOUT', '< Welcome to MUSH!', '> connect eve x', '< Last connect was from 127.0.0.1'), [
    'account >bob login',
    'account bob>eve login',
  ]);
  t.same(talk(...login, '> LOGOUT', '> connect eve wrong', '< Either that player does not exist, or has a different password.'), [
    'account >bob login',
  ]);
  t.same(talk(...login, '> logout', '> connect eve x', '< Last connect was from 127.0.0.1'), ['account >bob login'], 'the word is in capitals');
});

t.test('the password is in nothing that is learned', async (t) => {
  t.notMatch(talk('> connect bob hunter2', '< You become Bob.').join(), /hunter2/);
  t.notMatch(talk('> connect "bob the great" hunter2', '< You become Bob the Great.').join(), /hunter2/);
});

t.test('texts made to be slow are looked at quickly', async (t) => {
  const identifier = new Identifier();
  const from = performance.now();
  const hostile = [
    `connect ${' '.repeat(1_000)}`,
    `${'@ '.repeat(500)}connect`,
    `connect "${'a '.repeat(500)}`,
    ...['Account ', 'You become ', 'has connected', ' '].map((word) => word.repeat(65_536 / word.length)),
    `${'x'.repeat(65_000)} has connected`,
    `${`${'x'.repeat(79)}\n`.repeat(800)}`,
    `Account ${'x '.repeat(30_000)}`,
    ...['\n', 'pass:\n', 'password', 'login:\n', 'wrong ', 'Welcome\n', '* '].map((word) => word.repeat(65_536 / word.length)),
    `${'enter '.repeat(16)}${'name '.repeat(20)}`,
  ];
  for (const text of hostile) {
    identifier.hear(utterance('RCV', 'connect bob hunter2'), false);
    identifier.hear(utterance('RCV', text), false);
    identifier.hear(utterance('SND', text), false);
    const other = new Identifier();
    hear(other, '< login: ', '> alice', '< Password: ', '* S3cret');
    other.hear(utterance('SND', text), false);
  }
  t.ok(performance.now() - from < 500, `${performance.now() - from} ms`);
});
