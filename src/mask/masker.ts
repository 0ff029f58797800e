/**
 * The only way out of what was said. Receives utterances, gives the same with every secret scrubbed in every member; nothing else makes what record/
 * takes. Never throws for what it is given to scrub: where anything fails, the text is withheld.
 */
import type { Direction, MaskDefinition, MaskedUtterance, MaskHit, Utterance } from '../contract.js';
import { finderOf } from './elsewhere.js';
import { everywhere, type Found, MaskSet, type Side } from './mask-set.js';
import { prove } from './prove.js';
import { type Covered, carryOver, cover, join, type Span, shifter } from './spans.js';
import { placeByLineEnds, placeByOffsets, sameButLineEnds, timingOf } from './timing.js';

export { scrubData, scrubName } from './data.js';
export type { MaskSet, Side } from './mask-set.js';

/** The outcome of `scrub`. */
export interface Scrubbed {
  readonly utterance: MaskedUtterance;
  /** True where masking failed and the text was withheld for that: say so in an `audit.fault`. */
  readonly failed: boolean;
  /** The mask whose secret reached the end of the text and may go on behind a cut. Hand it to the next `scrub` of this session and direction. */
  readonly open?: string;
}

/**
 * Compiles masks, and lets each prove itself by its examples.
 * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_MASK_SECRET, AUDIT_MASK_PROOF, with the place
 */
export function compileMasks(definitions: readonly MaskDefinition[]): MaskSet {
  const masks = new MaskSet(definitions);
  for (const single of masks.singles) prove(single);
  return masks;
}

/** How often each mask was found since it was compiled, by name. */
export function hits(masks: MaskSet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { definition, hits } of masks.singles) counts.set(definition.name, (counts.get(definition.name) ?? 0) + hits);
  return counts;
}

/**
 * Scrubs one utterance with the masks of its direction: every secret at its place, and the same text elsewhere in it.
 * @param open what the last `scrub` of this session and direction gave; it counts only where `before` says that a line goes on
 */
export function scrub(masks: MaskSet, utterance: Utterance, open?: string): Scrubbed {
  try {
    return scrubbed(masks, utterance, open);
  } catch {
    return { utterance: withhold(utterance), failed: true };
  }
}

/** The record of an utterance whose text must not be seen: when, whose, and nothing else. */
export function withhold({ direction, at, endAt, shape, encoding }: Utterance): MaskedUtterance {
  return { direction, at, endAt, masked: [], bytes: 0, shape, encoding, cut: 'blind', timing: [] } as unknown as MaskedUtterance;
}

/**
 * Scrubs a text on its own, as `wirescribe mask` does.
 * @param side whose masks: of a direction, or all
 */
export function scrubLine(
  masks: MaskSet,
  line: string,
  side: Side,
): { readonly text: string; readonly masked: readonly Omit<MaskHit, 'direction'>[] } {
  const text = line.toWellFormed();
  const found = masks.find(side, text);
  if (!found) return { text: line, masked: [] };
  const covered = cover(text, join(everywhere(found, text)));
  return { text: covered.text, masked: covered.spans.map(({ mask, start, end }) => ({ mask: nameOf(masks, mask), start, end })) };
}

const nameOf = (masks: MaskSet, index: number): string => masks.singles[index]?.definition.name ?? '';

/** From here on `before` may have lost the head of its line (4 KiB, in UTF-16 units of four bytes at most), so that matching cannot tell. */
const BEFORE_IN_DOUBT = 1024;

function scrubbed(masks: MaskSet, utterance: Utterance, open: string | undefined): Scrubbed {
  const { before, text, direction } = utterance;
  const joined = (before + text).toWellFormed();
  const found = before === '' ? masks.find(direction, joined) : findBehindCut(masks, direction, joined, before.length);
  const goesOn = open !== undefined && before !== '';
  if (!found && !goesOn) return { utterance: written(masks, utterance, [], undefined), failed: false };
  const spans = found ? clip(everywhere(found, joined), before.length) : [];
  if (goesOn && before.length >= BEFORE_IN_DOUBT) spans.push(firstLine(masks, text, open));
  const all = join(spans.filter(({ start, end }) => end > start));
  const last = all.at(-1);
  const reached = last?.end === text.length ? nameOf(masks, last.mask) : text === '' && goesOn ? open : undefined;
  const result = { utterance: written(masks, utterance, all, found), failed: false };
  return reached === undefined ? result : { ...result, open: reached };
}

