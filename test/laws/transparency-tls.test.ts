/** Law: the bytes are theirs, also over TLS, with a PROXY header in front, and half-closed. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, createServer as createPlain, type Socket } from 'node:net';
import { connect, createServer } from 'node:tls';
import t, { type Test } from 'tap';
import { makeAuthority } from '../bridge/certificates.js';
import { Dice } from '../harness.js';
import { startListener } from '../peers/listener.js';
import { until } from '../wait.js';

const HALF_OPEN = { allowHalfOpen: true };
/** Random bytes of each direction. */
const TOTAL = 256 * 1024;
const HEADER = 'PROXY TCP4 203.0.113.7 192.0.2.1 50014 4000\r\n';

const authority = makeAuthority(t);
const mud = authority.sign('mud', 'DNS:mud.example,IP:127.0.0.1');

const digest = (bytes: Buffer): string => `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex')}`;

/** Sends random bytes in chunks of 1 byte to 100 KB, then the end. Gives what was sent. */
async function sendRandom(socket: Socket, dice: Dice): Promise<string> {
  const bytes = dice.bytes(TOTAL);
  for (let at = 0; at < bytes.length; ) {
    const size = dice.between(1, dice.next() < 0.7 ? 400 : 100_000);
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain');
    at += size;
  }
  socket.end();
  return digest(bytes);
}

async function receiveAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return digest(Buffer.concat(chunks));
}

/** A server, by TLS or not, whose connections a test takes by hand. */
async function serverOf(t: Test, isSecure: boolean) {
  const arrived: Socket[] = [];
  const take = (socket: Socket): void => {
    socket.on('error', () => undefined);
    arrived.push(socket);
  };
  const { cert, key } = mud;
  const server = isSecure ? createServer({ cert, key, ...HALF_OPEN }, take) : createPlain(HALF_OPEN, take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of arrived) socket.destroy();
  });
  const { port } = server.address() as { port: number };
  return { port, accept: () => until(() => arrived.shift(), 'a connection at the server') };
}

async function clientOf(t: Test, port: number, isSecure: boolean, header: string): Promise<Socket> {
  const plain = connectPlain({ port, host: '127.0.0.1', ...HALF_OPEN });
  t.teardown(() => plain.destroy());
  plain.on('error', () => undefined);
  plain.write(header);
  if (!isSecure) return plain;
  const tls = connect({ socket: plain, ca: authority.cert, servername: 'mud.example' });
  await once(tls, 'secureConnect');
  return tls;
}

const PAIRS: readonly [listen: 'telnet' | 'telnets' | 'tls', upstream: 'telnet' | 'telnets' | 'tls', proxied: boolean][] = [
  ['telnets', 'telnets', false],
  ['telnet', 'telnets', false],
  ['tls', 'tls', false],
  ['telnets', 'telnet', true],
];

for (const [index, [listen, upstream, proxied]] of PAIRS.entries()) {
  t.test(`${listen} to ${upstream}${proxied ? ' behind a PROXY header' : ''}: random bytes pass unchanged both ways at once`, async (t) => {
    const server = await serverOf(t, upstream !== 'telnet');
    const files = listen === 'telnet' ? '' : `, 'cert': '${mud.certPath}', 'key': '${mud.keyPath}'`;
    const trust = upstream === 'telnet' ? '' : `, 'ca': '${authority.certPath}'`;
    const accept = proxied ? ", 'accept_proxy': True" : '';
    const options = `'listen': '${listen}://127.0.0.1:0', 'upstream': '${upstream}://127.0.0.1:${server.port}'${files}${trust}${accept}`;
    const { port, recordThat } = await startListener(t, options, "TRUSTED_PROXIES = ['127.0.0.1']");
    const client = await clientOf(t, port, listen !== 'telnet', proxied ? HEADER : '');
    const other = await server.accept();
    const [toServer, atServer, toClient, atClient] = await Promise.all([
      sendRandom(client, new Dice(2 * index)),
      receiveAll(other),
      sendRandom(other, new Dice(2 * index + 1)),
      receiveAll(client),
    ]);
    t.equal(atServer, toServer);
    t.equal(atClient, toClient);
    const end = await recordThat(({ topic }) => topic === 'session.end', 'the end');
    t.match(end, { data: { reason: 'closed', bytes_in: TOTAL, bytes_out: TOTAL }, ...(proxied ? { ip: '203.0.113.7' } : {}) });
  });
}
