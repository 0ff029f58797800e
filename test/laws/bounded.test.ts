/**
 * Law: no peer, slow reader, endless line, or flood of options grows memory past a stated bound. The program runs as a child; its resident memory is
 * read from the kernel while it is under attack, and may grow only by what the constants of the rooms allow.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { folderOf, type Program, records, recordThat, startProgram, startServer } from '../harness.js';
import { until } from '../wait.js';

const MIB = 1024 ** 2;

/** The door: 1,024 slabs of 64 KiB. */
const DOOR = 64 * MIB;
/**
 * The journal: 32 MiB that wait for the disk, and what one slab more may become (64 KiB of bare line ends are 65,536 records of some 700 bytes), in a
 * buffer that doubles; and the one before it, which is being written.
 */
const JOURNAL = 128 * MIB + 64 * MIB;
/** Heaps of five threads (young generations, of which the audit thread's is 96 MiB; garbage that is not yet collected), and buffers of sockets. */
const HEAPS = 192 * MIB;
/** What the program may grow by, whatever one peer does. */
const BOUND = DOOR + JOURNAL + HEAPS;
/** What a session may hold of each direction: an open line or a subnegotiation of 64 KiB, in buffers that double; and its sockets and objects. */
const PER_SESSION = 2 * 128 * 1024 + 64 * 1024;

/** The masks read hostile lines at some 5 MB/s, and the door may be full when the stop comes. */
const SET = [
  'DRAIN_TIMEOUT_S=60',
  'AUDIT_IN=True',
  'AUDIT_OUT=True',
  "SPOOL_MAX_BYTES='64m'",
  "AUDIT_CALLBACK={'use': 'file', 'size': '16m', 'keep_days': 1}",
];

/** The most that a program's memory has grown by since this was made. */
class Growth {
  readonly #program: Program;
  readonly #before: number;
  most = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#before = program.residentBytes;
  }

  look(): void {
    this.most = Math.max(this.most, this.#program.residentBytes - this.#before);
  }
}

/** Stops the program, which first writes all that it holds, and looks at the memory until it has ended. */
async function holds(t: Test, program: Program, growth: Growth, bound: number, exit = 0): Promise<void> {
  let code: number | null | undefined;
  void program.end().then((ended) => {
    code = ended;
  });
  await until(
    () => {
      growth.look();
      return code !== undefined;
    },
    'the program to end',
    80_000,
  );
  t.equal(code, exit, 'it ends in order');
  t.ok(growth.most <= bound, `grew by ${Math.round(growth.most / MIB)} MiB; the bound is ${Math.round(bound / MIB)} MiB`);
}

/** A server that reads all and says nothing. */
const sink = (socket: Socket): void => void socket.resume().on('end', () => socket.end());

/** Sends `chunk` again and again until so many bytes are out, looking at the memory every 4 MiB. */
async function flood(socket: Socket, chunk: Buffer, total: number, growth: Growth): Promise<void> {
  for (let sent = 0, looked = 0; sent < total; sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain');
    if (sent - looked < 4 * MIB) continue;
    looked = sent;
    growth.look();
  }
}

const wire = (text: string, times: number): Buffer => Buffer.from(text.repeat(times), 'latin1');

const FLOODS: readonly (readonly [string, string, Buffer, number])[] = [
  ['a line that never ends, of 200 MB', '', wire('x', 65_536), 200_000_000],
  ['a line of colours that never ends', '', wire('\x1b[31m', 13_107), 64 * MIB],
  ['a line that is erased for ever', '', wire('ab\x08', 21_845), 8 * MIB],
  ['a subnegotiation that never ends', '\xff\xfa\xc9', wire('y', 65_536), 200_000_000],
  ['options without end', '', wire('\xff\xfb\x01\xff\xfd\x56\xff\xfc\x18\xff\xfe\x03', 5_000), 64 * MIB],
  [
    'commands, faults and empty subnegotiations without end',
    '',
    wire('\xff\xf1\xff\x05\xff\xf0\xff\xfa\x18\xff\xf0\xff\xfa\x01\xff\xfb', 4_000),
    16 * MIB,
  ],
  ['nothing but line ends', '', wire('\n', 65_536), MIB / 4],
  ['GMCP that is nested 60,000 deep', '', wire(`\xff\xfa\xc9Room.Info ${'['.repeat(60_000)}\xff\xf0`, 1), 32 * MIB],
  ['MSDP that is nested 60,000 deep', '', wire(`\xff\xfa\x45\x01a\x02${'\x05'.repeat(60_000)}\xff\xf0`, 1), 16 * MIB],
  ['NEW-ENVIRON of 15,000 variables', '', wire(`\xff\xfa\x27\x00${'\x03a\x01b'.repeat(15_000)}\xff\xf0`, 1), 8 * MIB],
  [
    'streams of MCCP3 that are bombs, 8 MiB in 8 KiB',
    '',
    Buffer.concat([wire('\xff\xfa\x57\xff\xf0', 1), deflateSync(Buffer.alloc(8 * MIB))]),
    MIB / 4,
  ],
];

