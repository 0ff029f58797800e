/** Records in other schemas and with fewer members, against FORMS.md and what the schemas publish: ECS 8.17, OTLP 1.9, semantic conventions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { AuditRecord } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { ECS_CLASSES, ECS_LOGIN, ECS_ROUTES } from '../../src/spool/forms/ecs.js';
import { formOf } from '../../src/spool/forms/forms.js';
import { levelOf } from '../../src/spool/forms/members.js';
import { OTEL_ROUTES } from '../../src/spool/forms/otel.js';
import { type Draft, Sealer } from '../evidence.js';

const room = join(import.meta.dirname, '../../../src/record');
const page = readFileSync(join(room, 'FORMS.md'), 'utf8');
const format = readFileSync(join(room, 'FORMAT.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(room, 'record.schema.json'), 'utf8')) as { properties: { [member: string]: { enum: string[] } } };
const MEMBERS = Object.keys(schema.properties);

type Json = { readonly [name: string]: unknown };
type Attribute = { readonly key: string; readonly value: Json };

/** What stands between backquotes, in each cell of each row of the table that begins with `head`. */
function tableOf(head: string): string[][][] {
  const rows = page.slice(page.indexOf(head)).split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.map((row) => row.split('|').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)));
}

/** The fields of ECS 8.17 that are used, by the field reference: their types, and those that are lists. */
const ECS: { readonly [field: string]: 'date' | 'text' | 'keyword' | 'long' | 'ip' | 'keywords' } = {
  ...{ '@timestamp': 'date', message: 'text', 'ecs.version': 'keyword', 'log.level': 'keyword' },
  ...{ 'event.id': 'keyword', 'event.kind': 'keyword', 'event.category': 'keywords', 'event.type': 'keywords', 'event.action': 'keyword' },
  ...{ 'event.dataset': 'keyword', 'event.sequence': 'long', 'event.duration': 'long', 'event.code': 'keyword', 'event.hash': 'keyword' },
  ...{ 'event.reason': 'keyword', 'event.outcome': 'keyword', 'error.code': 'keyword' },
  ...{ 'host.hostname': 'keyword', 'service.name': 'keyword', 'service.node.name': 'keyword' },
  ...{ 'agent.type': 'keyword', 'agent.version': 'keyword', 'process.pid': 'long' },
  ...{ 'network.direction': 'keyword', 'network.protocol': 'keyword', 'network.transport': 'keyword' },
  ...{ 'source.address': 'keyword', 'source.ip': 'ip', 'source.port': 'long', 'source.bytes': 'long', 'destination.bytes': 'long' },
  ...{ 'client.ip': 'ip', 'client.port': 'long', 'user.name': 'keyword' },
};

