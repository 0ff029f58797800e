/**
 * A masked utterance with another text, which a module of the operator's gave: it passes the masks anew, as if nobody knew what it is made of. Never throws:
 * where that fails, the text is withheld.
 */
import type { MaskedUtterance } from '../contract.js';
import type { Finder } from './elsewhere.js';
import { everywhere, type MaskSet } from './mask-set.js';
import { cover, join, type Span } from './spans.js';

/** As much as an utterance has at most. UTF-16 units. */
const MOST_UNITS = 65_536;
/** What no text has (FORMAT.md): control characters but tabs and line ends. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * Without `raw` and `timing`, which are of the text before; what was scrubbed in that stays scrubbed where it still stands.
 * @param said finds what the session's client said that was secret
 */
export function rewrite(masks: MaskSet, utterance: MaskedUtterance, text: string, said: Finder | undefined): MaskedUtterance {
  const { raw: _raw, rawB64: _base64, text: before = '', ...same } = utterance;
  try {
    const plain = text.slice(0, MOST_UNITS).toWellFormed().replace(CONTROLS, '');
    const kept = marksIn(plain, before, utterance, masks);
    const marks = new Set(kept.map(({ start, end }) => plain.slice(start, end)));
    const found = masks.find('both', plain);
    const spans = join([...kept, ...(found ? everywhere(found, plain) : []), ...(said?.(plain) ?? [])]);
    const covered = cover(plain, spans, (secret, mask, span) => (marks.has(secret) ? secret : masks.write(secret, mask, span)));
    const masked = covered.spans.map(({ mask, start, end }) => ({ mask: masks.nameOf(mask), direction: utterance.direction, start, end }));
    return { ...same, text: covered.text, shape: 'same', masked, bytes: Buffer.byteLength(covered.text), timing: [] } as MaskedUtterance;
  } catch {
    return { ...same, shape: 'same', masked: [], bytes: 0, timing: [], cut: 'blind' } as MaskedUtterance;
  }
}

/** Where what was written in secrets' places stands in the new text, in its old order. */
function marksIn(text: string, before: string, { masked }: MaskedUtterance, masks: MaskSet): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const { mask, start, end } of masked) {
    const mark = before.slice(start, end);
    const found = mark === '' ? -1 : text.indexOf(mark, at);
    if (found < 0) continue;
    at = found + mark.length;
    spans.push({ start: found, end: at, mask: masks.indexOf(mask) });
  }
  return spans;
}
