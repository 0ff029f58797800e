import t from 'tap';
import { Identifier } from '../../src/identify/login.js';
import { utterance } from '../mask/masks.js';

/** Says lines, `>` in and `<` out (a `|` is a line end); gives what they taught as `FIELD old>new`. */
function talk(...lines: readonly string[]): string[] {
  const identifier = new Identifier();
  return lines.flatMap((line) => {
    const text = line.slice(2).replaceAll('|', '\n');
    const learned = identifier.hear(utterance(line.startsWith('>') ? 'RCV' : 'SND', text));
    return learned.map(({ field, old = '', new: name = '', how }) => `${field} ${old}>${name} ${how}`);
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

const UNKNOWN: readonly [string, string[]][] = [
  ['a login that Evennia refuses', ['> connect bob wrong', '< Username and/or password is incorrect.', '< Last connect was from 127.0.0.1']],
  ['a login that MUSH refuses', ['> connect bob wrong', '< Either that player does not exist, or has a different password.', '< Connected.']],
  ['a login that nobody answers', ['> connect bob hunter2', '< a', '< b', '< c', '< Connected.']],
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
  ];
  for (const text of hostile) {
    identifier.hear(utterance('RCV', 'connect bob hunter2'));
    identifier.hear(utterance('RCV', text));
    identifier.hear(utterance('SND', text));
  }
  t.ok(performance.now() - from < 500, `${performance.now() - from} ms`);
});
