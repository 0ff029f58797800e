/**
 * What subnegotiations say: receives an option's payload, as the decoder gives it, and gives what it means, or nothing where it is malformed. Pure and
 * bounded by the payload (64 KiB); never throws. What comes out holds secrets as they were sent: mask before anything is kept.
 */
import { isUtf8 } from 'node:buffer';
import {
  OPTION_ATCP,
  OPTION_AUTHENTICATION,
  OPTION_CHARSET,
  OPTION_COM_PORT,
  OPTION_ENCRYPT,
  OPTION_ENVIRON,
  OPTION_GMCP,
  OPTION_LINEMODE,
  OPTION_MSDP,
  OPTION_MSSP,
  OPTION_NAWS,
  OPTION_NEW_ENVIRON,
  OPTION_START_TLS,
  OPTION_TTYPE,
  OPTION_ZMP,
  WILL,
} from './bytes.js';
import { type MsdpTable, parseMsdp } from './msdp.js';

export type EnvironVariable = { readonly kind: 'var' | 'uservar'; readonly name: string; readonly value?: string };

export type OptionEvent =
  | { readonly type: 'naws'; readonly columns: number; readonly rows: number }
  /** `mtts`: the bits of MUD Terminal Type Standard, where the name is `MTTS n`. */
  | { readonly type: 'ttype'; readonly kind: 'is' | 'send'; readonly name: string; readonly mtts?: number }
  | { readonly type: 'environ'; readonly kind: 'is' | 'send' | 'info'; readonly variables: readonly EnvironVariable[] }
  | { readonly type: 'charset'; readonly kind: 'request' | 'accepted' | 'rejected'; readonly charsets: readonly string[] }
  | { readonly type: 'msdp'; readonly values: MsdpTable }
  /** A variable with several values stands there several times; one with none does not. */
  | { readonly type: 'mssp'; readonly values: readonly (readonly [name: string, value: string])[] }
  | { readonly type: 'zmp'; readonly command: string; readonly args: readonly string[] }
  /** `data`: what follows the package's name, JSON in GMCP if the sender kept to it. */
  | { readonly type: 'gmcp' | 'atcp'; readonly package: string; readonly data: string }
  /** `mask`: the bits of MODE (LINEMODE_BITS). Of the other commands nothing is read. */
  | { readonly type: 'linemode'; readonly command: 'MODE' | 'FORWARDMASK' | 'SLC'; readonly mask?: number }
  /** `value`: where it is simple: a number, or the text of a signature. */
  | { readonly type: 'com-port'; readonly command: string; readonly value?: number | string }
  /** Keys and names of users: nothing of it but the command is read. */
  | { readonly type: 'auth' | 'encrypt' | 'start-tls'; readonly command: string };

/** Makes a string of bytes that it does not keep. */
export type TextOf = (bytes: Uint8Array) => string;

type Parse = (payload: Uint8Array, textOf: TextOf) => OptionEvent | undefined;

const PARSERS: { readonly [option: number]: Parse } = {
  [OPTION_NAWS]: parseNaws,
  [OPTION_TTYPE]: parseTtype,
  [OPTION_ENVIRON]: parseEnviron,
  [OPTION_NEW_ENVIRON]: parseEnviron,
  [OPTION_CHARSET]: parseCharset,
  [OPTION_MSDP]: (payload, textOf) => {
    const values = parseMsdp(payload, textOf);
    return values && { type: 'msdp', values };
  },
  [OPTION_MSSP]: parseMssp,
  [OPTION_ZMP]: parseZmp,
  [OPTION_GMCP]: (payload, textOf) => parsePackage('gmcp', payload, textOf),
  [OPTION_ATCP]: (payload, textOf) => parsePackage('atcp', payload, textOf),
  [OPTION_LINEMODE]: parseLinemode,
  [OPTION_COM_PORT]: parseComPort,
  [OPTION_AUTHENTICATION]: (payload) => commandOf('auth', AUTH_COMMANDS[payload[0] ?? -1]),
  [OPTION_ENCRYPT]: (payload) => commandOf('encrypt', ENCRYPT_COMMANDS[payload[0] ?? -1]),
  [OPTION_START_TLS]: (payload) => commandOf('start-tls', payload[0] === 1 ? 'FOLLOWS' : undefined),
};

