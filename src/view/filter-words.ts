/**
 * Filters as people write them. Receives words (`account=bob`, `data.reason__startswith=idle`) or objects of the same names, gives filters as the store's
 * contract has them, each value checked. Everything that is asked from outside (API, HTTP, command line) passes here. Looks nothing up, compiles nothing;
 * no value ever stands in an error.
 */
import { didYouMean } from '../config/nearest.js';
import { quoteName } from '../config/source.js';
import { AuditError } from '../errors.js';
import type { FieldTest, Filter } from '../store-contract.js';
import { flag, isText, MOST_TEXT, MOST_VALUES, READERS, refuse, text } from './filter-values.js';

/**
 * One word `NAME=VALUE`, or an object of names and values. NAME: a name of Filter, or a path of members, perhaps with `__` and a modifier: `exact` (also
 * meant without one), `contains`, `startswith`, `regex`, `gt`, `gte`, `lt`, `lte`, `in`, `exists`. The VALUE of a word may be JSON.
 */
export type FilterInput = string | Filter | { readonly [name: string]: unknown };

/** A record's members (FORMAT.md), but the salts. */
export const MEMBERS: readonly string[] = [
  ...['v', 'id', 'topic', 'time', 'hostname', 'application', 'version', 'pid', 'node', 'listener', 'direction', 'protocol', 'session', 'seq'],
  ...['exchange', 'latency_ms', 'event', 'event_type', 'also', 'system', 'masked', 'bytes', 'encoding', 'cut', 'prev', 'digest', 'hash'],
  ...['ip', 'port', 'account', 'character', 'interlink', 'room', 'text', 'raw', 'raw_b64', 'timing', 'data', 'custom'],
];

const MODIFIERS = ['exact', 'contains', 'startswith', 'regex', 'gt', 'gte', 'lt', 'lte', 'in', 'exists'] as const satisfies FieldTest['is'][];
/** A record's own name for one of Filter's. */
const ALIASES: { readonly [name: string]: string } = { event_type: 'eventType' };
const NAMES = [...Object.keys(READERS), 'any', 'fields'];

/**
 * Bounds of one search: conditions in all, patterns among them (a large one takes 10 MB and a third of a second to make), how deep `any` may stand in `any`,
 * characters of a path, and names in it.
 */
const MOST_CONDITIONS = 100;
const MOST_PATTERNS = 8;
const MOST_DEPTH = 4;
/** How deep a member's value may be: no deeper is recorded. */
const DEEPEST = 64;
const MOST_PATH = 200;
const MOST_NAMES = 16;

/**
 * Reads a search: one filter, or a list whose filters must all hold. Words stand together: a name that comes in several words takes any of their values.
 * @throws AuditError AUDIT_QUERY with the name of what is wrong, and the nearest known one
 */
export function readFilters(input: FilterInput | readonly FilterInput[] | undefined): readonly Filter[] {
  const inputs = input === undefined ? [] : Array.isArray(input) ? (input as readonly FilterInput[]) : [input as FilterInput];
  if (inputs.length > MOST_CONDITIONS) refuse('filter', `at most ${MOST_CONDITIONS} conditions`);
  const words = inputs.filter(isText);
  const objects = inputs.filter((one) => !isText(one)).map((one) => readObject(one, 0));
  const filters = words.length === 0 ? objects : [readWords(words), ...objects];
  if (sumOf(filters, conditionsIn) > MOST_CONDITIONS) refuse('filter', `at most ${MOST_CONDITIONS} conditions in all`);
  if (patternsIn(filters) > MOST_PATTERNS) refuse('filter', `at most ${MOST_PATTERNS} patterns in all`);
  return filters;
}

/** How many patterns are to be made for a search. */
export const patternsIn = (filters: readonly Filter[]): number =>
  sumOf(filters, ({ pattern, fields = [] }) => (pattern === undefined ? 0 : 1) + fields.filter(({ is }) => is === 'regex').length);

const conditionsIn = ({ any: _any, fields = [], ...others }: Filter): number => Object.keys(others).length + fields.length;

/** What filters come to, with those that stand in their `any`. */
const sumOf = (filters: readonly Filter[], of: (filter: Filter) => number): number =>
  filters.reduce((sum, filter) => sum + of(filter) + sumOf(filter.any ?? [], of), 0);

/** A filter as it grows. */
class Draft {
  readonly #filter: { [name: string]: unknown } = {};
  readonly #fields: FieldTest[] = [];

  /** One name again takes any of its values, where it takes several. */
  take(name: string, value: unknown): void {
    const before = this.#filter[name];
    if (before !== undefined && !(Array.isArray(before) && Array.isArray(value) && name !== 'any')) refuse(name, 'one value; give it once');
    this.#filter[name] = before === undefined ? value : [...(before as unknown[]), ...(value as unknown[])];
  }

  test(...fields: readonly FieldTest[]): void {
    this.#fields.push(...fields);
    if (this.#fields.length > MOST_CONDITIONS) refuse('filter', `at most ${MOST_CONDITIONS} conditions`);
  }

  get filter(): Filter {
    return this.#fields.length === 0 ? this.#filter : { ...this.#filter, fields: this.#fields };
  }
}

function readWords(words: readonly string[]): Filter {
  const draft = new Draft();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) refuse('a filter', "NAME=VALUE, such as 'account=bob'");
    const name = word.slice(0, at);
    const value = word.slice(at + 1);
    if (value.length > MOST_TEXT) refuse(quoteName(name), `a value of at most ${MOST_TEXT} characters`);
    const known = knownName(name);
    if (known === undefined) draft.test(fieldOfText(readPath(name), value));
    else takeKnown(draft, known, wordValue(value), 0);
  }
  return draft.filter;
}

