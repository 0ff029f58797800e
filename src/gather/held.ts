/** Bytes of one direction that no utterance has taken yet, with the times they came at; and the making of an utterance out of them. */
import type { Cut, Direction, Shape, TimeUs, Utterance } from '../contract.js';
import { type Charset, CONTROLS, decodeText, unfinishedTail, unitsOfPieces } from './charset.js';
import { erasedBefore, plain, plainOffsets, starErased, unfinishedSequence } from './plain-text.js';

/** Most that is held of one direction; an utterance that reaches it is cut by size. */
export const MAX_HELD_BYTES = 65_536;
/** How much of an open line in front of a cut is matched again with what follows it (UTF-16 units). */
const MAX_BEFORE = 4_096;
/** Room that is kept between utterances, so that an idle session holds little. */
const KEPT_ROOM = 2_048;
/** Pieces that came within this time of each other are one. */
const PIECE_US = 1_000;
/** Most pieces of one direction, some 60 bytes each; past them two and two are one. A line typed for a minute, byte by byte, would else hold 4 MB. */
const MOST_PIECES = 2_048;

const LF = 10;
const CR = 13;
export const isEnd = (byte: number | undefined): boolean => byte === LF || byte === CR;

/** Line end of two bytes whose first is `first`: CR LF, CR NUL (RFC 854), and Diku's LF CR. */
export const completesEnd = (first: number, second: number): boolean =>
  first === CR ? second === LF || second === 0 : first === LF && second === CR;

export class Held {
  #room = Buffer.alloc(0);
  #used = 0;
  /** [time, bytes] */
  #pieces: [TimeUs, number][] = [];
  #before = '';
  lastAt: TimeUs = 0;

  readonly #direction: Direction;
  readonly #charset: Charset | undefined;

  constructor(direction: Direction, charset: Charset | undefined) {
    this.#direction = direction;
    this.#charset = charset;
  }

  get length(): number {
    return this.#used;
  }

  get lastByte(): number | undefined {
    return this.#used > 0 ? this.#room[this.#used - 1] : undefined;
  }

