/**
 * A record in Elastic Common Schema: FORMS.md's table, as code. Receives a record's members, gives one object; what ECS has no field for stands under
 * `wirescribe`, so that nothing is lost. Never gives one field two types, or an index would refuse records.
 *
 * Names, types and allowed values: Elastic Common Schema 8.17, field reference.
 */
import { applicationOf, isObject, levelOf, type Members, toJson, transportOf } from './members.js';

export const ECS_VERSION = '8.17.0';

/** What a field gets out of its member; undefined: the field is left out. */
type Value = (value: unknown, members: Members) => unknown;

type Route = readonly (readonly [field: string, value?: Value])[];

const own = (name: string): Route => [[`wirescribe.${name}`]];

/** For each member of a record the fields it goes to. */
export const ECS_ROUTES: { readonly [member: string]: Route } = {
  v: own('v'),
  id: [['event.id']],
  topic: [
    ['event.action'],
    ['event.dataset', (topic) => `wirescribe.${String(topic).split('.')[0]}`],
    ['event.kind', () => 'event'],
    ['event.category', (_, members) => classOf(members).category],
    ['event.type', (_, members) => classOf(members).type],
    ['log.level', (topic) => levelOf(topic).text.toLowerCase()],
  ],
  time: [['@timestamp']],
  hostname: [['host.hostname']],
  application: [['service.name']],
  version: [['agent.version'], ['agent.type', () => 'wirescribe']],
  pid: [['process.pid']],
  node: [['service.node.name']],
  listener: own('listener'),
  direction: [['network.direction', (direction) => (direction === 'RCV' ? 'inbound' : 'outbound')]],
  protocol: [
    ['network.protocol', applicationOf],
    ['network.transport', (protocol) => (transportOf(protocol) === 'tcp' ? 'tcp' : undefined)],
    ['wirescribe.protocol'],
  ],
  session: own('session'),
  seq: [['event.sequence']],
  exchange: own('exchange'),
  latency_ms: [['event.duration', (ms) => (typeof ms === 'number' ? Math.round(ms * 1e6) : undefined)]],
  event: [['event.code']],
  event_type: own('event_type'),
  system: own('system'),
  also: own('also'),
  masked: own('masked'),
  bytes: own('bytes'),
  encoding: own('encoding'),
  cut: own('cut'),
  prev: own('prev'),
  digest: own('digest'),
  hash: [['event.hash']],
  who_salt: own('who_salt'),
  ip: [['source.address'], ['source.ip', bareAddress], ['client.ip', bareAddress]],
  port: [['source.port'], ['client.port']],
  account: [['user.name']],
  character: own('character'),
  interlink: own('interlink'),
  salt: own('salt'),
  room: own('room'),
  text: [['message']],
  raw: own('raw'),
  raw_b64: own('raw_b64'),
  timing: own('timing'),
  data: [
    ['wirescribe.data', plainData],
    ['event.reason', ofData('reason', 'string')],
    ['error.code', ofData('code', 'string')],
    ['source.bytes', ofData('bytes_in', 'number')],
    ['destination.bytes', ofData('bytes_out', 'number')],
    ['event.outcome', (_, members) => (isLogin(members) ? 'success' : undefined)],
  ],
  custom: own('custom'),
};

const PATHS = Object.entries(ECS_ROUTES).flatMap(([member, route]) => route.map(([field, value]) => ({ member, path: field.split('.'), value })));

/** Category and type of ECS, by topic. */
interface Class {
  readonly category: readonly string[];
  readonly type: readonly string[];
}

export const ECS_CLASSES: { readonly [topic: string]: Class } = {
  'session.start': { category: ['session', 'network'], type: ['start', 'connection'] },
  'session.input': { category: ['session', 'network'], type: ['info'] },
  'session.output': { category: ['session', 'network'], type: ['info'] },
  'session.oob': { category: ['session', 'network'], type: ['info', 'protocol'] },
  'session.identity': { category: ['session'], type: ['info'] },
  'session.change': { category: ['session'], type: ['info'] },
  'session.resize': { category: ['session'], type: ['info'] },
  'session.end': { category: ['session', 'network'], type: ['end', 'connection'] },
  'audit.start': { category: ['process'], type: ['start'] },
  'audit.stop': { category: ['process'], type: ['end'] },
  'audit.config': { category: ['configuration'], type: ['change'] },
  'audit.gap': { category: ['process'], type: ['info'] },
  'audit.fault': { category: ['process'], type: ['info'] },
  'audit.checkpoint': { category: ['process'], type: ['info'] },
  'access.view': { category: ['file'], type: ['access'] },
  'access.export': { category: ['file'], type: ['access'] },
  'access.redact': { category: ['file'], type: ['change'] },
  'access.drop': { category: ['file'], type: ['deletion'] },
};

/** An account that the server has accepted: the one identity that is an authentication. */
export const ECS_LOGIN: Class = { category: ['session', 'authentication'], type: ['start'] };

const OTHER: Class = { category: ['process'], type: ['info'] };

function isLogin({ topic, data }: Members): boolean {
  return topic === 'session.identity' && isObject(data) && data.field === 'account' && typeof data.new === 'string';
}

function classOf(members: Members): Class {
  if (isLogin(members)) return ECS_LOGIN;
  const topic = String(members.topic);
  return (Object.hasOwn(ECS_CLASSES, topic) ? ECS_CLASSES[topic] : undefined) ?? OTHER;
}

/** An address as the type `ip` takes it: without the zone of a link-local one, and none where none is known. */
function bareAddress(ip: unknown): string | undefined {
  const [address] = String(ip).split('%');
  return address || undefined;
}

/** `value`, `old` and `new` can be anything from one record to the next: text, or the JSON text of what is not. Objects are JSON text wherever they are. */
const OF_ANY_TYPE: ReadonlySet<string> = new Set(['value', 'old', 'new']);

function plainData(data: unknown): unknown {
  if (!isObject(data)) return undefined;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, plainValue(name, value)]));
}

function plainValue(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return toJson(value);
  if (OF_ANY_TYPE.has(name) && (typeof value === 'number' || typeof value === 'boolean')) return toJson(value);
  return value;
}

/** A member of `data`, where it has that type. */
function ofData(name: string, type: 'string' | 'number'): Value {
  return (data) => {
    const value = isObject(data) ? data[name] : undefined;
    return typeof value === type ? value : undefined;
  };
}

type Nested = { [field: string]: unknown };

/** The record as one object of nested fields, with those in front that people read first (ecs-logging's order). */
export function toEcs(members: Members): object {
  const fields: Nested = { '@timestamp': undefined, log: {}, message: undefined, ecs: { version: ECS_VERSION } };
  for (const { member, path, value } of PATHS) {
    const given = members[member];
    if (given !== undefined) put(fields, path, value ? value(given, members) : given);
  }
  for (const [member, value] of Object.entries(members)) if (!Object.hasOwn(ECS_ROUTES, member)) put(fields, ['wirescribe', member], value);
  return fields;
}

function put(fields: Nested, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (value === undefined) return;
  if (rest.length === 0) {
    fields[name] = value;
    return;
  }
  fields[name] ??= {};
  put(fields[name] as Nested, rest, value);
}
