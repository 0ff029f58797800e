/** Urgent bytes, which Node can neither send nor read by itself: Python sends them, and is the server too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { readUrgentInLine } from '../../src/bridge/urgent.js';
import { bridgeTo, dialTo, readAll, Upstream } from './ends.js';

/** Telnet's Synch in the middle of a line, twice: the kernel knows of the last urgent byte alone. Each piece in a segment of its own, or all in one. */
const PIECES = "[(b'abc\\xff\\xf4\\xff',0),(b'\\xf2',1),(b'def',0),(b'\\xff',0),(b'\\xf2',1),(b'ghi',0)]";
const SENT = Buffer.from('616263fff4fff2646566fff2676869', 'hex');

const SAY = `
import socket, sys
def say(s):
  for bytes, urgent in ${PIECES}: s.send(bytes, socket.MSG_OOB if urgent else 0)
  s.shutdown(socket.SHUT_WR)
  while s.recv(4096): pass
`;
const CLIENT = `${SAY}say(socket.create_connection(('127.0.0.1', int(sys.argv[1]))))`;
const SERVER = `${SAY}
l = socket.create_server(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True); say(l.accept()[0])`;

function python(t: Test, script: string, ...args: string[]): ReturnType<typeof spawn> {
  const child = spawn('python3', ['-c', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

t.test("a client's urgent bytes reach the server and the record, in their places", async (t) => {
  const upstream = await Upstream.listen(t);
  const { keeper, address } = await bridgeTo(t, upstream.address);
  python(t, CLIENT, String((address as { port: number }).port));
  const server = await upstream.accept();
  // Whoever sits behind the proxy gets no urgent bytes any more: an ordinary reader sees them all.
  t.same(await readAll(server), SENT);
  server.end();
  t.match(await keeper.ended(), { bytesIn: SENT.length });
  t.same(Buffer.concat(keeper.sessions[0]?.RCV ?? []), SENT);
});

t.test("a server's urgent bytes reach the client and the record, in their places", async (t) => {
  const server = python(t, SERVER);
  const [port] = await once(server.stdout ?? server, 'data');
  const { keeper, address } = await bridgeTo(t, { scheme: 'telnet', host: '127.0.0.1', port: Number(port) });
  const client = await dialTo(t, address);
  t.same(await readAll(client), SENT);
  client.end();
  t.match(await keeper.ended(), { bytesOut: SENT.length });
  t.same(Buffer.concat(keeper.sessions[0]?.SND ?? []), SENT);
});

t.test('what is no open TCP socket is left alone', async (t) => {
  const server = createServer();
  t.equal(readUrgentInLine(server), false, 'not open yet');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.equal(readUrgentInLine(server), process.platform === 'linux' || process.platform === 'darwin');
  server.close();
  await once(server, 'close');
  t.equal(readUrgentInLine(server), false, 'closed');
  t.equal(readUrgentInLine({} as Socket), false, 'without a handle');
});