/** Behind a cut a line is looked at twice: as the whole that it is, and from the cut on, for a prompt in front of it is no part of what was said. */
function findBehindCut(masks: MaskSet, direction: Direction, joined: string, cut: number): Found | undefined {
  const whole = masks.find(direction, joined);
  const rest = masks.find(direction, joined.slice(cut).toWellFormed());
  if (!rest) return whole;
  const moved = rest.spans.map(({ start, end, mask }) => ({ start: start + cut, end: end + cut, mask }));
  return { spans: [...(whole?.spans ?? []), ...moved], known: [...(whole?.known ?? []), ...rest.known] };
}

/** Spans of before + text as spans of the text. */
function clip(spans: readonly Span[], before: number): Span[] {
  const rest = spans.filter(({ end }) => end > before);
  return rest.map(({ start, end, mask }) => ({ start: Math.max(0, start - before), end: end - before, mask }));
}

function firstLine(masks: MaskSet, text: string, open: string): Span {
  const end = text.indexOf('\n');
  const mask = masks.singles.findIndex(({ definition }) => definition.name === open);
  return { start: 0, end: end < 0 ? text.length : end, mask: Math.max(0, mask) };
}

/** What is written of an utterance whose secrets stand at `spans` (joined). */
function written(masks: MaskSet, utterance: Utterance, spans: readonly Span[], found: Found | undefined): MaskedUtterance {
  const { direction, at, endAt, shape, encoding, cut, pieces } = utterance;
  const text = cover(utterance.text, spans);
  const base64 = spans.length === 0 ? utterance.bytes : undefined;
  const raw = base64 || !saysMore(utterance) ? undefined : coverRaw(utterance, spans, found);
  const length = (raw?.covered ?? text).text.length;
  const place = () => (raw ? shifter(raw.spans, raw.covered.spans) : placeInText(utterance, spans, text));
  const result: Mutable<Omit<MaskedUtterance, symbol>> = {
    direction,
    at,
    endAt,
    text: text.text,
    masked: text.spans.map(({ mask, start, end }) => ({ mask: nameOf(masks, mask), direction, start, end })),
    bytes: base64 ? base64.byteLength : Buffer.byteLength((raw?.covered ?? text).text),
    shape,
    encoding,
    timing: pieces.length === 1 ? [] : timingOf(pieces, at, length, place()),
  };
  if (raw) result.raw = raw.covered.text;
  if (base64) result.rawB64 = Buffer.from(base64.buffer, base64.byteOffset, base64.byteLength).toString('base64');
  if (cut) result.cut = cut;
  return result as unknown as MaskedUtterance;
}

type Mutable<T> = { -readonly [name in keyof T]: T[name] };

/** Whether `raw` holds more than `text` and line ends. */
const saysMore = ({ shape, raw, text }: Utterance): boolean => shape === 'escapes' || (shape === 'other' && !sameButLineEnds(raw, text));

interface CoveredRaw {
  readonly spans: readonly Span[];
  readonly covered: Covered;
}

/** The raw text under stars: the same spans, and the secrets where they stand in what is no text there (a window's title). Throws if they do not fit. */
function coverRaw({ text, raw, offsets }: Utterance, spans: readonly Span[], found: Found | undefined): CoveredRaw {
  if (spans.length === 0 && !found) return { spans, covered: { text: raw, spans } };
  const map = offsets?.();
  if (map?.length !== text.length) throw new Error('text and raw do not fit');
  const others = found && finderOf(found.known)?.(raw);
  const inRaw = join([...carryOver(spans, map, raw), ...(others ?? [])]);
  return { spans: inRaw, covered: cover(raw, inRaw) };
}

/** Where positions of `raw` stand in the text that is written. */
function placeInText({ shape, raw, offsets }: Utterance, spans: readonly Span[], text: Covered): (rawPosition: number) => number {
  const shift = shifter(spans, text.spans);
  if (shape === 'same') return shift;
  const plain = shape === 'ends' || !offsets ? placeByLineEnds(raw) : placeByOffsets(offsets());
  return (position) => shift(plain(position));
}
