import t from 'tap';
import { MessageMaker } from '../../../callbacks/kafka/message.js';
import type { AuditRecord } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { line } from '../../journal-lines.js';

const SESSION = '01890a5d-ac96-774b-bcce-b302099a8057';
const only = (text: string): AuditRecord => recordsOf(text)[0] as AuditRecord;
const maker = (options: { topic?: string; key?: string } = {}) => new MessageMaker({ topic: 'audit', key: 'session', node: 'here', ...options });

t.test('a message is the line, byte for byte, under its session, with the headers of a CloudEvent', async (t) => {
  const text = line(7, 'say Grüße \u2028 🐉');
  const { topic, key, value, headers } = maker().make(only(text));
  t.equal(topic, 'audit');
  t.equal(key, SESSION);
  t.equal(`${value}\n`, text);
  t.same(headers, [
    ...['application/json', '1.0', '01890a5d-ac96-774b-8000-000000000007', '/wirescribe/n1', 'session.input', '2026-01-31T12:00:01.123456Z'],
    SESSION,
  ]);
});

t.test('a record without a session has the key of its node, and no subject', async (t) => {
  const { key, headers } = maker().make(only(line(1, undefined, 'audit.start')));
  t.equal(key, 'n1');
  t.equal(headers.length, 6);
  t.equal(headers[4], 'audit.start');
});

t.test('with {topic} each topic of records has one of its own', async (t) => {
  t.equal(maker({ topic: 'games.{topic}.v1' }).make(only(line(1, 'x', 'session.output'))).topic, 'games.session.output.v1');
});

t.test('any other member may be the key; where a record has none, it is the node', async (t) => {
  t.equal(maker({ key: 'account' }).make(only(line(1, 'x'))).key, 'alice');
  t.equal(maker({ key: 'account' }).make(only(line(1, undefined, 'audit.stop'))).key, 'n1');
  t.equal(maker({ key: 'node' }).make(only(line(1, 'x'))).key, 'n1');
});

t.test('names that need escapes, or are long, are read as well as others', async (t) => {
  for (const node of ['a "quoted" node', 'Grüße\\', `n${'Ж'.repeat(250)}`]) {
    const { key, headers } = maker({ key: 'node' }).make(only(line(1, 'x').replaceAll('"node":"n1"', `"node":${JSON.stringify(node)}`)));
    t.equal(key, node);
    t.equal(headers[3], `/wirescribe/${encodeURIComponent(node)}`);
    t.equal(headers[2], '01890a5d-ac96-774b-8000-000000000001');
  }
});

t.test('a record in another schema, with no bytes of a line, is named by its members', async (t) => {
  const record = { line: '{"@timestamp":"x"}', id: 'i', topic: 'session.end', time: 'z', session: 's' } as AuditRecord;
  const { key, value, headers } = maker().make(record);
  t.equal(key, 's');
  t.equal(value.toString(), '{"@timestamp":"x"}');
  t.same(headers, ['application/json', '1.0', 'i', '/wirescribe/here', 'session.end', 'z', 's']);
});
