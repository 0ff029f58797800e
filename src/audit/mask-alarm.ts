/**
 * The alert when a mask that used to hit stops: mask/'s watch over the hits of all listeners, kept in the spool. Receives the audit side's ticks, gives
 * faults. Reads no clock.
 */
import type { TimeUs } from '../contract.js';
import { HitWatch, isState } from '../mask/hit-watch.js';
import type { MaskSet } from '../mask/masker.js';
import { keepMaskHits, readMaskHits } from '../spool/mask-hits.js';

/** How often the hits are counted, and kept. Microseconds. */
const EVERY_US = 60_000_000;

/** An `audit.fault`; `mask` is the name of the mask that it is about. */
export interface MaskFault {
  readonly code: string;
  readonly stage: 'mask';
  readonly count: number;
  readonly mask?: string;
}

export class MaskAlarm {
  readonly #folder: string;
  #sets: readonly MaskSet[];
  #watch: HitWatch;
  #next: TimeUs = 0;
  /** Whether what was kept could not be read. */
  readonly damaged: boolean;

  /** @param folder the spool's, which exists @param sets the masks of all listeners */
  constructor(folder: string, sets: readonly MaskSet[]) {
    const kept = readMaskHits(folder);
    this.#folder = folder;
    this.#sets = sets;
    this.#watch = new HitWatch([...this.#counts().keys()], kept);
    this.damaged = kept !== undefined && !isState(kept);
  }

  /** These masks are in force from now on, whose hits begin at 0. What was counted by then stays. */
  adopt(sets: readonly MaskSet[]): void {
    if (this.#next > 0) this.#watch.look(this.#next - EVERY_US, this.#counts());
    this.#sets = sets;
    this.#watch = new HitWatch([...this.#counts().keys()], this.#watch.state);
  }

  /** Told that a session began on any listener. */
  sessionBegan(): void {
    this.#watch.sessionBegan();
  }

  /** Told the time: once a minute it counts, and gives what is to be said. */
  tick(at: TimeUs): readonly MaskFault[] {
    if (at < this.#next && at > this.#next - 2 * EVERY_US) return NONE;
    this.#next = at + EVERY_US;
    const silent = this.#watch.look(at, this.#counts());
    this.#keep();
    return silent.map((mask) => ({ code: 'mask-silent', stage: 'mask', count: 1, mask }));
  }

  /** Keeps what was counted up to the end. */
  close(): void {
    if (this.#next === 0) return;
    this.#watch.look(this.#next - EVERY_US, this.#counts());
    this.#keep();
  }

  #keep(): void {
    keepMaskHits(this.#folder, this.#watch.state);
  }

  #counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const set of this.#sets) for (const [mask, count] of set.hits) counts.set(mask, (counts.get(mask) ?? 0) + count);
    return counts;
  }
}

const NONE: readonly MaskFault[] = [];
