/**
 * Text as telnet's virtual terminal writes it (RFC 854): IAC doubled, line ends as CR LF, a CR that is none as CR NUL. Receives text in any splitting, gives
 * bytes for a telnet stream; holds nothing back.
 */

export const IAC = 255;
const NUL = 0;
const LF = 10;
const CR = 13;

/**
 * Writes what one side says. What a person types ends a line with any of CR, LF, CR LF and CR NUL, as terminals, browsers and clients differ: each is CR LF.
 * What a server says has CR for itself too (a line that is drawn again): that one is CR NUL.
 */
export class NvtWriter {
  readonly #typed: boolean;
  #afterCr = false;

  /** @param by who says it */
  constructor(by: 'client' | 'server') {
    this.#typed = by === 'client';
  }

  write(text: Buffer): Buffer {
    if (!this.#afterCr && isPlain(text)) return text;
    const out = Buffer.allocUnsafe(text.length * 2 + 1);
    let length = 0;
    for (const byte of text) {
      const after = this.#afterCr;
      this.#afterCr = byte === CR;
      if (after && this.#typed && (byte === LF || byte === NUL)) continue;
      if (after && !this.#typed && byte !== LF && byte !== NUL) out[length++] = NUL;
      if (byte === IAC) out[length++] = IAC;
      if (byte === LF && !after) out[length++] = CR;
      out[length++] = byte;
      if (byte === CR && this.#typed) out[length++] = LF;
    }
    return out.subarray(0, length);
  }
}

const isPlain = (text: Buffer): boolean => !text.includes(IAC) && !text.includes(LF) && !text.includes(CR);
