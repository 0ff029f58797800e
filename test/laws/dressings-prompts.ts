/** Secrets that nothing marks but the moment: behind a prompt, while the server has ECHO, typed ahead of either, or when nobody knows what was asked. */
import {
  client,
  type Dressing,
  EOR,
  GA,
  halvesOf,
  lettersOf,
  named,
  pick,
  type Scene,
  type Step,
  server,
  sub,
  utf8,
  WILL_ECHO,
  WONT_ECHO,
  wait,
} from './scene.js';
import type { Secret } from './secrets.js';

const PROMPTS = [
  'Password: ',
  'password:',
  'Enter your password: ',
  '[sudo] password for alice: ',
  "alice@example.org's password: ",
  'Enter passphrase for key: ',
  'PIN: ',
  'Verification code: ',
  'What is your password? ',
  'Kennwort: ',
  'New password: ',
  'Passwords do not match. Password: ',
] as const;

/** Those beyond ASCII, in UTF-8. */
const PROMPTS_UTF8 = ['Пароль: ', '密码：', 'Contraseña:', '[sudo] Mot de passe de alice\u00a0: '].map(utf8);

const promptOf = ({ secret, dice }: Scene): string => pick(dice, secret.charset ? PROMPTS : [...PROMPTS, ...PROMPTS_UTF8]);

/** What is hidden as a whole line is known only where it has no blank. */
const isWord = ({ blanks, known }: Secret): boolean => known && !blanks;
const nobody = (): boolean => false;

const TAKEN = [server('\r\nHello.\r\n> '), wait(200)];

/** A name, a prompt, the secret, and the server's welcome. */
const asked = (prompt: string, ...line: readonly string[]): Step[] => [
  ...named(),
  server(prompt),
  wait(200),
  ...line.map(client),
  client('\r\n'),
  ...TAKEN,
];

/** Keys, each sent back by the server as `echo` gives it. */
const keys = (of: readonly string[], echo: (key: string) => string = (key) => key): Step[] =>
  of.flatMap((key) => (echo(key) === '' ? [client(key)] : [client(key), server(echo(key))]));

const silent = (): string => '';

/** A login in character mode: the name is echoed, the prompt has come. */
const shell = (prompt = 'Password: '): Step[] => [
  server(`${WILL_ECHO}host login: `),
  wait(200),
  ...keys([...'bob']),
  client('\r\0'),
  server(`\r\n${prompt}`),
  wait(200),
];

const entered = (next = '\r\n$ '): Step[] => [client('\r\0'), server(next), wait(200)];

const BEHIND_PROMPTS: readonly Dressing[] = [
  { name: 'behind a prompt', says: (scene) => asked(promptOf(scene), scene.sent) },
  {
    name: 'behind a prompt that comes in two',
    says: (scene) => [...named(), server('Enter pass'), wait(60), server('word: '), wait(200), client(`${scene.sent}\r\n`), ...TAKEN],
  },
  { name: 'behind a prompt with colours', says: ({ sent }) => asked('\x1b[1mPass\x1b[0mword:\x1b[8m ', sent) },
  { name: 'behind a prompt with a backspace', says: ({ sent }) => asked('Pasx\bsword: ', sent) },
  { name: 'behind a prompt that ends its line', says: (scene) => asked('Enter password:\r\n', scene.sent) },
  {
    name: 'behind a prompt mark',
    telnet: true,
    says: (scene) => [...named(), server(promptOf(scene) + pick(scene.dice, [GA, EOR])), client(`${scene.sent}\r\n`), ...TAKEN],
  },
  { name: 'behind a prompt with a mark in it', telnet: true, says: ({ sent }) => asked(`Enter pass${GA}word: `, sent) },
  {
    name: 'behind a prompt and a message',
    says: ({ sent }) => [...named(), server('Password: '), wait(200), server('\r\nTom smiles.\r\n'), wait(200), client(`${sent}\r\n`), ...TAKEN],
  },
  {
    name: 'behind a prompt and a message out of band',
    telnet: true,
    says: ({ sent }) => [...named(), server('Password: '), server(sub(201, 'Core.Ping 1')), wait(200), client(`${sent}\r\n`), ...TAKEN],
  },
  {
    name: 'behind two prompts',
    says: ({ sent }) => [
      ...named(),
      ...['New password: ', '\r\nRetype new password: '].flatMap((prompt) => [server(prompt), wait(200), client(`${sent}\r\n`)]),
      ...TAKEN,
    ],
  },
  {
    name: 'behind two prompts on one line',
    says: ({ sent }) => [
      ...named(),
      ...['Password: ', 'Retype password: '].flatMap((prompt) => [server(prompt), wait(200), client(`${sent}\r\n`)]),
      ...TAKEN,
    ],
  },
  {
    name: 'behind a prompt, wrong the first time',
    says: ({ sent }) => [
      ...['Password: ', '\r\nLogin incorrect\r\nPassword: '].flatMap((prompt) => [server(prompt), wait(200), client(`${sent}\r\n`)]),
      ...TAKEN,
    ],
  },
  {
    name: 'behind a prompt after login',
    says: (scene) => [
      ...asked('Password: ', 'otherword'),
      client('sudo\r\n'),
      server(promptOf(scene)),
      wait(200),
      client(`${scene.sent}\r\n`),
      ...TAKEN,
    ],
  },
  { name: 'behind a prompt, a letter erased in it', says: (scene) => asked('Password: ', halvesOf(scene).join('w\b')) },
  { name: 'behind a prompt, thrown away by ^U', knows: nobody, says: ({ sent }) => asked('Password: ', `${sent}\x15`, 'otherword') },
  { name: 'behind a prompt, key by key', says: (scene) => asked('Password: ', ...lettersOf(scene)) },
  {
    name: 'behind a prompt, echoed key by key all the same',
    telnet: true,
    says: (scene) => [...named(), server('Password: '), wait(200), ...keys(lettersOf(scene)), client('\r\n'), ...TAKEN],
  },
  {
    name: 'behind a prompt, and sent back',
    fits: isWord,
    says: ({ sent }) => [...named(), server('Password: '), wait(200), client(`${sent}\r\n`), server(`${sent}\r\nHello.\r\n> `), wait(200)],
  },
];

