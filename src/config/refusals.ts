/**
 * What the reader of literals says of Python that is no literal: what it is, and how to mend it. Each function throws AUDIT_CONFIG_SYNTAX. They name
 * operators and words of Python, never a value.
 */
import type { Source } from './source.js';
import { readString } from './strings.js';

export const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Python's ints and floats; `01` and what follows a number are looked at by the reader. */
export const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y;

const OPERATOR = /\*\*|\/\/|<<|>>|[=!<>:]=|->|[-+*/%@&|^~<>]/y;
const OPERATOR_WORDS = ['and', 'or', 'not', 'in', 'is', 'if', 'else'];
const CODE_WORDS = [
  'def',
  'class',
  'if',
  'elif',
  'else',
  'for',
  'while',
  'try',
  'with',
  'del',
  'return',
  'assert',
  'global',
  'raise',
  'pass',
  'async',
];
const OPENS = /[[({]/y;
/** What people write for Python's words. */
const MEANT: { readonly [word: string]: string } = {
  true: 'True',
  false: 'False',
  none: 'None',
  null: 'None',
  nil: 'None',
  yes: 'True',
  no: 'False',
};

const CODE = 'nothing is executed here';
const LOOK = 'nothing is looked up here';
const VALUE = 'so write the value itself';
const LINES = 'so write NAME = value lines alone';

/** A word, where it begins, and the offset of what follows it. */
export interface Word {
  readonly start: number;
  readonly at: number;
  readonly word: string;
}

/** A statement that does not begin with a name. */
export function refuseNameless(source: Source, at: number): never {
  if (readString(source, at)) {
    source.fail(at, 'a string without a name; write NAME = in front, # for a comment, or put brackets around strings that belong together');
  }
  const value = source.match(NUMBER, at) ?? source.match(OPENS, at);
  if (value !== undefined) source.fail(at, 'a value without a name; write NAME = in front of it');
  refuseStranger(source, at, 'NAME = value is wanted here');
}

/** A statement that begins with a name and is no assignment. */
export function refuseStatement(source: Source, { start, at, word }: Word): never {
  const next = source.text.charAt(at);
  if (word === 'import' || word === 'from') source.fail(start, `an import; ${CODE}, so write the values themselves`);
  if (CODE_WORDS.includes(word)) source.fail(start, `'${word}' is code; ${CODE}, ${LINES}`);
  if (next === '(') source.fail(start, `a call; ${CODE}, ${LINES}`);
  if (next === '.' || next === '[') source.fail(start, 'only a plain name can be given a value; write the whole value as NAME = ...');
  if (next === ',') source.fail(start, 'one name a statement; write a line for each');
  if (next === ':') source.fail(start, 'a name with a type or a colon; write NAME = value');
  const operator = source.match(OPERATOR, at);
  if (operator && source.text[at + operator.length] === '=') source.fail(at, `'${operator}=' is not read; write the whole value with =`);
  if (operator) source.fail(at, `'${operator}' is an operator; write NAME = value`);
  if (next !== '' && next !== '\n' && next !== ';') refuseStranger(source, at, "an '=' is wanted here");
  source.fail(start, `a name and no value; write ${word.length > 40 ? 'NAME' : word} = value`);
}

/** A word in place of a value, that is not True, False or None. It is not repeated: it may be a secret without its quotes. */
export function refuseWord(source: Source, { start, at, word }: Word): never {
  const next = source.text.charAt(at);
  if (next === '(') source.fail(start, `a call; ${CODE}, ${VALUE}, or {'env': 'NAME'} for an environment variable`);
  if (next === '.' || next === '[') source.fail(start, `a part of a module or of another value; ${LOOK}, ${VALUE}`);
  const follows = source.match(NAME, at);
  if (follows === 'for' || follows === 'async') source.fail(start, `a comprehension is code, and ${CODE}; write the values themselves`);
  const operator = source.match(OPERATOR, at) ?? OPERATOR_WORDS.find((one) => one === follows);
  if (operator) source.fail(start, `an expression ('${operator}' is an operator); ${CODE}, ${VALUE}`);
  if (word === 'lambda' || OPERATOR_WORDS.includes(word)) source.fail(start, `'${word}' is code; ${CODE}, ${VALUE}`);
  const meant = Object.hasOwn(MEANT, word.toLowerCase()) ? MEANT[word.toLowerCase()] : undefined;
  if (meant) source.fail(start, `Python writes this ${meant}`);
  source.fail(start, `a name without quotes; put quotes around it if it is a text (${LOOK})`);
}

/** Something follows a value that cannot. */
export function refuseTrailing(source: Source, at: number, wanted: string): never {
  const here = source.text.charAt(at);
  const word = source.match(NAME, at);
  const operator = source.match(OPERATOR, at) ?? OPERATOR_WORDS.find((one) => one === word);
  if (here === '(') source.fail(at, `a call; ${CODE}, ${VALUE}`);
  if (here === '[') source.fail(at, `an index; ${LOOK}, ${VALUE} (or put a comma in front of a list)`);
  if (here === '.') source.fail(at, `a method or a part of a value; ${CODE}, ${VALUE}`);
  if (word === 'for' || word === 'async') source.fail(at, `a comprehension is code, and ${CODE}; write the values themselves`);
  if (operator) source.fail(at, `'${operator}' is an operator; ${CODE}, ${VALUE}`);
  if (here === '=') source.fail(at, `one '=' a statement; ${wanted}`);
  refuseStranger(source, at, wanted);
}

/** A character that has no business here. */
export function refuseStranger(source: Source, at: number, wanted: string): never {
  const code = source.text.codePointAt(at) ?? 0;
  if (/[\u2018-\u201f\u00ab\u00bb]/.test(String.fromCodePoint(code))) source.fail(at, `a typographic quote; type ' or " instead`);
  if (code >= 0x20 && code < 0x7f) source.fail(at, wanted);
  source.fail(at, `the character U+${code.toString(16).toUpperCase().padStart(4, '0')} has no meaning outside quotes; ${wanted}`);
}
