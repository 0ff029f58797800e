/** Secrets that stand in a command, a printed line, a token or a key: what a mask finds by its words, however the line is sent. */

import { client, type Dressing, GA, halvesOf, lettersOf, NOP, pick, type Step, server, sub, WILL_ECHO, wait } from './scene.js';
import type { Secret } from './secrets.js';
import { KEY_LINES } from './secrets.js';

const WELCOME: readonly Step[] = [server('Welcome to the game.\r\nType connect NAME PASSWORD.\r\n> '), wait(200)];
const ANSWER = server('You become Bob.\r\nA room.\r\n> ');

/** A line that a client sends and a server takes. */
const typed = (line: string): Step[] => [...WELCOME, client(`${line}\r\n`), ANSWER, wait(200)];

/** Words in front of a secret, and behind it. */
type Around = readonly [before: string, after?: string];

const LOGINS: readonly Around[] = [
  ['connect bob '],
  ['CONNECT Bob '],
  ['concnct bob '],
  ['conmect bob '],
  ['conn bob '],
  ['co\tbob\t'],
  ['connect "bob the 2nd" '],
  ['  @connnect bob '],
  ['create bob '],
  ['craete bob '],
  ['cr bob '],
  ['@password other9 = '],
  ['passwd other9='],
  ['@userpassword bob = '],
  ['@userpassword "johnny five"='],
  ['@userpasswrod bob = '],
];

