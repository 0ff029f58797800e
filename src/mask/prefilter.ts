/**
 * Asks many masks at once whether any of them could match. Receives a text of one or more lines, gives the masks that must then be tried one by one.
 * May name a mask that does not match, never leaves out one that does: in a set a pattern is written wider (python-pattern.ts, form `set`).
 */
import RE2 from 're2';
import type { SingleMask } from './single.js';

/** More patterns than this in one set, and RE2 runs out of its memory. */
const MOST_PATTERNS = 20;

type PatternSet = InstanceType<typeof RE2.Set>;
interface Part {
  readonly set: PatternSet;
  readonly masks: readonly SingleMask[];
}

export class Prefilter {
  readonly #parts: Part[] = [];
  /** Masks that no set would take, alone: they are always tried. */
  readonly #always: SingleMask[] = [];

  constructor(masks: readonly SingleMask[]) {
    for (let at = 0; at < masks.length; at += MOST_PATTERNS) this.#add(masks.slice(at, at + MOST_PATTERNS));
  }

  /** The masks that may match somewhere in `text`, in no promised order; undefined where there is none. `text` is well-formed. */
  ask(text: string): readonly SingleMask[] | undefined {
    let named: SingleMask[] | undefined = this.#always.length > 0 ? [...this.#always] : undefined;
    if (this.#parts.length === 0) return named;
    // As bytes: RE2's binding takes a string by a slower way. It is UTF-8 made from characters, so always valid.
    const bytes = Buffer.from(text);
    for (const { set, masks } of this.#parts) {
      if (!set.test(bytes)) continue;
      named ??= [];
      for (const index of set.match(bytes)) {
        const mask = masks[index];
        if (mask) named.push(mask);
      }
    }
    return named;
  }

  #add(masks: readonly SingleMask[]): void {
    const set = compileSet(masks);
    if (set) this.#parts.push({ set, masks });
    else if (masks.length === 1) this.#always.push(...masks);
    else {
      const half = masks.length >> 1;
      this.#add(masks.slice(0, half));
      this.#add(masks.slice(half));
    }
  }
}

function compileSet(masks: readonly SingleMask[]): PatternSet | undefined {
  try {
    return new RE2.Set(
      masks.map((mask) => mask.setSource),
      'u',
    );
  } catch {
    return undefined;
  }
}
