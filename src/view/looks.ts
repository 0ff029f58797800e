/**
 * Looks at what was recorded, as FORMAT.md ("Looks") says them: `access.view` and `access.export` of the node's chain. Receives what somebody asks for,
 * gives the record's data; what it was narrowed by stands in it by name, and by value only where that is an id, an address or a name. Never a word that
 * was searched for.
 */
import { AuditError } from '../errors.js';
import type { Filter } from '../store-contract.js';

export interface LookFact {
  readonly topic: 'access.view' | 'access.export';
  readonly data: { readonly [name: string]: unknown };
}

/** Members of a filter whose values are ids, addresses, names, or one of a few words. */
const NAMES = ['id', 'session', 'account', 'character', 'room', 'address', 'listener', 'event', 'eventType', 'direction', 'exchange'] as const;
const SWITCHES = ['answered', 'faulty', 'system'] as const;
const TELLING: readonly string[] = [...NAMES, ...SWITCHES];
/** As many values of one member stand in the record. */
const MOST_VALUES = 20;
/** A member that a command hands over is not longer, and all of them together are not. */
const MOST_TEXT = 500;
const MOST_FACT = 32_768;

/** What filters narrow a look by. */
export function narrowedBy(filters: readonly Filter[]): { readonly [name: string]: unknown } {
  const told: { [name: string]: unknown } = {};
  for (const filter of filters) for (const [name, value] of Object.entries(filter)) told[name] = TELLING.includes(name) ? valuesOf(value) : null;
  return told;
}

const valuesOf = (value: unknown): unknown =>
  Array.isArray(value) ? value.slice(0, MOST_VALUES).map((one) => String(one).slice(0, MOST_TEXT)) : value;

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST_TEXT;
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isCount = (value: unknown): boolean => value === null || (Number.isSafeInteger(value) && Number(value) >= 0);

/** What the data of a look may hold, and of which form. */
const MEMBERS: { readonly [name: string]: (value: unknown) => boolean } = {
  by: isText,
  how: (value) => value === 'command',
  method: isText,
  look: (value) => isText(value) && /^[0-9a-f-]{36}$/.test(value),
  filter: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  session: isTextOrNull,
  from: isTextOrNull,
  to: isTextOrNull,
  format: isText,
  records: isCount,
};
const OPTIONAL: readonly string[] = ['look', 'format'];

/** A look that a command asks the owner of a spool to record. Throws AUDIT_USAGE where it is none. */
export function checkedLook(given: unknown): LookFact {
  const { topic, data } = (typeof given === 'object' && given !== null ? given : {}) as { readonly topic?: unknown; readonly data?: unknown };
  const members = (typeof data === 'object' && data !== null ? data : {}) as { readonly [name: string]: unknown };
  const known = Object.keys(members).every((name) => Object.hasOwn(MEMBERS, name));
  const right = Object.entries(MEMBERS).every(([name, fits]) => (members[name] === undefined ? OPTIONAL.includes(name) : fits(members[name])));
  if ((topic !== 'access.view' && topic !== 'access.export') || !known || !right || JSON.stringify(members).length > MOST_FACT) {
    throw new AuditError('AUDIT_USAGE', 'this is no look that can be recorded; the command is of another version');
  }
  return { topic, data: members };
}
