/**
 * What an option says, as messages for the record: receives events of decode/options.ts, gives one message for each package, variable or command. Pure;
 * what was to be JSON and is not is marked as broken. Nothing of it has seen a mask.
 */
import type { Direction, OobMessage } from '../contract.js';
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
  OPTION_MSP,
  OPTION_MSSP,
  OPTION_MXP,
  OPTION_NEW_ENVIRON,
  OPTION_START_TLS,
  OPTION_TTYPE,
  OPTION_ZMP,
} from '../decode/bytes.js';
import type { MsdpValue } from '../decode/msdp.js';
import { LINEMODE_BITS, type OptionEvent } from '../decode/options.js';
import type { Charset } from '../gather/charset.js';

/** The record's names of options. */
const PROTOCOLS: { readonly [option: number]: string } = {
  [OPTION_TTYPE]: 'ttype',
  [OPTION_LINEMODE]: 'linemode',
  [OPTION_ENVIRON]: 'environ',
  [OPTION_AUTHENTICATION]: 'auth',
  [OPTION_ENCRYPT]: 'encrypt',
  [OPTION_NEW_ENVIRON]: 'environ',
  [OPTION_CHARSET]: 'charset',
  [OPTION_COM_PORT]: 'com-port',
  [OPTION_START_TLS]: 'start-tls',
  [OPTION_MSDP]: 'msdp',
  [OPTION_MSSP]: 'mssp',
  [OPTION_MSP]: 'msp',
  [OPTION_MXP]: 'mxp',
  [OPTION_ZMP]: 'zmp',
  [OPTION_ATCP]: 'atcp',
  [OPTION_GMCP]: 'gmcp',
};

export const protocolOf = (option: number): string => PROTOCOLS[option] ?? `option-${option}`;

/** The bit of MTTS by which a client says that it reads UTF-8 (tintin.mudhalla.net/protocols/mtts). */
export const MTTS_UTF8 = 4;

/** Names of the IANA registry and their aliases, without what stands between letters and digits; GB2312 is a part of GBK. */
const CHARSET_NAMES: { readonly [charset in Charset]: readonly string[] } = {
  'utf-8': ['utf8'],
  'latin-1': ['iso88591', 'latin1', 'l1', 'ibm819', 'cp819'],
  cp437: ['cp437', 'ibm437', '437', 'cspc8codepage437'],
  'koi8-r': ['koi8r', 'cskoi8r'],
  cp1251: ['windows1251', 'cp1251', 'cswindows1251'],
  gbk: ['gbk', 'cp936', 'ms936', 'windows936', 'gb2312', 'csgb2312'],
  big5: ['big5', 'csbig5'],
  gb18030: ['gb18030', 'csgb18030'],
};

const BY_NAME = new Map(Object.entries(CHARSET_NAMES).flatMap(([charset, names]) => names.map((name) => [name, charset as Charset] as const)));

/** Our charset of that name; undefined: none that we read. */
export const charsetOf = (name: string): Charset | undefined => BY_NAME.get(name.toLowerCase().replace(/[^a-z0-9]/g, ''));

/** @param length bytes of the payload */
export function messagesOf(event: OptionEvent, direction: Direction, length: number): OobMessage[] {
  const say = (name: string, value?: unknown): OobMessage => ({ direction, protocol: event.type, name, value });
  switch (event.type) {
    case 'naws':
      return [];
    case 'gmcp':
      return [{ ...say(event.package), ...jsonOf(event.data) }];
    case 'atcp':
      return [say(event.package, event.data === '' ? undefined : event.data)];
    case 'msdp':
      return [...event.values].map(([name, value]) => say(name, plain(value)));
    case 'mssp':
      return byName(event.values).map(([name, values]) => say(name, values.length === 1 ? values[0] : values));
    case 'zmp':
      return [say(event.command, event.args)];
    case 'environ':
      return event.variables.length === 0 ? [say('')] : event.variables.map(({ name, value }) => say(name, value));
    case 'ttype':
      return [event.kind === 'is' ? say('IS', event.name) : say('SEND')];
    case 'charset':
      return [say(event.kind.toUpperCase(), event.kind === 'rejected' ? undefined : event.kind === 'request' ? event.charsets : event.charsets[0])];
    case 'linemode':
      return [say(event.command, event.mask === undefined ? { length } : bitsOf(event.mask))];
    case 'com-port':
      return [say(event.command, event.value ?? { length })];
    case 'auth':
      return [say(event.command, { length })];
    case 'encrypt':
    case 'start-tls':
      return [say(event.command)];
  }
}

const bitsOf = (mask: number) => Object.fromEntries(Object.entries(LINEMODE_BITS).map(([name, bit]) => [name, (mask & bit) !== 0]));

/** An object's own members, whatever their names are (`__proto__`). */
function plain(value: MsdpValue): unknown {
  if (typeof value === 'string') return value;
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, one]) => [name, plain(one)]));
  return (value as readonly MsdpValue[]).map(plain);
}

function byName(pairs: readonly (readonly [string, string])[]): [string, string[]][] {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return [...values];
}

/** JSON nested deeper is broken: no game's is, and what reads it must not end on its stack. */
const DEEPEST = 48;
/** Digits of a whole number that a double may not hold. */
const LONG_NUMBER = /\d{16}/;
/** A string, or a number. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Data that is to be JSON, GMCP's and others'. Empty: nothing is said. A whole number that a double cannot hold stays as its digits: it may be a secret, to be met again as it was sent. */
export function jsonOf(data: string): { readonly value: unknown; readonly broken?: true } {
  if (data.trim() === '') return { value: undefined };
  try {
    const value: unknown = JSON.parse(data);
    if (isDeeper(value, DEEPEST)) return { value: undefined, broken: true };
    return { value: LONG_NUMBER.test(data) ? JSON.parse(quoteLong(data)) : value };
  } catch {
    return { value: data, broken: true };
  }
}

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' && value !== null && (depth === 0 || Object.values(value).some((one) => isDeeper(one, depth - 1)));

const quoteLong = (json: string): string => json.replace(STRING_OR_NUMBER, (found) => (/^-?\d{16}/.test(found) ? `"${found}"` : found));
