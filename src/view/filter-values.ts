/**
 * The values of a filter's names, checked one by one. Receives what stood behind a name, as text or as a value of a program, gives it as the store's
 * contract has it. No value ever stands in an error.
 */
import { AuditError } from '../errors.js';
import type { Filter } from '../store-contract.js';
import { readNetwork, wordsOf } from './match.js';
import { isId } from './seek.js';

/** Characters of a value, and values of a list. */
export const MOST_TEXT = 4_096;
export const MOST_VALUES = 1_000;

/** Throws AUDIT_QUERY: `NAME wants WHAT`. */
export function refuse(name: string, wants: string): never {
  throw new AuditError('AUDIT_QUERY', `${name} wants ${wants}`);
}

type Reader<T> = (value: unknown, name: string) => T;

/** By name: gives the value, or throws AUDIT_QUERY that says what is wanted. `fields` and `any` hold filters themselves. */
export const READERS: { readonly [name in Exclude<keyof Filter, 'fields' | 'any'>]-?: Reader<NonNullable<Filter[name]>> } = {
  id: ids,
  session: ids,
  account: texts,
  character: texts,
  room: texts,
  address: addresses,
  listener: texts,
  event: texts,
  eventType: texts,
  direction,
  exchange: whole,
  words,
  contains: composed,
  pattern: text,
  answered: flag,
  faulty: flag,
  system: flag,
};

export const isText = (value: unknown): value is string => typeof value === 'string';

/** A text that is not empty. */
export function text(value: unknown, name: string): string {
  return isText(value) && value !== '' && value.length <= MOST_TEXT ? value : refuse(name, `a text of 1 to ${MOST_TEXT} characters`);
}

/** Text that is looked for, with accents as most people write them (one character each). */
function composed(value: unknown, name: string): string {
  return text(value, name).normalize('NFC');
}

/** `true` or `false`, also as text. */
export function flag(value: unknown, name: string): boolean {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : refuse(name, 'true or false');
}

function texts(value: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.length <= MOST_VALUES ? list.map((one) => text(one, name)) : refuse(name, `1 to ${MOST_VALUES} values`);
}

function ids(value: unknown, name: string): readonly string[] {
  return texts(value, name).map((one) => (isId(one.toLowerCase()) ? one.toLowerCase() : refuse(name, 'whole ids, as they stand in records')));
}

function addresses(value: unknown, name: string): readonly string[] {
  return texts(value, name).map((one) => (readNetwork(one) ? one : refuse(name, "addresses or networks, such as '203.0.113.7' or '2001:db8::/32'")));
}

function direction(value: unknown, name: string): 'RCV' | 'SND' {
  const meant = { in: 'RCV', out: 'SND', RCV: 'RCV', SND: 'SND' } as const;
  return isText(value) && Object.hasOwn(meant, value) ? meant[value as keyof typeof meant] : refuse(name, "'RCV' (or 'in'), or 'SND' (or 'out')");
}

function whole(value: unknown, name: string): number {
  const number = isText(value) && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : refuse(name, 'a whole number');
}

function words(value: unknown, name: string): string {
  const asked = composed(value, name);
  return wordsOf(asked).length > 0 ? asked : refuse(name, 'at least one word of letters or digits');
}
