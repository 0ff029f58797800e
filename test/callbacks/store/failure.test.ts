import Database from 'better-sqlite3';
import t from 'tap';
import { failureOf, guarded, StoreError } from '../../../callbacks/store/failure.js';

t.test('a full disk is the system’s fault, and no record is to blame', async (t) => {
  const db = new Database(':memory:');
  db.pragma('max_page_count = 3');
  db.exec('CREATE TABLE line (line TEXT)');
  const fill = () => guarded('2026-01-31.db', () => db.prepare('INSERT INTO line VALUES (?)').run('what was said '.repeat(1_000)));
  t.throws(fill, { name: 'StoreError', code: 'ENOSPC', retriable: true, message: "the store's 2026-01-31.db is on a disk that is full; make room" });
  db.close();
});

t.test('no message of SQLite is passed on, and no other error is touched', async (t) => {
  const db = new Database(':memory:');
  const error: unknown = t.throws(() => guarded('x.db', () => db.prepare("SELECT 'what was said' FROM")));
  t.match(error, { code: 'SQLITE_ERROR', message: "the store's x.db fails (SQLITE_ERROR)" });
  db.close();
  const other = new RangeError('mine');
  t.equal(failureOf(other, 'x.db'), other);
  const known = new StoreError('EBUSY', 'known');
  t.equal(failureOf(known, 'x.db'), known);
  const codes = ['SQLITE_BUSY_SNAPSHOT', 'SQLITE_IOERR_FSYNC', 'SQLITE_CANTOPEN', 'SQLITE_READONLY_DBMOVED', 'SQLITE_CORRUPT_VTAB', 'SQLITE_NOTADB'];
  t.same(
    codes.map((code) => (failureOf(Object.assign(new Error('said'), { code }), 'x.db') as StoreError).code),
    ['EBUSY', 'EIO', 'EACCES', 'EROFS', 'SQLITE_CORRUPT', 'SQLITE_NOTADB'],
  );
});
