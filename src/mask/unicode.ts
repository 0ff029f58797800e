/**
 * Sets of characters as Python's `re` means them: ranges of code points, their union and complement, Python's idea of a blank and of a letter,
 * and which characters are the same when case does not count. Pure tables and arithmetic; knows no pattern and no text.
 */

/** Code points from..to, both inclusive. */
export type Range = readonly [from: number, to: number];

export const LAST = 0x10ffff;

/** Python's `\s` on str: `str.isspace()`. */
export const SPACES: readonly Range[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

/** The same under `(?a)`. */
export const ASCII_SPACES: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];

export const ASCII_DIGITS: readonly Range[] = [[0x30, 0x39]];

export const ASCII_WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];

/** Sorted, without overlap, neighbours joined. */
export function union(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Every code point that is not in `ranges`. */
export function complement(ranges: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [from, to] of union(ranges)) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return rest;
}

/** Runs of code points that `run` (a global regular expression) finds among all of Unicode; 20 ms, so only for classes that RE2 cannot say. */
function scan(run: RegExp): Range[] {
  const found: Range[] = [];
  for (let plane = 0; plane <= 16; plane++) {
    const base = plane * 0x10000;
    // Surrogates stand as U+FFFF in the text that is scanned: neither is a letter, a digit or a blank.
    const points = Array.from({ length: 0x10000 }, (_, low) => (base === 0 && low >= 0xd800 && low <= 0xdfff ? 0xffff : base + low));
    const text = String.fromCodePoint(...points.slice(0, 0x8000)) + String.fromCodePoint(...points.slice(0x8000));
    const units = base === 0 ? 1 : 2;
    for (const hit of text.matchAll(run)) found.push([base + hit.index / units, base + (hit.index + hit[0].length) / units - 1]);
  }
  return union(found);
}

let word: Range[] | undefined;
let digits: Range[] | undefined;

/** Python's `\w` as ranges. */
export function wordRanges(): readonly Range[] {
  word ??= scan(/[\p{L}\p{N}_]+/gu);
  return word;
}

/** Python's `\d` as ranges. */
export function digitRanges(): readonly Range[] {
  digits ??= scan(/\p{Nd}+/gu);
  return digits;
}

/** Whether a character (one code point, or '' beyond the ends) belongs to a word, as Python's `\b` sees it. */
export function isWord(char: string): boolean {
  return /^[\p{L}\p{N}_]/u.test(char);
}

/** Lower-case letters that Python takes for one another beyond what lower() says (`_EQUIVALENCES` of its re compiler). */
const EQUAL: readonly (readonly number[])[] = [
  [0x69, 0x131],
  [0x73, 0x17f],
  [0xb5, 0x3bc],
  [0x345, 0x3b9, 0x1fbe],
  [0x390, 0x1fd3],
  [0x3b0, 0x1fe3],
  [0x3b2, 0x3d0],
  [0x3b5, 0x3f5],
  [0x3b8, 0x3d1],
  [0x3ba, 0x3f0],
  [0x3c0, 0x3d6],
  [0x3c1, 0x3f1],
  [0x3c2, 0x3c3],
  [0x3c6, 0x3d5],
  [0x432, 0x1c80],
  [0x434, 0x1c81],
  [0x43e, 0x1c82],
  [0x441, 0x1c83],
  [0x442, 0x1c84, 0x1c85],
  [0x44a, 0x1c86],
  [0x463, 0x1c87],
  [0x1c88, 0xa64b],
  [0x1e61, 0x1e9b],
  [0xfb05, 0xfb06],
];
const equals = new Map(EQUAL.flatMap((group) => group.map((point) => [point, group] as const)));

/** Beyond this no character has another case. */
const LAST_CASED = 0x1e943;
let wider: Map<number, number[]> | undefined;

/** One code point's lower case as Python's re sees it: always one code point. */
function lower(point: number): number {
  if (point === 0x130) return 0x69;
  const text = String.fromCodePoint(point).toLowerCase();
  const one = text.codePointAt(0) ?? point;
  return text.length === (one > 0xffff ? 2 : 1) ? one : point;
}

/** The name under which all that equal `point` without regard to case are filed. */
const orbitOf = (point: number): number => equals.get(lower(point))?.[0] ?? lower(point);

/** Every group of more than one character that are the same without case, each under all its members; 15 ms, made at the first need. */
function orbits(): Map<number, number[]> {
  if (wider) return wider;
  const groups = new Map<number, number[]>();
  for (let point = 0x41; point <= LAST_CASED; point++) {
    const name = orbitOf(point);
    if (name !== point || equals.has(point)) groups.set(name, [...(groups.get(name) ?? [name]), point]);
  }
  wider = new Map([...groups.values()].flatMap((group) => group.map((point) => [point, group] as const)));
  return wider;
}

/** The letters of ASCII that have a sibling beyond it: the long s, Kelvin's sign, i with and without a dot. */
const SIBLINGS: ReadonlyMap<number, readonly number[]> = new Map([
  [0x73, [0x17f]],
  [0x6b, [0x212a]],
  [0x69, [0x130, 0x131]],
]);

function foldAscii(from: number, to: number, ascii: boolean): Range[] {
  const more: Range[] = [];
  for (let point = from; point <= to; point++) {
    const small = point | 0x20;
    if (small < 0x61 || small > 0x7a || (point & 0x40) === 0) continue;
    more.push([small, small], [small - 0x20, small - 0x20]);
    if (!ascii) for (const other of SIBLINGS.get(small) ?? []) more.push([other, other]);
  }
  return more;
}

/** Adds to `ranges` every character that equals one of them when case does not count. `ascii`: as under `(?a)`, where only A to Z have case. */
export function fold(ranges: readonly Range[], ascii: boolean): Range[] {
  const all: Range[] = [...ranges];
  for (const [from, to] of ranges) {
    all.push(...foldAscii(from, Math.min(to, 0x7f), ascii));
    if (ascii || to <= 0x7f) continue;
    for (const [point, group] of orbits()) {
      if (point >= from && point <= to) for (const other of group) all.push([other, other]);
    }
  }
  return union(all);
}
