/**
 * What the deaths of a callback's threads say of the record that was under way. Receives each death, gives how the next thread shall go on: record by
 * record where several died, and past a record that is proven to kill. Lives in the parent's memory; the places are the journal's.
 */
import { comparePositions, type Position } from '../board.js';
import { HOW, type How } from './watch.js';

/** How a thread goes about a place that killed those before it. */
export interface Care {
  /** From here on record by record, as many as a batch has. */
  readonly from: Position;
  /** In front of the record here, the one behind it is tried. */
  readonly suspect?: Position;
  /** The record here has killed for sure: to the dead letters with it, untried. */
  readonly fatal?: Position;
}

/** Threads that may die on the same batch before it is given record by record: a broker's hiccup ends fewer. */
const DEATHS_OF_BATCH = 5;
/** Of those that died on one record given alone, the last with the record behind it taken just before: then it is the record. */
const DEATHS_OF_RECORD = 3;

export class Deaths {
  #at: Position | undefined;
  #how: boolean | undefined;
  #count = 0;
  #care: Care | undefined;

  /** For the next thread. */
  get care(): Care | undefined {
    return this.#care;
  }

  /** A thread has died. @param under what it was giving then; undefined: nothing, and so nothing is learnt */
  died(under: { readonly at: Position; readonly how: How } | undefined): void {
    // The record behind a suspect died as well: the callback takes none.
    if (!under || under.how === HOW.probe) return;
    this.#countAt(under.at, under.how !== HOW.usual);
    if (under.how === HOW.usual) this.#diedOnBatch(under.at);
    else this.#diedOnRecord(under);
  }

  #countAt(at: Position, alone: boolean): void {
    const same = this.#at && comparePositions(at, this.#at) === 0 && this.#how === alone;
    this.#count = same ? this.#count + 1 : 1;
    this.#at = at;
    this.#how = alone;
  }

  #diedOnBatch(at: Position): void {
    if (this.#count >= DEATHS_OF_BATCH) this.#care = { from: at };
  }

  #diedOnRecord({ at, how }: { readonly at: Position; readonly how: How }): void {
    const from = this.#care?.from ?? at;
    if (this.#count >= DEATHS_OF_RECORD && how === HOW.probed) this.#care = { from, fatal: at };
    else if (this.#count >= DEATHS_OF_RECORD - 1) this.#care = { from, suspect: at };
  }
}
