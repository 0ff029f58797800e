/** What the operator is told of the spool's room: that it fills, that it is full, that a callback gave up. Each at once, and then rarely. */
import { Rarely } from './retry.js';

const times = (count: number): string => (count > 1 ? ` (${count} times)` : '');

export class RoomAlarm {
  readonly #filling: Rarely;
  readonly #full: Rarely;
  readonly #gaveUp: Rarely;

  /** @param warn takes a line for people; names of callbacks stand in it, nothing of any record */
  constructor(warn: (message: string) => void) {
    this.#filling = new Rarely((who, count) => warn(`AUDIT_SPOOL: the spool is filled to 80 % of SPOOL_MAX_BYTES${times(count)}; ${who}`));
    this.#full = new Rarely((who, count) =>
      warn(
        `AUDIT_SPOOL: the spool is full and nobody may give up what is in it${times(count)}; AUDIT_ON_FAILURE decides until there is room; ${who}`,
      ),
    );
    this.#gaveUp = new Rarely((callback, count) =>
      warn(`AUDIT_SPOOL: the spool is full; callback ${callback} gave up its oldest records${times(count)}; see audit.gap`),
    );
  }

  /** @param behind the callback furthest behind, where there is one */
  level(level: 'filling' | 'full', behind: string | undefined): void {
    const who = behind === undefined ? 'no callback takes its records' : `callback ${behind} is furthest behind`;
    (level === 'full' ? this.#full : this.#filling).happened(who);
  }

  gaveUp(callback: string): void {
    this.#gaveUp.happened(callback);
  }
}
