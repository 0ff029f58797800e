/** What commands ask of whoever runs them: a yes on the terminal, and the name. Prints nothing on standard output. */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { AuditError } from '../errors.js';

/** Asks on stderr. Only `y` and `yes` are yes. */
export async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** Throws AUDIT_USAGE where `--yes` is not given and nobody can be asked. @param instead what `--yes` does, and what else could be said */
export function mustBeAskable(flags: ReadonlySet<string>, instead: string): void {
  if (!flags.has('yes') && !process.stdin.isTTY) throw new AuditError('AUDIT_USAGE', `nobody can be asked here; say ${instead}`);
}

/** Who runs this; a container may have no name for its user. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
