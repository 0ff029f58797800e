/** Secrets that are said out of band, or in a stream that is compressed, or while the server's side cannot be read. */
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { client, type Dressing, lettersOf, named, pick, type Scene, type Step, server, sub, wait } from './scene.js';
import type { Secret } from './secrets.js';

const GMCP = 201;
const ATCP = 200;
const ZMP = 93;
const MSDP = 69;
const MSSP = 70;
const NEW_ENVIRON = 39;
const ENVIRON = 36;
const AUTHENTICATION = 37;
/** An option that no protocol that we read has. */
const UNKNOWN = 120;

const WELCOME: readonly Step[] = [server('Welcome.\r\n> '), wait(200)];
const nobody = (): boolean => false;
const isWord = ({ blanks, known }: Secret): boolean => known && !blanks;

/** As a string of JSON, its bytes as they are sent. */
const json = ({ sent }: Scene): string => JSON.stringify(sent);

const said = (bytes: string): Step[] => [...WELCOME, client(bytes), server('Ok.\r\n> '), wait(200)];

/** Words around a secret in a message, by the option. */
const FIELDS: readonly (readonly [name: string, option: number, payload: (scene: Scene) => string, knows?: (secret: Secret) => boolean])[] = [
  ['GMCP Char.Login.Credentials', GMCP, (scene) => `Char.Login.Credentials {"account": "bob", "password": ${json(scene)}}`],
  ['GMCP char.login', GMCP, (scene) => `char.login { "name": "bob", "password": ${json(scene)} }`],
  ['GMCP Char.Login.Credentials, all of it', GMCP, (scene) => `Char.Login.Credentials ${json(scene)}`],
  ['GMCP with a token', GMCP, (scene) => `Client.Session {"v": 1, "refreshToken": ${json(scene)}}`],
  ['GMCP with a password deep inside', GMCP, (scene) => `Ext.Thing [{"a": {"new_password": ${json(scene)}}}]`],
  ['GMCP with a name and its value', GMCP, (scene) => `Ext.Set {"name": "password", "value": ${json(scene)}}`],
  ['GMCP that does not parse', GMCP, (scene) => `Char.Login {"name": "bob", "password": ${json(scene)}`, nobody],
  ['GMCP of any name that does not parse', GMCP, (scene) => `Ext.Thing {"pass": ${json(scene)}`, nobody],
  ['ATCP login', ATCP, ({ sent }) => `login bob ${sent}`],
  ['ATCP, several lines', ATCP, ({ sent }) => `hello client\nlogin bob ${sent}`],
  ['ATCP Auth.Response', ATCP, ({ sent }) => `Auth.Response ${sent}`],
  ['MSDP PASSWORD', MSDP, ({ sent }) => `\x01PASSWORD\x02${sent}`],
  ['MSDP among others', MSDP, ({ sent }) => `\x01ACCOUNT_NAME\x02bob\x01ACCOUNT_PASSWORD\x02${sent}\x01X\x02y`],
  ['MSDP in a table', MSDP, ({ sent }) => `\x01LOGIN\x02\x03\x01NAME\x02bob\x01PASSWORD\x02${sent}\x04`],
  ['MSSP with a password', MSSP, ({ sent }) => `\x01NAME\x02Game\x01PASSWORD\x02${sent}`],
  ['ZMP login', ZMP, ({ sent }) => `zmp.login\0bob\0${sent}\0`],
  ['NEW-ENVIRON that nobody knows', NEW_ENVIRON, ({ sent }) => `\0\x03KEYRING\x01${sent}`, nobody],
  ['NEW-ENVIRON among others', NEW_ENVIRON, ({ sent }) => `\0\0USER\x01bob\x03MY_PASSWORD\x01${sent}\0LANG\x01C`],
  ['ENVIRON that nobody knows', ENVIRON, ({ sent }) => `\0\x03KEYRING\x01${sent}`, nobody],
  ['AUTHENTICATION', AUTHENTICATION, ({ sent }) => `\0\x06\0\0${sent}`, nobody],
  ['an option that nobody knows', UNKNOWN, ({ sent }) => sent, nobody],
];

/** Bytes that mean something in a protocol cannot stand in its values. */
const sayable = ({ bytes }: Secret): boolean => !/[\x00-\x08]/.test(bytes);

