/**
 * Where a command shows what it found: standard output, through a pager where that is a terminal, as git does it. Receives text, writes it as slowly as it
 * is read; whoever stops reading (`| head`, q in the pager, Ctrl-C) ends the work quietly.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Standard output, or what stands in its place. */
export type Out = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

export interface ScreenOptions {
  readonly out: Out;
  /** Through a pager, where there is one to go through. */
  readonly pager: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Is told what to do when standard output has no reader any more, in place of ending the process. */
  readonly onReaderGone: (then: () => void) => void;
}

/** Colours are wanted (https://no-color.org). */
const wantsColour = ({ out, env }: ScreenOptions): boolean => out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';

export class Screen {
  readonly colour: boolean;
  readonly #options: ScreenOptions;
  readonly #gone = new AbortController();
  readonly #leave = (): void => this.#gone.abort();
  #pager: ChildProcess | undefined;
  #out: Writable | undefined;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.colour = wantsColour(options);
    options.onReaderGone(this.#leave);
    // The first Ctrl-C ends the work in good order, the second one at once.
    process.once('SIGINT', this.#leave);
    process.once('SIGTERM', this.#leave);
  }

  /** Aborted once nobody reads any more, or somebody has had enough. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when it can take more. The pager starts at the first text. After its reader has gone it does nothing. */
  async write(text: string): Promise<void> {
    if (this.signal.aborted || text === '') return;
    this.#out ??= await this.#open();
    if (!this.#out.write(text)) await once(this.#out, 'drain', { signal: this.signal }).catch(() => undefined);
  }

  /** Resolves when what was written was taken, and the pager has ended. */
  async close(): Promise<void> {
    const pager = this.#pager;
    if (pager) {
      const ended = pager.exitCode === null && pager.signalCode === null ? once(pager, 'close') : undefined;
      pager.stdin?.end();
      await ended;
    }
    process.removeListener('SIGINT', this.#leave);
    process.removeListener('SIGTERM', this.#leave);
  }

  async #open(): Promise<Writable> {
    const { out, pager, env } = this.#options;
    this.#pager = pager && out.isTTY ? await startPager(env) : undefined;
    const input = this.#pager?.stdin;
    if (!input) return out;
    input.on('error', this.#leave);
    this.#pager?.once('close', this.#leave);
    return input;
  }
}

/** $PAGER, or less: with -F it shows what fits on one screen and ends, -R passes colours, -X leaves what was shown. None, where it does not start. */
async function startPager(env: NodeJS.ProcessEnv): Promise<ChildProcess | undefined> {
  const command = env.PAGER ?? 'less';
  if (command === '' || command === 'cat') return undefined;
  const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env: { LESS: 'FRX', LV: '-c', ...env } });
  return once(child, 'spawn').then(
    () => child,
    () => undefined,
  );
}

/** How often a progress is drawn, in milliseconds. */
const REDRAW_MS = 250;

/** One line on a terminal's stderr that says how far long work is; nothing where results come to a terminal too. */
export class Progress {
  readonly #shows: boolean;
  #next = Date.now() + REDRAW_MS;
  #shown = false;

  constructor(shows: boolean) {
    this.#shows = shows && process.stderr.isTTY === true;
  }

  show(text: () => string): void {
    if (!this.#shows || Date.now() < this.#next) return;
    this.#next = Date.now() + REDRAW_MS;
    this.#shown = true;
    process.stderr.write(`\r\x1b[K${text()}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
