/**
 * The durable journal (DESIGN 7): receives whole lines in order, writes them in segments with group commit, and publishes how far they are durable.
 * What is appended waits in memory until its write and fdatasync are done; a write that fails is cut back and tried again in a new segment, so a
 * record accepted here is kept or still held. Whoever appends must ask `accepts` and stop while it says no: that is the bound. At SPOOL_MAX_BYTES, and
 * on a full disk, it makes room (give-up.ts) where it may; what must be said nevertheless is appended all the same, and the reserve holds it.
 */
import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, rmSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { nameOf } from '../errors.js';
import { Backlog, type Batch } from './backlog.js';
import type { Board } from './board.js';
import { FILE_MODE, makeFolder, syncFolder } from './files.js';
import { type Claim, fromFurthestBehind, type GivenUp, giveUp, placeOf } from './give-up.js';
import { type Recovered, recover } from './recover.js';
import { diskRoom, isDiskFull, Reserve, reserveBytesOf } from './reserve.js';
import { ClosedSegments, segmentPath } from './segments.js';
import { encodeHeads, type Heads, writeState } from './state.js';

const writeTo = promisify(write);
const sync = promisify(fdatasync);
const closeFile = promisify(close);

export type Fsync = 'batch' | 'always' | 'none';

export interface JournalOptions {
  readonly folder: string;
  readonly board: Board;
  readonly fsync: Fsync;
  /** SPOOL_MAX_BYTES: what the segments and the reserve take at most. At what is left of it for segments nothing more is accepted. */
  readonly maxBytes: number;
  /** Bytes after which a segment is closed. */
  readonly segmentBytes?: number;
  /** Who reads the journal, by index on the board. */
  readonly callbacks: readonly Claim[];
  /** It begins held, as after `hold`. */
  readonly held?: boolean;
  /** Writes the gap of records that a callback gives up; resolves once it is durable. */
  readonly declare: (given: GivenUp) => Promise<void>;
  /** Told of each failed commit and of the first good one after it (on a full disk: once it has room again), by the name of the error alone. */
  readonly onTrouble: (code: string | undefined) => void;
  /** Told once on the way up: the spool is `filling` (80 %), or `full` with nobody who may give anything up. `behind`: the callback furthest behind. */
  readonly onLevel: (level: 'filling' | 'full', behind: string | undefined) => void;
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
/** How often segments that every callback has passed are looked for. */
const SWEEP_MS = 1_000;
/** The same while the spool is full: whoever waits for room shall not wait longer for us than for the callbacks. */
const FULL_SWEEP_MS = 25;
/** Parts of the limit: a warning is said at the one, and may be said again once below the other. */
const WARN_AT = 0.8;
const WARN_AGAIN_BELOW = 0.7;

export class Journal {
  readonly heads: Heads;
  readonly faults: Recovered['faults'];
  readonly #options: JournalOptions;
  readonly #segmentBytes: number;
  /** What the segments may take: SPOOL_MAX_BYTES without the reserve. */
  readonly #limit: number;
  readonly #closed: ClosedSegments;
  readonly #reserve: Reserve;
  readonly #backlog = new Backlog(MAX_BACKLOG / 4);
  #segment: number;
  #stateSegment = 0;
  #fd = -1;
  #size = 0;
  #writing: Promise<void> | undefined;
  /** A new segment is to be begun with the next commit. */
  #rollWanted = false;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #broken = false;
  /** The last write, or the last beginning of a segment, failed. */
  #troubled = false;
  /** The disk was full, and the reserve is not filled again yet. */
  #diskFull = false;
  /** Room on the disk as last asked for, less what was written since. */
  #diskRoom = Number.POSITIVE_INFINITY;
  #level: 'low' | 'filling' | 'full' = 'low';
  #held: boolean;
  #givingUp: Promise<void> | undefined;
  #closing = false;
  #refused = false;
  #early: NodeJS.Timeout | undefined;
  readonly #sweeping: NodeJS.Timeout;

