/**
 * Starts the programs of this folder's scripts for a test, each on a free port of 127.0.0.1, and ends them with all that they started.
 * A peer that is not installed is a reason to skip; under WIRESCRIBE_PEERS=required (CI) it is a failure.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The repository: tests run from dist/test/peers, scripts stay in test/peers. */
export const ROOT = join(import.meta.dirname, '../../..');
const SCRIPTS = join(ROOT, 'test/peers');
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wirescribe-peers');

export type PeerName =
  | 'tinymux'
  | 'evennia'
  | 'tintin'
  | 'telnet'
  | 'tintin-server'
  | 'telnetd'
  | 'chatd'
  | 'rsyslog'
  | 'opensearch'
  | 'kafka'
  | 'kafka-mock'
  | 'browser'
  | 'sshd'
  | 'tmux'
  | 'script'
  | 'haproxy'
  | 'openssl'
  | 'asciinema'
  | 'jq'
  | 'sqlite3'
  | 'telnet-ssl';

/** rsyslog's own driver for tls: a package of its own. */
const RSYSLOG_TLS = [join('/usr/lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu', 'rsyslog/lmnsd_ossl.so')];

/** What must be there for a peer to start, and how many ports in a row it takes (0: it is a client, and is told one). */
const PEERS: Record<PeerName, { readonly files: readonly string[]; readonly commands: readonly string[]; readonly ports: number }> = {
  tinymux: { files: ['/usr/games/tinymux-install'], commands: ['ps'], ports: 1 },
  evennia: { files: [join(CACHE, 'evennia-5.0.1/done'), join(CACHE, 'evennia-5.0.1-game')], commands: ['ps'], ports: 5 },
  tintin: { files: ['/usr/games/tt++'], commands: ['tmux', 'ps'], ports: 0 },
  telnet: { files: ['/usr/bin/inetutils-telnet'], commands: ['tmux', 'ps'], ports: 0 },
  'tintin-server': { files: ['/usr/games/tt++'], commands: ['tmux', 'ps'], ports: 1 },
  telnetd: { files: [join(CACHE, 'telnetd/usr/sbin/telnetd')], commands: ['socat', 'ps'], ports: 1 },
  opensearch: { files: [join(CACHE, 'opensearch-2.19.3/done')], commands: ['java', 'ps'], ports: 2 },
  kafka: { files: [join(CACHE, 'kafka-4.1.1/done')], commands: ['java', 'openssl', 'kcat', 'ps'], ports: 3 },
  'kafka-mock': { files: [join(CACHE, 'kafka-mock')], commands: ['kcat', 'ps'], ports: 1 },
  rsyslog: { files: ['/usr/sbin/rsyslogd', ...RSYSLOG_TLS], commands: ['openssl', 'ps'], ports: 2 },
  // These two have no script: openssl.test.ts runs the programs themselves.
  openssl: { files: [], commands: ['openssl'], ports: 0 },
  'telnet-ssl': { files: [join(CACHE, 'telnet-ssl/usr/bin/telnet-ssl')], commands: [], ports: 0 },
  haproxy: { files: [], commands: ['haproxy', 'openssl', 'ps'], ports: 4 },
  // Started by browser.ts; the scripts that Evennia's web client fetches from elsewhere are given to it out of the cache.
  browser: { files: [join(CACHE, 'webclient/done')], commands: ['chromium'], ports: 0 },
  sshd: { files: ['/usr/sbin/sshd'], commands: ['ssh', 'ssh-keygen', 'ps'], ports: 1 },
  // These two are run by their tests.
  tmux: { files: [], commands: ['tmux'], ports: 0 },
  script: { files: [], commands: ['script'], ports: 0 },
  // These three read what we wrote.
  asciinema: { files: [], commands: ['asciinema'], ports: 0 },
  jq: { files: [], commands: ['jq'], ports: 0 },
  sqlite3: { files: [], commands: ['sqlite3'], ports: 0 },
  chatd: { files: ['/usr/bin/telnet-chatd'], commands: ['socat', 'ip', 'ps'], ports: 1 },
};

