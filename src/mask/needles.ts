/**
 * What a pattern cannot match without: strings, or runs of characters of one kind, of which at least one must stand in the text. Receives a pattern's
 * tree, gives the rarest such list, or nothing where none is rare. Strings are written in `canonical` characters, so they hold for any text in any case;
 * needle-scan.ts looks for them.
 */
import type { CharSet, Node } from './pattern-tree.js';
import { fold, type Range, SPACES } from './unicode.js';

/** `least` characters in a row that are all of `ranges`. */
export interface Run {
  readonly ranges: readonly Range[];
  readonly least: number;
}

export type Needle = string | Run;

/** A shorter run stands in words. */
const SHORTEST_RUN = 20;
/** More strings than this at one place of a pattern are not followed. */
const MOST = 128;
/** Characters that are the same to `canonical`; a class of more is none to follow. */
const MOST_OF_CLASS = 8;
/** Code points of a class that are looked at. */
const MOST_POINTS = 64;
/** What stands in a text more often than once in so many characters is not worth looking for. */
const OFTENEST = 1 / 2000;

/**
 * How often a character stands in English prose with its blanks, the more frequent first; a rough measure for what is rare. Others are as rare as the
 * last.
 */
const FREQUENCY: ReadonlyMap<string, number> = new Map(
  [' :0.18', 'e:0.1', 'taoins:0.06', 'rhdl:0.04', 'ucmfwygp:0.018', 'b.,:0.012', 'vk\'"-:0.007', 'xjqz:0.001', '0123456789:0.003'].flatMap(
    (entry) => {
      const [chars = '', share] = entry.split(/:(?=\d\.)/);
      return [...chars].map((char) => [char, Number(share)] as const);
    },
  ),
);
const RARE = 0.002;

/** All that is known of what a node matches. */
interface Known {
  /** All that it can be, where that is few strings. */
  readonly whole?: readonly string[] | undefined;
  /** With one of these it begins, and ends; [''] says nothing. */
  readonly head: readonly string[];
  readonly tail: readonly string[];
  /** One of these it holds. */
  readonly needs?: readonly Needle[] | undefined;
}

const UNKNOWN: Known = { head: [''], tail: [''] };

/**
 * Of these needles every text that `root` matches holds at least one; undefined: no rare ones are known. An empty list: it matches nothing.
 * Strings are canonical, each standing for its `siblingsOf`.
 */
export function needlesOf(root: Node): readonly Needle[] | undefined {
  const { whole, head, tail, needs } = known(root);
  const best = rarest([whole, head, tail, needs]);
  return best && cost(best) <= OFTENEST ? shortened(best) : undefined;
}

const canonicals = new Map<number, string>();