/** Types that ECS expects with a category. */
const EXPECTED: { readonly [category: string]: readonly string[] } = {
  authentication: ['start', 'end', 'info'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  file: ['access', 'change', 'creation', 'deletion', 'info'],
  network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
  process: ['access', 'change', 'end', 'info', 'start'],
  session: ['start', 'end', 'info'],
};

/** Attributes of the semantic conventions that are used, with the member of AnyValue that is their type. */
const CONVENTIONS: { readonly [attribute: string]: string } = {
  ...{ 'host.name': 'stringValue', 'service.name': 'stringValue', 'service.instance.id': 'stringValue', 'process.pid': 'intValue' },
  ...{ 'log.record.uid': 'stringValue', 'session.id': 'stringValue', 'client.address': 'stringValue', 'client.port': 'intValue' },
  ...{ 'user.name': 'stringValue', 'network.protocol.name': 'stringValue', 'network.transport': 'stringValue', 'error.type': 'stringValue' },
};

/** Members of OTLP's LogRecord that are used (logs.proto). */
const LOG_RECORD = ['timeUnixNano', 'observedTimeUnixNano', 'severityNumber', 'severityText', 'eventName', 'body', 'attributes'];

const IS: { readonly [type: string]: (value: unknown) => boolean } = {
  date: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  text: (value) => typeof value === 'string',
  keyword: (value) => typeof value === 'string',
  keywords: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  long: Number.isSafeInteger,
  ip: (value) => typeof value === 'string' && /^[0-9a-f.:]+$/.test(value),
};

const SESSION = '019b7ca9-8c89-7265-afb0-e234405fe1a1';
const ZEROS = '0'.repeat(64);
const sealed = (draft: Draft): AuditRecord => recordsOf(`${new Sealer().seal({ session: SESSION, ...draft })}\n`)[0] as AuditRecord;

/** A record that has every member of the format. */
const WHOLE = sealed({
  topic: 'session.output',
  head: {
    ...{
      direction: 'SND',
      protocol: 'telnet/ssl',
      exchange: 3,
      latency_ms: 12.345,
      event: 'gold',
      event_type: 'trade',
      system: true,
      also: 'economy.gold',
      bytes: 21,
      encoding: 'utf-8',
    },
    ...{ masked: [{ mask: 'connect', direction: 'RCV', start: 12, end: 20 }], cut: 'prompt' },
  },
  who: { ip: 'fe80::7%eth0', port: 50712, account: 'alice', character: 'Alys', interlink: 'evennia-7' },
  body: {
    ...{ room: 'Cellar', text: 'Wet.\u0085\u2028Dark.', raw: '\u001b[1mWet.', raw_b64: 'V2V0', custom: { ship: { id: 7 } } },
    ...{
      timing: [
        [0, 4],
        [12.5, 6],
      ],
      data: { reason: 'closed', code: 'mask-failed', bytes_in: 10, bytes_out: 20, value: 5, deep: [1] },
    },
  },
});

const formed = (form: 'record' | 'ecs' | 'otel', record: AuditRecord, fields: readonly string[] | null = null): AuditRecord =>
  (formOf(form, fields) as (one: AuditRecord) => AuditRecord)(record);
const parsed = (form: 'record' | 'ecs' | 'otel', record: AuditRecord, fields: readonly string[] | null = null) =>
  JSON.parse(formed(form, record, fields).line) as Json;

/** Fields of an ECS object by their whole names. What is under `wirescribe` ends at its first member. */
function fieldsOf(value: unknown, path: readonly string[] = []): [string, unknown][] {
  const whole = path[0] === 'wirescribe' ? path.length === 2 : typeof value !== 'object' || value === null || Array.isArray(value);
  if (whole) return [[path.join('.'), value]];
  return Object.entries(value as Json).flatMap(([name, inner]) => fieldsOf(inner, [...path, name]));
}

type Otel = {
  readonly resource: { readonly attributes: Attribute[] };
  readonly scope: Json;
  readonly logRecord: Json & { readonly attributes: Attribute[] };
};

/** Places of an OTLP record by the names of FORMS.md. */
function placesOf({ resource, scope, logRecord }: Otel): [string, unknown][] {
  return [
    ...resource.attributes.map(({ key, value }): [string, unknown] => [`resource: ${key}`, value]),
    ...Object.entries(scope).map(([name, value]): [string, unknown] => [`scope: ${name}`, value]),
    ...Object.entries(logRecord).flatMap(([name, value]): [string, unknown][] => (name === 'attributes' ? [] : [[`logRecord: ${name}`, value]])),
    ...logRecord.attributes.map(({ key, value }): [string, unknown] => [key, value]),
  ];
}

t.test('every member of the format has a place in both schemas, and FORMS.md says which', async (t) => {
  const rows = tableOf('| member | ECS').map(([, member, ecs, otel]) => [member?.[0], ecs, otel]);
  const placed = MEMBERS.map((member) => [
    member,
    ECS_ROUTES[member]?.map(([field]) => field),
    OTEL_ROUTES[member]?.map(([place, name]) => (place === 'attributes' ? name : `${place}: ${name}`)),
  ]);
  t.strictSame(rows, placed);
  t.strictSame(Object.keys(ECS_ROUTES), MEMBERS, 'in the order of the line, and none that is not of the format');
  t.strictSame(Object.keys(OTEL_ROUTES), MEMBERS);
});

t.test('every topic has a category and a type that ECS expects with it, and FORMS.md says which', async (t) => {
  const rows = tableOf('| topic | `event.category`').map(([, topic, category, type, level]) => [topic?.[0], { category, type }, level?.[0]]);
  t.strictSame(
    rows,
    Object.entries(ECS_CLASSES).map(([topic, given]) => [topic, given, levelOf(topic).text.toLowerCase()]),
  );
  const topics = [
    ...(schema.properties.topic?.enum ?? []),
    ...[...format.matchAll(/^\| `((?:session|audit|access)\.\w+)` \|/gm)].map(([, topic = '']) => topic),
  ];
  for (const topic of topics) t.ok(ECS_CLASSES[topic], topic);
  for (const { category, type } of [...Object.values(ECS_CLASSES), ECS_LOGIN]) {
    for (const one of type)
      t.ok(
        category.some((name) => EXPECTED[name]?.includes(one)),
        `${category} ${one}`,
      );
    for (const one of category)
      t.ok(
        type.some((name) => EXPECTED[one]?.includes(name)),
        `${one} ${type}`,
      );
  }
});

t.test('a record that has everything is in ECS where the table says, with the types that ECS says', async (t) => {
  const fields = fieldsOf(parsed('ecs', WHOLE));
  const names = Object.values(ECS_ROUTES).flatMap((route) => route.map(([field]) => field));
  t.strictSame(fields.map(([name]) => name).sort(), [...new Set([...names, 'ecs.version'])].filter((name) => name !== 'event.outcome').sort());
  for (const [name, value] of fields) if (!name.startsWith('wirescribe.')) t.ok(IS[ECS[name] ?? '']?.(value), `${name} is ${ECS[name]}`);
  t.match(parsed('ecs', WHOLE), {
    '@timestamp': '2026-01-02T03:04:05.000001Z',
    log: { level: 'info' },
    message: 'Wet.\u0085\u2028Dark.',
    ecs: { version: '8.17.0' },
    event: {
      action: 'session.output',
      dataset: 'wirescribe.session',
      kind: 'event',
      category: ['session', 'network'],
      type: ['info'],
      duration: 12_345_000,
    },
    network: { direction: 'outbound', protocol: 'telnet', transport: 'tcp' },
    source: { address: 'fe80::7%eth0', ip: 'fe80::7', port: 50712, bytes: 10 },
    wirescribe: {
      protocol: 'telnet/ssl',
      session: SESSION,
      prev: ZEROS,
      data: { value: '5', deep: '[1]', bytes_in: 10 },
      custom: { ship: { id: 7 } },
    },
  });
});

t.test('an ECS line begins with what people read first, and has nothing that is no plain JSON of one line', async (t) => {
  const { line } = formed('ecs', WHOLE);
  t.ok(
    line.startsWith(
      '{"@timestamp":"2026-01-02T03:04:05.000001Z","log":{"level":"info"},"message":"Wet.\\u0085\\u2028Dark.","ecs":{"version":"8.17.0"},',
    ),
  );
  t.notMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
});

t.test('a login is an authentication to ECS, a room is not', async (t) => {
  const named = (data: Json) => parsed('ecs', sealed({ topic: 'session.identity', body: { data } })).event;
  t.match(named({ field: 'account', old: null, new: 'alice', how: 'login' }), {
    category: ['session', 'authentication'],
    type: ['start'],
    outcome: 'success',
  });
  for (const data of [
    { field: 'room', old: null, new: 'Cellar', how: 'gmcp Room.Info' },
    { field: 'account', old: 'alice', new: null, how: 'output' },
  ]) {
    const event = named(data) as Json;
    t.strictSame([event.category, event.type, event.outcome], [['session'], ['info'], undefined]);
  }
});

t.test('what out-of-band data says has one type in ECS, whatever it is', async (t) => {
  const changed = (value: unknown) =>
    (parsed('ecs', sealed({ topic: 'session.change', body: { data: { path: 'Room.Info', old: null, new: value } } })).wirescribe as Json).data;
  t.strictSame([{ num: 7 }, 7, true, '7', null].map(changed), [
    { path: 'Room.Info', old: null, new: '{"num":7}' },
    { path: 'Room.Info', old: null, new: '7' },
    { path: 'Room.Info', old: null, new: 'true' },
    { path: 'Room.Info', old: null, new: '7' },
    { path: 'Room.Info', old: null, new: null },
  ]);
});

t.test('an address that is not known is no address to ECS, and a terminal has no transport', async (t) => {
  const { source, client, network } = parsed('ecs', sealed({ topic: 'session.input', head: { protocol: 'pty' }, who: { ip: '' } })) as {
    [name: string]: Json;
  };
  t.strictSame([source, client, network], [{ address: '' }, undefined, undefined]);
});

t.test('a record that has everything is in OTLP where the table says, with the types of the conventions', async (t) => {
  const places = placesOf(parsed('otel', WHOLE) as unknown as Otel);
  const named = Object.values(OTEL_ROUTES).flatMap((route) => route.map(([place, name]) => (place === 'attributes' ? name : `${place}: ${name}`)));
  t.strictSame(places.map(([name]) => name).sort(), [...new Set([...named, 'scope: name'])].sort());
  for (const [name, value] of places) {
    const attribute = name.replace('resource: ', '');
    if (!/^(wirescribe\.|scope: |logRecord: )/.test(attribute)) t.strictSame(Object.keys(value as Json), [CONVENTIONS[attribute]], attribute);
    if (name.startsWith('logRecord: ')) t.ok(LOG_RECORD.includes(name.slice('logRecord: '.length)), name);
  }
  t.match(Object.fromEntries(places), {
    'logRecord: timeUnixNano': '1767323045000001000',
    'logRecord: severityNumber': 9,
    'logRecord: severityText': 'INFO',
    'logRecord: eventName': 'wirescribe.session.output',
    'logRecord: body': { stringValue: 'Wet.\u0085\u2028Dark.' },
    'resource: process.pid': { intValue: '4711' },
    'scope: version': '0.1.0',
    'client.port': { intValue: '50712' },
    'wirescribe.latency_ms': { doubleValue: 12.345 },
    'wirescribe.timing': { stringValue: '[[0,4],[12.5,6]]' },
    'wirescribe.digest': { arrayValue: { values: [{ stringValue: /^[0-9a-f]{64}$/ }, { stringValue: /^[0-9a-f]{64}$/ }] } },
    'wirescribe.custom': {
      kvlistValue: { values: [{ key: 'ship', value: { kvlistValue: { values: [{ key: 'id', value: { intValue: '7' } }] } } }] },
    },
  });
});

t.test('of an OTLP line all in front of the log record is the same for records of one process', async (t) => {
  const sealer = new Sealer();
  const lines = recordsOf(`${[...sealer.talk(['look']), sealer.seal({ topic: 'audit.stop' })].join('\n')}\n`).map((one) => formed('otel', one).line);
  const heads = new Set(lines.map((line) => line.slice(0, line.indexOf(',"logRecord":'))));
  t.strictSame(
    [...heads],
    [
      '{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"north.example"}},{"key":"service.name","value":{"stringValue":"wirescribe"}},' +
        '{"key":"process.pid","value":{"intValue":"4711"}},{"key":"service.instance.id","value":{"stringValue":"north"}}]},' +
        '"scope":{"name":"wirescribe","version":"0.1.0"}',
    ],
  );
});

t.test('of a record without text the body is its topic, and null, yes and fractions are values of their own', async (t) => {
  const data = { stage: 'capture', records: null, yes: true, share: 0.5, list: [], big: 1e300 };
  const { logRecord } = parsed('otel', sealed({ topic: 'audit.gap', body: { data } })) as unknown as Otel;
  t.match(logRecord, { severityNumber: 17, severityText: 'ERROR', body: { stringValue: 'audit.gap' }, eventName: 'wirescribe.audit.gap' });
  const given = logRecord.attributes.find(({ key }) => key === 'wirescribe.data')?.value as { kvlistValue: { values: Attribute[] } };
  t.strictSame(given.kvlistValue.values, [
    { key: 'stage', value: { stringValue: 'capture' } },
    { key: 'records', value: {} },
    { key: 'yes', value: { boolValue: true } },
    { key: 'share', value: { doubleValue: 0.5 } },
    { key: 'list', value: { arrayValue: { values: [] } } },
    { key: 'big', value: { doubleValue: 1e300 } },
  ]);
});

t.test('a member that no table knows yet is not lost', async (t) => {
  const later = recordsOf(`${WHOLE.line.slice(0, -1)},"later":{"a":1}}\n`)[0] as AuditRecord;
  t.strictSame((parsed('ecs', later).wirescribe as Json).later, { a: 1 });
  const { logRecord } = parsed('otel', later) as unknown as Otel;
  t.strictSame(logRecord.attributes.at(-1), {
    key: 'wirescribe.later',
    value: { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } },
  });
});

