import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { AuditRecord } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { formOf } from '../../../src/spool/forms/forms.js';
import { line, lines } from '../../journal-lines.js';
import { openAt, refusedBy, startServer, type TestServer } from './server.js';

const at = (server: TestServer, path = '') => `http://127.0.0.1:${server.port}${path}`;

const toOtel = formOf('otel', null) as (record: AuditRecord) => AuditRecord;
const otel = (...texts: string[]) => recordsOf(texts.join('')).map(toOtel);

/**
 * opentelemetry-proto 1.x as a schema: logs_service.proto, logs.proto, common.proto, resource.proto. Names in lowerCamelCase, 64-bit numbers as decimal
 * text, enums as numbers, traceId and spanId in hex (OTLP specification, JSON Protobuf Encoding). No member that is not in the .proto.
 */
const exact = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required, additionalProperties: false });
const uint32 = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 };
const fixed64 = { type: 'string', pattern: '^\\d{1,20}$' };
const ref = (name: string) => ({ $ref: `#/$defs/${name}` });
const listOf = (name: string) => ({ type: 'array', items: ref(name) });
const attributes = { attributes: listOf('KeyValue'), droppedAttributesCount: uint32 };
const SCHEMA = {
  $defs: {
    AnyValue: {
      ...exact({
        stringValue: { type: 'string' },
        boolValue: { type: 'boolean' },
        intValue: { type: 'string', pattern: '^-?\\d{1,19}$' },
        doubleValue: { type: 'number' },
        arrayValue: exact({ values: listOf('AnyValue') }),
        kvlistValue: exact({ values: listOf('KeyValue') }),
        bytesValue: { type: 'string', contentEncoding: 'base64' },
      }),
      maxProperties: 1,
    },
    KeyValue: exact({ key: { type: 'string', minLength: 1 }, value: ref('AnyValue') }, ['key', 'value']),
    LogRecord: exact(
      {
        timeUnixNano: fixed64,
        observedTimeUnixNano: fixed64,
        severityNumber: { type: 'integer', minimum: 0, maximum: 24 },
        severityText: { type: 'string' },
        body: ref('AnyValue'),
        ...attributes,
        flags: uint32,
        traceId: { type: 'string', pattern: '^[0-9a-fA-F]{32}$' },
        spanId: { type: 'string', pattern: '^[0-9a-fA-F]{16}$' },
        eventName: { type: 'string', maxLength: 256 },
      },
      ['timeUnixNano', 'observedTimeUnixNano', 'severityNumber', 'body'],
    ),
    InstrumentationScope: exact({ name: { type: 'string' }, version: { type: 'string' }, ...attributes }, ['name']),
    ScopeLogs: exact({ scope: ref('InstrumentationScope'), logRecords: listOf('LogRecord'), schemaUrl: { type: 'string' } }, ['scope', 'logRecords']),
    ResourceLogs: exact({ resource: exact(attributes), scopeLogs: listOf('ScopeLogs'), schemaUrl: { type: 'string' } }, ['resource', 'scopeLogs']),
  },
  ...exact({ resourceLogs: listOf('ResourceLogs') }, ['resourceLogs']),
};
const validate = new Ajv2020({ allErrors: true, strictTypes: false }).compile(SCHEMA);

type Request = { resourceLogs: { resource: object; scopeLogs: { scope: object; logRecords: { body: { stringValue: string } }[] }[] }[] };

t.test('a batch is one ExportLogsServiceRequest that holds to the published schema', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server), { form: 'otlp' });
  await callback.write(
    otel(line(0, undefined, 'audit.start'), ...lines(3, 1), line(4, '🐉 "\\" ,"logRecord":{ ,"scope":'), line(5, '', 'session.output')),
  );
  const [got] = server.got;
  t.equal(got?.path, '/v1/logs');
  t.equal(got?.headers['content-type'], 'application/json');
  const request = JSON.parse(got?.body ?? '') as Request;
  t.ok(validate(request), JSON.stringify(validate.errors?.slice(0, 5)));
  t.equal(request.resourceLogs.length, 1, 'one process is one resource');
  t.same(
    request.resourceLogs[0]?.scopeLogs[0]?.logRecords.map(({ body }) => body.stringValue),
    ['audit.start', 'say 1', 'say 2', 'say 3', '🐉 "\\" ,"logRecord":{ ,"scope":', ''],
  );
});

t.test('records of two processes are two resources, each in order', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server, '/otlp/v1/logs'), { form: 'otlp' });
  const other = lines(2, 2).map((one) => one.replace('"pid":7', '"pid":8'));
  const [a = '', b = ''] = lines(2);
  const [c = '', d = ''] = other;
  await callback.write(otel(a, c, b, d));
  const request = JSON.parse(server.got[0]?.body ?? '') as Request;
  t.ok(validate(request), JSON.stringify(validate.errors?.slice(0, 5)));
  t.same(
    request.resourceLogs.map(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => body.stringValue))),
    [
      ['say 0', 'say 1'],
      ['say 2', 'say 3'],
    ],
  );
  t.equal(server.got[0]?.path, '/otlp/v1/logs');
});

t.test('records that a server did not take are said by their number, and go to the dead letters', async (t) => {
  const server = await startServer(t);
  const { callback, warned } = await openAt(t, at(server), { form: 'otlp' });
  server.answer = () => ({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"say 1 is too old"}}' });
  t.same(await refusedBy(callback.write(otel(...lines(2)))), [
    ['say 0', 'partly-refused'],
    ['say 1', 'partly-refused'],
  ]);
  server.answer = () => ({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":2}}' });
  t.same(await refusedBy(callback.write(otel(...lines(2)))), [
    ['say 0', 'refused'],
    ['say 1', 'refused'],
  ]);
  const said = 'http: the server did not take 1 log records (partialSuccess); what it was sent with them is in the dead letters too';
  t.same(warned, [said], 'at once, and then rarely');
});

for (const body of ['', '{}', '{"partialSuccess":{}}', '{"partialSuccess":{"errorMessage":"mind the gap"}}', 'null', 'taken']) {
  t.test(`the answer ${JSON.stringify(body)} is a full success`, async (t) => {
    const server = await startServer(t);
    server.answer = () => ({ status: 200, body });
    const { callback, warned } = await openAt(t, at(server), { form: 'otlp' });
    await callback.write(otel(...lines(2)));
    t.same(warned, []);
  });
}

t.test('records that are not in the form otel are not sent', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server), { form: 'otlp' });
  await t.rejects(callback.write(recordsOf(lines(1).join(''))), { code: 'HTTP_NO_OTEL_FORMAT' });
  t.same(server.got, []);
});
