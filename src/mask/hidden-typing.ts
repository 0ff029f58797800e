/**
 * Hidden typing (DESIGN 5; RFC 857). `EchoWatch` receives the server's word on ECHO and what comes back without it; `HiddenTyping` is the time from a WILL
 * ECHO to the next one, or to WONT ECHO: it receives each line typed in it and whether the server sent it back, and tells whether the line is hidden. Some
 * servers hold ECHO for ever and never echo: of those, three lines are hidden and no more.
 */
import type { Echo, Utterance } from '../contract.js';

/** Lines that are hidden before any has come back, and how long after the first of them the others may come. */
const MOST_LINES = 3;
const FOR_US = 120_000_000;

export class HiddenTyping {
  #echoes = false;
  #first: number | undefined;
  #hidden: string[] = [];
  #count = 0;
  #over = false;

  /** @param back whether the server sent the line back as it stood at Enter; 'later', by chance perhaps, tells nothing of the lines that follow */
  hides(back: 'here' | 'later' | undefined, { text, at }: Utterance): boolean {
    if (back === 'later') return false;
    if (back) {
      this.#echoes = true;
      this.#hidden = [];
      return false;
    }
    if (this.#echoes) return true;
    this.#first ??= at;
    if (this.#over || this.#count >= MOST_LINES || at - this.#first > FOR_US) {
      this.#over = true;
      return false;
    }
    this.#count++;
    this.#hidden.push(text);
    return true;
  }

  /** The lines that it hid, once its lines are over, the server still holds ECHO, and has echoed none: they were no secrets. Given once. */
  takeForgotten(): readonly string[] {
    if (!this.#over || this.#echoes) return [];
    const hidden = this.#hidden;
    this.#hidden = [];
    return hidden;
  }
}

export class EchoWatch {
  /** On from the last WILL ECHO on. */
  now: HiddenTyping | undefined;
  #observes: boolean;
  /** That which WONT ECHO ended; `flips`: and the server has said nothing since; `resumed`: it goes on as it was. */
  #before: HiddenTyping | undefined;
  #flips = false;
  #resumed = false;

  /** @param observes ECHO is not negotiated: what comes back before its line has ended tells */
  constructor(observes: boolean) {
    this.#observes = observes;
  }

  /**
   * WILL ECHO (true) or WONT ECHO from the server; an offer is enough. One that takes it back and offers it again with no word in between (as some do to a
   * client that answers) goes on as before, unless the server asks something then. True where it begins anew.
   */
  negotiated(on: boolean): boolean {
    this.#resumed = on && this.#flips && this.#before !== undefined;
    if (this.#resumed) this.now = this.#before;
    else if (on) this.now = new HiddenTyping();
    else {
      this.#before = this.now ?? this.#before;
      this.now = undefined;
      this.#flips = true;
    }
    return on && !this.#resumed;
  }

  /** The server has said something. */
  spoke(): void {
    this.#flips = false;
    if (this.#resumed) this.now = new HiddenTyping();
    this.#resumed = false;
  }

  /** A line has come. @param asks the server waits with a line open */
  typed({ text, asks: history }: Utterance, echo: Echo | undefined, asks: boolean): void {
    if (this.#resumed && asks) this.now = new HiddenTyping();
    this.#resumed = false;
    if (!this.#observes || this.now || !echo || echo.line === '') return;
    if (history || (text !== '' && echo.line.charAt(0) === text.charAt(0))) this.now = new HiddenTyping();
  }

  /** Nobody knows whether it echoes: counts as on, and what comes back tells from here on. */
  careful(): void {
    this.now = new HiddenTyping();
    this.#observes = true;
  }
}
