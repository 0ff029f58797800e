/** The files of the `file` callback that are no longer written: mended, compressed, removed by age. Works behind the writing, a piece at a time. */
import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import type { Log } from '../../src/contract.js';
import { cutTornLine, type FileNames, listed, namesOf, syncFolder } from './on-disk.js';
import type { Settings } from './options.js';

/** What is compressed in one go: some 10 ms, in which no batch is taken. Each piece is a gzip member; they may be joined (RFC 1952, 2.2). */
const PIECE_BYTES = 1 << 20;
/** Rest between two pieces, in which batches are taken: packing may fall behind (it does above 15 MB/s), delivery may not. */
const REST_MS = 50;

/** The files that are no longer written: mended, compressed, removed when old. Never touches the active one, nor a file of another name. */
export class Rolled {
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #names: FileNames;
  #active = '';
  #work: Promise<void> = Promise.resolve();

  constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#folder = dirname(settings.path);
    this.#names = namesOf(settings.path);
  }

  /** Cuts off what a crash or a full disk left of a line, sets the mode, removes what was half made. Only while nothing is open. */
  mend(): void {
    for (const path of listed(this.#folder, this.#names.halfMade)) rmSync(path, { force: true });
    for (const path of this.#list(this.#names.plain)) {
      chmodSync(path, this.#settings.mode);
      cutTornLine(path);
    }
  }

  /**
   * Compresses and removes what is due, behind the writing; one run at a time. What is rolled is looked for here and now: when the run begins, a file that
   * was not there yet may be the one that is written.
   */
  tidy(active: string): void {
    this.#active = active;
    const rolled = this.#settings.compress ? this.#list(this.#names.plain).filter((path) => path !== active) : [];
    this.#work = this.#work.then(() => this.#run(rolled));
  }

  /** What is half compressed is left to the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(rolled: readonly string[]): Promise<void> {
    try {
      for (const path of rolled) {
        if (path !== this.#active && existsSync(path) && !this.#closing.signal.aborted) await this.#compress(path);
      }
      this.#removeOld();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#log.warn(`file: could not compress or remove a rolled file (${(error as NodeJS.ErrnoException).code}); tried again at the next roll`);
    }
  }

  /**
   * Written aside, made durable, renamed; only then does the plain file go. pino-roll finds its number by the times at which files were made, so after
   * a restore from backup it may begin a number anew: then what is compressed already stays in front (gzip files may be joined). So may it where a new file
   * could not be made: one that has grown meanwhile stays, too.
   */
  async #compress(path: string): Promise<void> {
    const { mode } = this.#settings;
    const { atime, mtime, size } = statSync(path);
    const gz = `${path}.gz`;
    const aside = `${gz}.tmp`;
    const before = existsSync(gz);
    if (!before || !(await sameContent(gz, path))) {
      try {
        const packed = compressed(path, before ? gz : undefined, this.#closing.signal);
        await pipeline(packed, createWriteStream(aside, { mode, flush: true }), { signal: this.#closing.signal });
      } catch (error) {
        rmSync(aside, { force: true });
        throw error;
      }
      utimesSync(aside, atime, mtime);
      renameSync(aside, gz);
      syncFolder(this.#folder);
    }
    if (path !== this.#active && statSync(path).size === size) rmSync(path);
  }

  #removeOld(): void {
    const { keepMs } = this.#settings;
    if (keepMs === null) return;
    for (const path of this.#list(this.#names.ours)) {
      if (path !== this.#active && statSync(path).mtimeMs < Date.now() - keepMs) rmSync(path);
    }
  }

  #list(pattern: RegExp): string[] {
    return listed(this.#folder, pattern);
  }
}

/**
 * The bytes of `path` in gzip, behind those of `earlier`. Compressed here, a piece at a time between two batches, and not by zlib's streams: those work in
 * the process's pool, which is not at this thread's low priority, and take a third of the game's processor while a file is packed.
 */
async function* compressed(path: string, earlier: string | undefined, signal: AbortSignal): AsyncGenerator<Buffer> {
  if (earlier !== undefined) yield* createReadStream(earlier);
  let none = true;
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    if (!none) await rest(REST_MS, undefined, { signal });
    none = false;
    yield gzipSync(piece as Buffer);
  }
  // A crash may leave a file that was begun and not written to; a gzip file of no bytes cannot be read.
  if (none) yield gzipSync('');
}

/** Whether `gz` holds just what `path` does: a crash came between the renaming of the one and the removal of the other. */
async function sameContent(gz: string, path: string): Promise<boolean> {
  const packed = createHash('sha256');
  const plain = createHash('sha256');
  await pipeline(createReadStream(gz), createGunzip(), packed);
  await pipeline(createReadStream(path), plain);
  return packed.digest('hex') === plain.digest('hex');
}
