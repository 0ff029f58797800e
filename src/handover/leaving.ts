/**
 * A process that gives its spool up while its sessions go on: names them in the spool (spool/going.ts), and passes on what is recorded of them to whoever owns
 * it next. Receives drafts from the audit side; never touches the journal.
 */
import type { Log } from '../contract.js';
import { GoingFile } from '../spool/going.js';
import { dialIntake } from '../view/intake/intake.js';
import { DraftSender } from './draft-sender.js';
import type { GoingSession, PassedDraft, PassingData } from './passing.js';

export interface LeavingOptions {
  /** SPOOL_DIR, which the caller still owns. */
  readonly folder: string;
  readonly log: Log;
  /** Ids of the sessions that go on here. */
  readonly sessions: readonly string[];
  /** So many characters of drafts are durable at the owner: for the audit side. */
  readonly passed: (count: number) => void;
}

export class Leaving {
  readonly #file: GoingFile;
  readonly #named: ReadonlySet<string>;
  readonly #sender: DraftSender;
  #gone = false;

  /** Throws what the system throws where the spool cannot be written. */
  constructor({ folder, log, sessions, passed }: LeavingOptions) {
    this.#file = new GoingFile(folder, sessions);
    this.#named = new Set(sessions);
    this.#sender = new DraftSender({
      name: this.#file.name,
      reach: () => dialIntake(folder, null),
      passed,
      refused: () => log.warn('AUDIT_HANDOVER: the owner of the spool is of a version that takes no records of this one; they wait for another'),
    });
  }

  /** The journal is closed; an owner is looked for. Among the sessions are those that have ended, and whose last records wait for a module. */
  gaveUp(sessions: readonly GoingSession[]): void {
    this.#gone = true;
    for (const { id } of sessions) if (!this.#named.has(id)) this.began(id);
    this.#sender.begin(sessions);
  }

  add(drafts: readonly PassedDraft[]): void {
    this.#sender.add(drafts);
  }

  /** A session begins here all the same: its client was on its way in. */
  began(id: string): void {
    try {
      this.#file.add(id);
    } catch {
      // A full disk: should the owner die before this session has ended, the next one takes that for a crash.
    }
  }

  /** Where the audit thread goes on if it is started again; undefined: it has the journal still. */
  get state(): PassingData | undefined {
    return this.#gone ? this.#sender.state : undefined;
  }

  /** Records that are not known to be durable. */
  get held(): number {
    return this.#sender.held;
  }

  /** The spool was not given up after all. */
  cancel(): void {
    this.#file.remove();
  }

  /** All that goes on here is being ended. */
  ending(): void {
    this.#sender.leave();
  }

  /** Nothing goes on here any more. Resolves when all is durable, or after the time, in milliseconds. @returns how many records are not */
  async end(timeoutMs: number): Promise<number> {
    const left = await this.#sender.end(timeoutMs);
    if (left === 0) this.#file.remove();
    else this.#file.abandon();
    return left;
  }
}
