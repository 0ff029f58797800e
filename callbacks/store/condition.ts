/** Conditions of SQL, put together. Receives expressions with their values, gives one. Knows no table. */
import type { Value } from './engine.js';

/** An expression, and the values for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

export const TRUE: Condition = { sql: '1', values: [] };
export const FALSE: Condition = { sql: '0', values: [] };

export function allOf(conditions: readonly Condition[]): Condition {
  const asked = conditions.filter(({ sql }) => sql !== '1');
  if (asked.some(({ sql }) => sql === '0')) return FALSE;
  return asked.length === 0 ? TRUE : { sql: asked.map(({ sql }) => `(${sql})`).join(' AND '), values: asked.flatMap(({ values }) => values) };
}

export function anyOf(conditions: readonly Condition[]): Condition {
  const asked = conditions.filter(({ sql }) => sql !== '0');
  if (asked.some(({ sql }) => sql === '1')) return TRUE;
  return asked.length === 0 ? FALSE : { sql: asked.map(({ sql }) => `(${sql})`).join(' OR '), values: asked.flatMap(({ values }) => values) };
}

/** One of a list, which is bound as one value however long it is. */
export const oneOf = (column: string, list: readonly (string | number)[]): Condition =>
  list.length === 0 ? FALSE : { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(list)] };
