/**
 * What a recorded program may do to the terminal of whoever watches it: draw. Receives text in pieces, gives it without what reaches beyond the screen:
 * titles, the clipboard, keys and downloads (OSC, DCS, APC, PM, SOS), and questions that the terminal would answer by typing (device status and
 * attributes, ENQ, window reports), since those answers would stand on the command line behind us. What is cut in two is held until the rest comes.
 * Source: ECMA-48, xterm's ctlseqs.
 */

const ESC = '\x1b';
/** Opening of a string, as the letter behind ESC or as one C1 control. */
const STRINGS = 'P]X^_\x90\x9d\x98\x9e\x9f';
/** Ends one: BEL, ST; CAN and SUB break it off. */
const ENDS = '\x07\x9c\x18\x1a';
/** Control sequences with these last letters ask, or move the window. */
const ASKING = 'cntx';
/** So do these, with such letters in them: DECRQM, XTVERSION, the kitty keyboard's state. */
const ASKING_WITH: { readonly [final: string]: RegExp } = { p: /\$/, q: />/, u: /\?/ };
/** A control sequence that is longer is none. */
const MOST_LETTERS = 256;

type State = 'text' | 'escape' | 'sequence' | 'string' | 'string-escape';

export class ScreenOnly {
  #state: State = 'text';
  #held = '';

  /** The next piece without what it may not do. */
  take(text: string): string {
    let out = '';
    for (const one of text) out += this.#next(one);
    return out;
  }

  #next(one: string): string {
    switch (this.#state) {
      case 'text':
        return this.#inText(one);
      case 'escape':
        return this.#behindEscape(one);
      case 'sequence':
        return this.#inSequence(one);
      case 'string':
        if (one === ESC) this.#state = 'string-escape';
        else if (ENDS.includes(one)) this.#state = 'text';
        return '';
      case 'string-escape':
        // ESC ends a string; with a backslash it is ST, with anything else a sequence of its own.
        return one === '\\' ? this.#back('') : this.#behindEscape(one);
    }
  }

  #back(text: string): string {
    this.#state = 'text';
    this.#held = '';
    return text;
  }

  #inText(one: string): string {
    if (one === ESC) this.#state = 'escape';
    else if (one === '\x9b') this.#begin();
    else if (STRINGS.indexOf(one) >= 5) this.#state = 'string';
    else return one === '\x05' || one === '\x9a' ? '' : one;
    return '';
  }

  #begin(): void {
    this.#state = 'sequence';
    this.#held = `${ESC}[`;
  }

  #behindEscape(one: string): string {
    if (one === '[') this.#begin();
    else if (STRINGS.includes(one)) this.#state = 'string';
    else if (one === ESC) this.#state = 'escape';
    else return this.#back(one === 'Z' ? '' : `${ESC}${one}`);
    return '';
  }

  #inSequence(one: string): string {
    if (one === ESC) {
      this.#state = 'escape';
      return '';
    }
    this.#held += one;
    if (/[@-~]/.test(one)) return this.#back(ASKING.includes(one) || ASKING_WITH[one]?.test(this.#held) ? '' : this.#held);
    return this.#held.length > MOST_LETTERS || !/[ -?]/.test(one) ? this.#back('') : '';
  }
}
