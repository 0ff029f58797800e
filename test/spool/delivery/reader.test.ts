import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeRecord, recordsOf, topicOf, wantsTopic } from '../../../src/spool/delivery/audit-record.js';
import { type Batch, JournalReader } from '../../../src/spool/delivery/reader.js';
import { segmentPath } from '../../../src/spool/segments.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';

const textsOf = (batch: Batch | undefined) => batch?.records.map(({ text }) => text);
const BIG = { maxRecords: 1_000, maxBytes: 1_048_576 };

function readerOf(folder: string, limits = BIG, from = { segment: 1, offset: 0 }): JournalReader {
  const reader = new JournalReader(folder, limits);
  reader.seek(from);
  return reader;
}

t.test('a batch holds at most so many records, and the next goes on behind it', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(5));
  const reader = readerOf(folder, { ...BIG, maxRecords: 2 });
  t.same(
    [1, 2, 3, 4].map(() => textsOf(reader.next(journal.durable))),
    [['say 0', 'say 1'], ['say 2', 'say 3'], ['say 4'], undefined],
  );
  t.same(reader.position, journal.durable);
});

t.test('a batch holds at most so many bytes, and a record that is longer comes alone', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const long = 'x'.repeat(5_000);
  journal.write([line(1, 'short'), line(2, 'short'), line(3, long), line(4, long), line(5, 'short')]);
  const reader = readerOf(folder, { ...BIG, maxBytes: 2 * line(1, 'short').length });
  const batches = [1, 2, 3, 4].map(() => textsOf(reader.next(journal.durable)));
  t.same(batches, [['short', 'short'], [long], [long], ['short']]);
});

t.test('nothing behind the durable end is read, though it stands in the file', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'durable')]);
  appendFileSync(segmentPath(folder, 1), line(2, 'not yet'));
  const reader = readerOf(folder);
  t.same(textsOf(reader.next(journal.durable)), ['durable']);
  t.equal(reader.next(journal.durable), undefined);
  journal.board.publish({ segment: 1, offset: journal.durable.offset + line(2, 'not yet').length });
  t.same(textsOf(reader.next(journal.durable)), ['not yet']);
});

t.test('it crosses to the next segment where a later one is durable, and waits where none is', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'first')]);
  const reader = readerOf(folder);
  t.same(textsOf(reader.next(journal.durable)), ['first']);
  t.equal(reader.next(journal.durable), undefined);
  t.same(reader.position, { segment: 1, offset: line(1, 'first').length });
  journal.nextSegment();
  journal.board.publish({ segment: 2, offset: 0 });
  t.equal(reader.next(journal.durable), undefined);
  t.same(reader.position, { segment: 2, offset: 0 });
  journal.write([line(2, 'second')]);
  journal.nextSegment();
  journal.write([line(3, 'third')]);
  t.same([textsOf(reader.next(journal.durable)), textsOf(reader.next(journal.durable))], [['second'], ['third']]);
});

t.test('it tells the place behind each record, in bytes', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'Grüße 🐉'), line(2, 'b')]);
  const first = Buffer.byteLength(line(1, 'Grüße 🐉'));
  const batch = readerOf(folder).next(journal.durable);
  t.same(batch?.behind, [
    { segment: 1, offset: first },
    { segment: 1, offset: first + line(2, 'b').length },
  ]);
  t.same(textsOf(readerOf(folder, BIG, { segment: 1, offset: first }).next(journal.durable)), ['b']);
});

t.test('a closed segment that ends in a torn line is passed over there, and the bytes are counted', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(1, 'whole')]);
  appendFileSync(segmentPath(folder, 1), '{"v":"1.');
  journal.nextSegment();
  journal.write([line(2, 'next')]);
  const reader = readerOf(folder);
  t.same([textsOf(reader.next(journal.durable)), textsOf(reader.next(journal.durable))], [['whole'], ['next']]);
  t.equal(reader.skippedBytes, 8);
});

t.test('a segment that is gone is ENOENT', async (t) => {
  t.throws(() => readerOf(t.testdir()).next({ segment: 1, offset: 10 }), { code: 'ENOENT' });
});

t.test('records stay as they are when the reader has gone on', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  const reader = readerOf(folder, { ...BIG, maxRecords: 1 });
  const [kept] = reader.next(journal.durable)?.records ?? [];
  reader.next(journal.durable);
  reader.close();
  t.equal(`${kept?.line}\n`, line(0, 'say 0'));
});

t.test('a record is frozen, gives the exact line, and members parsed out of it', async (t) => {
  const written = line(1, 'tab\there \u2028 🐉');
  const [record] = recordsOf(written);
  if (!record) throw new Error('no record');
  t.equal(`${record.line}\n`, written);
  t.equal(Buffer.from(record.lineBytes ?? []).toString(), written);
  t.equal(record.text, 'tab\there \u2028 🐉');
  t.equal(record.account, 'alice');
  t.equal(record.room, undefined);
  t.same(JSON.parse(JSON.stringify(record)), JSON.parse(written));
  t.ok(Object.isFrozen(record) && Object.isFrozen(record.digest));
  t.throws(() => Object.assign(record, { text: 'other' }), TypeError);
});

t.test('the bytes of a line are given as they are, also where they are no UTF-8', async (t) => {
  const bytes = Buffer.concat([Buffer.from(line(1, 'a').slice(0, -1)), Buffer.from([0xff, 0x0a])]);
  t.same(Buffer.from(makeRecord(bytes, 0, bytes.length).lineBytes ?? []), bytes);
});

t.test('a line that is not JSON throws without a word of it', async (t) => {
  const [record] = recordsOf('{"password":"hunter2\n');
  t.throws(() => record?.text, { code: 'AUDIT_SPOOL', message: /^(?!.*hunter2).*not JSON/ });
});

t.test('a topic is read off the head, or parsed where the head is another', async (t) => {
  const [known] = recordsOf(`${line(1).slice(0, 90)} not JSON\n`);
  const [other] = recordsOf('{"v":"1.12","id":"x","topic":"audit.gap"}\n');
  t.same(
    [known, other].map((record) => record && topicOf(record)),
    ['session.input', 'audit.gap'],
  );
});

t.test('topics are dotted prefixes; audit.*, and what was redacted, is always wanted', async (t) => {
  t.ok(wantsTopic([], 'access.redact'));
  const wanted = (topics: string[] | null) =>
    ['session.input', 'session.inputs', 'access.view', 'audit.gap'].filter((topic) => wantsTopic(topics, topic));
  t.same(wanted(null), ['session.input', 'session.inputs', 'access.view', 'audit.gap']);
  t.same(wanted(['session']), ['session.input', 'session.inputs', 'audit.gap']);
  t.same(wanted(['session.input', 'access']), ['session.input', 'access.view', 'audit.gap']);
  t.same(wanted([]), ['audit.gap']);
});

t.test('reads of a segment that shrank end at its end', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, '0001.jsonl'), line(1, 'only'));
  const reader = readerOf(folder);
  t.same(textsOf(reader.next({ segment: 1, offset: 10_000 })), ['only']);
});