/** First start of a peer on a busy machine, in milliseconds; Evennia takes 6 s on an idle one. */
const START_MS = 90_000;
/** What a peer has to end by itself before it is killed: the scripts wait 10 s for each of their processes. */
const STOP_MS = 40_000;

export interface Peer {
  readonly port: number;
  /** Its folder, removed by `stop` unless it was given. */
  readonly dir: string;
  /** What its script has printed, and complained. */
  readonly output: () => string;
  /** Resolves with the exit code once the script has ended by itself. */
  readonly ended: Promise<number | null>;
  /** Ends it and everything that it started, and removes its folder. May be called again. For `t.teardown`. */
  stop(): Promise<void>;
}

const works = (action: () => unknown): boolean => {
  try {
    action();
    return true;
  } catch {
    return false;
  }
};

/** False if these peers are installed, or must be; else why a test of them is skipped: made for tap's `{ skip: peerMissing('tinymux') }`. */
export function peerMissing(...names: PeerName[]): string | false {
  const missing = names.find((name) => {
    const { files, commands } = PEERS[name];
    return !files.every((file) => works(() => accessSync(file))) || !commands.every((one) => works(() => execFileSync('which', [one])));
  });
  if (!missing || process.env.WIRESCRIBE_PEERS === 'required') return false;
  return `${missing} is not installed; run test/peers/install.sh`;
}

/** The first of `count` ports in a row that are free on 127.0.0.1 now. Outside the ephemeral range, so that no client takes one meanwhile. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = 10_000 + Math.floor(Math.random() * 20_000);
    const all = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (all.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!(await listening)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * Starts a peer and waits until it accepts.
 * @param args what its script takes behind PORT (for a server: behind DIR)
 * @param options.port for a client: where it connects; for a server: the port of its own that it had before
 * @param options.dir a folder that is kept, to start a server again on what it had
 */
export async function startPeer(
  name: PeerName,
  args: readonly string[] = [],
  options: { readonly port?: number; readonly dir?: string } = {},
): Promise<Peer> {
  const port = options.port ?? (await freePorts(PEERS[name].ports));
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), `wirescribe-${name}-`));
  const places = PEERS[name].ports === 0 ? [...args, dir] : [dir, ...args];
  const script = spawn('bash', [join(SCRIPTS, `${name}.sh`), String(port), ...places], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(script);
  const ended = once(script, 'close').then(([code]) => code as number | null);
  const stop = async () => {
    await stopGroup(script, ended);
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  if (await isReady(script, port, output, ended)) return { port, dir, output: () => output.out() + output.err(), ended, stop };
  await stop();
  throw new Error(`${name} did not start: ${output.err() || output.out() || 'it said nothing'}`);
}

/**
 * Starts a client in a terminal, to type the lines of `script`: each `[TEXT, KEYS]`, KEYS and Enter once TEXT is on its screen, '' to wait alone.
 * Its `ended` is 0 once all was typed and seen; `output` then gives the screen.
 */
export async function typeInto(name: 'tintin' | 'telnet', port: number, script: readonly (readonly [string, string])[]): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), 'wirescribe-script-'));
  writeFileSync(join(dir, 'script'), script.map((line) => `${line.join('\t')}\n`).join(''));
  const client = await startPeer(name, [join(dir, 'script')], { port });
  const stop = async () => {
    await client.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...client, stop };
}

function collect(script: ChildProcess): { out: () => string; err: () => string } {
  const text = { out: '', err: '' };
  script.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  script.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  return { out: () => text.out, err: () => text.err };
}

function isReady(script: ChildProcess, port: number, output: { out: () => string }, ended: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => output.out().includes(`ready ${port}\n`) && resolve(true);
    const timer = setTimeout(() => resolve(false), START_MS);
    timer.unref();
    script.stdout?.on('data', look);
    ended.finally(() => resolve(false));
  });
}

/** Asks the script to end, which ends what it started; then kills whatever is left of its process group. */
async function stopGroup(script: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const group = -(script.pid ?? 0);
  if (group === 0) return;
  script.kill('SIGTERM');
  const timer = setTimeout(() => process.kill(group, 'SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
  works(() => process.kill(group, 'SIGKILL'));
}
