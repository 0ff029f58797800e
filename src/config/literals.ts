/**
 * Reads `NAME = literal` in Python's syntax, as server.conf and mask packs are written (DESIGN 3). Receives text, gives assignments whose values
 * know their places. Executes nothing, reads no file, never throws anything but AuditError, and never shows a value in it.
 */
import type { Place } from '../errors.js';
import { NAME, NUMBER, refuseNameless, refuseStatement, refuseStranger, refuseTrailing, refuseWord } from './refusals.js';
import { quoteName, Source } from './source.js';
import { type Piece, readString } from './strings.js';

/** A configuration is far below this; more is a wrong file. Characters. */
export const MAX_TEXT = 1 << 20;

/** Brackets within brackets. Keeps the reader's own stack small whatever it is given. */
export const MAX_DEPTH = 64;

interface Placed {
  /** Where the value begins. */
  readonly place: Place;
}

/** A string or b'' (one character a byte). `at(i)`: where character `i` of the value stands in the file, also with escapes and joined strings. */
export type StringLiteral = Placed & { readonly kind: 'string'; readonly value: string; readonly bytes: boolean; at(index: number): Place };
export type DictLiteral = Placed & { readonly kind: 'dict'; readonly value: readonly Entry[] };
export type SequenceLiteral = Placed & { readonly kind: 'list' | 'tuple'; readonly value: readonly Literal[] };

/** A value and where it stands. `whole`: an int, not a float. */
export type Literal =
  | StringLiteral
  | DictLiteral
  | SequenceLiteral
  | (Placed & { readonly kind: 'number'; readonly value: number; readonly whole: boolean })
  | (Placed & { readonly kind: 'bool'; readonly value: boolean })
  | (Placed & { readonly kind: 'none'; readonly value: null });

export interface Entry {
  readonly key: Literal;
  readonly value: Literal;
}

export interface Assignment extends Placed {
  readonly name: string;
  readonly value: Literal;
}

const CLOSES: { readonly [open: string]: string } = { '[': ']', '(': ')', '{': '}' };
/**
 * Reads a whole text of assignments. `file` is the name that errors show. A name given twice is an error: in Python the later one would win
 * without a word. Throws AUDIT_CONFIG_SYNTAX, whatever the text.
 */
export function readLiterals(text: string, file: string): Assignment[] {
  const source = new Source(text, file);
  if (text.length > MAX_TEXT) source.fail(0, `longer than ${MAX_TEXT} characters; is this the right file?`);
  return new Reader(source).assignments();
}

