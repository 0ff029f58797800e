import t from 'tap';
import { dayName, dayNamed, dayOf } from '../../src/chores/days.js';

t.test('a day is named as people write it, and only a day that there is', async (t) => {
  t.equal(dayNamed('2026-01-31'), Date.UTC(2026, 0, 31));
  t.equal(dayNamed('2024-02-29'), Date.UTC(2024, 1, 29));
  for (const text of ['2026-02-29', '2026-13-01', '2026-1-1', '20260131', '1969-12-31', '', 'today', '2026-01-31T00:00'])
    t.equal(dayNamed(text), undefined, text);
  t.equal(dayName(Date.UTC(2026, 0, 31)), '2026-01-31');
  t.equal(dayOf(Date.UTC(2026, 0, 31, 23, 59, 59, 999)), Date.UTC(2026, 0, 31));
});
