/**
 * Redactions in a process that owns its spool, each in its turn: chores rest, callbacks are stopped and started again, the journal is held. Receives what is
 * to be erased, gives what was. What erasing is stands in redact/redact.ts.
 */
import type { AuditSide } from '../audit/audit-side.js';
import type { Chores } from '../chores/chores.js';
import type { Settings } from '../config/settings.js';
import { AuditError, nameOf } from '../errors.js';
import { countMeant, finishPending, type Redacted, redact, type StandStill, type Tell } from '../redact/redact.js';
import type { RedactRequest } from '../spool/redact/select.js';
import type { DeliverySide } from './delivery-side.js';
import { groundOf } from './of-settings.js';
import type { RunOptions } from './running.js';
import type { Turns } from './turns.js';

export interface ErasingParts {
  readonly options: RunOptions;
  /** Those in force. */
  readonly settings: () => Settings;
  /** The audit side, once it runs. */
  readonly side: () => AuditSide;
  readonly delivery: DeliverySide;
  readonly chores: () => Chores;
  readonly turns: Turns;
  /** Throws AUDIT_USAGE with these words where the spool is given up, or about to be. */
  readonly mustOwn: (refusal: string) => void;
}

export class Erasing {
  readonly #parts: ErasingParts;
  /** How far a redaction is; undefined: there is none. */
  #progress: { readonly stage: string; readonly done: number; readonly all: number } | undefined;
  /** Aborted when the time to stop is over: a redaction is left to the next start. */
  readonly #enough = new AbortController();

  constructor(parts: ErasingParts) {
    this.#parts = parts;
  }

  /** For `stats`: how far the redaction is that is being done; null where there is none. */
  get progress(): { readonly stage: string; readonly done: number; readonly all: number } | null {
    return this.#progress ?? null;
  }

  /** What is being done is left to the next start. */
  leaveOff(): void {
    this.#enough.abort();
  }

  /** One at a time: what comes meanwhile waits for its turn. Counting (`look`) does not. Rejects as redact/redact.ts, and AUDIT_USAGE where nothing is owned. */
  async redact(request: RedactRequest, look: boolean, tell: Tell): Promise<Redacted> {
    this.#parts.side();
    if (look) return countMeant(this.#standStill(), request, tell);
    const { turns, mustOwn, chores } = this.#parts;
    return turns.take(async () => {
      mustOwn('redacts nothing');
      return chores().timed('redact', () => this.#watched((still, watched) => redact(still, request, watched), tell));
    });
  }

  /** What a crash left of a redaction; where that fails it is said, and waits for the next one, or the next start. Starts the callbacks. */
  async finish(): Promise<void> {
    const { options, delivery } = this.#parts;
    try {
      await this.#watched(
        (still, tell) => finishPending(still, tell),
        () => undefined,
      );
    } catch (error) {
      const known = error instanceof AuditError ? `${error.code}: ${error.message}` : `AUDIT_REDACT: ${nameOf(error)}`;
      options.log.warn(`${known} (a redaction that was begun before)`);
    }
    if (delivery.running.length === 0 && !this.#isOver) delivery.startAgain();
  }

  /** Nothing is delivered here, or not any more. */
  get #isOver(): boolean {
    return this.#parts.options.alone === true || this.#enough.signal.aborted;
  }

  async #watched<T>(work: (still: StandStill, tell: Tell) => Promise<T>, tell: Tell): Promise<T> {
    const watched: Tell = (stage, done, all) => {
      this.#progress = { stage, done, all };
      tell(stage, done, all);
    };
    try {
      // What is archived meanwhile would stand there whole.
      return await this.#parts.chores().without(() => work(this.#standStill(), watched));
    } finally {
      this.#progress = undefined;
    }
  }

  #standStill(): StandStill {
    const { settings, side, delivery } = this.#parts;
    return {
      ...groundOf(settings(), this.#enough.signal),
      hold: () => side().hold(),
      release: () => side().release(),
      declare: (fact) => side().declare(fact),
      stopCallbacks: () => delivery.pause(),
      startCallbacks: async () => (this.#isOver ? undefined : delivery.startAgain()),
    };
  }
}
