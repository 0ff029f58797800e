/**
 * Checks parameters against their schemas in openrpc.json: the small part of JSON Schema that stands there, so that what is documented is what is taken.
 * Receives any value, gives what is wrong with it in words. Never names a value.
 */

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly Schema[];
}

const TYPES: { readonly [type: string]: (value: unknown) => boolean } = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};

/** What is wrong with a value; undefined where it is as the schema says. @param name what it is called */
export function wrongWith(value: unknown, schema: Schema, name: string): string | undefined {
  const { type, anyOf, enum: among } = schema;
  const types = typeof type === 'string' ? [type] : (type ?? []);
  if (types.length > 0 && !types.some((one) => TYPES[one]?.(value))) return `${name} wants ${types.map(articled).join(' or ')}`;
  if (among && !among.includes(value)) return `${name} wants one of ${among.map((one) => JSON.stringify(one)).join(', ')}`;
  if (anyOf?.every((one) => wrongWith(value, one, name))) return `${name} wants ${anyOf.map(({ type: one }) => articled(String(one))).join(' or ')}`;
  if (typeof value === 'string') return wrongLength(value.length, schema.minLength, schema.maxLength, `${name}: characters`);
  if (typeof value === 'number') return wrongLength(value, schema.minimum, schema.maximum, name);
  if (Array.isArray(value)) return wrongList(value, schema, name);
  return TYPES.object?.(value) ? wrongObject(value as { readonly [name: string]: unknown }, schema, name) : undefined;
}

const articled = (type: string): string => (type === 'null' ? 'null' : `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`);

function wrongLength(value: number, least: number | undefined, most: number | undefined, name: string): string | undefined {
  if (least !== undefined && value < least) return `${name}: at least ${least}`;
  return most !== undefined && value > most ? `${name}: at most ${most}` : undefined;
}

function wrongList(list: readonly unknown[], { items, minItems, maxItems }: Schema, name: string): string | undefined {
  const wrong = wrongLength(list.length, minItems, maxItems, `${name}: items`);
  if (wrong || !items) return wrong;
  return firstOf(list, (one, index) => wrongWith(one, items, `${name}[${index}]`));
}

function wrongObject(object: { readonly [name: string]: unknown }, schema: Schema, name: string): string | undefined {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.find((one) => !Object.hasOwn(object, one));
  if (missing !== undefined) return `${name}.${missing} is missing`;
  const known = (one: string): boolean => Object.hasOwn(properties, one);
  if (!additionalProperties && !Object.keys(object).every(known))
    return `${name} takes ${Object.keys(properties).join(', ') || 'nothing'}, and nothing else`;
  return firstOf(Object.entries(object), ([one, value]) => (known(one) ? wrongWith(value, properties[one] as Schema, `${name}.${one}`) : undefined));
}

function firstOf<T>(list: readonly T[], wrong: (one: T, index: number) => string | undefined): string | undefined {
  for (const [index, one] of list.entries()) {
    const said = wrong(one, index);
    if (said !== undefined) return said;
  }
  return undefined;
}
