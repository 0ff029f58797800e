/**
 * Tests of members by STORE_INDEXES. Receives tests, gives a condition over `record r` that lets through at least what they do: where an index has a path it
 * is used, all else is left to whoever looks at the records.
 */
import type { FieldTest } from '../../src/store-contract.js';
import { type Condition, TRUE } from './condition.js';
import type { Value } from './engine.js';
import { OTHER, textKey } from './field-keys.js';

/** Keys that a value may be entered under: `7` and `'7'` are not told apart here. */
function keysOf(value: unknown): Value[] {
  if (typeof value === 'number') return [value, textKey(String(value)), OTHER];
  if (typeof value !== 'string') return [OTHER];
  const number = Number(value);
  return [textKey(value), OTHER, ...(value.trim() === '' || Number.isNaN(number) ? [] : [number])];
}

/** What a test asks of a column; undefined: any value may do. */
function columnCondition(column: string, { is, value }: FieldTest): Condition | undefined {
  const anyKey = (keys: readonly Value[]): Condition => ({ sql: `${column} IN (${keys.map(() => '?').join(', ')})`, values: keys });
  switch (is) {
    case 'exact':
      return anyKey(keysOf(value));
    case 'in':
      return Array.isArray(value) ? anyKey(value.flatMap(keysOf)) : undefined;
    case 'startswith': {
      if (typeof value !== 'string') return undefined;
      return { sql: `(${column} >= ? AND ${column} < ? OR ${column} = ?)`, values: [textKey(value), `${textKey(value)}\u{10ffff}`, OTHER] };
    }
    case 'gt':
    case 'gte':
      return typeof value === 'number' ? { sql: `(${column} >= ? OR ${column} = ?)`, values: [value, OTHER] } : undefined;
    case 'lt':
    case 'lte':
      return typeof value === 'number' ? { sql: `(${column} <= ? OR ${column} >= '')`, values: [value] } : undefined;
    default:
      return undefined;
  }
}

/** Whether a record without that member cannot pass. */
const mustHave = ({ is, value }: FieldTest): boolean => is !== 'exists' || value === true;

/** The condition of the first index all of whose paths are tested; TRUE where there is none. */
export function fieldCondition(tests: readonly FieldTest[], indexes: readonly (readonly string[])[]): Condition {
  for (const [ix, paths] of indexes.entries()) {
    const used = paths.map((path) => tests.find((test) => test.path === path && mustHave(test)));
    if (used.includes(undefined)) continue;
    const columns = (used as readonly FieldTest[]).flatMap((test, index) => columnCondition(`v${index + 1}`, test) ?? []);
    const sql = [`ix = ${ix}`, ...columns.map((one) => one.sql)].join(' AND ');
    return { sql: `r.no IN (SELECT no FROM field WHERE ${sql})`, values: columns.flatMap((one) => one.values) };
  }
  return TRUE;
}
