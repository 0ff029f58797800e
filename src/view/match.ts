/**
 * Whether a record is what a filter asks for. Receives filters as the store's contract has them, gives one function over records; patterns are given
 * compiled. Says nothing of what one record cannot tell: second topics, `answered` and `faulty` are the store's, which is exact there.
 */
import { BlockList, isIP } from 'node:net';
import type { AuditRecord } from '../contract.js';
import { AuditError } from '../errors.js';
import type { FieldTest, Filter } from '../store-contract.js';

/** Compiles an operator's pattern (Python's syntax, linear time): whether a text holds a hit. Throws AuditError AUDIT_MASK_PATTERN. */
export type Compile = (pattern: string) => (text: string) => boolean;

type Test = (record: AuditRecord) => boolean;

/**
 * A test of records: all the filters hold, as far as one record tells.
 * @throws AuditError AUDIT_MASK_PATTERN for a pattern that is refused, AUDIT_QUERY for an `any` that nobody could decide
 */
export function makeMatcher(filters: readonly Filter[], compile: Compile): Test {
  const tests = filters.flatMap((filter) => testsOf(filter, compile));
  return (record) => tests.every((test) => test(record));
}

/** Each condition of a filter as a test; those that are not asked for have none. */
const CONDITIONS: { readonly [name in keyof Filter]-?: ((asked: NonNullable<Filter[name]>, compile: Compile) => Test) | null } = {
  id: (ids) => oneOf('id', ids),
  session: (sessions) => oneOf('session', sessions),
  account: (names) => oneOfFolded('account', names),
  character: (names) => oneOfFolded('character', names),
  room: (names) => oneOfFolded('room', names),
  address: addressTest,
  listener: (names) => oneOf('listener', names),
  event: (events) => (record) => typeof record.event === 'string' && events.some((one) => beginsWith(record.event as string, one)),
  eventType: (types) => oneOf('event_type', types),
  direction: (direction) => (record) => record.direction === direction,
  exchange: (exchange) => (record) => record.exchange === exchange,
  words: wordsTest,
  contains: (part) => {
    const folded = fold(part);
    return (record) => fold(textOf(record)).includes(folded);
  },
  pattern: (pattern, compile) => {
    const hits = compile(pattern);
    return (record) => hits(textOf(record));
  },
  fields: (tests, compile) => {
    const all = tests.map((test) => fieldTest(test, compile));
    return (record) => all.every((test) => test(record));
  },
  answered: null,
  faulty: null,
  system: (wanted) => (record) => isSystem(record) === wanted,
  any: anyTest,
};

function testsOf(filter: Filter, compile: Compile): Test[] {
  return (Object.keys(CONDITIONS) as (keyof Filter)[]).flatMap((name) => {
    const asked = filter[name];
    const make = CONDITIONS[name] as ((asked: unknown, compile: Compile) => Test) | null;
    return asked === undefined || make === null ? [] : [make(asked, compile)];
  });
}

/** Case does not count, nor how an accent is written. */
const fold = (text: string): string => text.normalize('NFC').toLowerCase();
const textOf = (record: AuditRecord): string => (typeof record.text === 'string' ? record.text : '');

function oneOf(member: string, values: readonly string[]): Test {
  const wanted = new Set<unknown>(values);
  return (record) => wanted.has(record[member]);
}

function oneOfFolded(member: string, values: readonly string[]): Test {
  const wanted = new Set(values.map(fold));
  return (record) => {
    const value = record[member];
    return typeof value === 'string' && wanted.has(fold(value));
  };
}

const beginsWith = (name: string, beginning: string): boolean => name === beginning || name.startsWith(`${beginning}.`);

const isSystem = ({ topic, system }: AuditRecord): boolean => system === true || beginsWith(topic, 'audit') || beginsWith(topic, 'access');

/** IPv4 written into IPv6 is IPv4. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** An address or a network in CIDR (RFC 4632, RFC 4291 2.3), in its parts; undefined where it is none. */
export function readNetwork(text: string): { readonly address: string; readonly bits: number } | undefined {
  const [, given = '', length] = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = plainAddress(given);
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const bits = length === undefined ? most : Number(length) - (address === given ? 0 : 96);
  return bits < 0 || bits > most ? undefined : { address, bits };
}

