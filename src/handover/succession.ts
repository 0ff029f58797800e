/**
 * A proxy and those that follow it (DESIGN 7, "handover"). Runs one, hands its listening sockets and its spool over to a new process where that is asked for,
 * and keeps what goes on here until its last session has ended. A new process that cannot take over changes nothing; one that dies over it has us take the
 * spool back: then a second proxy runs in this process, and the sessions of the first are passed on to it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedSocket } from '../bridge/bridge.js';
import { closeNow, duplicate } from '../bridge/pty/libc.js';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { run } from '../main.js';
import type { Notifier } from '../run/notify.js';
import type { Waiting } from '../run/reload.js';
import type { Running, RunOptions } from '../run/running.js';
import { HeirProcess, type Program } from './heir-process.js';

export interface SuccessionOptions {
  /** How we were started: what SIGUSR2 starts again. */
  readonly own: Program;
  readonly notifier: Notifier;
  /** Whether it hands over at all. */
  readonly isOffered: boolean;
}

/** Who has taken over, and the lines that say where it listens. */
export interface HandedOver {
  readonly pid: number;
  readonly listeners: readonly string[];
}

/** What a new process may take to prove its configuration, and to open the spool and its callbacks. */
const PREPARE_MS = 120_000;
const START_MS = 60_000;
/** When the spool is tried to be taken back once more. */
const AGAIN_MS = 500;
/** How often it is looked whether the last session has ended; it is believed at the second look. */
const LOOK_MS = 250;

export class Succession {
  readonly #runOptions: RunOptions;
  readonly #options: SuccessionOptions;
  /** Owns the spool and listens; undefined: another process does. */
  #owner: Running | undefined;
  #last: Running;
  /** Those whose sessions go on. */
  readonly #left = new Set<Running>();
  #lost = false;
  #stopping = false;
  /** The handover that is under way, and its new process while that can be sent away. */
  #handing: Promise<unknown> | undefined;
  #heir: HeirProcess | undefined;
  #heirPid = 0;
  #watching: NodeJS.Timeout | undefined;
  #desert: () => void = () => undefined;
  /** Resolves when nobody is left here: all was handed over, and has ended. */
  readonly deserted = new Promise<void>((resolve) => {
    this.#desert = resolve;
  });

  private constructor(running: Running, runOptions: RunOptions, options: SuccessionOptions) {
    this.#owner = running;
    this.#last = running;
    this.#runOptions = runOptions;
    this.#options = options;
  }

  /** Runs a proxy. Throws as `run`. */
  static async start(settings: Settings, runOptions: RunOptions, options: SuccessionOptions): Promise<Succession> {
    let begun: ((succession: Succession) => void) | undefined;
    const self = new Promise<Succession>((resolve) => {
      begun = resolve;
    });
    const handOver = async (request: { readonly [name: string]: unknown }) => (await self).handOver(programOf(request));
    const all = options.isOffered ? { ...runOptions, handOver } : runOptions;
    const succession = new Succession(await run(settings, all), all, options);
    begun?.(succession);
    return succession;
  }

  /** The proxy that listens; behind a handover the one that did. */
  get running(): Running {
    return this.#last;
  }

  /** As Running.reload. Rejects with AUDIT_USAGE behind a handover. */
  async reload(next: Settings): Promise<readonly Waiting[]> {
    return this.#mustOwn().reload(next);
  }

  #mustOwn(): Running {
    if (this.#owner) return this.#owner;
    throw new AuditError('AUDIT_USAGE', `this process has handed over to process ${this.#heirPid}; ask that one`);
  }

