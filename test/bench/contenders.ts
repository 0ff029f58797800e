/** What the bench measures, each started fresh for each round: nothing in between, the plain pipe, and `wirescribe run` with auditing off, into the journal alone, and on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, ROOT } from '../peers/peer.js';

export type ContenderName = 'direct' | 'pipe' | 'off' | 'journal' | 'audited';

export interface Contender {
  /** Where the load goes. */
  readonly port: number;
  /** Its folder: the audit files of `audited` are in `audit`. */
  readonly dir: string;
  /** Seconds of CPU that it has used, in all its threads. */
  cpuSeconds(): number;
  /** Asks it to end (SIGTERM), and waits until it has; gives the seconds that took. What it printed to stderr is thrown if it fails. */
  stop(): Promise<number>;
  /** Removes its folder. */
  remove(): void;
}

/** Clock ticks a second of /proc/PID/stat: Linux's USER_HZ, 100 everywhere. */
const TICKS = 100;

/** Long enough to deliver everything after SIGTERM: the bench counts records, so nothing may be left to a next start. */
const DRAIN_S = 300;

/** Into the journal alone: a callback reads it all, and takes nothing of it. What `audited` costs above that is the delivery's. */
const NOWHERE = "{'use': 'console', 'topics': ['nothing']}";
const FILE = "{'use': 'file', 'path': 'audit/audit.log'}";

const config = (port: number, upstream: number, name: ContenderName): string => `
LISTEN = 'telnet://127.0.0.1:${port}'
UPSTREAM = 'telnet://127.0.0.1:${upstream}'
AUDIT_ACTIVATE = ${name === 'off' ? 'False' : 'True'}
AUDIT_IN = True
AUDIT_OUT = True
AUDIT_CALLBACK = ${name === 'journal' ? NOWHERE : FILE}
SPOOL_DIR = 'spool'
DRAIN_TIMEOUT_S = ${DRAIN_S}
`;

/** Starts one in front of the line server on port `upstream`, and waits until it is ready. Folders go under `under`. */
export async function startContender(name: ContenderName, upstream: number, under: string): Promise<Contender> {
  const dir = mkdtempSync(join(under, `${name}-`));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  if (name === 'direct') return { port: upstream, dir, cpuSeconds: () => 0, stop: async () => 0, remove };
  const port = await freePorts(1);
  const child = name === 'pipe' ? startPipe(port, upstream) : startWirescribe(dir, config(port, upstream, name));
  const stop = await watch(child, name);
  return { port, dir, cpuSeconds: () => cpuSecondsOf(child.pid ?? 0), stop, remove };
}

function startPipe(port: number, upstream: number): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'dist/test/bench/pipe.js'), String(port), String(upstream)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function startWirescribe(dir: string, text: string): ChildProcess {
  const file = join(dir, 'server.conf');
  writeFileSync(file, text);
  return spawn(process.execPath, [join(ROOT, 'dist/src/cli.js'), 'run', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Waits for the first line on stdout, which says that the child is ready; gives what stops it. */
async function watch(child: ChildProcess, name: string): Promise<() => Promise<number>> {
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const ready = child.stdout ? once(child.stdout, 'data') : Promise.reject(new Error('no stdout'));
  const first = await Promise.race([ready.then(() => 'ready'), ended]);
  if (first !== 'ready') throw new Error(`${name} did not start: ${complaints}`);
  return async () => {
    const from = performance.now();
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0 && name !== 'pipe') throw new Error(`${name} ended with exit code ${code}: ${complaints}`);
    return (performance.now() - from) / 1_000;
  };
}

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
