/** The new side of a handover as the old one sees it: starts its process with our listening sockets, hears how far it is, ends it where it must be. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { SharedSocket } from '../bridge/bridge.js';
import { closeAllOnExec } from '../bridge/pty/libc.js';
import { AuditError, ERRORS, type ErrorCode } from '../errors.js';
import { type FromHeir, HANDED, type Inheritance, type ToHeir } from './heir.js';

/** What is to be started. */
export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface HeirProcessOptions extends Program {
  readonly spool: string | null;
  readonly sockets: readonly SharedSocket[];
  readonly env: NodeJS.ProcessEnv;
}

/** The first number of a socket in the new process. */
const FIRST = 3;

export class HeirProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #refusal: AuditError | undefined;
  #hear: (message: FromHeir) => void = () => undefined;

  constructor({ program, args, cwd, spool, sockets, env }: HeirProcessOptions) {
    const inheritance: Inheritance = { spool, sockets: sockets.map(({ name, listen }, index) => ({ name, listen, fd: FIRST + index })) };
    closeAllOnExec();
    this.#child = spawn(program, args, {
      cwd,
      env: { ...env, [HANDED]: JSON.stringify(inheritance) },
      stdio: ['ignore', 'inherit', 'inherit', ...sockets.map(({ fd }) => fd), 'ipc'],
    });
    this.#child.on('message', (message: FromHeir) => {
      if (message.type === 'refused') this.#refusal = refusalOf(message);
      this.#hear(message);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve());
      this.#child.once('exit', () => resolve());
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Waits until it says this. @throws AuditError what it refused to start with, AUDIT_HANDOVER where it ended without a word or took longer than the time,
   * in milliseconds
   */
  async until<T extends FromHeir['type']>(type: T, timeoutMs: number): Promise<Extract<FromHeir, { type: T }>> {
    let timer: NodeJS.Timeout | undefined;
    const said = new Promise<Extract<FromHeir, { type: T }> | undefined>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, undefined);
      this.#hear = (message) => message.type === type && resolve(message as Extract<FromHeir, { type: T }>);
      void this.#ended.then(() => resolve(undefined));
    });
    const message = await said;
    clearTimeout(timer);
    if (message) return message;
    throw (
      this.#refusal ?? new AuditError('AUDIT_HANDOVER', 'the new process ended before it could take over, or took too long; its own words say why')
    );
  }

  go(): void {
    if (this.#child.connected) this.#child.send({ type: 'go' } satisfies ToHeir, () => undefined);
  }

  /** It goes on by itself. */
  release(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

const refusalOf = ({ code, message }: { readonly code: string; readonly message: string }): AuditError =>
  new AuditError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'AUDIT_HANDOVER', String(message));
