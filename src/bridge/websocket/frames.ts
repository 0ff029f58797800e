/** How text is cut into messages: by valid UTF-8 over the borders of chunks, or by lines. Receives bytes, gives messages. */
import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import type { Send } from './speech.js';

const LF = 10;
const CR = 13;

/** Where the text of a dialect goes. */
export interface Frames {
  text(bytes: Buffer): void;
  /** Nothing more comes. */
  end(): void;
}

/** Every chunk a binary message. */
export const binaryFrames = (send: Send): Frames => ({ text: (bytes) => send(bytes, true), end: () => undefined });

/**
 * A chunk is a text message where it is UTF-8, else a binary one. A letter that is cut by the end of a chunk waits for its other bytes (at most three).
 */
export function utf8Frames(send: Send): Frames {
  let begun: Buffer = Buffer.alloc(0);
  return {
    text(bytes) {
      const all = begun.length > 0 ? Buffer.concat([begun, bytes]) : bytes;
      const whole = all.subarray(0, all.length - unfinished(all));
      begun = Buffer.alloc(0);
      if (!isUtf8(whole)) return send(all, true);
      if (whole.length < all.length) begun = Buffer.from(all.subarray(whole.length));
      if (whole.length > 0) send(whole, false);
    },
    end() {
      if (begun.length > 0) send(begun, true);
    },
  };
}

/** Text messages alone: what is no UTF-8 becomes U+FFFD, since a text message that is none ends the connection (RFC 6455 8.1). */
export function textFrames(send: Send): Frames {
  const decoder = new StringDecoder('utf8');
  const say = (text: string): void => {
    if (text !== '') send(Buffer.from(text), false);
  };
  return { text: (bytes) => say(decoder.write(bytes)), end: () => say(decoder.end()) };
}

/** Every line a message of its own, with its line end: games take a message for a command. What is no whole line is a message too, at once. */
export function byLines(frames: Frames): Frames {
  return {
    end: () => frames.end(),
    text(bytes) {
      let from = 0;
      for (let at = 0; at < bytes.length; at++) {
        const ends = bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF);
        if (!ends) continue;
        frames.text(bytes.subarray(from, at + 1));
        from = at + 1;
      }
      if (from < bytes.length) frames.text(bytes.subarray(from));
    },
  };
}

/** Bytes at the end of `bytes` that begin a letter in UTF-8 and do not end it; 0 to 3. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return byte <= 0xf4 && length > back ? back : 0;
  }
  return 0;
}
