/** kill -9 of every process that takes part in a handover, and of a thread: nobody's session ends with another process, and no record is lost or comes twice. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Running } from '../src/run/running.js';
import { Client, chainOf, delivered, goingIn, inputsOf, Seen, sessionOf, sound, start, type World, worldOf } from './handover.js';
import { dialTo, records, startProxy, startServer } from './harness.js';
import { until } from './wait.js';

/** The process that this one has started. */
function childOf(pid: number): Seen | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : new Seen(Number(children.split(' ').at(-1)));
}

const hasControl = ({ folder }: World): boolean => existsSync(join(folder, 'audit/spool/control.sock'));

t.test('the new process is killed before it has proven its configuration: nothing has changed', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  old.kill('SIGUSR2');
  const child = await until(() => childOf(old.pid), 'the new process');
  await child.killed();
  await old.says(/AUDIT_HANDOVER: the new process ended before it could take over/);
  await alice.say('two');
  const bob = await Client.at(old.address);
  await bob.say('hello');
  await old.handsOver();
  await alice.say('three');
  for (const one of [alice, bob]) await one.leave();
  t.equal(await old.exit, 0);
  const [heir] = old.heirs as [Seen];
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  t.same(inputsOf(all, await sessionOf(world, 'one')), ['one', 'two', 'three']);
});

t.test('the new process is killed when it has taken the spool: the old one takes it back, listens, and records all', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const { address } = old;
  const alice = await Client.at(address);
  await alice.say('one');
  old.kill('SIGUSR2');
  const child = await until(() => childOf(old.pid), 'the new process');
  await until(() => goingIn(world).length > 0 && !hasControl(world), 'the spool to be given up', 60_000);
  await child.killed();
  await alice.say('two');
  await old.says(/the new process failed when it took over; the spool is taken back/);
  const bob = await Client.at(address);
  await bob.say('hello');
  await delivered(world, 'two');
  const heir = await old.handsOver();
  await alice.say('three');
  await bob.say('again');
  for (const one of [alice, bob]) await one.leave();
  t.equal(await old.exit, 0);
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  t.same(inputsOf(all, await sessionOf(world, 'one')), ['one', 'two', 'three']);
  t.same(inputsOf(all, await sessionOf(world, 'hello')), ['hello', 'again']);
  t.same(
    all.filter(({ topic }) => topic === 'audit.gap'),
    [],
  );
});

t.test('the new owner is killed: sessions in the old process go on, and the next start has all of them', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  const heir = await old.handsOver();
  const bob = await Client.at(old.address);
  await bob.say('hello');
  await alice.say('two');
  await delivered(world, 'hello');
  await heir.killed();
  await alice.say('three');
  const third = await start(t, world);
  await alice.say('four');
  await delivered(world, 'four');
  await alice.leave();
  t.equal(await old.exit, 0);
  third.kill('SIGTERM');
  t.equal(await third.exit, 0);
  const all = await sound(t, world);
  const chain = chainOf(all, await sessionOf(world, 'one'));
  t.same(inputsOf(all, chain[0]?.session as string), ['one', 'two', 'three', 'four']);
  t.notOk(chain.some(({ topic }) => topic === 'audit.gap'));
  t.match(chainOf(all, await sessionOf(world, 'hello')).at(-1), { topic: 'session.end', data: { reason: 'crash' } });
  t.same(goingIn(world), []);
});

t.test('the old process is killed: the owner ends its sessions as after a crash, while it runs', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  const heir = await old.handsOver();
  await alice.say('two');
  const session = await delivered(world, 'two');
  await old.killed();
  const end = await until(() => records(world.folder).find((one) => one.session === session && one.topic === 'session.end'), 'its end', 60_000);
  t.match(end, { data: { reason: 'crash', by: 'wirescribe' }, pid: heir.pid });
  await until(() => goingIn(world).length === 0, 'its file to go');
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  t.match(chainOf(all, session).at(-2), { topic: 'audit.gap', data: { reason: 'crash' } });
});

const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK='file'", 'AUDIT_MASK_PACKS=[]'];

/** Both sides in this process, with a session at the old one. */
async function bothSides(t: Test) {
  const upstream = await startServer(t, (socket) => void socket.pipe(socket));
  const { running: old, address, folder } = await startProxy(t, { upstream, set: SET });
  const alice = new Client(await dialTo(address));
  await alice.say('one');
  await old.leave();
  const { running: heir } = await startProxy(t, { upstream, set: SET, folder });
  await alice.say('two');
  const world = { folder, set: SET };
  await delivered(world, 'two');
  const end = async () => {
    await alice.leave();
    await until(() => old.deserted, 'the end of the old side');
    await old.stop();
    t.notOk(old.lost);
    await heir.stop();
    const all = await sound(t, world);
    return { all, chain: chainOf(all, await sessionOf(world, 'one')) };
  };
  return { old, heir, alice, world, end };
}

/** Ends an audit thread, and waits for the next one. */
async function endThread(running: Running): Promise<void> {
  const before = running.auditThread;
  await before?.terminate();
  await until(() => running.auditThread && running.auditThread !== before, 'another audit thread');
}

t.test('the audit thread of the new owner dies: what the old side passed on is passed on again, and stands there once', async (t) => {
  const { heir, alice, world, end } = await bothSides(t);
  await endThread(heir);
  for (const line of ['three', 'four']) await alice.say(line);
  await endThread(heir);
  for (const line of ['five', 'six']) await alice.say(line);
  await delivered(world, 'six');
  const { chain } = await end();
  t.same(inputsOf(chain, chain[0]?.session as string), ['one', 'two', 'three', 'four', 'five', 'six']);
  t.notOk(chain.some(({ topic }) => topic === 'audit.gap'));
});

t.test('the audit thread of the old side dies: it is started again, and says what it may have missed, in the same chain', async (t) => {
  const { old, alice, world, end } = await bothSides(t);
  await endThread(old);
  // The first goes with the gap, and then the audit is careful with three lines.
  for (const line of ['three', 'four', 'five', 'six', 'seven']) await alice.say(line);
  await delivered(world, 'seven');
  const { all, chain } = await end();
  t.match(
    chain.filter(({ data }) => data?.reason === 'audit-restarted').map(({ topic, data }) => [topic, data?.direction]),
    [
      ['audit.gap', 'RCV'],
      ['audit.gap', 'SND'],
    ],
  );
  t.same(inputsOf(all, chain[0]?.session as string).at(-1), 'seven');
  t.match(chain.at(-1), { topic: 'session.end', data: { reason: 'closed' } });
  t.ok(all.some(({ topic, data }) => topic === 'audit.fault' && data?.code === 'audit-thread'));
});
