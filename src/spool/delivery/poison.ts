/**
 * Finds the record that a callback fails on, among records that it has failed on together. Receives records and a way to give some of them; gives how
 * many were taken, and whether the next one is proven to be at fault. Gives nothing up itself, and nothing is ever proven while everything fails: that is
 * a callback that is down, not a record.
 */
import { constants } from 'node:os';
import type { AuditRecord } from '../../contract.js';

/** Errors of the system that speak of what was written. */
const OF_RECORD: ReadonlySet<string> = new Set(['EMSGSIZE', 'E2BIG', 'EINVAL', 'EILSEQ']);

/** Whether an error may be a record's fault. A system that fails, or what says of itself that it is no one's, proves nothing: some records may go elsewhere. */
export function maySpeakOfRecord(error: unknown): boolean {
  const { code, retriable } = (error ?? {}) as { code?: unknown; retriable?: unknown };
  if (retriable === true) return false;
  return typeof code !== 'string' || OF_RECORD.has(code) || !(code in constants.errno);
}

export interface Sifted {
  /** So many of the records, from the first on, were taken. */
  readonly taken: number;
  /** The one behind them fails, and it alone: the callback takes what stands behind it. */
  readonly poison: boolean;
}

export interface Sieve {
  /** Gives records once. true: they were taken. After a no it has waited. */
  readonly give: (records: readonly AuditRecord[]) => Promise<boolean>;
  /** The record behind the last of them, where there is one. */
  readonly behind: () => AuditRecord | undefined;
}

/**
 * Gives records in growing parts until one part fails, then in halves of it, down to a single record. That one is at fault if it fails, the record behind
 * it is then taken, and it fails again; a callback that is down fails that record too, after two tries in all. Order is kept but for that one record,
 * which comes again in its turn. At most some 2 log2(n) tries fail.
 */
export async function sift(records: readonly AuditRecord[], { give, behind }: Sieve): Promise<Sifted> {
  let taken = 0;
  let growing = true;
  for (let size = 1; taken < records.length; ) {
    const part = records.slice(taken, taken + size);
    if (await give(part)) {
      taken += part.length;
      growing ||= size === 1;
      size = growing ? size * 2 : Math.ceil(size / 2);
    } else if (part.length > 1) {
      growing = false;
      size = Math.ceil(part.length / 2);
    } else {
      return prove(records, taken, { give, behind });
    }
  }
  return { taken, poison: false };
}

/** Record number `at` has failed alone. */
async function prove(records: readonly AuditRecord[], at: number, { give, behind }: Sieve): Promise<Sifted> {
  const suspect = records.slice(at, at + 1);
  const next = records[at + 1] ?? behind();
  if (!next || !(await give([next]))) return { taken: at, poison: false };
  const taken = await give(suspect);
  return { taken: taken ? at + 1 : at, poison: !taken };
}
