/**
 * Checks that turn a literal into what the program wants, or say what is wanted and where. Receives literals, gives plain values; reads the
 * environment and files only for `{'env': NAME}` and `{'file': PATH}`. Never shows a value in an error.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { type Address, MAX_SOCKET_PATH, parseAddress, type SocketAddress } from '../bridge/address.js';
import { parseNetwork } from '../bridge/networks.js';
import { AuditError, nameOf } from '../errors.js';
import type { DictLiteral, Literal, StringLiteral } from './literals.js';
import { didYouMean } from './nearest.js';
import { quoteName } from './source.js';

/** What a check may look at besides the literal. `name` is the key or option asked for, as errors show it. */
export interface Asked {
  readonly name: string;
  /** Where relative paths start. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Gives the value, or throws AUDIT_CONFIG_TYPE (or _ENV, _FILE) at its place. */
export type Check<T> = (literal: Literal, asked: Asked) => T;

/** A secret in a file of its own is far below this; more is a wrong file. Bytes. */
const MAX_SECRET = 64 * 1024;

const KINDS: { readonly [kind in Literal['kind']]: string } = {
  string: 'a string',
  number: 'a number',
  bool: 'True or False',
  none: 'None',
  list: 'a list',
  tuple: 'a tuple',
  dict: 'a dict',
};

function kindOf(literal: Literal): string {
  if (literal.kind === 'tuple' && literal.value.length === 1) return 'a tuple (there is a comma behind the value)';
  return literal.kind === 'number' && !literal.whole ? 'a number with a fraction' : KINDS[literal.kind];
}

/** Throws: `NAME wants ...; this is a string`. */
export function wants(wanted: string, literal: Literal, asked: Asked): never {
  throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants ${wanted}; this is ${kindOf(literal)}`, literal.place);
}

/** Throws: `NAME wants ...`, for a value of the right type that is out of its range. */
function outside(wanted: string, literal: Literal, asked: Asked): never {
  throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants ${wanted}`, literal.place);
}

/** Reads at most `max` bytes of a file as UTF-8; errors carry AUDIT_CONFIG_FILE and the place given. Also reads a pipe. */
export function readText(path: string, max: number, what: string, place?: Literal['place']): string {
  const refuse = (why: string): never => {
    throw new AuditError('AUDIT_CONFIG_FILE', `${what} cannot be read: ${why}`, place);
  };
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readBytes(path, max) ?? refuse(`it is larger than ${max} bytes`));
  } catch (error) {
    if (error instanceof AuditError) throw error;
    return refuse(error instanceof TypeError ? 'it is not UTF-8; save it as UTF-8' : explain(nameOf(error)));
  }
}

function readBytes(path: string, max: number): Uint8Array | undefined {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(max + 1);
    let length = 0;
    for (let got = 1; got > 0 && length <= max; length += got) got = readSync(file, bytes, length, bytes.length - length, null);
    return length > max ? undefined : bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function explain(code: string): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return code;
}

/** True for `{'env': NAME}` and `{'file': PATH}`. */
export const isElsewhere = (literal: Literal): boolean => elsewhere(literal) !== undefined;

function elsewhere(literal: Literal): { readonly kind: string; readonly from: string } | undefined {
  const [entry, more] = literal.kind === 'dict' ? literal.value : [];
  const named = entry?.key.kind === 'string' && ['env', 'file'].includes(entry.key.value);
  return entry?.value.kind === 'string' && named && !more ? { kind: String(entry.key.value), from: entry.value.value } : undefined;
}

/** A scalar that may stand elsewhere: gives it as a string literal at the place where the configuration names it. */
export function fetched(literal: Literal, asked: Asked): { readonly literal: Literal; readonly elsewhere: boolean } {
  const found = elsewhere(literal);
  if (!found) return { literal, elsewhere: false };
  const value = found.kind === 'env' ? fromEnv(found.from, literal, asked) : fromFile(found.from, literal, asked);
  return { literal: { kind: 'string', value, bytes: false, place: literal.place, at: () => literal.place }, elsewhere: true };
}

function fromEnv(name: string, literal: Literal, { name: key, env }: Asked): string {
  const value = env[name];
  if (value !== undefined) return value;
  throw new AuditError(
    'AUDIT_CONFIG_ENV',
    `${key} is to come from the environment variable ${quoteName(name)}, which is not set; set it`,
    literal.place,
  );
}

function fromFile(path: string, literal: Literal, { name: key, folder }: Asked): string {
  return readText(resolve(folder, path), MAX_SECRET, `the file that ${key} is to come from`, literal.place).replace(/\r?\n$/, '');
}

/** A string of the configuration itself or from elsewhere. */
function stringOf(given: Literal, asked: Asked, wanted: string): StringLiteral {
  const { literal } = fetched(given, asked);
  return literal.kind === 'string' ? literal : wants(wanted, literal, asked);
}

