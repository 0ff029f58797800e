import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assignSockets, readPassedSockets } from '../../src/run/passed-sockets.js';
import { folderOf, settingsOf, startServer } from '../harness.js';
import { until } from '../wait.js';

const CLI = join(import.meta.dirname, '../../src/cli.js');

t.test('what systemd passes is read once, and is nobody else’s', (t) => {
  const env: NodeJS.ProcessEnv = { LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: 'game:other.socket', PATH: '/bin' };
  t.same(readPassedSockets({ ...env }, 7), [
    { fd: 3, name: 'game' },
    { fd: 4, name: 'other.socket' },
  ]);
  t.same(readPassedSockets({ ...env }, 8), [], 'it was another process’s');
  for (const count of ['', '0', '-1', '2x', '1000000']) t.same(readPassedSockets({ ...env, LISTEN_FDS: count }, 7), [], count);
  t.same(readPassedSockets({}, 7), []);
  readPassedSockets(env, 7);
  t.same(env, { PATH: '/bin' });
  t.end();
});

t.test('a socket goes to the listener of its name, others in their order; one too many is said', (t) => {
  const given = (names: readonly string[], listeners: readonly string[]) =>
    Object.fromEntries(
      assignSockets(
        names.map((name, index) => ({ fd: 3 + index, name })),
        listeners,
      ),
    );
  t.same(given(['b', 'x.socket'], ['a', 'b', 'c']), { b: 3, a: 4 });
  t.same(given(['', ''], ['a', 'b']), { a: 3, b: 4 });
  t.same(given(['a', 'a'], ['a', 'b']), { a: 3, b: 4 });
  t.same(given([], ['a']), {});
  t.throws(() => given(['a', 'x.socket'], ['a']), { code: 'AUDIT_LISTEN', message: /the socket 'x\.socket', and no listener is left/ });
  t.end();
});

/** Runs the program with this open socket as its number 3, as systemd does. */
function startWith(t: Test, { server, set }: { readonly server: Server; readonly set: readonly string[] }) {
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const words = [process.execPath, CLI, 'run', ...set.flatMap((one) => ['--set', one])];
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...words], {
    cwd: folderOf(t),
    stdio: ['ignore', 'pipe', 'pipe', fd],
    env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'main' },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (said.text += text));
  return { child, said };
}

for (const place of ['tcp', 'unix'] as const) {
  t.test(`the program listens on a passed socket (${place}), wherever that is, and what waited there is served`, async (t) => {
    const upstream = await startServer(t, (socket) => socket.pipe(socket));
    const path = join(folderOf(t), 'in.sock');
    const server = createServer();
    server.listen(place === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path });
    await once(server, 'listening');
    const bound = server.address();
    // Node takes the file away with our copy of the socket, by the name that it knows.
    const moved = `${path}.moved`;
    if (place === 'unix') renameSync(path, moved);
    const where = bound !== null && typeof bound === 'object' ? { host: '127.0.0.1', port: bound.port } : { path: moved };
    const listen = place === 'tcp' ? 'telnet://0.0.0.0:4' : `unix:${join(folderOf(t), 'not-there.sock')}`;
    const { child, said } = startWith(t, { server, set: settingsOf({ upstream, listen }) });
    await until(() => / -> /.test(said.text), 'the program to listen', 60_000);
    if (place === 'tcp') t.match(said.text, `main  telnet://127.0.0.1:${(where as { port: number }).port} -> `);
    // Our own copy of the socket takes no connection from here on.
    const ours = (server as unknown as { _handle: { close(): void } })._handle;
    ours.close();
    const client = connect(where);
    client.write('hello\r\n');
    const [bytes] = await once(client, 'data');
    t.equal(String(bytes), 'hello\r\n');
    client.destroy();
    child.kill('SIGTERM');
    t.same(await once(child, 'exit'), [0, null]);
    t.equal(existsSync(moved), place === 'unix', 'whose socket it is takes its file away');
  });
}
