/**
 * What the terminal shows, as far as gather must know: whether a full-screen program has it, and, once a client types, the line that it types on. Told
 * of each utterance of output that is taken; between a mark and its end it tells the echo in them.
 */
import type { Echo } from '../contract.js';
import { type Charset, unitsOfPieces } from './charset.js';
import { plainOffsets } from './plain-text.js';
import { COLUMNS, ScreenLine } from './screen-line.js';

/** An utterance that a mark falls into, or lies in front of. */
export interface Shown {
  /** Decoded characters as they were sent. */
  readonly sent: string;
  readonly text: string;
  readonly bytes: Buffer;
  readonly encoding: Charset;
  /** What stood on the same line in front of it. */
  readonly before: string;
}

export class Screen {
  /** A full-screen program has switched to the alternate screen. */
  alternate = false;
  /** Of the terminal. */
  columns = COLUMNS;
  /** How many of the bytes that are held came before the client began to type; -1 while it does not. */
  mark = -1;
  /** The line that it types on, once something came behind the mark. */
  #line: ScreenLine | undefined;

  /** The line that it has ended, while the server has not; and what that had become, while no utterance tells it. */
  #ending: ScreenLine | undefined;
  #ended: string | undefined;

  /** Whether an utterance has more to tell than what it says. */
  get watched(): boolean {
    return this.mark >= 0 || this.#ending !== undefined || this.#ended !== undefined;
  }

  /** @param held how many bytes are held */
  begin(held: number): void {
    if (this.mark < 0) this.mark = held;
  }

  /** The client has ended its line. @param before what the server had sent on it, where the end of the line matters though nothing was echoed yet */
  end(before?: string): void {
    if (this.mark < 0) return;
    this.mark = -1;
    const line = this.#line ?? (before === undefined ? undefined : new ScreenLine(before, this.columns));
    this.#line = undefined;
    // Nothing was shown of it: then the line before it, which has not ended yet, may be what the server goes on with.
    if (!line) return;
    this.#ending = line;
    this.#ended = undefined;
  }

  /** What the line had become when the server ended it; undefined where it has not, or that was told. @param sent what it sends now, and is taken */
  ended(sent: string): string | undefined {
    if (!this.#endsIn(sent)) this.#ending?.write(sent);
    const ended = this.#ended;
    this.#ended = undefined;
    return ended;
  }

  /** The same of what is not taken yet. */
  willEnd(sent: string): string | undefined {
    this.#endsIn(sent);
    return this.#ended;
  }

  #endsIn(sent: string): boolean {
    const end = this.#ending ? sent.indexOf('\n') : -1;
    if (end < 0) return this.#ended !== undefined;
    this.#ending?.write(sent.slice(0, end));
    this.#ended = this.#ending?.text;
    this.#ending = undefined;
    return true;
  }

  /** What was held is lost: what stands on the line is no longer known. */
  lose(): void {
    this.#line = undefined;
    this.#ending = undefined;
    this.#ended = undefined;
    if (this.mark > 0) this.mark = 0;
  }

  /** So many bytes were taken. */
  taken(count: number): void {
    this.mark = Math.max(0, this.mark - count);
  }

  /** The `echo` of an utterance that is taken while marked; nothing where all of it came before the mark. */
  echo(shown: Shown): { readonly echo: Echo } | undefined {
    if (shown.bytes.length <= this.mark) return undefined;
    const units = unitsBefore(this.mark, shown);
    this.#line ??= new ScreenLine(shown.before + shown.sent.slice(0, units), this.columns);
    this.#line.write(shown.sent.slice(units));
    return { echo: { from: placeInText(units, shown), line: this.#line.text, prompt: this.#line.prompt } };
  }
}

/** How many UTF-16 units of what was sent the first `count` bytes are. */
function unitsBefore(count: number, { sent, bytes, encoding }: Shown): number {
  if (count === 0 || sent.length === bytes.length) return count;
  return unitsOfPieces(bytes, [count, bytes.length - count], encoding, sent.length)[0] as number;
}

/** Where the text goes on with what was sent from this unit on. */
function placeInText(unit: number, { sent, text }: Shown): number {
  if (unit === 0 || sent === text) return unit;
  const place = plainOffsets(sent).findIndex((at) => at >= unit);
  return place < 0 ? text.length : place;
}