const MESSAGES: readonly Dressing[] = FIELDS.map(([name, option, payload, knows]) => ({
  name,
  telnet: true,
  fits: sayable,
  ...(knows ? { knows } : undefined),
  says: (scene) => said(sub(option, payload(scene))),
}));

const MCCP2 = sub(86, '');
const MCCP3 = sub(87, '');

/** The parts of one zlib stream (RFC 1950) that ends behind the last of them; each can be read when it has come. */
function packed(...parts: readonly string[]): string[] {
  const blocks = parts.map((part) => deflateRawSync(Buffer.from(part, 'latin1'), { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1'));
  // The sum of all of it stands at the end of any stream that holds the same.
  const sum = deflateSync(Buffer.from(parts.join(''), 'latin1'))
    .subarray(-4)
    .toString('latin1');
  return blocks.map((block, index) => `${index === 0 ? HEAD : ''}${block}${index === parts.length - 1 ? `${LAST_BLOCK}${sum}` : ''}`);
}

const HEAD = '\x78\x9c';
const LAST_BLOCK = '\x03\x00';

const COMPRESSED: readonly Dressing[] = [
  {
    name: 'behind a compressed prompt',
    telnet: true,
    knows: isWord,
    says: ({ sent }) => {
      const [name = '', pass = '', word = '', hello = ''] = packed('Name: ', 'Pass', 'word: ', '\r\nHello.\r\n> ');
      const before = [server(`Welcome.\r\n${MCCP2}`), server(name), wait(200), client('bob\r\n'), server(pass), server(word), wait(200)];
      return [...before, client(`${sent}\r\n`), server(hello), wait(200)];
    },
  },
  {
    name: 'said back compressed, at once',
    telnet: true,
    fits: ({ known }) => known,
    says: ({ sent }) => {
      const [prompt = '', ...answer] = packed('> ', 'What is ', `${sent}?`, '\r\n> ');
      return [server(`Welcome.\r\n${MCCP2}${prompt}`), wait(200), client(`connect bob ${sent}\r\n`), ...answer.map(server), wait(200)];
    },
  },
  {
    name: 'compressed by the client',
    telnet: true,
    says: ({ sent }) => [...WELCOME, client(`\xff\xfd\x57${MCCP3}${packed(`connect bob ${sent}\r\n`)}`), server('Ok.\r\n> '), wait(200)],
  },
  {
    name: 'compressed by the client key by key, behind a prompt',
    telnet: true,
    knows: isWord,
    says: (scene) => [
      ...named(),
      client(MCCP3),
      server('Password: '),
      wait(200),
      ...packed(...lettersOf(scene), '\r\n').map(client),
      server('\r\nHello.\r\n> '),
      wait(200),
    ],
  },
];

/** What follows a broken stream is read by nobody, so nobody knows what was asked. */
const BROKEN = `${MCCP2}no stream at all`;

const BLIND: readonly Dressing[] = [
  {
    name: 'while the server cannot be read',
    telnet: true,
    knows: nobody,
    says: ({ sent, dice }) => [
      ...named(),
      server(BROKEN),
      ...['look', 'up', 'down', 'north'].slice(0, dice.between(0, 4)).flatMap((line) => [client(`${line}\r\n`), server('Ok.'), wait(200)]),
      client(`${sent}\r\n`),
      server('Ok.'),
      wait(200),
    ],
  },
  {
    name: 'typed just in front of what cannot be read',
    telnet: true,
    knows: nobody,
    says: ({ sent }) => [server('login: '), wait(200), client(`bob\r\n${sent}\r\n`), server(BROKEN), wait(200), client('look\r\n'), wait(200)],
  },
  {
    name: 'when the server can be read again',
    telnet: true,
    soon: true,
    knows: isWord,
    says: ({ sent, dice }) => {
      const [rest = '', ok = ''] = packed('rest\r\nOk.\r\n> ', 'Ok.\r\n> ');
      const before = [...named(), server(BROKEN), wait(200), server(MCCP2 + rest), wait(pick(dice, [200, 130_000]))];
      return [...before, client(`${sent}\r\n`), server(ok), wait(200)];
    },
  },
  {
    name: 'behind START-TLS of the server',
    telnet: true,
    knows: nobody,
    says: ({ sent }) => [...named(), server(sub(46, '\x01')), server('Password: '), wait(200), client(`${sent}\r\n`), wait(200)],
  },
];

export const WIRED: readonly Dressing[] = [...MESSAGES, ...COMPRESSED, ...BLIND];
