/**
 * A record as OpenTelemetry has it: FORMS.md's table, as code. Receives a record's members, gives resource, scope and log record in the JSON encoding
 * of OTLP, in an order that callbacks group by: all in front of `,"logRecord":` is the same for records of one process.
 *
 * Source: opentelemetry-proto 1.9, logs.proto and common.proto; its JSON mapping (names in lowerCamelCase, 64-bit integers as text); Semantic
 * Conventions for the names of attributes.
 */
import { applicationOf, isObject, levelOf, type Members, transportOf } from './members.js';

/** OTLP's AnyValue; `{}` says null. */
type AnyValue = object;

type KeyValue = { readonly key: string; readonly value: AnyValue };

/** Any JSON value, typed: whole numbers as 64-bit integers, others as doubles. */
function anyValue(value: unknown): AnyValue {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
      return isObject(value) ? { kvlistValue: { values: keyValues(Object.entries(value)) } } : {};
  }
}

const keyValues = (entries: readonly (readonly [string, unknown])[]): KeyValue[] => entries.map(([key, value]) => ({ key, value: anyValue(value) }));

/** `2026-01-02T03:04:05.678901Z` in nanoseconds since 1970, as text: no double holds them. */
function toNanoseconds(time: unknown): string | undefined {
  const [, second = '', fraction = ''] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(String(time)) ?? [];
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? undefined : `${ms / 1000}${fraction.padEnd(9, '0')}`;
}

/** Where a member goes: an attribute of the resource or of the record, a member of the scope or of the record itself. */
type Place = 'resource' | 'scope' | 'attributes' | 'logRecord';

/** The value there; for attributes an AnyValue. undefined: left out. Without it, the member itself. */
type Value = (value: unknown, members: Members) => unknown;

type Route = readonly (readonly [place: Place, name: string, value?: Value])[];

const own = (name: string): Route => [['attributes', `wirescribe.${name}`]];

const textValue = (value: string | undefined): AnyValue | undefined => (value === undefined ? undefined : { stringValue: value });

/** For each member of a record the places it goes to. */
export const OTEL_ROUTES: { readonly [member: string]: Route } = {
  v: own('v'),
  id: [['attributes', 'log.record.uid']],
  topic: [
    ['logRecord', 'eventName', (topic) => `wirescribe.${topic}`],
    ['logRecord', 'severityNumber', (topic) => levelOf(topic).number],
    ['logRecord', 'severityText', (topic) => levelOf(topic).text],
    ['logRecord', 'body', (topic, { text }) => (text === undefined ? { stringValue: topic } : undefined)],
    ['attributes', 'wirescribe.topic'],
  ],
  time: [
    ['logRecord', 'timeUnixNano', toNanoseconds],
    ['logRecord', 'observedTimeUnixNano', toNanoseconds],
  ],
  hostname: [['resource', 'host.name']],
  application: [['resource', 'service.name']],
  version: [['scope', 'version']],
  pid: [['resource', 'process.pid']],
  node: [['resource', 'service.instance.id']],
  listener: own('listener'),
  direction: own('direction'),
  protocol: [
    ['attributes', 'network.protocol.name', (protocol) => textValue(applicationOf(protocol))],
    ['attributes', 'network.transport', (protocol) => textValue(transportOf(protocol))],
    ['attributes', 'wirescribe.protocol'],
  ],
  session: [['attributes', 'session.id']],
  seq: own('seq'),
  exchange: own('exchange'),
  latency_ms: [['attributes', 'wirescribe.latency_ms', (ms) => ({ doubleValue: ms })]],
  event: own('event'),
  event_type: own('event_type'),
  system: own('system'),
  also: own('also'),
  masked: own('masked'),
  bytes: own('bytes'),
  encoding: own('encoding'),
  cut: own('cut'),
  prev: own('prev'),
  digest: own('digest'),
  hash: own('hash'),
  who_salt: own('who_salt'),
  ip: [['attributes', 'client.address']],
  port: [['attributes', 'client.port']],
  account: [['attributes', 'user.name']],
  character: own('character'),
  interlink: own('interlink'),
  salt: own('salt'),
  room: own('room'),
  text: [['logRecord', 'body', (text) => ({ stringValue: text })]],
  raw: own('raw'),
  raw_b64: own('raw_b64'),
  // As JSON text: a value of its own for each number would be eight times as long, and nothing searches in it.
  timing: [['attributes', 'wirescribe.timing', (timing) => ({ stringValue: JSON.stringify(timing) })]],
  data: [
    ['attributes', 'wirescribe.data'],
    ['attributes', 'error.type', (data) => (isObject(data) && typeof data.code === 'string' ? { stringValue: data.code } : undefined)],
  ],
  custom: own('custom'),
};

const ROUTES = Object.entries(OTEL_ROUTES).flatMap(([member, route]) => route.map(([place, name, value]) => ({ member, place, name, value })));

/** The record as `{resource, scope, logRecord}`, in this order. */
export function toOtel(members: Members): object {
  const resource: KeyValue[] = [];
  const attributes: KeyValue[] = [];
  const scope: { [name: string]: unknown } = { name: 'wirescribe' };
  const times = { timeUnixNano: undefined, observedTimeUnixNano: undefined };
  const logRecord: { [name: string]: unknown } = {
    ...times,
    severityNumber: undefined,
    severityText: undefined,
    eventName: undefined,
    body: undefined,
  };
  for (const { member, place, name, value } of ROUTES) {
    const given = members[member];
    if (given === undefined) continue;
    if (place === 'resource' || place === 'attributes') {
      const attribute = value ? (value(given, members) as AnyValue | undefined) : anyValue(given);
      if (attribute !== undefined) (place === 'resource' ? resource : attributes).push({ key: name, value: attribute });
    } else {
      const set = value ? value(given, members) : given;
      if (set !== undefined) (place === 'scope' ? scope : logRecord)[name] = set;
    }
  }
  for (const [member, value] of Object.entries(members))
    if (!Object.hasOwn(OTEL_ROUTES, member)) attributes.push({ key: `wirescribe.${member}`, value: anyValue(value) });
  return { resource: { attributes: resource }, scope, logRecord: { ...logRecord, attributes } };
}
