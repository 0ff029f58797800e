/**
 * What stands around the program in the chaos law: its folder, its disk, the other sides, its configuration; and what is known of all that. Starts the
 * program, and does to its surroundings what the law tells it to. Judges nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { makeSigningKey } from '../../src/spool/signing-key.js';
import { askOwner } from '../../src/view/control.js';
import { auditLines, Dice, folderOf, Program, settingsOf, spoolFiles, spoolLines, startProgram, startServer } from '../harness.js';
import { storedLines } from '../stored-lines.js';
import { idOf, Truth, wholeLines } from './chaos-copies.js';
import { answer, wordOf } from './chaos-crowd.js';
import { Collector, KEEPER, WebServer } from './chaos-peers.js';

const CLI = join(import.meta.dirname, '../../src/cli.js');
const MIB = 1 << 20;

/** All that is the same in every run. */
const SETTINGS = `
AUDIT_IN = True
AUDIT_OUT = True
CHECKPOINT_KEY = 'k'
`;

export interface WorldOptions {
  readonly seed: number;
  /** The spool takes 4 MiB (and a segment an eighth of that); else more than is ever said. */
  readonly isRoomShort: boolean;
}

/** The first and last id of the spool that a callback was there for. */
export interface Span {
  readonly start: 'newest' | 'oldest';
  readonly from: string;
  readonly to?: string;
}

interface Stats {
  readonly callbacks: readonly { readonly lagBytes: number }[];
}

/** Everything around the program, and what is known of it. */
export class World {
  readonly t: Test;
  readonly folder: string;
  readonly isRoomShort: boolean;
  /** Decides what happens next, and nothing else: so the same seed gives the same story. */
  readonly dice: Dice;
  readonly web: WebServer;
  readonly collector: Collector;
  readonly truth = new Truth();
  /** Names of callbacks that were added later: the first and last id of the spool that they were there for. */
  readonly late = new Map<string, Span>();
  /** Rounds whose word was redacted, and those of which that is not known. */
  readonly redacted = new Set<number>();
  readonly asked = new Set<number>();
  redacting: Promise<unknown> = Promise.resolve();
  printed = '';
  happened: string[] = [];
  #upstream = '';
  readonly #disk: boolean;
  #ballast = false;

  constructor(t: Test, { seed, isRoomShort }: WorldOptions) {
    this.t = t;
    this.isRoomShort = isRoomShort;
    this.dice = new Dice(seed);
    this.web = new WebServer(new Dice(seed + 1));
    this.collector = new Collector(new Dice(seed + 2));
    this.folder = folderOf(t);
    this.#disk = mountAt(t, this.spool);
  }

