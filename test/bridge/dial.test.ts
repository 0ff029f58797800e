import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SocketAddress } from '../../src/bridge/address.js';
import { type Dialled, dial } from '../../src/bridge/dial.js';
import { folderOf } from '../harness.js';
import { bridgeTo, deafServer, readAll, Upstream } from './ends.js';

/** A port where nobody listens: one that was open a moment ago. */
async function closedPort(): Promise<SocketAddress> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { scheme: 'telnet', host: '127.0.0.1', port };
}

/** A socket whose process is dead. */
function leftSocket(folder: string): string {
  const path = join(folder, 'left.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  return path;
}

const failures: readonly [string, (t: Test) => Promise<SocketAddress> | SocketAddress, string][] = [
  ['nobody listens', closedPort, 'upstream-refused'],
  [
    'nobody listens at a name with several addresses',
    async () => ({ ...(await closedPort()), host: 'localhost' }) as SocketAddress,
    'upstream-refused',
  ],
  ['there is no such unix socket', (t) => ({ scheme: 'unix', path: join(folderOf(t), 'none') }), 'upstream-missing'],
  ['the unix socket was left by a dead process', (t) => ({ scheme: 'unix', path: leftSocket(folderOf(t)) }), 'upstream-refused'],
  ['its name is unknown', () => ({ scheme: 'telnet', host: 'nowhere.invalid', port: 4000 }), 'upstream-missing'],
  ['it does not answer within handshake_s', deafServer, 'upstream-timeout'],
];

for (const [title, address, reason] of failures) {
  t.test(`where ${title}, the client reads on_down and then the end, and the record says ${reason}`, async (t) => {
    const { bridge, keeper, dial } = await bridgeTo(t, await address(t), { handshakeMs: 300 });
    const client = await dial();
    client.write('connect bob hunter2\r\n');
    t.equal((await readAll(client)).toString(), 'The game is down.\r\n');
    t.same(await keeper.ended(), { reason, by: 'server', bytesIn: 0, bytesOut: 0 });
    t.match(keeper.sessions[0]?.open, { id: 'id-1', listener: 'main', ip: '127.0.0.1', protocol: 'telnet', wire: 'telnet' });
    client.end();
    t.equal(bridge.sessions, 0);
  });
}

t.test('a client that said its end before it is told still reads on_down', async (t) => {
  const { dial } = await bridgeTo(t, await deafServer(t), { handshakeMs: 200 });
  const client = await dial();
  client.end('quit\r\n');
  t.equal((await readAll(client)).toString(), 'The game is down.\r\n');
});

t.test('a client that leaves while its server is dialled: what it said arrives, then its end', async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, dial } = await bridgeTo(t, upstream.address);
  const client = await dial();
  client.end('quit\r\n');
  const server = await upstream.accept();
  t.equal((await readAll(server)).toString(), 'quit\r\n');
  server.end();
  t.same(await keeper.ended(), { reason: 'closed', by: 'client', bytesIn: 6, bytesOut: 0 });
});

t.test('a client that leaves with a reset while its server is dialled leaves no session behind', async (t) => {
  const { bridge, keeper, dial } = await bridgeTo(t, await deafServer(t), { handshakeMs: 200 });
  const client = await dial();
  client.resetAndDestroy();
  t.match(await keeper.ended(), { reason: 'upstream-timeout' });
  t.equal(bridge.sessions, 0);
});

t.test('giving up a dial tells nobody, and leaves nothing open', async (t) => {
  const upstream = await Upstream.listen(t);
  const told: Dialled[] = [];
  const abandon = dial(upstream.address, { timeoutMs: 5_000, steps: [], done: (dialled) => told.push(dialled) });
  abandon();
  const later = await new Promise<Dialled>((resolve) => dial(upstream.address, { timeoutMs: 5_000, steps: [], done: resolve }));
  t.ok('end' in later);
  t.same(told, []);
  if ('end' in later) later.end.socket.destroy();
});