  /** Opens the spool in `folder`, which the caller has locked. Throws AUDIT_SPOOL or the system's error where it cannot be used. */
  constructor(options: JournalOptions) {
    const { folder, maxBytes } = options;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? Math.min(SEGMENT_BYTES, maxBytes / 8);
    this.#limit = maxBytes - reserveBytesOf(maxBytes);
    this.#held = options.held ?? false;
    makeFolder(folder);
    const found = recover(folder);
    this.heads = found.heads;
    this.faults = found.faults;
    this.#closed = new ClosedSegments(folder, found.segments);
    this.#reserve = new Reserve(folder, reserveBytesOf(maxBytes));
    this.#segment = found.segments.at(-1) ?? 0;
    this.#open();
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeping.unref();
  }

  /** The first segment of this process; on a full disk with the reserve's room. */
  #open(): void {
    const heads = encodeHeads(this.heads);
    try {
      this.#begin(heads);
    } catch (error) {
      if (!isDiskFull(error) || !this.#beFull()) throw error;
      this.#begin(heads);
      this.#troubled = true;
      setImmediate(() => this.#troubled && this.#options.onTrouble(nameOf(error)));
    }
  }

  /** False while no more may be appended: too much waits for the disk, or the spool is full. After a no, `onReady` tells when to ask again. */
  accepts(): boolean {
    if (!this.#isFull() && this.#backlog.bytes < this.#mostBacklog()) return true;
    this.#refused = true;
    this.#early ??= setTimeout(() => this.#sweep(), FULL_SWEEP_MS);
    return false;
  }

  #isFull(): boolean {
    return this.#diskFull || this.#bytes() >= this.#limit;
  }

  #bytes(): number {
    return this.#closed.bytes + this.#size + this.#backlog.bytes;
  }

  /** What was accepted shall fit on the disk, with the reserve's help: behind it waits the gap that makes room. */
  #mostBacklog(): number {
    return Math.max(LEAST_BACKLOG, Math.min(MAX_BACKLOG, this.#segmentBytes, this.#diskRoom + this.#reserve.bytes / 2));
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
    const now = this.#options.fsync === 'always' || fillingBytes >= GROUP_BYTES;
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
    const last = this.#rollWanted || this.#size + batch.used >= this.#segmentBytes;
    const heads = last ? encodeHeads(this.heads) : '';
    this.#rollWanted = false;
    this.#writing = this.#write(batch).then(() => {
      this.#backlog.giveBack(batch);
      return last ? this.#roll(heads) : undefined;
    });
    this.#writing.then(() => {
      this.#writing = undefined;
      this.#watchLevel();
      this.#tellReady();
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
    this.#diskRoom = Math.max(0, this.#diskRoom - batch.used);
    this.#options.board.publish({ segment: this.#segment, offset: this.#size });
  }

