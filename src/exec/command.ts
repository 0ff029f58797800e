/** Which program `exec` is to run: the words of its command line, what sshd was asked for, or a shell; and whether it can be run at all. */
import { constants } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { findAccount, isThere, mayRun } from '../bridge/pty/libc.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Set for what runs in `exec`: a shell that is itself a script around `exec` is not run within it once more. */
export const INSIDE = 'WIRESCRIBE_EXEC';

/**
 * The words themselves; else the command that sshd was asked for (ForceCommand), by the shell; else the shell as at a login.
 * @param words what stands behind `--`
 */
export function commandFor(words: readonly string[], env: Environment): readonly [string, ...string[]] {
  const [program, ...rest] = words;
  if (program !== undefined) return [program, ...rest];
  const shell = shellOf(env);
  const asked = env.SSH_ORIGINAL_COMMAND;
  return asked ? [shell, '-c', asked] : [shell, '-l'];
}

function shellOf(env: Environment): string {
  if (env[INSIDE] !== undefined) return '/bin/sh';
  return env.SHELL || findAccount(process.geteuid?.() ?? 0)?.shell || '/bin/sh';
}

/** Where execvp(3) looks when nobody says. */
const PATH = '/bin:/usr/bin';

/** Exit codes of a shell, POSIX.1-2017 XCU 2.8.2; `own`: of env(1), nohup(1) and others of its kind for their own failures. */
export const EXIT_CODES = { own: 125, refused: 126, missing: 127, signal: 128 } as const;

/** The file that execvp(3) would run; or the exit code that says why there is none. */
export function findCommand(program: string, env: Environment, cwd: string): string | 126 | 127 {
  const folders = program.includes('/') ? [''] : (env.PATH || PATH).split(':');
  const paths = folders.map((folder) => resolve(cwd, folder, program)).filter((path) => isAbsolute(path) && path !== cwd);
  const found = paths.find((path) => mayRun(path) && !isThere(`${path}/.`));
  if (found) return program.includes('/') ? program : found;
  return paths.some(isThere) ? EXIT_CODES.refused : EXIT_CODES.missing;
}

/** A program's exit status as a shell has it: 128 and the number for a signal. */
export function statusOf(exit: number | string | undefined): number {
  if (typeof exit === 'number') return exit;
  const signals: { readonly [name: string]: number } = constants.signals;
  const number = exit === undefined ? undefined : (signals[exit] ?? Number(/\d+$/.exec(exit)?.[0]));
  return number === undefined || Number.isNaN(number) ? EXIT_CODES.own : EXIT_CODES.signal + number;
}
