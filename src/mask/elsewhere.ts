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

interface State {
  readonly next: Map<number, State>;
  fallback: State | undefined;
  /** Length of the longest secret that ends here, 0 if none does, and its mask. */
  length: number;
  mask: number;
}

/** The forms under which a secret may be met again: as it is, without blanks around it, without quotes around it. Only those long enough. */
export function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const bare = /^(["'`])(.*)\1$/su.exec(trimmed)?.[2]?.trim() ?? trimmed.replace(/^["']|["']$/g, '').trim();
  return [...new Set([trimmed, bare])].filter((form) => form.length >= SHORTEST);
}

/** Makes a finder of these secrets; undefined where none is long enough. Overlapping finds are given as they are. */
export function finderOf(secrets: readonly Known[]): ((text: string) => Span[]) | undefined {
  const root: State = { next: new Map(), fallback: undefined, length: 0, mask: 0 };
  for (const { text, mask } of secrets) for (const form of formsOf(text)) plant(root, foldUnits(form), mask);
  if (root.next.size === 0) return undefined;
  link(root);
  return (text) => walk(root, text);
}

function plant(root: State, word: string, mask: number): void {
  let state = root;
  for (let index = 0; index < word.length; index++) {
    const unit = word.charCodeAt(index);
    const next: State = state.next.get(unit) ?? { next: new Map(), fallback: root, length: 0, mask: 0 };
    state.next.set(unit, next);
    state = next;
  }
  state.length = word.length;
  state.mask = mask;
}

/** Gives every state the longest of its ends that begins a secret too, level by level. */
function link(root: State): void {
  const queue: State[] = [...root.next.values()];
  for (let index = 0; index < queue.length; index++) {
    const state = queue[index];
    for (const [unit, next] of state?.next ?? []) {
      let fallback = state?.fallback;
      while (fallback && !fallback.next.has(unit)) fallback = fallback.fallback;
      next.fallback = fallback?.next.get(unit) ?? root;
      if (next.length === 0) {
        next.length = next.fallback.length;
        next.mask = next.fallback.mask;
      }
      queue.push(next);
    }
  }
}

function walk(root: State, text: string): Span[] {
  const found: Span[] = [];
  const folded = foldUnits(text);
  let state: State = root;
  for (let index = 0; index < folded.length; index++) {
    const unit = folded.charCodeAt(index);
    while (state.fallback && !state.next.has(unit)) state = state.fallback;
    state = state.next.get(unit) ?? root;
    if (state.length > 0) found.push({ start: index + 1 - state.length, end: index + 1, mask: state.mask });
  }
  return found;
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