function addressTest(networks: readonly string[]): Test {
  const list = new BlockList();
  for (const text of networks) {
    const network = readNetwork(text);
    if (network) list.addSubnet(network.address, network.bits, familyOf(network.address));
  }
  return ({ ip }) => {
    const address = typeof ip === 'string' ? plainAddress(ip) : '';
    return isIP(address) !== 0 && list.check(address, familyOf(address));
  };
}

const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

/** The words of a text, case folded: runs of letters and digits, as full text engines see them. */
export const wordsOf = (text: string): string[] => fold(text).match(WORD) ?? [];

/** Words that are asked for; of a piece that ends with `*` the last one is a beginning. */
function askedWords(words: string): { readonly whole: string[]; readonly begun: string[] } {
  const whole: string[] = [];
  const begun: string[] = [];
  for (const piece of words.split(/\s+/)) {
    const found = wordsOf(piece);
    const last = piece.endsWith('*') ? found.pop() : undefined;
    whole.push(...found);
    if (last !== undefined) begun.push(last);
  }
  return { whole, begun };
}

function wordsTest(words: string): Test {
  const { whole, begun } = askedWords(words);
  return (record) => {
    const there = new Set(wordsOf(textOf(record)));
    return whole.every((word) => there.has(word)) && begun.every((start) => [...there].some((word) => word.startsWith(start)));
  };
}

/** What a path leads to; undefined where there is nothing. */
function memberAt(record: AuditRecord, [top = '', ...below]: readonly string[]): unknown {
  let value = record[top];
  for (const name of below) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as { readonly [name: string]: unknown })[name];
  }
  return value;
}

function fieldTest({ path, is, value }: FieldTest, compile: Compile): Test {
  const names = path.split('.');
  if (is === 'exists') return (record) => (memberAt(record, names) !== undefined) === (value === true);
  const test = valueTest(is, value, compile);
  return (record) => {
    const member = memberAt(record, names);
    return member !== undefined && test(member);
  };
}

function valueTest(is: Exclude<FieldTest['is'], 'exists'>, value: unknown, compile: Compile): (member: unknown) => boolean {
  switch (is) {
    case 'exact':
      return (member) => same(member, value);
    case 'in':
      return (member) => Array.isArray(value) && value.some((one) => same(member, one));
    case 'contains':
      return (member) => (Array.isArray(member) ? member.some((one) => same(one, value)) : isText(member) && isText(value) && member.includes(value));
    case 'startswith':
      return (member) => isText(member) && isText(value) && member.startsWith(value);
    case 'regex': {
      const hits = compile(isText(value) ? value : '');
      return (member) => isText(member) && hits(member);
    }
    case 'gt':
      return (member) => order(member, value) > 0;
    case 'gte':
      return (member) => order(member, value) >= 0;
    case 'lt':
      return (member) => order(member, value) < 0;
    case 'lte':
      return (member) => order(member, value) <= 0;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Whether two values of JSON are the same; members of objects in any order. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  const [left, right] = [a as { readonly [name: string]: unknown }, b as { readonly [name: string]: unknown }];
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(left[name], right[name]));
}

/** Two numbers, or two texts, by their order; not a number where they cannot be compared. */
function order(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (isText(a) && isText(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Number.NaN;
}

/** Conditions that the store gives more for than was asked, and those that it alone can tell. */
const OURS = ['fields', 'pattern', 'words', 'contains'] as const;
const THEIRS = ['answered', 'faulty'] as const;

/** Whether a filter asks for one of these, itself or in an `any`. */
export const asks = (filter: Filter, names: readonly (keyof Filter)[]): boolean =>
  names.some((name) => filter[name] !== undefined) || (filter.any ?? []).some((one) => asks(one, names));

/** Where one alternative is the store's to tell and another ours, neither could tell of a record that passed both. */
function anyTest(filters: readonly Filter[], compile: Compile): Test {
  if (filters.some((one) => asks(one, OURS)) && filters.some((one) => asks(one, THEIRS))) {
    const [ours, theirs] = [OURS, THEIRS].map((names) => names.join(', '));
    throw new AuditError('AUDIT_QUERY', `any: ${theirs} cannot stand in one 'any' with ${ours}; ask for each by itself`);
  }
  const tests = filters.map((filter) => makeMatcher([filter], compile));
  return (record) => tests.some((test) => test(record));
}