/** Whether `parseOption` reads this option at all. */
export const isRead = (option: number): boolean => option in PARSERS;

/**
 * What a subnegotiation of `option` says; undefined: malformed, or an option that is not read.
 * @param payload whole, borrowed until it returns
 * @param textOf for names and values; else UTF-8 where the bytes are that, else latin-1
 */
export function parseOption(option: number, payload: Uint8Array, textOf: TextOf = utf8OrLatin1): OptionEvent | undefined {
  return PARSERS[option]?.(payload, textOf);
}

function utf8OrLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/** RFC 1073: two numbers of two bytes. */
function parseNaws(payload: Uint8Array): OptionEvent | undefined {
  if (payload.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = payload;
  return { type: 'naws', columns: a * 256 + b, rows: c * 256 + d };
}

/** RFC 1091: IS 0 and a name, SEND 1; MTTS as the third name a client gives. */
function parseTtype(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  if (payload[0] === 1) return { type: 'ttype', kind: 'send', name: '' };
  if (payload[0] !== 0) return undefined;
  const name = textOf(payload.subarray(1));
  const mtts = /^MTTS (\d{1,9})$/i.exec(name)?.[1];
  return { type: 'ttype', kind: 'is', name, ...(mtts === undefined ? {} : { mtts: Number(mtts) }) };
}

const VAR = 0;
const VALUE = 1;
const ESC = 2;
const USERVAR = 3;
const ENVIRON_KINDS = ['is', 'send', 'info'] as const;

/** RFC 1572, and 1408 with the same numbers: a kind, then VAR or USERVAR name, VALUE value; ESC in front of a byte makes it a letter. */
function parseEnviron(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  const kind = ENVIRON_KINDS[payload[0] ?? -1];
  if (!kind) return undefined;
  const variables: { kind: 'var' | 'uservar'; name: string; value?: string }[] = [];
  for (const { mark, text } of partsOf(payload, textOf)) {
    const last = variables.at(-1);
    if (mark !== VALUE) variables.push({ kind: mark === VAR ? 'var' : 'uservar', name: text });
    else if (last && last.value === undefined) last.value = text;
    else return undefined;
  }
  return payload.length === 1 || isMark(payload[1]) ? { type: 'environ', kind, variables } : undefined;
}

const isMark = (byte: number | undefined): boolean => byte === VAR || byte === VALUE || byte === USERVAR;

function* partsOf(payload: Uint8Array, textOf: TextOf): Generator<{ mark: number; text: string }> {
  const room = new Uint8Array(payload.length);
  let at = 1;
  while (at < payload.length) {
    const mark = payload[at++] as number;
    let length = 0;
    while (at < payload.length && !isMark(payload[at])) {
      if (payload[at] === ESC && at + 1 < payload.length) at++;
      room[length++] = payload[at++] as number;
    }
    yield { mark, text: textOf(room.subarray(0, length)) };
  }
}

const TTABLE = '[TTABLE]';

/** RFC 2066: REQUEST 1 and a list behind its separator, ACCEPTED 2 and a name, REJECTED 3. Tables (4 to 7) are not read. */
function parseCharset(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  const text = textOf(payload.subarray(1));
  if (payload[0] === 3) return { type: 'charset', kind: 'rejected', charsets: [] };
  if (payload[0] === 2) return { type: 'charset', kind: 'accepted', charsets: [text] };
  if (payload[0] !== 1) return undefined;
  // Behind the mark stands a version of one byte.
  const list = text.startsWith(TTABLE) ? text.slice(TTABLE.length + 1) : text;
  const charsets = list.slice(1).split(list[0] ?? ';');
  return { type: 'charset', kind: 'request', charsets: charsets.filter((name) => name !== '') };
}

const MSSP_VAR = 1;
const MSSP_VAL = 2;

/** tintin.mudhalla.net/protocols/mssp: VAR 1 name, VAL 2 value. */
function parseMssp(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  const values: [string, string][] = [];
  let name: string | undefined;
  let at = 0;
  while (at < payload.length) {
    const mark = payload[at];
    let end = at + 1;
    while (end < payload.length && payload[end] !== MSSP_VAR && payload[end] !== MSSP_VAL) end++;
    const text = textOf(payload.subarray(at + 1, end));
    if (mark === MSSP_VAR) name = text;
    else if (mark === MSSP_VAL && name !== undefined) values.push([name, text]);
    else return undefined;
    at = end;
  }
  return payload.length > 0 ? { type: 'mssp', values } : undefined;
}

/** ZMP: a command and its arguments, each ended by NUL. */
function parseZmp(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  if (payload.length < 2 || payload[0] === 0 || payload.at(-1) !== 0) return undefined;
  const [command = '', ...args] = textOf(payload.subarray(0, -1)).split('\0');
  return { type: 'zmp', command, args };
}

/**
 * A package's name ends at the first blank or control character, or where its JSON begins: servers differ in what they want between the two, and no
 * value may hide in a name.
 */
function parsePackage(type: 'gmcp' | 'atcp', payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  const text = textOf(payload);
  const found = text.search(/[\s\x00-\x1f\x7f{["]/);
  const end = found < 0 ? text.length : found;
  const data = /^[{["]/.test(text.slice(end, end + 1)) ? text.slice(end) : text.slice(end + 1);
  return end === 0 ? undefined : { type, package: text.slice(0, end), data };
}

/** RFC 1184 2.2: the bits of MODE. */
export const LINEMODE_BITS = { edit: 1, trapsig: 2, ack: 4, soft_tab: 8, lit_echo: 16 } as const;

const LINEMODE_MODE = 1;
const LINEMODE_FORWARDMASK = 2;
const LINEMODE_SLC = 3;

/** RFC 1184: MODE 1 and its mask, SLC 3, or a verb and FORWARDMASK 2. */
function parseLinemode(payload: Uint8Array): OptionEvent | undefined {
  const [first = 0, second] = payload;
  if (first === LINEMODE_MODE) return payload.length === 2 ? { type: 'linemode', command: 'MODE', mask: second as number } : undefined;
  if (first === LINEMODE_SLC) return { type: 'linemode', command: 'SLC' };
  return first >= WILL && second === LINEMODE_FORWARDMASK ? { type: 'linemode', command: 'FORWARDMASK' } : undefined;
}

/** RFC 2217: numbers of the client; the server's are higher by 100. */
const COM_PORT_COMMANDS = [
  'SIGNATURE',
  'SET-BAUDRATE',
  'SET-DATASIZE',
  'SET-PARITY',
  'SET-STOPSIZE',
  'SET-CONTROL',
  'NOTIFY-LINESTATE',
  'NOTIFY-MODEMSTATE',
  'FLOWCONTROL-SUSPEND',
  'FLOWCONTROL-RESUME',
  'SET-LINESTATE-MASK',
  'SET-MODEMSTATE-MASK',
  'PURGE-DATA',
] as const;
const FROM_SERVER = 100;

function parseComPort(payload: Uint8Array, textOf: TextOf): OptionEvent | undefined {
  const [number = 255, ...rest] = payload.subarray(0, 5);
  const command = COM_PORT_COMMANDS[number % FROM_SERVER];
  if (command === undefined || number >= 2 * FROM_SERVER) return undefined;
  if (command === 'SIGNATURE') return { type: 'com-port', command, value: textOf(payload.subarray(1)) };
  const simple = payload.length === 2 || (payload.length === 5 && command === 'SET-BAUDRATE');
  return { type: 'com-port', command, ...(simple ? { value: rest.reduce((value, byte) => value * 256 + byte, 0) } : {}) };
}

/** RFC 2941 and RFC 2946. */
const AUTH_COMMANDS = ['IS', 'SEND', 'REPLY', 'NAME'] as const;
const ENCRYPT_COMMANDS = ['IS', 'SUPPORT', 'REPLY', 'START', 'END', 'REQUEST-START', 'REQUEST-END', 'ENC_KEYID', 'DEC_KEYID'] as const;

const commandOf = (type: 'auth' | 'encrypt' | 'start-tls', command: string | undefined): OptionEvent | undefined =>
  command === undefined ? undefined : { type, command };
