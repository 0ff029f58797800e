/**
 * A program in a terminal of its own. Receives what is typed, gives what the program says, and at the end how it ended: all that it said comes first.
 * Never leaves a process, a file descriptor or a zombie behind; reads nothing of what passes.
 */
import { constants } from 'node:os';
import { ReadStream } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { loadNativeModule, type Native } from 'node-pty/lib/utils.js';
import {
  type Account,
  closeAllOnExec,
  closeNow,
  closeOnExec,
  duplicate,
  endLinesByLf,
  foregroundOf,
  giveTerminal,
  groupsOf,
  inGroups,
  noEcho,
  readNow,
  type TerminalState,
  terminalState,
  typesBlind,
  writeNow,
} from './libc.js';

export interface ProgramOptions {
  /** The file to run, as execvp(3) finds it, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** `NAME=VALUE`; nothing else is in its environment. */
  readonly environment: readonly string[];
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  /** False: its terminal does not send back what is typed, as long as the program leaves it so. */
  readonly echo?: false;
  /** Whom it runs as, with all groups of that user; absent: as we do. We must be root. */
  readonly account?: Account;
  /** Gets what the program says, at most 64 KiB at a time; to keep. Called only while it is not paused. */
  readonly output: (chunk: Buffer) => void;
  /** Called once, behind the last output; `exit` is known then, unless the process cannot be ended. */
  readonly ended: () => void;
}

/** How long a program has after SIGHUP before it is killed; and the kernel after SIGKILL, before nobody waits for it any more. */
const HANG_UP_MS = 5_000;
const KILL_MS = 2_000;
/** How long a program's terminal may stay open and silent behind its end: others hold it, and have nothing to say. And the program, behind its terminal's. */
const SILENT_MS = 1_000;
/** Where a program does not read: when it is tried again. It begins with the first, and doubles. */
const AGAIN_MS = 2;
const AGAIN_AT_MOST_MS = 200;

let loaded: { readonly native: Native; readonly helperPath: string } | undefined;

