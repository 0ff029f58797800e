/**
 * Asks many masks at once whether any of them could match. Receives a text of one or more lines, gives the masks that must then be tried one by one.
 * May name a mask that does not match, never leaves out one that does: in a set a pattern is written wider (python-pattern.ts, form `set`). Most of what
 * is said holds no needle of any mask (needle-scan.ts), and is not shown to RE2 at all.
 */
import RE2 from 're2';
import { HeadScan } from './head-scan.js';
import { NeedleScan } from './needle-scan.js';
import type { Needle } from './needles.js';
import type { Node } from './pattern-tree.js';

/** More patterns than this in one set, and RE2 runs out of its memory. */
const MOST_PATTERNS = 20;

/** What can be asked for in a set: a mask, a prompt. */
export interface Filtered {
  /** What a text must hold one of to be matched (needles.ts). */
  readonly needles: readonly Needle[] | undefined;
  /** What a line begins with that is matched; undefined: anything (head-scan.ts). */
  readonly head: Node | undefined;
  /** The pattern as one of a set (python-pattern.ts). */
  readonly setSource: string;
}

/** A longer text is not remembered. UTF-16 units. */
const LONGEST_REMEMBERED = 8 * 1024;

/** The needles of all masks that are asked about the same texts, so that a text is looked through once for all of them. */
export class Sieve {
  readonly #filtered: Filtered[] = [];
  /** Made at the first question. */
  #scan: NeedleScan | undefined;
  /** The last text that held nothing: the same and its end are asked about next, for they are a text's prompts, its line and what is new in it. */
  #clean = '';

  /** Adds masks that have needles. To be called before the first question. */
  add(masks: readonly Filtered[]): void {
    this.#filtered.push(...masks);
  }

  /** Those of which a text holds a needle; undefined where there are none. */
  held(text: string): ReadonlySet<Filtered> | undefined {
    const clean = this.#clean;
    if (clean.length >= text.length && clean.slice(clean.length - text.length) === text) return undefined;
    this.#scan ??= new NeedleScan(this.#filtered.map(({ needles }) => needles ?? []));
    const found = this.#scan.find(text);
    if (found) return new Set([...found].flatMap((index) => this.#filtered[index] ?? []));
    if (text.length <= LONGEST_REMEMBERED) this.#clean = text;
    return undefined;
  }
}

type PatternSet = InstanceType<typeof RE2.Set>;
interface Part<T> {
  readonly set: PatternSet;
  readonly masks: readonly T[];
}

export class Prefilter<T extends Filtered> {
  readonly #sieve: Sieve;
  /** Masks that have needles; of those that have none, the ones that look at the start of lines; and the rest, which are asked about every text. */
  readonly #needled: Part<T>[] = [];
  readonly #headed: Part<T>[] = [];
  readonly #others: Part<T>[] = [];
  readonly #heads: HeadScan;
  /** Masks that no set would take, alone: they are always tried. */
  readonly #always: T[] = [];

  /** @param sieve shared with others that are asked about the same texts */
  constructor(masks: readonly T[], sieve = new Sieve()) {
    const needled = masks.filter(({ needles }) => needles);
    const headed = masks.filter(({ needles, head }) => !needles && head);
    for (const part of parted(needled)) this.#add(part, this.#needled);
    for (const part of parted(headed)) this.#add(part, this.#headed);
    for (const part of parted(masks.filter(({ needles, head }) => !needles && !head))) this.#add(part, this.#others);
    this.#heads = new HeadScan(headed.flatMap(({ head }) => head ?? []));
    this.#sieve = sieve;
    sieve.add(needled);
  }

  /** The masks that may match somewhere in `text`, in no promised order; undefined where there is none. `text` is well-formed. */
  ask(text: string): readonly T[] | undefined {
    const held = this.#needled.length > 0 ? this.#sieve.held(text) : undefined;
    const parts = held ? this.#needled.filter(({ masks }) => masks.some((mask) => held.has(mask))) : NONE;
    const headed = this.#headed.length > 0 && this.#heads.mayBegin(text) ? this.#headed : NONE;
    if (parts.length + headed.length + this.#others.length === 0) return this.#always.length > 0 ? this.#always : undefined;
    // As bytes: RE2's binding takes a string by a slower way. It is UTF-8 made from characters, so always valid.
    const bytes = Buffer.from(text);
    const named = [...this.#always];
    for (const part of headed) named.push(...matched(part, bytes));
    for (const part of this.#others) named.push(...matched(part, bytes));
    for (const part of parts) named.push(...matched(part, bytes).filter((mask) => held?.has(mask)));
    return named.length > 0 ? named : undefined;
  }

  #add(masks: readonly T[], parts: Part<T>[]): void {
    const set = compileSet(masks);
    if (set) parts.push({ set, masks });
    else if (masks.length === 1) this.#always.push(...masks);
    else {
      const half = masks.length >> 1;
      this.#add(masks.slice(0, half), parts);
      this.#add(masks.slice(half), parts);
    }
  }
}

const NONE: readonly never[] = [];

/** Of a set's masks those that may match. */
function matched<T>({ set, masks }: Part<T>, bytes: Buffer): readonly T[] {
  if (!set.test(bytes)) return NONE;
  return set.match(bytes).flatMap((index) => masks[index] ?? []);
}

function parted<T>(masks: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(masks.length / MOST_PATTERNS) }, (_, index) =>
    masks.slice(index * MOST_PATTERNS, (index + 1) * MOST_PATTERNS),
  );
}

function compileSet(masks: readonly Filtered[]): PatternSet | undefined {
  try {
    return new RE2.Set(
      masks.map((mask) => mask.setSource),
      'u',
    );
  } catch {
    return undefined;
  }
}