function readObject(input: unknown, depth: number): Filter {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return refuse('filter', "'NAME=VALUE', or an object of names and values");
  const conditions = Object.entries(input).filter(([, value]) => value !== undefined);
  if (conditions.length > MOST_CONDITIONS) refuse('filter', `at most ${MOST_CONDITIONS} conditions`);
  const draft = new Draft();
  for (const [name, value] of conditions) {
    const known = knownName(name);
    if (known === undefined) draft.test(checkField(readPath(name), value));
    else takeKnown(draft, known, value, depth);
  }
  return draft.filter;
}

/** The name of Filter that a name stands for. */
function knownName(name: string): string | undefined {
  const meant = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  return NAMES.find((one) => one === meant);
}

function takeKnown(draft: Draft, name: string, value: unknown, depth: number): void {
  if (name === 'fields') draft.test(...listOf(name, value, MOST_CONDITIONS).map(readField));
  else if (name === 'any') draft.take(name, readAny(value, depth));
  else draft.take(name, READERS[name as keyof typeof READERS](value, name));
}

function readAny(value: unknown, depth: number): readonly Filter[] {
  if (depth >= MOST_DEPTH) refuse('any', `at most ${MOST_DEPTH} of its kind inside each other`);
  return listOf('any', value, MOST_CONDITIONS).map((one) => readObject(one, depth + 1));
}

function listOf(name: string, value: unknown, most: number): readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= most ? value : refuse(name, `a list of 1 to ${most}`);
}

/** What a text is as JSON. JSON.parse quotes its input in its message, so that error goes no further. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Behind a name of Filter: a list or a text in quotes as JSON has it, else the text as it stands. */
function wordValue(text: string): unknown {
  const value = jsonOf(text);
  return typeof value === 'object' || isText(value) ? value : text;
}

type FieldName = Pick<FieldTest, 'path' | 'is'>;

/** `PATH__MODIFIER`, or a path alone. */
function readPath(name: string): FieldName {
  const at = name.lastIndexOf('__');
  const path = at > 0 ? name.slice(0, at) : name;
  const modifier = at > 0 ? name.slice(at + 2) : 'exact';
  checkPath(path);
  const is = MODIFIERS.find((one) => one === modifier);
  if (!is) throw new AuditError('AUDIT_QUERY', `${quoteName(name)}: there is no modifier ${quoteName(modifier)}; ${didYouMean(modifier, MODIFIERS)}`);
  return { path, is };
}

function checkPath(path: string): void {
  const names = path.split('.');
  const [top = ''] = names;
  if (!MEMBERS.includes(top)) {
    throw new AuditError('AUDIT_QUERY', `there is no filter ${quoteName(path)}; ${didYouMean(top, [...new Set([...NAMES, ...MEMBERS])])}`);
  }
  if (path.length > MOST_PATH || names.length > MOST_NAMES || names.includes('')) {
    refuse(quoteName(path), `at most ${MOST_NAMES} names with dots between, and ${MOST_PATH} characters`);
  }
}

/** Text that may be meant as what it is as JSON: `80` is 80 or '80', `"80"` is '80'. */
function readings(text: string): readonly unknown[] {
  const value = jsonOf(text);
  return value === undefined ? [text] : isText(value) ? [value] : [value, text];
}

function fieldOfText({ path, is }: FieldName, text: string): FieldTest {
  const meant = readings(text);
  if (is === 'exact') return meant.length === 1 ? checkField({ path, is }, meant[0]) : checkField({ path, is: 'in' }, meant);
  if (is === 'in') return checkField({ path, is }, Array.isArray(meant[0]) ? meant[0] : text.split(',').flatMap(readings));
  if (is === 'contains' || is === 'startswith' || is === 'regex') return checkField({ path, is }, isText(meant[0]) ? meant[0] : text);
  return checkField({ path, is }, meant[0]);
}

function checkField({ path, is }: FieldName, value: unknown): FieldTest {
  const name = quoteName(path);
  if (isDeeper(value, DEEPEST)) refuse(name, `a value with at most ${DEEPEST} lists and objects inside each other`);
  switch (is) {
    case 'exact':
      return { path, is, value };
    case 'exists':
      return { path, is, value: flag(value, name) };
    case 'in':
      return { path, is, value: listOf(name, value, MOST_VALUES) };
    case 'contains':
    case 'startswith':
    case 'regex':
      return { path, is, value: text(value, name) };
    default:
      return { path, is, value: Number.isFinite(value) ? value : text(value, `${name} with '${is}'`) };
  }
}

/** Also of what would be too deep for a stack. */
const isDeeper = (value: unknown, most: number): boolean =>
  typeof value === 'object' && value !== null && (most === 0 || Object.values(value).some((one) => isDeeper(one, most - 1)));

function readField(value: unknown): FieldTest {
  const { path, is, value: asked } = (typeof value === 'object' && value !== null ? value : {}) as { readonly [name: string]: unknown };
  return isText(path) && isText(is) ? checkField(readPath(`${path}__${is}`), asked) : refuse('fields', 'a list of {path, is, value}');
}
