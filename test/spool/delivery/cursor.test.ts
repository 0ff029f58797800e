import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { cursorPath, placeCursor, readCursor, saveCursor } from '../../../src/spool/delivery/cursor.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';

const FIRST = line(0, 'say 0').length;

/** Segments 3 and 4, two lines in each. */
function journalIn(folder: string) {
  const journal = new HandMadeJournal(folder, { first: 3 });
  journal.write(lines(2));
  journal.nextSegment();
  journal.write(lines(2, 2));
  return journal.durable;
}

function writeCursor(folder: string, text: string): void {
  mkdirSync(dirname(cursorPath(folder, 'file')));
  writeFileSync(cursorPath(folder, 'file'), text);
}

t.test('a cursor is kept as one small file, for its owner alone', async (t) => {
  const folder = t.testdir();
  saveCursor(folder, 'file', { segment: 3, offset: 120, records: 7 });
  saveCursor(folder, 'file', { segment: 3, offset: 240, records: 8 });
  const path = `${folder}/cursors/file.json`;
  t.equal(readFileSync(path, 'utf8'), '{"segment":3,"offset":240,"records":8}');
  t.same(readCursor(folder, 'file'), { segment: 3, offset: 240, records: 8 });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(statSync(dirname(path)).mode & 0o777, 0o700);
});

t.test('a name that is a path stays inside the folder', async (t) => {
  t.equal(cursorPath('/spool', '../my/audit.js'), '/spool/cursors/..%2Fmy%2Faudit.js.json');
});

t.test('a new callback starts at the newest record, or at the oldest', async (t) => {
  const folder = t.testdir();
  const durable = journalIn(folder);
  t.same(placeCursor(folder, 'late', 'newest', durable), { cursor: { ...durable, records: 0, since: durable } });
  t.same(placeCursor(folder, 'all', 'oldest', durable), { cursor: { segment: 3, offset: 0, records: 0 } });
  t.same(readCursor(folder, 'late'), { ...durable, records: 0, since: durable }, 'and keeps that place');
});

t.test('a cursor inside the journal stays where it is', async (t) => {
  const folder = t.testdir();
  const durable = journalIn(folder);
  saveCursor(folder, 'file', { segment: 3, offset: FIRST, records: 1 });
  t.same(placeCursor(folder, 'file', 'newest', durable), { cursor: { segment: 3, offset: FIRST, records: 1 } });
});

t.test('one that cannot be read stands at the oldest segment', async (t) => {
  for (const text of ['', '{"segment":3', '{"segment":3,"offset":-1,"records":0}', 'null', '{"segment":"3","offset":0,"records":0}']) {
    const folder = t.testdir();
    const durable = journalIn(folder);
    writeCursor(folder, text);
    t.same(placeCursor(folder, 'file', 'newest', durable), { cursor: { segment: 3, offset: 0, records: 0 }, fault: 'unreadable' });
  }
});

t.test('one that stands in the middle of a line is not believed', async (t) => {
  const folder = t.testdir();
  const durable = journalIn(folder);
  writeCursor(folder, `{"segment":3,"offset":${FIRST - 5},"records":1}`);
  t.same(placeCursor(folder, 'file', 'newest', durable), { cursor: { segment: 3, offset: 0, records: 1 }, fault: 'unreadable' });
});

t.test('one before the oldest segment moves up to it, one beyond the durable end goes back', async (t) => {
  const folder = t.testdir();
  const durable = journalIn(folder);
  saveCursor(folder, 'behind', { segment: 1, offset: 50, records: 2 });
  saveCursor(folder, 'ahead', { segment: 9, offset: 0, records: 99 });
  t.same(placeCursor(folder, 'behind', 'newest', durable), { cursor: { segment: 3, offset: 0, records: 2 }, fault: 'before the oldest segment' });
  t.same(placeCursor(folder, 'ahead', 'newest', durable), { cursor: { ...durable, records: 99 }, fault: 'beyond the durable end' });
});
