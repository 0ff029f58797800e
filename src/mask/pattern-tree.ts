/**
 * Reads a pattern in Python's `re` syntax (str, case never counts) into a tree. Receives the pattern, gives the tree and its groups; says with its
 * place what is no Python, and what matching in linear time cannot do. Follows CPython 3.11's `re/_parser.py`, rule by rule; never matches anything.
 */
import { ASCII_DIGITS, ASCII_SPACES, ASCII_WORD, complement, fold, type Range } from './unicode.js';

/** `\w \d \s` and their opposites, in Unicode's meaning. */
export type Category = 'w' | 'W' | 'd' | 'D' | 's' | 'S';

/** One character: one of `ranges` or `categories`; with `negated`, none of them. */
export interface CharSet {
  readonly kind: 'set';
  readonly ranges: readonly Range[];
  readonly categories: readonly Category[];
  readonly negated: boolean;
}

export type Node =
  | CharSet
  /** An empty place. `ascii`: the word boundary of `(?a)`. */
  | { readonly kind: 'at'; readonly at: 'start' | 'end' | 'boundary' | 'inside'; readonly ascii: boolean }
  | { readonly kind: 'all'; readonly items: readonly Node[] }
  | { readonly kind: 'either'; readonly items: readonly Node[] }
  /** A group that captures, numbered from 1. */
  | { readonly kind: 'group'; readonly number: number; readonly item: Node }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number; readonly lazy: boolean };

/** A group with a name. `index` is where its parenthesis stands, in characters of the pattern. */
export interface NamedGroup {
  readonly name: string;
  readonly number: number;
  readonly index: number;
  /** Whether it stands inside something that may come more than once. */
  repeated: boolean;
}

export interface PatternTree {
  readonly root: Node;
  readonly groups: readonly NamedGroup[];
}

/** Why a pattern is refused. `index` counts characters (code points) from 0. */
export class PatternError extends Error {
  readonly index: number;

  constructor(message: string, index: number) {
    super(message);
    this.index = index;
  }
}

interface Flags {
  readonly ascii: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
  readonly anyCase: boolean;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 0x5c],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);
const NEWLINE: Range = [10, 10];
/** Nested deeper than this is no pattern that a person wrote, and would be a danger to our stack and RE2's. */
const DEEPEST = 100;
/** RE2's own limit on `{n,m}`. */
const MOST_TURNS = 1000;
/** Python's MAXREPEAT stands for "without end". */
export const ENDLESS = Number.POSITIVE_INFINITY;

