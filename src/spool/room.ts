/**
 * The room that the journal has: SPOOL_MAX_BYTES, the disk, and the reserve. Receives what the journal writes and closes; says whether there is room, and
 * makes some: what every callback has passed goes, and where that is not enough the one furthest behind gives up (give-up.ts). Held, it removes nothing.
 * Never touches the segment that is being written.
 */
import type { Board } from './board.js';
import { type Claim, fromFurthestBehind, type GivenUp, giveUp, placeOf } from './give-up.js';
import { diskRoom, Reserve, reserveBytesOf } from './reserve.js';
import { ClosedSegments } from './segments.js';

export interface RoomOptions {
  readonly folder: string;
  readonly board: Board;
  /** SPOOL_MAX_BYTES: what the segments and the reserve take at most. At what is left of it for segments nothing more is accepted. */
  readonly maxBytes: number;
  /** Who reads the journal, by index on the board. */
  readonly callbacks: readonly Claim[];
  /** It begins held, as after `hold`. */
  readonly held?: boolean;
  /** Writes the gap of records that a callback gives up; resolves once it is durable. */
  readonly declare: (given: GivenUp) => Promise<void>;
  /** Told once on the way up: the spool is `filling` (80 %), or `full` with nobody who may give anything up. `behind`: the callback furthest behind. */
  readonly onLevel: (level: 'filling' | 'full', behind: string | undefined) => void;
}

/** What the room asks of the journal. */
export interface Writing {
  /** Bytes of the open segment, with those that wait for it. */
  readonly openBytes: () => number;
  /** The segment that the state tells of: older ones may go. */
  readonly stateSegment: () => number;
  /** There may be room now. */
  readonly onRoom: () => void;
}

/** How often segments that every callback has passed are looked for. */
const SWEEP_MS = 1_000;
/** The same while somebody waits for room: no longer for us than for the callbacks. */
const FULL_SWEEP_MS = 25;
/** Parts of the limit: a warning is said at the one, and may be said again once below the other. */
const WARN_AT = 0.8;
const WARN_AGAIN_BELOW = 0.7;

export class Room {
  readonly #options: RoomOptions;
  readonly #writing: Writing;
  /** What the segments may take: SPOOL_MAX_BYTES without the reserve. */
  readonly #limit: number;
  readonly #closed: ClosedSegments;
  readonly #reserve: Reserve;
  /** The disk was full, and the reserve is not filled again yet. */
  #diskFull = false;
  /** Room on the disk as last asked for, less what was written since. */
  #diskRoom = Number.POSITIVE_INFINITY;
  #level: 'low' | 'filling' | 'full' = 'low';
  #held: boolean;
  #givingUp: Promise<void> | undefined;
  #closing = false;
  #early: NodeJS.Timeout | undefined;
  #sweeping: NodeJS.Timeout | undefined;

  /** @param segments the closed ones that are there, rising. Throws what the disk throws. */
  constructor(options: RoomOptions, segments: readonly number[], writing: Writing) {
    const { folder, maxBytes, held } = options;
    this.#options = options;
    this.#writing = writing;
    this.#limit = maxBytes - reserveBytesOf(maxBytes);
    this.#closed = new ClosedSegments(folder, segments);
    this.#reserve = new Reserve(folder, reserveBytesOf(maxBytes));
    this.#held = held ?? false;
  }

  /** The journal is open: from now on it looks after the room. */
  start(): void {
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** SPOOL_MAX_BYTES is reached, or the disk was full and has no room again yet. */
  get full(): boolean {
    return this.#diskFull || this.#bytes() >= this.#limit;
  }

  get diskFull(): boolean {
    return this.#diskFull;
  }

  /** What may be accepted so that it fits on the disk, with half of the reserve: behind it waits the gap that makes room. */
  get bytesToSpare(): number {
    return this.#diskRoom + this.#reserve.bytes / 2;
  }

  #bytes(): number {
    return this.#closed.bytes + this.#writing.openBytes();
  }

