/**
 * The owner of a spool that runs for `exec` alone (DESIGN 7): `exec` starts it in the background where nobody owns the spool, and it ends soon after its last
 * session. Of two that are started at once the lock takes one, and the other ends without a word.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeAllOnExec } from '../bridge/pty/libc.js';
import type { Running } from '../run/running.js';

/** It stays so long without a session: the next `exec` of a script does not have to start another. */
const IDLE_MS = 3_000;
const LOOK_MS = 250;
/** So long after one was started, or was lost, no other is: the proxy that owned the spool may be on its way back. */
const AGAIN_MS = 2_000;
/** And where none could be started, twice as long each time, up to this. */
const AGAIN_AT_MOST_MS = 60_000;
/** One that cannot be reached for so long will never be: it is ended. */
const STUCK_MS = 60_000;

/** Starts owners, one at a time. */
export class OwnerStarter {
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;
  #notBefore = 0;
  #againMs = AGAIN_MS;
  #startedAt = 0;
  /** What the last one said first where it could not: one line, of our own errors. */
  complaint = '';

  /** @param words of the command line: program, command, configuration */
  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** There is one: ours, if we started one. */
  reached(): void {
    this.#startedAt = Number.POSITIVE_INFINITY;
    this.#againMs = AGAIN_MS;
    this.complaint = '';
  }

  /** The owner that we had is gone. */
  lost(): void {
    this.#startedAt = performance.now();
    this.#notBefore = this.#startedAt + AGAIN_MS;
  }

  /** Starts one, unless one is on its way. It lives on without us. */
  start(): void {
    const now = performance.now();
    if (this.#child && now - this.#startedAt > STUCK_MS) this.#child.kill('SIGKILL');
    if (this.#child || now < this.#notBefore) return;
    this.#startedAt = now;
    this.#notBefore = now + this.#againMs;
    this.#againMs = Math.min(this.#againMs * 2, AGAIN_AT_MOST_MS);
    let said = '';
    closeAllOnExec();
    const child = spawn(process.execPath, this.#words, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.on('error', () => this.#ended());
    child.on('exit', () => this.#ended());
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      said ||= text.split('\n')[0] ?? '';
      this.complaint = said;
    });
    child.stderr.on('error', () => undefined);
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
  }

  #ended(): void {
    this.#child = undefined;
  }
}

/** Resolves when an owner that runs for `exec` alone has nobody left. */
export function untilDeserted(running: Pick<Running, 'guests'>, idleMs: number = IDLE_MS): Promise<void> {
  return new Promise((resolve) => {
    let since = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      if (running.guests > 0) since = now;
      if (now - since < idleMs) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
  });
}
