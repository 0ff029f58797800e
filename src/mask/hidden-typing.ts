/**
 * Hidden typing (DESIGN 5): the time from a WILL ECHO to the next one, or to WONT ECHO. Receives each line typed in it and whether the server sent it
 * back, tells whether the line is hidden. Some servers hold ECHO for ever and never echo: of those, three lines are hidden and no more.
 */
import type { Utterance } from '../contract.js';

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
