/**
 * What passes between `exec`, or the old side of a handover, and the owner of a spool (DESIGN 7): frames of a kind (1 byte), a length (4 bytes, network
 * order) and so many bytes. Packs and reads them; knows nothing of sockets, and does not judge what is in them.
 */

/** The first thing that `exec` says; an owner of another version refuses. */
export const INTAKE_VERSION = 1;

/**
 * `exec` says: who it is (JSON), what was typed, what the program said, a fact about the terminal (JSON), what is lost (JSON), how it ended (JSON).
 * The old side of a handover says: who it is (JSON), a masked record (record/draft.ts), how it is (JSON).
 * Frames behind the hello are counted from 1.
 */
export const GIVES = { hello: 0, RCV: 1, SND: 2, terminal: 3, lost: 4, end: 5, going: 6, draft: 7, state: 8 } as const;

/** The owner says: come in (JSON), so many of your frames are durable (6 bytes, network order), I will not have you (JSON). Nothing else, ever. */
export const SAYS = { welcome: 16, durable: 17, refused: 18 } as const;

const HEADER_BYTES = 5;
/** Most bytes in a frame: no read of a terminal gives more. */
export const MOST_FRAME_BYTES = 65_536;
const COUNT_BYTES = 6;

/** A frame of its own memory. */
export function frameOf(kind: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  frame[0] = kind;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

export const jsonFrame = (kind: number, value: object): Buffer => frameOf(kind, Buffer.from(JSON.stringify(value)));

export function countFrame(count: number): Buffer {
  const bytes = Buffer.alloc(COUNT_BYTES);
  bytes.writeUIntBE(count, 0, COUNT_BYTES);
  return frameOf(SAYS.durable, bytes);
}

export const countOf = (bytes: Buffer): number => (bytes.length === COUNT_BYTES ? bytes.readUIntBE(0, COUNT_BYTES) : 0);

/** Reads frames out of chunks. Holds no more than one frame and a chunk. */
export class FrameReader {
  readonly #visit: (kind: number, bytes: Buffer) => void;
  readonly #most: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param visit gets each frame; its bytes are borrowed until it returns @param most bytes of a frame */
  constructor(visit: (kind: number, bytes: Buffer) => void, most: number = MOST_FRAME_BYTES) {
    this.#visit = visit;
    this.#most = most;
  }

  /** Throws a RangeError where a frame is longer than any may be: nothing behind it can be read. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at + 1);
      if (length > this.#most) throw new RangeError('a frame is too long');
      const end = at + HEADER_BYTES + length;
      if (end > bytes.length) break;
      this.#visit(bytes[at] as number, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}

/** A JSON object out of a frame; undefined where it is none. */
export function jsonOf(bytes: Buffer): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}
