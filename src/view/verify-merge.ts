/**
 * Reads files side by side, the record with the lowest id next: what several Kafka partitions or topics have of one node comes in the order of its journal
 * again. Receives files in the order of their first records, gives lines with their places. A file is begun when its first record is next, so rolled files
 * come one after the other, and no more chunks are held than files lie over one another.
 */
import { type Ending, type Line, linesOf, type Ordered } from './verify-files.js';
import type { LinePlace } from './verify-findings.js';

export interface Taker {
  /** Takes a line, borrowed. */
  line(line: Line, place: LinePlace): void;
  /** Told how a file ended. */
  ended(file: Ordered, index: number, ending: Ending): void;
  onBytes(bytes: number): void;
  /** Waited for after some lines, a chunk of a file at most: for whoever passes them on. */
  passedOn?(): Promise<void>;
}

const ID_MARK = Buffer.from('"id":"');
/** The id stands right behind the version: no further than this from the line's start, in bytes. */
const ID_WITHIN = 40;
const ID_BYTES = 36;

/** The id of a line that looks like a record's; '' of any other, which so comes at once. */
function idOf(line: Line): string {
  const at = line ? line.subarray(0, ID_WITHIN).indexOf(ID_MARK) : -1;
  return line && at >= 0 ? line.toString('latin1', at + ID_MARK.length, at + ID_MARK.length + ID_BYTES) : '';
}

/** One file that has been begun: the line that is next in it, and its id. */
class Reading {
  readonly file: Ordered;
  readonly index: number;
  readonly #lines: AsyncGenerator<readonly Line[], Ending>;
  #chunk: readonly Line[] = [];
  #next = 0;
  #number = 0;
  id = '';

  constructor(file: Ordered, index: number, onBytes: (bytes: number) => void) {
    this.file = file;
    this.index = index;
    this.#lines = linesOf(file, onBytes);
  }

  get hasNext(): boolean {
    return this.#next < this.#chunk.length;
  }

  /** Reads on; gives how the file ended, once it has. */
  async fill(): Promise<Ending | undefined> {
    const { value, done } = await this.#lines.next();
    if (done) return value;
    this.#chunk = value;
    this.#next = 0;
    this.id = idOf(value[0]);
    return undefined;
  }

  take(taker: Taker): void {
    const line = this.#chunk[this.#next++];
    taker.line(line, { file: this.file.path, line: ++this.#number, index: this.index });
    if (this.hasNext) this.id = idOf(this.#chunk[this.#next]);
  }
}

/** @param from the index of the first file among all that are read */
export async function readMerged(files: readonly Ordered[], taker: Taker, from = 0): Promise<void> {
  const open: Reading[] = [];
  let begun = 0;
  for (;;) {
    const next = lowest(open);
    const waiting = files[begun];
    if (waiting && (!next || waiting.firstId <= next.id)) {
      const reading = new Reading(waiting, from + begun++, taker.onBytes);
      open.push(reading);
      await fill(reading, open, taker);
      continue;
    }
    if (!next) return;
    const limit = bound(open, next, waiting);
    do next.take(taker);
    while (next.hasNext && (limit === undefined || next.id < limit));
    await taker.passedOn?.();
    if (!next.hasNext) await fill(next, open, taker);
  }
}

/** Reads a file on, and lets it go at its end. */
async function fill(reading: Reading, open: Reading[], taker: Taker): Promise<void> {
  const ending = await reading.fill();
  if (!ending) return;
  open.splice(open.indexOf(reading), 1);
  taker.ended(reading.file, reading.index, ending);
}

function lowest(open: readonly Reading[]): Reading | undefined {
  let found = open[0];
  for (const reading of open) if (found && reading.id < found.id) found = reading;
  return found;
}

/** The lowest id in front of which the next line may be taken without asking again. */
function bound(open: readonly Reading[], next: Reading, waiting: Ordered | undefined): string | undefined {
  let limit = waiting?.firstId;
  for (const reading of open) if (reading !== next && (limit === undefined || reading.id < limit)) limit = reading.id;
  return limit;
}