for (const [what, start, chunk, total] of FLOODS) {
  t.test(`a client sends ${what}`, async (t) => {
    const program = await startProgram(t, { upstream: await startServer(t, sink), set: SET });
    const growth = new Growth(program);
    const client = await program.connect();
    client.write(start, 'latin1');
    await flood(client, chunk, total, growth);
    client.end();
    client.resume();
    await once(client, 'close');
    await holds(t, program, growth, BOUND);
  });
}

/** What kernels hold of a connection that nobody reads: two sockets of up to 6 MiB to receive and 4 MiB to send. */
const KERNEL = 2 * 10 * MIB;

t.test('a client that never reads stops the server, and a server that never reads the client', async (t) => {
  const sockets: Socket[] = [];
  const upstream = await startServer(t, (socket) => void sockets.push(socket.pause()));
  const program = await startProgram(t, { upstream, set: SET });
  const growth = new Growth(program);
  const client = (await program.connect()).pause();
  const server = await until(() => sockets[0], 'the server to be reached');
  const chunk = Buffer.alloc(65_536, 'reading nothing of it\r\n');
  for (const from of [server, client]) {
    let sent = 0;
    let stopped = false;
    // Whoever writes is stopped when no more is taken: what the kernel then still moves is not much.
    while (!stopped) {
      if (!from.write(chunk)) stopped = !(await Promise.race([once(from, 'drain').then(() => true), quiet(growth).then(() => false)]));
      sent += chunk.length;
      if (sent > 4 * KERNEL) break;
    }
    t.ok(stopped && sent <= KERNEL + MIB, `stopped after ${Math.round(sent / MIB)} MiB`);
  }
  client.destroy();
  await holds(t, program, growth, BOUND);
});

/** Resolves after so many looks at a memory that nothing else happens in. */
async function quiet(growth: Growth): Promise<void> {
  let looks = 0;
  await until(() => {
    growth.look();
    return ++looks > 50;
  }, 'quiet');
}

t.test('2,000 idle sessions hold what their constants allow', async (t) => {
  const sockets: Socket[] = [];
  const program = await startProgram(t, { upstream: await startServer(t, (socket) => void sockets.push(socket.resume())), set: SET });
  const growth = new Growth(program);
  for (let batch = 0; batch < 20; batch++) await Promise.all(Array.from({ length: 100 }, () => program.connect()));
  await until(() => sockets.length === 2_000, 'all to be there');
  await quiet(growth);
  t.ok(growth.most <= 2_000 * 24 * 1024 + HEAPS / 2, `2,000 sessions took ${Math.round(growth.most / MIB)} MiB`);
  await holds(t, program, growth, 2_000 * 24 * 1024 + HEAPS);
});

t.test('300 sessions with an open line of 64 KiB each way hold what their constants allow', async (t) => {
  const open = Buffer.alloc(65_000, 'an open line ');
  const upstream = await startServer(t, (socket) => void socket.resume().write(open));
  const program = await startProgram(t, { upstream, set: [...SET, "AUDIT_OUT_UNIT='line'"] });
  const growth = new Growth(program);
  const heard = Array.from({ length: 300 }, async () => {
    const client = await program.connect();
    client.write(open);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await until(() => bytes === open.length, 'the server to be heard');
  });
  await Promise.all(heard);
  await quiet(growth);
  await holds(t, program, growth, BOUND + 300 * PER_SESSION);
});

/** A callback that takes nothing: the spool fills, and the audit side holds its slabs. */
const HANGS = 'export default (record) => new Promise(() => {});\n';

t.test('an audit side that is held up for good holds its slabs and no more, however much goes by', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'hangs.mjs'), HANGS);
  const set = ['AUDIT_IN=True', 'AUDIT_OUT=True', 'DRAIN_TIMEOUT_S=0', "SPOOL_MAX_BYTES='2m'", "AUDIT_CALLBACK=['file', './hangs.mjs']"];
  const program = await startProgram(t, { upstream: await startServer(t, sink), set, folder });
  const growth = new Growth(program);
  const lines = Buffer.alloc(65_520, `${'said and said again '.repeat(41)}\r\n`);
  for (let session = 0; session < 4; session++) {
    const client = await program.connect();
    await flood(client, lines, 64 * MIB, growth);
    client.end();
    client.resume();
    await once(client, 'close');
  }
  await recordThat(folder, ({ topic }) => topic === 'session.start', 'the first record');
  t.notOk(
    records(folder).some(({ topic }) => topic === 'session.end'),
    'it is held up',
  );
  // 3: what its slabs hold is lost, and it says so.
  await holds(t, program, growth, BOUND, 3);
});
