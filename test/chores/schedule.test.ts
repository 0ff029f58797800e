import t from 'tap';
import { isDue, lastTime, type TimeOfDay, timeOfDay } from '../../src/chores/schedule.js';

/** Minutes of a day in which a chore begins that is looked at every minute, in UTC; `until` is exclusive. */
function begins(at: TimeOfDay, from: string, until: string, before = from): string[] {
  const found: string[] = [];
  let last = Date.parse(before);
  for (let now = Date.parse(from); now < Date.parse(until); now += 60_000) {
    if (!isDue(at, last, now)) continue;
    last = now;
    found.push(new Date(now).toISOString().slice(0, 16));
  }
  return found;
}

const inZone = (zone: string): void => {
  process.env.TZ = zone;
};

t.test('a time of day is two digits of each', async (t) => {
  t.same(timeOfDay('03:00'), { hour: 3, minute: 0 });
  t.same(timeOfDay('23:59'), { hour: 23, minute: 59 });
  for (const text of ['24:00', '3:00', '03:60', '03:00:00', '', '03-00', ' 03:00']) t.equal(timeOfDay(text), undefined, text);
});

t.test('a chore begins once a day, at its minute, in UTC', async (t) => {
  inZone('UTC');
  t.same(begins({ hour: 3, minute: 0 }, '2026-01-31T00:00Z', '2026-02-03T00:00Z', '2026-01-30T03:00Z'), [
    '2026-01-31T03:00',
    '2026-02-01T03:00',
    '2026-02-02T03:00',
  ]);
});

t.test('one that was missed while nothing ran begins at once, and the next at its time', async (t) => {
  inZone('UTC');
  t.same(begins({ hour: 3, minute: 0 }, '2026-03-10T14:20Z', '2026-03-12T00:00Z', '2026-03-07T03:00Z'), ['2026-03-10T14:20', '2026-03-11T03:00']);
  t.same(begins({ hour: 3, minute: 0 }, '2026-03-10T14:20Z', '2026-03-11T00:00Z', '2026-03-10T03:01Z'), []);
});

// In Berlin the clock went from 02:00 to 03:00 on 2026-03-29 at 01:00 UTC, and goes from 03:00 to 02:00 on 2026-10-25 at 01:00 UTC.
t.test('Berlin: on the day of 23 hours a time that does not come is made up for an hour later', async (t) => {
  inZone('Europe/Berlin');
  const days = ['2026-03-27T12:00Z', '2026-03-31T00:00Z', '2026-03-27T02:00Z'] as const;
  t.same(begins({ hour: 2, minute: 30 }, ...days), ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30']);
  t.same(begins({ hour: 3, minute: 0 }, ...days), ['2026-03-28T02:00', '2026-03-29T01:00', '2026-03-30T01:00']);
});

t.test('Berlin: on the day of 25 hours the hour that comes twice counts once', async (t) => {
  inZone('Europe/Berlin');
  t.same(begins({ hour: 2, minute: 30 }, '2026-10-24T12:00Z', '2026-10-26T23:00Z', '2026-10-24T00:30Z'), ['2026-10-25T00:30', '2026-10-26T01:30']);
});

// In New York the clock goes from 02:00 to 03:00 on 2026-03-08 at 07:00 UTC, and back on 2026-11-01 at 06:00 UTC.
t.test('New York: both days as well', async (t) => {
  inZone('America/New_York');
  t.same(begins({ hour: 2, minute: 15 }, '2026-03-07T12:00Z', '2026-03-09T12:00Z', '2026-03-07T07:15Z'), ['2026-03-08T07:15', '2026-03-09T06:15']);
  t.same(begins({ hour: 1, minute: 15 }, '2026-10-31T12:00Z', '2026-11-02T12:00Z', '2026-10-31T05:15Z'), ['2026-11-01T05:15', '2026-11-02T06:15']);
});

// Lord Howe's clock moves by half an hour: 02:00 to 02:30 on 2026-10-04 at 15:30 UTC of the day before, and 02:00 to 01:30 on 2026-04-05 at 15:00 UTC.
t.test('Lord Howe: where the clock moves by half an hour', async (t) => {
  inZone('Australia/Lord_Howe');
  t.same(begins({ hour: 2, minute: 15 }, '2026-10-03T00:00Z', '2026-10-05T12:00Z', '2026-10-02T15:45Z'), ['2026-10-03T15:45', '2026-10-04T15:15']);
  t.same(begins({ hour: 1, minute: 45 }, '2026-04-04T00:00Z', '2026-04-06T12:00Z', '2026-04-03T14:45Z'), ['2026-04-04T14:45', '2026-04-05T15:15']);
});

t.test('a start that lies ahead is of a clock that was wrong', async (t) => {
  inZone('UTC');
  t.equal(isDue({ hour: 3, minute: 0 }, Date.parse('2031-01-01T00:00Z'), Date.parse('2026-01-01T00:00Z')), true);
  t.equal(new Date(lastTime({ hour: 3, minute: 0 }, Date.parse('2026-01-01T02:59Z'))).toISOString(), '2025-12-31T03:00:00.000Z');
});