export const bool: Check<boolean> = (given, asked) => {
  const { literal, elsewhere } = fetched(given, asked);
  if (literal.kind === 'bool') return literal.value;
  if (elsewhere && (literal.value === 'True' || literal.value === 'False')) return literal.value === 'True';
  return wants('True or False', literal, asked);
};

/** A number from `min` to `max`; whole unless `fraction`. `unit` is said in errors. */
export function number({ min, max, unit, fraction = false }: { min: number; max: number; unit: string; fraction?: boolean }): Check<number> {
  const wanted = `${fraction ? 'a number' : 'a whole number'} of ${unit} from ${min} to ${max}`;
  return (given, asked) => {
    const { literal, elsewhere } = fetched(given, asked);
    const text = elsewhere && /^\d{1,15}(\.\d{1,6})?$/.test(String(literal.value));
    if (literal.kind !== 'number' && !text) return wants(wanted, literal, asked);
    const value = Number(literal.value);
    if (!(value >= min && value <= max)) outside(wanted, literal, asked);
    if (!fraction && !(text ? Number.isInteger(value) : literal.kind === 'number' && literal.whole)) wants(wanted, literal, asked);
    return value;
  };
}

const UNITS: { readonly [letter: string]: number } = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes as people write them, in the largest unit that leaves no rest. */
function sizeName(bytes: number): string {
  const unit = Object.entries(UNITS).findLast(([, one]) => bytes % one === 0);
  return unit?.[0] ? `'${bytes / unit[1]}${unit[0]}'` : String(bytes);
}

/** Bytes: a whole number, or '64k', '10m', '4g' (1024). */
export function size({ min, max }: { min: number; max: number }): Check<number> {
  const wanted = "a size: a whole number of bytes, or '64k', '10m', '4g'";
  return (given, asked) => {
    const { literal } = fetched(given, asked);
    if (literal.kind !== 'string' && !(literal.kind === 'number' && literal.whole)) return wants(wanted, literal, asked);
    const [, digits, unit = ''] = /^(\d{1,15})([kmg]?)$/i.exec(String(literal.value)) ?? [];
    if (digits === undefined) return outside(wanted, literal, asked);
    const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
    if (!(bytes >= min && bytes <= max)) outside(`a size from ${sizeName(min)} to ${sizeName(max)}`, literal, asked);
    return bytes;
  };
}

/** One of some words. */
export function choice<T extends string>(...words: readonly T[]): Check<T> {
  const wanted = words
    .map((word) => `'${word}'`)
    .join(', ')
    .replace(/, (?!.*, )/, ' or ');
  return (given, asked) => {
    const literal = stringOf(given, asked, wanted);
    return words.find((word) => word === literal.value) ?? outside(wanted, literal, asked);
  };
}

/** A line of text: not empty, no control characters, at most `max` characters. */
export function line(max: number): Check<string> {
  const wanted = `a text of one line, not empty, of at most ${max} characters`;
  return (given, asked) => {
    const literal = stringOf(given, asked, wanted);
    return literal.value && literal.value.length <= max && !/[\0-\x1f\x7f-\x9f]/.test(literal.value)
      ? literal.value
      : outside(wanted, literal, asked);
  };
}

/** A code of words with dots between, in small letters: `login.failed`. At most 64 characters. */
export const dotted: Check<string> = (given, asked) => {
  const wanted = "words of a-z, 0-9, '_' and '-' with dots between, such as 'login.failed', of at most 64 characters";
  const literal = stringOf(given, asked, wanted);
  return literal.value.length <= 64 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(literal.value) ? literal.value : outside(wanted, literal, asked);
};

/** A name that may stand in a file's name. */
export const plainName: Check<string> = (given, asked) => {
  const wanted = "a name of letters, digits, '-', '_' and '.', at most 64, beginning with a letter or digit";
  const literal = stringOf(given, asked, wanted);
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(literal.value) ? literal.value : outside(wanted, literal, asked);
};

/** A path, made absolute. */
export const path: Check<string> = (given, asked) => {
  const literal = stringOf(given, asked, 'a path');
  if (literal.value === '' || literal.value.includes('\0')) outside('a path', literal, asked);
  return isAbsolute(literal.value) ? literal.value : join(asked.folder, literal.value);
};

/** An address (DESIGN 3); the path of a unix socket is made absolute. */
const anyAddress: Check<Address> = (given, asked) => {
  const literal = stringOf(given, asked, 'an address such as telnet://127.0.0.1:4000');
  try {
    const parsed = parseAddress(literal.value);
    return parsed.scheme === 'unix' ? { ...parsed, path: socketPath(resolve(asked.folder, parsed.path)) } : parsed;
  } catch (error) {
    throw error instanceof AuditError ? new AuditError(error.code, `${asked.name}: ${error.message}`, literal.place) : error;
  }
};

