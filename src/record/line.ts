/**
 * The line and its seal (DESIGN 7, FORMAT.md): `{` HEAD `,"digest":["W","B"],"hash":"H"` [`,` WHO] [`,` BODY] `}`. Receives the parts as JSON text
 * without braces, gives the whole line. Pure but for the hashing.
 */
import { hash } from 'node:crypto';
import type { TimeUs } from '../contract.js';

/** The end of one chain: what the next record's `prev` and `seq` come from. */
export interface ChainHead {
  seq: number;
  hash: string;
}

/** `prev` of a chain's first record. */
export const CHAIN_START = '0'.repeat(64);

/** A chain with nothing in it; `seq` is the last given one. */
export const newChain = (): ChainHead => ({ seq: -1, hash: CHAIN_START });

/** What JSON leaves raw and readers stumble over: DEL, C1 controls, and the two separators that old JavaScript took for line ends. */
const UNSAFE = /[\x7f-\x9f\u2028\u2029]/;
const EACH_UNSAFE = /[\x7f-\x9f\u2028\u2029]/g;

/** JSON text of a value, with C1 controls and U+2028/2029 written as `\u`. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!UNSAFE.test(text)) return text;
  return text.replace(EACH_UNSAFE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** True where something other than line ends and ESC must be escaped in text that has no other control characters. */
const mustEscape = (text: string): boolean =>
  text.includes('"') || text.includes('\\') || text.includes('\t') || text.includes('\u2028') || text.includes('\u2029');

/**
 * JSON text of plain text, which has no control characters but tabs and line ends: most of what is recorded. `JSON.stringify` takes four times as long
 * where there are many lines (V8 of Node 20).
 */
export const plainToJson = (text: string): string => (mustEscape(text) ? toJson(text) : `"${text.replaceAll('\n', '\\n')}"`);

/** The same for text with CR and escape sequences, and no other control characters. */
export function escapedToJson(raw: string): string {
  if (mustEscape(raw)) return toJson(raw);
  const ends = raw.replaceAll('\r\n', '\\r\\n');
  const rest = ends.includes('\n') || ends.includes('\r') ? ends.replaceAll('\n', '\\n').replaceAll('\r', '\\r') : ends;
  return `"${rest.replaceAll('\x1b', '\\u001b')}"`;
}

let second = -1;
let secondText = '';

/** RFC 3339 in UTC with microseconds. */
export function formatTime(at: TimeUs): string {
  const whole = Math.floor(at / 1_000_000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, 20);
  }
  return `${secondText}${String(at - whole * 1_000_000 + 1_000_000).slice(1)}Z`;
}

/** A part that can be erased on its own, and the digest that stays. Empty text: the part never was. */
export interface Part {
  readonly text: string;
  readonly digest: string;
}

export const part = (text: string): Part => ({ text, digest: text === '' ? '' : hash('sha256', text) });

export interface Sealed {
  readonly line: string;
  readonly hash: string;
}

/** @param head JSON members from `"v"` to `"prev"`, without braces */
export function seal(head: string, who: Part, body: Part): Sealed {
  const sealed = `{${head},"digest":["${who.digest}","${body.digest}"]`;
  const own = hash('sha256', sealed);
  let line = `${sealed},"hash":"${own}"`;
  if (who.text !== '') line += `,${who.text}`;
  if (body.text !== '') line += `,${body.text}`;
  return { line: `${line}}\n`, hash: own };
}
