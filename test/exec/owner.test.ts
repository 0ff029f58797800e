import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySpool } from '../../src/view/verify.js';
import { until } from '../wait.js';
import { InTerminal, isAlive, journalOf, kill, ownersOf, type Place, pipeThrough, placeOf, saidIn, sessionsOf } from './harness.js';

async function sound(t: Test, { folder }: Place): Promise<void> {
  t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true, damage: [] });
}

t.test('many at once without an owner: one becomes it, all are recorded, each for itself', async (t) => {
  const place = placeOf(t);
  const runs = await Promise.all(Array.from({ length: 5 }, (_, index) => pipeThrough(place, ['sh', '-c', `echo I am ${index}; exit ${index}`])));
  t.same(
    runs.map(({ code, err }) => [code, err]),
    [0, 1, 2, 3, 4].map((code) => [code, '']),
  );
  const all = journalOf(place);
  const said = sessionsOf(all).map((session) => saidIn(all, session).filter((one) => one.startsWith('<')));
  t.same(said.flat().sort(), ['< I am 0', '< I am 1', '< I am 2', '< I am 3', '< I am 4']);
  t.equal(new Set(all.map(({ pid }) => pid)).size, 1);
  await sound(t, place);
});

t.test('the owner is killed: the program goes on, another owner is found, and what was typed meanwhile is kept', async (t) => {
  const place = placeOf(t);
  const screen = InTerminal.exec(t, place, ['cat']);
  await screen.type('before\r');
  await until(() => journalOf(place).some(({ text }) => text === 'before'), 'the first line in the record');
  const [owner = 0] = ownersOf(place.folder);
  kill(owner, 'SIGKILL');
  await until(() => !isAlive(owner), 'the end of the owner');
  await screen.type('during\r');
  await screen.shows('during\r\nduring');
  await until(() => ownersOf(place.folder).length === 2, 'another owner');
  await screen.type('after\r');
  await screen.shows('after\r\nafter');
  await screen.type('\x04');
  t.equal(await screen.end(), 0);
  const all = journalOf(place);
  const [first, second] = sessionsOf(all);
  t.same(saidIn(all, first).slice(-2), ['audit.gap', 'session.end']);
  const later = saidIn(all, second);
  t.match(later.join(), /< during/);
  t.match(later.join(), /< after/);
  t.equal(later.at(-1), 'session.end');
  await sound(t, place);
});
