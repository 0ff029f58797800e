/**
 * Gathers one direction line by line: what a client types in line mode, or a server's output where AUDIT_OUT_UNIT is 'line'. Receives text bytes
 * in any splitting, gives an utterance a line. Holds at most one open line (64 KiB); a longer one is cut by size.
 */
import type { Cut, Direction, TimeUs } from '../contract.js';
import type { Charset } from './charset.js';
import { type Gatherer, type Give, HeldGatherer, OPEN_LINE_US } from './gatherer.js';
import { completesEnd, isEnd } from './held.js';

export class LineGatherer extends HeldGatherer implements Gatherer {
  readonly #waits: boolean;
  /** The line end that the last utterance ended with, while its second byte may still come; 0: none. */
  #ended = 0;

  /** @param direction SND lines also end by two seconds of silence; what a client types waits for its Enter. */
  constructor(direction: Direction, charset?: Charset) {
    super(direction, charset);
    this.#waits = direction === 'RCV';
  }

  push(bytes: Uint8Array, at: TimeUs, give: Give): void {
    let start = this.#ended && completesEnd(this.#ended, bytes[0] as number) ? 1 : 0;
    if (bytes.length > 0) this.#ended = 0;
    for (let index = start; index < bytes.length; index++) {
      if (!isEnd(bytes[index])) continue;
      this.#add(bytes.subarray(start, index), at, give);
      give(this.held.take(this.held.length, undefined, true, at));
      const next = bytes[index + 1];
      if (next === undefined) this.#ended = bytes[index] as number;
      else if (completesEnd(bytes[index] as number, next)) index++;
      start = index + 1;
    }
    if (start < bytes.length) this.#add(bytes.subarray(start), at, give);
  }

  #add(bytes: Uint8Array, at: TimeUs, give: Give): void {
    this.held.addAll(bytes, at, () => give(this.held.take(this.held.sizeCut(), 'size', false, at)));
  }

  flush(cut: Cut | undefined, give: Give): void {
    const count = cut === 'close' ? this.held.length : this.held.openCut();
    if (count > 0) give(this.held.take(count, cut, false, this.held.lastAt));
  }

  drop(): number {
    this.#ended = 0;
    return this.held.drop();
  }

  /** An open line is all that is held. */
  setCharset(charset: Charset | undefined): void {
    this.held.setCharset(charset);
  }

  tick(at: TimeUs, give: Give): void {
    if (!this.#waits && this.held.length > 0 && at - this.held.lastAt >= OPEN_LINE_US) this.flush('idle', give);
  }
}