  /** Tries until it goes well: at once with the reserve's room, else after a pause. */
  async #untilDone(work: () => Promise<void> | void): Promise<void> {
    for (let waitMs: number = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      try {
        await work();
        return this.#works();
      } catch (error) {
        this.#troubled = true;
        this.#options.onTrouble(nameOf(error));
        if (isDiskFull(error) && this.#beFull()) continue;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** The disk has no room: nothing is accepted until the reserve is filled again. True: the reserve had some. */
  #beFull(): boolean {
    this.#diskFull = true;
    return this.#reserve.release();
  }

  #works(): void {
    if (!this.#troubled || this.#diskFull) return;
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

  async #roll(heads: string): Promise<void> {
    if (!this.#isFresh()) await this.#untilDone(() => this.#begin(heads, this.#size === 0 ? this.#segment : this.#segment + 1));
    this.#removePassed();
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
      if (next !== this.#segment) this.#closed.add(this.#segment, this.#size);
      void closeFile(this.#fd);
    }
    this.#fd = fd;
    this.#segment = next;
    this.#size = 0;
    board.publish({ segment: next, offset: 0 });
  }

  /** Looks after the room: what can go, goes; where that is not enough, somebody gives up; the reserve is filled. */
  #sweep(): void {
    clearTimeout(this.#early);
    this.#early = undefined;
    this.#removePassed();
    this.#watchLevel();
    this.#diskRoom = diskRoom(this.#options.folder);
    if (this.#isFull()) this.#makeRoom();
    void this.#reserve.fill(this.#bytes()).then((filled) => this.#filled(filled));
    this.#tellReady();
  }

  #filled(filled: boolean): void {
    if (!filled || !this.#diskFull) return;
    this.#diskFull = false;
    this.#works();
    this.#tellReady();
  }

  /** Removes segments that every callback is past. */
  #removePassed(): void {
    if (this.#held) return;
    const { board } = this.#options;
    const [last] = fromFurthestBehind(board);
    const least = last === undefined ? this.#stateSegment : Math.min(placeOf(board, last).segment, this.#stateSegment);
    this.#closed.removeBefore(least);
  }

  #makeRoom(): void {
    if (this.#held || this.#closing) return;
    this.#givingUp ??= this.#giveUp().finally(() => {
      this.#givingUp = undefined;
    });
  }

  /** The oldest segments go, one by one, until there is room. Where one cannot be measured or declared it is tried again with the next sweep. */
  async #giveUp(): Promise<void> {
    try {
      while (this.#isFull() && !this.#closing) {
        const { oldest } = this.#closed;
        if (!oldest || oldest.segment >= this.#stateSegment || !(await giveUp(this.#options, oldest))) return this.#beAt('full');
        this.#removePassed();
        if (this.#closed.oldest?.segment === oldest.segment) return;
      }
    } catch {
      // The disk failed; the journal's writes say so.
    }
    this.#tellReady();
  }

  #watchLevel(): void {
    const part = this.#bytes() / this.#limit;
    if (part < WARN_AGAIN_BELOW) this.#level = 'low';
    else if (part >= WARN_AT && this.#level === 'low') this.#beAt('filling');
  }

  #beAt(level: 'filling' | 'full'): void {
    if (this.#level === level || this.#bytes() < this.#limit * WARN_AT) return;
    this.#level = level;
    const { board, callbacks, onLevel } = this.#options;
    const [last] = fromFurthestBehind(board);
    onLevel(level, last === undefined ? undefined : callbacks[last]?.name);
  }

  #tellReady(): void {
    if (!this.#refused) return;
    this.#refused = false;
    if (this.accepts()) this.#options.onReady();
  }

  /**
   * Begins a new segment, and from then on removes and gives up nothing until `release`: somebody rewrites the closed ones. Resolves once all before that
   * segment are closed and durable. A journal that is held already gives the segment that it is in.
   */
  async hold(): Promise<{ readonly segment: number }> {
    this.#held = true;
    await this.#givingUp;
    // A commit that is under way may end in a new segment too, but without what was appended since it began.
    this.#rollWanted = true;
    while (this.#rollWanted) {
      if (!this.#writing) this.#commit();
      await this.#writing;
    }
    await this.#writing;
    return { segment: this.#segment };
  }

  /** Ends `hold`: the closed segments may have become shorter. */
  release(): void {
    this.#held = false;
    this.#closed.measure();
    this.#sweep();
  }

  /** Resolves when everything appended until now is durable. */
  async flushed(): Promise<void> {
    for (const target = this.#backlog.appended; this.#backlog.durable < target; ) {
      this.#commit();
      await this.#writing;
    }
  }

  /** Makes everything durable and says that no more will come. */
  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    this.#closing = true;
    await this.#givingUp;
    await this.flushed();
    while (this.#writing) await this.#writing;
    this.#removePassed();
    clearTimeout(this.#early);
    clearTimeout(this.#timer);
    await this.#reserve.settled();
    await closeFile(this.#fd);
    this.#options.board.close();
  }
}
