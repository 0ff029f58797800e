/**
 * Python's `re` patterns for RE2 (linear time). Receives a pattern, gives the text of the same pattern in RE2's syntax, in one of three forms, and the
 * numbers of its groups. Case never counts. Classes mean what they mean in Python, in Unicode; where RE2 has no word for one, as exact ranges.
 * Never falls back to another engine: what RE2 cannot do is an error with its place.
 */
import type { Place } from '../errors.js';
import { AuditError } from '../errors.js';
import { type Category, type CharSet, ENDLESS, type NamedGroup, type Node, PatternError, type PatternTree, parsePattern } from './pattern-tree.js';
import { complement, digitRanges, LAST, type Range, SPACES, union, wordRanges } from './unicode.js';

/**
 * `exact`: matches as Python does, on lines whose `\b` RE2 sees rightly (pure ASCII, or no `\b`).
 * `set`: for the question asked over many lines at once: `^` and `$` at every line, `{n,m}` as `+` or `*`, no `\b`, no groups. Matches wherever
 * `exact` does, and sometimes where it does not.
 * `marked`: for text with `MARK`s at its word boundaries (boundary.ts).
 * `loose`: `exact` without its `\b`, where marks cannot do: it hides more, never less.
 */
export type Form = 'exact' | 'set' | 'marked' | 'loose';

/** Stands, as often as a pattern may ask for it, at every place of a marked text where a word begins or ends; `INSIDE` at every other place. */
export const MARK = '\u{FDD0}';
export const INSIDE = '\u{FDD1}';
const MARKS: Range = [0xfdd0, 0xfdd1];

export interface Translation {
  readonly tree: PatternTree;
  readonly groups: readonly NamedGroup[];
  /** How many marks a place needs so that every `\b` of this pattern finds one; 0: it has none of Unicode's; undefined: marks cannot do. */
  readonly marks: number | undefined;
  /** The pattern in RE2's syntax, to be compiled with flag `u` alone. */
  source(form: Form): string;
}

/** Most marks at one place: each lengthens the text that is matched. Patterns with more `\b` in a row than that are matched without them there. */
const MOST_MARKS = 8;

/**
 * Translates a pattern.
 * @param place where the pattern's first character stands, for errors
 * @throws AuditError AUDIT_MASK_PATTERN with the place of what is wrong
 */
export function translate(pattern: string, place: Place): Translation {
  const tree = parse(pattern, place);
  const marks = marksOf(tree.root);
  return { tree, groups: tree.groups, marks, source: (form) => emit(tree.root, form) };
}

/** The place `index` characters into a pattern that begins at `place`. */
export function placeIn(place: Place, pattern: string, index: number): Place {
  const before = Array.from(pattern).slice(0, index);
  const lastBreak = before.lastIndexOf('\n');
  if (lastBreak < 0) return { ...place, column: place.column + index };
  return { ...place, line: place.line + before.filter((char) => char === '\n').length, column: index - lastBreak };
}

function parse(pattern: string, place: Place): PatternTree {
  try {
    return parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new AuditError('AUDIT_MASK_PATTERN', error.message, placeIn(place, pattern, error.index));
  }
}

/** How often `\b` can be asked for at one place; undefined when that is too often, or a `^` comes behind one. */
function marksOf(root: Node): number | undefined {
  const asked = askedMarks(root);
  return asked > MOST_MARKS || (asked > 0 && startBehindMark(root)) ? undefined : asked;
}

const isMark = (node: Node) => node.kind === 'at' && !node.ascii && (node.at === 'boundary' || node.at === 'inside');

function askedMarks(node: Node): number {
  switch (node.kind) {
    case 'set':
      return 0;
    case 'at':
      return isMark(node) ? 1 : 0;
    case 'group':
      return askedMarks(node.item);
    case 'repeat':
      return askedMarks(node.item) * Math.max(1, node.min);
    case 'all':
      return node.items.reduce((sum, item) => sum + askedMarks(item), 0);
    case 'either':
      return Math.max(...node.items.map(askedMarks));
  }
}

/** A mark at the head of the text is taken before `^` could see that it is the head: such a pattern (`\b^`, a rarity) goes without marks. */
function startBehindMark(node: Node): boolean {
  if (node.kind === 'set' || node.kind === 'at') return false;
  if (node.kind === 'group') return startBehindMark(node.item);
  if (node.kind === 'repeat') return (hasStart(node.item) && askedMarks(node.item) > 0) || startBehindMark(node.item);
  if (node.kind === 'all') {
    const first = node.items.findIndex((item) => askedMarks(item) > 0);
    if (first >= 0 && node.items.slice(first + 1).some(hasStart)) return true;
  }
  return node.items.some(startBehindMark);
}

function hasStart(node: Node): boolean {
  if (node.kind === 'set') return false;
  if (node.kind === 'at') return node.at === 'start';
  return node.kind === 'group' || node.kind === 'repeat' ? hasStart(node.item) : node.items.some(hasStart);
}

