/**
 * A cursor that stays so many records behind what was written (contract's `trail`): a list of places that were passed, bounded by that number. Receives
 * how far the callback is, gives how far a restart may begin behind it.
 */
import type { Cursor } from './cursor.js';

/** What a callback may ask for: a place is a few words, so 100 MB at most. */
const MAX_TRAIL = 1_000_000;

/** The number of a callback's `trail`, made safe. */
export const trailOf = (asked: unknown): number =>
  typeof asked === 'number' && Number.isFinite(asked) ? Math.min(Math.max(0, Math.ceil(asked)), MAX_TRAIL) : 0;

/** No further back than so many segments: what is sent again costs a callback whose records are rare no more than half of a small spool. */
const MAX_SEGMENTS = 4;

export class Trail {
  readonly #records: number;
  /** Places passed, and how many records were given before each. The first is the one that is shown. */
  readonly #places: { readonly cursor: Cursor; readonly given: number }[];
  #given = 0;

  /** @param records how many records stay behind; 0: none, what is passed is shown */
  constructor(records: number, start: Cursor) {
    this.#records = records;
    this.#places = [{ cursor: start, given: 0 }];
  }

  /** Tells that `given` more records were written, up to `cursor`. Gives the place to be shown and saved. */
  pass(cursor: Cursor, given: number): Cursor {
    if (this.#records === 0) return cursor;
    this.#given += given;
    // With nothing written since the last place, that one need not be kept; the first place stays until enough was written behind it.
    if (given === 0 && this.#places.length > 1) this.#places.pop();
    this.#places.push({ cursor, given: this.#given });
    let passed = 0;
    while (this.#isPassed(passed, cursor)) passed++;
    this.#places.splice(0, passed);
    return (this.#places[0] as { cursor: Cursor }).cursor;
  }

  /** Whether place number `index` need not be shown any more, for the next one will do. */
  #isPassed(index: number, { segment }: Cursor): boolean {
    const [place, next] = [this.#places[index], this.#places[index + 1]];
    if (!place || !next) return false;
    return next.given <= this.#given - this.#records || place.cursor.segment < segment - MAX_SEGMENTS;
  }
}
