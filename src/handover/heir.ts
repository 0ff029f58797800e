/**
 * The new side of a handover, before it is a proxy: it was started by the running one, with its listening sockets and a channel to it (heir-process.ts).
 * Proves its configuration, says so, waits until the spool is free, and says when it runs. Until then the old one has lost nothing.
 */

import { formatAddress } from '../bridge/address.js';
import type { SharedSocket } from '../bridge/bridge.js';
import { closeNow } from '../bridge/pty/libc.js';
import { proveSettings } from '../commands/check.js';
import type { ListenerSettings } from '../config/listeners.js';
import type { Settings } from '../config/settings.js';
import { AuditError, type ErrorCode } from '../errors.js';

/** The variable that says what was handed over; JSON of Inheritance. */
export const HANDED = 'WIRESCRIBE_HANDED';

/** What an heir finds. */
export interface Inheritance {
  /** SPOOL_DIR, which the sessions that go on are recorded in; null: none of them is recorded. */
  readonly spool: string | null;
  readonly sockets: readonly SharedSocket[];
}

/** What an heir says; and what it is told, once. */
export type FromHeir =
  | { readonly type: 'prepared' }
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'runs'; readonly listeners: readonly string[] };
export type ToHeir = { readonly type: 'go' };

/** Reads what was handed over to this process and takes it out of `env`. undefined: nothing was. */
export function heirOf(env: NodeJS.ProcessEnv): Heir | undefined {
  const handed = env[HANDED];
  delete env[HANDED];
  if (handed === undefined || !process.send) return undefined;
  return new Heir(JSON.parse(handed) as Inheritance);
}

export class Heir {
  readonly #inheritance: Inheritance;
  /** The old one says so, or is gone; then the spool is free as well. */
  readonly #go: Promise<unknown>;

  constructor(inheritance: Inheritance) {
    this.#inheritance = inheritance;
    this.#go = new Promise((resolve) => {
      process.once('message', resolve);
      process.once('disconnect', resolve);
    });
  }

  /** Proves the settings and waits for the spool. Resolves with true then. Throws as `check`, and AUDIT_HANDOVER where they have another spool. */
  async prepare(settings: Settings): Promise<true> {
    const { spool } = this.#inheritance;
    await proveSettings(settings);
    if (spool !== null && (settings.spool.dir !== spool || !settings.listeners.some(({ audit }) => audit.active))) {
      throw new AuditError(
        'AUDIT_HANDOVER',
        `sessions that go on are recorded in the spool ${spool}, and this configuration has another, or records nothing; stop and start to change that`,
      );
    }
    say({ type: 'prepared' });
    await this.#go;
    return true;
  }

  /** Which listener has which socket: that which listens where it is to listen, first of those with its name. The others are closed. */
  sockets(listeners: readonly Pick<ListenerSettings, 'name' | 'listen'>[]): ReadonlyMap<string, number> {
    const given = new Map<string, number>();
    const left = [...this.#inheritance.sockets];
    const give = (fits: (one: SharedSocket, name: string) => boolean): void => {
      for (const { name, listen } of listeners) {
        const at = given.has(name) ? -1 : left.findIndex((one) => one.listen === formatAddress(listen) && fits(one, name));
        const [found] = at < 0 ? [] : left.splice(at, 1);
        if (found) given.set(name, found.fd);
      }
    };
    give((one, name) => one.name === name);
    give(() => true);
    for (const { fd } of left) closeNow(fd);
    return given;
  }

  /** We are the proxy now. */
  runs(listeners: readonly string[]): void {
    say({ type: 'runs', listeners });
    if (process.connected) process.disconnect();
  }

  /** We cannot be, and this is why; its place goes with its message. */
  refuse(error: AuditError): void {
    const { code } = error;
    say({ type: 'refused', code, message: String(error).slice(code.length + ': '.length) });
    if (process.connected) process.disconnect();
  }
}

/** Whoever handed over may be gone. */
function say(message: FromHeir): void {
  if (process.connected) process.send?.(message, () => undefined);
}