/** The one character, a UTF-16 unit, that stands for all that are the same where case does not count; all blanks are one. undefined: beyond the BMP. */
function canonical(point: number): string | undefined {
  if (point > 0xffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
  const known = canonicals.get(point);
  if (known !== undefined) return known;
  const first = SPACES.some(([from, to]) => point >= from && point <= to) ? 0x20 : (fold([[point, point]], false)[0]?.[0] ?? point);
  const char = String.fromCharCode(first);
  const made = first <= 0x7f ? char.toLowerCase() : char;
  canonicals.set(point, made);
  return made;
}

/** Every character that has `char` for its canonical one. */
export function siblingsOf(char: string): readonly Range[] {
  const point = char.charCodeAt(0);
  return char === ' ' ? SPACES : fold([[point, point]], false);
}

function known(node: Node): Known {
  switch (node.kind) {
    case 'set':
      return exactly(charsOf(node));
    case 'at':
      return exactly(['']);
    case 'group':
      return known(node.item);
    case 'repeat':
      return repeated(node);
    case 'either':
      return oneOf(node.items.map(known));
    case 'all':
      return node.items.map(known).reduce(inTurn, exactly(['']));
  }
}

const exactly = (whole: readonly string[] | undefined): Known => (whole ? { whole, head: whole, tail: whole } : UNKNOWN);

/** The canonical characters of a class, where they are few. */
function charsOf({ ranges, categories, negated }: CharSet): readonly string[] | undefined {
  if (negated || categories.some((category) => category !== 's')) return undefined;
  const chars = new Set(categories.length > 0 ? [' '] : []);
  let points = 0;
  for (const [from, to] of ranges) {
    for (let point = from; point <= to; point++) {
      const char = ++points > MOST_POINTS ? undefined : canonical(point);
      if (char === undefined) return undefined;
      chars.add(char);
    }
  }
  return chars.size <= MOST_OF_CLASS ? [...chars] : undefined;
}

function repeated({ item, min, max }: Node & { readonly kind: 'repeat' }): Known {
  const one = known(item);
  if (min === 0) return max === 1 && one.whole ? exactly(few(['', ...one.whole])) : UNKNOWN;
  if (max === 1) return one;
  const run = min >= SHORTEST_RUN ? runOf(item, min) : undefined;
  return { head: one.head, tail: one.tail, needs: rarest([one.whole, one.needs, run]) };
}

function runOf(item: Node, least: number): readonly Run[] | undefined {
  if (item.kind === 'group') return runOf(item.item, least);
  if (item.kind !== 'set' || item.negated || item.categories.length > 0) return undefined;
  return [{ ranges: item.ranges, least }];
}

function oneOf(items: readonly Known[]): Known {
  const wholes = items.map(({ whole }) => whole);
  const whole = wholes.every((one) => one !== undefined) ? few(wholes.flat()) : undefined;
  if (whole) return exactly(whole);
  const needs = items.map((item) => rarest([item.whole, item.needs, item.head, item.tail]));
  return {
    head: few(items.flatMap(({ head }) => head)) ?? [''],
    tail: few(items.flatMap(({ tail }) => tail)) ?? [''],
    needs: needs.every((one) => one !== undefined) ? needs.flat() : undefined,
  };
}

/** One behind the other. */
function inTurn(one: Known, next: Known): Known {
  const whole = one.whole && next.whole && pairs(one.whole, next.whole);
  if (whole) return exactly(whole);
  return {
    head: one.whole ? (pairs(one.whole, next.head) ?? one.whole) : one.head,
    tail: next.whole ? (pairs(one.tail, next.whole) ?? next.whole) : next.tail,
    needs: rarest([one.needs, next.needs, one.tail, next.head, pairs(one.tail, next.head)]),
  };
}

function few(strings: readonly string[]): readonly string[] | undefined {
  const different = [...new Set(strings)];
  return different.length <= MOST ? different : undefined;
}

const pairs = (heads: readonly string[], tails: readonly string[]): readonly string[] | undefined =>
  heads.length * tails.length <= MOST ? few(heads.flatMap((head) => tails.map((tail) => head + tail))) : undefined;

/** The list of which something is met most rarely. */
function rarest(lists: readonly (readonly Needle[] | undefined)[]): readonly Needle[] | undefined {
  let best: readonly Needle[] | undefined;
  for (const list of lists) if (list && cost(list) < (best ? cost(best) : 1)) best = list;
  return best;
}

/** How many of these are met in a character of prose. */
const cost = (needles: readonly Needle[]): number => needles.reduce((sum, needle) => sum + share(needle), 0);

function share(needle: Needle): number {
  if (typeof needle !== 'string') return 1e-6;
  let product = 1;
  for (const char of needle) product *= FREQUENCY.get(char) ?? RARE;
  return product;
}

/** Without those that hold another one. */
function shortened(needles: readonly Needle[]): readonly Needle[] {
  const strings = needles.filter((needle) => typeof needle === 'string');
  const holdsOther = (needle: Needle) => typeof needle === 'string' && strings.some((other) => other !== needle && needle.includes(other));
  return [...new Set(needles)].filter((needle) => !holdsOther(needle));
}
