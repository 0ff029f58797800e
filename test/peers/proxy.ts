/**
 * Starts `wirescribe run` for a test, as an operator would: the program itself, a server.conf in a folder of its own, in front of a peer. Gives what
 * it recorded, and everything that it wrote anywhere.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../wait.js';
import { freePorts, ROOT } from './peer.js';
import { contentOf, filesOf, leaksOf } from './secrets.js';

/** A record as it stands in the audit file, as far as these tests look at it. */
export interface Written {
  readonly id: string;
  readonly topic: string;
  readonly session?: string;
  readonly direction?: 'RCV' | 'SND';
  readonly account?: string;
  readonly character?: string;
  readonly text?: string;
  readonly masked?: readonly { readonly mask: string; readonly start: number; readonly end: number }[];
  readonly data?: { readonly [name: string]: unknown };
}

const CLI = join(ROOT, 'dist/src/cli.js');

/** What the program has to end after SIGTERM, in milliseconds, before it is killed: DRAIN_TIMEOUT_S and some. */
const STOP_MS = 30_000;

export class Wirescribe {
  readonly port: number;
  readonly dir: string;
  #printed = '';
  readonly #child;
  readonly #ended: Promise<number | null>;

  private constructor(port: number, dir: string) {
    this.port = port;
    this.dir = dir;
    this.#child = spawn(process.execPath, [CLI, 'run', '--config', join(dir, 'server.conf')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
      });
    }
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /**
   * Writes a server.conf, starts the program, and waits until it says that it listens.
   * @param upstream port of the server behind it
   * @param conf the rest of server.conf
   */
  static async start(upstream: number, conf: string): Promise<Wirescribe> {
    const port = await freePorts(1);
    const dir = mkdtempSync(join(tmpdir(), 'wirescribe-proxy-'));
    writeFileSync(join(dir, 'server.conf'), `LISTEN = 'telnet://127.0.0.1:${port}'\nUPSTREAM = 'telnet://127.0.0.1:${upstream}'\n${conf}`);
    const proxy = new Wirescribe(port, dir);
    const started = until(() => proxy.#printed.includes(`:${port}`), 'wirescribe to listen', 20_000);
    const ended = await Promise.race([started.then(() => false), proxy.#ended.then(() => true)]);
    if (ended) throw new Error(`wirescribe did not start: ${proxy.printed}`);
    return proxy;
  }

  /** What it printed, to stdout and stderr. */
  get printed(): string {
    return this.#printed;
  }

  /** Its audit files. */
  get #files(): string[] {
    const folder = join(this.dir, 'audit');
    const names = readdirSync(folder).filter((name) => /\.log(\.gz)?$/.test(name));
    return names.map((name) => join(folder, name));
  }

  /** The records of its audit files, in order. */
  records(): Written[] {
    const text = this.#files.map((path) => contentOf(path).toString('utf8')).join('');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Written);
  }

  /** Waits until a record that fits is in its audit files, and gives it. */
  waitForRecord(fits: (record: Written) => boolean, what: string): Promise<Written> {
    return until(() => this.records().find(fits), what) as Promise<Written>;
  }

  /** All that stands in its files now (audit, spool, state) but its configuration, and what it printed: where no secret may be. */
  everything(): string {
    const texts = filesOf(this.dir).map((name) => contentOf(join(this.dir, name)).toString('utf8'));
    return [...texts, this.#printed].join('\n');
  }

  /** Where these secrets stand in what it wrote until now, in any form: `leaksOf`. */
  leaks(secrets: readonly string[]): string[] {
    return leaksOf(this.dir, this.#printed, secrets);
  }

  /** Texts of the records of one direction, in order; '' for a line without. With a `session`, of that alone. */
  texts(direction: 'RCV' | 'SND', session?: string): string[] {
    const topic = direction === 'RCV' ? 'session.input' : 'session.output';
    const fitting = this.records().filter((one) => one.topic === topic && (session === undefined || one.session === session));
    return fitting.map((one) => one.text ?? '');
  }

  /** Exit code of `wirescribe verify` over its audit files: 0 if seals and chains hold. */
  verify(): number | null {
    return spawnSync(process.execPath, [CLI, 'verify', ...this.#files], { stdio: 'ignore' }).status;
  }

  /** SIGTERM, and its exit code. The folder stays. */
  async end(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  /** Ends it and removes its folder. For `t.teardown`. */
  stop = async (): Promise<void> => {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  };
}
