/** A new version takes over while people play: real processes, a real server, and nobody notices. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askOwner } from '../src/view/control.js';
import { InTerminal } from './exec/harness.js';
import { begin, Client, chainOf, delivered, goingIn, inputsOf, type Seen, sessionOf, sound, start, worldOf } from './handover.js';
import { folderOf, records } from './harness.js';
import { until } from './wait.js';

const ask = (folder: string) =>
  askOwner(join(folder, 'audit/spool'), { command: 'stats' }, () => undefined) as Promise<{ pid: number; oldSides: object[] }>;

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
  t.match(await until(async () => (await ask(world.folder))?.oldSides[0], 'the old side in stats'), { pid: old.pid });
  await alice.say('three');
  await delivered(world, 'three');
  old.kill('SIGHUP');
  await old.says(new RegExp(`AUDIT_USAGE: this process has handed over to process ${heir.pid}; ask that one`));
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
  t.match(
    [chainOf(all, first).at(-1), chainOf(all, second).at(-1)],
    [
      { topic: 'session.end', data: { reason: 'closed', by: 'client' }, pid: old.pid },
      { topic: 'session.end', pid: heir.pid },
    ],
  );
  t.same(
    all.filter(({ topic }) => topic === 'audit.gap' || topic === 'audit.fault'),
    [],
  );
  t.same(goingIn(world), [], 'nothing is left of it');
});

t.test('whoever connects while it is handed over, twice, is served; and a session may outlive two handovers', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const guest = await Client.at(old.address);
  await guest.say('guest one');
  let going = true;
  let served = 0;
  const coming = (async () => {
    while (going) {
      const one = await Client.at(old.address);
      await one.say(`visitor ${served++}`);
      await one.leave();
    }
  })();
  const second = await old.handsOver();
  const inSecond = await Client.at(old.address);
  await inSecond.say('second one');
  second.kill('SIGUSR2');
  const third = await until(() => old.heirs[1], 'the third process', 60_000);
  await guest.say('guest two');
  await inSecond.say('second two');
  await until(() => served > 20, 'some visitors');
  going = false;
  await coming;
  for (const one of [guest, inSecond]) await one.leave();
  t.equal(await old.exit, 0);
  await second.gone();
  third.kill('SIGTERM');
  await third.gone();
  const all = await sound(t, world);
  t.same(inputsOf(all, await sessionOf(world, 'guest one')), ['guest one', 'guest two']);
  t.same(inputsOf(all, await sessionOf(world, 'second one')), ['second one', 'second two']);
  const visitors = all.filter(({ direction, text }) => direction === 'RCV' && text?.startsWith('visitor'));
  t.same(new Set(visitors.map(({ text }) => text)).size, served, 'each is recorded');
});

t.test('run --handover starts another configuration; one that is wrong changes nothing, and is said', async (t) => {
  const world = await worldOf(t);
  const file = join(world.folder, 'server.conf');
  writeFileSync(file, 'AUDIT_MASKS = []\n');
  const old = await start(t, world, ['--config', file]);
  const alice = await Client.at(old.address);
  await alice.say('one');
  writeFileSync(file, "AUDIT_MASKS = [{'broken': '('}]\n");
  const broken = begin(t, world, ['--config', file, '--handover']);
  t.equal(await broken.exit, 2);
  t.match(broken.printed, /^AUDIT_MASK_PATTERN: .*server\.conf:1:/m);
  old.kill('SIGUSR2');
  const said = () => old.printed.split('AUDIT_MASK_PATTERN').length - 1;
  await until(() => said() >= 3, 'the error of both, and once more as the reason that nothing was handed over', 60_000);
  writeFileSync(file, 'AUDIT_MASKS = []\n');
  const elsewhere = begin(t, { ...world, set: [...world.set, `SPOOL_DIR='${join(world.folder, 'audit/spool')}'`] }, [
    '--handover',
    '--set',
    'AUDIT_ACTIVATE=False',
  ]);
  t.equal(await elsewhere.exit, 3);
  t.match(elsewhere.printed, /AUDIT_HANDOVER: sessions that go on are recorded in the spool/);
  t.match(await ask(world.folder), { pid: old.pid, oldSides: [] });
  await alice.say('two');
  writeFileSync(file, "AUDIT_MASKS = [{'word': '(?P<secret>xyzzy)'}]\n");
  const good = begin(t, world, ['--config', file, '--handover']);
  t.equal(await good.exit, 0);
  const pid = Number(/^main {2}\S+ -> \S+\nprocess (\d+) has taken over; /.exec(good.printed)?.[1]);
  t.match(await ask(world.folder), { pid });
  const bob = await Client.at(old.address);
  await bob.say('xyzzy');
  await alice.say('xyzzy again');
  await delivered(world, '********');
  await delivered(world, 'xyzzy again');
  for (const one of [alice, bob]) await one.leave();
  t.equal(await old.exit, 0);
  const [heir] = old.heirs as [Seen];
  heir.kill('SIGTERM');
  await heir.gone();
  await sound(t, world);
  const nobody = begin(t, world, ['--handover']);
  t.equal(await nobody.exit, 3);
  t.match(nobody.printed, /AUDIT_HANDOVER: nobody owns the spool .*; start without --handover/);
});

t.test('a unix socket stays where it is', async (t) => {
  const path = join(folderOf(t), 'in.sock');
  const world = await worldOf(t, { listen: `unix:${path}` });
  const old = await start(t, world);
  const inode = statSync(path).ino;
  const alice = await Client.at(old.address);
  await alice.say('one');
  const heir = await old.handsOver();
  t.equal(statSync(path).ino, inode);
  const bob = await Client.at(old.address);
  await bob.say('hello');
  await alice.say('two');
  for (const one of [alice, bob]) await one.leave();
  t.equal(await old.exit, 0);
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  t.same(inputsOf(all, await sessionOf(world, 'one')), ['one', 'two']);
});

t.test(
  'SIGTERM ends the sessions of the old process, and what was said in them is passed on; also where the new one is stopped with it',
  async (t) => {
    for (const both of [false, true]) {
      const world = await worldOf(t);
      const old = await start(t, world);
      const alice = await Client.at(old.address);
      await alice.say('one');
      const heir = await old.handsOver();
      await alice.say('two');
      if (both) heir.kill('SIGTERM');
      old.kill('SIGTERM');
      t.equal(await old.exit, 0, old.printed);
      if (!both) heir.kill('SIGTERM');
      await heir.gone();
      const all = await sound(t, world);
      const chain = chainOf(all, await sessionOf(world, 'one'));
      t.same(inputsOf(all, chain[0]?.session as string), ['one', 'two']);
      t.match(chain.at(-1), { topic: 'session.end', data: { reason: 'shutdown' } });
      t.same(goingIn(world), []);
    }
  },
);

t.test('a record that is longer than any frame of exec is passed on as well', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  const heir = await old.handsOver();
  const long = 'long words '.repeat(4_000).trimEnd();
  await alice.say(`\x1b[1m${long}`);
  await alice.say('two');
  await alice.leave();
  t.equal(await old.exit, 0, old.printed);
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  const said = all.find(({ direction, text }) => direction === 'SND' && text?.includes(long)) as { readonly raw?: string } | undefined;
  t.ok(said?.raw?.includes(long), 'as text and as it was sent: 88,000 bytes');
  t.equal(inputsOf(all, await sessionOf(world, 'one')).at(-1), 'two');
});

t.test('a redaction at the new owner erases what the old one recorded, and not what it says from then on', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('my name is known');
  const heir = await old.handsOver();
  await alice.say('said after');
  const session = await delivered(world, 'said after');
  const request = { part: 'both', session, by: 'test', why: 'asked' };
  const done = await askOwner(join(world.folder, 'audit/spool'), { command: 'redact', request, look: false }, () => undefined);
  t.match(done, { lines: Number });
  await alice.say('said later');
  await delivered(world, 'said later');
  await alice.leave();
  t.equal(await old.exit, 0);
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  t.same(inputsOf(all, session), [undefined, undefined, 'said later']);
  const who = records(world.folder).filter((one) => one.session === session && 'who_salt' in one) as { seq?: number }[];
  t.ok(who.length > 0 && who.every(({ seq = 0 }) => seq > 4), 'whos behind the cut stay, and no other');
});

t.test('exec goes on at the new process', async (t) => {
  const world = await worldOf(t);
  const old = await start(t, world);
  const screen = InTerminal.exec(t, world, ['cat']);
  await screen.type('before\r');
  await delivered(world, 'before');
  const heir = await old.handsOver();
  t.equal(await old.exit, 0, 'nothing goes on at the old one');
  await screen.type('after\r');
  await delivered(world, 'after');
  await screen.type('\x04');
  t.equal(await screen.end(), 0);
  heir.kill('SIGTERM');
  await heir.gone();
  const all = await sound(t, world);
  const [first, second] = [await sessionOf(world, 'before'), await sessionOf(world, 'after')];
  t.match(chainOf(all, first).at(-1), { topic: 'session.end', data: { reason: 'shutdown' }, pid: old.pid });
  t.match(chainOf(all, second)[0], { topic: 'session.start', pid: heir.pid });
  t.match(chainOf(all, second).at(-1), { topic: 'session.end', data: { exit: 0 } });
});

t.test('a plain proxy hands over its sockets, and has nothing to pass on', async (t) => {
  const world = await worldOf(t, { set: ['AUDIT_ACTIVATE=False'] });
  const old = await start(t, world);
  const alice = await Client.at(old.address);
  await alice.say('one');
  const heir = await old.handsOver();
  await alice.say('two');
  const bob = await Client.at(old.address);
  await bob.say('hello');
  for (const one of [alice, bob]) await one.leave();
  t.equal(await old.exit, 0);
  heir.kill('SIGTERM');
  await heir.gone();
  t.same(records(world.folder), []);
});
