/** Bytes of one direction that no utterance has taken yet, with the times they came at. Receives them in any splitting, gives utterances on demand. */
import type { Cut, Direction, Peeked, TimeUs, Utterance } from '../contract.js';
import { type Charset, decodeText, unfinishedTail } from './charset.js';
import { alternateAfter, unfinishedSequence } from './plain-text.js';
import { Screen } from './screen.js';
import { COLUMNS } from './screen-line.js';
import { makeUtterance, openLine } from './utterance.js';

/** Most that is held of one direction; an utterance that reaches it is cut by size. */
export const MAX_HELD_BYTES = 65_536;
/** Room that is kept between utterances, so that an idle session holds little. */
const KEPT_ROOM = 2_048;
/** Pieces that came within this time of each other are one. */
const PIECE_US = 1_000;
/** Most pieces of one direction, some 60 bytes each; past them two and two are one. A line typed for a minute, byte by byte, would else hold 4 MB. */
const MOST_PIECES = 2_048;
/** What is only looked at has no times. */
const LOOKED: readonly (readonly [TimeUs, number])[] = [[0, 0]];

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
  readonly #screen = new Screen();
  #charset: Charset | undefined;

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
    const open = !lineEnded && !isEnd(bytes[count - 1]) && !endsCrNul(bytes);
    const utterance = this.#make(bytes, pieces, cut, open);
    this.#before = open ? openLine(utterance.before, utterance.text) : '';
    if (this.#screen.mark >= 0) this.#screen.taken(count);
    this.#room.copyWithin(0, count, this.#used);
    this.#used -= count;
    if (this.#used === 0 && this.#room.length > KEPT_ROOM) this.#room = Buffer.alloc(0);
    return utterance;
  }

  #make(bytes: Buffer, pieces: readonly (readonly [TimeUs, number])[], cut: Cut | undefined, open: boolean): Utterance {
    return makeUtterance({
      direction: this.#direction,
      charset: this.#charset,
      bytes,
      pieces,
      before: this.#before,
      cut,
      open,
      screen: this.#screen,
    });
  }

  /** What is held, as text: `before` stands in front of it on the same line, `text` keeps the line end that it ends with. Undefined where nothing is held. */
  peek(): Peeked | undefined {
    if (this.#used === 0) return undefined;
    const bytes = this.#room.subarray(0, this.#used);
    const looked = { direction: this.#direction, charset: this.#charset, bytes, pieces: LOOKED, before: this.#before, cut: undefined, open: true };
    const { before, text } = makeUtterance({ ...looked, screen: new Screen() });
    const ended = this.#screen.watched ? this.#screen.willEnd(decodeText(bytes, this.#charset).text) : undefined;
    return { ...(ended === undefined ? undefined : { ended }), before, text: isEnd(this.lastByte) || endsCrNul(bytes) ? `${text}\n` : text };
  }

  /** The charset of everything that no utterance has taken yet. */
  setCharset(charset: Charset | undefined): void {
    this.#charset = charset;
  }

  get charset(): Charset | undefined {
    return this.#charset;
  }

  /** The client begins a line, if it is not at it yet: what is added from here on may be its echo. */
  mark(): void {
    this.#screen.begin(this.#used);
  }

  unmark(shows = false): void {
    this.#screen.end(shows ? this.#before : undefined);
  }

  /** The terminal is so many columns wide, from the next line that the client types on. */
  resize(columns: number): void {
    this.#screen.columns = Math.max(1, Math.trunc(columns) || COLUMNS);
  }

  /** A full-screen program has the terminal, by what was taken and what is held. */
  get alternate(): boolean {
    return (this.#used > 0 ? alternateAfter(this.#room.subarray(0, this.#used)) : undefined) ?? this.#screen.alternate;
  }

  /** Forgets everything; returns how many bytes that were. */
  drop(): number {
    const dropped = this.#used;
    this.#used = 0;
    this.#pieces = [];
    this.#before = '';
    this.#screen.lose();
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

const endsCrNul = (bytes: Uint8Array): boolean => bytes.at(-1) === 0 && bytes.at(-2) === CR;
