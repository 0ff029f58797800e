/**
 * Deflate (RFC 1950, 1951, 1952) as MCCP uses it: receives the compressed bytes of one direction in any splitting, gives what they inflate to in
 * pieces, at once, and says where the stream ended or broke. Never throws, never gives more than the bounds below, holds one window of 32 KiB and
 * about 10 KiB of tables while a stream is open.
 */
import zlib from 'pako/lib/zlib/inflate.js';
import ZStream from 'pako/lib/zlib/zstream.js';

/**
 * Inflated bytes that each compressed byte pays for. Deflate gives a repeated screen or line for 2 bytes in 258 at best (129 : 1), so no text meets
 * this bound for long; only runs of one byte do (1,030 : 1).
 */
export const INFLATE_RATIO = 160;
/** Inflated bytes a direction may be in debt for at any time: a long run in a picture, or a first screen of blanks, is no bomb. */
export const INFLATE_CREDIT = 1_048_576;
/** What the start of a stream costs of that credit: about the memory it takes, so that empty streams without end are a bomb too. */
export const START_COST = 16_384;
/** Compressed bytes that pay at once, counted over all streams of a direction: so a bomb is cut at the same byte however it is split. */
const BLOCK = 256;

/** Output of one call; shared by all streams, for nothing outlives a call. */
const OUTPUT = new Uint8Array(16_384);
const NOTHING = new Uint8Array(0);

const Z_SYNC_FLUSH = 2;
const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;

const ZLIB = 15;
const GZIP = 15 + 16;
const RAW = -15;

/** `more`: the bytes are used up; `end`: the stream is over, and bytes may be left; `stopped`: `give` said so. */
export type Inflated = 'more' | 'end' | 'corrupt' | 'bomb' | 'stopped';

/** Gets a piece, borrowed until it returns; false: no more of this stream is wanted. */
export type Give = (piece: Uint8Array) => boolean;

export class Inflater {
  /** Behind the last byte that `push` used. */
  at = 0;
  #stream: ZStream | undefined;
  /** The first byte of a stream, while the second, which tells its form, is not there; -1: none. */
  #first = -1;
  #blockLeft = 0;
  #credit = INFLATE_CREDIT;

  /** Begins a stream. False: this direction has inflated too much for what it sent. */
  start(): boolean {
    this.stop();
    if (this.#credit < START_COST) return false;
    this.#credit -= START_COST;
    return true;
  }

  /** Forgets the stream and its window. */
  stop(): void {
    this.#stream = undefined;
    this.#first = -1;
  }

  /** Compressed bytes that went by unread pay too. */
  pay(bytes: number): void {
    this.#credit = Math.min(INFLATE_CREDIT, this.#credit + bytes * INFLATE_RATIO);
  }

  /**
   * Compressed bytes of the block that is being fed. Where `give` has stopped it, how far zlib has read ahead in the block hangs on the splitting; where the
   * block began does not.
   */
  get blockUsed(): number {
    return BLOCK - this.#blockLeft;
  }

  /** @param bytes of which those from `from` on belong to the stream; borrowed until the call returns */
  push(bytes: Uint8Array, from: number, give: Give): Inflated {
    this.at = from;
    const opened = this.#stream ? 'more' : this.#open(bytes, give);
    if (opened !== 'more') return opened;
    while (this.at < bytes.length) {
      const outcome = this.#block(bytes, give);
      if (outcome !== 'more') return outcome;
    }
    return 'more';
  }

  /** Tells the form by the first two bytes, and feeds the first. */
  #open(bytes: Uint8Array, give: Give): Inflated {
    if (this.#first < 0) this.#first = bytes[this.at++] as number;
    const second = bytes[this.at];
    if (second === undefined) return 'more';
    this.#stream = new ZStream();
    zlib.inflateInit2(this.#stream, formOf(this.#first, second));
    const at = this.at;
    this.at = 0;
    const outcome = this.#block(Uint8Array.of(this.#first), give);
    this.at = at;
    return outcome;
  }

  #block(bytes: Uint8Array, give: Give): Inflated {
    if (this.#blockLeft === 0) {
      this.#blockLeft = BLOCK;
      this.pay(BLOCK);
    }
    const end = Math.min(bytes.length, this.at + this.#blockLeft);
    const from = this.at;
    const outcome = this.#inflate(this.#stream as ZStream, bytes, end, give);
    this.#blockLeft -= this.at - from;
    if (outcome === 'end' || outcome === 'corrupt' || outcome === 'bomb') this.stop();
    return outcome;
  }

  #inflate(stream: ZStream, bytes: Uint8Array, end: number, give: Give): Inflated {
    for (;;) {
      // One byte more than is paid for, so that reaching the bound is told from passing it.
      const room = Math.min(OUTPUT.length, this.#credit + 1);
      const code = this.#call(stream, bytes, end, room);
      const made = Math.min(stream.next_out, this.#credit);
      const bomb = stream.next_out > this.#credit;
      this.#credit -= made;
      if (made > 0 && !give(OUTPUT.subarray(0, made))) return 'stopped';
      if (bomb) return 'bomb';
      if (code === Z_STREAM_END) return 'end';
      if (code !== Z_OK && code !== Z_BUF_ERROR) return 'corrupt';
      if (code === Z_BUF_ERROR || stream.avail_out > 0) return this.at === end ? 'more' : 'corrupt';
    }
  }

  /** One call of zlib. What it throws, should it ever, is a broken stream. */
  #call(stream: ZStream, bytes: Uint8Array, end: number, room: number): number {
    stream.input = bytes;
    stream.next_in = this.at;
    stream.avail_in = end - this.at;
    stream.output = OUTPUT;
    stream.next_out = 0;
    stream.avail_out = room;
    try {
      return zlib.inflate(stream, Z_SYNC_FLUSH);
    } catch {
      return Number.NaN;
    } finally {
      this.at = stream.next_in;
      stream.input = NOTHING;
    }
  }
}

/** RFC 1950 2.2: method 8, window up to 32 KiB, divisible by 31. RFC 1952 2.3.1: the magic. Some servers send deflate bare. */
function formOf(first: number, second: number): number {
  if ((first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0) return ZLIB;
  return first === 0x1f && second === 0x8b ? GZIP : RAW;
}
