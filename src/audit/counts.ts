/**
 * Counts what the audit side writes, for metrics: records by topic, faults by stage and code, hits by mask. Receives names of the program and of the
 * configuration, gives plain numbers. Bounded: past a bound, faults are counted together.
 */
import type { Topic } from '../contract.js';
import type { MaskSet } from '../mask/masker.js';
import type { AuditFigures } from '../run/metrics.js';

/** Pairs of stage and code; there are some dozens. */
const MOST_FAULTS = 256;
const OTHERS = 'other other';

export class Counts {
  readonly #records = new Map<Topic, number>();
  readonly #faults = new Map<string, number>();
  /** Hits of masks that were in force before. */
  readonly #before = new Map<string, number>();

  record(topic: Topic): void {
    this.#records.set(topic, (this.#records.get(topic) ?? 0) + 1);
  }

  /** @param fault the data of an `audit.fault` */
  fault({ stage, code, count }: { readonly stage?: unknown; readonly code?: unknown; readonly count?: unknown }): void {
    const pair = `${stage} ${code}`.replace(/[^\w -]/g, '');
    const key = this.#faults.has(pair) || this.#faults.size < MOST_FAULTS ? pair : OTHERS;
    this.#faults.set(key, (this.#faults.get(key) ?? 0) + (typeof count === 'number' ? count : 1));
  }

  /** These masks are replaced: what they found by now stays counted. */
  masksGo(sets: readonly MaskSet[]): void {
    for (const set of sets) addAll(this.#before, set.hits);
  }

  /** @param sets the masks in force */
  figures(sets: readonly MaskSet[]): AuditFigures {
    const masked = new Map(this.#before);
    for (const set of sets) addAll(masked, set.hits);
    return { records: Object.fromEntries(this.#records), faults: Object.fromEntries(this.#faults), masked: Object.fromEntries(masked) };
  }
}

function addAll(sums: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) sums.set(name, (sums.get(name) ?? 0) + count);
}
