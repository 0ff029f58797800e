/**
 * Records and queries that look random and are the same for the same seed, and a second opinion on which records a query is to give: written for its own
 * sake, a line for each condition, over all records. Times go over three days, sessions are mixed, names and texts differ in case and accents.
 */
import type { Filter } from '../../src/store-contract.js';
import type { EventsQuery } from '../../src/view/events.js';
import { firstIdOf } from '../../src/view/seek.js';
import type { Dice } from '../harness.js';

export interface Made {
  readonly id: string;
  readonly topic: string;
  readonly session?: string;
  readonly listener?: string;
  readonly direction?: 'RCV' | 'SND';
  readonly exchange?: number;
  readonly account?: string;
  readonly character?: string;
  readonly room?: string;
  readonly ip?: string;
  readonly event?: string;
  readonly event_type?: string;
  readonly also?: string;
  readonly system?: true;
  readonly bytes?: number;
  readonly text?: string;
  readonly data?: { readonly [name: string]: unknown };
  readonly custom?: { readonly [name: string]: unknown };
}

const BEGIN = Date.UTC(2026, 0, 30, 12);
/** Over three days. */
const LENGTH_MS = 2.5 * 86_400_000;

const WORDS = ['gold', 'Gold', 'iron', 'tell', 'où', 'OÙ', 'ogre', 'ogres', 'x', '12', 'naïve', 'the inn', '"quoted"', '100%', 'a_b', '剣'];
const ACCOUNTS = ['bob', 'Bob', 'anna', 'Émile', 'émile'];
const EVENTS = ['auth.login', 'auth.login.failed', 'auth.logout', 'admin'];
const ADDRESSES = ['203.0.113.7', '203.0.113.200', '198.51.100.1', '2001:db8::1', '2001:db8:1::2', '::ffff:203.0.113.9'];
const TOPICS = ['session.input', 'session.output', 'session.oob', 'session.change', 'session.identity'] as const;

const one = <T>(dice: Dice, list: readonly T[]): T => list[dice.between(0, list.length - 1)] as T;
const perhaps = (dice: Dice, chance: number): boolean => dice.next() < chance;
const sessionOf = (number: number): string => `019c0000-0000-7000-8000-${String(number).padStart(12, '0')}`;

const textOf = (dice: Dice): string => Array.from({ length: dice.between(1, 6) }, () => one(dice, WORDS)).join(one(dice, [' ', ', ', '\n']));

/** So many records, in the order of their ids. */
export function makeRecords(dice: Dice, count: number): Made[] {
  const exchanges = new Map<string, number>();
  return Array.from({ length: count }, (_, number) => {
    const id = `${firstIdOf(BEGIN + Math.floor((number * LENGTH_MS) / count)).slice(0, 24)}${String(number).padStart(12, '0')}`;
    return perhaps(dice, 0.1) ? { id, ...nodeRecord(dice) } : { id, ...sessionRecord(dice, exchanges) };
  });
}

function nodeRecord(dice: Dice): Omit<Made, 'id'> {
  const session = perhaps(dice, 0.2) ? { session: sessionOf(dice.between(0, 3)) } : {};
  return {
    topic: one(dice, ['audit.checkpoint', 'audit.gap', 'audit.fault', 'access.view']),
    ...session,
    data: { stage: 'spool', count: dice.between(1, 9) },
  };
}

/** @param exchanges of each session, the last one: an input begins the next */
function sessionRecord(dice: Dice, exchanges: Map<string, number>): Omit<Made, 'id'> {
  const topic = one(dice, TOPICS);
  const session = sessionOf(dice.between(0, 9));
  const exchange = (exchanges.get(session) ?? 0) + (topic === 'session.input' ? 1 : 0);
  exchanges.set(session, exchange);
  const said = topic === 'session.input' || topic === 'session.output';
  const event = said && perhaps(dice, 0.3) ? { event: one(dice, EVENTS), event_type: one(dice, ['login', 'admin']) } : {};
  const second = 'event' in event && perhaps(dice, 0.4) ? { also: one(dice, ['security.login', 'audit.note']) } : {};
  return {
    topic,
    session,
    listener: one(dice, ['game', 'web']),
    ...(topic === 'session.input' ? { direction: 'RCV' } : topic === 'session.output' ? { direction: 'SND' } : {}),
    exchange,
    ...(perhaps(dice, 0.7) ? { account: one(dice, ACCOUNTS) } : {}),
    ...(perhaps(dice, 0.3) ? { character: one(dice, ['Grim', 'grim', 'Ælf']) } : {}),
    ...(perhaps(dice, 0.3) ? { room: one(dice, ['The Inn', 'Cave']) } : {}),
    ...(perhaps(dice, 0.9) ? { ip: one(dice, ADDRESSES) } : {}),
    ...event,
    ...second,
    ...('event' in event && perhaps(dice, 0.2) ? { system: true as const } : {}),
    ...(said ? { bytes: dice.between(0, 300) } : {}),
    ...(said && perhaps(dice, 0.9) ? { text: textOf(dice) } : {}),
    ...(said
      ? {}
      : { data: { path: one(dice, ['Room.Info', 'hp']), old: one(dice, [null, 1, '1']), new: one(dice, [7, '7', { num: 7 }, ['n', 's']]) } }),
    ...(perhaps(dice, 0.2) ? { custom: { geo: { country: one(dice, ['DE', 'AT']) }, level: dice.between(1, 50) } } : {}),
  };
}