function load(): { readonly native: Native; readonly helperPath: string } {
  if (loaded) return loaded;
  const { dir, module } = loadNativeModule('pty');
  loaded = { native: module, helperPath: fileURLToPath(new URL(`${dir}spawn-helper`, import.meta.resolve('node-pty/lib/utils.js'))) };
  return loaded;
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export class Program {
  readonly pid: number;
  /** Its exit status, or the name of the signal that ended it. */
  exit: number | string | undefined;
  /** A second hold on the terminal's master: the stream closes its own when it will, and the program whose terminal is closed is hung up. */
  readonly #fd: number;
  readonly #stream: ReadStream;
  readonly #options: ProgramOptions;
  #closed = false;
  #paused = true;
  /** Its terminal says nothing more. */
  #silent = false;
  #over = false;
  #heard = 0;
  #againMs = AGAIN_MS;
  /** Waits for the rest of its output, or for its end behind that. */
  #waiting: NodeJS.Timeout | undefined;
  #killing: NodeJS.Timeout | undefined;

  /** Starts it, paused. Throws an Error where the system has no process, terminal or file left, or does not let us become the user. */
  constructor(options: ProgramOptions) {
    this.#options = options;
    const { account } = options;
    closeAllOnExec();
    const { fd, pid, pty } = account ? inGroups(groupsOf(account), () => this.#fork()) : this.#fork();
    endLinesByLf(fd);
    if (options.echo === false) noEcho(fd);
    closeOnExec(fd);
    if (account) giveTerminal(pty, account.uid);
    this.#fd = duplicate(fd);
    this.pid = pid;
    if (this.#fd < 0) {
      closeNow(fd);
      throw new Error('no file left');
    }
    this.#stream = new ReadStream(fd, { allowHalfOpen: true });
    this.#stream.pause();
    this.#stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#stream.on('end', () => this.#readRest());
    // EIO: the last process that had the terminal has closed it.
    this.#stream.on('error', () => undefined);
    this.#stream.on('close', () => this.#readRest());
  }

  #fork(): ReturnType<Native['fork']> {
    const { argv, environment, cwd, columns, rows, account } = this.#options;
    const [file, ...args] = argv;
    const { native, helperPath } = load();
    const onExit = (status: number, signal: number): void => this.#exited(signal === 0 ? status : (SIGNAL_NAMES.get(signal) ?? `SIG${signal}`));
    return native.fork(file, args, environment, cwd, columns, rows, account?.uid ?? -1, account?.gid ?? -1, true, helperPath, onExit);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#stream.readableEnded || this.#stream.destroyed) this.#readRest();
    else this.#stream.resume();
  }

  #hear(chunk: Buffer): void {
    this.#heard += chunk.length;
    this.#options.output(chunk);
  }

  /**
   * The last process that had the terminal has closed it, and libuv takes the first short read behind that for the end; a terminal gives at most 4 KiB at
   * a time, and the kernel may hold 64 KiB more.
   */
  #readRest(): void {
    while (!this.#paused && !this.#silent) {
      const chunk = readNow(this.#fd);
      if (chunk) this.#hear(chunk);
      else if (chunk === undefined) this.#hushed();
      else return;
    }
  }

  /** Types `bytes`, which are borrowed until `done` is called: when the terminal has taken all of them, or nobody will. One at a time. */
  write(bytes: Uint8Array, done: () => void): void {
    const written = this.#closed ? undefined : writeNow(this.#fd, bytes);
    if (written === undefined || written === bytes.length) {
      this.#againMs = AGAIN_MS;
      return done();
    }
    this.#againMs = written > 0 ? AGAIN_MS : Math.min(this.#againMs * 2, AGAIN_AT_MOST_MS);
    setTimeout(() => this.write(bytes.subarray(written), done), this.#againMs);
  }

  /** The window has another size; the program gets SIGWINCH. Both from 1 to 65,535. */
  resize(columns: number, rows: number): void {
    if (!this.#closed) load().native.resize(this.#fd, columns, rows);
  }

  /** How its terminal is set now; undefined where that cannot be known. */
  get terminal(): TerminalState | undefined {
    return this.#closed ? undefined : terminalState(this.#fd);
  }

  /** Whether it has lines typed blind now; false where that cannot be known. */
  get typesBlind(): boolean {
    return !this.#closed && typesBlind(this.#fd);
  }

  /** Nobody is there any more: SIGHUP to the program and to what it has in the foreground, and SIGKILL where that does not end it in 5 s. */
  hangUp(): void {
    if (this.#over || this.#killing) return;
    this.#signal('SIGHUP');
    this.#killing = setTimeout(() => {
      this.#signal('SIGKILL');
      this.#killing = setTimeout(() => this.#finish(), KILL_MS);
    }, HANG_UP_MS);
  }

  /** Closes the terminal: nothing more is read, and the program is hung up. */
  close(): void {
    this.hangUp();
    this.#letGo();
    this.#silent = true;
    if (this.exit !== undefined) this.#finish();
  }

  #letGo(): void {
    this.#stream.destroy();
    if (!this.#closed) closeNow(this.#fd);
    this.#closed = true;
  }

  #signal(name: 'SIGHUP' | 'SIGKILL'): void {
    const foreground = this.#closed ? undefined : foregroundOf(this.#fd);
    const groups = new Set(this.exit === undefined ? [this.pid] : []);
    if (foreground !== undefined) groups.add(foreground);
    for (const group of groups) {
      try {
        process.kill(-group, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  #exited(exit: number | string): void {
    this.exit = exit;
    clearTimeout(this.#killing);
    if (this.#silent) this.#finish();
    else this.#drain(this.#heard);
  }

  /** What it said last is still to be read; the terminal says its end itself, unless others hold it. */
  #drain(heard: number): void {
    this.#waiting = setTimeout(() => {
      if (this.#paused || this.#heard !== heard) this.#drain(this.#heard);
      else this.#hushed();
    }, SILENT_MS);
  }

  #hushed(): void {
    this.#silent = true;
    if (this.exit !== undefined) this.#finish();
    else this.#waiting = setTimeout(() => this.hangUp(), SILENT_MS);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of [this.#waiting, this.#killing]) clearTimeout(timer);
    this.#letGo();
    this.#options.ended();
  }
}