  get spool(): string {
    return join(this.folder, 'audit/spool');
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  async begin(): Promise<void> {
    this.#upstream = await startServer(this.t, answer);
    await this.web.come();
    await this.collector.come();
    this.t.teardown(async () => {
      await this.web.go();
      await this.collector.go();
    });
    makeSigningKey(this.at('k'));
    writeFileSync(this.at('keeper.mjs'), KEEPER);
  }

  /** Starts the program, as it is configured now. */
  async start(drainS: number): Promise<Program> {
    this.#configure(drainS);
    return startProgram(this.t, { upstream: this.#upstream, folder: this.folder, callbacks: 'configured' });
  }

  /** Starts the program and kills it at the nth thing that its start does in the spool, or when it listens. */
  async killStart(nth: number): Promise<void> {
    this.#configure(1);
    let seen = 0;
    const program = new Program(this.folder, settingsOf({ upstream: this.#upstream, callbacks: 'configured' }));
    const kill = (): void => void program.child.kill('SIGKILL');
    const watching = watch(this.spool, () => void (++seen === nth && kill()));
    program.child.stdout?.on('data', (text) => void (String(text).includes(' -> ') && kill()));
    await program.ended();
    watching.close();
    this.printed += program.printed;
  }

  #configure(drainS: number): void {
    const late = [...this.late].filter(([, { to }]) => to === undefined);
    const callbacks = [
      "{'use': 'file', 'size': '300k'}",
      "'store'",
      `{'use': 'http', 'url': 'http://127.0.0.1:${this.web.port}/', 'timeout_s': 1}`,
      `{'use': 'syslog', 'url': 'tcp://127.0.0.1:${this.collector.port}', 'max_bytes': '40k'}`,
      "{'use': './keeper.mjs', 'name': 'mine', 'out': 'mine.out', 'moods': True}",
      ...late.map(([name, { start }]) => `{'use': './keeper.mjs', 'name': '${name}', 'out': '${name}.out', 'start': '${start}'}`),
    ];
    writeFileSync(
      this.at('server.conf'),
      `${SETTINGS}SPOOL_MAX_BYTES = '${this.isRoomShort ? '4m' : '64m'}'\nDRAIN_TIMEOUT_S = ${drainS}\nAUDIT_CALLBACK = [${callbacks.join(', ')}]\n`,
    );
  }

  mood(mood: 'bad' | 'down' | 'hangs' | ''): void {
    writeFileSync(this.at('mood'), mood);
  }

  fill(): void {
    if (!this.#disk || this.#ballast) return;
    this.#ballast = true;
    fillWith(join(this.spool, 'ballast'));
  }

  get isFull(): boolean {
    return this.#ballast;
  }

  free(): void {
    if (this.#ballast) rmSync(join(this.spool, 'ballast'));
    this.#ballast = false;
  }

  /** All is well from now on. */
  async heal(): Promise<void> {
    this.free();
    this.mood('');
    this.web.bad = false;
    this.collector.bad = false;
    await this.web.come();
    await this.collector.go();
    await this.collector.come();
  }

  /** How far the journal is: rises with every byte that is written. */
  get written(): number {
    const last = spoolFiles(this.folder).at(-1);
    return last === undefined ? 0 : Number(basename(last, '.jsonl')) * 16 * MIB + (statSync(last, { throwIfNoEntry: false })?.size ?? 0);
  }

  /** What the spool holds is accepted. To be asked while nothing runs. Gives the id of the last. */
  look(): string {
    const lines = spoolLines(this.folder);
    this.truth.add(lines);
    return idOf(lines.at(-1) ?? '');
  }

  /** Erases what a round said with its word. 0: done; 1: there was none; anything else: who does it was killed. */
  async redact(round: number): Promise<number | null> {
    this.asked.add(round);
    const args = ['redact', '--pattern', wordOf(round), '--part', 'body', '--why', 'asked for', '--yes', '--set', "LISTEN='telnet://127.0.0.1:0'"];
    const child = spawn(process.execPath, [CLI, ...args, '--set', `UPSTREAM='${this.#upstream}'`], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (this.printed += bytes));
    const [status] = (await once(child, 'close')) as [number | null];
    if (status === 0) this.redacted.add(round);
    if (status === 0) this.t.strictSame(this.placesOf(wordOf(round)), [], `what was redacted of round ${round} stands nowhere`);
    return status;
  }

  /** Files of ours that hold a text. */
  placesOf(text: string): string[] {
    return [...filesBelow(this.at('audit'))].flatMap(([path, bytes]) => (bytes.includes(text) ? path : []));
  }

  /** Bytes of the journal that callbacks have not taken, all in all, by the program's own figures. */
  async lag(): Promise<number> {
    const { callbacks } = (await askOwner(this.spool, { command: 'stats' }, () => undefined)) as Stats;
    return callbacks.reduce((sum, { lagBytes }) => sum + lagBytes, 0);
  }

  /** What every callback has, by its name. */
  async copies(): Promise<ReadonlyMap<string, readonly string[]>> {
    const late = [...this.late.keys()].map((name) => [name, this.copyOf(name)] as const);
    return new Map([
      ['file', auditLines(this.folder)],
      ['store', await storedLines(this.folder)],
      ['http', this.web.kept],
      ['syslog', this.collector.kept],
      ['mine', this.copyOf('mine')],
      ...late,
    ]);
  }

  /** Ids of a callback's dead letters. */
  deadOf(name: string): string[] {
    const path = join(this.spool, 'dead', `${name}.jsonl`);
    return existsSync(path) ? wholeLines(readFileSync(path, 'utf8')).map(idOf) : [];
  }

  copyOf(keeper: string): string[] {
    return existsSync(this.at(`${keeper}.out`)) ? wholeLines(readFileSync(this.at(`${keeper}.out`), 'utf8')) : [];
  }
}

/** Mounts a small disk at `folder`, where that may be done here. */
function mountAt(t: Test, folder: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128m,mode=700', 'tmpfs', folder]);
  if (status === 0) t.teardown(() => spawnSync('umount', ['-l', folder]));
  return status === 0;
}

function fillWith(path: string): void {
  const fd = openSync(path, 'w');
  const bytes = Buffer.alloc(MIB / 4);
  try {
    for (;;) writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}

/** All bytes of all files below a folder, what is compressed unpacked, with their paths. */
/** One that goes meanwhile is passed over. */
function* filesBelow(folder: string): Generator<[string, Buffer]> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !existsSync(path)) continue;
    const bytes = readFileSync(path);
    yield [path, path.endsWith('.gz') ? gunzipSync(bytes) : bytes];
  }
}
