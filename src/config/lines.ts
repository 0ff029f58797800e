/** What the entries of AUDIT_EVENTS and AUDIT_EXCLUDE have in common: options that are read one by one, and patterns for lines. */
import type { LinePattern } from '../contract.js';
import type { DictLiteral, StringLiteral } from './literals.js';
import { type Asked, type Check, choice, optionsOf } from './values.js';

/** Reads an option of an entry, or gives undefined where it is not there. */
export type ReadOption = <T>(option: string, check: Check<T>) => T | undefined;

/** The options of an entry. Throws AUDIT_CONFIG_KEY for one that is none of `known`. @param what it is, as errors call it */
export function readerOf(entry: DictLiteral, what: string, known: readonly string[], asked: Asked): ReadOption {
  const options = optionsOf(entry, { what, known });
  return (option, check) => {
    const given = options.get(option);
    return given && check(given.value, { ...asked, name: `'${option}' of ${what}` });
  };
}

/** A pattern with what stands beside it. */
export const linePattern = (read: ReadOption, pattern: StringLiteral): LinePattern => ({
  pattern: pattern.value,
  direction: read('direction', choice('in', 'out', 'both')) ?? 'both',
  where: read('where', choice('start', 'anywhere')) ?? 'start',
  patternPlace: pattern.at(0),
});