const plain = ({ text, blanks }: Secret): boolean => !blanks && !/["'=]/.test(text);
const token = (secret: Secret): boolean => secret.token;
/** In a mail a word counts that is the last one, or has a digit or a sign. */
const mailed = ({ token, text }: Secret): boolean => token && (/[\d$]/.test(text) || /^\w+$/.test(text));
/** A path begins at a slash. */
const inAddress = ({ token, text }: Secret): boolean => token && !text.includes('/');

/** Packs, words around the secret, and which secrets stand there. */
const OTHERS: readonly (readonly [pack: string | undefined, around: Around, fits: (secret: Secret) => boolean])[] = [
  [undefined, ['@password ', ' = other9'], ({ text }) => !text.includes('=')],
  [undefined, ['@passwrod ', '=other9'], ({ text }) => !text.includes('=')],
  ['mush', ['@newpassword Bob='], plain],
  ['mush', ['@pcreate Bob='], plain],
  ['mush', ['@robot Bender = '], plain],
  ['mush', ['cd Wizard '], plain],
  ['mush', ['c Wizard '], plain],
  ['mush', ['@force #1={@newpassword Bob='], token],
  ['mush', ['think checkpass(*Bob, ', ')'], token],
  ['diku', ['password other9 '], plain],
  ['diku', ['password ', ' other9'], plain],
  ['diku', ['set char bob password '], plain],
  ['diku', ["mset 'Bob the Bold' passwd "], plain],
  ['network-gear', ['password '], token],
  ['network-gear', ['key '], ({ token, text }) => token && !/^\d/.test(text)],
  [undefined, ['@mail bob=Login/Your new password is '], mailed],
  [undefined, ['@mail bob=Hello/type connect bob '], mailed],
];

/** Printed or typed, found in both directions. */
const ANYWHERE: readonly (readonly [pack: string | undefined, around: Around, fits?: (secret: Secret) => boolean])[] = [
  ['network-gear', ['enable secret 5 ']],
  ['network-gear', [' enable password ']],
  ['network-gear', ['router(config)# enable password 7 ']],
  ['network-gear', ['username bob privilege 15 password 0 ']],
  ['network-gear', ['local-user bob password irreversible-cipher ']],
  ['network-gear', [' password 7 ']],
  ['network-gear', ['snmp-server community ', ' ro 10']],
  ['network-gear', ['snmp-server host 10.1.1.1 version 2c ']],
  ['network-gear', ['snmp-server user bob ops v3 auth sha ', ' priv aes 128 other9']],
  ['network-gear', ['tacacs-server key 7 ']],
  ['network-gear', ['radius-server host 10.0.0.1 auth-port 1812 key ']],
  ['network-gear', [' key-string ']],
  ['network-gear', ['crypto isakmp key ', ' address 10.0.0.1']],
  ['network-gear', [' ppp chap password 0 ']],
  ['network-gear', ['neighbor 10.0.0.1 password ']],
  ['network-gear', [' ip ospf message-digest-key 1 md5 ']],
  [undefined, ['Authorization: Bearer ']],
  [undefined, ['curl -H "Authorization: Basic ', '" https://example.org/']],
  [undefined, ['X-Api-Key: ']],
  [undefined, ['git clone https://bob:', '@example.org/x.git'], inAddress],
  [undefined, ['GET /x?access_token=', '&y=1']],
  [undefined, ['{"client_secret": "', '", "n": 1}']],
  [undefined, ['level=info apikey=', ' msg=ok']],
  [undefined, ['user=bob password="', '" ok']],
  [undefined, ['jdbc:x://h/d?user=bob&password=', '&ssl=true']],
  [undefined, ['export AWS_SECRET_ACCESS_KEY=']],
  [undefined, ['mysql --password=', ' game']],
  [undefined, ['curl -s -u bob:', ' https://example.org/']],
  [undefined, ["sshpass -p '", "' ssh bob@host"]],
];

/** What only a server says. */
const PRINTED: readonly Around[] = [
  ["Command 'concnct bob ", '\' is not available. Type "help" for help.'],
  ["Command '@passwrod other9 = ", "' is not available."],
  ["Bob - new password set to '", "'."],
  ["Tom has changed your password to '", "'."],
  ["Your password has been reset to '", "'."],
];

const around = ([before, after = '']: Around, sent: string): string => before + sent + after;
const packs = (pack: string | undefined): { readonly packs?: readonly string[] } => (pack ? { packs: [pack] } : {});

const TYPED: readonly Dressing[] = [
  ...LOGINS.map((words): Dressing => ({ name: `typed: ${words.join('S')}`, says: ({ sent }) => typed(around(words, sent)) })),
  ...OTHERS.map(
    ([pack, words, fits]): Dressing => ({ name: `typed: ${words.join('S')}`, ...packs(pack), fits, says: ({ sent }) => typed(around(words, sent)) }),
  ),
  ...ANYWHERE.map(
    ([pack, words, fits = token]): Dressing => ({
      name: `typed: ${words.join('S')}`,
      ...packs(pack),
      fits,
      says: ({ sent }) => typed(around(words, sent)),
    }),
  ),
];

const nobody = (): boolean => false;

const overInput = (head: string, tail: string): Step[] => [
  ...WELCOME,
  server(`Authorization: Bearer ${head}`),
  client('look\r\n'),
  server(`${tail}\r\n> `),
  wait(200),
];

const SAID: readonly Dressing[] = [
  ...ANYWHERE.map(
    ([pack, words, fits = token]): Dressing => ({
      name: `printed: ${words.join('S')}`,
      ...packs(pack),
      fits,
      knows: nobody,
      says: ({ sent }) => [...WELCOME, client('show\r\n'), server(`\r\n${around(words, sent)}\r\n> `), wait(200)],
    }),
  ),
  ...PRINTED.map(
    (words): Dressing => ({
      name: `printed: ${words.join('S')}`,
      fits: plain,
      knows: nobody,
      says: ({ sent }) => [...WELCOME, client('look\r\n'), server(`${around(words, sent)}\r\n> `), wait(200)],
    }),
  ),
  {
    name: 'printed twice on a line',
    fits: ({ token, known }) => token && known,
    knows: nobody,
    says: ({ sent }) => [...WELCOME, client('show\r\n'), server(`\r\nmysql --password=${sent} game; echo ${sent} was it\r\n> `), wait(200)],
  },
  {
    name: 'printed behind a prompt mark',
    telnet: true,
    fits: token,
    knows: nobody,
    says: ({ sent }) => [...WELCOME, client('show\r\n'), server(`Look here, ${GA}token: ${sent}\r\n> `), wait(200)],
  },
  {
    name: "printed in a window's title",
    fits: token,
    knows: nobody,
    says: ({ sent }) => [...WELCOME, server(`\x1b]2;mysql --password=${sent} game\x07Ok.\r\n> `), wait(200)],
  },
  {
    name: 'printed with colours in it',
    fits: token,
    knows: nobody,
    says: (scene) => [...WELCOME, server(`mysql --pass\x1b[1mword=${halvesOf(scene).join('\x1b[31m')}\x1b[0m game\r\n> `), wait(200)],
  },
  {
    name: 'printed with backspaces in it',
    fits: token,
    knows: nobody,
    says: (scene) => [...WELCOME, server(`mysql --pasz\bsword=${halvesOf(scene).join('x\b')} game\r\n> `), wait(200)],
  },
  {
    name: 'printed over a prompt mark',
    telnet: true,
    fits: token,
    knows: nobody,
    says: (scene) => [...WELCOME, server(`Authorization: Bearer ${halvesOf(scene).join(GA)} and more\r\n> `), wait(200)],
  },
  {
    name: 'printed over the next input',
    fits: (secret) => token(secret) && !secret.text.includes('$'),
    knows: nobody,
    says: (scene) => overInput(...halvesOf(scene)),
  },
  {
    name: 'printed over the next input, behind a sign that prompts end with',
    fits: token,
    knows: nobody,
    says: ({ sent, dice }) => overInput(pick(dice, ['other$', 'other:', 'other)', 'other#']), sent),
  },
];

/** How a line of a login is sent. */
const WAYS: readonly Dressing[] = [
  { name: 'colours in front and in it', says: (scene) => typed(`\x1b[0mcon\x1b[1mnect bob ${halvesOf(scene).join('\x1b[31m')}\x1b[0m`) },
  {
    name: 'among other lines of one write',
    says: ({ sent }) => [...WELCOME, client(`look\r\nconnect bob ${sent}\r\nup\r\n`), ANSWER, wait(200)],
  },
  { name: 'ended by a lone CR', says: ({ sent }) => [...WELCOME, client(`connect bob ${sent}\r`), ANSWER, wait(200)] },
  { name: 'ended by a lone LF', says: ({ sent }) => [...WELCOME, client(`connect bob ${sent}\n`), ANSWER, wait(200)] },
  { name: 'ended by CR NUL', says: ({ sent }) => [...WELCOME, client(`connect bob ${sent}\r\0`), ANSWER, wait(200)] },
  {
    name: 'telnet commands in it',
    telnet: true,
    says: (scene) => typed(`con${NOP}nect bob ${halvesOf(scene).join(NOP + sub(31, '\0P\0\x18'))}`),
  },
  { name: 'erased by telnet and typed again', telnet: true, says: ({ sent }) => typed(`connect bob x\xff\xf7${sent}`) },
  { name: 'a line erased by telnet in front', telnet: true, says: ({ sent }) => typed(`look\xff\xf8connect bob ${sent}`) },
  { name: 'a letter erased in the command', says: ({ sent }) => typed(`conmm\b\x7fnect bob ${sent}`) },
  { name: 'a letter erased in it', says: (scene) => typed(`connect bob ${halvesOf(scene).join('w\x7f')}`) },
  {
    name: 'erased whole and typed again',
    says: (scene) => typed(`connect bob ${scene.sent}${'\b'.repeat([...scene.secret.text].length)}${scene.sent}`),
  },
  { name: 'typed again behind ^U', says: ({ sent }) => typed(`connect bob other\x15connect bob ${sent}`) },
  { name: 'thrown away by ^U', knows: nobody, says: ({ sent }) => typed(`connect bob ${sent}\x15look`) },
  { name: 'thrown away by ^C', knows: nobody, says: ({ sent }) => typed(`connect bob ${sent}\x03look`) },
  {
    name: 'thrown away by ^U, at a server that edits no line',
    fits: ({ known }) => known,
    knows: nobody,
    says: ({ sent }) => [...WELCOME, client(`connect bob ${sent}\x15look\r\n`), server(`What is connect bob ${sent}look?\r\n> `), wait(200)],
  },
  { name: 'typed in the wrong place, and thrown away by ^U', knows: nobody, says: ({ sent }) => typed(`${sent}\x15look`) },
  { name: 'a word erased by ^W', says: ({ sent }) => typed(`connect bob othez\x17${sent}`) },
  {
    name: 'its first letter put in front by arrows',
    fits: ({ text, known }) => /^[\x21-\x7e]+$/.test(text) && known,
    says: ({ sent }) => typed(`connect bob ${sent.slice(1)}${'\x1b[D'.repeat(sent.length - 1)}${sent.charAt(0)}`),
  },
  {
    name: 'the command put in front by ^A',
    fits: plain,
    says: ({ sent }) => typed(`bob ${sent}\x01connect `),
  },
  {
    name: 'where no letter of its charset is',
    charset: 'utf-8',
    fits: ({ bytes }) => /^[\x00-\x7f]*$/.test(bytes),
    says: ({ sent }) => typed(`connect b\xe9b ${sent}`),
  },
  {
    name: 'the connection ends in the middle of it',
    fits: ({ text }) => [...text].length > 4,
    knows: nobody,
    says: (scene) => [...WELCOME, client(`connect bob ${lettersOf(scene).slice(0, -1).join('')}`)],
  },
  {
    name: 'where a line of 64 KiB is cut',
    fits: ({ name }) => name === 'letters and digits' || name === 'Cyrillic',
    knows: nobody,
    says: ({ sent }) => typed(`connect bob ${'y'.repeat(65_536 - 15)}${sent}`),
  },
  {
    name: 'echoed key by key',
    telnet: true,
    says: (scene) => [
      server(`${WILL_ECHO}Welcome.\r\n> `),
      wait(200),
      ...['c', 'onnect', ' bob ', ...lettersOf(scene)].flatMap((key) => [client(key), server(key)]),
      client('\r\0'),
      server('\r\nYou become Bob.\r\n> '),
      wait(200),
    ],
  },
  {
    name: 'echoed key by key, a wrong one erased',
    telnet: true,
    says: (scene) => [
      server(`${WILL_ECHO}Welcome.\r\n> `),
      wait(200),
      ...['connect bob ', 'o', ...lettersOf(scene).flatMap((key, index) => (index === 0 ? ['\x7f', key] : [key]))].flatMap((key) => [
        client(key),
        server(key === '\x7f' ? '\b \b' : key),
      ]),
      client('\r\0'),
      server('\r\nYou become Bob.\r\n> '),
      wait(200),
    ],
  },
  {
    name: 'echoed key by key, with a rest in the middle of it',
    telnet: true,
    fits: ({ text }) => [...text].length > 3,
    says: (scene) => {
      const [head, tail] = halvesOf(scene);
      const before = [server(`${WILL_ECHO}Welcome.\r\n> `), wait(200), client(`connect bob ${head}`), server(`connect bob ${head}`)];
      return [...before, wait(2_300), client(tail), server(tail), client('\r\0'), server('\r\nYou become Bob.\r\n> '), wait(200)];
    },
  },
  {
    name: 'called up again by an arrow',
    telnet: true,
    says: ({ sent }) => [
      ...typed(`connect bob ${sent}`),
      server(WILL_ECHO),
      client('\x1b[A'),
      server(`connect bob ${sent}`),
      client('\r\0'),
      server('\r\nYou are Bob.\r\n> '),
      wait(200),
    ],
  },
];

const isKey = ({ name }: Secret): boolean => name === 'a private key';
const BEGIN = '-----BEGIN PRIVATE KEY-----';
const END = '-----END PRIVATE KEY-----';

const KEYS: readonly Dressing[] = [
  {
    name: 'a private key, typed line by line',
    fits: isKey,
    knows: nobody,
    says: () => [
      ...typed('cat > key'),
      ...[BEGIN, ...KEY_LINES, END].flatMap((line) => [client(`${line}\r\n`), server('> '), wait(120)]),
      ...typed('ls'),
    ],
  },
  {
    name: 'a private key, printed in one go',
    fits: isKey,
    knows: nobody,
    says: () => [...typed('cat key'), server(`${[BEGIN, ...KEY_LINES, END].join('\r\n')}\r\n$ `), wait(200)],
  },
  {
    name: 'a private key, printed line by line, framed',
    fits: isKey,
    knows: nobody,
    says: () => [...typed('cat key'), ...[BEGIN, ...KEY_LINES, END].flatMap((line) => [server(`| ${line}\r\n`), wait(120)]), wait(200)],
  },
];

export const COMMANDS: readonly Dressing[] = [...TYPED, ...SAID, ...WAYS, ...KEYS];
