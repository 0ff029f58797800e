/** STORE_INDEXES: the keys that a record is entered under. Receives facts and paths, gives values that SQLite compares. Keeps nothing. */
import type { Value } from './engine.js';
import type { Facts, Members } from './facts.js';

/** A longer text is entered by its beginning. */
const MOST_LETTERS = 200;

/** What a list, an object, true, false or null is entered as: whoever looks for any value finds it too, and looks at the record itself. */
export const OTHER = '\u0000';

export interface FieldKey {
  /** Which index. */
  readonly ix: number;
  readonly values: readonly [Value, Value, Value];
}

export const textKey = (text: string): string => text.toLowerCase().slice(0, MOST_LETTERS);

function keyOf(value: unknown): Value {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? textKey(value) : OTHER;
}

/** The value of a path; undefined: it has none. */
function valueAt({ data, custom }: Facts, path: string): unknown {
  let value: unknown = { data, custom };
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Members)[name];
  }
  return value;
}

/** Where a record is entered: in each index of whose paths it has all. */
export function fieldKeys(facts: Facts, indexes: readonly (readonly string[])[]): FieldKey[] {
  return indexes.flatMap((paths, ix) => {
    const values = paths.map((path) => valueAt(facts, path));
    if (values.includes(undefined)) return [];
    const [v1 = '', v2 = '', v3 = ''] = values.map(keyOf);
    return [{ ix, values: [v1, v2, v3] as const }];
  });
}
