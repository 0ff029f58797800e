/**
 * The durable journal (DESIGN 7): receives whole lines in order, writes them in segments with group commit, and publishes how far they are durable.
 * What is appended waits in memory until its write and fdatasync are done; a write that fails is cut back and tried again in a new segment, so a
 * record accepted here is kept or still held. Whoever appends must ask `accepts` and stop while it says no: that is the bound. What must be said where
 * there is no room (room.ts) is appended all the same, and the reserve holds it.
 */
import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, rmSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { nameOf } from '../errors.js';
import { Backlog, type Batch } from './backlog.js';
import { FILE_MODE, makeFolder, syncFolder } from './files.js';
import { type Recovered, recover } from './recover.js';
import { isDiskFull } from './reserve.js';
import { Room, type RoomOptions } from './room.js';
import { segmentPath } from './segments.js';
import { encodeHeads, type Heads, writeState } from './state.js';

const writeTo = promisify(write);
const sync = promisify(fdatasync);
const closeFile = promisify(close);

export type Fsync = 'batch' | 'always' | 'none';

export interface JournalOptions extends RoomOptions {
  readonly fsync: Fsync;
  /** Bytes after which a segment is closed. */
  readonly segmentBytes?: number;
  /** Told of each failed commit and of the first good one after it (on a full disk: once it has room again), by the name of the error alone. */
  readonly onTrouble: (code: string | undefined) => void;
  /** Told when `accepts` says yes again. */
  readonly onReady: () => void;
}

/** A segment's usual size: small enough that the start reads the last one in half a second. */
const SEGMENT_BYTES = 64 << 20;
/**
 * Bytes that may wait in memory to become durable; a slow disk's second. No more than a segment, or a small spool would be one that cannot go in parts; on
 * a disk with less room, what it has and half the reserve. So much always.
 */
const MAX_BACKLOG = 32 << 20;
const LEAST_BACKLOG = 64 << 10;
/** How long a commit waits for company ('batch'), and how much company makes it start at once. */
const GROUP_MS = 20;
const GROUP_BYTES = 1 << 20;
/** Back-off after a failed write. */
const RETRY_MS = { first: 100, most: 5_000 } as const;
/** When the beginning of a segment that failed is tried again; the one before grows meanwhile. */
const ROLL_AGAIN_MS = 500;

/** Somebody who waits for a new segment. */
interface Holder {
  readonly resolve: (held: { readonly segment: number }) => void;
  /** Called each time that a segment is to be cut: where that failed, what came since is in front of the cut too. */
  readonly atCut: () => void;
}

export class Journal {
  readonly heads: Heads;
  readonly faults: Recovered['faults'];
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  readonly #room: Room;
  readonly #backlog = new Backlog(MAX_BACKLOG / 4);
  #segment: number;
  #stateSegment = 0;
  #fd = -1;
  #size = 0;
  #writing: Promise<void> | undefined;
  /** A new segment is to be begun with the next commit, or once this timer is over. */
  #rollWanted = false;
  #rollAgain: NodeJS.Timeout | undefined;
  /** Who waits for a new segment, and who for the durability of so many of all bytes appended. */
  #holders: Holder[] = [];
  #flushers: { readonly target: number; readonly resolve: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #broken = false;
  /** A write failed and is tried again. One has, or the beginning of a segment, and that all is well again was not said yet. */
  #failing = false;
  #troubled = false;
  #refused = false;