const ECHO: readonly Dressing[] = [
  {
    name: 'ECHO, at a prompt in words of its own',
    telnet: true,
    says: ({ sent }) => [
      ...named(),
      server(`${WILL_ECHO}Speak, friend. `),
      wait(200),
      client(`${sent}\r\n`),
      server(`${WONT_ECHO}\r\nHello.\r\n> `),
      wait(200),
    ],
  },
  {
    name: 'ECHO that the client refuses',
    telnet: true,
    soon: true,
    says: ({ sent }) => [...named(), server(`${WILL_ECHO}Speak, friend. `), client('\xff\xfe\x01'), wait(200), client(`${sent}\r\n`), ...TAKEN],
  },
  {
    name: 'ECHO behind its prompt',
    telnet: true,
    soon: true,
    says: ({ sent }) => [...named(), server('Speak, friend. '), server(WILL_ECHO), wait(3_000), client(`${sent}\r\n`), ...TAKEN],
  },
  {
    name: 'ECHO, the third line of it',
    telnet: true,
    knows: nobody,
    says: ({ sent }) => [
      ...named(),
      server(`${WILL_ECHO}Speak, friend. `),
      wait(200),
      ...['other', 'another', sent].flatMap((line) => [client(`${line}\r\n`), server('\r\nNo. '), wait(200)]),
    ],
  },
  {
    name: 'ECHO, stars for each key',
    telnet: true,
    says: (scene) => [
      server(`${WILL_ECHO}Who? `),
      wait(200),
      ...keys([...'bob']),
      client('\r\0'),
      server('\r\nAnd? '),
      wait(200),
      ...keys(lettersOf(scene), () => pick(scene.dice, ['*', 'X', '.'])),
      ...entered(),
    ],
  },
  { name: 'typed blind at a shell', telnet: true, says: (scene) => [...shell(), ...keys(lettersOf(scene), silent), ...entered()] },
  {
    name: 'typed blind, with letters erased',
    telnet: true,
    says: (scene) => [
      ...shell(),
      ...keys(
        lettersOf(scene).flatMap((key, index) => (index === 1 ? ['w', '\x7f', key] : [key])),
        silent,
      ),
      ...entered(),
    ],
  },
  {
    name: 'typed blind, behind ^U and ^W',
    telnet: true,
    says: (scene) => [...shell(), ...keys(['o', 'x', '\x15', 'o', 'x', '\x17', ...lettersOf(scene)], silent), ...entered()],
  },
  {
    name: 'typed blind, at a question nobody knows, much later',
    telnet: true,
    says: (scene) => [
      ...shell(),
      ...keys([...'other'], silent),
      ...entered(),
      ...keys([...'vault']),
      ...entered('\r\nSpeak, friend> '),
      wait(130_000),
      ...keys(lettersOf(scene), silent),
      ...entered(),
    ],
  },
  {
    name: 'without telnet, typed blind where keys are echoed',
    plain: true,
    says: (scene) => [
      server('$ '),
      ...keys([...'ls']),
      client('\r'),
      server('\r\nfile\r\n$ '),
      wait(200),
      ...keys([...'su']),
      client('\r'),
      server('\r\nroot? '),
      wait(200),
      ...keys(lettersOf(scene), silent),
      client('\r'),
      server('\r\n# '),
      wait(200),
    ],
  },
];

