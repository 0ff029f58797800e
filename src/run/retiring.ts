/**
 * What is in force, said in the audit, and with it which callbacks are gone and what they had not taken. Receives the settings in force and cursors that
 * nobody has any more; forgets these once that is durable, else the next start says it.
 */
import type { AuditSide } from '../audit/audit-side.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../contract.js';
import { Board } from '../spool/board.js';
import { findRetired, forgetCursors, type Retired } from '../spool/delivery/retire.js';
import type { DeliveryChange, DeliverySide } from './delivery-side.js';
import type { Waiting } from './reload.js';
import type { Teller } from './teller.js';

export interface RetiringParts {
  /** SPOOL_DIR. */
  readonly folder: string;
  readonly side: AuditSide;
  readonly delivery: DeliverySide;
  readonly teller: Teller;
  readonly log: Log;
  /** Callbacks are none of this process's business: nobody is gone. */
  readonly alone: boolean;
}

export class Retiring {
  readonly #parts: RetiringParts;

  constructor(parts: RetiringParts) {
    this.#parts = parts;
  }

  /** Cursors of callbacks that are gone; before any callback runs, while nothing they point at can go. */
  async find(callbacks: Settings['callbacks']): Promise<readonly Retired[]> {
    const { folder, delivery, alone } = this.#parts;
    if (alone) return [];
    const names = callbacks.map(({ name }) => name);
    try {
      return await findRetired(folder, names, new Board(delivery.memory).durable);
    } catch {
      // The cursors' folder cannot be read: whoever places a cursor there says so.
      return [];
    }
  }

  /** Says the start, what is in force, and who is gone. */
  async sayStart({ digest, systemEvents }: Settings, retired: readonly Retired[]): Promise<void> {
    const { side, teller } = this.#parts;
    if (retired.length > 0) {
      void side.declare({ topic: 'audit.start' });
      return this.#say({ digest }, retired);
    }
    teller.tell({ topic: 'audit.start' });
    if (systemEvents) teller.tell({ topic: 'audit.config', data: { digest } });
  }

  /** Says what is in force behind a reload, and who is gone; those hold nothing any more, and their cursors go once that is durable. */
  async sayChange({ digest, callbacks, systemEvents }: Settings, waiting: readonly Waiting[], change: DeliveryChange): Promise<void> {
    const retired = change.gone.length > 0 ? await this.find(callbacks) : [];
    this.#parts.delivery.letGo(change);
    const keys = [...new Set(waiting.map(({ key }) => key))];
    const waits = keys.length > 0 ? { waits: keys } : {};
    // What a callback had not taken is lost to it, and said whatever the operator wants to hear.
    if (!systemEvents && retired.length === 0) return;
    await this.#say({ digest, ...waits }, retired);
  }

  async #say(data: { readonly digest: string; readonly waits?: readonly string[] }, retired: readonly Retired[]): Promise<void> {
    const { folder, side, log } = this.#parts;
    for (const { callback, records } of retired) {
      const lost = records === null ? 'what it had not taken is let go' : `${records} records that it had not taken are let go`;
      log.info(`AUDIT_CURSOR: callback ${callback} is gone from the configuration; ${lost}`);
    }
    const gone = retired.length > 0 ? { retired } : {};
    if (await side.declare({ topic: 'audit.config', data: { ...data, ...gone } })) forgetCursors(folder, retired);
  }
}
