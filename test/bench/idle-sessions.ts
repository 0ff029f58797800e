/**
 * `npm run bench:idle`: what sessions cost that do nothing. Opens many telnet sessions through `wirescribe run`, audited and with limits, to a server
 * that greets; each client types one line. Then nobody says anything, and the program's memory and CPU are read from the kernel.
 *
 *   npm run bench:idle -- [--sessions 9000] [--seconds 20]
 *
 * A process needs two files a session: `ulimit -n` is to be above twice the sessions. Exit 1 where a session was lost.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Program } from '../harness.js';
import { until } from '../wait.js';

/** Clock ticks a second of /proc/PID/stat: Linux's USER_HZ, 100 everywhere. */
const TICKS = 100;
const KIB = 1024;
/** Sessions that are opened at a time. */
const BATCH = 100;

/** The server: a process of its own, for its files. */
function serve(): void {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('You see nothing special.\r\n> '));
    socket.write('Welcome.\r\n> ');
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => console.log(String((server.address() as { port: number }).port)));
}

async function measure(): Promise<void> {
  const { values } = parseArgs({ options: { sessions: { type: 'string', default: '9000' }, seconds: { type: 'string', default: '20' } } });
  const [sessions, seconds] = [Number(values.sessions), Number(values.seconds)];
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-idle-'));
  const server = spawn(process.execPath, [import.meta.filename, '--serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(server.stdout, 'data');
  const program = new Program(folder, settings(Number(port), sessions));
  try {
    await until(() => / -> .*\n/.test(program.printed), 'the program to listen');
    await run(program, sessions, seconds);
  } finally {
    await program.end();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function settings(port: number, sessions: number): string[] {
  const limits = `'max_sessions': ${sessions}, 'max_per_ip': ${sessions}, 'max_per_network': ${sessions}, 'idle_s': 3600, 'session_s': 86400, 'line_bytes': '4k'`;
  return [
    'ADMIN_LISTEN=None',
    `LISTENERS=[{'listen': 'telnet://127.0.0.1:0', 'upstream': 'telnet://127.0.0.1:${port}', ${limits}}]`,
    'AUDIT_IN=True',
    'AUDIT_OUT=True',
    "AUDIT_CALLBACK='file'",
  ];
}

async function run(program: Program, sessions: number, seconds: number): Promise<void> {
  await quiet(program);
  const before = program.residentBytes;
  const from = performance.now();
  const clients = await openAll(program, sessions);
  const openedS = (performance.now() - from) / 1000;
  await quiet(program);
  const after = program.residentBytes;
  const cpu = cpuSeconds(program);
  await pause(seconds * 1000);
  const cpuShare = (cpuSeconds(program) - cpu) / seconds;
  const lost = clients.filter((client) => client.destroyed || client.readableEnded).length;
  console.log(`${sessions} sessions opened in ${openedS.toFixed(1)} s (${Math.round(sessions / openedS)}/s), ${lost} lost`);
  console.log(`memory: ${mib(before)} MiB before, ${mib(after)} MiB with them: ${((after - before) / sessions / KIB).toFixed(1)} KiB a session`);
  console.log(`CPU while nobody speaks: ${(cpuShare * 100).toFixed(2)} % of a core, over ${seconds} s`);
  for (const client of clients) client.destroy();
  if (lost > 0) process.exitCode = 1;
}

const mib = (bytes: number): string => (bytes / KIB / KIB).toFixed(0);

async function openAll(program: Program, sessions: number): Promise<Socket[]> {
  const clients: Socket[] = [];
  while (clients.length < sessions) {
    const batch = Array.from({ length: Math.min(BATCH, sessions - clients.length) }, async () => {
      const client = await program.connect();
      let heard = '';
      client.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
      });
      client.write('look\r\n');
      await until(() => heard.includes('nothing special'), 'the answer');
      return client;
    });
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}

/** Seconds of CPU that all threads have used. */
function cpuSeconds({ child }: Program): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resolves when the program has used next to no CPU for two seconds: what was said is recorded and delivered. */
async function quiet(program: Program): Promise<void> {
  for (let last = -1; ; ) {
    const now = cpuSeconds(program);
    if (now - last < 0.05) return;
    last = now;
    await pause(2_000);
  }
}

if (process.argv.includes('--serve')) serve();
else await measure();
