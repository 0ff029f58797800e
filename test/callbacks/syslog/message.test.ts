import t from 'tap';
import { datagramOf, frameAll, type MessageForm, makeMessage } from '../../../callbacks/syslog/message.js';
import type { AuditRecord } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { line } from '../../journal-lines.js';

const LOCAL0: MessageForm = { rfc: 5424, facility: 16, local: false };
const ANY_BYTES = 1 << 20;
const ID = '01890a5d-ac96-774b-8000-000000000001';

const recordOf = (text: string): AuditRecord => recordsOf(text)[0] as AuditRecord;
const headOf = (text: string, form = LOCAL0): string => makeMessage(recordOf(text), form, ANY_BYTES).head;

t.test('the severity follows the topic', (t) => {
  for (const [topic, pri] of [
    ['audit.gap', '<132>'],
    ['audit.fault', '<132>'],
    ['session.input', '<134>'],
    ['session.end', '<134>'],
    ['audit.checkpoint', '<133>'],
    ['access.redact', '<133>'],
  ] as const) {
    t.ok(headOf(line(1, undefined, topic)).startsWith(`${pri}1 `), topic);
  }
  t.end();
});

t.test('a field of the header is printable ASCII of its length at most, or `-`', (t) => {
  const odd = line(1, 'x').replace('"hostname":"host"', `"hostname":"hé st${'x'.repeat(300)}"`);
  t.equal(headOf(odd).split(' ')[2], `h???st${'x'.repeat(249)}`, 'é is two bytes, and the blank one');
  t.equal(headOf(line(1, 'x').replace('"application":"wirescribe"', `"application":"${'w'.repeat(60)}"`)).split(' ')[3], 'w'.repeat(48));
  t.equal(headOf(line(1, 'x').replace('"application":"wirescribe"', '"application":""')).split(' ')[3], '-');
  t.equal(headOf(line(1, 'x').replace('"hostname":"host"', '"hostname":"a\\"b"')).split(' ')[2], 'a"b', 'a head that is not as usual is parsed');
  t.end();
});

t.test('what a session said is nothing to the header', (t) => {
  const forged = 'x","hash":"0","session":"forged","seq":9,"salt":"';
  const plain = headOf(line(1, 'x'));
  t.equal(headOf(line(1, forged)), plain);
  t.equal(headOf(line(1, 'x').replace('"account":"alice"', `"account":${JSON.stringify(`${forged},`)}`)), plain);
  t.end();
});

t.test('a parameter of the structured data is escaped', (t) => {
  const record: AuditRecord = { line: '{}', id: 'a"b\\c]d', topic: 'session.input', time: 'now' };
  t.equal(makeMessage(record, LOCAL0, ANY_BYTES).head, '<134>1 - - - - session.input [wirescribe@32473 id="a\\"b\\\\c\\]d"] ');
  t.end();
});

t.test('the body is found where it begins, whatever the account is called', (t) => {
  const named = (text?: string) => line(1, text).replace('"account":"alice"', `"account":${JSON.stringify('x,"salt":"y", {"salt":"')}`);
  const message = makeMessage(recordOf(named('x'.repeat(5_000))), LOCAL0, 4_096);
  t.equal(message.cut, 'body');
  t.equal(Buffer.from(message.body).toString(), named().trimEnd());
  t.end();
});

t.test('a record just as long as allowed goes whole, one byte more does not', (t) => {
  const whole = makeMessage(recordOf(line(1, 'x'.repeat(3_000))), LOCAL0, ANY_BYTES);
  t.equal(makeMessage(recordOf(line(1, 'x'.repeat(3_000))), LOCAL0, whole.bytes).cut, undefined);
  t.equal(makeMessage(recordOf(line(1, 'x'.repeat(3_000))), LOCAL0, whole.bytes - 1).cut, 'body');
  t.end();
});

t.test('a record that is too long without its body goes as its header alone', (t) => {
  const record = recordOf(line(1, 'x').replace('"account":"alice"', `"account":"${'a'.repeat(2_000)}"`));
  const message = makeMessage(record, LOCAL0, 2_048);
  t.equal(message.cut, 'all');
  t.match(datagramOf(message).toString(), /^<134>1 .* seq="1" hash="0{64}" cut="all"\]$/);
  t.end();
});

t.test('RFC 3164: a day of one digit behind two blanks, no HOSTNAME to a local collector, a TAG of letters', (t) => {
  const text = line(1, 'x').replace('2026-01-31T12', '2026-02-03T12').replace('"application":"wirescribe"', '"application":"my mud: [1]"');
  t.match(headOf(text, { rfc: 3164, facility: 10, local: true }), /^<86>Feb {2}3 \d\d:00:01 my-mud---1-\[7\]: $/);
  t.match(headOf(text, { rfc: 3164, facility: 10, local: false }), /^<86>Feb {2}3 \d\d:00:01 host my-mud---1-\[7\]: $/);
  t.end();
});

t.test('on a stream each message stands behind its length in bytes', (t) => {
  const records = ['{"a":1}', '{"b":"é"}'].map((text): AuditRecord => ({ line: text, id: ID, topic: 'session.input', time: '' }));
  const messages = records.map((record) => makeMessage(record, LOCAL0, ANY_BYTES));
  const head = `<134>1 - - - - session.input [wirescribe@32473 id="${ID}"] `;
  t.equal(frameAll(messages).toString(), `${head.length + 7} ${head}{"a":1}${head.length + 10} ${head}{"b":"é"}`);
  t.same(frameAll([]), Buffer.alloc(0));
  t.end();
});
