import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { choreFigures } from '../../src/chores/figures.js';
import { MOST_RUNS, readChores, saveChores, withRun, withTime } from '../../src/spool/chore-runs.js';

const AT = Date.UTC(2026, 0, 31, 3);
const plans = (at: { hour: number; minute: number } | null) => ({
  chores: { retain: { at, limitS: 60 }, archive: { at: null, limitS: 7200, reset: false } },
  retentionDays: 360,
});
const NEVER = { lastAt: null, result: null, records: null, lastS: null, minS: null, averageS: null, maxS: null, runs: 0, recordsPerS: null };

t.test('what never ran has no figures', async (t) => {
  const book = readChores(t.testdir());
  const figures = choreFigures(book, plans({ hour: 3, minute: 0 }));
  t.same(figures, [
    { name: 'retain', at: '03:00', limitS: 60, ...NEVER, withinLimit: null, running: null },
    { name: 'archive', at: null, limitS: 7200, ...NEVER, withinLimit: null, running: null },
    ...['drop', 'redact', 'prepare'].map((name) => ({ name, at: null, limitS: null, ...NEVER, withinLimit: null, running: null })),
  ]);
});

t.test('shortest, longest and average are of those that were done; the last is said, whatever came of it', async (t) => {
  let book = readChores(t.testdir());
  for (const [ms, records] of [
    [1000, 10],
    [4000, 90],
  ] as const)
    book = withRun(book, 'retain', { at: AT, ms, records, result: 'done' });
  book = withRun(book, 'retain', { at: AT + 86_400_000, ms: 60_001, records: 0, result: 'AUDIT_CHORE' });
  const running = { retain: { at: AT + 90_000_000, done: 2, all: 5 } };
  const [retain] = choreFigures(book, plans(null), running);
  t.same(retain, {
    ...{ name: 'retain', at: null, limitS: 60, lastAt: '2026-02-01T03:00:00.000Z', result: 'AUDIT_CHORE', records: 0, lastS: 60.001 },
    ...{ minS: 1, averageS: 2.5, maxS: 4, runs: 2, recordsPerS: 20, withinLimit: false },
    running: { since: '2026-02-01T04:00:00.000Z', done: 2, all: 5 },
  });
});

t.test('the book outlasts a restart, with the last 20 runs of each', async (t) => {
  const folder = t.testdir();
  let book = withTime(readChores(folder), 'archive', AT);
  for (let run = 1; run <= MOST_RUNS + 5; run++) book = withRun(book, 'archive', { at: AT + run, ms: run, records: run, result: 'done' });
  await saveChores(folder, { ...book, archivedTo: AT });
  const again = readChores(folder);
  t.same(again, { ...book, archivedTo: AT });
  t.equal(again.chores.archive.since, AT);
  t.same([again.chores.archive.runs.length, again.chores.archive.runs[0]?.ms, again.chores.archive.runs.at(-1)?.ms], [20, 6, 25]);
  t.same(readdirSync(folder), ['chores']);
});

t.test('a book that cannot be read, or not all of it, counts as far as it can', async (t) => {
  const folder = t.testdir();
  const empty = readChores(folder);
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"chores": null}',
    '{"chores": {"retain": 1, "drop": {"runs": [null, {"at": -1}]}}, "archivedTo": "x"}',
  ]) {
    writeFileSync(join(folder, 'chores'), text);
    t.same(readChores(folder), empty, text);
  }
});
