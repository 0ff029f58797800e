/**
 * A process as the owner of its spool: the lock, the audit side that writes the journal, who reads it, who may ask and hand in. Receives the parts of a run;
 * starts and ends what stands over the spool in their order, or gives it up while sessions go on.
 */
import { type AuditSide, inlineSide, type SideEvents, ThreadSide } from '../audit/audit-side.js';
import type { Door } from '../capture/door.js';
import { Chores } from '../chores/chores.js';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { Leaving } from '../handover/leaving.js';
import { isPending } from '../redact/redact.js';
import type { Lock } from '../spool/lock.js';
import { within } from '../threads/within.js';
import type { Control } from '../view/control.js';
import { type Asked, answerCommands } from './answers.js';
import type { DeliverySide } from './delivery-side.js';
import { Erasing } from './erasing.js';
import { Guests } from './guests.js';
import { auditorDataOf, keepersOf } from './of-settings.js';
import { Retiring } from './retiring.js';
import type { RunOptions } from './running.js';
import { takeSpool } from './take-spool.js';
import type { Teller } from './teller.js';
import type { Turns } from './turns.js';

/** How long chores and redactions may take to leave off when we stop, and what is recorded then to become durable. */
const GOODBYE_MS = 1_000;
/** What is recorded may take so long to become durable when the spool is given up, before that is refused. */
const LEAVE_MS = 10_000;

export interface OwnerParts {
  readonly options: RunOptions;
  /** Those in force. */
  readonly settings: () => Settings;
  readonly door: Door;
  readonly delivery: DeliverySide;
  readonly teller: Teller;
  readonly turns: Turns;
  /** What is answered to commands. */
  readonly asked: Pick<Asked, 'stats' | 'looked'>;
  readonly newId: () => string;
  /** Throws AUDIT_USAGE with these words where the spool is given up, or about to be. */
  readonly mustOwn: (refusal: string) => void;
}

