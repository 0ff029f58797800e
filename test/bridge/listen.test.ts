import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { SocketAddress } from '../../src/bridge/address.js';
import { Bridge, type BridgeListener } from '../../src/bridge/bridge.js';
import { folderOf } from '../harness.js';
import { bridgeTo, dialTo, Keeper, listener, readAll, Upstream } from './ends.js';

const bridgeOf = (listeners: readonly BridgeListener[]): Bridge => new Bridge({ listeners, recorder: new Keeper(), newId: () => 'id' });
const unix = (path: string): SocketAddress => ({ scheme: 'unix', path });

t.test('a port in use is refused with its address, and what to do', async (t) => {
  const { address } = await Upstream.listen(t);
  const port = address.scheme === 'unix' ? 0 : address.port;
  await t.rejects(bridgeOf([listener(address, { listen: address })]).open(), {
    code: 'AUDIT_LISTEN',
    message: `telnet://127.0.0.1:${port} is in use; stop what listens there, or give this listener another address`,
  });
});

t.test('an address of another machine is refused with its name', async (t) => {
  const listen: SocketAddress = { scheme: 'tcp', host: '203.0.113.1', port: 4000 };
  await t.rejects(bridgeOf([listener(unix('/x'), { listen })]).open(), {
    code: 'AUDIT_LISTEN',
    message: /^tcp:\/\/203\.0\.113\.1:4000 .*EADDRNOTAVAIL/,
  });
});

t.test('a folder that is not there is refused with its path', async (t) => {
  const listen = unix(join(folderOf(t), 'none/x.sock'));
  await t.rejects(bridgeOf([listener(unix('/x'), { listen })]).open(), { code: 'AUDIT_LISTEN', message: /none\/x\.sock/ });
});

t.test('where one of several listeners fails, none is open', async (t) => {
  const taken = await Upstream.listen(t);
  const path = join(folderOf(t), 'free.sock');
  const free = unix(path);
  const bridge = bridgeOf([listener(taken.address, { listen: free }), listener(taken.address, { name: 'second', listen: taken.address })]);
  await t.rejects(bridge.open(), { code: 'AUDIT_LISTEN' });
  await t.rejects(dialTo(t, free), { code: 'ENOENT' });
  t.notOk(existsSync(path));
  await bridge.close(0);
});

t.test('a unix socket that a killed process left is replaced', async (t) => {
  const path = join(folderOf(t), 'left.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
  t.ok(statSync(path).isSocket());
  const upstream = await Upstream.listen(t);
  const { address } = await bridgeTo(t, upstream.address, { listen: unix(path) });
  const client = await dialTo(t, address);
  client.end('hello');
  t.equal((await readAll(await upstream.accept())).toString(), 'hello');
});

t.test('a unix socket on which somebody listens is not', async (t) => {
  const path = join(folderOf(t), 'live.sock');
  const live = await Upstream.listen(t, { path });
  await t.rejects(bridgeOf([listener(live.address, { listen: unix(path) })]).open(), { code: 'AUDIT_LISTEN', message: /is in use/ });
  const client = await dialTo(t, unix(path));
  await live.accept();
  await live.accept();
  t.ok(client.writable);
});

t.test('a file that is no socket is never taken away', async (t) => {
  const path = join(folderOf(t), 'notes.txt');
  writeFileSync(path, 'mine');
  await t.rejects(bridgeOf([listener(unix('/x'), { listen: unix(path) })]).open(), { code: 'AUDIT_LISTEN' });
  t.equal(readFileSync(path, 'utf8'), 'mine');
});

t.test('the socket file goes with the listener', async (t) => {
  const path = join(folderOf(t), 'mine.sock');
  const { bridge } = await bridgeTo(t, unix('/x'), { listen: unix(path) });
  t.ok(statSync(path).isSocket());
  await bridge.close(0);
  t.notOk(existsSync(path));
});
