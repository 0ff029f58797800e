/**
 * server.conf: what is written in Python's syntax, in any of its ways, is read as it was meant; what is read is printed so that it is read again; anything else
 * is an AuditError with a place in the text, and no error quotes a value.
 */
import { type Literal, readLiterals } from '../../../src/config/literals.js';
import { pythonOf } from '../../../src/config/python.js';
import { loadSettings } from '../../../src/config/settings.js';
import { AuditError } from '../../../src/errors.js';
import type { Dice } from '../../harness.js';
import { type Input, isData, type Target } from '../input.js';
import { bytesOf, hostile, mutate, pick, several, type Word } from '../words.js';

/** Stands in values alone, and in no name that an error may show. */
const SECRET = 'hunter~2';

const TEXTS = [
  '',
  'a',
  SECRET,
  "it's",
  '"',
  '\\',
  '\\d+',
  "'''",
  'é',
  '🐉',
  '\n',
  '\t',
  '\0',
  '\x7f',
  '\u2028',
  '#',
  '(?P<secret>\\S+)',
  '{',
  '\ud800',
];
const NUMBERS = [0, 1, -1, 7, 4_000, 1.5, -0.25, 1e21, 1e-7, 9_007_199_254_740_991];

/** A value, as pythonOf takes it. */
function anyValue(dice: Dice, depth: number): unknown {
  const kind = dice.between(0, depth > 4 ? 3 : 6);
  if (kind === 0) return pick(dice, [null, true, false]);
  if (kind === 1) return pick(dice, NUMBERS);
  if (kind <= 3) return Array.from({ length: dice.between(0, 3) }, () => pick(dice, TEXTS)).join('');
  if (kind <= 5) return Array.from({ length: dice.between(0, 4) }, () => anyValue(dice, depth + 1));
  return Object.fromEntries(Array.from({ length: dice.between(0, 3) }, () => [`k${pick(dice, TEXTS)}`, anyValue(dice, depth + 1)]));
}

const blank = (dice: Dice): string => pick(dice, ['', '', ' ', '\n', '\t', ' # a comment\n', '\r\n', ' \\\n']);

/** The same value in one of the ways that a person may write it. */
function written(dice: Dice, value: unknown): string {
  if (typeof value === 'string') return stringOf(dice, value);
  if (Array.isArray(value)) return `[${value.map((one) => `${blank(dice)}${written(dice, one)}${blank(dice)},`).join('')}${blank(dice)}]`;
  if (typeof value !== 'object' || value === null) return pythonOf(value);
  const entries = Object.entries(value).map(([name, one]) => `${stringOf(dice, name)}${blank(dice)}:${blank(dice)}${written(dice, one)}`);
  return `{${blank(dice)}${entries.join(`${blank(dice)},${blank(dice)}`)}}`;
}

function stringOf(dice: Dice, text: string): string {
  const at = dice.between(0, 3) === 0 ? dice.between(0, text.length) : 0;
  if (at > 0) return `${pythonOf(text.slice(0, at))} ${stringOf(dice, text.slice(at))}`;
  const quote = pick(dice, ["'''", '"""']);
  const plain = !/[\\\r\ud800-\udfff]/.test(text) && !text.includes(quote.charAt(0));
  return plain && dice.between(0, 1) === 0 ? `${pick(dice, ['', 'r', 'u'])}${quote}${text}${quote}` : pythonOf(text);
}

/** What is read, as pythonOf takes it. */
function plainOf({ kind, value }: Literal): unknown {
  if (kind === 'list' || kind === 'tuple') return value.map(plainOf);
  if (kind === 'dict') return Object.fromEntries(value.map(({ key, value: one }) => [pythonOf(plainOf(key)), plainOf(one)]));
  return value;
}

const WORDS = [
  'A',
  ' = ',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  ',',
  ':',
  "'",
  '"',
  "'''",
  '\\',
  '\n',
  '#',
  '1',
  '.5',
  '0x',
  '1e9',
  '-',
  'True',
  'None',
  'b',
  'r',
  'f',
  ';',
  'é',
  '\0',
];
const word: Word = (dice) => Buffer.from(pick(dice, [...WORDS, SECRET]));

