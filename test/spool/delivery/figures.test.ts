import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startInline, startWorker } from '../../../src/spool/delivery/workers.js';
import { fixture, settingsFor, workerDelivery } from '../../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';

const bytes = (texts: readonly string[]): number => Buffer.byteLength(texts.join(''));

for (const [where, start] of [
  ['in a thread', startWorker],
  ['inline', startInline],
] as const) {
  t.test(`the figures of a callback that is down and comes back, ${where}`, async (t) => {
    const folder = t.testdir();
    const journal = new HandMadeJournal(folder);
    const [out, down] = [join(folder, 'out'), join(folder, 'down')];
    writeFileSync(down, '');
    const running = start(workerDelivery(folder, journal, settingsFor(fixture('picky'), { options: { out, down } })).options);
    t.equal(running.stats().state, 'loading');
    await running.ready;
    t.match(running.stats(), { state: 'waiting', cursor: { segment: 1, offset: 0 }, records: 0, lagBytes: 0, ageS: 0, rate: 0, lastError: null });

    const ageS = (Date.now() - Date.parse('2026-01-31T12:00:01.123456Z')) / 1000;
    journal.write(lines(3));
    journal.nextSegment();
    journal.write(lines(2, 3));
    await until(() => running.stats().retries >= 2 && running.stats().lastError !== null, 'two tries');
    const stuck = running.stats();
    t.match(stuck, { state: 'retrying', records: 0, lagBytes: bytes(lines(5)), lastError: 'MY_BROKER_IS_DOWN', restarts: 0, deadLetters: 0 });
    t.ok(stuck.failures >= 2);
    t.ok(stuck.ageS !== null && stuck.ageS >= ageS && stuck.ageS < ageS + 60, 'the age of its oldest record');

    rmSync(down);
    await until(() => running.stats().cursor.offset === journal.durable.offset, 'all five records');
    t.match(running.stats(), { state: 'waiting', cursor: journal.durable, records: 5, retries: 0, lagBytes: 0, ageS: 0 });
    await until(() => running.stats().rate > 0, 'a rate');
    t.ok(running.stats().rate <= 5);
    await running.stop(1_000);
    t.equal(running.stats().state, 'ended');
  });
}

t.test('one that does not answer is stuck long before it is ended, and then it restarts', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(0, 'a')]);
  const options = { out: join(folder, 'out'), fault: 'loop', once: join(folder, 'once') };
  const running = startWorker(workerDelivery(folder, journal, settingsFor(fixture('collect'), { options }), { stuckMs: 2_000 }).options);
  await running.ready;
  await until(() => running.stats().state === 'stuck', 'stuck');
  t.equal(running.stats().restarts, 0);
  await until(() => running.stats().restarts === 1, 'a restart');
  t.equal(running.stats().lastError, 'AUDIT_CALLBACK_STUCK');
  await until(() => running.stats().records === 1, 'its record');
  await running.stop(1_000);
});

t.test('the age is unknown where the line is damaged', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(['{"v":"1.0","id":"018\n']);
  const options = { out: join(folder, 'out'), fault: 'hang', once: join(folder, 'once') };
  const running = startInline(workerDelivery(folder, journal, settingsFor(fixture('collect'), { options })).options);
  await running.ready;
  t.match(running.stats(), { state: 'running', ageS: null, lagBytes: 21 });
  await running.stop(0);
});
