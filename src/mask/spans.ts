/**
 * Arithmetic of spans in a text: joined where they touch, carried over to another text, and written as stars. Receives spans and texts, gives new
 * ones; knows nothing of patterns.
 */

import { stars } from './style.js';

/** start..end in UTF-16 units, `end` exclusive. `mask` is the place of its mask in the list. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly mask: number;
}

/** Sorted, and joined where they overlap or touch; the mask that comes first in the list gives its name. */
export function join(spans: readonly Span[]): Span[] {
  if (spans.length < 2) return [...spans];
  const sorted = [...spans].sort((a, b) => a.start - b.start || a.end - b.end);
  const joined: { start: number; end: number; mask: number }[] = [];
  for (const span of sorted) {
    const last = joined.at(-1);
    if (!last || span.start > last.end) {
      joined.push({ ...span });
      continue;
    }
    last.end = Math.max(last.end, span.end);
    last.mask = Math.min(last.mask, span.mask);
  }
  return joined;
}

export interface Covered {
  readonly text: string;
  /** Where each span, in order, stands in the new text. */
  readonly spans: readonly Span[];
}

/** What is written in a secret's place, given the secret, the place of its mask in the list, and where it stood. */
export type Write = (secret: string, mask: number, span: Span) => string;

/** Writes stars, or what `write` gives, over joined spans, in their order. */
export function cover(text: string, spans: readonly Span[], write: Write = stars): Covered {
  const covered: Span[] = [];
  let result = '';
  let at = 0;
  for (const span of spans) {
    const { start, end, mask } = span;
    result += text.slice(at, start);
    const written = write(text.slice(start, end), mask, span);
    covered.push({ start: result.length, end: result.length + written.length, mask });
    result += written;
    at = end;
  }
  return { text: result + text.slice(at), spans: covered };
}

/**
 * Spans of a text as they stand in the raw text that it was taken from: with everything between their first and last unit, and with what was taken out
 * next to them on the same line, for that may be a part of the secret (`ESC h` in front of `unter2` is one thing to a terminal, another to a server).
 */
export function carryOver(spans: readonly Span[], offsets: readonly number[], raw: string): Span[] {
  return spans.map(({ start, end, mask }) => {
    const first = offsets[start] ?? raw.length;
    const last = (offsets[end - 1] ?? raw.length - 1) + 1;
    const inFront = raw.slice((offsets[start - 1] ?? -1) + 1, first);
    const behind = raw.slice(last, offsets[end] ?? raw.length);
    return { start: first - lengthAfterEnds(inFront), end: last + behind.search(/[\r\n]|$/), mask };
  });
}

const lengthAfterEnds = (text: string): number => text.length - 1 - Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'));

/** Moves positions of the text from before to after the stars. Positions must come in rising order; one inside a span is moved to its start. */
export function shifter(before: readonly Span[], after: readonly Span[]): (position: number) => number {
  let index = 0;
  return (position) => {
    while ((before[index]?.end ?? Number.POSITIVE_INFINITY) <= position) index++;
    const span = before[index];
    const last = before[index - 1];
    const grown = (after[index - 1]?.end ?? 0) - (last?.end ?? 0);
    return (span && span.start < position ? span.start : position) + grown;
  };
}
