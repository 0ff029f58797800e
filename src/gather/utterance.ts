/** The making of an utterance: bytes that belong together, with the times they came at, become the text that a person would read. Keeps nothing. */
import type { Cut, Direction, Shape, TimeUs, Utterance } from '../contract.js';
import { type Charset, CONTROLS, type Decoded, decodeText, unitsOfPieces } from './charset.js';
import { edit } from './line-editor.js';
import { plainOffsets, read, starred } from './plain-text.js';
import type { Screen, Shown } from './screen.js';

/** How much of an open line in front of a cut is matched again with what follows it (UTF-16 units). */
const MAX_BEFORE = 4_096;

type Pieces = readonly (readonly [TimeUs, number])[];

/** What an utterance is made of. */
export interface Taken {
  readonly direction: Direction;
  readonly charset: Charset | undefined;
  /** Of the utterance, line ends and all; borrowed. */
  readonly bytes: Buffer;
  /** [time, bytes], adding up to `bytes`, at least one. */
  readonly pieces: Pieces;
  readonly before: string;
  readonly cut: Cut | undefined;
  /** The last line is not ended. */
  readonly open: boolean;
  /** Told of what the bytes do to it. */
  readonly screen: Screen;
}

/** @param taken its bytes and pieces, which are kept where they can be, go over to the utterance */
export function makeUtterance(taken: Taken): Utterance {
  const { direction, charset, bytes, pieces, before, cut, open, screen } = taken;
  const decoded = decodeText(bytes, charset);
  const { text: sent, encoding, controls, lossy } = decoded;
  const typed = direction === 'RCV';
  if (typed && controls & CONTROLS.other) return typedUtterance(taken, decoded);
  const found = read(sent, controls);
  const walked = typeof found === 'string' ? undefined : found;
  // Escapes that are no colours may be keys.
  if (typed && walked) return typedUtterance(taken, decoded);
  const text = typeof found === 'string' ? found : found.text;
  const raw = walked ? starred(sent, walked.erased) : sent;
  const shape = shapeOf(raw, text, controls);
  if (walked?.alternate !== undefined) screen.alternate = walked.alternate;
  return {
    direction,
    at: (pieces[0] as readonly [TimeUs, number])[0],
    endAt: (pieces.at(-1) as readonly [TimeUs, number])[0],
    text,
    raw,
    shape,
    encoding,
    before: walked ? erasedFrom(before, walked.erasedBefore) : before,
    pieces: inUnits(pieces, bytes, encoding, sent),
    ...(shape === 'escapes' || shape === 'other' ? { offsets: () => plainOffsets(sent) } : undefined),
    ...(lossy || cut || open || controls & CONTROLS.tab || screen.watched ? seldom(taken, decoded, text, raw) : undefined),
  };
}

/** Members that most utterances have not: each spread of nothing is felt where there are many. */
function seldom(taken: Taken, { text: sent, encoding, controls, lossy }: Decoded, text: string, raw: string): Partial<Utterance> {
  const { direction, bytes, before, cut, open, screen } = taken;
  const typed = direction === 'RCV';
  return {
    // What was erased is stars in raw, and would stand in the bytes.
    ...(lossy && raw === sent ? { bytes: Buffer.from(bytes) } : undefined),
    ...(cut ? { cut } : undefined),
    ...(open ? { open } : undefined),
    ...(typed && controls & CONTROLS.tab ? { asks: true } : undefined),
    ...(!typed && screen.watched ? shown({ sent, text, bytes, encoding, before }, screen) : undefined),
  };
}

/** What an utterance of output tells of the line that the client types on, or has typed on. */
function shown(said: Shown, screen: Screen): Partial<Utterance> {
  const ended = screen.ended(said.sent);
  return { ...(ended === undefined ? undefined : { ended }), ...(screen.mark >= 0 ? screen.echo(said) : undefined) };
}

/** A line with keys in it. Where something was put in front of what had been typed, `raw` and its times are those of the text. */
function typedUtterance({ bytes, pieces, before, cut, open }: Taken, { text: sent, encoding, controls, lossy }: Decoded): Utterance {
  const edited = edit(sent, before);
  const { text, offsets, moved, unedited } = edited;
  const raw = moved ? text : starred(sent, edited.erased);
  const shape = moved ? 'same' : shapeOf(raw, text, controls);
  const at = (pieces[0] as readonly [TimeUs, number])[0];
  return {
    direction: 'RCV',
    at,
    endAt: (pieces.at(-1) as readonly [TimeUs, number])[0],
    text,
    raw,
    shape,
    encoding,
    // A line that may have lost a part stays as it is, unless all of it was erased: its length tells the masks so.
    before: before.length >= MAX_BEFORE && edited.before !== '' ? before : edited.before,
    pieces: moved ? [[at, text.length]] : inUnits(pieces, bytes, encoding, sent),
    ...(shape === 'same' ? undefined : { offsets: () => offsets }),
    ...(lossy && raw === sent ? { bytes: Buffer.from(bytes) } : undefined),
    ...(cut ? { cut } : undefined),
    ...(open ? { open } : undefined),
    ...(unedited === text ? undefined : { unedited }),
    ...(edited.asks ? { asks: true } : undefined),
  };
}

/**
 * The open line without its last characters: backspaces behind a cut reach over it, or `conab` and `\b\bnect` would be no `connect`. One that may have
 * lost its head stays as it is: its length tells the masks so.
 */
export const erasedFrom = (before: string, count: number): string =>
  count === 0 || before.length >= MAX_BEFORE ? before : [...before].slice(0, -count).join('');

/**
 * The line that `text` leaves open; of a long one its head, where a command stands, and its end: `connect`, 64 KiB of blanks and `bob hunter2` behind a cut
 * are one login to the server.
 */
export function openLine(before: string, text: string): string {
  const lineStart = text.lastIndexOf('\n') + 1;
  const line = lineStart > 0 ? text.slice(lineStart) : before + text;
  return line.length > MAX_BEFORE ? line.slice(0, MAX_BEFORE / 2) + line.slice(-MAX_BEFORE / 2) : line;
}

/** The same pieces counted in UTF-16 units. */
function inUnits(pieces: Pieces, bytes: Buffer, encoding: Charset, sent: string): Pieces {
  if (sent.length === bytes.length) return pieces;
  const counts = pieces.map(([, count]) => count);
  const units = unitsOfPieces(bytes, counts, encoding, sent.length);
  return pieces.map(([at], index) => [at, units[index] ?? 0]);
}

function shapeOf(raw: string, text: string, controls: number): Shape {
  if (raw === text) return 'same';
  if (controls & CONTROLS.other) return 'other';
  return controls & CONTROLS.escape ? 'escapes' : 'ends';
}
