import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySpool } from '../../src/view/verify.js';
import { startProxy, startServer } from '../harness.js';
import { until } from '../wait.js';
import { InTerminal, journalOf, type Place, placeOf, saidIn, sessionsOf } from './harness.js';

async function sound(t: Test, { folder }: Place): Promise<void> {
  t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true, damage: [] });
}

t.test('a proxy that starts takes the spool over from an owner in the background, and its sessions go on there', async (t) => {
  const place = placeOf(t);
  const screen = InTerminal.exec(t, place, ['cat']);
  await screen.type('before\r');
  await until(() => journalOf(place).some(({ text }) => text === 'before'), 'the first line in the record');
  const upstream = await startServer(t, (socket) => void socket.pipe(socket));
  const { running } = await startProxy(t, { upstream, set: ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK='file'"], folder: place.folder });
  await until(() => running.guests === 1, 'its session');
  await screen.type('after\r');
  await screen.shows('after\r\nafter');
  await screen.type('\x04');
  t.equal(await screen.end(), 0);
  await running.stop();
  const all = journalOf(place);
  const [first, second] = sessionsOf(all);
  t.equal(sessionsOf(all).length, 2);
  t.match(all.find((one) => one.topic === 'session.end' && one.session === first)?.data, { reason: 'shutdown', by: 'wirescribe' });
  t.equal(all.find((one) => one.topic === 'session.start' && one.session === second)?.data?.continues, first);
  t.match(saidIn(all, second).join('\n'), /< after/);
  t.match(all.find((one) => one.topic === 'session.end' && one.session === second)?.data, { reason: 'closed', exit: 0 });
  t.equal(all.find((one) => one.topic === 'session.start' && one.session === second)?.pid, process.pid);
  await sound(t, place);
});
