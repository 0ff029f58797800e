/**
 * From bytes to characters. Where a listener names its charset, that one; else UTF-8 where the bytes are valid UTF-8, and latin-1, which takes any byte.
 * The tables are ICU's, which Node ships (WHATWG Encoding), but for CP437, which browsers never had.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { CP437_UPPER } from './cp437.js';

/** What `charset` of a listener may say. All of them have ASCII in their lower half, and CR, LF and ESC never inside a letter. */
export const CHARSETS = ['utf-8', 'latin-1', 'cp437', 'koi8-r', 'cp1251', 'gbk', 'big5', 'gb18030'] as const;
export type Charset = (typeof CHARSETS)[number];

export interface Decoded {
  readonly text: string;
  readonly encoding: Charset;
  /** The bytes are not all letters of the charset: the text cannot give them back. */
  readonly lossy: boolean;
  /** Which kinds of control characters are in it: bits of CONTROLS. */
  readonly controls: number;
}

const LF = 10;

/** Kinds of control characters: what must be done to make plain text of it. A tab stays; from a client it may ask for completion. */
export const CONTROLS = { carriageReturn: 1, escape: 2, other: 4, tab: 8 } as const;

/** The kind of each ASCII character; LF is none. */
const KIND_OF = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 13) return CONTROLS.carriageReturn;
  if (byte === 27) return CONTROLS.escape;
  if (byte === 9) return CONTROLS.tab;
  return (byte < 32 && byte !== 10) || byte === 127 ? CONTROLS.other : 0;
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
  (text.includes('\t') ? CONTROLS.tab : 0) |
  (/[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/.test(text) ? CONTROLS.other : 0);

/** Decodes one utterance. @param bytes borrowed; copied into the string @param charset the listener's, where it names one */
export function decodeText(bytes: Buffer, charset: Charset | undefined): Decoded {
  if (isAscii(bytes)) return { text: bytes.toString('latin1'), encoding: charset ?? 'utf-8', lossy: false, controls: controlsIn(bytes) };
  const encoding = charset ?? (isUtf8(bytes) ? 'utf-8' : 'latin-1');
  const { text, lossy } = charset || encoding === 'utf-8' ? decodeBytes(bytes, encoding) : { text: decodeMixed(bytes), lossy: false };
  return { text, encoding, lossy, controls: controlsInText(text) };
}

function decodeBytes(bytes: Buffer, charset: Charset): { readonly text: string; readonly lossy: boolean } {
  if (charset === 'latin-1') return { text: bytes.toString('latin1'), lossy: false };
  if (charset === 'cp437') return { text: decodeCp437(bytes), lossy: false };
  if (charset === 'utf-8' && isUtf8(bytes)) return { text: bytes.toString('utf8'), lossy: false };
  const text = wholeDecoder(charset).decode(bytes);
  // A letter that was none became U+FFFD. GB18030 can write that letter itself: then its bytes are kept for nothing.
  return { text, lossy: text.includes('\ufffd') };
}

/**
 * Where no charset is named and one line is no UTF-8, the others may be: each is read for itself. Else a letter of a UTF-8 line would be two, of which the
 * second can be a blank (NBSP), at which a mask stops.
 */
function decodeMixed(bytes: Buffer): string {
  let text = '';
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start) + 1 || bytes.length;
    const line = bytes.subarray(start, end);
    text += line.toString(isUtf8(line) ? 'utf8' : 'latin1');
    start = end;
  }
  return text;
}

function decodeCp437(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : CP437_UPPER[byte - 0x80];
  return text;
}

/** WHATWG's names, where they are not ours. */
const LABELS: { readonly [charset in Charset]?: string } = { cp1251: 'windows-1251', 'latin-1': 'latin1' };

/** A decoder that takes a text in pieces with `{stream: true}`. A byte order mark is a letter like any other. */
const decoderOf = (charset: Charset): TextDecoder => new TextDecoder(LABELS[charset] ?? charset, { ignoreBOM: true });

const wholeDecoders = new Map<Charset, TextDecoder>();

/** One that is only given whole texts, made once. */
function wholeDecoder(charset: Charset): TextDecoder {
  const known = wholeDecoders.get(charset) ?? decoderOf(charset);
  wholeDecoders.set(charset, known);
  return known;
}

/** How many UTF-16 units of the text came with each of these pieces of its bytes: a letter belongs to the piece that its last byte came in. */
export function unitsOfPieces(bytes: Buffer, counts: readonly number[], charset: Charset, units: number): number[] {
  const decoder = decoderOf(charset);
  let start = 0;
  let left = units;
  return counts.map((count, index) => {
    const piece = bytes.subarray(start, start + count);
    start += count;
    const own = index === counts.length - 1 ? left : Math.min(left, decoder.decode(piece, { stream: true }).length);
    left -= own;
    return own;
  });
}

/**
 * How many bytes at the end of `bytes` may begin a letter that is not whole, so that a cut by size need not tear it. In UTF-8 the lead byte tells
 * (RFC 3629: 110xxxxx wants one more byte, 1110xxxx two, 11110xxx three); in the Chinese charsets only the last blank or control does, which is no
 * letter's second byte in any of them.
 */
export function unfinishedTail(bytes: Uint8Array, charset: Charset | undefined): number {
  if (charset === 'gbk' || charset === 'big5' || charset === 'gb18030') {
    let end = bytes.length;
    while (end > 0 && (bytes[end - 1] as number) > 0x20) end--;
    return end === 0 ? 0 : bytes.length - end;
  }
  return charset === undefined || charset === 'utf-8' ? unfinishedUtf8(bytes) : 0;
}

/** Bytes at the end that begin a letter of UTF-8 (RFC 3629). */
export function unfinishedUtf8(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wants > back ? back : 0;
  }
  return 0;
}
