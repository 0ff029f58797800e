import t from 'tap';
import { firstIdOf, readSeek, type Seek, timeOf } from '../../src/view/seek.js';
import { Zone } from '../../src/view/timeframe.js';

const refused = { name: 'AuditError', code: 'AUDIT_QUERY', message: /^seek wants the id of a record, or a time/ };
const seek = (value: Seek) => readSeek(value, 'seek');

t.test('a time is the first id of its millisecond, however it is written', async (t) => {
  const first = '019b7ca9-8c8a-7000-8000-000000000000';
  t.equal(firstIdOf(1767323045002), first);
  t.equal(seek(1767323045002), first);
  t.equal(seek(1767323045002.9), first);
  t.equal(seek('1767323045002'), first);
  t.equal(seek(new Date(1767323045002)), first);
  t.equal(seek('2026-01-02T03:04:05.002Z'), first);
  t.equal(seek('2026-01-02T03:04:05.002999Z'), first);
  t.equal(seek('2026-01-02t04:04:05.002+01:00'), first);
  t.equal(seek('2026-01-02 08:49:05.002+05:45'), first);
  t.equal(timeOf(first), 1767323045002);
  t.ok(first < '019b7ca9-8c8a-7053-a1b5-956143c0ee2d');
});

t.test('an id is itself, also one that no record has', async (t) => {
  t.equal(seek('019b7ca9-8c8a-7053-a1b5-956143c0ee2d'), '019b7ca9-8c8a-7053-a1b5-956143c0ee2d');
  t.equal(seek('019B7CA9-8C8A-7053-A1B5-956143C0EE2D'), '019b7ca9-8c8a-7053-a1b5-956143c0ee2d');
  t.equal(seek(0), '00000000-0000-7000-8000-000000000000');
  t.equal(seek(2 ** 48 - 1), 'ffffffff-ffff-7000-8000-000000000000');
});

t.test('a date alone begins at midnight, in UTC or in the zone that is asked for', async (t) => {
  t.equal(timeOf(seek('2026-03-29')), Date.UTC(2026, 2, 29));
  t.equal(timeOf(readSeek('2026-03-29', 'seek', new Zone('Europe/Berlin'))), Date.UTC(2026, 2, 28, 23));
  t.equal(timeOf(readSeek('2026-03-30', 'seek', new Zone('Europe/Berlin'))), Date.UTC(2026, 2, 29, 22));
  t.equal(timeOf(readSeek('2026-03-29', 'seek', new Zone('Asia/Kathmandu'))), Date.UTC(2026, 2, 28, 18, 15));
  // Clocks in Beirut go from 23:59 to 01:00 on that night.
  t.equal(timeOf(readSeek('2026-03-29', 'seek', new Zone('Asia/Beirut'))), Date.UTC(2026, 2, 28, 22));
});

t.test('refuses what is no time, and says what would be one', async (t) => {
  const wrong = ['', 'yesterday', '2026', '2026-02-30', '2026-13-01', '2026-01-02T03:04:05', '2026-01-02T25:00:00Z', '019b7ca9', `${2 ** 50}`];
  for (const text of wrong) t.throws(() => seek(text), refused, text);
  for (const number of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 48]) t.throws(() => seek(number), refused, String(number));
  t.throws(() => seek(new Date(Number.NaN)), refused);
  t.throws(() => seek(null as unknown as string), refused);
});
