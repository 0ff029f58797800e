/**
 * Deflate as permessage-deflate uses it (RFC 7692 7.2): receives the compressed payloads of one direction, message by message and in any splitting, gives
 * what they inflate to in pieces, at once. Keeps the window from message to message, which is right whether the sender does so or not, and reads a window
 * of any size. Never throws, never gives more than decode/inflate.ts's bounds, holds one window of 32 KiB and about 10 KiB of tables.
 */
import zlib from 'pako/lib/zlib/inflate.js';
import ZStream from 'pako/lib/zlib/zstream.js';
import { INFLATE_CREDIT, INFLATE_RATIO } from '../inflate.js';

/** Raw deflate, whose window may be as large as deflate has it. */
const RAW = -15;
/** Of such a window, in bytes. */
const WINDOW = 32_768;
const Z_SYNC_FLUSH = 2;
const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;

/** What every message ends with and the sender leaves out. */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
/** Compressed bytes that pay at once, counted over all messages: so a bomb is cut at the same byte however it is split. */
const BLOCK = 256;

/** Output of one call; shared, for nothing outlives a call. */
const OUTPUT = new Uint8Array(16_384);
const NOTHING = new Uint8Array(0);

export type MessageInflated = 'more' | 'corrupt' | 'bomb';

export class MessageInflater {
  #stream: ZStream | undefined;
  #credit = INFLATE_CREDIT;
  #blockLeft = 0;
  /** A final block has ended the stream: the rest of the message says nothing. */
  #ended = false;

  /** @param bytes the next of a message, borrowed until the call returns @param give gets each piece, borrowed until it returns */
  push(bytes: Uint8Array, give: (piece: Uint8Array) => void): MessageInflated {
    if (!this.#stream) {
      this.#stream = new ZStream();
      zlib.inflateInit2(this.#stream, RAW);
    }
    for (let at = 0; at < bytes.length && !this.#ended; ) {
      const end = Math.min(bytes.length, at + this.#pay());
      this.#blockLeft -= end - at;
      const outcome = this.#inflate(this.#stream, bytes.subarray(at, end), give);
      if (outcome !== 'more') return outcome;
      at = end;
    }
    return 'more';
  }

  /** The message ends here. */
  finish(give: (piece: Uint8Array) => void): MessageInflated {
    const outcome = this.push(TAIL, give);
    if (this.#ended) this.reset();
    return outcome;
  }

  /** Begins anew: the sender has no window either. */
  reset(): void {
    this.#ended = false;
    if (!this.#stream) return;
    zlib.inflateReset(this.#stream);
    // pako takes a reset window for one of no size, and would keep nothing in it.
    this.#stream.state.wsize = WINDOW;
  }

  /** @returns bytes that have been paid for */
  #pay(): number {
    if (this.#blockLeft === 0) {
      this.#blockLeft = BLOCK;
      this.#credit = Math.min(INFLATE_CREDIT, this.#credit + BLOCK * INFLATE_RATIO);
    }
    return this.#blockLeft;
  }

  #inflate(stream: ZStream, bytes: Uint8Array, give: (piece: Uint8Array) => void): MessageInflated {
    stream.input = bytes;
    stream.next_in = 0;
    stream.avail_in = bytes.length;
    try {
      return this.#drain(stream, give);
    } finally {
      stream.input = NOTHING;
    }
  }

  #drain(stream: ZStream, give: (piece: Uint8Array) => void): MessageInflated {
    for (;;) {
      const code = this.#call(stream);
      const made = Math.min(stream.next_out, this.#credit);
      const bomb = stream.next_out > this.#credit;
      this.#credit -= made;
      if (made > 0) give(OUTPUT.subarray(0, made));
      if (bomb) return 'bomb';
      if (code === Z_STREAM_END) {
        this.#ended = true;
        return 'more';
      }
      if (code !== Z_OK && code !== Z_BUF_ERROR) return 'corrupt';
      if (code === Z_BUF_ERROR || stream.avail_out > 0) return stream.avail_in === 0 ? 'more' : 'corrupt';
    }
  }

  /** One call of zlib. What it throws, should it ever, is a broken stream. */
  #call(stream: ZStream): number {
    stream.output = OUTPUT;
    stream.next_out = 0;
    // One byte more than is paid for, so that reaching the bound is told from passing it.
    stream.avail_out = Math.min(OUTPUT.length, this.#credit + 1);
    try {
      return zlib.inflate(stream, Z_SYNC_FLUSH);
    } catch {
      return Number.NaN;
    }
  }
}
