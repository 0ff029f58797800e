import t from 'tap';
import { Leaving } from '../../src/handover/leaving.js';
import { OldSides } from '../../src/handover/old-sides.js';
import { GoingFile, listGoing } from '../../src/spool/going.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const id = (last: number): string => `019b7ca9-8c88-7000-8000-00000000000${last}`;
const LOG = { info: () => undefined, warn: () => undefined };

t.test('sessions of those that live are known; of one that has died they are ended, once what it said last has come', async (t) => {
  const folder = folderOf(t);
  const [living, dead] = [new GoingFile(folder, [id(1)]), new GoingFile(folder, [id(2), id(3)])];
  dead.abandon();
  const ended: string[] = [];
  let connected = [{ name: dead.name, sessions: 2 }];
  let durable = false;
  const old = new OldSides({
    folder,
    connected: () => connected,
    crashed: async (sessions) => {
      ended.push(...sessions);
      return durable;
    },
  });
  t.same(old.sessions.sort(), [id(1), id(2), id(3)]);
  t.ok(old.isAnyAlive);
  t.same(old.stats, [
    { pid: process.pid, connected: false, sessions: null },
    { pid: process.pid, connected: true, sessions: 2 },
  ]);
  old.watch();
  t.same(ended, [], 'its last words are on their way');
  connected = [];
  await until(() => ended.length === 2, 'its sessions to be ended');
  t.same(listGoing(folder).length, 2, 'not durable yet');
  durable = true;
  await until(() => listGoing(folder).length === 1, 'its file to go');
  t.same(old.sessions, [id(1)]);
  living.remove();
  await until(() => old.stats.length === 0, 'the other to go');
  t.notOk(old.isAnyAlive);
  old.close();
});

t.test(
  'what goes on is named before the spool is free: also what begins or is found later; what was not passed on is left to the owner',
  async (t) => {
    const folder = folderOf(t);
    const leaving = new Leaving({ folder, log: LOG, sessions: [id(1)], passed: () => undefined });
    const sessions = () => new OldSides({ folder, connected: () => [], crashed: async () => true }).sessions;
    t.equal(leaving.state, undefined, 'the spool is not given up yet');
    leaving.gaveUp([
      { id: id(1), seq: 3 },
      { id: id(2), seq: 0 },
    ]);
    leaving.began(id(3));
    t.same(sessions(), [id(1), id(2), id(3)]);
    leaving.add([{ session: id(1), seq: 4, ends: true, text: 'x' }]);
    t.same(leaving.state, { sessions: [{ id: id(2), seq: 0 }], waiting: 1 });
    t.equal(await leaving.end(10), 1);
    t.same(sessions(), [id(1), id(2), id(3)]);
    const other = new Leaving({ folder: folderOf(t), log: LOG, sessions: [], passed: () => undefined });
    other.gaveUp([]);
    t.equal(await other.end(10), 0);
  },
);