const AHEAD: readonly Dressing[] = [
  {
    name: 'typed ahead with the name, echoed at once',
    says: ({ sent }) => [
      server('Debian 12\r\nhost login: '),
      wait(200),
      client(`alice\r\n${sent}\r\n`),
      server(`alice\r\n${sent}\r\nPassword: \r\0\r\nWelcome\r\n$ `),
      wait(200),
      client('date\r\n'),
      server('Sat\r\n$ '),
      wait(200),
    ],
  },
  {
    name: 'typed ahead with the name, at a prompt',
    says: (scene) => [
      server('Debian 12\r\nhost login: '),
      wait(200),
      client(`alice\r\n${scene.sent}\r\n`),
      server(promptOf(scene)),
      wait(200),
      ...TAKEN,
    ],
  },
  {
    name: 'typed ahead with the name, at ECHO',
    telnet: true,
    says: ({ sent }) => [server('Who? '), wait(200), client(`alice\r\n${sent}\r\n`), server(`${WILL_ECHO}Speak, friend. `), wait(200), ...TAKEN],
  },
  {
    name: 'typed before the banner',
    says: ({ sent }) => [client(`alice\r\n${sent}\r\n`), server('host login: '), wait(200), server('Password: '), wait(200), ...TAKEN],
  },
  {
    name: 'typed ahead where nothing answers',
    says: ({ sent }) => [server('Hi.\r\n'), wait(200), client(`alice\r\n${sent}\r\n`), wait(5_200), server('What?\r\n'), wait(200)],
  },
  { name: 'typed ahead, and the end', knows: nobody, says: ({ sent }) => [client(`alice\r\n${sent}\r\n`)] },
  {
    name: 'typed ahead of prompts after login',
    says: ({ sent }) => [
      ...asked('Password: ', 'otherword'),
      client(`passwd\r\notherword\r\n${sent}\r\n`),
      server('Old password: '),
      wait(300),
      server('\r\nNew password: '),
      wait(200),
      ...TAKEN,
    ],
  },
];

/** Lines behind a gap: each of the first three may answer what was lost in it. */
const lines = (...of: readonly string[]): Step[] => of.flatMap((line) => [client(`${line}\r\n`), server('Ok.\r\n> '), wait(200)]);

const GAPS: readonly Dressing[] = [
  { name: 'behind a gap in which a prompt was lost', soon: true, says: ({ sent }) => [...named(), ['gap', 'SND'], ...lines(sent)] },
  {
    name: 'the third line behind a gap in which a prompt was lost',
    knows: nobody,
    says: ({ sent }) => [...named(), ['gap', 'SND'], ...lines('look', 'up', sent)],
  },
  {
    name: 'behind a gap in the middle of a prompt',
    soon: true,
    says: (scene) => [...named(), server('Pass'), ['gap', 'SND'], server('d: '), wait(200), client(`${scene.sent}\r\n`), ...TAKEN],
  },
  {
    name: 'behind a gap in both directions',
    knows: nobody,
    says: ({ sent }) => [...named(), ['gap', 'SND'], ['gap', 'RCV'], client('bob\r\n'), ...lines('look', sent)],
  },
  {
    name: 'typed ahead of a gap',
    says: ({ sent }) => [server('login: '), wait(200), client(`alice\r\n${sent}\r\n`), ['gap', 'SND'], server('\r\nWelcome\r\n$ '), wait(200)],
  },
  {
    name: 'a gap between a prompt and its answer',
    says: ({ sent }) => [...named(), server('Password: '), wait(200), ['gap', 'SND'], client(`${sent}\r\n`), ...TAKEN],
  },
  {
    name: 'a gap in the middle of a command',
    knows: nobody,
    says: (scene) => {
      const [head, tail] = halvesOf(scene);
      return [server('Hi.\r\n> '), wait(200), client(`connect bob ${head}`), ['gap', 'RCV'], client(`${tail}\r\n`), ...TAKEN, client('look\r\n')];
    },
  },
];

export const PROMPTED: readonly Dressing[] = [...BEHIND_PROMPTS, ...ECHO, ...AHEAD, ...GAPS].map((one) => ({ knows: isWord, ...one }));
