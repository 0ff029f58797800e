/**
 * Giving up for room (DESIGN 7): where the spool is full, the callbacks that are behind give up its oldest segment, if another is past it. Receives that
 * segment; declares what each of them has not taken, and only when that gap is durable moves their places behind it. Whether the file goes is the
 * journal's; whether the callback answers does not matter. Nobody is sacrificed where nobody else has it, or where one of them is `required`.
 */
import { type Board, comparePositions, type Position } from './board.js';
import { readCursor, saveCursor } from './delivery/cursor.js';
import { measureRun, type Run } from './measure.js';
import type { ClosedSegment } from './segments.js';

/** What is to be known of a callback, by its index on the board. */
export interface Claim {
  readonly name: string;
  /** Its records are never given up. */
  readonly required: boolean;
}

/** The records that one callback will not get: an `audit.gap` of its copy. The ids are null where the line is no record. */
export interface GivenUp extends Run {
  readonly callback: string;
}

export interface GiveUpOptions {
  readonly folder: string;
  readonly board: Board;
  readonly callbacks: readonly Claim[];
  /** Writes the gap; resolves once it is durable. */
  readonly declare: (given: GivenUp) => Promise<void>;
}

/** Where a callback stands: its cursor, or behind what it gave up. */
export function placeOf(board: Board, index: number): Position {
  const [cursor, floor] = [board.cursor(index), board.floor(index)];
  return comparePositions(cursor, floor) < 0 ? floor : cursor;
}

/** Indexes of the board's callbacks, the one furthest behind first. */
export function fromFurthestBehind(board: Board): number[] {
  const indexes = Array.from({ length: board.callbacks }, (_, index) => index).filter((index) => !board.isFree(index));
  return indexes.sort((a, b) => comparePositions(placeOf(board, a), placeOf(board, b)));
}

/** A callback that has not been placed yet says nothing: cursors begin in segment 1. */
const isPlaced = (board: Board, index: number): boolean => placeOf(board, index).segment > 0;

/**
 * The callbacks that must let go of `oldest` so that it can be removed, the one furthest behind first; undefined where nobody may be made to: nobody else
 * has it (who is past it may have begun behind it), or one that needs it is `required`, or they do not stand yet.
 */
export function victimsOf(board: Board, callbacks: readonly Claim[], { segment, bytes }: ClosedSegment): number[] | undefined {
  const indexes = fromFurthestBehind(board);
  if (!indexes.every((index) => isPlaced(board, index))) return undefined;
  const behind = indexes.filter((index) => comparePositions(placeOf(board, index), { segment, offset: bytes }) < 0);
  if (!isHad(board, behind, segment) || behind.some((index) => callbacks[index]?.required !== false)) return undefined;
  return indexes.filter((index) => placeOf(board, index).segment <= segment);
}

/** Whether somebody who is past a segment was given all that those who are behind, the furthest first, still need of it. */
function isHad(board: Board, behind: readonly number[], segment: number): boolean {
  const [furthest] = behind;
  if (furthest === undefined) return true;
  const place = placeOf(board, furthest);
  const need = place.segment < segment ? { segment, offset: 0 } : place;
  return fromFurthestBehind(board).some((index) => !behind.includes(index) && comparePositions(board.since(index), need) <= 0);
}

/** Makes those that need `oldest` give it up. False: nobody may be made to, and nothing has changed. Throws what the disk throws; what is done by then stands. */
export async function giveUp(options: GiveUpOptions, oldest: ClosedSegment): Promise<boolean> {
  const victims = victimsOf(options.board, options.callbacks, oldest);
  for (const index of victims ?? []) await letGo(options, index, oldest);
  return victims !== undefined;
}

async function letGo(options: GiveUpOptions, index: number, oldest: ClosedSegment): Promise<void> {
  const { folder, board, declare } = options;
  const { name } = options.callbacks[index] as Claim;
  const lost = await measureRest(folder, board, index, oldest);
  if (lost.records > 0) await declare({ callback: name, ...lost });
  const next = { segment: oldest.segment + 1, offset: 0 };
  if (comparePositions(placeOf(board, index), next) >= 0) return;
  board.raiseFloor(index, next);
  keepPlace(folder, name, next, lost.records);
}

/** What the callback has not taken of the segment, measured until it stands still: one that is slow, not stuck, moves meanwhile. */
async function measureRest(folder: string, board: Board, index: number, { segment, bytes }: ClosedSegment): Promise<Run> {
  for (;;) {
    const place = placeOf(board, index);
    if (place.segment > segment) return { records: 0, from: null, to: null };
    const run = await measureRun(folder, segment, place.segment < segment ? 0 : place.offset, bytes);
    if (comparePositions(placeOf(board, index), place) === 0) return run;
  }
}

/** Where this fails the next start finds the cursor in front of the oldest segment, and says that it moved it. */
function keepPlace(folder: string, name: string, place: Position, lost: number): void {
  const known = readCursor(folder, name);
  const before = typeof known === 'object' ? known : { records: 0 };
  try {
    saveCursor(folder, name, { ...before, ...place, records: before.records + lost }, 'journal');
  } catch {
    // The floor holds while we run.
  }
}
