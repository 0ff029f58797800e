/**
 * Python's string literals: prefixes r b u, single and triple quotes, escapes. Gives the text and where each of its characters stands.
 * An escape that Python does not know stays as it is written, as in Python (`'\s'` is `\s`). Never shows what a string holds.
 * Source: The Python Language Reference, 2.4.1 "String and Bytes literals".
 */
import type { Source } from './source.js';

const OPENING = /([rR][bB]?|[bB][rR]?|[uU])?('''|"""|'|")/y;
const FORMATTED = /(?:[fFtT][rR]?|[rR][fFtT])['"]/y;

const SIMPLE: { readonly [letter: string]: string } = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** One literal read: what it says, whether it was b'', and the offset behind its closing quote. */
export interface Piece {
  readonly value: string;
  readonly bytes: boolean;
  readonly end: number;
  /** Pairs: from this index of `value` on, characters stand at this offset of the source, one by one. Rising; at least one pair. */
  readonly origins: readonly (readonly [index: number, offset: number])[];
}

interface Opening {
  readonly quote: string;
  readonly raw: boolean;
  readonly bytes: boolean;
  /** Offset of the first character behind the quote. */
  readonly body: number;
}

/** The quote and prefix at `offset`, or undefined where no string begins. An f-string is refused. */
function openingAt(source: Source, offset: number): Opening | undefined {
  FORMATTED.lastIndex = offset;
  if (FORMATTED.test(source.text)) source.fail(offset, 'an f-string is code, and nothing is executed here; write the text itself');
  OPENING.lastIndex = offset;
  const [all, prefix = '', quote] = OPENING.exec(source.text) ?? [];
  if (all === undefined || quote === undefined) return undefined;
  return { quote, raw: /r/i.test(prefix), bytes: /b/i.test(prefix), body: offset + all.length };
}

/** Reads the string literal at `offset`; undefined where none begins. A b'' gives one character a byte (U+0000 to U+00FF). Throws AUDIT_CONFIG_SYNTAX. */
export function readString(source: Source, offset: number): Piece | undefined {
  const opening = openingAt(source, offset);
  if (!opening) return undefined;
  const { quote, raw, bytes } = opening;
  const origins: [number, number][] = [[0, opening.body]];
  let value = '';
  let at = opening.body;
  while (!source.text.startsWith(quote, at)) {
    const plain = plainEnd(source.text, at, quote);
    value += source.text.slice(at, plain);
    at = plain;
    if (source.text[at] === '\\' && at + 1 < source.text.length) {
      origins.push([value.length, at]);
      const read = raw ? { says: source.text.slice(at, at + 2), end: at + 2 } : readEscape(source, at, bytes);
      value += read.says;
      at = read.end;
      origins.push([value.length, at]);
    } else if (!source.text.startsWith(quote, at)) notClosed(source, offset, quote);
  }
  if (bytes) onlyBytes(source, opening.body, at);
  return { value, bytes, end: at + quote.length, origins };
}

/** Offset of the next backslash, quote, or (in a string of one line) line end. A lone quote inside a triple one is plain. */
function plainEnd(text: string, from: number, quote: string): number {
  const mark = quote.charAt(0);
  let at = from;
  for (; at < text.length; at += 1) {
    const here = text[at];
    if (here === '\\') break;
    if (here === mark && text.startsWith(quote, at)) break;
    if (here === '\n' && quote.length === 1) break;
  }
  return at;
}

function notClosed(source: Source, offset: number, quote: string): never {
  const why = quote.length === 1 ? `put ${quote} at its end, or three of them around a text of several lines` : `put ${quote} at its end`;
  source.fail(offset, `a string that is not closed; ${why}`);
}

function onlyBytes(source: Source, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    if (source.text.charCodeAt(at) > 0x7f) source.fail(at, "a b'' string holds ASCII alone; leave out the b, or write \\x41 and the like");
  }
}

interface Escape {
  readonly says: string;
  readonly end: number;
}

/** Reads the escape whose backslash stands at `at`. */
function readEscape(source: Source, at: number, bytes: boolean): Escape {
  const letter = source.text.charAt(at + 1);
  const simple = Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined;
  if (simple !== undefined) return { says: simple, end: at + 2 };
  if (letter === 'x') return readHex(source, at, 2);
  if (letter >= '0' && letter <= '7') return readOctal(source, at, bytes);
  if (!bytes && letter === 'u') return readHex(source, at, 4);
  if (!bytes && letter === 'U') return readHex(source, at, 8);
  if (!bytes && letter === 'N') source.fail(at, 'a character by its name (\\N) is not read here; write the character itself, or \\u and its number');
  return { says: source.text.slice(at, at + 2), end: at + 2 };
}

function readHex(source: Source, at: number, digits: number): Escape {
  const end = at + 2 + digits;
  const hex = source.text.slice(at + 2, end);
  const code = hex.length === digits && /^[0-9a-f]+$/i.test(hex) ? Number.parseInt(hex, 16) : -1;
  const name = source.text.slice(at, at + 2);
  if (code < 0) source.fail(at, `${name} wants ${digits} hex digits behind it; write \\\\ for a backslash, or put r in front of the string`);
  if (code > 0x10ffff) source.fail(at, 'there is no character of that number; \\U0010ffff is the last');
  return { says: String.fromCodePoint(code), end };
}

/** One to three octal digits; in a b'' string what is beyond a byte is cut off, as Python does. */
function readOctal(source: Source, at: number, bytes: boolean): Escape {
  const digits = /^[0-7]{1,3}/.exec(source.text.slice(at + 1, at + 4))?.[0] ?? '';
  const code = Number.parseInt(digits, 8);
  return { says: String.fromCharCode(bytes ? code & 0xff : code), end: at + 1 + digits.length };
}
