import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readCursor } from '../../../src/spool/delivery/cursor.js';
import { deadPath } from '../../../src/spool/delivery/dead-letters.js';
import { type RunningCallback, startInline, startWorker } from '../../../src/spool/delivery/workers.js';
import { fixture, settingsFor, workerDelivery } from '../../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';

// What these wait for is time itself: side by side.
t.jobs = 4;
const BUFFERED = { buffered: true };

/** Short beside the 30 s of the product, and yet longer than a thread that is not niced is kept from a processor by a busy machine. */
const STUCK_MS = 1_500;

/** Three records to a callback that does `fault` when it is given the first batch, and works after that. */
async function deliverPast(t: Test, fault: string, stuckMs?: number) {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const [out, once] = [join(folder, 'out'), join(folder, 'once')];
  const settings = settingsFor(fixture('collect'), { options: { out, fault, once }, required: true });
  const { options, ...kept } = workerDelivery(folder, journal, settings, stuckMs === undefined ? {} : { stuckMs });
  const running = startWorker(options);
  await running.ready;
  journal.write(lines(3));
  journal.board.close();
  await running.ended;
  return { ...kept, stats: running.stats(), written: readFileSync(out, 'utf8'), closed: existsSync(`${out}.closed`) };
}

t.test('a callback in its own thread gets everything, and its thread ends by itself', async (t) => {
  const { written, faults, stats, closed } = await deliverPast(t, '');
  t.equal(written, lines(3).join(''));
  t.same(faults, []);
  t.match(stats, { records: 3, failures: 0, restarts: 0 });
  t.ok(closed);
});

t.test('one that throws gets its batch again', async (t) => {
  const { written, faults, stats } = await deliverPast(t, 'throw');
  t.equal(written, lines(3).join(''));
  t.same(faults, [{ callback: 'mine', code: 'AUDIT_CALLBACK_FAILED', count: 1 }]);
  t.match(stats, { failures: 1, restarts: 0 });
});

const ENDED: readonly [string, string, string, number | undefined][] = [
  ['one that never answers is ended, started anew and given its batch again', 'hang', 'AUDIT_CALLBACK_STUCK', STUCK_MS],
  ['one that loops for ever is too', 'loop', 'AUDIT_CALLBACK_STUCK', STUCK_MS],
  ['one that calls process.exit ends its own thread alone, and is started anew', 'exit', 'AUDIT_THREAD', undefined],
  ['so does one that throws out of turn, and what it threw stands nowhere', 'throw later', 'AUDIT_THREAD', undefined],
];

for (const [title, fault, code, stuckMs] of ENDED) {
  t.test(title, BUFFERED, async (t) => {
    const { written, faults, logged, stats } = await deliverPast(t, fault, stuckMs);
    t.equal(written, lines(3).join(''));
    t.same(faults, [{ callback: 'mine', code, count: 1 }]);
    t.match(stats, { restarts: 1 });
    t.notMatch(logged.join(), /hunter2/);
  });
}

/** The `picky` fixture in a thread, over records that say a, bad, b, c, until all is delivered or `until` holds. */
async function runPicky(t: Test, options: object, isEnough?: (running: RunningCallback) => boolean) {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = ['a', 'bad', 'b', 'c'].map((text, index) => line(index, text));
  const out = join(folder, 'out');
  const { options: worker, ...kept } = workerDelivery(folder, journal, settingsFor(fixture('picky'), { options: { out, at: 'bad', ...options } }));
  const running = startWorker(worker);
  await running.ready;
  journal.write(texts);
  if (isEnough) await until(() => isEnough(running), 'enough', 100_000);
  else journal.board.close();
  if (isEnough) await running.stop(50);
  await running.ended;
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  return { ...kept, texts, stats: running.stats(), written: read(out), dead: read(deadPath(folder, 'mine')), cursor: readCursor(folder, 'mine') };
}

t.test('what it refuses is declared by the parent, and there is a figure of it', BUFFERED, async (t) => {
  const { declared, dead, texts, stats, written } = await runPicky(t, { how: 'refuse' });
  t.match(declared, [{ stage: 'callback', reason: 'too-large', callback: 'mine', records: 1 }]);
  t.equal(dead, texts[1]);
  t.equal(written, [texts[0], texts[2], texts[3]].join(''));
  t.match(stats, { state: 'ended', deadLetters: 1, records: 4, lagBytes: 0, ageS: 0, lastError: null });
});

