/**
 * Sessions that come from other processes, at the owner of a spool: those of `exec` (the intake), and those that go on in the old sides of handovers.
 * Receives chunks and drafts on sockets, and gives them to the door and the audit side.
 */
import { randomBytes } from 'node:crypto';
import type { AuditSide } from '../audit/audit-side.js';
import { findAccount } from '../bridge/pty/libc.js';
import type { Door } from '../capture/door.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../contract.js';
import { AuditError, nameOf } from '../errors.js';
import { OldSides } from '../handover/old-sides.js';
import { MOST_DRAFT_BYTES } from '../handover/taking.js';
import { linkKeyOf } from '../spool/link-key.js';
import { Intake } from '../view/intake/intake.js';

export interface GuestsParts {
  /** Those in force. */
  readonly settings: () => Settings;
  readonly door: Door;
  /** The audit side, once it runs. */
  readonly side: () => AuditSide | undefined;
  readonly newId: () => string;
  readonly log: Log;
}

export class Guests {
  readonly #parts: GuestsParts;
  readonly #oldSides: OldSides;
  #intake: Intake | undefined;

  /** Finds the old sides; the caller owns the spool. Throws what the system throws where its folder cannot be read. */
  constructor(parts: GuestsParts) {
    this.#parts = parts;
    this.#oldSides = new OldSides({
      folder: parts.settings().spool.dir,
      connected: () => this.#intake?.oldSides ?? [],
      crashed: async (sessions) => (await parts.side()?.crashed(sessions)) ?? false,
    });
  }

  /** Sessions of `exec`, and old sides that are connected. */
  get count(): number {
    return (this.#intake?.sessions ?? 0) + (this.#intake?.oldSides.length ?? 0);
  }

  /** Ids of all sessions of old sides. */
  get oldSessions(): string[] {
    return this.#oldSides.sessions;
  }

  /** For `stats`: which old sides there are. */
  get oldSides(): OldSides['stats'] {
    return this.#oldSides.stats;
  }

  /** For the old side of a handover; and for `exec`, where what it records is kept at all. Throws AUDIT_LISTEN for INTAKE_LISTEN. */
  async open(): Promise<void> {
    const { settings, door, side, newId, log } = this.#parts;
    const { spool, intakeListen, audit } = settings();
    this.#intake = new Intake({
      folder: spool.dir,
      listen: audit.active ? intakeListen : null,
      exec: audit.active,
      drafts: { take: async (batch) => side()?.drafts(batch), mostBytes: MOST_DRAFT_BYTES },
      recorder: door,
      policy: () => settings().audit.onFailure,
      newId,
      linkKey: this.#linkKey(spool.dir),
      userOf: (uid) => findAccount(uid)?.name ?? String(uid),
      durable: (sessions) => side()?.durable(sessions) ?? Promise.resolve([]),
      warn: (message) => log.warn(message),
    });
    await this.#intake.open();
  }

  /** Where there is none and none can be made, sessions are linked as long as this process lives. */
  #linkKey(folder: string): Uint8Array {
    try {
      return linkKeyOf(folder);
    } catch (error) {
      const why = error instanceof AuditError ? error.message : `${folder}/link.key cannot be made (${nameOf(error)}); check its disk`;
      this.#parts.log.warn(`AUDIT_SPOOL: ${why}. Until then what exec records behind a restart names no session before it`);
      return randomBytes(32);
    }
  }

  /** Looks from now on whether old sides live. */
  watch(): void {
    this.#oldSides.watch();
  }

  /** The door has no room. */
  full(): void {
    this.#intake?.full();
  }

  /** The door has room again. */
  room(): void {
    this.#intake?.room();
  }

  /** The spool is being given up: nobody is let in, and no old side is waited for. */
  leave(): void {
    this.#intake?.stop();
  }

  /** The process stops: nobody is let in but old sides that end as we do. */
  stop(): void {
    this.#intake?.stop(this.#oldSides.isAnyAlive);
  }

  /** Behind `stop`: resolves when old sides that end as we do have passed on their last words, or after the time. */
  async untilPassed(timeoutMs: number): Promise<void> {
    await this.#intake?.untilPassed(timeoutMs, () => this.#oldSides.isAnyAlive);
  }

  /** Behind `leave`, where the spool was not given up: all who are connected come again to what `open` opens anew. */
  turnAway(): void {
    this.#intake?.close(false);
  }

  /** For good. @param durable whether all that they handed in is, which they are told */
  close(durable: boolean): void {
    this.#oldSides.close();
    this.#intake?.close(durable);
    this.#intake = undefined;
  }
}
