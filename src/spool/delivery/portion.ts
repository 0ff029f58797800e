/**
 * What of a batch a callback is given, and how far it has come with that. Receives a batch of the journal, knows which of its records are wanted, where
 * each stands, and how far the cursor may go. Reads and writes nothing.
 */
import type { AuditRecord } from '../../contract.js';
import { comparePositions, type Position } from '../board.js';
import { topicOf, wantsTopic } from './audit-record.js';
import type { Batch } from './reader.js';

/** How far a cursor may go since the last time: to `position`, over so many records, of which so many were given. */
export interface Progress {
  readonly position: Position;
  readonly records: number;
  readonly given: number;
}

/** Whether a record is given to a callback that asked for `topics`. A damaged line is: the callback refuses it if it must, and so it is said. */
export function isWanted(topics: readonly string[] | null, record: AuditRecord): boolean {
  if (topics === null) return true;
  try {
    return wantsTopic(topics, topicOf(record));
  } catch {
    return true;
  }
}

export class Portion {
  readonly #batch: Batch;
  readonly #wanted: readonly AuditRecord[];
  /** Place in the batch of each wanted record; undefined: the same. */
  readonly #indexes: readonly number[] | undefined;
  /** Wanted records done with; and what `progress` has told of already. */
  #done = 0;
  #toldGiven = 0;
  #toldRecords = 0;

  /** @param topics dotted prefixes; null: all */
  constructor(batch: Batch, topics: readonly string[] | null) {
    this.#batch = batch;
    this.#indexes = topics === null ? undefined : batch.records.flatMap((record, index) => (isWanted(topics, record) ? index : []));
    this.#wanted = this.#indexes?.map((index) => batch.records[index] as AuditRecord) ?? batch.records;
  }

  /** Wanted records that are not done with. */
  get left(): number {
    return this.#wanted.length - this.#done;
  }

  /** The place in front of the next wanted record; if there is none, the end of the batch. */
  get here(): Position {
    return this.#place(this.#done);
  }

  get end(): Position {
    return this.#batch.next;
  }

  /** The next wanted records, as the journal has them. */
  next(count: number): readonly AuditRecord[] {
    return count >= this.#wanted.length && this.#done === 0 ? this.#wanted : this.#wanted.slice(this.#done, this.#done + count);
  }

  /** The place in front of the wanted record that stands `count` behind the next. */
  placeBehind(count: number): Position {
    return this.#place(this.#done + count);
  }

  /** How many of those left stand in front of `place`. */
  leftBefore(place: Position): number {
    let count = 0;
    while (count < this.left && comparePositions(this.#endOf(this.#done + count), place) <= 0) count++;
    return count;
  }

  /** So many more are done with. */
  advance(count: number): void {
    this.#done += count;
  }

  /** What was done since this was asked last. undefined: nothing. */
  progress(): Progress | undefined {
    const records = this.#passed(this.#done) - this.#toldRecords;
    const given = this.#done - this.#toldGiven;
    if (records === 0) return undefined;
    this.#toldRecords += records;
    this.#toldGiven += given;
    return { position: this.here, records, given };
  }

  /** Records of the batch in front of wanted record number `count`; all of them if that is the number of the wanted. */
  #passed(count: number): number {
    if (count >= this.#wanted.length) return this.#batch.records.length;
    return this.#indexes?.[count] ?? count;
  }

  #place(count: number): Position {
    if (count >= this.#wanted.length) return this.#batch.next;
    const end = this.#endOf(count);
    const { lineBytes, line } = this.#wanted[count] as AuditRecord;
    return { segment: end.segment, offset: end.offset - (lineBytes?.length ?? Buffer.byteLength(line) + 1) };
  }

  #endOf(count: number): Position {
    return this.#batch.behind[this.#passed(count)] as Position;
  }
}
