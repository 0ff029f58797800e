import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { AuditRecord } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { readCursor } from '../../../src/spool/delivery/cursor.js';
import { deadPath } from '../../../src/spool/delivery/dead-letters.js';
import { deliver } from '../../../src/spool/delivery/delivery.js';
import { maySpeakOfRecord, sift } from '../../../src/spool/delivery/poison.js';
import { fixture, inlineDelivery, settingsFor } from '../../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';
import { until } from '../../wait.js';

// What these wait for is time itself: side by side.
t.jobs = 4;
const BUFFERED = { buffered: true };

/** Sifts `count` records that say their numbers; `takes` decides of each try. Gives the tries as numbers, a `!` behind those that failed. */
async function tryOut(count: number, takes: (numbers: readonly number[], tries: number) => boolean, behind?: number) {
  const records = recordsOf(Array.from({ length: count }, (_, index) => line(index, String(index))).join(''));
  const tries: string[] = [];
  const give = async (given: readonly AuditRecord[]) => {
    const numbers = given.map(({ text }) => Number(text));
    const taken = takes(numbers, tries.length);
    tries.push(`${numbers.join(' ')}${taken ? '' : '!'}`);
    return taken;
  };
  const next = behind === undefined ? undefined : recordsOf(line(behind, String(behind)))[0];
  return { ...(await sift(records, { give, behind: () => next })), tries };
}

t.test('what holds no poison is taken, in growing parts', async (t) => {
  t.same(await tryOut(8, () => true), { taken: 8, poison: false, tries: ['0', '1 2', '3 4 5 6', '7'] });
});

t.test('the poison is found, and proven by the record behind it', async (t) => {
  const { tries, ...found } = await tryOut(16, (numbers) => !numbers.includes(9));
  t.same(found, { taken: 9, poison: true });
  t.same(tries, ['0', '1 2', '3 4 5 6', '7 8 9 10 11 12 13 14!', '7 8 9 10!', '7 8', '9!', '10', '9!']);
});

t.test('while everything fails, two tries show it and nothing is proven', async (t) => {
  t.same(await tryOut(1_000, () => false), { taken: 0, poison: false, tries: ['0!', '1!'] });
});

t.test('the last record is proven by the one behind the batch, and not without one', async (t) => {
  t.same(await tryOut(1, ([number]) => number !== 0, 7), { taken: 0, poison: true, tries: ['0!', '7', '0!'] });
  t.same(await tryOut(1, ([number]) => number !== 0), { taken: 0, poison: false, tries: ['0!'] });
});

t.test('one that is taken the third time is no poison', async (t) => {
  t.same(await tryOut(2, ([number], tries) => number !== 0 || tries === 2), { taken: 1, poison: false, tries: ['0!', '1', '0'] });
});

t.test('a poison among a thousand is found with few tries', async (t) => {
  for (const bad of [0, 1, 511, 998, 999]) {
    const { tries, ...found } = await tryOut(1_000, (numbers) => !numbers.includes(bad), 1_000);
    t.same(found, { taken: bad, poison: true });
    t.ok(tries.length < 30 && tries.filter((one) => one.endsWith('!')).length <= 12, `${tries.length} tries for number ${bad}`);
  }
});

t.test('what the system says, and what is said to be retriable, is never held against a record', (t) => {
  const withCode = (code: string) => Object.assign(new Error(), { code });
  for (const error of [withCode('ECONNREFUSED'), withCode('ENOSPC'), Object.assign(new TypeError(), { retriable: true })])
    t.notOk(maySpeakOfRecord(error));
  for (const error of [withCode('EMSGSIZE'), withCode('MINE'), new TypeError(), 'no', undefined, null]) t.ok(maySpeakOfRecord(error));
  t.end();
});

t.test('a record that a callback throws at each time goes to the dead letters, and the rest goes on', BUFFERED, async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = [...lines(5), line(5, 'bad'), ...lines(5, 6)];
  journal.write(texts);
  journal.board.close();
  const settings = settingsFor(fixture('picky'), { options: { out: join(folder, 'out'), at: 'bad', how: 'throw' } });
  const { options, declared, logged } = inlineDelivery(folder, journal, settings);
  await deliver(options);
  const written = readFileSync(join(folder, 'out'), 'utf8').split(/(?<=\n)/);
  t.same([...new Set(written)].sort(), [...lines(5), ...lines(5, 6)].sort(), 'all others are there');
  t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), texts[5]);
  t.match(declared, [{ reason: 'refused', records: 1 }]);
  t.same(logged.at(-1), 'AUDIT_CALLBACK_FAILED: callback mine: cannot take 1 of its records (refused, RangeError); they are in its dead letters');
  t.notMatch(logged.join(), /hunter2/);
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 11 });
});

t.test('so does one that the simple form throws at each time', BUFFERED, async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = ['a', 'poison', 'b'].map((text, index) => line(index, text));
  journal.write(texts);
  journal.board.close();
  process.env.COLLECT_OUT = join(folder, 'simple.out');
  const { options, declared } = inlineDelivery(folder, journal, settingsFor(fixture('simple')));
  await deliver(options);
  t.equal(readFileSync(join(folder, 'simple.out'), 'utf8'), `${texts[0]}${texts[2]}${texts[2]}`, 'the record behind it comes twice');
  t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), texts[1]);
  t.match(declared, [{ reason: 'refused', records: 1 }]);
});

t.test('the last record of the journal waits for one behind it', BUFFERED, async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(0, 'bad')]);
  const settings = settingsFor(fixture('picky'), { options: { out: join(folder, 'out'), at: 'bad', how: 'throw' }, batchRecords: 1 });
  let errors = 0;
  const { options, declared } = inlineDelivery(folder, journal, settings);
  const ended = deliver({ ...options, onError: () => errors++ });
  await until(() => errors > 6, 'more tries than it takes to look for a poison');
  t.same(declared, []);
  journal.write(lines(1, 1));
  await until(() => declared.length === 1, 'the gap');
  journal.board.close();
  await ended;
  t.match(readFileSync(join(folder, 'out'), 'utf8'), lines(1, 1)[0]);
});

t.test('a callback that is down loses nothing, however long', BUFFERED, async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write(lines(20));
  const [out, down] = [join(folder, 'out'), join(folder, 'down')];
  writeFileSync(down, '');
  let errors = 0;
  const { options, declared } = inlineDelivery(folder, journal, settingsFor(fixture('picky'), { options: { out, down } }));
  const ended = deliver({ ...options, onError: () => errors++ });
  await until(() => errors > 8, 'it was looked for a poison');
  rmSync(down);
  journal.board.close();
  await ended;
  t.equal(readFileSync(out, 'utf8'), lines(20).join(''));
  t.same(declared, []);
});