class Reader {
  readonly #source: Source;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  assignments(): Assignment[] {
    const found = new Map<string, Assignment>();
    for (this.#skip(true); this.#at < this.#text.length; this.#skip(true)) {
      const start = this.#at;
      const one = this.#statement();
      const first = found.get(one.name);
      if (first) this.#fail(start, `${quoteName(one.name)} is given twice, first in line ${first.place.line}; keep one`);
      found.set(one.name, one);
    }
    return [...found.values()];
  }

  #fail(offset: number, message: string): never {
    return this.#source.fail(offset, message);
  }

  #match(pattern: RegExp): string | undefined {
    return this.#source.match(pattern, this.#at);
  }

  /** Passes blanks, comments and backslash-newline; with `lines`, line ends too. */
  #skip(lines: boolean): void {
    for (;;) {
      const here = this.#text[this.#at];
      if (here === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (here === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else if (here === ' ' || here === '\t' || here === '\f' || (lines && here === '\n')) this.#at += 1;
      else return;
    }
  }

  #statement(): Assignment {
    const start = this.#at;
    const name = this.#match(NAME);
    if (name === undefined || readString(this.#source, start)) refuseNameless(this.#source, start);
    const place = this.#source.place(start);
    this.#at += name.length;
    this.#skip(false);
    if (this.#text[this.#at] !== '=' || this.#text[this.#at + 1] === '=') refuseStatement(this.#source, { start, at: this.#at, word: name });
    this.#at += 1;
    this.#skip(false);
    const value = this.#topValue();
    this.#endOfStatement();
    return { name, place, value };
  }

  #endOfStatement(): void {
    this.#skip(false);
    const here = this.#text[this.#at];
    if (here === undefined || here === '\n') return;
    if (here !== ';') refuseTrailing(this.#source, this.#at, 'the line should end here');
    this.#at += 1;
    this.#skip(false);
    if (this.#text[this.#at] === ';') this.#fail(this.#at, 'nothing stands between these two ;; take one out');
  }

  /** A value, or a tuple without its brackets: `A = 1, 2`. */
  #topValue(): Literal {
    const first = this.#value(false);
    this.#skip(false);
    if (this.#text[this.#at] !== ',') return first;
    const value = [first];
    while (this.#text[this.#at] === ',') {
      this.#at += 1;
      this.#skip(false);
      const here = this.#text[this.#at];
      if (here === undefined || here === '\n' || here === ';') break;
      value.push(this.#value(false));
      this.#skip(false);
    }
    return { kind: 'tuple', value, place: first.place };
  }

  /** One literal. `inside` brackets, line ends are blanks. */
  #value(inside: boolean): Literal {
    const start = this.#at;
    const here = this.#text.charAt(start);
    const string = readString(this.#source, start);
    if (string) return this.#strings(string, start, inside);
    if (Object.hasOwn(CLOSES, here)) return this.#bracket(here);
    if (here === '-' || here === '+') return this.#signed(here);
    if (this.#match(NUMBER) !== undefined) return this.#number();
    const word = this.#match(NAME);
    if (word !== undefined) return this.#word(word);
    if (here === '' || here === '\n' || here === ';') this.#fail(start, 'a value is missing here');
    if (this.#text.startsWith('...', start)) this.#fail(start, '... stands for nothing here; write the value itself');
    return refuseStranger(this.#source, start, 'a value is wanted here');
  }

  /** Joins adjacent strings, and keeps for each character where it stands. */
  #strings(first: Piece, start: number, inside: boolean): Literal {
    const place = this.#source.place(start);
    const origins = [...first.origins];
    const parts = [first.value];
    let length = first.value.length;
    this.#at = first.end;
    for (;;) {
      this.#skip(inside);
      const next = readString(this.#source, this.#at);
      if (!next) break;
      if (next.bytes !== first.bytes) this.#fail(this.#at, "a b'' string and another cannot be joined; leave out the b");
      for (const [index, offset] of next.origins) origins.push([index + length, offset]);
      parts.push(next.value);
      length += next.value.length;
      this.#at = next.end;
    }
    const source = this.#source;
    return { kind: 'string', value: parts.join(''), bytes: first.bytes, place, at: (index) => source.place(originOf(origins, index)) };
  }

  #signed(sign: string): Literal {
    const place = this.#source.place(this.#at);
    const start = this.#at;
    this.#at += 1;
    this.#skip(this.#depth > 0);
    if (this.#match(NUMBER) === undefined) this.#fail(start, `'${sign}' is read only in front of a number`);
    const number = this.#number();
    return { ...number, value: sign === '-' && number.value !== 0 ? -number.value : number.value, place };
  }

  #number(): Literal & { kind: 'number' } {
    const start = this.#at;
    const digits = this.#match(NUMBER) ?? '';
    const place = this.#source.place(start);
    this.#at += digits.length;
    const whole = /^0[xXoObB]|^[\d_]+$/.test(digits);
    const value = Number(digits.replaceAll('_', ''));
    const next = this.#match(NAME);
    if (next !== undefined && /^[jJ]$/.test(next)) this.#fail(start, 'a complex number is not read here');
    if (next !== undefined || /\d/.test(this.#text.charAt(this.#at))) {
      this.#fail(start, "a number with letters in it; a size such as '64k' stands in quotes, and so does any text");
    }
    if (whole && /^0[\d_]*[1-9]/.test(digits)) this.#fail(start, 'a number that begins with 0; write 0o17 for octal, or leave out the 0');
    if (whole && !Number.isSafeInteger(value)) this.#fail(start, `a number beyond ${Number.MAX_SAFE_INTEGER}; put it in quotes if it is a text`);
    return { kind: 'number', value, whole, place };
  }

  #word(word: string): Literal {
    const place = this.#source.place(this.#at);
    const start = this.#at;
    this.#at += word.length;
    if (word === 'True' || word === 'False') return { kind: 'bool', value: word === 'True', place };
    if (word === 'None') return { kind: 'none', value: null, place };
    this.#skip(this.#depth > 0);
    return refuseWord(this.#source, { start, at: this.#at, word });
  }

  #bracket(open: string): Literal {
    const start = this.#at;
    if (this.#depth === MAX_DEPTH) this.#fail(start, `brackets more than ${MAX_DEPTH} deep`);
    const place = this.#source.place(start);
    this.#depth += 1;
    this.#at += 1;
    const value = open === '{' ? this.#dict(start, place) : this.#sequence(open, start, place);
    this.#depth -= 1;
    return value;
  }

  #sequence(open: string, start: number, place: Place): Literal {
    const value: Literal[] = [];
    let commas = 0;
    while (!this.#closed(open, start)) {
      value.push(this.#value(true));
      if (this.#comma(open, start)) commas += 1;
    }
    const [only] = value;
    if (open === '(' && only && commas === 0) return { ...only, place };
    return { kind: open === '(' ? 'tuple' : 'list', value, place };
  }

  #dict(start: number, place: Place): Literal {
    const value: Entry[] = [];
    const seen = new Map<string, Place>();
    while (!this.#closed('{', start)) {
      const at = this.#at;
      const key = this.#value(true);
      this.#once(key, at, seen);
      this.#skip(true);
      if (this.#text[this.#at] !== ':' || this.#text[this.#at + 1] === '=') this.#noColon(at);
      this.#at += 1;
      this.#skip(true);
      value.push({ key, value: this.#value(true) });
      this.#comma('{', start);
    }
    return { kind: 'dict', value, place };
  }

  #once(key: Literal, at: number, seen: Map<string, Place>): void {
    const identity = identityOf(key);
    if (identity === undefined) this.#fail(at, 'a list or dict cannot be the name of an entry; write a string');
    const first = seen.get(identity);
    const name = key.kind === 'string' ? quoteName(key.value) : 'this entry';
    if (first) this.#fail(at, `${name} is given twice, first in line ${first.line}, column ${first.column}; keep one`);
    seen.set(identity, key.place);
  }

  #noColon(at: number): never {
    const next = this.#text.charAt(this.#at);
    if (next === ',' || next === '}') this.#fail(at, "an entry without a value (a set is not read); write 'name': value, or [ ] for a list");
    refuseTrailing(this.#source, this.#at, 'a : is wanted here');
  }

  /** True, and past the bracket, where it closes here. */
  #closed(open: string, start: number): boolean {
    this.#skip(true);
    const here = this.#text.charAt(this.#at);
    if (here === '') this.#fail(start, `'${open}' is not closed; a '${CLOSES[open]}' is missing`);
    if (here === CLOSES[open]) {
      this.#at += 1;
      return true;
    }
    if (here === ',') this.#fail(this.#at, 'nothing stands in front of this comma');
    if (here === '*') this.#fail(this.#at, '* unpacks another value, and nothing is looked up here; write the values themselves');
    this.#wrongClose(open, start);
    return false;
  }

  #wrongClose(open: string, start: number): void {
    const here = this.#text.charAt(this.#at);
    if (!Object.values(CLOSES).includes(here)) return;
    const { line, column } = this.#source.place(start);
    this.#fail(this.#at, `'${here}' does not close the '${open}' of line ${line}, column ${column}; a '${CLOSES[open]}' is missing`);
  }

  /** Behind an item: passes a comma (true), or leaves the closing bracket for `#closed`. */
  #comma(open: string, start: number): boolean {
    this.#skip(true);
    const here = this.#text.charAt(this.#at);
    if (here === ',') this.#at += 1;
    else if (here !== '' && here !== CLOSES[open]) {
      this.#wrongClose(open, start);
      refuseTrailing(this.#source, this.#at, `a comma or '${CLOSES[open]}' is wanted here`);
    }
    return here === ',';
  }
}

/** Offset in the source of character `index` of a string. */
function originOf(origins: readonly (readonly [number, number])[], index: number): number {
  let low = 0;
  let high = origins.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((origins[middle]?.[0] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const [from, offset] = origins[low] ?? [0, 0];
  return offset + Math.max(0, index - from);
}

/** What makes two keys of a dict the same in Python (1, 1.0 and True are one); undefined for what cannot be a key. */
function identityOf(key: Literal): string | undefined {
  if (key.kind === 'list' || key.kind === 'dict') return undefined;
  if (key.kind === 'string') return `${key.bytes ? 'b' : 's'}${JSON.stringify(key.value)}`;
  if (key.kind === 'none') return 'none';
  if (key.kind !== 'tuple') return `n${Number(key.value)}`;
  const parts = key.value.map(identityOf);
  return parts.includes(undefined) ? undefined : `(${parts.join()})`;
}