t.test('a record with fields has what names it and what was named, in the order of the line', async (t) => {
  t.strictSame(
    formed('record', WHOLE, ['text', 'data.reason', 'custom.ship.id', 'cut', 'data.none', 'text.none']).line,
    `{"v":"1.0","id":"${WHOLE.id}","topic":"session.output","time":"2026-01-02T03:04:05.000001Z","node":"north","session":"${SESSION}","seq":0,` +
      '"cut":"prompt","text":"Wet.\\u0085\\u2028Dark.","data":{"reason":"closed"},"custom":{"ship":{"id":7}}}',
  );
  t.equal(
    formed('record', WHOLE, [])
      .line.split('"')
      .filter((word) => MEMBERS.includes(word))
      .join(' '),
    'v id topic time node session seq',
  );
  t.strictSame(parsed('record', WHOLE, ['data.reason', 'data', 'data.code']).data, WHOLE.data, 'the whole, where the whole is named too');
});

t.test('fields go before the schema: what was not named stands nowhere in it', async (t) => {
  t.strictSame(Object.keys(parsed('ecs', WHOLE, ['text'])), ['@timestamp', 'log', 'message', 'ecs', 'wirescribe', 'event', 'service']);
  const { resource, scope, logRecord } = parsed('otel', WHOLE, []) as unknown as Otel;
  t.strictSame([resource.attributes.map(({ key }) => key), scope], [['service.instance.id'], { name: 'wirescribe' }]);
  t.match(logRecord.body, { stringValue: 'session.output' });
});

t.test('a callback still finds the members, frozen, and none that fields left out', async (t) => {
  const record = formed('ecs', WHOLE, ['account', 'data.reason']);
  t.ok(Object.isFrozen(record));
  t.strictSame(
    [record.id, record.topic, record.session, record.account, record.text, record.lineBytes],
    [WHOLE.id, 'session.output', SESSION, 'alice', undefined, undefined],
  );
  t.strictSame(record.data, { reason: 'closed' });
  t.ok(Object.isFrozen(record.data));
  t.strictSame(JSON.parse(JSON.stringify(record)), JSON.parse(record.line), 'JSON.stringify gives the members of the line');
});

t.test('records as they are need no form; a line that is not JSON is refused without being quoted', async (t) => {
  t.equal(formOf('record', null), undefined);
  const broken = formed('ecs', recordsOf('{"v":"1.0","text":"hunter2"hunter2}\n')[0] as AuditRecord);
  t.throws(() => broken.line, { code: 'AUDIT_SPOOL', message: 'a line of the journal is not JSON; wirescribe verify says which' });
});
