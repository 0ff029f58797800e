/**
 * Finds known secrets in a text, wherever they stand and in whatever case. Receives the secrets and the text, gives spans. A secret is never read as a
 * pattern. Takes one walk over the text however many secrets there are, and however they repeat (Aho and Corasick, 1975).
 */
import type { Span } from './spans.js';

/** A secret's text, and the mask that found it. */
export interface Known {
  readonly text: string;
  readonly mask: number;
}

/**
 * Shorter secrets are hidden at their own place alone: a letter or a `the` would star out half of what was said, and show by it what it is.
 */
const SHORTEST = 4;

/** The forms under which a secret may be met again: as it is, and without blanks, quotes and punctuation around it. Only those long enough. */
export function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const unclosed = trimmed.replace(/[.,;:!?)\]}>'"`]+$/, '');
  const bare = trimmed
    .replace(/^["'`]/, '')
    .replace(/["'`]$/, '')
    .trim();
  return [...new Set([trimmed, unclosed, bare])].filter((form) => form.length >= SHORTEST);
}

/** Makes a finder of these secrets; undefined where none is long enough. Overlapping finds are given as they are. */
export function finderOf(secrets: readonly Known[]): ((text: string) => Span[]) | undefined {
  const trie = new Trie();
  for (const { text, mask } of secrets) for (const form of formsOf(text)) trie.plant(foldUnits(form), mask);
  if (trie.empty) return undefined;
  trie.link();
  return (text) => trie.walk(foldUnits(text));
}

/** All secrets as one machine. States are numbers, 0 the root; one map holds all the steps, since a secret may be as long as a message. */
class Trie {
  readonly #steps = new Map<number, number>();
  readonly #parent: number[] = [0];
  readonly #unit: number[] = [0];
  readonly #depth: number[] = [0];
  /** The longest of a state's ends that begins a secret too. */
  readonly #fallback: number[] = [0];
  /** Length of the longest secret that ends at a state, 0 if none does, and its mask. */
  readonly #length: number[] = [0];
  readonly #mask: number[] = [0];

  get empty(): boolean {
    return this.#parent.length === 1;
  }

  plant(word: string, mask: number): void {
    let state = 0;
    for (let index = 0; index < word.length; index++) state = this.#grow(state, word.charCodeAt(index), index + 1);
    this.#length[state] = word.length;
    this.#mask[state] = mask;
  }

  #grow(state: number, unit: number, depth: number): number {
    const known = this.#step(state, unit);
    if (known !== undefined) return known;
    const made = this.#parent.push(state) - 1;
    this.#steps.set(state * 0x10000 + unit, made);
    this.#unit.push(unit);
    this.#depth.push(depth);
    this.#fallback.push(0);
    this.#length.push(0);
    this.#mask.push(0);
    return made;
  }

  #step(state: number, unit: number): number | undefined {
    return this.#steps.get(state * 0x10000 + unit);
  }

  /** Where `unit` leads from a state, by way of its fallbacks. */
  #follow(from: number, unit: number): number {
    let state = from;
    for (;;) {
      const next = this.#step(state, unit);
      if (next !== undefined || state === 0) return next ?? 0;
      state = this.#fallback[state] ?? 0;
    }
  }

  /** Finds the fallbacks, the states nearer to the root first. */
  link(): void {
    const order = this.#depth.map((_, state) => state).sort((a, b) => (this.#depth[a] ?? 0) - (this.#depth[b] ?? 0));
    for (const state of order) {
      const parent = this.#parent[state] ?? 0;
      if (parent === 0) continue;
      const fallback = this.#follow(this.#fallback[parent] ?? 0, this.#unit[state] ?? 0);
      this.#fallback[state] = fallback;
      if (this.#length[state] !== 0) continue;
      this.#length[state] = this.#length[fallback] ?? 0;
      this.#mask[state] = this.#mask[fallback] ?? 0;
    }
  }

  walk(text: string): Span[] {
    const found: Span[] = [];
    let state = 0;
    for (let index = 0; index < text.length; index++) {
      state = this.#follow(state, text.charCodeAt(index));
      const length = this.#length[state] ?? 0;
      if (length > 0) found.push({ start: index + 1 - length, end: index + 1, mask: this.#mask[state] ?? 0 });
    }
    return found;
  }
}

/** Lower case, unit by unit where the whole would change its length. */
function foldUnits(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length && !lower.includes('\u03c2')) return lower;
  let folded = '';
  for (const char of text) {
    const small = char === '\u03c2' ? '\u03c3' : char.toLowerCase();
    folded += small.length === char.length ? small : char;
  }
  return folded;
}
