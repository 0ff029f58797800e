/**
 * A line that a callback keeps in another form than the journal's (forms.ts), read back and without a part: for `redact`. Receives a line's JSON, gives
 * the members that it was made of, as far as they stand there, and the line without those of a who or a body. Such lines are no evidence.
 */
import { ECS_ROUTES } from './ecs.js';
import { isObject, type Members, toJson } from './members.js';
import { OTEL_ROUTES } from './otel.js';

/** The members of a record that are personal, by the part that they belong to (FORMAT.md). */
export const PART_MEMBERS = {
  who: ['who_salt', 'ip', 'port', 'account', 'character', 'interlink'],
  body: ['salt', 'room', 'text', 'raw', 'raw_b64', 'timing', 'data', 'custom'],
} as const;

/** A line in one of the forms. */
export interface FormLine {
  /** By the names of FORMAT.md; `digest` where it is there. */
  readonly members: Members;
  /** JSON of the line without these members, and without what was made of them. Changes what was given. */
  without(members: readonly string[]): string;
}

/** Reads a line of any of the forms, and one of the journal that `fields` left some members of; undefined: it is none of them. */
export function formLineOf(value: unknown): FormLine | undefined {
  if (!isObject(value)) return undefined;
  const form = typeof value.v === 'string' ? plain(value) : isObject(value.ecs) ? ecs(value) : isObject(value.logRecord) ? otel(value) : undefined;
  const { id, topic, time } = form?.members ?? {};
  return [id, topic, time].every((one) => typeof one === 'string') ? form : undefined;
}

type Mutable = { [name: string]: unknown };

function plain(value: Members): FormLine {
  const rest: Mutable = { ...value };
  return {
    members: value,
    without: (members) => {
      for (const member of members) delete rest[member];
      return toJson(rest);
    },
  };
}

function ecs(value: Members): FormLine {
  const paths = (member: string): readonly string[] => (ECS_ROUTES[member] ?? []).map(([field]) => field);
  const first = (member: string): unknown => at(value, paths(member)[0] ?? '');
  return {
    members: membersBy(Object.keys(ECS_ROUTES), first),
    without: (members) => {
      for (const member of members) for (const path of paths(member)) drop(value as Mutable, path.split('.'));
      return toJson(value);
    },
  };
}

const membersBy = (names: readonly string[], give: (name: string) => unknown): Members =>
  Object.fromEntries(names.map((name) => [name, give(name)]).filter(([, value]) => value !== undefined));

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);

function drop(value: Mutable, [name = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) delete value[name];
  else if (isObject(value[name])) drop(value[name] as Mutable, rest);
}

/** OTLP's attributes of the record; `body` is its text, or its topic where it has none. */
function otel(value: Members): FormLine {
  const record = value.logRecord as Mutable;
  const attributes = Array.isArray(record.attributes) ? (record.attributes as { readonly key: string; readonly value: unknown }[]) : [];
  const given = new Map(attributes.map(({ key, value: any }) => [key, plainOf(any)]));
  const names = (member: string): readonly string[] => (OTEL_ROUTES[member] ?? []).flatMap(([place, name]) => (place === 'attributes' ? [name] : []));
  const topic = given.get('wirescribe.topic');
  const text = plainOf(record.body);
  const own: Members = { time: timeOf(record.timeUnixNano), topic, text: text === topic ? undefined : text };
  return {
    members: membersBy(Object.keys(OTEL_ROUTES), (member) => own[member] ?? named(names(member), given)),
    without: (members) => {
      const gone = new Set(members.flatMap(names));
      record.attributes = attributes.filter(({ key }) => !gone.has(key));
      if (members.includes('text')) record.body = { stringValue: topic };
      return toJson(value);
    },
  };
}

/** The first of its attributes that is there. */
const named = (names: readonly string[], given: ReadonlyMap<string, unknown>): unknown =>
  names.map((name) => given.get(name)).find((one) => one !== undefined);

/** What an AnyValue says. */
function plainOf(any: unknown): unknown {
  if (!isObject(any)) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = any;
  if (isObject(arrayValue)) return (arrayValue.values as unknown[]).map(plainOf);
  if (isObject(kvlistValue))
    return Object.fromEntries((kvlistValue.values as { key: string; value: unknown }[]).map(({ key, value }) => [key, plainOf(value)]));
  return stringValue ?? boolValue ?? intValue ?? doubleValue ?? null;
}

/** Nanoseconds since 1970 as records have their time. */
function timeOf(nanoseconds: unknown): string | undefined {
  if (typeof nanoseconds !== 'string' || !/^\d{7,19}$/.test(nanoseconds)) return undefined;
  const at = nanoseconds.length - 6;
  return new Date(Number(nanoseconds.slice(0, at))).toISOString().replace('Z', `${nanoseconds.slice(at, at + 3)}Z`);
}
