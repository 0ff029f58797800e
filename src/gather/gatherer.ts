/** What gathers one direction's text into utterances, as the pipeline drives it; and what all that do so have in common: the bytes that they hold. */
import type { Cut, Direction, Peeked, TimeUs, Utterance } from '../contract.js';
import type { Charset } from './charset.js';
import { Held } from './held.js';

/** Silence after which an output's open line is given as it stands. */
export const OPEN_LINE_US = 2_000_000;

export type Give = (utterance: Utterance) => void;

/** What the pipeline drives; lines and messages are gathered behind it. */
export interface Gatherer {
  /** @param bytes borrowed; @param at when they came */
  push(bytes: Uint8Array, at: TimeUs, give: Give): void;
  /** Gives what is held, cut for this reason (undefined: in the usual way); but a control sequence that has only begun stays, unless it is 'close'. */
  flush(cut: Cut | undefined, give: Give): void;
  /** Time has come to `at`: gives what has been silent for long enough. */
  tick(at: TimeUs, give: Give): void;
  /** Forgets what is held (a gap: its line has a hole); returns how many bytes that were. */
  drop(): number;
  /** Bytes that are held and not yet given. */
  readonly length: number;
  /** What is held; undefined where nothing is. Takes nothing. */
  peek(): Peeked | undefined;
  /** Output: the client has begun a line (a second call changes nothing). Utterances carry what comes from here on as `echo`. */
  mark(): void;
  /** Output: that line has ended, and what came before its end was flushed. @param shows only the screen knows what it was: see `Utterance.ended` */
  unmark(shows?: boolean): void;
  /** Output: how wide the client's terminal is; 80 until told, and for 0. */
  resize(columns: number): void;
  /** Output: a full-screen program has the terminal (alternate screen), by all that was pushed. What is typed then are keys, not lines. */
  readonly alternate: boolean;
  /**
   * From here on text is read in this charset (undefined: by itself). Whole lines of output that are held were sent before, and are given first; of an open
   * line the next utterance decodes all in the new one.
   */
  setCharset(charset: Charset | undefined, give: Give): void;
}

/** Telnet's commands for a line that is being typed (RFC 854): EC, EL and IP, as the keys that do the same. They are pushed like keys. */
export const EDITING = { EC: 0x7f, EL: 0x15, IP: 0x03 } as const;

/** The part of a gatherer that is its held bytes alone. */
export abstract class HeldGatherer {
  protected readonly held: Held;

  constructor(direction: Direction, charset: Charset | undefined) {
    this.held = new Held(direction, charset);
  }

  get length(): number {
    return this.held.length;
  }

  peek(): Peeked | undefined {
    return this.held.peek();
  }

  mark(): void {
    this.held.mark();
  }

  unmark(shows = false): void {
    this.held.unmark(shows);
  }

  resize(columns: number): void {
    this.held.resize(columns);
  }

  get alternate(): boolean {
    return this.held.alternate;
  }
}
