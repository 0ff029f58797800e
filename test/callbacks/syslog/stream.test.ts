import t, { type Test } from 'tap';
import { makeMessage } from '../../../callbacks/syslog/message.js';
import { StreamSender } from '../../../callbacks/syslog/stream.js';
import { Window } from '../../../callbacks/syslog/window.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { line, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';
import { type Collector, startCollector } from './collector.js';

const NO_TLS = { ca: null, cert: null, key: null, servername: null, verify: true };

/** A sender that waits so long for each batch. */
function senderTo(t: Test, { port }: Collector, answerMs: number, signal = new AbortController().signal): StreamSender {
  const settings = { target: { kind: 'tcp', host: '127.0.0.1', port }, tls: NO_TLS, maxBytes: 1 << 24, replay: 10_000 } as const;
  const sender = new StreamSender({ settings, signal, onReplay() {}, answerMs });
  t.teardown(() => sender.close());
  return sender;
}

const batchOf = (texts: readonly string[]) => {
  const records = recordsOf(texts.join(''));
  return { key: records, messages: records.map((record) => makeMessage(record, { rfc: 5424, facility: 16, local: false }, 1 << 24)) };
};

/** More than both ends of a socket hold. */
const MUCH = 'x'.repeat(15_000_000);

t.test('a batch that a slow collector leaves under way is waited for, not sent twice', async (t) => {
  const collector = await startCollector(t);
  collector.deaf = true;
  const sender = senderTo(t, collector, 200);
  const batch = batchOf([line(1, MUCH), line(2, 'last')]);
  await t.rejects(sender.send(batch), { code: 'ETIMEDOUT' });
  await t.rejects(sender.send(batch), { code: 'ETIMEDOUT' });
  collector.hear();
  await until(() => collector.messages.length === 2, 'both are read');
  await sender.send(batch);
  await sender.send(batchOf([line(3, 'next')]));
  await until(() => collector.messages.length === 3, 'one more');
  t.match(collector.lines[2], /"text":"next"/);
  t.equal(collector.connections.length, 1);
});

t.test('another batch waits for the one under way', async (t) => {
  const collector = await startCollector(t);
  collector.deaf = true;
  const sender = senderTo(t, collector, 200);
  await t.rejects(sender.send(batchOf([line(1, MUCH)])), { code: 'ETIMEDOUT' });
  const other = batchOf([line(2, 'other')]);
  await t.rejects(sender.send(other), { code: 'ETIMEDOUT' });
  collector.hear();
  await until(() => collector.messages.length === 1, 'the first is read');
  await sender.send(other);
  await until(() => collector.messages.length === 2, 'and the other');
  t.match(collector.lines[1], /"text":"other"/);
});

t.test('an abort ends what waits for a collector at once', async (t) => {
  const collector = await startCollector(t);
  collector.deaf = true;
  const abort = new AbortController();
  const sender = senderTo(t, collector, 30_000, abort.signal);
  const sent = sender.send(batchOf([line(1, MUCH)]));
  await until(() => collector.connections.length === 1, 'a connection');
  abort.abort();
  await t.rejects(sent, { code: 'ECANCELED' });
  await sender.close();
  await t.rejects(sender.send(batchOf(lines(1))));
});

t.test('the window keeps so many records and bytes at least, whole batches, and 64 MiB or one batch at most', (t) => {
  const window = new Window(5, 0);
  const add = (records: number, bytes = 10) => window.add({ records, bytes: Buffer.alloc(bytes) });
  for (let count = 0; count < 4; count++) add(2);
  t.equal(window.records, 6);
  add(100);
  t.equal(window.records, 100);
  const heavy = new Window(5, 25);
  for (let count = 0; count < 9; count++) heavy.add({ records: 5, bytes: Buffer.alloc(10) });
  t.equal(heavy.records, 15);
  const wide = new Window(1_000);
  for (let count = 0; count < 3; count++) wide.add({ records: 1, bytes: Buffer.alloc(30 << 20) });
  t.equal(wide.records, 2);
  wide.add({ records: 1, bytes: Buffer.alloc(70 << 20) });
  t.equal(wide.records, 1);
  const none = new Window(0);
  none.add({ records: 1, bytes: Buffer.alloc(1) });
  t.equal(none.records, 0);
  t.end();
});
