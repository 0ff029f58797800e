/**
 * Where compressed telnet begins (mudstandards.org/mud/mccp, tintin.mudhalla.net/protocols/mccp): which subnegotiation starts a stream in which
 * direction, what the two sides agreed on, and the search for a marker in bytes that cannot be read. Sees bytes and option numbers, inflates nothing.
 */
import type { Direction } from '../contract.js';
import { DO, DONT, IAC, OPTION_COMPRESS, OPTION_COMPRESS2, OPTION_COMPRESS3, SB, SE, WILL, WONT } from './bytes.js';

/** `IAC SB 85 WILL SE` (its authors forgot the IAC), and the same as it should be for 86 and 87. */
const STARTS: { readonly [direction in Direction]: readonly number[] } = {
  SND: [numberOf([IAC, SB, OPTION_COMPRESS, WILL, SE]), numberOf([IAC, SB, OPTION_COMPRESS2, IAC, SE])],
  RCV: [numberOf([IAC, SB, OPTION_COMPRESS3, IAC, SE])],
};
const OPTIONS: { readonly [direction in Direction]: readonly number[] } = {
  SND: [OPTION_COMPRESS, OPTION_COMPRESS2],
  RCV: [OPTION_COMPRESS3],
};
const TWO_32 = 2 ** 32;

function numberOf(bytes: readonly number[]): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

/** Whether a subnegotiation of `option` starts a stream, in some direction. */
export const isCompression = (option: number): boolean => option >= OPTION_COMPRESS && option <= OPTION_COMPRESS3;

/** Whether it does so in this one: versions 1 and 2 compress what the server sends, version 3 what the client does. */
export const startsIn = (direction: Direction, option: number): boolean => OPTIONS[direction].includes(option);

/** What the client asked to have compressed. Shared by the decoders of both directions of a session, told of each negotiation. */
export class Agreed {
  readonly #options = new Set<number>();

  hear(direction: Direction, verb: number, option: number): void {
    if (!isCompression(option)) return;
    if (direction === 'RCV' && verb === DO) this.#options.add(option);
    else if ((direction === 'RCV' && verb === DONT) || (direction === 'SND' && verb === WONT)) this.#options.delete(option);
  }

  /** Whether bytes of this direction that nobody saw may have held the start of a stream. */
  mayBegin(direction: Direction): boolean {
    return OPTIONS[direction].some((option) => this.#options.has(option));
  }
}

/** Looks for the next start of a stream, in any splitting. */
export class MarkerSearch {
  readonly #starts: readonly number[];
  /** The last five bytes. */
  #last = 0;

  constructor(direction: Direction) {
    this.#starts = STARTS[direction];
  }

  reset(): void {
    this.#last = 0;
  }

  /** Where the first byte of the stream stands, behind the marker; -1: not in these bytes. */
  find(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      this.#last = (this.#last % TWO_32) * 256 + (bytes[at] as number);
      if (bytes[at] === SE && this.#starts.includes(this.#last)) {
        this.reset();
        return at + 1;
      }
    }
    return -1;
  }
}
