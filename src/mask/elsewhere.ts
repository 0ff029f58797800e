/**
 * Finds known secrets in a text, wherever they stand and in whatever case. Receives the secrets and the text, gives spans. A secret is never read as a
 * pattern. Takes one walk over the text.
 */
import type { Span } from './spans.js';
import { Trie } from './trie.js';

/** A secret's text, and the mask that found it. */
export interface Known {
  readonly text: string;
  readonly mask: number;
}

/**
 * Shorter secrets are hidden at their own place alone: a letter or a `the` would star out half of what was said, and show by it what it is.
 */
const SHORTEST = 4;
/** Longer ones too: the walk would cost more than all masks, and nobody says 2 KiB twice in one record. UTF-16 units. */
const LONGEST = 2_048;

/** What may follow a secret without being a part of it. */
const CLOSING = '.,;:!?)]}>\'"`';
const QUOTES = '"\'`';

/** The forms under which a secret may be met again: as it is, and without blanks, quotes and punctuation around it. Only those long enough. */
export function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  let end = trimmed.length;
  while (end > 0 && CLOSING.includes(trimmed.charAt(end - 1))) end--;
  const unquoted = trimmed.slice(Number(isQuote(trimmed.charAt(0))));
  const bare = isQuote(unquoted.charAt(unquoted.length - 1)) ? unquoted.slice(0, -1) : unquoted;
  return [...new Set([trimmed, trimmed.slice(0, end), bare.trim()])].filter((form) => form.length >= SHORTEST);
}

const isQuote = (char: string): boolean => char !== '' && QUOTES.includes(char);

/** Finds secrets in a text; finds may overlap. */
export type Finder = (text: string) => readonly Span[];

/** Makes a finder of these secrets; undefined where none is long enough. */
export function finderOf(secrets: readonly Known[]): Finder | undefined {
  const trie = new Trie();
  const words: { length: number; mask: number }[] = [];
  for (const { text, mask } of secrets) {
    if (text.length > LONGEST) continue;
    for (const form of formsOf(text)) if (trie.plant(foldUnits(form), words.length)) words.push({ length: form.length, mask });
  }
  if (trie.empty) return undefined;
  trie.link();
  return (text) => walk(trie, words, foldUnits(text));
}

/** The longest secret that ends at each place. */
function walk(trie: Trie, words: readonly { readonly length: number; readonly mask: number }[], text: string): Span[] {
  const found: Span[] = [];
  let state = 0;
  for (let index = 0; index < text.length; index++) {
    state = trie.follow(state, text.charCodeAt(index));
    if (state === 0) continue;
    const word = words[trie.wordAt(trie.wordAt(state) >= 0 ? state : trie.shorter(state))];
    if (word) found.push({ start: index + 1 - word.length, end: index + 1, mask: word.mask });
  }
  return found;
}

/** Lower case of the same length: unit by unit where the whole would change it. */
export function foldUnits(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length && !lower.includes('\u03c2')) return lower;
  let folded = '';
  for (const char of text) {
    const small = char === '\u03c2' ? '\u03c3' : char.toLowerCase();
    folded += small.length === char.length ? small : char;
  }
  return folded;
}