const lower = (text: string | undefined): string | undefined => text?.toLowerCase();

/** One condition of a filter, and which records fit it. */
type Asked = readonly [Filter, (record: Made, all: readonly Made[]) => boolean];

const PATTERN: readonly (readonly [string, RegExp])[] = [
  ['^gold', /^gold/im],
  ['ogres?$', /ogres?$/im],
  ['[0-9]{2,}', /[0-9]{2,}/],
  ['iron.*iron', /iron.*iron/i],
];

const NETWORKS: readonly (readonly [string, RegExp])[] = [
  ['203.0.113.0/24', /203\.0\.113\./],
  ['203.0.113.128/25', /203\.0\.113\.200/],
  ['2001:db8::/48', /^2001:db8::1$/],
  ['198.51.100.1', /^198\.51\.100\.1$/],
  ['0.0.0.0/0', /\./],
];

const words = (text: string | undefined): string[] => (text ?? '').toLowerCase().split(/[^\p{L}\p{N}]+/u);
const answered = ({ session, exchange }: Made, all: readonly Made[]): boolean =>
  all.some((other) => other.topic === 'session.output' && other.session === session && other.exchange === exchange);
const faulty = ({ session }: Made, all: readonly Made[]): boolean =>
  all.some((other) => other.session === session && ['audit.gap', 'audit.fault'].includes(other.topic));