function socketPath(path: string): string {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  throw new AuditError(
    'AUDIT_CONFIG_TYPE',
    `the path of a unix socket is at most ${MAX_SOCKET_PATH} bytes long, its folder included; take a shorter one`,
  );
}

/** An address to listen at. */
export const address: Check<SocketAddress> = (given, asked) => {
  const parsed = anyAddress(given, asked);
  return parsed.scheme === 'pty' ? outside('an address to listen at; pty: is an upstream', given, asked) : parsed;
};

/** An address to connect to, whose port is not 0, or a program to run. */
export const upstreamAddress: Check<Address> = (given, asked) => {
  const parsed = anyAddress(given, asked);
  return 'port' in parsed && parsed.port === 0 ? outside('the port to connect to, which is not 0', given, asked) : parsed;
};

/** A list (or tuple) of what `each` takes. */
export function listOf<T>(each: Check<T>, wanted: string): Check<readonly T[]> {
  return (literal, asked) => {
    if (literal.kind !== 'list' && literal.kind !== 'tuple')
      return wants(literal.kind === 'none' ? wanted : `${wanted} (put [ ] around it)`, literal, asked);
    return literal.value.map((one) => each(one, asked));
  };
}

/** What `each` takes, or a list of that. */
export function oneOrMore<T>(each: Check<T>): Check<readonly T[]> {
  return (literal, asked) =>
    literal.kind === 'list' || literal.kind === 'tuple' ? literal.value.map((one) => each(one, asked)) : [each(literal, asked)];
}

/** A network as `10.0.0.0/8`, `2001:db8::/32`; an address alone is that address. */
export const network: Check<string> = (given, asked) => {
  const wanted = "a network such as '10.0.0.0/8' or '2001:db8::/32'";
  const literal = stringOf(given, asked, wanted);
  return parseNetwork(literal.value) ? literal.value : outside(wanted, literal, asked);
};

/** Where the admin's HTTP is served. */
export const adminAddress: Check<{ readonly host: string; readonly port: number } | { readonly path: string }> = (given, asked) => {
  const wanted = "an address such as 'http://127.0.0.1:4080', or 'unix:PATH'";
  const literal = stringOf(given, asked, wanted);
  if (literal.value.startsWith('unix:')) return { path: socketPath(resolve(asked.folder, literal.value.slice('unix:'.length))) };
  const [, host = '', port = ''] = /^http:\/\/(\[[0-9a-f:.]+\]|[^\s[\]/:@?#]+):(\d{1,5})\/?$/i.exec(literal.value) ?? [];
  if (host === '' || Number(port) > 65_535) return outside(wanted, literal, asked);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
};

/** None, or what `check` takes. */
export function orNone<T>(check: Check<T>): Check<T | null> {
  return (literal, asked) => (literal.kind === 'none' ? null : check(literal, asked));
}

export const string: Check<StringLiteral> = (literal, asked) => (literal.kind === 'string' ? literal : wants('a string', literal, asked));
export const dict: Check<DictLiteral> = (literal, asked) => (literal.kind === 'dict' ? literal : wants('a dict', literal, asked));
export const anything: Check<Literal> = (literal) => literal;

/** Options of a dict by name, refusing what is not known. `what` is said in errors. */
export interface OptionRules {
  readonly what: string;
  /** Undefined: any option will do. */
  readonly known: readonly string[] | undefined;
}

/** Entries of a dict by their names. Throws AUDIT_CONFIG_KEY at the name, AUDIT_CONFIG_TYPE where it is no string. */
export function optionsOf(literal: DictLiteral, { what, known }: OptionRules): Map<string, { readonly key: StringLiteral; readonly value: Literal }> {
  const found = new Map<string, { key: StringLiteral; value: Literal }>();
  for (const { key, value } of literal.value) {
    if (key.kind !== 'string') throw new AuditError('AUDIT_CONFIG_TYPE', `the names of the options of ${what} are strings`, key.place);
    if (known && !known.includes(key.value)) {
      throw new AuditError('AUDIT_CONFIG_KEY', `${what} has no option ${quoteName(key.value)}; ${didYouMean(key.value, known)}`, key.place);
    }
    found.set(key.value, { key, value });
  }
  return found;
}

/** Any literal as a plain value: lists and tuples are arrays, dicts are objects, `{'env'}` and `{'file'}` are fetched. */
export function plainValue(given: Literal, asked: Asked): unknown {
  const { literal } = fetched(given, asked);
  if (literal.kind === 'list' || literal.kind === 'tuple') return literal.value.map((one) => plainValue(one, asked));
  if (literal.kind !== 'dict') return literal.value;
  const options = optionsOf(literal, { what: asked.name, known: undefined });
  return Object.fromEntries([...options].map(([name, { value }]) => [name, plainValue(value, asked)]));
}
