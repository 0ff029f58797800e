/** From bytes to characters, first form: UTF-8 where the bytes are valid UTF-8, else latin-1 (which takes any byte). */
import { isAscii, isUtf8 } from 'node:buffer';

export interface Decoded {
  readonly text: string;
  readonly encoding: 'utf-8' | 'latin-1';
  /** Which kinds of control characters are in it: bits of CONTROLS. */
  readonly controls: number;
}

/** Kinds of control characters: what must be done to make plain text of it. */
export const CONTROLS = { carriageReturn: 1, escape: 2, other: 4 } as const;

/** The kind of each ASCII character; LF and tab are none. */
const KIND_OF = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 13) return CONTROLS.carriageReturn;
  if (byte === 27) return CONTROLS.escape;
  return (byte < 32 && byte !== 9 && byte !== 10) || byte === 127 ? CONTROLS.other : 0;
});

/** Which kinds are among ASCII bytes. Four at a time: it is asked of every byte that passes, and three regular expressions cost eight times as much. */
function controlsIn(bytes: Uint8Array): number {
  const whole = bytes.length & ~3;
  let seen = 0;
  let at = 0;
  for (; at < whole; at += 4) seen |= kind(bytes[at]) | kind(bytes[at + 1]) | kind(bytes[at + 2]) | kind(bytes[at + 3]);
  for (; at < bytes.length; at++) seen |= kind(bytes[at]);
  return seen;
}

const kind = (byte: number | undefined): number => KIND_OF[byte as number] as number;

/** The same for text beyond ASCII, where C1 controls count as others. */
const controlsInText = (text: string): number =>
  (text.includes('\r') ? CONTROLS.carriageReturn : 0) |
  (text.includes('\x1b') ? CONTROLS.escape : 0) |
  (/[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/.test(text) ? CONTROLS.other : 0);

/** Decodes one utterance. @param bytes borrowed; copied into the string */
export function decodeText(bytes: Buffer): Decoded {
  if (isAscii(bytes)) return { text: bytes.toString('latin1'), encoding: 'utf-8', controls: controlsIn(bytes) };
  const encoding = isUtf8(bytes) ? 'utf-8' : 'latin-1';
  const text = bytes.toString(encoding === 'utf-8' ? 'utf8' : 'latin1');
  return { text, encoding, controls: controlsInText(text) };
}

/**
 * How many bytes at the end of `bytes` begin a UTF-8 letter that is not whole (0 to 3), so that a cut by size need not tear it.
 * RFC 3629: a lead byte 110xxxxx wants one more byte, 1110xxxx two, 11110xxx three.
 */
export function unfinishedTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wants > back ? back : 0;
  }
  return 0;
}
