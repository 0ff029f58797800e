/** A new version takes over while people play: real processes, a real server, and nobody notices. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Client, chainOf, delivered, inputsOf, sessionOf, sound, start, worldOf } from './handover.js';

t.test('sessions go on in the old process, new ones begin in the new one, and each has one chain', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  await delivered(world, 'one');
  const heir = await old.handsOver();
  await alice.say('two');
  const bob = await Client.at(old.address);
  await bob.say('hello');
  await alice.say('three');
  await delivered(world, 'three');
  await alice.leave();
  t.equal(await old.exit, 0, 'the old one ends with its last session');
  await bob.say('bye');
  await bob.leave();
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  const [first, second] = [await sessionOf(world, 'one'), await sessionOf(world, 'hello')];
  t.same(inputsOf(all, first), ['one', 'two', 'three']);
  t.same(inputsOf(all, second), ['hello', 'bye']);
  const ends = [chainOf(all, first).at(-1), chainOf(all, second).at(-1)];
  t.match(ends, [
    { topic: 'session.end', data: { reason: 'closed', by: 'client' }, pid: old.pid },
    { topic: 'session.end', pid: heir.pid },
  ]);
  t.same(
    all.filter(({ topic }) => topic === 'audit.gap' || topic === 'audit.fault'),
    [],
  );
  t.same(readdirSync(join(world.folder, 'audit/spool/going')), [], 'nothing is left of it');
});
