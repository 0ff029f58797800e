/**
 * Law: no peer grows memory past a stated bound by what it does not do: not reading, not speaking, not ending, not getting on with its handshake. The
 * program runs as a child; its resident memory is read from the kernel meanwhile.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { makeAuthority } from '../bridge/certificates.js';
import { type Program, records, startProgram, startServer } from '../harness.js';
import { BOUND, Growth, MIB, PER_SESSION } from './memory.js';

const PEERS = 200;
/** Of a client on its way in: a socket, a handshake with its buffers. */
const PER_ARRIVAL = 128 * 1024;
/** Heaps of five threads that have little to do. */
const HEAPS = 96 * MIB;

const AUDIT = ['AUDIT_IN=True', 'AUDIT_OUT=True', "SPOOL_MAX_BYTES='64m'", "AUDIT_CALLBACK={'use': 'file', 'size': '16m', 'keep_days': 1}"];

/** Settings for one listener with options. */
const listener = (listen: string, upstream: string, options: string): string[] => [
  'LISTEN=None',
  'UPSTREAM=None',
  `LISTENERS=[{'listen': '${listen}', 'upstream': '${upstream}', ${options}}]`,
];

const start = (t: Test, upstream: string, options: string, more: readonly string[] = [], scheme = 'telnet'): Promise<Program> =>
  startProgram(t, { upstream, set: [...AUDIT, ...listener(`${scheme}://127.0.0.1:0`, upstream, options), ...more] });

/** So many clients, a few at a time. */
async function connectAll(program: Program, count: number): Promise<Socket[]> {
  const clients: Socket[] = [];
  while (clients.length < count) clients.push(...(await Promise.all(Array.from({ length: Math.min(50, count - clients.length) }, program.connect))));
  return clients;
}

const ends = (program: Program): string[] =>
  records(program.folder)
    .filter(({ topic }) => topic === 'session.end')
    .map(({ data }) => String(data?.reason));

/** Resolves when all of them are told the end or are cut off. What they are told: the first 200 characters. */
const heard = (clients: readonly Socket[]): Promise<string[]> =>
  Promise.all(
    clients.map(async (client) => {
      let text = '';
      client.on('data', (chunk: Buffer) => {
        if (text.length < 200) text += chunk.toString('latin1');
      });
      client.resume();
      await new Promise<void>((resolve) => {
        if (client.readableEnded || client.destroyed) return resolve();
        client.once('end', resolve).once('close', () => resolve());
      });
      client.destroy();
      return text;
    }),
  );

/** The program ends in order. */
async function stops(t: Test, program: Program): Promise<void> {
  t.equal(await program.end(), 0, 'it ends in order');
}

t.test('200 clients that never read, while the server pours: each costs what a session may hold, and is ended in its time', async (t) => {
  const line = Buffer.from(`${'You see a maze of twisty little passages, all alike. '.repeat(20)}\r\n`.repeat(60));
  const pours = (server: Socket): void => {
    const pour = (): void => {
      while (server.write(line));
    };
    server.on('drain', pour);
    server.on('end', () => server.end());
    server.resume();
    pour();
  };
  const program = await start(t, await startServer(t, pours), "'session_s': 4", ['AUDIT_OUT=False']);
  const growth = new Growth(program);
  const clients = await connectAll(program, PEERS);
  for (const client of clients) client.pause();
  await growth.until(() => ends(program).length === PEERS, 'all sessions to be ended');
  growth.within(t, BOUND + PEERS * PER_SESSION);
  t.same([...new Set(ends(program))], ['too-long']);
  const next = await program.connect();
  await once(next, 'data');
  next.destroy();
  for (const client of clients) client.destroy();
  await stops(t, program);
});

t.test('200 clients that connect and say nothing, and 200 that end their side and wait, are told and ended', async (t) => {
  const program = await start(t, await startServer(t, (server) => void server.resume()), "'idle_s': 2");
  const growth = new Growth(program);
  const [silent, ended] = [await connectAll(program, PEERS), await connectAll(program, PEERS)];
  for (const client of ended) client.end();
  const words = await heard([...silent, ...ended]);
  t.same([...new Set(words)], ['\r\nYou have said nothing for too long. Goodbye.\r\n']);
  await growth.until(() => ends(program).length === 2 * PEERS, 'all ends to be recorded');
  growth.within(t, HEAPS + 2 * PEERS * PER_SESSION);
  t.same([...new Set(ends(program))], ['idle']);
  await stops(t, program);
});

t.test('a flood of refused connections is a few records each second, and a number', async (t) => {
  const program = await start(t, await startServer(t, () => undefined), "'deny': ['127.0.0.0/8']");
  const growth = new Growth(program);
  const COUNT = 3_000;
  for (let done = 0; done < COUNT; done += 100) {
    await heard(await connectAll(program, 100));
    growth.look();
  }
  growth.within(t, HEAPS);
  await stops(t, program);
  const written = records(program.folder);
  const counted = written
    .filter(({ topic, data }) => topic === 'audit.fault' && data?.code === 'refused-connections')
    .map(({ data }) => Number(data?.count));
  const each = ends(program);
  t.same([...new Set(each)], ['denied']);
  t.ok(each.length < COUNT / 2, `${each.length} are recorded`);
  t.equal(each.length + counted.reduce((sum, one) => sum + one, 0), COUNT, 'together they are all');
});

const HANDSHAKES: readonly { what: string; scheme: string; bytes: Buffer; options: (t: Test) => string; more: readonly string[] }[] = [
  {
    what: 'PROXY header',
    scheme: 'telnet',
    bytes: Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 10000 4000'),
    options: () => "'accept_proxy': True",
    more: ["TRUSTED_PROXIES=['127.0.0.0/8']"],
  },
  {
    what: 'TLS hello',
    scheme: 'telnets',
    bytes: Buffer.from('16030100c8010000c40303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex'),
    options: (t) => {
      const { certPath, keyPath } = makeAuthority(t).sign('localhost', 'DNS:localhost');
      return `'cert': '${certPath}', 'key': '${keyPath}'`;
    },
    more: [],
  },
  {
    what: 'WebSocket upgrade',
    scheme: 'ws',
    bytes: Buffer.from('GET /game HTTP/1.1\r\nHost: game.example\r\nUpgrade: websocket\r\n'),
    options: () => "'subprotocol': None",
    more: [],
  },
];

for (const { what, scheme, bytes, options, more } of HANDSHAKES) {
  t.test(`200 clients that send a ${what} byte by byte are cut off in time, and cost what an arrival may`, async (t) => {
    const servers: Socket[] = [];
    const upstream = await startServer(t, (server) => void servers.push(server));
    const program = await start(t, upstream, `'handshake_s': 3, ${options(t)}`, more, scheme);
    const growth = new Growth(program);
    const clients = await connectAll(program, PEERS);
    let at = 0;
    const dribble = setInterval(() => {
      for (const client of clients) if (at < bytes.length && client.writable) client.write(bytes.subarray(at, at + 1));
      at++;
    }, 250);
    t.teardown(() => clearInterval(dribble));
    const gone = heard(clients);
    let over = false;
    void gone.then(() => {
      over = true;
    });
    await growth.until(() => over, 'all to be cut off');
    growth.within(t, HEAPS + PEERS * PER_ARRIVAL);
    t.equal(servers.length, 0, 'the server hears nothing of them');
    await stops(t, program);
    t.same([...new Set(ends(program))], ['handshake-timeout']);
  });
}
