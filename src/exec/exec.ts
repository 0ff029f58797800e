/**
 * `wirescribe exec -- CMD ARG...` (DESIGN 2): CMD in a terminal of its own within this one, as script(1) runs it, and all of it handed to the owner of the
 * spool. The bytes go to the terminal first; the record never delays them, unless AUDIT_ON_FAILURE asks for it. Gives CMD's exit code.
 */
import { mayRun } from '../bridge/pty/libc.js';
import { Program } from '../bridge/pty/program.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../contract.js';
import { AuditError } from '../errors.js';
import { dialIntake } from '../view/intake/intake.js';
import { commandFor, EXIT_CODES, findCommand, INSIDE, statusOf } from './command.js';
import { OwnerStarter } from './owner.js';
import { Sender } from './sender.js';
import { OwnTerminal } from './terminal.js';

export interface ExecOptions {
  readonly settings: Settings;
  /** What stands behind `--`. */
  readonly words: readonly string[];
  /** The command line of an owner with this configuration, behind Node's own name. */
  readonly ownerWords: readonly string[];
  readonly log: Log;
}

/** Passed on to the program and what it runs. SIGHUP hangs it up. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const LF = 10;
const CR = 13;

/** Runs it. Gives the exit code: CMD's, 128 and its signal, 126 and 127 where it cannot be run, 125 where we failed. */
export async function exec({ settings, words, ownerWords, log }: ExecOptions): Promise<number> {
  const [program, ...rest] = commandFor(words, process.env);
  const found = findCommand(program, process.env, process.cwd());
  if (typeof found === 'number') {
    log.warn(`AUDIT_USAGE: ${found === EXIT_CODES.missing ? 'there is no such program' : 'that program may not be run'}; nothing was started`);
    return found;
  }
  return new Exec({ settings, argv: [program, ...rest], file: found, owner: new OwnerStarter(ownerWords), log }).run();
}

interface Plan {
  readonly settings: Settings;
  readonly argv: readonly [string, ...string[]];
  readonly file: string;
  readonly owner: OwnerStarter;
  readonly log: Log;
}

