/**
 * Where a delivery stands: what the callback took, and the cursor that a restart begins at, which may trail behind that. Receives progress, saves the
 * cursor and shows it on the board. Never goes back, and never stays in front of a floor: what lies before that the spool has given up, and has said so.
 */
import type { CallbackContext } from '../../contract.js';
import { type ErrorCode, nameOf } from '../../errors.js';
import { type Board, comparePositions, type Position } from '../board.js';
import { Rarely } from '../retry.js';
import { type Cursor, type CursorFault, placeCursor, readCursor, saveCursor } from './cursor.js';
import type { CallbackSettings } from './load.js';
import type { Progress } from './portion.js';
import { Trail } from './trail.js';
import { WATCH, type Watch } from './watch.js';

/** What went wrong, for an audit.fault: how often since the last report of it. */
export interface DeliveryFault {
  readonly callback: string;
  readonly code: ErrorCode;
  readonly count: number;
}

export interface PlaceOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  readonly board: Board;
  /** Which of the board's cursors is this callback's. */
  readonly index: number;
  readonly settings: CallbackSettings;
  readonly context: CallbackContext;
  readonly onFault: (fault: DeliveryFault) => void;
}

/** Says a failure that is tried again to the operator, and in the audit. `what` quotes nothing. */
export function report({ settings, context, onFault }: PlaceOptions, code: ErrorCode, what: string, count: number): void {
  context.log.warn(`${code}: callback ${settings.name}: ${what}${count > 1 ? `, ${count} times` : ''}; it is tried again`);
  onFault({ callback: settings.name, code, count });
}

/** Places the callback's cursor and shows it on the board. Gives the cursor. Throws what the disk throws. */
export function showCursor({ folder, board, index, settings, context, onFault }: PlaceOptions): Cursor {
  const { cursor, fault } = placeCursor(folder, settings.name, settings.start, board.durable);
  if (cursor.since) board.beginAt(index, cursor.since);
  board.moveCursor(index, cursor);
  if (fault) sayMoved(fault);
  return cursor;

  function sayMoved(why: CursorFault): void {
    context.log.warn(`AUDIT_CURSOR: callback ${settings.name}: its cursor was ${why}; it goes on at ${cursor.segment}:${cursor.offset}`);
    onFault({ callback: settings.name, code: 'AUDIT_CURSOR', count: 1 });
  }
}

export class Place {
  readonly #options: PlaceOptions;
  readonly #watch: Watch;
  readonly #faults: Rarely;
  /** What lies before it was taken, or passed over. */
  #taken: Cursor;
  #trail: Trail;
  #trailRecords = 0;

  /** Places the cursor. Throws what the disk throws. */
  constructor(options: PlaceOptions, watch: Watch) {
    this.#options = options;
    this.#watch = watch;
    this.#faults = new Rarely((name, count) => report(options, 'AUDIT_SPOOL', `could not read the journal or move its cursor (${name})`, count));
    this.#taken = showCursor(options);
    this.#trail = new Trail(0, this.#taken);
    this.#begin(this.#taken);
  }

  get taken(): Position {
    return this.#taken;
  }

  /** From here on the cursor stays so many records behind. */
  trailBy(records: number): void {
    this.#trailRecords = records;
    this.#trail = new Trail(records, this.#taken);
  }

  /** The disk failed, by the name of the error. */
  failed(name: string): void {
    this.#faults.happened(name);
  }

  /** Goes on to where the callback is now, unless that is given up already. */
  move({ position, records, given }: Progress): void {
    if (comparePositions(position, this.#floor) < 0) {
      this.heedFloor();
      return;
    }
    this.#taken = { ...this.#taken, ...position, records: this.#taken.records + records };
    this.#watch.takes(position, this.#taken.records);
    this.#watch.add(WATCH.passed, records);
    this.#show(this.#trail.pass(this.#taken, given));
  }

  /** While room is short a cursor does not trail: what is kept only to be sent again is not worth what it displaces. */
  yieldTrail(): void {
    const { board, index } = this.#options;
    if (this.#trailRecords === 0 || !board.tight || comparePositions(board.cursor(index), this.#taken) === 0) return;
    this.#trail = new Trail(this.#trailRecords, this.#taken);
    this.#show(this.#taken);
  }

  /** Whether what ends at `end` is given up. */
  isGivenUp(end: Position): boolean {
    return comparePositions(end, this.#floor) <= 0;
  }

  /** Where what lies behind this place is given up, goes on to its end, silently. True: it has moved. */
  heedFloor(): boolean {
    const floor = this.#floor;
    if (comparePositions(this.#taken, floor) >= 0) return false;
    const { folder, settings } = this.#options;
    const saved = readCursor(folder, settings.name);
    const counted = typeof saved === 'object' && comparePositions(saved, floor) === 0 ? saved.records : 0;
    this.#begin({ ...this.#taken, ...floor, records: Math.max(counted, this.#taken.records) });
    this.#show(this.#taken);
    return true;
  }

  /** The segment is gone: the cursor is placed anew, which is a fault. Throws what the disk throws. */
  replace(): void {
    if (!this.heedFloor()) this.#begin(showCursor(this.#options));
  }

  get #floor(): Position {
    return this.#options.board.floor(this.#options.index);
  }

  #begin(cursor: Cursor): void {
    this.#taken = cursor;
    this.#trail = new Trail(this.#trailRecords, cursor);
    this.#watch.takes(cursor, cursor.records);
  }

  /** File first, then board: what the board shows is never ahead of what a restart would find. A cursor that cannot be saved is saved with the next. */
  #show(cursor: Cursor): void {
    const { folder, board, index, settings } = this.#options;
    const shown = this.#aboveFloor(cursor);
    try {
      saveCursor(folder, settings.name, shown);
      board.moveCursor(index, shown);
    } catch (error) {
      this.#faults.happened(nameOf(error));
    }
    // Raised while the file was written, which may have replaced what the spool has saved.
    if (comparePositions(shown, this.#floor) < 0) this.#show(shown);
  }

  #aboveFloor(cursor: Cursor): Cursor {
    const floor = this.#floor;
    return comparePositions(cursor, floor) < 0 ? { ...cursor, ...floor } : cursor;
  }
}