  /** Adds bytes (copied) that fit. */
  add(bytes: Uint8Array, at: TimeUs): void {
    if (bytes.length === 0) return;
    if (this.#used + bytes.length > this.#room.length) this.#grow(this.#used + bytes.length);
    this.#room.set(bytes, this.#used);
    this.#used += bytes.length;
    const last = this.#pieces.at(-1);
    if (last && at - last[0] < PIECE_US) last[1] += bytes.length;
    else {
      if (this.#pieces.length === MOST_PIECES) this.#pieces = joinPairs(this.#pieces);
      this.#pieces.push([at, bytes.length]);
    }
    this.lastAt = at;
  }

  #grow(needed: number): void {
    const room = Buffer.allocUnsafeSlow(Math.min(MAX_HELD_BYTES, Math.max(KEPT_ROOM, needed, this.#room.length * 2)));
    this.#room.copy(room, 0, 0, this.#used);
    this.#room = room;
  }

  /** How many bytes stand before the open line: up to and with the last line end. */
  wholeLines(): number {
    const bytes = this.#room.subarray(0, this.#used);
    return Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1;
  }

  /** Where a cut by size falls: behind the last whole line, else behind the last whole letter and control sequence. */
  sizeCut(): number {
    const bytes = this.#room.subarray(0, this.#used);
    return this.wholeLines() || Math.min(this.#used - unfinishedTail(bytes, this.#charset), this.openCut()) || this.#used;
  }

  /** Where a cut inside the open line falls: behind all of it, but for a control sequence that has only begun. */
  openCut(): number {
    if (isEnd(this.lastByte)) return this.#used;
    return this.#used - unfinishedSequence(this.#room.subarray(0, this.#used), this.#direction === 'SND');
  }

  /** Adds bytes, however many: whenever it is full, `whenFull` must take some. */
  addAll(bytes: Uint8Array, at: TimeUs, whenFull: () => void): void {
    let rest = bytes;
    while (rest.length > MAX_HELD_BYTES - this.#used) {
      const fits = MAX_HELD_BYTES - this.#used;
      this.add(rest.subarray(0, fits), at);
      rest = rest.subarray(fits);
      whenFull();
    }
    this.add(rest, at);
  }

  /**
   * Takes the first `count` bytes as an utterance; the rest stays.
   *
   * @param lineEnded true where the line ends here, though its line end is not among the bytes
   * @param at when an utterance of no bytes came
   */
  take(count: number, cut: Cut | undefined, lineEnded: boolean, at: TimeUs): Utterance {
    const pieces = count > 0 ? this.#takePieces(count) : [[at, 0] as [TimeUs, number]];
    const bytes = this.#room.subarray(0, count);
    const utterance = makeUtterance({ direction: this.#direction, charset: this.#charset, bytes, pieces, before: this.#before, cut });
    this.#before = lineEnded || isEnd(bytes[count - 1]) || endsCrNul(bytes) ? '' : openLine(utterance.before, utterance.text);
    this.#room.copyWithin(0, count, this.#used);
    this.#used -= count;
    if (this.#used === 0 && this.#room.length > KEPT_ROOM) this.#room = Buffer.alloc(0);
    return utterance;
  }

  /** Forgets everything; returns how many bytes that were. */
  drop(): number {
    const dropped = this.#used;
    this.#used = 0;
    this.#pieces = [];
    this.#before = '';
    return dropped;
  }

  #takePieces(count: number): [TimeUs, number][] {
    const taken: [TimeUs, number][] = [];
    for (let left = count; left > 0; ) {
      const piece = this.#pieces[0] as [TimeUs, number];
      const bytes = Math.min(left, piece[1]);
      taken.push([piece[0], bytes]);
      left -= bytes;
      piece[1] -= bytes;
      if (piece[1] === 0) this.#pieces.shift();
    }
    return taken;
  }
}

/** Half as many pieces: each takes the next one in, at its own time. */
const joinPairs = (pieces: readonly [TimeUs, number][]): [TimeUs, number][] =>
  pieces.flatMap(([at, count], index): [TimeUs, number][] => (index % 2 === 0 ? [[at, count + (pieces[index + 1]?.[1] ?? 0)]] : []));

/**
 * The open line without its last characters: backspaces behind a cut reach over it, or `conab` and `\b\bnect` would be no `connect`. One that may have
 * lost its head stays as it is: its length tells the masks so.
 */
const erasedFrom = (before: string, count: number): string =>
  count === 0 || before.length >= MAX_BEFORE ? before : [...before].slice(0, -count).join('');

const endsCrNul = (bytes: Uint8Array): boolean => bytes.at(-1) === 0 && bytes.at(-2) === CR;

/**
 * The line that `text` leaves open; of a long one its head, where a command stands, and its end: `connect`, 64 KiB of blanks and `bob hunter2` behind a cut
 * are one login to the server.
 */
function openLine(before: string, text: string): string {
  const lineStart = text.lastIndexOf('\n') + 1;
  const line = lineStart > 0 ? text.slice(lineStart) : before + text;
  return line.length > MAX_BEFORE ? line.slice(0, MAX_BEFORE / 2) + line.slice(-MAX_BEFORE / 2) : line;
}

/** What an utterance is made of. */
export interface Taken {
  readonly direction: Direction;
  readonly charset: Charset | undefined;
  /** Of the utterance, line ends and all; borrowed. */
  readonly bytes: Buffer;
  /** [time, bytes], adding up to `bytes`, at least one. */
  readonly pieces: readonly (readonly [TimeUs, number])[];
  readonly before: string;
  readonly cut: Cut | undefined;
}

export function makeUtterance({ direction, charset, bytes, pieces, before, cut }: Taken): Utterance {
  const { text: sent, encoding, controls, lossy } = decodeText(bytes, charset);
  const moves = direction === 'SND';
  const text = plain(sent, moves, controls);
  const raw = controls & CONTROLS.other ? starErased(sent, moves) : sent;
  const shape = shapeOf(raw, text, controls);
  return {
    direction,
    at: (pieces[0] as readonly [TimeUs, number])[0],
    endAt: (pieces.at(-1) as readonly [TimeUs, number])[0],
    text,
    raw,
    shape,
    encoding,
    before: controls & CONTROLS.other && before ? erasedFrom(before, erasedBefore(sent, moves)) : before,
    pieces: sent.length === bytes.length ? pieces : piecesInUnits(pieces, unitsOfPieces(bytes, countsOf(pieces), encoding, sent.length)),
    ...(shape === 'escapes' || shape === 'other' ? { offsets: () => plainOffsets(sent, moves) } : undefined),
    // What was erased is stars in raw, and would stand in the bytes.
    ...(lossy && raw === sent ? { bytes: Buffer.from(bytes) } : undefined),
    ...(cut ? { cut } : undefined),
  };
}

const countsOf = (pieces: readonly (readonly [TimeUs, number])[]): number[] => pieces.map(([, count]) => count);

/** The same pieces counted in UTF-16 units. */
const piecesInUnits = (pieces: readonly (readonly [TimeUs, number])[], units: readonly number[]): [TimeUs, number][] =>
  pieces.map(([at], index) => [at, units[index] ?? 0]);

function shapeOf(raw: string, text: string, controls: number): Shape {
  if (raw === text) return 'same';
  if (controls & CONTROLS.other) return 'other';
  return controls & CONTROLS.escape ? 'escapes' : 'ends';
}