class Exec {
  readonly #plan: Plan;
  readonly #terminal = new OwnTerminal();
  readonly #sender: Sender | undefined;
  readonly #program: Program;
  #blind = false;
  #raw = false;
  /** The last byte typed. */
  #last = LF;
  /** The terminal takes no more output just now. */
  #waits = false;
  /** What was typed has not all reached the program. */
  #typing = false;
  #failed = false;
  #ended: () => void = () => undefined;
  readonly #end = new Promise<void>((resolve) => {
    this.#ended = resolve;
  });

  constructor(plan: Plan) {
    this.#plan = plan;
    const { settings, argv, file } = plan;
    const { columns, rows } = this.#terminal.window;
    const cwd = process.cwd();
    this.#program = start({
      argv: [file, ...argv.slice(1)],
      environment: environment(),
      cwd,
      columns,
      rows,
      ...(this.#terminal.isTerminal ? {} : { echo: false }),
      output: (chunk) => this.#said(chunk),
      ended: () => this.#ended(),
    });
    if (settings.audit.active) this.#sender = this.#open({ argv, cwd, columns, rows });
  }

  #open(hello: { readonly argv: readonly string[]; readonly cwd: string; readonly columns: number; readonly rows: number }): Sender {
    const { settings, owner } = this.#plan;
    let had = false;
    return new Sender({
      hello,
      policy: settings.audit.onFailure,
      patienceMs: settings.drainTimeoutS * 1000,
      reach: async () => {
        const socket = await dialIntake(settings.spool.dir, settings.intakeListen);
        if (socket) owner.reached();
        else if (had) owner.lost();
        had = socket !== undefined;
        if (!socket && mayOwn(settings)) owner.start();
        return socket;
      },
      failed: () => this.#fail(),
      room: () => this.#flow(),
    });
  }

  async run(): Promise<number> {
    for (const signal of SIGNALS) process.on(signal, () => this.#signal(signal));
    process.on('SIGHUP', () => this.#program.hangUp());
    // Whoever reads us has gone: so has the program's terminal.
    process.stdout.removeAllListeners('error');
    process.stdout.on('error', () => this.#program.hangUp());
    process.stdout.on('drain', () => {
      this.#waits = false;
      this.#flow();
    });
    this.#terminal.onWindow(({ columns, rows }) => {
      this.#program.resize(columns, rows);
      this.#sender?.terminal({ columns, rows });
    });
    this.#terminal.makeRaw();
    this.#listen();
    this.#flow();
    await this.#end;
    this.#terminal.close();
    this.#terminal.input.pause().destroy();
    await this.#settle();
    return this.#failed ? EXIT_CODES.own : statusOf(this.#program.exit);
  }

  #listen(): void {
    const { input } = this.#terminal;
    input.on('data', (chunk: Buffer) => {
      this.#look();
      this.#last = chunk[chunk.length - 1] ?? this.#last;
      this.#typing = true;
      input.pause();
      this.#program.write(chunk, () => {
        this.#typing = false;
        this.#flow();
      });
      this.#sender?.data('RCV', chunk);
    });
    input.on('error', () => undefined);
    input.on('end', () => this.#typeEnd());
  }

  /** Who sends back what is typed now, if anybody: asked before a key reaches the program, which may change it then. */
  #look(): void {
    if (!this.#sender || !this.#terminal.isTerminal) return;
    const { echo = true, canonical = true } = this.#program.terminal ?? {};
    const [blind, raw] = [canonical && !echo, !canonical && !echo];
    if (raw !== this.#raw) this.#sender.terminal({ raw });
    if (blind !== this.#blind) this.#sender.terminal({ blind });
    [this.#blind, this.#raw] = [blind, raw];
  }

  /** Nothing more is typed. A terminal that is gone hangs its program up; the end of a file is a key, twice in the midst of a line. */
  #typeEnd(): void {
    if (this.#terminal.isTerminal) return this.#program.hangUp();
    const eof = this.#program.terminal?.keys.eof ?? 0;
    if (eof === 0) return;
    this.#program.write(Buffer.alloc(this.#last === LF || this.#last === CR ? 1 : 2, eof), () => undefined);
  }

  #said(chunk: Buffer): void {
    this.#look();
    if (!process.stdout.write(chunk)) {
      this.#waits = true;
      this.#program.pause();
    }
    this.#sender?.data('SND', chunk);
    if (!this.#sender?.waits) return;
    this.#program.pause();
    this.#terminal.input.pause();
  }

  /** Both sides go on, where nothing holds them. */
  #flow(): void {
    if (this.#sender?.waits) return;
    if (!this.#waits) this.#program.resume();
    if (!this.#typing) this.#terminal.input.resume();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#program.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }

  /** AUDIT_ON_FAILURE = 'close': nothing goes on that is not recorded. */
  #fail(): void {
    this.#failed = true;
    this.#program.hangUp();
  }

  /** Hands in the rest, and says what could not be. */
  async #settle(): Promise<void> {
    const { settings, owner, log } = this.#plan;
    const missing = (await this.#sender?.end(this.#program.exit, settings.drainTimeoutS * 1000)) ?? 0;
    if (!this.#sender || this.#sender.done) {
      if (missing > 0) log.warn(`AUDIT_SPOOL: ${missing} bytes of this session could not be recorded`);
      return;
    }
    if (this.#failed) return log.warn(`AUDIT_SPOOL: this session could not be recorded to its end, as AUDIT_ON_FAILURE wants it${because(owner)}`);
    log.warn(`AUDIT_SPOOL: ${missing} bytes of this session, and its end, could not be recorded${because(owner)}`);
  }
}

const because = ({ complaint }: OwnerStarter): string => (complaint ? ` (${complaint})` : '');

/** Where others are to hand in what they record, they do not record by themselves. */
const mayOwn = ({ intakeListen, spool }: Settings): boolean => intakeListen === null || mayRun(spool.dir) || process.geteuid?.() === 0;

function start(options: ConstructorParameters<typeof Program>[0]): Program {
  try {
    return new Program(options);
  } catch {
    throw new AuditError('AUDIT_INTERNAL', 'the system has no terminal or process left for the program');
  }
}

/** All of ours: it is the same user's. */
function environment(): string[] {
  const all = { ...process.env, [INSIDE]: '1' };
  return Object.entries(all).map(([name, value]) => `${name}=${value ?? ''}`);
}
