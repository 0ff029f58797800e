/**
 * What the tests of a handover share: the program as an operator runs it, in a folder of its own, with an echo server behind it and clients that know what
 * they were answered; and what must hold of its records however often it was handed over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Address, parseAddress, type SocketAddress } from '../src/bridge/address.js';
import { verifySpool } from '../src/view/verify.js';
import { isAlive, kill, plainEnvironment } from './exec/harness.js';
import { dialTo, filesIn, folderOf, records, settingsOf, startServer, type Written } from './harness.js';
import { until } from './wait.js';

const CLI = join(import.meta.dirname, '../src/cli.js');
const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK='file'", 'AUDIT_MASK_PACKS=[]', 'DRAIN_TIMEOUT_S=10'];
/** A handover starts a process, which takes its time on a busy machine. */
const LONG_MS = 60_000;

export interface World {
  readonly folder: string;
  /** Settings of `run`, each `KEY=LITERAL`. */
  readonly set: readonly string[];
}

/** A process that we see, started by us or by another. */
export class Seen {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  kill(signal: NodeJS.Signals): void {
    kill(this.pid, signal);
  }

  async gone(): Promise<void> {
    await until(() => !isAlive(this.pid), `the end of process ${this.pid}`, LONG_MS);
  }

  async killed(): Promise<void> {
    this.kill('SIGKILL');
    await this.gone();
  }
}

/** One that we started. */
export class Started extends Seen {
  readonly child: ChildProcess;
  readonly #said: { text: string };
  readonly exit: Promise<number | null>;

  constructor(child: ChildProcess, said: { text: string }) {
    super(child.pid as number);
    this.child = child;
    this.#said = said;
    this.exit = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** All that it, and whoever it started, has said. */
  get printed(): string {
    return this.#said.text;
  }

  says(what: RegExp): Promise<true> {
    return until(() => what.test(this.printed), `${what} in ${JSON.stringify(this.printed)}`, LONG_MS);
  }

  /** Where it listens, as it said last. */
  get address(): SocketAddress {
    const url = [...this.printed.matchAll(/^\S+ {2}(\S+) -> /gm)].at(-1)?.[1] ?? '';
    return parseAddress(url) as SocketAddress;
  }

  /** Those that have taken over, in their order. */
  get heirs(): Seen[] {
    return [...this.printed.matchAll(/process (\d+) has taken over/g)].map(([, pid]) => new Seen(Number(pid)));
  }

  /** Hands over by SIGUSR2. Resolves with the new process. */
  async handsOver(): Promise<Seen> {
    const before = this.heirs.length;
    this.kill('SIGUSR2');
    return until(() => this.heirs[before], `a new process; so far ${JSON.stringify(this.printed)}`, LONG_MS);
  }
}

/** A world with an echo server; whoever was started in it is killed with the test. */
export async function worldOf(t: Test, more: { readonly listen?: string; readonly set?: readonly string[] } = {}): Promise<World> {
  const upstream = await startServer(t, (socket) => void socket.pipe(socket));
  const { listen, set = [] } = more;
  return { folder: folderOf(t), set: settingsOf({ upstream, ...(listen === undefined ? {} : { listen }), set: [...SET, ...set] }) };
}

/** Runs `wirescribe run` with these words, and waits until it listens or ends. */
export async function start(t: Test, world: World, words: readonly string[] = []): Promise<Started> {
  const started = begin(t, world, words);
  await Promise.race([started.says(/ -> .*\n/), started.exit]);
  return started;
}

/** The same without waiting. */
export function begin(t: Test, { folder, set }: World, words: readonly string[] = []): Started {
  const args = [CLI, 'run', ...set.flatMap((one) => ['--set', one]), ...words];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: plainEnvironment() });
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said.text += text));
  const started = new Started(child, said);
  t.teardown(async () => {
    for (const one of [...started.heirs, started]) await one.killed();
  });
  return started;
}

/** A client that says lines and waits for their echo. */
export class Client {
  readonly socket: Socket;
  #heard = '';
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#heard += text;
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.ended = true;
      });
    }
  }

  static async at(address: Address): Promise<Client> {
    return new Client(await dialTo(address as SocketAddress));
  }

  /** Says a line and hears it. */
  async say(line: string): Promise<void> {
    this.socket.write(`${line}\r\n`);
    await until(() => this.#heard.includes(`${line}\r\n`) || this.ended, `the echo of ${line}`);
    if (!this.#heard.includes(`${line}\r\n`)) throw new Error(`the session ended before ${line}`);
  }

  async leave(): Promise<void> {
    this.socket.end();
    await until(() => this.ended, 'the end of the session');
    this.socket.destroy();
  }
}

/** What was typed in a session, in its order. */
export const inputsOf = (all: readonly Written[], session: string): (string | undefined)[] =>
  chainOf(all, session)
    .filter(({ topic }) => topic === 'session.input')
    .map(({ text }) => text);

/** Records of a session, in the order of their numbers; what came twice, once. */
export function chainOf(all: readonly Written[], session: string): Written[] {
  const once = new Map(all.filter((one) => one.session === session).map((one) => [one.id, one]));
  return [...once.values()].sort((a, b) => a.seq - b.seq);
}

/** The session in which this was typed. */
export async function sessionOf({ folder }: World, text: string): Promise<string> {
  const found = await until(() => records(folder).find((one) => one.text === text && one.direction === 'RCV'), `the record of ${text}`, LONG_MS);
  return found.session as string;
}

/** Waits until this was typed and delivered. */
export const delivered = (world: World, text: string): Promise<string> => sessionOf(world, text);

/** What is left of processes whose sessions went on. */
export const goingIn = ({ folder }: World): string[] => filesIn(join(folder, 'audit/spool/going'), /./);

/** Every chain has all its numbers once, and the spool is proven. */
export async function sound(t: Test, { folder }: World): Promise<Written[]> {
  const all = records(folder);
  for (const session of new Set(all.flatMap(({ session }) => session ?? []))) {
    const numbers = chainOf(all, session).map(({ seq }) => seq);
    t.same(numbers, [...numbers.keys()], `the numbers of ${session}`);
  }
  t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true, damage: [] });
  return all;
}
