/** From bytes to characters, first form: UTF-8 where the bytes are valid UTF-8, else latin-1 (which takes any byte). */
import { isAscii, isUtf8 } from 'node:buffer';

export interface Decoded {
  readonly text: string;
  readonly encoding: 'utf-8' | 'latin-1';
}

/** Decodes one utterance. @param bytes borrowed; copied into the string */
export function decodeText(bytes: Buffer): Decoded {
  if (isAscii(bytes)) return { text: bytes.toString('latin1'), encoding: 'utf-8' };
  if (isUtf8(bytes)) return { text: bytes.toString('utf8'), encoding: 'utf-8' };
  return { text: bytes.toString('latin1'), encoding: 'latin-1' };
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
