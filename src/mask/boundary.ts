/**
 * Word boundaries beyond ASCII, which RE2 cannot see. Receives a line, gives the same line with marks at each place, to be matched by a pattern's
 * `marked` form, and the way back from its positions. Exact for every pattern that is matched this way; linear.
 */
import { INSIDE, MARK } from './python-pattern.js';
import { isWord } from './unicode.js';

export interface MarkedLine {
  readonly text: string;
  /** For each UTF-16 unit of `text`, and for its end: the index in the line. */
  readonly origin: readonly number[];
}

/** Writes `count` marks before each character of the line and at its end: `MARK` where a word begins or ends, else `INSIDE`. */
export function markBoundaries(line: string, count: number): MarkedLine {
  const origin: number[] = [];
  let text = '';
  let index = 0;
  let wasWord = false;
  for (const char of line) {
    const word = isWord(char);
    mark(wasWord !== word);
    // A mark in the line itself is written as another character that belongs to no word.
    text += char === MARK || char === INSIDE ? '\uFFFD' : char;
    for (let unit = 0; unit < char.length; unit++) origin.push(index + unit);
    index += char.length;
    wasWord = word;
  }
  mark(wasWord);
  origin.push(index);
  return { text, origin };

  function mark(boundary: boolean): void {
    text += (boundary ? MARK : INSIDE).repeat(count);
    for (let unit = 0; unit < count; unit++) origin.push(index);
  }
}