t.test('a record that ends its thread each time goes to the dead letters, and the rest goes on', { ...BUFFERED, timeout: 120_000 }, async (t) => {
  const { declared, dead, texts, stats, written } = await runPicky(t, { how: 'exit' });
  t.match(declared, [{ stage: 'callback', reason: 'fatal', callback: 'mine', records: 1 }]);
  t.equal(dead, texts[1]);
  t.same([...new Set(written.split(/(?<=\n)/))].sort(), [texts[0], texts[2], texts[3]], 'all others are there');
  t.match(stats, { restarts: 8, deadLetters: 1, records: 4, lastError: 'AUDIT_THREAD' });
});

t.test('one that ends its thread at every record loses none, however often', { ...BUFFERED, timeout: 120_000 }, async (t) => {
  const { declared, stats, cursor } = await runPicky(t, { how: 'exit', at: '*' }, (running) => running.stats().restarts > 8);
  t.same(declared, []);
  t.match(cursor, { segment: 1, offset: 0, records: 0 });
  t.match(stats, { deadLetters: 0, lastError: 'AUDIT_THREAD' });
});

for (const [title, how, message] of [
  ['one that refuses its options', 'clearly', /url: is missing/],
  ['one that ends while it loads', 'exit', /its thread ended while it loaded/],
  ['one that never finishes loading', 'hang', /has not answered for 1.5 s/],
] as const) {
  t.test(`${title} is refused, once, and not tried again`, BUFFERED, async (t) => {
    const folder = t.testdir();
    const bounds = how === 'hang' ? { loadMs: STUCK_MS } : {};
    const { options, faults } = workerDelivery(folder, new HandMadeJournal(folder), settingsFor(fixture('refuses'), { options: { how } }), bounds);
    const running = startWorker(options);
    await t.rejects(running.ready, { code: 'AUDIT_CALLBACK_LOAD', message });
    await running.ended;
    t.same(faults, []);
    t.equal(running.stats().restarts, 0);
  });
}

t.test('one that the system refuses what it opens is a failure of the system, not of the configuration', BUFFERED, async (t) => {
  const folder = t.testdir();
  const settings = settingsFor(fixture('refuses'), { options: { how: 'system' } });
  const running = startWorker(workerDelivery(folder, new HandMadeJournal(folder), settings).options);
  await t.rejects(running.ready, {
    code: 'AUDIT_CALLBACK_FAILED',
    message: 'callback mine (./mine.js): cannot write its files (EACCES); give it a path in a folder that this user may write, on a disk with room',
  });
  await running.ended;
});

t.test('a new callback misses nothing that is written after its start, though its thread is not there yet', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(1));
  const out = join(folder, 'out');
  const running = startWorker(workerDelivery(folder, journal, settingsFor(fixture('collect'), { options: { out }, start: 'newest' })).options);
  journal.write(lines(1, 1));
  journal.board.close();
  await running.ended;
  t.equal(readFileSync(out, 'utf8'), lines(1, 1).join(''));
});

/** Starts it over one batch that hangs until it is aborted. */
async function startHanging(folder: string, start: typeof startWorker): Promise<RunningCallback> {
  const journal = new HandMadeJournal(folder);
  journal.write(lines(2));
  const options = { out: join(folder, 'out'), fault: 'hang', once: join(folder, 'once') };
  const running = start(workerDelivery(folder, journal, settingsFor(fixture('collect'), { options })).options);
  await running.ready;
  return running;
}

for (const [where, start] of [
  ['in a thread', startWorker],
  ['inline', startInline],
] as const) {
  t.test(`stop, ${where}: at the deadline its signal is aborted, and the cursor is kept`, async (t) => {
    const folder = t.testdir();
    const running = await startHanging(folder, start);
    await running.stop(50);
    const cursor = readCursor(folder, 'mine');
    t.ok(cursor !== 'unreadable' && (cursor?.records === 0 || cursor?.records === 2), 'a whole batch or none of it');
  });
}

t.test('stop ends a callback that loops, a little after the deadline', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const options = { out: join(folder, 'out'), fault: 'loop', once: join(folder, 'once') };
  const running = startWorker(workerDelivery(folder, journal, settingsFor(fixture('collect'), { options })).options);
  await running.ready;
  journal.write(lines(2));
  await running.stop(50);
  t.match(readCursor(folder, 'mine'), { records: 0 });
});
