import t from 'tap';
import { spansOf, type Unit, Zone } from '../../src/view/timeframe.js';

/** Spans as `local` and their length in minutes. */
function spans(zone: string, unit: Unit, from: string, to: string): [string, number][] {
  const found = spansOf({ from: Date.parse(from), to: Date.parse(to) }, unit, new Zone(zone), 1_000);
  return found.map((span) => [span.local, (span.to - span.from) / 60_000]);
}

t.test('a day in Berlin has 23 hours in March and 25 in October', async (t) => {
  t.same(spans('Europe/Berlin', 'day', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z'), [
    ['2026-03-28T00:00:00+01:00', 1440],
    ['2026-03-29T00:00:00+01:00', 1380],
    ['2026-03-30T00:00:00+02:00', 1440],
  ]);
  t.same(spans('Europe/Berlin', 'day', '2026-10-25T12:00:00Z', '2026-10-25T13:00:00Z'), [['2026-10-25T00:00:00+02:00', 1500]]);
});

t.test('the hour that comes twice is two hours, and the one that is skipped is none', async (t) => {
  t.same(spans('Europe/Berlin', 'hour', '2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z'), [
    ['2026-10-25T01:00:00+02:00', 60],
    ['2026-10-25T02:00:00+02:00', 60],
    ['2026-10-25T02:00:00+01:00', 60],
    ['2026-10-25T03:00:00+01:00', 60],
  ]);
  t.same(spans('America/New_York', 'hour', '2026-03-08T06:00:00Z', '2026-03-08T08:00:00Z'), [
    ['2026-03-08T01:00:00-05:00', 60],
    ['2026-03-08T03:00:00-04:00', 60],
  ]);
  t.same(spans('America/New_York', 'day', '2026-11-01T05:00:00Z', '2026-11-01T06:00:00Z'), [['2026-11-01T00:00:00-04:00', 1500]]);
});

t.test('clocks that move by half an hour make hours of half an hour', async (t) => {
  t.same(spans('Australia/Lord_Howe', 'hour', '2026-04-04T13:00:00Z', '2026-04-04T17:00:00Z'), [
    ['2026-04-05T00:00:00+11:00', 60],
    ['2026-04-05T01:00:00+11:00', 60],
    ['2026-04-05T01:30:00+10:30', 30],
    ['2026-04-05T02:00:00+10:30', 60],
    ['2026-04-05T03:00:00+10:30', 60],
  ]);
  t.same(spans('Australia/Lord_Howe', 'day', '2026-04-05T00:00:00Z', '2026-04-05T00:01:00Z'), [['2026-04-05T00:00:00+11:00', 1470]]);
  t.same(spans('Australia/Lord_Howe', 'day', '2026-10-04T00:00:00Z', '2026-10-04T00:01:00Z'), [['2026-10-04T00:00:00+10:30', 1410]]);
});

t.test('a zone three quarters off the hour has its own hours and days', async (t) => {
  t.same(spans('Asia/Kathmandu', 'hour', '2026-01-31T18:00:00Z', '2026-01-31T18:30:00Z'), [
    ['2026-01-31T23:00:00+05:45', 60],
    ['2026-02-01T00:00:00+05:45', 60],
  ]);
  t.same(spans('Asia/Kathmandu', 'day', '2026-01-31T18:15:00Z', '2026-01-31T18:16:00Z'), [['2026-02-01T00:00:00+05:45', 1440]]);
});

t.test('a day whose midnight is skipped begins at one', async (t) => {
  t.same(spans('Asia/Beirut', 'day', '2026-03-28T21:59:00Z', '2026-03-28T22:01:00Z'), [
    ['2026-03-28T00:00:00+02:00', 1440],
    ['2026-03-29T01:00:00+03:00', 1380],
  ]);
});

t.test('minutes are minutes anywhere, and what is touched in part is there whole', async (t) => {
  t.same(spans('UTC', 'minute', '2026-01-31T18:00:30Z', '2026-01-31T18:01:01Z'), [
    ['2026-01-31T18:00:00+00:00', 1],
    ['2026-01-31T18:01:00+00:00', 1],
  ]);
  t.same(spans('UTC', 'hour', '2026-01-31T18:30:00Z', '2026-01-31T18:30:00Z'), []);
});

t.test('spans follow each other without a hole over years, and stop at the most that are asked for', async (t) => {
  const range = { from: Date.UTC(2020, 0, 1), to: Date.UTC(2030, 0, 1) };
  for (const name of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/Havana']) {
    const days = spansOf(range, 'day', new Zone(name), 10_000);
    t.same(
      days.filter((day, index) => index > 0 && days[index - 1]?.to !== day.from),
      [],
    );
    t.equal(new Set(days.map(({ local }) => local.slice(0, 10))).size, days.length, 'each date once');
  }
  t.equal(spansOf(range, 'minute', new Zone('UTC'), 7).length, 7);
});

t.test('refuses a zone that there is not', async (t) => {
  for (const name of ['', 'Mars/Base', 'x'.repeat(1_000)])
    t.throws(() => new Zone(name), { code: 'AUDIT_QUERY', message: /^zone: there is no such time zone/ });
});