/** Reads a pattern. Throws PatternError. */
export function parsePattern(pattern: string): PatternTree {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #count = 0;
  readonly #groups: NamedGroup[] = [];
  #flags: Flags = { ascii: false, dotAll: false, verbose: false, anyCase: true };

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  parse(): PatternTree {
    const root = this.#either(true);
    if (this.#at < this.#chars.length) this.#fail('a `)` without its `(`; write `\\)` for the character', this.#at);
    return { root, groups: this.#groups };
  }

  #fail(message: string, index: number): never {
    throw new PatternError(message, index);
  }

  #peek(offset = 0): string {
    return this.#chars[this.#at + offset] ?? '';
  }

  #take(): string {
    return this.#chars[this.#at++] ?? '';
  }

  #skip(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#at++;
    return true;
  }

  #takeWhile(test: RegExp, most = ENDLESS): string {
    let taken = '';
    while (taken.length < most && test.test(this.#peek())) taken += this.#take();
    return taken;
  }

  #either(head: boolean): Node {
    if (++this.#depth > DEEPEST) this.#fail(`groups nested deeper than ${DEEPEST}`, this.#at);
    const items = [this.#all(head)];
    while (this.#skip('|')) items.push(this.#all(false));
    this.#depth--;
    return items.length === 1 && items[0] ? items[0] : { kind: 'either', items };
  }

  #all(head: boolean): Node {
    const items: Node[] = [];
    for (;;) {
      const before = this.#at;
      const char = this.#peek();
      if (char === '' || char === '|' || char === ')') return { kind: 'all', items };
      if (this.#flags.verbose && this.#verboseGap(char)) continue;
      if ('*+?'.includes(char) || (char === '{' && this.#counted() !== undefined)) {
        items.push(this.#repeat(items.pop(), before));
        continue;
      }
      const item = this.#item(head && items.length === 0);
      if (item) items.push(item);
    }
  }

  #verboseGap(char: string): boolean {
    if (/[ \t\n\r\v\f]/.test(char)) this.#at++;
    else if (char === '#') this.#takeWhile(/[^\n]/);
    else return false;
    return true;
  }

  /** `{n}`, `{n,}`, `{,m}`, `{n,m}` at this place, without moving; anything else in braces is literal. */
  #counted(): { readonly min: number; readonly max: number; readonly length: number } | undefined {
    const rest = this.#chars.slice(this.#at, this.#at + 48).join('');
    const [all, low, comma, high] = /^\{(\d*)(,?)(\d*)\}/.exec(rest) ?? [];
    if (all === undefined || all === '{}') return undefined;
    const min = low ? Number(low) : 0;
    if (!comma) return { min, max: min, length: all.length };
    return { min, max: high ? Number(high) : ENDLESS, length: all.length };
  }

  #bounds(): { readonly min: number; readonly max: number } {
    const at = this.#at;
    const counted = this.#counted();
    if (!counted) {
      const sign = this.#take();
      return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : ENDLESS };
    }
    this.#at += counted.length;
    if (counted.max < counted.min) this.#fail('the smaller count comes first: {min,max}', at);
    if (counted.min > MOST_TURNS || (counted.max !== ENDLESS && counted.max > MOST_TURNS)) {
      this.#fail(`counts go up to ${MOST_TURNS} in linear-time matching; write {n,} or *`, at);
    }
    return counted;
  }

  #repeat(item: Node | undefined, at: number): Node {
    if (!item || item.kind === 'at') this.#fail('nothing to repeat here; write a backslash before the sign if it is meant as a character', at);
    if (item.kind === 'repeat') this.#fail('repeated twice; put the inner one into (?:...)', at);
    const { min, max } = this.#bounds();
    if (this.#peek() === '+') this.#fail('a possessive quantifier cannot be matched in linear time; leave the second sign away', this.#at);
    const lazy = this.#skip('?');
    if (max > 1) this.#markRepeated(item);
    return { kind: 'repeat', item, min, max, lazy };
  }

  #markRepeated(node: Node): void {
    if (node.kind === 'group') for (const group of this.#groups) if (group.number === node.number) group.repeated = true;
    if (node.kind === 'group' || node.kind === 'repeat') this.#markRepeated(node.item);
    if (node.kind === 'all' || node.kind === 'either') for (const item of node.items) this.#markRepeated(item);
  }

  #item(head: boolean): Node | undefined {
    const at = this.#at;
    const char = this.#take();
    const { ascii, dotAll } = this.#flags;
    if (char === '(') return this.#group(head, at);
    if (char === '[') return this.#class(at);
    if (char === '\\') return this.#escape(at);
    if (char === '.') return { kind: 'set', ranges: dotAll ? [] : [NEWLINE], categories: [], negated: true };
    if (char === '^') return { kind: 'at', at: 'start', ascii };
    if (char === '$') return { kind: 'at', at: 'end', ascii };
    return this.#literal(char.codePointAt(0) ?? 0);
  }

  #literal(point: number): CharSet {
    return this.#set([[point, point]], [], false);
  }

  #set(ranges: readonly Range[], categories: readonly Category[], negated: boolean): CharSet {
    const folded = this.#flags.anyCase ? fold(ranges, this.#flags.ascii) : ranges;
    if (!this.#flags.ascii) return { kind: 'set', ranges: folded, categories, negated };
    return { kind: 'set', ranges: [...folded, ...categories.flatMap(asciiRanges)], categories: [], negated };
  }

  #escape(at: number): Node {
    const char = this.#peek();
    const { ascii } = this.#flags;
    if (/[wWdDsS]/.test(char)) return this.#set([], [this.#take() as Category], false);
    const place = ({ A: 'start', Z: 'end', b: 'boundary', B: 'inside' } as const)[char as 'A' | 'Z' | 'b' | 'B'];
    if (place) {
      this.#at++;
      return { kind: 'at', at: place, ascii };
    }
    if (/[1-9]/.test(char) && !/^[0-3][0-7][0-7]$/.test(this.#chars.slice(this.#at, this.#at + 3).join(''))) this.#backReference(at);
    return this.#literal(this.#character(at));
  }

  #backReference(at: number): never {
    if (/^[4-7][0-7][0-7]$/.test(this.#chars.slice(this.#at, this.#at + 3).join(''))) this.#fail('an octal escape beyond \\377', at);
    this.#fail('a back-reference cannot be matched in linear time; spell the text out', at);
  }

  /** An escape that stands for one character, the same inside and outside of classes. */
  #character(at: number): number {
    const char = this.#take();
    if (char === '') this.#fail('a backslash at the end of the pattern', at);
    const simple = SIMPLE_ESCAPES.get(char);
    if (simple !== undefined) return simple;
    const digits = HEX_DIGITS.get(char);
    if (digits !== undefined) return this.#hexadecimal(digits, at);
    if (char === 'N') this.#fail('character names are not known here; write \\u and four hexadecimal digits', at);
    if (/[0-7]/.test(char)) return this.#octal(char, at);
    if (/[A-Za-z0-9]/.test(char)) this.#fail(`\\${char} is no escape of Python's`, at);
    return char.codePointAt(0) ?? 0;
  }

  #hexadecimal(digits: number, at: number): number {
    const text = this.#takeWhile(/[0-9a-fA-F]/, digits);
    const point = Number.parseInt(text, 16);
    if (text.length !== digits) this.#fail(`this escape takes exactly ${digits} hexadecimal digits`, at);
    if (point > 0x10ffff) this.#fail('there is no character with this number', at);
    return point;
  }

  #octal(first: string, at: number): number {
    const point = Number.parseInt(first + this.#takeWhile(/[0-7]/, 2), 8);
    if (point > 0o377) this.#fail('an octal escape beyond \\377', at);
    return point;
  }

  #class(at: number): CharSet {
    const ranges: Range[] = [];
    const categories: Category[] = [];
    const negated = this.#skip('^');
    const first = this.#at;
    for (;;) {
      if (this.#peek() === '' && this.#at >= this.#chars.length) this.#fail('a `[` without its `]`', at);
      if (this.#at > first && this.#skip(']')) return this.#set(ranges, categories, negated);
      const start = this.#at;
      const low = this.#classItem(at);
      if (this.#peek() !== '-' || this.#peek(1) === ']') add(low);
      else this.#classRange(low, start, ranges, at);
    }
    function add(item: number | Category): void {
      if (typeof item === 'number') ranges.push([item, item]);
      else categories.push(item);
    }
  }

  #classRange(low: number | Category, start: number, ranges: Range[], at: number): void {
    this.#at++;
    const high = this.#classItem(at);
    if (typeof low !== 'number' || typeof high !== 'number') this.#fail('a range goes from one character to another; write \\- for the sign', start);
    if (high < low) this.#fail('a range that ends before it begins', start);
    ranges.push([low, high]);
  }

  #classItem(classAt: number): number | Category {
    const at = this.#at;
    const char = this.#take();
    if (char === '') this.#fail('a `[` without its `]`', classAt);
    if (char !== '\\') return char.codePointAt(0) ?? 0;
    if (/[wWdDsS]/.test(this.#peek())) return this.#take() as Category;
    if (this.#skip('b')) return 8;
    return this.#character(at);
  }

  #group(head: boolean, at: number): Node | undefined {
    if (!this.#skip('?')) return this.#capture(at, undefined);
    const char = this.#take();
    if (char === 'P') return this.#named(at);
    if (char === ':') return this.#body(at);
    if (char === '#') return this.#comment(at);
    if (char === '=' || char === '!' || (char === '<' && /[=!]/.test(this.#peek()))) {
      this.#fail('look-around cannot be matched in linear time; match what stands there too, and keep the group secret to the secret', at);
    }
    if (char === '(') this.#fail('a condition on a group cannot be matched in linear time; write both cases with |', at);
    if (char === '>') this.#fail('an atomic group cannot be matched in linear time; write (?:...)', at);
    if (/[aiLmsux-]/.test(char)) return this.#flagged(char, head, at);
    this.#fail("no group of Python's begins so", at);
  }

  #comment(at: number): undefined {
    this.#takeWhile(/[^)]/);
    if (!this.#skip(')')) this.#fail('a comment without its end', at);
  }

  #named(at: number): Node {
    if (this.#peek() === '=') this.#fail('a back-reference cannot be matched in linear time; spell the text out', at);
    if (!this.#skip('<')) this.#fail('write (?P<name>...)', at);
    const name = this.#takeWhile(/[^>]/);
    if (!this.#skip('>')) this.#fail('a group name without its `>`', at);
    if (!/^[\p{XIDS}_][\p{XIDC}]*$/u.test(name)) this.#fail('a group name is a word: letters, digits and _, not beginning with a digit', at);
    if (this.#groups.some((group) => group.name === name)) this.#fail(`a second group \`${name}\`; number them: ${name}_2`, at);
    return this.#capture(at, name);
  }

  #capture(at: number, name: string | undefined): Node {
    const number = ++this.#count;
    if (name !== undefined) this.#groups.push({ name, number, index: at, repeated: false });
    return { kind: 'group', number, item: this.#body(at) };
  }

  #body(at: number): Node {
    const flags = this.#flags;
    const item = this.#either(false);
    this.#flags = flags;
    if (!this.#skip(')')) this.#fail('a `(` without its `)`', at);
    // Never bare: what is repeated or follows must see one thing.
    return item.kind === 'all' ? item : { kind: 'all', items: [item] };
  }

  #flagged(first: string, head: boolean, at: number): Node | undefined {
    let on = '';
    for (let char = first; /[a-zA-Z]/.test(char); char = this.#take()) on += this.#flag(char, at);
    const end = this.#peek(-1);
    if (end === ')') return this.#global(on, head, at);
    const off = end === '-' ? this.#takeWhile(/[a-zA-Z]/) : '';
    if (end === '-') for (const char of off || '?') this.#flag(char, at);
    if (/[au]/.test(on + off)) this.#fail('(?a) and (?u) go to the head of the pattern, for all of it', at);
    if (/[L]/.test(off) || [...on].some((char) => off.includes(char))) this.#fail('a flag cannot be set and taken back at once', at);
    if (end !== ':' && !(end === '-' && this.#skip(':'))) this.#fail('flags end with `)` or `:`', at);
    const saved = this.#flags;
    this.#flags = withFlags(saved, on, off);
    const node = this.#body(at);
    this.#flags = saved;
    return node;
  }

  #flag(char: string, at: number): string {
    if (char === 'L') this.#fail('(?L) is for bytes, and patterns match text', at);
    if (!/[aimsux]/.test(char)) this.#fail('the flags are a, i, m, s, u and x', at);
    return char;
  }

  #global(on: string, head: boolean, at: number): undefined {
    if (!head || this.#depth > 1) this.#fail('flags for the whole pattern stand at its head', at);
    if (on.includes('a') && on.includes('u')) this.#fail('(?a) and (?u) contradict each other', at);
    this.#flags = withFlags(this.#flags, on, '');
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  return {
    ascii: flags.ascii || on.includes('a'),
    dotAll: (flags.dotAll || on.includes('s')) && !off.includes('s'),
    verbose: (flags.verbose || on.includes('x')) && !off.includes('x'),
    anyCase: (flags.anyCase || on.includes('i')) && !off.includes('i'),
  };
}

const ASCII: Record<'w' | 'd' | 's', readonly Range[]> = { w: ASCII_WORD, d: ASCII_DIGITS, s: ASCII_SPACES };

function asciiRanges(category: Category): readonly Range[] {
  const ranges = ASCII[category.toLowerCase() as 'w' | 'd' | 's'];
  return category === category.toLowerCase() ? ranges : complement(ranges);
}