const KEYS = [
  'LISTENERS',
  'AUDIT_CALLBACK',
  'AUDIT_MASKS',
  'AUDIT_EXCLUDE',
  'AUDIT_IDENTITY',
  'TRUSTED_PROXIES',
  'SPOOL_MAX_BYTES',
  'LISTEN',
  'UPSTREAM',
];
const VALUES = [
  "[{'name': 'a', 'listen': 'telnet://127.0.0.1:4000', 'upstream': 'tcp://h:1', 'max_sessions': 3, 'allow': ['10.0.0.0/8']}]",
  "{'use': 'file', 'path': 'a', 'size': '10m', 'keep_days': 3}",
  "{'x': r'say (?P<secret>\\S+)', 'y': {'pattern': r'a{,8}(?P<secret>\\w+)$', 'direction': 'in'}}",
  "[{'name': 'gmcp', 'oob': 'Char.Login', 'path': 'password', 'hides': ['a'], 'shows': []}]",
  "['10.0.0.0/8', '::1']",
  "'4g'",
  "'telnet://127.0.0.1:4000'",
  `{'token': '${SECRET}', 'use': 'http', 'url': 'https://u:${SECRET}@h/'}`,
];

/** What begins so is given with `--set`; anything else is a file. */
const SET = 'set ';

function make(dice: Dice): Input {
  const way = dice.between(1, 20);
  if (way === 1) return [['RCV', hostile(dice, word)]];
  if (way <= 4) return [['RCV', several(dice, word, 40)]];
  if (way <= 6) return [['RCV', Buffer.concat([bytesOf(`${SET}${pick(dice, KEYS)}=`), mutate(dice, bytesOf(pick(dice, VALUES)))])]];
  const value = anyValue(dice, 0);
  const text = `# made\nA = ${written(dice, value)}\n`;
  const [read] = readLiterals(text, 'f');
  if (!read || pythonOf(plainOf(read.value)) !== pythonOf(keysPrinted(value))) throw new Error(`read otherwise: ${JSON.stringify(text)}`);
  return [['RCV', way <= 12 ? mutate(dice, Buffer.from(text)) : Buffer.from(text)]];
}

/** Names of entries as plainOf gives them. */
function keysPrinted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysPrinted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [pythonOf(name), keysPrinted(one)]));
}

/** An error of ours, which points into the text and quotes nothing. */
function checkError(error: unknown, text: string): string {
  if (!(error instanceof AuditError)) throw error;
  const said = String(error);
  if (said.includes(SECRET)) throw new Error('a value stands in an error');
  const { line = 1, column = 1 } = error.place ?? {};
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  if (line < 1 || column < 1 || line > lines.length || column > [...(lines[line - 1] ?? '')].length + 1)
    throw new Error(`points nowhere: ${line}:${column}`);
  return said;
}

function say(input: Input): readonly string[] {
  const text = Buffer.concat(input.flatMap((part) => (isData(part) ? [part[1]] : []))).toString('utf8');
  try {
    if (text.startsWith(SET)) return [loadSettings({ file: null, set: [text.slice(SET.length)], cwd: '/', env: {} }).digest];
    return readLiterals(text, 'f').map(({ name, value }) => readAgain(name, value));
  } catch (error) {
    return [checkError(error, text)];
  }
}

function readAgain(name: string, value: Literal): string {
  const printed = pythonOf(plainOf(value));
  const [again] = readLiterals(`${name} = ${printed}`, 'f');
  const plain = again && plainOf(again.value);
  const wanted = keysPrinted(plainOf(value));
  if (pythonOf(plain) !== pythonOf(wanted)) throw new Error('what is printed is read otherwise');
  return printed;
}

export const conf: Target = { name: 'conf', splits: false, make, say };
