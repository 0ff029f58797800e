/**
 * A real proxy for tests, with a real server behind it and real clients in front: `startProxy` runs it in this process, `startProgram` is the program
 * itself as a child, which can be killed. Each has a folder of its own; what they wrote is read back here. No part of ours is replaced.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { formatAddress, parseAddress, type SocketAddress } from '../src/bridge/address.js';
import { loadSettings } from '../src/config/settings.js';
import { run } from '../src/main.js';
import type { Running, RunOptions } from '../src/run/running.js';
import { until } from './wait.js';

const CLI = join(import.meta.dirname, '../src/cli.js');

/** A record as it stands in an audit file, as far as tests look at it. */
export interface Written {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly seq: number;
  readonly hash: string;
  readonly listener?: string;
  readonly session?: string;
  readonly direction?: 'RCV' | 'SND';
  readonly account?: string;
  readonly text?: string;
  readonly cut?: string;
  readonly data?: { readonly [name: string]: unknown };
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 or more, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number: `least` or more, `most` or less. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** So many bytes of all 256 values. */
  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at++) bytes[at] = this.next() * 256;
    return bytes;
  }
}

/** A folder that goes with the test; short enough for unix sockets below it. */
export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server that gives each connection to `onSession`. Resolves with its address as server.conf writes it. Goes with the test. */
export async function startServer(t: Test, onSession: (socket: Socket) => void, scheme: 'telnet' | 'tcp' | 'unix' = 'telnet'): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onSession(socket);
  });
  const path = scheme === 'unix' ? join(folderOf(t), 'server.sock') : undefined;
  server.listen(path === undefined ? { host: '127.0.0.1', port: 0, backlog: 4096 } : { path, backlog: 4096 });
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = server.address();
  return path === undefined && bound !== null && typeof bound === 'object' ? `${scheme}://127.0.0.1:${bound.port}` : `unix:${path}`;
}

/** Connects to an address; half-open capable, errors are kept quiet (watch 'close'). */
export async function dialTo(address: SocketAddress): Promise<Socket> {
  const where = address.scheme === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const socket = connect({ ...where, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What a proxy is started with. */
export interface Given {
  /** Address of the server behind it. */
  readonly upstream: string;
  /** telnet on a free port of 127.0.0.1 if not given. */
  readonly listen?: string;
  /** More settings, each `KEY=LITERAL`. */
  readonly set?: readonly string[];
  /** A folder that is there already: the proxy goes on in it. */
  readonly folder?: string;
  /** AUDIT_CALLBACK as the folder's server.conf has it; without it records go to files. */
  readonly callbacks?: 'configured';
}

/**
 * The settings that a proxy is started with, each `KEY=LITERAL`. Many run at a time: health is answered where a test asks for it, and records go to files,
 * which are read back here.
 */
export const settingsOf = ({ upstream, listen = 'telnet://127.0.0.1:0', set = [], callbacks }: Given): string[] => [
  'ADMIN_LISTEN=None',
  ...(callbacks === 'configured' ? [] : ["AUDIT_CALLBACK='file'"]),
  `LISTEN='${listen}'`,
  `UPSTREAM='${upstream}'`,
  ...set,
];

/** A proxy in this process, its threads and all. */
export interface StartedProxy {
  readonly running: Running;
  readonly folder: string;
  readonly address: SocketAddress;
  /** What it said to people. */
  readonly logged: readonly string[];
  connect(): Promise<Socket>;
}

/** Starts a proxy in this process; it is stopped with the test, or before by `running.stop()`. */
export async function startProxy(t: Test, given: Given, options: Partial<RunOptions> = {}): Promise<StartedProxy> {
  const folder = given.folder ?? folderOf(t);
  const logged: string[] = [];
  const say = (message: string): void => void logged.push(message);
  const settings = loadSettings({ file: null, set: settingsOf(given), cwd: folder, env: {} });
  const running = await run(settings, { version: '0.0.0', log: { info: say, warn: say }, ...options });
  let stopping: Promise<void> | undefined;
  const stop = running.stop.bind(running);
  running.stop = () => {
    stopping ??= stop();
    return stopping;
  };
  t.teardown(() => running.stop());
  const address = running.listeners[0]?.listen as SocketAddress;
  return { running, folder, address, logged, connect: () => dialTo(address) };
}

/** The program itself, as an operator runs it. */
export class Program {
  readonly folder: string;
  readonly child: ChildProcess;
  /** All that it said on stdout and stderr. */
  printed = '';
  readonly #ended: Promise<number | null>;

  constructor(folder: string, set: readonly string[], node: readonly string[] = []) {
    this.folder = folder;
    const args = [...node, CLI, 'run', ...set.flatMap((one) => ['--set', one])];
    this.child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text;
      });
    }
    this.#ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Where it listens: read from what it prints when it is ready. */
  get address(): SocketAddress {
    const url = /^\S+ {2}(\S+) -> /m.exec(this.printed)?.[1];
    if (!url) throw new Error(`the program does not listen: ${this.printed}`);
    return parseAddress(url) as SocketAddress;
  }

  connect = (): Promise<Socket> => dialTo(this.address);

  /** Resolves with its exit code; null where a signal ended it. */
  ended = (): Promise<number | null> => this.#ended;

  /** Its resident memory now, in bytes; 0 where it has ended. */
  get residentBytes(): number {
    try {
      const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1];
      return Number(kib ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /** Sends a signal and waits for its end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.#ended;
  }
}

/** Starts the program and waits until it listens; it is killed with the test if it still runs. @param node options for Node itself */
export async function startProgram(t: Test, given: Given, node: readonly string[] = []): Promise<Program> {
  const program = new Program(given.folder ?? folderOf(t), settingsOf(given), node);
  t.teardown(() => program.end('SIGKILL'));
  const listening = until(() => / -> .*\n/.test(program.printed), 'the program to listen', 20_000);
  const early = await Promise.race([listening.then(() => false), program.ended().then(() => true)]);
  if (early) throw new Error(`the program ended at once: ${program.printed}`);
  return program;
}

/** Whole lines of a file; of a compressed one what is in it; none where it has gone meanwhile. */
function linesOf(path: string): string[] {
  try {
    const bytes = readFileSync(path);
    const lines = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
    return lines.slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Files in a folder whose name fits, the way a person would sort them; none where there is no folder. */
export function filesIn(folder: string, fits: RegExp): string[] {
  try {
    const names = readdirSync(folder).filter((name) => fits.test(name));
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export const auditFiles = (folder: string): string[] => filesIn(join(folder, 'audit'), /^audit\..*\.log(\.gz)?$/);
export const spoolFiles = (folder: string): string[] => filesIn(join(folder, 'audit/spool'), /^\d+\.jsonl$/);

/** Whole lines of the audit files (the `file` callback's default path) below a proxy's folder, in order. */
export const auditLines = (folder: string): string[] => auditFiles(folder).flatMap(linesOf);

/** Whole lines of the journal below a proxy's folder, in order. */
export const spoolLines = (folder: string): string[] => spoolFiles(folder).flatMap(linesOf);

/** The records of the audit files, in order. */
export const records = (folder: string): Written[] => auditLines(folder).map((line) => JSON.parse(line) as Written);

/** Waits until a record that fits is in the audit files. */
export const recordThat = (folder: string, fits: (record: Written) => boolean, what: string, timeoutMs?: number): Promise<Written> =>
  until(() => records(folder).find(fits), what, timeoutMs) as Promise<Written>;

/** An address as server.conf writes it. */
export const urlOf = formatAddress;
