/**
 * Text that others said, made safe to be shown: nothing of it steers the terminal of whoever reads it. Receives any text, gives text in which control
 * characters, marks that turn the direction of writing, and halves of characters stand as escapes. Never hides that there was one.
 */

/** Controls (C0, C1, DEL), line and paragraph separators, and what reorders or hides the text around it (Unicode TR 36): bidi, zero width, tags. */
const STEERS = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** The text with everything that steers a terminal as an escape: `\x1b`, `\u202e`. Line ends and tabs too. */
export const printable = (text: string): string => text.replace(STEERS, escaped);

/** The same, but line ends and tabs stay. */
export const printableText = (text: string): string => text.replace(STEERS, (one) => (one === '\n' || one === '\t' ? one : escaped(one)));
