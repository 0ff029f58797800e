/**
 * Cursors of callbacks that are gone from the configuration (DESIGN 7). At the start, before any callback runs: finds them, counts what each had not
 * taken, and removes their files once that was said. Nothing holds the journal for them any more.
 */
import { rmSync } from 'node:fs';
import { comparePositions, type Position } from '../board.js';
import { countBetween } from '../measure.js';
import { listSegments } from '../segments.js';
import { cursorNames, cursorPath, readCursor } from './cursor.js';

/** A callback that is gone, as `audit.config` names it. */
export interface Retired {
  readonly callback: string;
  /** How many durable records it had not taken; null where its cursor could not be read, or counting took too long. */
  readonly records: number | null;
  /** Where its cursor stood, `SEGMENT:OFFSET`; null where that could not be read. */
  readonly from: string | null;
}

/** The start waits so long for all the counting: some gigabytes from a disk. */
const COUNT_MS = 10_000;

/**
 * The callbacks that have a cursor in `folder` and are not among `names`, with what each had not taken up to `durable`. Removes nothing.
 * Throws what the disk throws where the cursors' folder cannot be read.
 */
export async function findRetired(folder: string, names: readonly string[], durable: Position, countMs = COUNT_MS): Promise<Retired[]> {
  const gone = cursorNames(folder).filter((name) => !names.includes(name));
  const signal = countMs > 0 ? AbortSignal.timeout(countMs) : AbortSignal.abort();
  const retired: Retired[] = [];
  for (const name of gone) retired.push(await measureGone(folder, name, durable, signal));
  return retired;
}

async function measureGone(folder: string, callback: string, durable: Position, signal: AbortSignal): Promise<Retired> {
  const cursor = readCursor(folder, callback);
  if (typeof cursor !== 'object') return { callback, records: null, from: null };
  const from = `${cursor.segment}:${cursor.offset}`;
  if (comparePositions(cursor, durable) >= 0) return { callback, records: 0, from };
  try {
    return { callback, records: await countBetween(folder, listSegments(folder), cursor, durable, signal), from };
  } catch {
    return { callback, records: null, from };
  }
}

/** Removes their cursors. One that cannot be removed is found again by the next start. Never throws. */
export function forgetCursors(folder: string, retired: readonly Retired[]): void {
  for (const { callback } of retired) {
    try {
      rmSync(cursorPath(folder, callback), { force: true });
    } catch {
      // Said again by the next start, which tries again.
    }
  }
}