function emit(node: Node, form: Form): string {
  switch (node.kind) {
    case 'set':
      return form === 'marked' ? `(?:[${classRange(MARKS)}]*${emitSet(node, form)})` : emitSet(node, form);
    case 'at':
      return emitPlace(node, form);
    case 'all':
      return node.items.map((item) => (item.kind === 'either' ? `(?:${emit(item, form)})` : emit(item, form))).join('');
    case 'either':
      return node.items.map((item) => emit(item, form)).join('|');
    case 'group':
      return form === 'set' ? `(?:${emit(node.item, form)})` : `(${emit(node.item, form)})`;
    case 'repeat':
      return `${node.item.kind === 'set' ? emit(node.item, form) : `(?:${emit(node.item, form)})`}${emitTurns(node, form)}`;
  }
}

function emitPlace(node: Node & { readonly kind: 'at' }, form: Form): string {
  if (node.at === 'start') return form === 'set' ? '(?m:^)' : '\\A';
  if (node.at === 'end') return form === 'set' ? '(?m:$)' : form === 'marked' ? `[${classRange(MARKS)}]*\\z` : '\\z';
  if (form === 'set' || form === 'loose') return '(?:)';
  if (form === 'marked') return node.at === 'boundary' ? MARK : INSIDE;
  return node.at === 'boundary' ? '\\b' : '\\B';
}

function emitTurns({ min, max, lazy }: Node & { readonly kind: 'repeat' }, form: Form): string {
  if (form === 'set') return max === 1 ? (min === 0 ? '?' : '') : min === 0 ? '*' : '+';
  const sign = lazy ? '?' : '';
  if (max === ENDLESS && min <= 1) return (min === 0 ? '*' : '+') + sign;
  if (min === 0 && max === 1) return `?${sign}`;
  return `{${min},${max === ENDLESS ? '' : max}}${sign}`;
}

/** What RE2 calls these inside a class. `W` and `D` have no name there. */
const NAMES: { readonly [category in Category]?: string } & { readonly w: string; readonly d: string; readonly s: string } = {
  w: '\\p{L}\\p{N}_',
  d: '\\p{Nd}',
  s: classRanges(SPACES),
};

function emitSet(set: CharSet, form: Form): string {
  const marks = form === 'marked' ? [MARKS] : [];
  const simple = set.categories.every((category) => category in NAMES || category === 'S');
  if (set.negated) return simple ? negatedClass(set, marks) : positiveRanges(complement([...rangesOf(set), ...marks]));
  const opposites = { W: NAMES.w, D: NAMES.d, S: NAMES.s } as const;
  const parts = set.categories.flatMap((category) => (isOpposite(category) ? [`[^${opposites[category]}${classRanges(marks)}]`] : []));
  const names = set.categories.map((category) => NAMES[category] ?? '').join('');
  const body = classRanges(without(set.ranges, marks)) + names;
  if (body !== '' || parts.length === 0) parts.unshift(body === '' ? NOTHING : `[${body}]`);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : `(?:${parts.join('|')})`;
}

const isOpposite = (category: Category): category is 'W' | 'D' | 'S' => category < 'a';

function negatedClass(set: CharSet, marks: readonly Range[]): string {
  const solid = set.categories.includes('S') ? complement(SPACES) : [];
  const body = classRanges(union([...set.ranges, ...solid, ...marks])) + set.categories.map((category) => NAMES[category] ?? '').join('');
  return body === '' ? '(?s:.)' : `[^${body}]`;
}

/** A class that holds no character at all. */
const NOTHING = `[^\\x{0}-\\x{${LAST.toString(16)}}]`;

const positiveRanges = (ranges: readonly Range[]): string => (ranges.length === 0 ? NOTHING : `[${classRanges(ranges)}]`);

const without = (ranges: readonly Range[], marks: readonly Range[]): Range[] =>
  marks.length === 0 ? union(ranges) : complement([...complement(ranges), ...marks]);

/** All characters of a class, its negation aside. */
function rangesOf(set: CharSet): Range[] {
  const table: Record<Category, () => readonly Range[]> = {
    w: wordRanges,
    W: () => complement(wordRanges()),
    d: digitRanges,
    D: () => complement(digitRanges()),
    s: () => SPACES,
    S: () => complement(SPACES),
  };
  return union([...set.ranges, ...set.categories.flatMap((category) => table[category]())]);
}

function classRanges(ranges: readonly Range[]): string {
  return ranges.map(classRange).join('');
}

function classRange([from, to]: Range): string {
  return from === to ? point(from) : `${point(from)}-${point(to)}`;
}

function point(code: number): string {
  const char = String.fromCodePoint(code);
  return /[0-9A-Za-z]/.test(char) ? char : `\\x{${code.toString(16)}}`;
}
