/**
 * The two HTTP messages that a WebSocket begins with (RFC 6455 4, RFC 7230 3): receives their bytes in any splitting, gives a head when it is whole, and
 * what a response agrees on. Holds one head of at most 16 KiB. Never throws; what is malformed agrees on nothing.
 */

/** Longest head that is read, in bytes; servers take 8 to 16 KiB. */
export const MAX_HEAD = 16_384;
/** Longest name of a subprotocol that is kept. */
const MAX_SUBPROTOCOL = 100;

const LF = 10;
const SWITCHING = 101;

/** What both directions of a session know of its handshake. */
export class Handshake {
  /** The server's status; undefined: it has not answered yet. */
  status: number | undefined;
  subprotocol: string | undefined;
  /** permessage-deflate was agreed on; undefined while nobody knows. */
  deflate: boolean | undefined;

  /** The server answered, and what follows is no WebSocket. */
  get refused(): boolean {
    return this.status !== undefined && this.status !== SWITCHING;
  }

  /** Takes the server's answer. @param head status line and headers */
  hear(head: string): void {
    this.status = Number(/^HTTP\/1\.[01] (\d{3})(?!\d)/.exec(head)?.[1] ?? 0);
    const subprotocol = headerOf(head, 'sec-websocket-protocol');
    if (subprotocol) this.subprotocol = subprotocol.slice(0, MAX_SUBPROTOCOL);
    this.deflate = (headerOf(head, 'sec-websocket-extensions') ?? '').split(',').some((one) => /^\s*permessage-deflate\s*(?:;|$)/i.test(one));
  }
}

/** The values of a header, joined by commas; undefined where it is not there. @param name in lower case */
function headerOf(head: string, name: string): string | undefined {
  const values = head.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 && line.slice(0, colon).toLowerCase() === name ? [line.slice(colon + 1).trim()] : [];
  });
  return values.length === 0 ? undefined : values.join(', ');
}

/** Gathers a head up to the empty line behind it. */
export class HeadReader {
  #room = new Uint8Array(1024);
  #used = 0;

  /** @returns where the head ended in these bytes; -1: it goes on; undefined: it is longer than any we read */
  push(bytes: Uint8Array, from: number): number | undefined {
    for (let at = from; at < bytes.length; ) {
      const end = bytes.indexOf(LF, at);
      const to = end < 0 ? bytes.length : end + 1;
      if (this.#used + to - at > MAX_HEAD) return undefined;
      this.#add(bytes.subarray(at, to));
      at = to;
      if (end >= 0 && this.#isWhole()) return at;
    }
    return -1;
  }

  #add(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#room.length) {
      const larger = new Uint8Array(Math.max(this.#used + bytes.length, this.#room.length * 2));
      larger.set(this.#room.subarray(0, this.#used));
      this.#room = larger;
    }
    this.#room.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #isWhole(): boolean {
    const end = this.#used;
    return end >= 4 && this.#room[end - 2] === 13 && this.#room[end - 3] === LF && this.#room[end - 4] === 13;
  }

  /** Bytes that are held. */
  get length(): number {
    return this.#used;
  }

  /** Gives the head, and forgets it. */
  take(): string {
    const head = Buffer.from(this.#room.buffer, this.#room.byteOffset, this.#used).toString('latin1');
    this.#room = new Uint8Array(0);
    this.#used = 0;
    return head;
  }
}
