import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { cursorPath, saveCursor } from '../../../src/spool/delivery/cursor.js';
import { findRetired, forgetCursors } from '../../../src/spool/delivery/retire.js';
import { folderOf } from '../../harness.js';
import { HandMadeJournal, lines } from '../../journal-lines.js';

const lengthOf = (count: number): number => Buffer.byteLength(lines(count).join(''));

/** Segments 1 and 2 with three records each. */
function journalIn(folder: string): HandMadeJournal {
  const journal = new HandMadeJournal(folder);
  journal.write(lines(3));
  journal.nextSegment();
  journal.write(lines(3, 3));
  return journal;
}

t.test('cursors of callbacks that are gone are found, with what each had not taken, and removed when told', async (t) => {
  const folder = folderOf(t);
  const { durable } = journalIn(folder);
  saveCursor(folder, 'file', { segment: 1, offset: 0, records: 0 });
  saveCursor(folder, 'a/kafka', { segment: 1, offset: lengthOf(1), records: 1 });
  saveCursor(folder, 'done', { ...durable, records: 6 });
  const retired = await findRetired(folder, ['file', 'new'], durable);
  t.same(retired, [
    { callback: 'a/kafka', records: 5, from: `1:${lengthOf(1)}` },
    { callback: 'done', records: 0, from: `2:${durable.offset}` },
  ]);
  t.ok(existsSync(cursorPath(folder, 'a/kafka')), 'nothing goes before it was said');
  forgetCursors(folder, retired);
  t.same(readdirSync(`${folder}/cursors`), ['file.json']);
  t.same(await findRetired(folder, ['file'], durable), []);
});

t.test('one that cannot be read, and one too far behind to be counted in time, are named without a number', async (t) => {
  const folder = folderOf(t);
  const { durable } = journalIn(folder);
  saveCursor(folder, 'far', { segment: 1, offset: 0, records: 0 });
  writeFileSync(cursorPath(folder, 'torn'), '{"segment":1');
  t.same(await findRetired(folder, [], durable, 0), [
    { callback: 'far', records: null, from: '1:0' },
    { callback: 'torn', records: null, from: null },
  ]);
});

t.test('a spool without cursors has none to retire', async (t) => {
  const folder = folderOf(t);
  t.same(await findRetired(folder, ['file'], journalIn(folder).durable), []);
});
