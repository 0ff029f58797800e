/**
 * What travels between the threads: frames in slabs of 64 KiB. A frame is a header of 16 bytes (time as float64, session number and kind with length
 * as uint32, in this machine's byte order: both ends are one process) and its bytes, padded to 8. Copying in and reading out; nothing else.
 */
import type { Direction, TimeUs } from '../contract.js';

export const SLAB_BYTES = 65_536;
const HEADER_BYTES = 16;
/** Most bytes that one frame can carry. */
export const MAX_FRAME_BYTES = SLAB_BYTES - HEADER_BYTES;

/**
 * Bytes from the client; bytes to it; and JSON texts: session begins, ends, has lost bytes; a fact about the node; nothing but the time; a fact about a
 * session's terminal.
 */
export const KIND = { RCV: 0, SND: 1, open: 2, end: 3, gap: 4, node: 5, tick: 6, terminal: 7 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

const KIND_SHIFT = 24;
const LENGTH_MASK = (1 << KIND_SHIFT) - 1;

/** What could not be handed over: of one session's direction, or of the node (`session` frames 0). Null: not known. */
export interface Gap {
  readonly reason: string;
  readonly direction: Direction | null;
  readonly from: TimeUs | null;
  readonly to: TimeUs;
  readonly bytes: number | null;
  readonly sessions: number | null;
}

/** A slab being filled. */
export class SlabWriter {
  readonly slab: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #times: Float64Array;
  readonly #words: Uint32Array;
  used = 0;

  constructor(slab: ArrayBuffer) {
    this.slab = slab;
    this.#bytes = new Uint8Array(slab);
    this.#times = new Float64Array(slab);
    this.#words = new Uint32Array(slab);
  }

  /** Bytes that a frame put now could carry. */
  get room(): number {
    return SLAB_BYTES - this.used - HEADER_BYTES;
  }

  /** Puts a frame; `bytes` are copied and must fit into `room`. */
  put(kind: Kind, session: number, at: TimeUs, bytes: Uint8Array): void {
    const start = this.used;
    this.#times[start >> 3] = at;
    this.#words[(start >> 2) + 2] = session;
    this.#words[(start >> 2) + 3] = (kind << KIND_SHIFT) | bytes.length;
    this.#bytes.set(bytes, start + HEADER_BYTES);
    this.used = (start + HEADER_BYTES + bytes.length + 7) & ~7;
  }
}

/** @param bytes of the frame, borrowed: the slab goes back when all its frames were visited */
export type VisitFrame = (kind: Kind, session: number, at: TimeUs, bytes: Buffer) => void;

/** Visits every frame of a slab in order. */
export function readFrames(slab: ArrayBuffer, used: number, visit: VisitFrame): void {
  const times = new Float64Array(slab);
  const words = new Uint32Array(slab);
  for (let start = 0; start < used; ) {
    const word = words[(start >> 2) + 3] as number;
    const length = word & LENGTH_MASK;
    const kind = (word >>> KIND_SHIFT) as Kind;
    visit(kind, words[(start >> 2) + 2] as number, times[start >> 3] as number, Buffer.from(slab, start + HEADER_BYTES, length));
    start = (start + HEADER_BYTES + length + 7) & ~7;
  }
}
