/**
 * The only way out of what was said. Receives utterances, gives the same with every secret scrubbed in every member; nothing else makes what record/
 * takes. Never throws for what it is given to scrub: where anything fails, the text is withheld.
 */
import type { AnyMask, Direction, MaskedUtterance, MaskHit, Utterance } from '../contract.js';
import { type Finder, finderOf, type Known } from './elsewhere.js';
import { everywhere, type Found, MaskSet, type Side } from './mask-set.js';
import { prove } from './prove.js';
import type { Said } from './said.js';
import { type Covered, carryOver, cover, join, type Span, shifter, type Write } from './spans.js';
import type { Style } from './style.js';
import { placeByLineEnds, placeByOffsets, sameButLineEnds, timingOf } from './timing.js';

export { scrubData, scrubName } from './data.js';
export type { MaskSet, Side } from './mask-set.js';
export type { Style } from './style.js';

/** The outcome of `scrub`. */
export interface Scrubbed {
  readonly utterance: MaskedUtterance;
  /** True where masking failed and the text was withheld for that: say so in an `audit.fault`. */
  readonly failed: boolean;
  /** The mask whose secret reached the end of the text and may go on behind a cut. Hand it to the next `scrub` of this session and direction. */
  readonly open?: string;
  /** Where secrets stood in the text, before they were scrubbed. */
  readonly spans: readonly Span[];
}

/**
 * Compiles masks, and lets each prove itself by its examples.
 * @param style what they write; stars unless given
 * @param before the set in force that this one is to follow (`SessionMasks.adopt`)
 * @throws AuditError AUDIT_MASK_PATTERN, AUDIT_MASK_SECRET, AUDIT_MASK_PROOF, with the place
 */
export function compileMasks(definitions: readonly AnyMask[], style?: Style, before?: MaskSet): MaskSet {
  const masks = new MaskSet(definitions, style, before);
  for (const single of masks.singles) prove(single);
  return masks;
}

/** How often each mask was found since it was compiled, by name. */
export function hits(masks: MaskSet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { definition, hits } of masks.singles) counts.set(definition.name, (counts.get(definition.name) ?? 0) + hits);
  return counts;
}

/** What a session remembers from one utterance to the next. */
export interface Memory {
  /** What the last `scrub` of this direction gave; it counts only where `before` says that a line goes on. */
  readonly open?: string | undefined;
  /** What the client said that was secret: added to, and looked for. */
  readonly said?: Said;
  /** Finds secrets that are known by their places: a hidden line, an echo of one. */
  readonly hidden?: () => readonly Span[];
}

/** Scrubs one utterance with the masks of its direction: every secret at its place, and the same text elsewhere in it; and what is remembered. */
export function scrub(masks: MaskSet, utterance: Utterance, memory: Memory = {}): Scrubbed {
  try {
    return scrubbed(masks, utterance, memory);
  } catch {
    return { utterance: withhold(utterance), failed: true, spans: [] };
  }
}

/** The record of an utterance whose text must not be seen: when, whose, and nothing else. */
export function withhold({ direction, at, endAt, shape, encoding }: Utterance): MaskedUtterance {
  return { direction, at, endAt, masked: [], bytes: 0, shape, encoding, cut: 'blind', timing: [] } as unknown as MaskedUtterance;
}

/** A line after the masks, and where in it they wrote. */
export interface ScrubbedLine {
  readonly text: string;
  readonly masked: readonly Omit<MaskHit, 'direction'>[];
}

/**
 * Scrubs a text on its own, as `wirescribe mask` does.
 * @param side whose masks: of a direction, or all
 * @param said what was secret in the lines before; added to, unless they are the server's
 */
export function scrubLine(masks: MaskSet, line: string, side: Side, said?: Said): ScrubbedLine {
  const text = line.toWellFormed();
  const found = masks.find(side, text);
  if (side !== 'SND') said?.learn(found?.known ?? [], 0);
  const spans = join([...(found ? everywhere(found, text) : []), ...(said?.finder(0)?.(text) ?? [])]);
  if (spans.length === 0) return { text: line, masked: [] };
  const covered = cover(text, spans, masks.write);
  return { text: covered.text, masked: covered.spans.map(({ mask, start, end }) => ({ mask: masks.nameOf(mask), start, end })) };
}

/** From here on `before` may have lost the head of its line (4 KiB, in UTF-16 units of four bytes at most), so that matching cannot tell. */
const BEFORE_IN_DOUBT = 1024;

const NONE: readonly never[] = [];

function scrubbed(masks: MaskSet, utterance: Utterance, { open, said, hidden: placed }: Memory): Scrubbed {
  const hidden = placed?.() ?? NONE;
  const { before, text, direction } = utterance;
  const joined = (before + text).toWellFormed();
  const edited = before === '' ? masks.find(direction, joined) : findBehindCut(masks, direction, joined, before.length);
  const found = utterance.unedited === undefined ? edited : withUnedited(masks, utterance, utterance.unedited, edited);
  const rest = open !== undefined && before !== '' ? firstLine(masks, text, open) : undefined;
  if (direction === 'RCV' && (found || rest)) said?.learn(secretsOf(found, rest, text), utterance.endAt);
  const back = said?.finder(utterance.at);
  if (!found && !rest && !back && hidden.length === 0) return { utterance: written(masks, utterance, NONE, NONE), failed: false, spans: NONE };
  const spans = found ? clip(everywhere(found, joined), before.length) : [];
  if (rest && before.length >= BEFORE_IN_DOUBT) spans.push(rest);
  const last = join(spans).at(-1);
  const more = said && back ? said.find(utterance) : NONE;
  const all = join([...spans, ...more, ...hidden].filter(({ start, end }) => end > start));
  const reached = last?.end === text.length ? masks.nameOf(last.mask) : text === '' && rest ? open : undefined;
  const finders = [found && finderOf(found.known), back].filter((finder) => finder !== undefined);
  const result = { utterance: written(masks, utterance, all, finders), failed: false, spans: all };
  return reached === undefined ? result : { ...result, open: reached };
}

