/**
 * What we use of pako 2.1.0's inner zlib, which has no types of its own: the C library's calls under their own names (zlib.net/manual.html). Its
 * class `Inflate` will not do: behind the end of a stream it reads on as if another one had to follow, and it keeps back output under 64 KiB.
 */
declare module 'pako/lib/zlib/inflate.js' {
  import type ZStream from 'pako/lib/zlib/zstream.js';

  const zlib: {
    /** @param windowBits 15: zlib, 15 + 16: gzip, -15: raw deflate */
    inflateInit2(stream: ZStream, windowBits: number): number;
    /** Z_OK 0, Z_STREAM_END 1, Z_NEED_DICT 2, Z_BUF_ERROR -5 (nothing to do), other errors below 0. */
    inflate(stream: ZStream, flush: number): number;
    /** Begins a new stream in the memory of the last one. */
    inflateReset(stream: ZStream): number;
  };
  export default zlib;
}

declare module 'pako/lib/zlib/zstream.js' {
  export default class ZStream {
    input: Uint8Array;
    next_in: number;
    avail_in: number;
    output: Uint8Array;
    next_out: number;
    avail_out: number;
    /** There from `inflateInit2` on. `wsize`: bytes that its window has room for. */
    state: { wsize: number };
  }
}
