/**
 * Asks many masks at once whether any of them could match. Receives a text of one or more lines, gives the masks that must then be tried one by one.
 * May name a mask that does not match, never leaves out one that does: in a set a pattern is written wider (python-pattern.ts, form `set`).
 */
import RE2 from 're2';

/** More patterns than this in one set, and RE2 runs out of its memory. */
const MOST_PATTERNS = 20;

/** What can be asked for in a set: a mask, a prompt. */
export interface Filtered {
  /** Strings of which an ASCII text must hold one to be matched (needles.ts). */
  readonly needles: readonly string[] | undefined;
  /** The pattern as one of a set (python-pattern.ts). */
  readonly setSource: string;
}

type PatternSet = InstanceType<typeof RE2.Set>;
interface Part<T> {
  readonly set: PatternSet;
  readonly masks: readonly T[];
  /** No mask of this part matches an ASCII text that holds none of these, in lower case; undefined: no such strings are known. */
  readonly needles: readonly string[] | undefined;
}

export class Prefilter<T extends Filtered> {
  readonly #parts: Part<T>[] = [];
  /** Masks that no set would take, alone: they are always tried. */
  readonly #always: T[] = [];

  constructor(masks: readonly T[]) {
    const needles = new Map(masks.map((mask) => [mask, mask.needles]));
    const [some, none] = [masks.filter((mask) => needles.get(mask)), masks.filter((mask) => !needles.get(mask))];
    for (let at = 0; at < some.length; at += MOST_PATTERNS) {
      const part = some.slice(at, at + MOST_PATTERNS);
      this.#add(part, [...new Set(part.flatMap((mask) => needles.get(mask) ?? []))]);
    }
    for (let at = 0; at < none.length; at += MOST_PATTERNS) this.#add(none.slice(at, at + MOST_PATTERNS), undefined);
  }

  /** The masks that may match somewhere in `text`, in no promised order; undefined where there is none. `text` is well-formed. */
  ask(text: string): readonly T[] | undefined {
    let named: T[] | undefined = this.#always.length > 0 ? [...this.#always] : undefined;
    let bytes: Buffer | undefined;
    let lower: string | undefined;
    for (const { set, masks, needles } of this.#parts) {
      if (needles) lower ??= text.toLowerCase();
      if (needles && lower !== undefined && !holdsOne(lower, needles) && isAscii(text)) continue;
      // As bytes: RE2's binding takes a string by a slower way. It is UTF-8 made from characters, so always valid.
      bytes ??= Buffer.from(text);
      if (!set.test(bytes)) continue;
      named ??= [];
      for (const index of set.match(bytes)) {
        const mask = masks[index];
        if (mask) named.push(mask);
      }
    }
    return named;
  }

  #add(masks: readonly T[], needles: readonly string[] | undefined): void {
    const set = compileSet(masks);
    if (set) this.#parts.push({ set, masks, needles });
    else if (masks.length === 1) this.#always.push(...masks);
    else {
      const half = masks.length >> 1;
      this.#add(masks.slice(0, half), needles);
      this.#add(masks.slice(half), needles);
    }
  }
}

function holdsOne(text: string, needles: readonly string[]): boolean {
  for (const needle of needles) if (text.includes(needle)) return true;
  return false;
}

/** Every character takes one byte in UTF-8; a look at the text with a regular expression takes ten times as long. */
const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

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
