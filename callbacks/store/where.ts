/**
 * Filters as conditions of SQL on the file of a day. Receives a filter and what kinds of records the day has, gives an expression over `record r` and its
 * values. What is said of texts and members may let more through than is asked for (store-contract.ts, Page); all else is exact.
 */
import type { FieldTest, Filter } from '../../src/store-contract.js';
import { rangeOf } from './addresses.js';
import { allOf, anyOf, type Condition, FALSE, oneOf, TRUE } from './condition.js';
import { fold } from './facts.js';
import { fieldCondition } from './field-where.js';
import { isId } from './ids.js';
import { fragmentsOf, trigramQuery } from './trigrams.js';

/** A row of `kind`. */
export interface KindRow {
  readonly no: number;
  readonly topic: string;
  readonly also: string;
  readonly event: string;
  readonly event_type: string;
  readonly system: number;
  readonly direction: string;
  readonly n: number;
}

/** What is known of a day before it is asked. */
export interface DayFacts {
  readonly kinds: readonly KindRow[];
  readonly indexes: readonly (readonly string[])[];
  /** Whether the day behind it is attached as `next`. */
  readonly next: boolean;
}

/** Whether a name is one of these, or begins with one up to a dot. */
export const under = (name: string, heads: readonly string[]): boolean => heads.some((head) => name === head || name.startsWith(`${head}.`));

const given = <T>(value: T | undefined, condition: (value: T) => Condition): Condition => (value === undefined ? TRUE : condition(value));

/** What a filter asks of a row of `who`, without what `any` says. */
export function whoCondition({ session, listener, account, character, address, faulty }: Filter): Condition {
  return allOf([
    given(session, (list) =>
      oneOf(
        'session',
        list.map((id) => id.toLowerCase()),
      ),
    ),
    given(listener, (list) => oneOf('listener', list)),
    given(account, (list) => oneOf('account_key', list.map(fold))),
    given(character, (list) => oneOf('character_key', list.map(fold))),
    given(address, addressCondition),
    given(faulty, (wanted) => ({
      sql: `session ${wanted ? 'IN' : "<> '' AND session NOT IN"} (SELECT id FROM hub.session WHERE gaps > 0 OR faults > 0)`,
      values: [],
    })),
  ]);
}

/** So many are asked one by one, by the index where there is one; SQLite takes no expression of more than 1,000 in each other. */
const FEW_NETWORKS = 50;

/** On a column `address`. What is no address is no record's. */
export function addressCondition(networks: readonly string[]): Condition {
  const ranges = networks.map(rangeOf).filter((range) => range !== undefined);
  if (ranges.length <= FEW_NETWORKS) return anyOf(ranges.map((range) => ({ sql: 'address BETWEEN ? AND ?', values: range })));
  const list = JSON.stringify(ranges.map((range) => range.map((edge) => edge.toString('hex'))));
  return { sql: 'EXISTS (SELECT 1 FROM json_each(?) WHERE address BETWEEN unhex(value ->> 0) AND unhex(value ->> 1))', values: [list] };
}

/** Whether a kind is one that a filter lets through. */
function fitsKind(kind: KindRow, { event, eventType, direction, answered, system }: Filter): boolean {
  if (event !== undefined && (kind.event === '' || !under(kind.event, event))) return false;
  if (eventType !== undefined && !eventType.includes(kind.event_type)) return false;
  if (direction !== undefined && kind.direction !== direction) return false;
  if (answered !== undefined && kind.topic !== 'session.input') return false;
  return system === undefined || (kind.system === 1) === system;
}

/** Kinds that a filter lets through; undefined: all. */
export function kindsOf(kinds: readonly KindRow[], filter: Filter): readonly KindRow[] | undefined {
  const fitting = kinds.filter((kind) => fitsKind(kind, filter));
  return fitting.length === kinds.length ? undefined : fitting;
}

const kindCondition = (kinds: readonly KindRow[] | undefined): Condition =>
  given(kinds, (list) => (list.length === 0 ? FALSE : { sql: `r.kind IN (${list.map(({ no }) => no).join(', ')})`, values: [] }));

const whoOf = (condition: Condition): Condition =>
  condition.sql === '1' || condition.sql === '0'
    ? condition
    : { sql: `r.who IN (SELECT no FROM who WHERE ${condition.sql})`, values: condition.values };

const OUTPUTS = "SELECT no FROM kind WHERE topic = 'session.output'";

/** Outputs of the exchange of `r`; its answer may have come behind midnight. */
function answeredCondition(wanted: boolean, next: boolean): Condition {
  const answers = (file: string): string =>
    `EXISTS (SELECT 1 FROM ${file}.who w JOIN ${file}.record o ON o.who = w.no AND o.exchange = r.exchange
      WHERE w.session = (SELECT session FROM main.who WHERE no = r.who) AND o.kind IN (${OUTPUTS.replace('kind', `${file}.kind`)}))`;
  const sql = next ? `${answers('main')} OR ${answers('next')}` : answers('main');
  return { sql: wanted ? sql : `NOT (${sql})`, values: [] };
}

/** What stands in a text that is to be found; TRUE where that is not enough to look for. */
const textCondition = ({ words, contains }: Filter): Condition =>
  given(trigramQuery(fragmentsOf(words, contains)), (match) => ({ sql: 'r.no IN (SELECT rowid FROM text WHERE text MATCH ?)', values: [match] }));

const fieldsCondition = (fields: readonly FieldTest[] | undefined, day: DayFacts): Condition =>
  given(fields, (list) => fieldCondition(list, day.indexes));

function idCondition(list: readonly string[]): Condition {
  const ids = list.map((one) => one.toLowerCase()).filter(isId);
  if (ids.length === 0) return FALSE;
  return { sql: 'r.id IN (SELECT unhex(value) FROM json_each(?))', values: [JSON.stringify(ids.map((one) => one.replaceAll('-', '')))] };
}

/** All that a filter asks of a record `r`; of what it asks of the text only what `any` does: for the rest see `textQuery`. */
export function conditionOf(filter: Filter, day: DayFacts): Condition {
  const { id, room, exchange, answered, fields, any } = filter;
  return allOf([
    given(id, idCondition),
    kindCondition(kindsOf(day.kinds, filter)),
    whoOf(whoCondition(filter)),
    given(room, (list) => roomOf(oneOf('key', list.map(fold)))),
    given(exchange, (number) => ({ sql: 'r.exchange = ?', values: [number] })),
    fieldsCondition(fields, day),
    given(answered, (wanted) => answeredCondition(wanted, day.next)),
    given(any, (list) => anyOf(list.map((one) => allOf([conditionOf(one, day), textCondition(one)])))),
  ]);
}

const roomOf = (condition: Condition): Condition =>
  condition.sql === '0' ? FALSE : { sql: `r.room IN (SELECT no FROM room WHERE ${condition.sql})`, values: condition.values };

/** Whether a filter asks for what another file than the day's own knows. */
export function asksOf(filters: readonly Filter[], member: 'answered' | 'faulty'): boolean {
  return filters.some((filter) => filter[member] !== undefined || (filter.any !== undefined && asksOf(filter.any, member)));
}
