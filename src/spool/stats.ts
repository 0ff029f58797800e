/** Figures of a spool read off its files: sizes, how far each cursor is, dead letters. Receives its folder; reads no line. Needs no lock. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readCursor } from './delivery/cursor.js';
import { deadPath } from './delivery/dead-letters.js';
import { readMaskHits } from './mask-hits.js';
import { listSegments, segmentPath } from './segments.js';

export interface SpoolStats {
  readonly segments: number;
  readonly bytes: number;
  readonly oldestSegment: number | null;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export function spoolStats(folder: string): SpoolStats {
  const segments = listSegments(folder);
  const bytes = segments.reduce((sum, segment) => sum + sizeOf(segmentPath(folder, segment)), 0);
  return { segments: segments.length, bytes, oldestSegment: segments[0] ?? null };
}

export interface CursorStats {
  readonly name: string;
  readonly cursor: { readonly segment: number; readonly offset: number } | null;
  readonly records: number | null;
  /** What lies behind its cursor. */
  readonly lagBytes: number | null;
  readonly deadLetterBytes: number;
}

function namesIn(folder: string, ending: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) => (name.endsWith(ending) ? [decodeURIComponent(name.slice(0, -ending.length))] : []));
  } catch {
    return [];
  }
}

/** Of every callback that has a cursor here. */
export const cursorStats = (folder: string): CursorStats[] =>
  namesIn(join(folder, 'cursors'), '.json')
    .sort()
    .map((name) => cursorOf(folder, name));

function cursorOf(folder: string, name: string): CursorStats {
  const deadLetterBytes = sizeOf(deadPath(folder, name));
  const cursor = readCursor(folder, name);
  if (typeof cursor !== 'object') return { name, cursor: null, records: null, lagBytes: null, deadLetterBytes };
  const { segment, offset, records } = cursor;
  const behind = listSegments(folder).filter((one) => one >= segment);
  const lagBytes = behind.reduce((sum, one) => sum + sizeOf(segmentPath(folder, one)) - (one === segment ? offset : 0), 0);
  return { name, cursor: { segment, offset }, records, lagBytes: Math.max(0, lagBytes), deadLetterBytes };
}

/** How often each mask was found today, as the spool remembers it. */
export function maskStats(folder: string): { readonly [mask: string]: number } {
  const { hits } = (readMaskHits(folder) ?? {}) as { hits?: { [mask: string]: number } };
  return hits ?? {};
}