  /** The disk had no room: it is full until the reserve is filled again. True: the reserve has given it some. */
  diskFailed(): boolean {
    this.#diskFull = true;
    return this.#reserve.release();
  }

  /** The journal wrote so many bytes. */
  written(bytes: number): void {
    this.#diskRoom = Math.max(0, this.#diskRoom - bytes);
    this.#watchLevel();
  }

  /** The journal closed a segment. */
  closed(segment: number, bytes: number): void {
    this.#closed.add(segment, bytes);
  }

  /** Somebody waits for room. */
  wanted(): void {
    this.#early ??= setTimeout(() => this.#sweep(), FULL_SWEEP_MS);
  }

  /** What can go, goes; where that is not enough, somebody gives up; the reserve is filled. */
  #sweep(): void {
    clearTimeout(this.#early);
    this.#early = undefined;
    this.removePassed();
    this.#watchLevel();
    this.#diskRoom = diskRoom(this.#options.folder);
    if (this.full && !this.#held && !this.#closing) this.#makeRoom();
    void this.#reserve.fill(this.#bytes()).then((filled) => this.#filled(filled));
    this.#writing.onRoom();
  }

  #filled(filled: boolean): void {
    if (!filled || !this.#diskFull) return;
    this.#diskFull = false;
    this.#writing.onRoom();
  }

  /** Removes segments that every callback is past. */
  removePassed(): void {
    if (this.#held) return;
    const { board } = this.#options;
    const [last] = fromFurthestBehind(board);
    const passed = last === undefined ? Number.POSITIVE_INFINITY : placeOf(board, last).segment;
    this.#closed.removeBefore(Math.min(passed, this.#writing.stateSegment()));
  }

  #makeRoom(): void {
    this.#givingUp ??= this.#giveUp().finally(() => {
      this.#givingUp = undefined;
    });
  }

  /** The oldest segments go, one by one, until there is room. Where one cannot be measured or declared it is tried again with the next sweep. */
  async #giveUp(): Promise<void> {
    try {
      while (this.full && !this.#closing) {
        const { oldest } = this.#closed;
        if (!oldest || oldest.segment >= this.#writing.stateSegment() || !(await giveUp(this.#options, oldest))) return this.#beAt('full');
        this.removePassed();
        if (this.#closed.oldest?.segment === oldest.segment) return;
      }
    } catch {
      // The disk failed; the journal's writes say so.
    }
    this.#writing.onRoom();
  }

  #watchLevel(): void {
    const part = this.#bytes() / this.#limit;
    if (part < WARN_AGAIN_BELOW) this.#level = 'low';
    else if (this.#level === 'low') this.#beAt('filling');
    this.#options.board.tight = this.#level !== 'low' || this.#diskFull;
  }

  #beAt(level: 'filling' | 'full'): void {
    if (this.#level === level || this.#bytes() < this.#limit * WARN_AT) return;
    this.#level = level;
    const { board, callbacks, onLevel } = this.#options;
    const [last] = fromFurthestBehind(board);
    onLevel(level, last === undefined ? undefined : callbacks[last]?.name);
  }

  /** From now on nothing is removed and nobody gives up; resolves when what was begun of that is done. */
  async hold(): Promise<void> {
    // Not before: giving up needs room for what it says, and while held there comes none.
    while (this.#givingUp) await this.#givingUp;
    this.#held = true;
  }

  /** Ends `hold`: the closed segments may have become shorter. */
  release(): void {
    this.#held = false;
    this.#closed.measure();
    this.#sweep();
  }

  /** Makes no more room; resolves when what was begun of that is done, while the journal still writes. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeping);
    this.#closing = true;
    await this.#givingUp;
  }

  /** The journal writes no more. */
  async close(): Promise<void> {
    this.removePassed();
    clearTimeout(this.#early);
    await this.#reserve.settled();
  }
}
