/** Full text by three letters at a time: what must stand in a text, as a question to FTS5. Receives words or a fragment, gives a question, or none. */
import { fold } from './facts.js';

/** More of them make the answer no better, and the question slow. */
const MOST = 12;
const LETTERS = 3;

/** Letters as SQLite counts them. */
function trigramsOf(fragment: string): string[] {
  const letters = [...fragment];
  return letters.slice(0, Math.max(0, letters.length - LETTERS + 1)).map((_, at) => letters.slice(at, at + LETTERS).join(''));
}

/** So many out of a list, from its whole length. */
const spread = (all: readonly string[]): readonly string[] =>
  all.length <= MOST ? all : Array.from({ length: MOST }, (_, index) => all[Math.floor((index * all.length) / MOST)] as string);

/**
 * Fragments that must stand in a text, as the text is entered (`fold`).
 * @param words letters and digits that stand together are one, wherever in a word they stand
 */
export function fragmentsOf(words: string | undefined, contains: string | undefined): string[] {
  const runs = words === undefined ? [] : (fold(words).match(/[\p{L}\p{N}]+/gu) ?? []);
  return contains === undefined ? runs : [...runs, fold(contains)];
}

/** What a text that holds these fragments must hold; undefined where that is nothing (one and two letters). */
export function trigramQuery(fragments: readonly string[]): string | undefined {
  const known = [...new Set(fragments.flatMap(trigramsOf))].filter((one) => !one.includes('\0') && one.isWellFormed());
  return known.length === 0
    ? undefined
    : spread(known)
        .map((one) => `"${one.replaceAll('"', '""')}"`)
        .join(' AND ');
}