  /**
   * Starts `program` (what we were started as, if not given), which takes the listening sockets and the spool over. Resolves once it runs.
   * @throws AuditError what it refused to start with, AUDIT_HANDOVER where it could not take over, AUDIT_USAGE where another handover is under way,
   * AUDIT_SPOOL where the spool cannot be given up now; then all goes on here
   */
  async handOver(program: Program = this.#options.own): Promise<HandedOver> {
    const running = this.#mustOwn();
    if (this.#handing || this.#stopping) throw new AuditError('AUDIT_USAGE', 'a handover is under way, or the proxy is stopping; ask again later');
    if (process.pid === 1) {
      throw new AuditError(
        'AUDIT_USAGE',
        'this is the first process of its container, which ends with it; start the container anew, or use an init that waits for all',
      );
    }
    const handing = this.#handOver(running, program);
    this.#handing = handing.catch(() => undefined);
    try {
      return await handing;
    } finally {
      this.#handing = undefined;
    }
  }

  async #handOver(running: Running, program: Program): Promise<HandedOver> {
    const sockets = running.share();
    try {
      const heir = this.#start(running, program, sockets);
      await this.#leave(running, heir);
      const listeners = await this.#follow(running, heir, sockets);
      this.#options.notifier.mainPid(heir.pid);
      heir.release();
      this.#heirPid = heir.pid;
      this.#runOptions.log.info(`process ${heir.pid} has taken over; ${running.sessions} sessions go on here`);
      return { pid: heir.pid, listeners };
    } finally {
      for (const { fd } of sockets) closeNow(fd);
      this.#watch();
    }
  }

  #start({ settings }: Running, program: Program, sockets: readonly SharedSocket[]): HeirProcess {
    const spool = settings.listeners.some(({ audit }) => audit.active) ? settings.spool.dir : null;
    return new HeirProcess({ ...program, spool, sockets, env: { ...process.env, ...this.#options.notifier.passOn } });
  }

  /** Up to here the new process can be sent away, and nothing has changed. */
  async #leave(running: Running, heir: HeirProcess): Promise<void> {
    this.#heir = heir;
    try {
      await heir.until('prepared', PREPARE_MS);
      this.#heir = undefined;
      await running.leave();
    } catch (error) {
      await heir.end();
      throw error;
    } finally {
      this.#heir = undefined;
    }
    this.#owner = undefined;
    this.#left.add(running);
  }

  /** The new process begins. Gives where it listens; where it fails the spool is taken back. */
  async #follow(running: Running, heir: HeirProcess, sockets: readonly SharedSocket[]): Promise<readonly string[]> {
    heir.go();
    try {
      return (await heir.until('runs', START_MS)).listeners;
    } catch (error) {
      await heir.end();
      this.#runOptions.log.warn('AUDIT_HANDOVER: the new process failed when it took over; the spool is taken back');
      await this.#takeBack(running.settings, sockets);
      throw error;
    }
  }

  async #takeBack(settings: Settings, sockets: readonly SharedSocket[]): Promise<void> {
    while (!this.#stopping) {
      const copies = new Map(sockets.map(({ name, fd }) => [name, duplicate(fd)]));
      try {
        this.#owner = await run(settings, { ...this.#runOptions, sockets: copies });
        this.#last = this.#owner;
        return;
      } catch (error) {
        this.#runOptions.log.warn(`${error instanceof AuditError ? error : `AUDIT_INTERNAL: ${nameOf(error)}`}; it is tried again`);
      }
      await sleep(AGAIN_MS);
    }
  }

  /** Ends those that have no session any more. */
  #watch(): void {
    if (this.#left.size === 0) return;
    let before = new Set<Running>();
    this.#watching ??= setInterval(() => {
      const empty = new Set([...this.#left].filter(({ deserted }) => deserted));
      for (const running of empty) if (before.has(running)) void this.#end(running);
      before = empty;
    }, LOOK_MS);
  }

  async #end(running: Running): Promise<void> {
    this.#left.delete(running);
    if (this.#left.size === 0) {
      clearInterval(this.#watching);
      this.#watching = undefined;
    }
    await running.stop();
    this.#lost ||= running.lost;
    if (this.#left.size === 0 && !this.#owner && !this.#handing) this.#desert();
  }

  /** Ends all that is here; what goes on of earlier proxies first, for the owner seals what they pass on. @returns something that was recorded is lost */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    await this.#heir?.end();
    await this.#handing;
    await Promise.all([...this.#left].map((running) => this.#end(running)));
    await this.#owner?.stop();
    this.#lost ||= this.#owner?.lost ?? false;
    clearInterval(this.#watching);
    return this.#lost;
  }
}

/** What another process asks to be started. Throws AUDIT_USAGE where that is no program. */
function programOf({ program, args, cwd }: { readonly [name: string]: unknown }): Program {
  const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
  if (!isText(program) || !isText(cwd) || !Array.isArray(args) || !args.every(isText)) {
    throw new AuditError('AUDIT_USAGE', 'the request names no program; ask with `wirescribe run --handover`');
  }
  return { program, args, cwd };
}