export class Owner {
  readonly #parts: OwnerParts;
  readonly erasing: Erasing;
  #lock: Lock | undefined;
  #side: AuditSide | undefined;
  #guests: Guests | undefined;
  #chores: Chores | undefined;
  #retiring: Retiring | undefined;
  #control: Control | undefined;
  /** The spool was given up, or is just now. */
  #leaving: Leaving | undefined;

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    this.erasing = new Erasing({ ...parts, side: () => this.#recording, chores: () => this.chores });
  }

  get #recording(): AuditSide {
    if (this.#side) return this.#side;
    throw new AuditError(
      'AUDIT_USAGE',
      'nothing is recorded here (AUDIT_ACTIVATE), so there is nothing to erase; name the configuration of the spool',
    );
  }

  /** undefined: nothing is recorded. */
  get side(): AuditSide | undefined {
    return this.#side;
  }

  /** undefined: nothing is recorded. */
  get guests(): Guests | undefined {
    return this.#guests;
  }

  /** undefined: the spool was not given up, or there is none. */
  get leaving(): Leaving | undefined {
    return this.#leaving;
  }

  /** Where there is a spool. */
  get chores(): Chores {
    return this.#chores as Chores;
  }

  /** How chores went; none where there is no spool. */
  get choreFigures(): Chores['figures'] {
    return this.#chores?.figures ?? [];
  }

  /** Where there is a spool. */
  get retiring(): Retiring {
    return this.#retiring as Retiring;
  }

  /** Takes the spool and starts all that stands over it. Throws AUDIT_SPOOL..., AUDIT_CALLBACK_LOAD, AUDIT_MASK_..., AUDIT_LISTEN. */
  async start(): Promise<void> {
    const { options, settings, delivery, teller, turns, door, newId } = this.#parts;
    const { spool, callbacks, drainTimeoutS } = settings();
    const { log, alone } = options;
    this.#lock = await takeSpool(spool.dir, { drainTimeoutS, asks: !(options.forExec || options.brief) });
    const side = await this.#startSide(() => new Guests({ settings, door, side: () => this.#side, newId, log }));
    this.#chores = this.#makeChores(side);
    this.#retiring = new Retiring({ folder: spool.dir, side, delivery, teller, log, alone: alone === true });
    const retired = await this.#retiring.find(callbacks);
    const pending = isPending(spool.dir);
    if (!pending && !alone) {
      delivery.start();
      await Promise.all(delivery.running.map(({ ready }) => ready));
    }
    const said = this.#retiring.sayStart(settings(), retired);
    // Callbacks wait for it, for they shall not pass on what goes; the game does not.
    if (pending) void turns.take(() => said.then(() => this.erasing.finish()));
    await this.#open();
    if (alone) return;
    this.#guests?.watch();
    this.#chores.start(options.choresMs);
  }

  async #startSide(find: () => Guests): Promise<AuditSide> {
    const { options, settings, delivery } = this.#parts;
    try {
      this.#guests = find();
      const data = auditorDataOf(settings(), options, { callbacks: delivery.claims, board: delivery.memory, alive: this.#guests.oldSessions });
      const events = this.#sideEvents();
      this.#side = await (options.threads === 0 ? inlineSide(data, events) : ThreadSide.start(data, events, options.log));
      return this.#side;
    } catch (error) {
      if (error instanceof AuditError) throw error;
      const { dir } = settings().spool;
      throw new AuditError('AUDIT_SPOOL', `the spool ${dir} cannot be used (${nameOf(error)}); check its folder, its disk and its owner`);
    }
  }

  #sideEvents(): SideEvents {
    const { options, door, teller } = this.#parts;
    return {
      returned: (slab) => door.returned(slab),
      trouble: (code) => teller.trouble(code),
      warn: (message) => options.log.warn(message),
      restarted: (code) => {
        door.restarted();
        teller.fault(code, 'process', 1);
      },
      alive: () => [...door.alive, ...(this.#guests?.oldSessions ?? [])],
      gaveUp: (sessions) => this.#leaving?.gaveUp(sessions),
      drafts: (drafts) => this.#leaving?.add(drafts),
      passing: () => this.#leaving?.state,
    };
  }

  #makeChores(side: AuditSide): Chores {
    const { options, settings, teller } = this.#parts;
    return new Chores({
      ground: () => {
        const { spool, folder: configFolder, chores, retentionDays, archive } = settings();
        return { folder: spool.dir, keepers: keepersOf(settings()), configFolder, chores, retentionDays, archive };
      },
      declare: (fact) => side.declare(fact),
      fault: (code) => teller.fault(code, 'chore', 1),
      log: options.log,
      now: options.now ?? Date.now,
      alone: options.alone === true,
    });
  }

  /** From now on others can ask, and hand in. Throws AUDIT_LISTEN for INTAKE_LISTEN. */
  async #open(): Promise<void> {
    const { options, settings, asked } = this.#parts;
    const redact: Asked['redact'] = (request, look, tell) => this.erasing.redact(request, look, tell);
    this.#control = await answerCommands(settings().spool.dir, { ...asked, options, redact, chores: () => this.chores });
    if (!options.alone) await this.#guests?.open();
  }

  /**
   * What is read or asked by others goes first; where the journal cannot be closed all of it comes back.
   * @param endLooks ends the looks that are under way, which say so in the journal
   * @throws AuditError AUDIT_SPOOL where what was recorded cannot be made durable now; then nothing has changed
   */
  async giveUp(endLooks: () => Promise<void>): Promise<void> {
    const { options, delivery } = this.#parts;
    if (!this.#side) return;
    await within(this.chores.stop(), GOODBYE_MS);
    await delivery.pause();
    this.#control?.leave();
    this.#guests?.leave();
    await endLooks();
    if (await this.#passFrom(this.#side)) {
      this.#guests?.close(true);
      delivery.close();
      this.#control = undefined;
      return;
    }
    this.#guests?.turnAway();
    this.#chores = this.#makeChores(this.#side);
    this.#chores.start(options.choresMs);
    await this.#open();
    delivery.startAgain();
    throw new AuditError('AUDIT_SPOOL', 'what is recorded cannot be made durable now, so the spool is not given up; hand over when its disk works');
  }

  async #passFrom(side: AuditSide): Promise<boolean> {
    const { options, settings, door } = this.#parts;
    try {
      const { dir: folder } = settings().spool;
      this.#leaving = new Leaving({ folder, log: options.log, sessions: door.alive, passed: (count) => side.passed(count) });
    } catch {
      return false;
    }
    door.flush();
    if (await side.handOver(LEAVE_MS)) return true;
    this.#leaving.cancel();
    this.#leaving = undefined;
    return false;
  }

  /** First of a stop: nobody asks any more, chores and redactions end, or are left to the next start after the time. */
  async rest(timeoutMs: number): Promise<void> {
    const { delivery, turns } = this.#parts;
    delivery.close();
    this.#control?.close();
    const idle = this.#chores?.stop();
    await within(turns.last, timeoutMs);
    this.erasing.leaveOff();
    delivery.hurry();
    await within(Promise.all([turns.last, idle]), GOODBYE_MS);
  }

  /** Behind the end of all sessions: what they said goes to the journal, and callbacks take what they can; then the stop is said. */
  async drain(leftMs: () => number): Promise<void> {
    const { door, delivery, teller } = this.#parts;
    if (!this.#side) return;
    this.#side.revive();
    await this.#guests?.untilPassed(leftMs());
    // A full spool has room again when callbacks have let a segment go, and they go on.
    await within(door.settled(), leftMs());
    await delivery.taken(leftMs() / 2);
    teller.tell({ topic: 'audit.stop' });
  }

  /** Closes the journal, and lets guests go. False: what came last is lost. */
  async close(leftMs: () => number): Promise<boolean> {
    this.#parts.door.close();
    const kept = (await this.#side?.close(Math.max(GOODBYE_MS, leftMs()))) ?? true;
    if (!kept) this.#parts.options.log.warn('AUDIT_SPOOL: the spool did not take all that was recorded; what came last is lost');
    this.#guests?.close(kept);
    return kept;
  }

  /** Behind `giveUp`, when all sessions have ended: passes on what is left of them. False: not all of it. */
  async passRest(leftMs: () => number): Promise<boolean> {
    const { door, options } = this.#parts;
    this.#side?.revive();
    if (this.#side) await within(door.settled(), leftMs());
    door.close();
    const read = (await this.#side?.close(Math.max(GOODBYE_MS, leftMs()))) ?? true;
    const left = (await this.#leaving?.end(Math.max(GOODBYE_MS, leftMs()))) ?? 0;
    if (read && left === 0) return true;
    const what = left === 0 ? 'what came last is lost' : `${left} records could not be passed on to the new owner of the spool, and are lost`;
    options.log.warn(`AUDIT_HANDOVER: ${what}; it ends their sessions as after a crash`);
    return false;
  }

  /** Another process may have the spool. */
  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }
}