  /** Opens the spool in `folder`, which the caller has locked. Throws AUDIT_SPOOL or the system's error where it cannot be used. */
  constructor(options: JournalOptions) {
    const { folder, maxBytes } = options;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? Math.min(SEGMENT_BYTES, maxBytes / 8);
    makeFolder(folder);
    const found = recover(folder);
    this.heads = found.heads;
    this.faults = found.faults;
    this.#segment = found.segments.at(-1) ?? 0;
    this.#room = new Room(options, found.segments, {
      openBytes: () => this.#size + this.#backlog.bytes,
      stateSegment: () => this.#stateSegment,
      onRoom: () => this.#perhapsReady(),
    });
    this.#open();
    this.#room.start();
  }

  /** The first segment of this process; on a full disk with the reserve's room. */
  #open(): void {
    const heads = encodeHeads(this.heads);
    try {
      this.#begin(heads);
    } catch (error) {
      if (!isDiskFull(error) || !this.#room.diskFailed()) throw error;
      this.#begin(heads);
      this.#troubled = true;
      setImmediate(() => this.#troubled && this.#options.onTrouble(nameOf(error)));
    }
  }

  /** False while no more may be appended: too much waits for the disk, or the spool is full. After a no, `onReady` tells when to ask again. */
  accepts(): boolean {
    const most = Math.max(LEAST_BACKLOG, Math.min(MAX_BACKLOG, this.#segmentBytes, this.#room.bytesToSpare));
    if (!this.#room.full && this.#backlog.bytes < most) return true;
    this.#refused = true;
    this.#room.wanted();
    return false;
  }

  /** Takes one line with its line end. It is copied. */
  append(line: string, id: string): void {
    this.#backlog.append(line);
    this.heads.lastId = id;
    this.#schedule();
  }

  #schedule(): void {
    const { fillingBytes } = this.#backlog;
    if (this.#writing || (fillingBytes === 0 && !this.#rollWanted)) return;
    const awaited = this.#flushers.length + this.#holders.length > 0;
    const now = this.#options.fsync === 'always' || fillingBytes >= GROUP_BYTES || awaited;
    // Never at once: whoever appends is in the middle of something, and the heads may not yet say what the lines say.
    if (now) this.#soon ??= setImmediate(() => this.#commit());
    else this.#timer ??= setTimeout(() => this.#commit(), GROUP_MS);
  }

  #commit(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
    if (this.#writing || (this.#backlog.fillingBytes === 0 && !this.#rollWanted)) return;
    const batch = this.#backlog.take();
    const written = batch.used;
    const last = this.#rollWanted || (this.#size + written >= this.#segmentBytes && !this.#rollAgain);
    const heads = last ? encodeHeads(this.heads) : '';
    const holders = last ? this.#holders.splice(0) : [];
    for (const { atCut } of holders) atCut();
    this.#rollWanted = false;
    this.#writing = this.#write(batch).then(() => {
      this.#backlog.giveBack(batch);
      this.#tellFlushed();
      if (last) this.#roll(heads, holders);
      this.#writing = undefined;
      this.#room.written(written);
      this.#perhapsReady();
      this.#schedule();
    });
  }

  /** Makes the batch durable, however often that takes. */
  async #write(batch: Batch): Promise<void> {
    await this.#untilDone(async () => {
      if (this.#broken) this.#mend();
      try {
        for (let done = 0; done < batch.used; ) {
          const { bytesWritten } = await writeTo(this.#fd, batch.bytes, done, batch.used - done, this.#size + done);
          done += bytesWritten;
        }
        if (this.#options.fsync !== 'none') await sync(this.#fd);
      } catch (error) {
        this.#broken = true;
        throw error;
      }
    });
    this.#size += batch.used;
    this.#options.board.publish({ segment: this.#segment, offset: this.#size });
  }

  /** Tries until it goes well: at once with the reserve's room, else after a pause. */
  async #untilDone(work: () => Promise<void> | void): Promise<void> {
    for (let waitMs: number = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      try {
        await work();
        this.#failing = false;
        return this.#works();
      } catch (error) {
        this.#failing = true;
        if (this.#failed(error)) continue;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** True: it was a full disk, the reserve gave some room, and another try may go well. */
  #failed(error: unknown): boolean {
    this.#troubled = true;
    this.#options.onTrouble(nameOf(error));
    return isDiskFull(error) && this.#room.diskFailed();
  }

  /** Said when it is so, and on a full disk not before there is room again. */
  #works(): void {
    if (!this.#troubled || this.#failing || this.#rollAgain || this.#room.diskFull) return;
    this.#troubled = false;
    this.#options.onTrouble(undefined);
  }

  /**
   * After a failed write: what is not durable is cut off, and a new segment is begun; one in which nothing is durable is made anew, or a full disk would
   * fill with empty files. The heads are further than what is durable, so the state tells of an older segment's beginning, until the next commit.
   */
  #mend(): void {
    ftruncateSync(this.#fd, this.#size);
    fdatasyncSync(this.#fd);
    if (this.#size === 0) rmSync(segmentPath(this.#options.folder, this.#segment), { force: true });
    this.#begin(undefined, this.#size === 0 ? this.#segment : this.#segment + 1);
    this.#broken = false;
    // Segments that the state does not know of cannot go.
    this.#rollWanted ||= this.#stateSegment !== this.#segment;
  }

  /** Begins the next segment. Where that fails it is tried again by and by; lines are written meanwhile, for a gap among them may be what makes room. */
  #roll(heads: string, holders: readonly Holder[]): void {
    try {
      if (!this.#isFresh()) this.#begin(heads, this.#size === 0 ? this.#segment : this.#segment + 1);
      for (const { resolve } of holders) resolve({ segment: this.#segment });
    } catch (error) {
      this.#holders.unshift(...holders);
      this.#rollAgain ??= setTimeout(() => this.#wantRoll(), this.#failed(error) ? 0 : ROLL_AGAIN_MS);
    }
    this.#room.removePassed();
  }

  #wantRoll(): void {
    clearTimeout(this.#rollAgain);
    this.#rollAgain = undefined;
    this.#rollWanted = true;
    this.#schedule();
  }

  /** The segment is empty, and the state tells of its beginning. */
  #isFresh(): boolean {
    return this.#size === 0 && this.#stateSegment === this.#segment;
  }

  /** Begins segment `next`; `heads` are those at its beginning, where they are known. */
  #begin(heads: string | undefined, next = this.#segment + 1): void {
    const { folder, board } = this.#options;
    const fd = openSync(segmentPath(folder, next), 'w', FILE_MODE);
    try {
      syncFolder(folder);
      if (heads !== undefined) writeState(folder, next, heads);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (heads !== undefined) this.#stateSegment = next;
    if (this.#fd >= 0) {
      if (next !== this.#segment) this.#room.closed(this.#segment, this.#size);
      void closeFile(this.#fd);
    }
    this.#fd = fd;
    this.#segment = next;
    this.#size = 0;
    board.publish({ segment: next, offset: 0 });
  }

  #perhapsReady(): void {
    this.#works();
    if (!this.#refused) return;
    this.#refused = false;
    if (this.accepts()) this.#options.onReady();
  }

  /**
   * Begins a new segment, and removes and gives up nothing until `release`: somebody rewrites the closed ones. Resolves once all before that segment are
   * closed and durable; a disk without room has it wait, and segments go until then. A journal that is held already gives the segment that it is in.
   * @param atCut called when what is appended from then on comes into the new segment, or a later one
   */
  async hold(atCut: () => void = () => undefined): Promise<{ readonly segment: number }> {
    // A commit that is under way may end in a new segment too, but without what was appended since it began.
    const held = await new Promise<{ readonly segment: number }>((resolve) => {
      this.#holders.push({ resolve, atCut });
      this.#wantRoll();
    });
    await this.#room.hold();
    return held;
  }

  /** Ends `hold`: the closed segments may have become shorter. */
  release(): void {
    this.#room.release();
  }

  /** Resolves when everything appended until now is durable. */
  flushed(): Promise<void> {
    const target = this.#backlog.appended;
    if (this.#backlog.durable >= target) return Promise.resolve();
    return new Promise((resolve) => {
      this.#flushers.push({ target, resolve });
      this.#schedule();
    });
  }

  #tellFlushed(): void {
    while (this.#flushers[0] && this.#flushers[0].target <= this.#backlog.durable) this.#flushers.shift()?.resolve();
  }

  /** Makes everything durable and says that no more will come. */
  async close(): Promise<void> {
    await this.#room.stop();
    await this.flushed();
    while (this.#writing) await this.#writing;
    clearTimeout(this.#timer);
    clearTimeout(this.#rollAgain);
    await this.#room.close();
    await closeFile(this.#fd);
    this.#options.board.close();
  }
}