/** The texts of the secrets in an utterance. What goes on from a head that is no longer known may be a part of one. */
function secretsOf(found: Found | undefined, rest: Span | undefined, text: string): readonly Known[] {
  const known = found?.known ?? [];
  return rest ? [...known, { text: text.slice(0, rest.end), mask: rest.mask }] : known;
}

/** Behind a cut a line is looked at twice: as the whole that it is, and from the cut on, for a prompt in front of it is no part of what was said. */
function findBehindCut(masks: MaskSet, direction: Direction, joined: string, cut: number): Found | undefined {
  const whole = masks.find(direction, joined);
  const rest = masks.find(direction, joined.slice(cut).toWellFormed());
  if (!rest) return whole;
  const moved = rest.spans.map(({ start, end, mask }) => ({ start: start + cut, end: end + cut, mask }));
  return { spans: [...(whole?.spans ?? []), ...moved], known: [...(whole?.known ?? []), ...rest.known] };
}

/**
 * A server may not know the keys that edit a line, and read more than the line as it stood: what is secret for such a server is hidden too, and where it
 * does not stand in the line as it stood, all of that.
 */
function withUnedited(masks: MaskSet, { before, text, direction }: Utterance, unedited: string, edited: Found | undefined): Found | undefined {
  const other = masks.find(direction, (before + unedited).toWellFormed());
  const [first] = other?.spans ?? [];
  if (!other || !first) return edited;
  const spans = finderOf(other.known)?.(text) ?? [];
  const missing = edited === undefined && spans.length === 0;
  const all = missing ? [{ start: 0, end: text.length, mask: first.mask }] : spans;
  const moved = all.map(({ start, end, mask }) => ({ start: start + before.length, end: end + before.length, mask }));
  return { spans: [...(edited?.spans ?? []), ...moved], known: [...(edited?.known ?? []), ...other.known] };
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

/** What is written of an utterance whose secrets stand at `spans` (joined); the finders look for them in what is no text. */
function written(masks: MaskSet, utterance: Utterance, spans: readonly Span[], finders: readonly Finder[]): MaskedUtterance {
  const { direction, at, endAt, shape, encoding, cut, pieces } = utterance;
  const text = cover(utterance.text, spans, masks.write);
  const covered = saysMore(utterance) ? coverRaw(masks, utterance, spans, finders) : undefined;
  const base64 = spans.length === 0 && !covered?.spans.length ? utterance.bytes : undefined;
  const raw = base64 ? undefined : covered;
  const length = (raw?.covered ?? text).text.length;
  const place = () => (raw ? shifter(raw.spans, raw.covered.spans) : placeInText(utterance, spans, text));
  const result: Mutable<Omit<MaskedUtterance, symbol>> = {
    direction,
    at,
    endAt,
    text: text.text,
    masked: text.spans.map(({ mask, start, end }) => ({ mask: masks.nameOf(mask), direction, start, end })),
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
function coverRaw(masks: MaskSet, { direction, text, raw, offsets }: Utterance, spans: readonly Span[], finders: readonly Finder[]): CoveredRaw {
  const others = [...finders.flatMap((finder) => finder(raw)), ...spansInStrings(masks, direction, raw)];
  if (spans.length === 0 && others.length === 0) return { spans, covered: { text: raw, spans } };
  const map = spans.length === 0 ? [] : offsets?.();
  if (spans.length > 0 && map?.length !== text.length) throw new Error('text and raw do not fit');
  const inRaw = join([...carryOver(spans, map ?? [], raw), ...others]);
  return { spans: inRaw, covered: cover(raw, inRaw, masks.tags ? tagsOf(masks, text, map ?? []) : masks.write) };
}

/** Control strings of a terminal (ECMA-48 5.6: DCS, SOS, OSC, PM, APC), such as a window's title: no part of the text, but they can say a secret too. */
const STRINGS = /\x1b[\]PX^_](?:\d{1,3};)?([^\x07\x1b\r\n]{1,4096})/g;
const OPENINGS = ['\x1b]', '\x1bP', '\x1bX', '\x1b^', '\x1b_'];

function spansInStrings(masks: MaskSet, direction: Direction, raw: string): Span[] {
  if (!OPENINGS.some((opening) => raw.includes(opening))) return [];
  return [...raw.matchAll(STRINGS)].flatMap(({ 0: whole, 1: said = '', index }) => {
    const start = index + whole.length - said.length;
    const found = masks.find(direction, said.toWellFormed());
    return found ? found.spans.map((span) => ({ ...span, start: start + span.start, end: start + span.end })) : [];
  });
}

/** Writes the tags that `text` has in `raw` too, where control sequences stand in a secret. Asked from left to right. */
function tagsOf(masks: MaskSet, text: string, offsets: readonly number[]): Write {
  let at = 0;
  return (secret, mask, { start, end }) => {
    while ((offsets[at] ?? end) < start) at++;
    const first = at;
    while ((offsets[at] ?? end) < end) at++;
    return masks.write(at > first ? text.slice(first, at) : secret, mask, { start, end, mask });
  };
}

/** Where positions of `raw` stand in the text that is written. */
function placeInText({ shape, raw, offsets }: Utterance, spans: readonly Span[], text: Covered): (rawPosition: number) => number {
  const shift = shifter(spans, text.spans);
  if (shape === 'same') return shift;
  const plain = shape === 'ends' || !offsets ? placeByLineEnds(raw) : placeByOffsets(offsets());
  return (position) => shift(plain(position));
}
