import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SocketAddress } from '../../src/bridge/address.js';
import { Bridge } from '../../src/bridge/bridge.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';
import { bridgeTo, deafServer, dialTo, Keeper, listener, read, readAll, Upstream } from './ends.js';

const unixIn = (t: Test, name: string): SocketAddress => ({ scheme: 'unix', path: join(folderOf(t), name) });
const tcp = (host = '127.0.0.1'): SocketAddress => ({ scheme: 'tcp', host, port: 0 });
const telnet: SocketAddress = { scheme: 'telnet', host: '127.0.0.1', port: 0 };

const ROUTES: readonly [string, (t: Test) => SocketAddress, { host: string } | 'unix', object][] = [
  ['telnet to telnet', () => telnet, { host: '127.0.0.1' }, { wire: 'telnet', protocol: 'telnet', ip: '127.0.0.1' }],
  ['tcp to tcp', () => tcp(), { host: '127.0.0.1' }, { wire: 'plain', protocol: 'tcp', ip: '127.0.0.1' }],
  ['tcp to unix', () => tcp(), 'unix', { wire: 'plain', protocol: 'tcp', ip: '127.0.0.1' }],
  ['unix to telnet', (t) => unixIn(t, 'in.sock'), { host: '127.0.0.1' }, { wire: 'telnet', protocol: 'unix', ip: undefined, port: undefined }],
  ['unix to unix', (t) => unixIn(t, 'in.sock'), 'unix', { wire: 'telnet', protocol: 'unix' }],
  ['IPv6 to IPv6', () => tcp('::1'), { host: '::1' }, { wire: 'plain', protocol: 'tcp', ip: '::1' }],
  ['every address to IPv6', () => tcp('::'), { host: '::1' }, { wire: 'plain', protocol: 'tcp', ip: '127.0.0.1' }],
];

for (const [title, listenAt, server, open] of ROUTES) {
  t.test(`${title}: bytes pass both ways, and the record says what came from where`, async (t) => {
    const listen = listenAt(t);
    const upstream = await Upstream.listen(t, server === 'unix' ? { path: join(folderOf(t), 'up.sock') } : server);
    const { keeper, address } = await bridgeTo(t, upstream.address, { listen });
    const client = await dialTo(t, address.scheme !== 'unix' && address.host === '::' ? { ...address, host: '127.0.0.1' } : address);
    const other = await upstream.accept();
    client.end(Buffer.from([0x6c, 0xff, 0xfd, 0x57]));
    other.end(Buffer.from([0xff, 0xff, 0x6f]));
    t.same(await readAll(other), Buffer.from([0x6c, 0xff, 0xfd, 0x57]));
    t.same(await readAll(client), Buffer.from([0xff, 0xff, 0x6f]));
    t.match(await keeper.ended(), { reason: 'closed', bytesIn: 4, bytesOut: 3 });
    t.match(keeper.sessions[0]?.open, open);
  });
}

t.test('several listeners of one bridge keep their servers and their names apart', async (t) => {
  const [one, two] = [await Upstream.listen(t), await Upstream.listen(t)];
  const keeper = new Keeper();
  const bridge = new Bridge({
    listeners: [
      listener(one.address, { name: 'one' }),
      listener(two.address, { name: 'two', active: false }),
      listener(one.address, { name: 'three' }),
    ],
    recorder: keeper,
    newId: () => 'id',
  });
  t.teardown(() => bridge.close(0));
  const opened = await bridge.open();
  t.same(
    opened.map(({ name }) => name),
    ['one', 'two', 'three'],
  );
  for (const [index, upstream] of [one, two, one].entries()) {
    const client = await dialTo(t, opened[index]?.listen as SocketAddress);
    client.write(`to ${index}`);
    t.equal((await read(await upstream.accept(), 4)).toString(), `to ${index}`);
  }
  t.same(
    keeper.sessions.map(({ open, RCV }) => [open.listener, Buffer.concat(RCV).toString()]),
    [
      ['one', 'to 0'],
      ['three', 'to 2'],
    ],
    'one with AUDIT_ACTIVATE = False passes, and is not recorded',
  );
});

t.test('a server that goes in the middle of a session ends it, and the client is let go', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, dial } = await bridgeTo(t, upstream.address);
  const client = await dial();
  const server = await upstream.accept();
  server.write('You are in a maze');
  await read(client, 17);
  server.destroy();
  t.equal((await readAll(client)).toString(), '');
  client.end();
  t.same(await keeper.ended(), { reason: 'closed', by: 'server', bytesIn: 0, bytesOut: 17 });
});

t.test('policy close: who comes while there is no room is not let in, and leaves no trace', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, dial } = await bridgeTo(t, upstream.address, { policy: 'close' });
  keeper.full = true;
  const client = await dial();
  await readAll(client).catch(() => undefined);
  t.same(keeper.sessions, []);
  keeper.full = false;
  const later = await dial();
  later.write('hello');
  t.equal((await read(await upstream.accept(), 5)).toString(), 'hello');
});

t.test('policy pause: who comes while there is no room waits, and is served when there is', async (t) => {
  const upstream = await Upstream.listen(t);
  const { bridge, keeper, dial } = await bridgeTo(t, upstream.address, { policy: 'pause' });
  keeper.full = true;
  const client = await dial();
  client.write('hello');
  const server = await upstream.accept();
  await until(() => bridge.sessions === 1, 'the session');
  t.same(keeper.sessions[0]?.RCV, []);
  keeper.full = false;
  bridge.room();
  t.equal((await read(server, 5)).toString(), 'hello');
});

t.test('close ends every session, tells both sides, and resolves when all are gone', async (t) => {
  const upstream = await Upstream.listen(t);
  const { bridge, keeper, dial } = await bridgeTo(t, upstream.address);
  const client = await dial();
  const server = await upstream.accept();
  client.write('last');
  await read(server, 4);
  const closed = bridge.close(60_000);
  t.equal((await readAll(client)).toString(), '');
  t.equal((await readAll(server)).toString(), '');
  client.end();
  server.end();
  await closed;
  t.same(await keeper.ended(), { reason: 'shutdown', by: 'wirescribe', bytesIn: 4, bytesOut: 0 });
  t.equal(bridge.sessions, 0);
});

t.test('close cuts off a side that never ends, once the grace is over', async (t) => {
  const upstream = await Upstream.listen(t);
  const { bridge, keeper, dial } = await bridgeTo(t, upstream.address);
  const client = await dial();
  await upstream.accept();
  const from = performance.now();
  await bridge.close(100);
  t.ok(performance.now() - from < 2_000);
  t.match(keeper.sessions[0]?.end, { reason: 'shutdown', by: 'wirescribe' }, 'the end was said before close resolved');
  client.destroy();
});

t.test('close ends a session whose server is still being dialled, and says so', async (t) => {
  const { bridge, keeper, dial } = await bridgeTo(t, await deafServer(t));
  const client = await dial();
  await until(() => keeper.sessions.length === 1, 'the session');
  const from = performance.now();
  await bridge.close(60_000);
  t.ok(performance.now() - from < 2_000, 'without waiting for that server');
  t.same(keeper.sessions[0]?.end, { reason: 'shutdown', by: 'wirescribe', bytesIn: 0, bytesOut: 0 });
  await readAll(client);
});