/** What may be asked, by chance. */
const ASK: readonly ((dice: Dice, all: readonly Made[]) => Asked)[] = [
  (dice, all) => {
    const ids = [one(dice, all).id, one(dice, all).id, firstIdOf(0)];
    return [{ id: ids }, ({ id }) => ids.includes(id)];
  },
  (dice) => {
    const sessions = [sessionOf(dice.between(0, 11)), sessionOf(dice.between(0, 3))];
    return [{ session: sessions }, ({ session }) => sessions.includes(session ?? '')];
  },
  (dice) => {
    const names = [one(dice, [...ACCOUNTS, 'nobody']), one(dice, ['ANNA', 'x'])];
    return [{ account: names }, ({ account }) => names.some((name) => lower(name) === lower(account))];
  },
  () => [{ character: ['GRIM', 'æLF'] }, ({ character }) => character !== undefined],
  () => [{ room: ['the inn'] }, ({ room }) => room === 'The Inn'],
  (dice) => {
    const [network, test] = one(dice, NETWORKS);
    return [{ address: [network] }, ({ ip }) => ip !== undefined && test.test(ip)];
  },
  () => [{ listener: ['web'] }, ({ listener }) => listener === 'web'],
  (dice) => {
    const event = one(dice, ['auth', 'auth.login', 'auth.log', 'admin']);
    return [{ event: [event] }, (record) => record.event === event || record.event?.startsWith(`${event}.`) === true];
  },
  () => [{ eventType: ['login', 'none'] }, (record) => record.event_type === 'login'],
  () => [{ direction: 'RCV' }, ({ direction }) => direction === 'RCV'],
  (dice) => {
    const exchange = dice.between(0, 20);
    return [{ exchange }, (record) => record.exchange === exchange];
  },
  (dice) => {
    const [word, begin] = [one(dice, ['gold', 'OÙ', 'x', '剣', 'naïve']), one(dice, ['og', 'i', 'ins'])];
    return [
      { words: `${word} ${begin}*` },
      ({ text }) => words(text).includes(word.toLowerCase()) && words(text).some((other) => other.startsWith(begin)),
    ];
  },
  (dice) => {
    const part = one(dice, ['OLD', 'où', '"quoted"', '0%', 'a_b', 'x, ', 'n', 'the inn']);
    return [{ contains: part }, ({ text }) => text?.toLowerCase().includes(part.toLowerCase()) === true];
  },
  (dice) => {
    const [pattern, test] = one(dice, PATTERN);
    return [{ pattern }, ({ text }) => test.test(text ?? '')];
  },
  () => [{ fields: [{ path: 'data.path', is: 'exact', value: 'Room.Info' }] }, ({ data }) => data?.path === 'Room.Info'],
  () => [{ fields: [{ path: 'data.new', is: 'in', value: [7, 8] }] }, ({ data }) => data?.new === 7],
  () => [{ fields: [{ path: 'data.old', is: 'exact', value: null }] }, ({ data }) => data?.old === null],
  () => [{ fields: [{ path: 'data.new', is: 'contains', value: 's' }] }, ({ data }) => Array.isArray(data?.new)],
  () => [{ fields: [{ path: 'bytes', is: 'gte', value: 150 }] }, ({ bytes }) => (bytes ?? 0) >= 150],
  () => [{ fields: [{ path: 'custom.level', is: 'lt', value: 20 }] }, ({ custom }) => custom !== undefined && (custom.level as number) < 20],
  () => [{ fields: [{ path: 'custom.geo.country', is: 'startswith', value: 'D' }] }, ({ custom }) => JSON.stringify(custom ?? '').includes('DE')],
  () => [{ fields: [{ path: 'text', is: 'exists', value: false }] }, ({ text }) => text === undefined],
  (dice) => {
    const wanted = perhaps(dice, 0.5);
    return [{ answered: wanted }, (record, all) => record.topic === 'session.input' && answered(record, all) === wanted];
  },
  (dice) => {
    const wanted = perhaps(dice, 0.5);
    return [{ faulty: wanted }, (record, all) => record.session !== undefined && faulty(record, all) === wanted];
  },
  () => [{ system: false }, ({ topic, system }) => !topic.startsWith('audit.') && !topic.startsWith('access.') && system !== true],
];

/** A filter of some conditions, sometimes with alternatives; what the store alone can tell stands in none of them. */
function makeFilter(dice: Dice, all: readonly Made[]): Asked {
  const asked = Array.from({ length: dice.between(0, 2) }, () => one(dice, ASK)(dice, all));
  const others = Array.from({ length: perhaps(dice, 0.25) ? 2 : 0 }, () => one(dice, ASK)(dice, all)).filter(
    ([filter]) => !('answered' in filter || 'faulty' in filter),
  );
  const any = others.length === 0 ? {} : { any: others.map(([filter]) => filter) };
  // Of two of one name the later would take the place of the earlier.
  const kept = [...new Map(asked.map((condition) => [Object.keys(condition[0])[0], condition])).values()];
  return [
    Object.assign({}, ...kept.map(([filter]) => filter), any) as Filter,
    (record) => kept.every(([, fits]) => fits(record, all)) && (others.length === 0 || others.some(([, fits]) => fits(record, all))),
  ];
}

const TOPIC_SETS = [[], [], ['session'], ['session.input', 'audit'], ['session.oob', 'security'], ['audit.note', 'none'], ['sess']] as const;
const inTopic = (topics: readonly string[], { topic, also }: Made): boolean =>
  topics.length === 0 || topics.some((asked) => [topic, also].some((name) => name === asked || name?.startsWith(`${asked}.`)));

/** A query, and the ids that it is to give, in order. */
export function makeQuery(dice: Dice, all: readonly Made[]): { readonly query: EventsQuery; readonly wanted: readonly string[] } {
  const order = one(dice, ['asc', 'desc'] as const);
  const topics = one(dice, TOPIC_SETS);
  const [filter, fits] = makeFilter(dice, all);
  const [from, to] = [perhaps(dice, 0.3) ? one(dice, all).id : undefined, perhaps(dice, 0.3) ? one(dice, all).id : undefined];
  const wanted = all
    .filter((record) => (from === undefined || record.id >= from) && (to === undefined || record.id < to))
    .filter((record) => inTopic(topics, record) && fits(record, all))
    .map(({ id }) => id);
  const query = { order, topics, filter, ...(from === undefined ? {} : { seek: from }), ...(to === undefined ? {} : { seekEnd: to }) };
  return { query, wanted: order === 'asc' ? wanted : wanted.reverse() };
}
