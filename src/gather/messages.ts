/**
 * Gathers what a server says in one go: the lines up to a prompt mark, to the client's next input, to 64 KiB, or to a silence. Receives text bytes in
 * any splitting, gives utterances of one or more lines. A silence ends the message at its last line end; its open last line (a prompt, most often)
 * stays with it as long as nothing follows, so that a line is cut in its middle only by a prompt mark, the next input, size or two seconds. A full-screen
 * program has no lines: what it draws ends with any silence.
 */
import type { Cut, TimeUs } from '../contract.js';
import type { Charset } from './charset.js';
import { type Gatherer, type Give, HeldGatherer, OPEN_LINE_US } from './gatherer.js';
import { completesEnd, isEnd } from './held.js';

export class MessageGatherer extends HeldGatherer implements Gatherer {
  readonly #idleUs: number;
  /** A silence has passed and the open line's end is coming in: the message ends behind it. */
  #ending = false;

  /** @param idleMs silence that ends a message (AUDIT_OUT_IDLE_MS) */
  constructor(idleMs: number, charset?: Charset) {
    super('SND', charset);
    this.#idleUs = idleMs * 1000;
  }

  get #open(): boolean {
    return this.held.length > 0;
  }

  push(bytes: Uint8Array, at: TimeUs, give: Give): void {
    let rest = bytes;
    if (this.#open && rest.length > 0 && at - this.held.lastAt >= this.#idleUs) rest = this.#afterSilence(rest, at, give);
    if (this.#ending && rest.length > 0) rest = this.#endMessage(rest, at, give);
    this.held.addAll(rest, at, () => this.#take(this.held.sizeCut(), 'size', give));
  }

  /** More comes after a silence: the message before it ends here, but for an open line that goes on. Returns what is left to add. */
  #afterSilence(bytes: Uint8Array, at: TimeUs, give: Give): Uint8Array {
    if (isEnd(this.held.lastByte)) {
      this.#ending = true;
      return bytes;
    }
    if (this.alternate) {
      this.flush('idle', give);
      return bytes;
    }
    if (isEnd(bytes[0])) {
      this.held.addAll(bytes.subarray(0, 1), at, () => this.#take(this.held.sizeCut(), 'size', give));
      this.#ending = true;
      return bytes.subarray(1);
    }
    const whole = this.held.wholeLines();
    if (whole > 0) this.#take(whole, undefined, give);
    return bytes;
  }

  /** Takes in the second byte of the line end that the message ends with, if it is there, and gives the message. */
  #endMessage(bytes: Uint8Array, at: TimeUs, give: Give): Uint8Array {
    const completes = completesEnd(this.held.lastByte as number, bytes[0] as number);
    if (completes) this.held.addAll(bytes.subarray(0, 1), at, () => this.#take(this.held.sizeCut(), 'size', give));
    this.flush(undefined, give);
    return completes ? bytes.subarray(1) : bytes;
  }

  #take(count: number, cut: Cut | undefined, give: Give): void {
    give(this.held.take(count, cut, false, this.held.lastAt));
  }

  flush(cut: Cut | undefined, give: Give): void {
    this.#ending = false;
    const count = cut === 'close' ? this.held.length : this.held.openCut();
    if (count > 0) this.#take(count, cut, give);
  }

  drop(): number {
    this.#ending = false;
    return this.held.drop();
  }

  setCharset(charset: Charset | undefined, give: Give): void {
    const whole = charset === this.held.charset ? 0 : this.held.wholeLines();
    if (whole > 0) this.#take(whole, undefined, give);
    if (whole > 0) this.#ending = false;
    this.held.setCharset(charset);
  }

  tick(at: TimeUs, give: Give): void {
    if (!this.#open) return;
    const silence = at - this.held.lastAt;
    if (this.#ending || isEnd(this.held.lastByte)) {
      if (silence >= this.#idleUs) this.flush(undefined, give);
    } else if (silence >= OPEN_LINE_US || (silence >= this.#idleUs && this.alternate)) this.flush('idle', give);
  }
}
