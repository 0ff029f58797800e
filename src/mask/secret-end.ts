/**
 * Where a secret really ends. A pattern like `\w+` stops inside `p@ss-word`; what is left of the word would be half a secret, so it goes too, up to the
 * next blank or the quote that closes.
 */

/** Python's `\s`. */
const BLANK = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const OPENING: ReadonlyMap<string, string> = new Map([
  ["'", "'"],
  ['"', '"'],
  ['`', '`'],
  ['\u2019', '\u2018'],
  ['\u201d', '\u201c'],
  ['\u00bb', '\u00ab'],
]);
/** What may follow a quote that closes: the end, a blank, or punctuation. A letter there means that the quote belongs to the secret. */
const AFTER_QUOTE = /^(?:$|[\s.,;:!?)\]}>'"])/;

/**
 * The end of the secret at start..end of the line: `end` where a blank, a closing quote or the line's end stands there, else the next of these.
 * A quote closes when the same quote was opened before the secret and no word goes on behind it; a backslash before both counts to the quote.
 */
export function secretEnd(line: string, start: number, end: number): number {
  const opened = new Map<string, boolean>();
  let at = end;
  while (at < line.length && !BLANK.test(line.charAt(at)) && !closes(at)) at++;
  return at;

  function closes(at: number): boolean {
    const escaped = line.charAt(at) === '\\';
    const quote = line.charAt(escaped ? at + 1 : at);
    const opening = OPENING.get(quote);
    if (opening === undefined || !AFTER_QUOTE.test(line.charAt(at + (escaped ? 2 : 1)))) return false;
    return wasOpened(escaped ? `\\${opening}` : opening);
  }

  function wasOpened(opening: string): boolean {
    const known = opened.get(opening) ?? (start > 0 && line.lastIndexOf(opening, start - 1) >= 0);
    opened.set(opening, known);
    return known;
  }
}
