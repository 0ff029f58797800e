/**
 * The frames of a WebSocket (RFC 6455 5.2): receives the bytes of one direction behind its handshake, in any splitting, gives each frame's head, its
 * payload in pieces with the masking undone on a copy, and its end. Holds a head of at most 14 bytes, never a payload, and never throws.
 */

/** RFC 6455 11.8. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FIN = 0x80;
const RSV1 = 0x40;
const OTHER_RSV = 0x30;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const TWO_32 = 2 ** 32;
/** A 64-bit length beyond this is none that anybody sends (2^53): what follows stands at no known place. */
const MOST_HIGH = 2 ** 21;

export interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  /** With permessage-deflate: the message is compressed (RFC 7692 6). */
  readonly rsv1: boolean;
  /** Bits that no extension we know gives a meaning. */
  readonly reserved: boolean;
  readonly masked: boolean;
  /** Bytes of the payload. */
  readonly length: number;
}

/** Told of each frame, in order: `begin`, any number of `payload`, `end`. */
export interface FrameSink {
  /** Set: nothing that follows is wanted. */
  readonly broken: string | undefined;
  begin(frame: Frame): void;
  /** @param piece borrowed until the call returns */
  payload(piece: Uint8Array): void;
  end(): void;
}

/** Unmasked bytes; shared, for nothing outlives a call. */
const COPY = new Uint8Array(16_384);

/** Longest head: two bytes, a length of eight, a masking key of four. */
const LONGEST_HEAD = 14;

export class FrameReader {
  /** A head made no sense, so that nothing behind it can be read. */
  senseless = false;
  readonly #head = new Uint8Array(LONGEST_HEAD);
  #have = 0;
  /** Bytes of the head that must be there to know more. */
  #need = 2;
  /** Bytes of the payload still to come; -1: in the head. */
  #left = -1;
  #masked = false;
  /** Where the masking key stands in the head. */
  #key = 0;
  /** Which byte of the key is next. */
  #turn = 0;

  /** @returns where it ended: with the bytes, behind a senseless head, or where the sink broke */
  push(bytes: Uint8Array, from: number, sink: FrameSink): number {
    let at = from;
    while (at < bytes.length && !this.senseless && sink.broken === undefined) {
      if (this.#left < 0) {
        this.#head[this.#have++] = bytes[at++] as number;
        if (this.#have === this.#need) this.#readHead(sink);
      } else at = this.#payload(bytes, at, sink);
    }
    return at;
  }

  /** More of the head is there: asks for the rest of it, or begins the frame. */
  #readHead(sink: FrameSink): void {
    const head = this.#head;
    const second = head[1] as number;
    const short = second & ~MASKED;
    const lengthBytes = short === LENGTH_64 ? 8 : short === LENGTH_16 ? 2 : 0;
    this.#masked = (second & MASKED) !== 0;
    this.#key = 2 + lengthBytes;
    this.#need = this.#key + (this.#masked ? 4 : 0);
    if (this.#have < this.#need) return;
    const high = lengthBytes === 8 ? uint32(head, 2) : 0;
    this.senseless = high >= MOST_HIGH;
    if (this.senseless) return;
    const length = lengthBytes === 8 ? high * TWO_32 + uint32(head, 6) : lengthBytes === 2 ? (head[2] as number) * 256 + (head[3] as number) : short;
    this.#begin(head[0] as number, length, sink);
  }

  #begin(first: number, length: number, sink: FrameSink): void {
    const bit = (mask: number): boolean => (first & mask) !== 0;
    this.#have = 0;
    this.#need = 2;
    this.#turn = 0;
    this.#left = length;
    sink.begin({ fin: bit(FIN), opcode: first & 0x0f, rsv1: bit(RSV1), reserved: bit(OTHER_RSV), masked: this.#masked, length });
    if (length === 0) this.#end(sink);
  }

  #end(sink: FrameSink): void {
    this.#left = -1;
    sink.end();
  }

  /** Gives what is there of the payload; returns where that ended. */
  #payload(bytes: Uint8Array, at: number, sink: FrameSink): number {
    const most = this.#masked ? Math.min(this.#left, COPY.length) : this.#left;
    const piece = bytes.subarray(at, at + most);
    this.#left -= piece.length;
    sink.payload(this.#masked ? this.#unmask(piece) : piece);
    if (this.#left === 0) this.#end(sink);
    return at + piece.length;
  }

  /** RFC 6455 5.3, on a copy: the bytes given belong to whoever passes them on. */
  #unmask(piece: Uint8Array): Uint8Array {
    for (let index = 0; index < piece.length; index++)
      COPY[index] = (piece[index] as number) ^ (this.#head[this.#key + ((this.#turn + index) & 3)] as number);
    this.#turn = (this.#turn + piece.length) & 3;
    return COPY.subarray(0, piece.length);
  }
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) * 2 ** 24 + (bytes[at + 1] as number) * 65_536 + (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number);
