/**
 * `wirescribe exec` as people start it: in a terminal (a real one, that the test types into) or in a pipe, with a spool in a folder of its own. What was
 * recorded is read out of the journal; owners that were started in the background end with the test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Program } from '../../src/bridge/pty/program.js';
import { auditFiles, folderOf, type Written } from '../harness.js';
import { until } from '../wait.js';

export const CLI = join(import.meta.dirname, '../../src/cli.js');

/** Everything is kept, and delivered nowhere but to a file. */
export const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_CALLBACK='file'"];

/** The words of an `exec` with these settings, behind Node's own name. */
export const execWords = (words: readonly string[], set: readonly string[] = []): string[] => [
  CLI,
  'exec',
  ...[...KEPT, ...set].flatMap((one) => ['--set', one]),
  '--',
  ...words,
];

/** Ours, without what tap adds to follow the processes of a test: an owner goes on behind it, in a folder that goes. */
export const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !/^_?TAP/.test(name)));

export interface Place {
  readonly folder: string;
}

/** A folder to be in, whose owners end with the test. */
export function placeOf(t: Test): Place {
  const folder = folderOf(t);
  t.teardown(async () => {
    for (const pid of ownersOf(folder)) {
      kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid), 'the end of the owner');
    }
  });
  return { folder };
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) Z /.test(stat);
  } catch {
    return false;
  }
};

/** All records, each once: those of the file, then those that have not come there yet. A segment that was delivered goes. */
export function journalOf({ folder }: Place): (Written & { readonly pid: number })[] {
  const spool = join(folder, 'audit/spool');
  const undelivered = segmentsOf(spool).flatMap((name) => linesOf(join(spool, name)));
  const lines = new Set([...auditFiles(folder).flatMap(linesOf), ...undelivered]);
  return [...lines].flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []));
}

/** None, where the file has gone meanwhile. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function segmentsOf(spool: string): string[] {
  try {
    return readdirSync(spool)
      .filter((name) => name.endsWith('.jsonl'))
      .sort();
  } catch {
    return [];
  }
}

/** Processes that wrote the journal and are not this one. */
export const ownersOf = (folder: string): number[] => [...new Set(journalOf({ folder }).map(({ pid }) => pid))].filter((pid) => pid !== process.pid);

/** What was said in a session, `> ` typed and `< ` shown, and its other records by their topics. */
export const saidIn = (all: readonly Written[], session: string | undefined): string[] =>
  all
    .filter((one) => one.session === session)
    .map(({ topic, direction, text }) => (direction === undefined ? topic : `${direction === 'RCV' ? '>' : '<'} ${text ?? ''}`));

export const sessionsOf = (all: readonly Written[]): string[] =>
  all.flatMap(({ topic, session }) => (topic === 'session.start' && session !== undefined ? [session] : []));

/** A run in a pipe. */
export async function pipeThrough(
  place: Place,
  words: readonly string[],
  { input = '', env = {}, args }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly args?: readonly string[] } = {},
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, args ?? execWords(words), { cwd: place.folder, env: { ...plainEnvironment(), ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** A run in a terminal. */
export class InTerminal {
  readonly program: Program;
  /** What stands on the screen and stood there. */
  out = '';
  exit: number | string | undefined;
  #ended = false;

  /** @param argv what is run in the terminal: `exec` itself, or what runs it */
  constructor(t: Test, { folder }: Place, argv: readonly [string, ...string[]]) {
    this.program = new Program({
      argv,
      environment: Object.entries({ ...plainEnvironment(), TERM: 'xterm' }).map(([name, value]) => `${name}=${value}`),
      cwd: folder,
      columns: 90,
      rows: 30,
      output: (chunk) => {
        this.out += chunk.toString('latin1');
      },
      ended: () => {
        this.#ended = true;
        this.exit = this.program.exit;
      },
    });
    this.program.resume();
    t.teardown(() => this.program.close());
  }

  /** `exec` of these words. */
  static exec(t: Test, place: Place, words: readonly string[], set: readonly string[] = []): InTerminal {
    return new InTerminal(t, place, [process.execPath, ...execWords(words, set)]);
  }

  type(text: string): Promise<void> {
    return new Promise((resolve) => this.program.write(Buffer.from(text), resolve));
  }

  /** Waits until it is shown. */
  async shows(text: string): Promise<void> {
    await until(() => this.out.includes(text), `'${text}' on a screen that shows ${JSON.stringify(this.out)}`);
  }

  async end(): Promise<number | string | undefined> {
    await until(() => this.#ended, `the end of a screen that shows ${JSON.stringify(this.out)}`);
    return this.exit;
  }
}
