/**
 * Records in files that roll by day and size, compressed once rolled: `audit/audit.2026-01-31.1.log`, then `.log.gz`. Writes the journal's lines byte
 * for byte, one write a batch, so no line is torn over two files; a batch is taken once fdatasync has returned.
 *
 * The names and the rolling are pino-roll's; its stream is written to directly. What it does not do is done here: its modes (it makes files 0644),
 * fsync, a torn last line (it appends to it), a failed write (its stream keeps the rest for later: we cut the file back and open anew), compression,
 * and removal by age (its `limit` removes by number, whatever came of them).
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as rest, setImmediate as turn } from 'node:timers/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import pinoRoll, { type RollStream } from 'pino-roll';
import {
  type AuditRecord,
  type Callback,
  type CallbackContext,
  type CallbackOptions,
  type CheckOptions,
  type ListEvidence,
  type Log,
  OptionError,
} from '../src/contract.js';

const NEWLINE = 0x0a;
const DAY_MS = 86_400_000;
/** How much is looked at in one go for the last line end. */
const TAIL_BYTES = 65_536;
/** What is compressed in one go: some 10 ms, in which no batch is taken. Each piece is a gzip member; they may be joined (RFC 1952, 2.2). */
const PIECE_BYTES = 1 << 20;
/** Rest between two pieces, in which batches are taken: packing may fall behind (it does above 15 MB/s), delivery may not. */
const REST_MS = 50;
const UNITS = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

interface Settings {
  readonly path: string;
  /** A number is milliseconds. */
  readonly frequency: 'daily' | 'hourly' | number | null;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly compress: boolean;
  readonly keepMs: number | null;
}

export const check: CheckOptions = (options, folder) => {
  readOptions(options, folder);
  return undefined;
};

/** What it has kept, in the order of the times at which it was written. */
export const evidence: ListEvidence = (options, folder) => {
  const settings = readOptions(options, folder);
  const { ours } = namesOf(settings.path);
  const files = listed(dirname(settings.path), ours);
  return files.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
};

export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  const settings = readOptions(options, context.folder);
  const file = new RollingFile(settings, new Rolled(settings, context.log));
  await file.open();
  return file;
}

function readOptions(options: CallbackOptions, folder: string): Settings {
  const { path = 'audit/audit.log', frequency = 'daily', size = '100m', mode = 0o600, compress = true, keep_days = null } = options;
  const check = (good: boolean, what: string) => {
    if (!good) throw new OptionError(what);
  };
  check(
    typeof path === 'string' && path !== '' && !/[<>"|?*:\0]/.test(resolve(folder, path)),
    'path: a file, without any of < > " | ? * : in its path',
  );
  const milliseconds = typeof frequency === 'number' && frequency > 0;
  check(frequency === null || frequency === 'daily' || frequency === 'hourly' || milliseconds, "frequency: write 'daily', 'hourly' or None");
  check(typeof mode === 'number' && Number.isInteger(mode) && mode >= 0o200 && mode <= 0o777, 'mode: an octal number such as 0o600');
  check(typeof compress === 'boolean', 'compress: write True or False');
  check(keep_days === null || (typeof keep_days === 'number' && keep_days > 0), 'keep_days: a number of days above 0, or None');
  return {
    path: withExtension(resolve(folder, path as string)),
    frequency: frequency as Settings['frequency'],
    sizeBytes: readSize(size),
    mode: mode as number,
    compress: compress as boolean,
    keepMs: keep_days === null ? null : (keep_days as number) * DAY_MS,
  };
}

function readSize(size: unknown): number {
  const [, digits = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(String(size)) ?? [];
  const bytes = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (digits === '' || bytes === 0) throw new OptionError("size: a number of bytes, or '64k', '10m', '4g'");
  return bytes;
}

/** pino-roll puts date and number before the extension, and takes `.log` where there is none. */
const withExtension = (path: string): string => (extname(path).length > 1 ? path : `${path.replace(/\.$/, '')}.log`);

/** The file being written. */
class RollingFile implements Callback {
  readonly #settings: Settings;
  readonly #rolled: Rolled;
  #stream: RollStream | undefined;
  /** The file written last, and its length after the last batch that was taken. */
  #file = '';
  #length = 0;
  #failure: Error | undefined;

  constructor(settings: Settings, rolled: Rolled) {
    this.#settings = settings;
    this.#rolled = rolled;
  }

  async open(): Promise<void> {
    const { path, sizeBytes, frequency, mode } = this.#settings;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#rolled.mend();
    this.#failure = undefined;
    const dateFormat = frequency === 'hourly' ? 'yyyy-MM-dd-HH' : 'yyyy-MM-dd';
    const often = frequency === null ? {} : { frequency, dateFormat };
    const stream = await pinoRoll({ file: path, size: `${sizeBytes}b`, ...often, sync: true, contentMode: 'buffer', mode });
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#stream = stream;
    this.#file = '';
    this.#enterFile(stream);
  }

  async write(records: readonly AuditRecord[]): Promise<void> {
    if (this.#failure) this.#giveBack();
    if (!this.#stream) await this.open();
    const stream = this.#stream as RollStream;
    this.#enterFile(stream);
    const bytes = bytesOf(records);
    this.#append(stream, bytes);
    this.#length += bytes.length;
    // pino-roll rolls in the next tick; the next batch shall find the new file. Where that fails it has named a file that it could not open.
    await turn();
    if (!this.#failure) this.#enterFile(stream);
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    await this.#rolled.close();
    if (!stream) return;
    const closed = new Promise<void>((done) => stream.once('close', done));
    stream.end();
    await closed;
  }

  /** All or nothing: in this one tick, so that no roll comes between writing and fdatasync. */
  #append(stream: RollStream, bytes: Uint8Array): void {
    stream.write(bytes);
    try {
      if (!this.#failure) fdatasyncSync(stream.fd);
    } catch (error) {
      this.#failure = error as Error;
    }
    if (!this.#failure) return;
    const failure = this.#failure;
    this.#giveBack();
    throw failure;
  }

  /** After an error: cuts the file back to what was taken, and lets the stream go with all that it may still hold. */
  #giveBack(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#failure = undefined;
    if (!stream) return;
    try {
      if (fstatSync(stream.fd).size > this.#length) ftruncateSync(stream.fd, this.#length);
    } catch {
      // `open` cuts a torn line; whole ones come twice.
    }
    stream.destroy();
  }

  /** A file just opened: its name must outlast a power cut as well. Those before it are rolled now. */
  #enterFile(stream: RollStream): void {
    if (stream.file === this.#file) return;
    this.#length = fstatSync(stream.fd).size;
    syncFolder(dirname(stream.file));
    this.#file = stream.file;
    this.#rolled.tidy(stream.file);
  }
}

/** Bytes of a batch: neighbours in the journal are neighbours in memory, so this is one view as a rule, and a copy where topics were left out. */
function bytesOf(records: readonly AuditRecord[]): Uint8Array {
  const runs: Buffer[] = [];
  let last: Buffer | undefined;
  for (const record of records) {
    const { buffer, byteOffset, byteLength } = record.lineBytes ?? Buffer.from(`${record.line}\n`);
    if (last && last.buffer === buffer && last.byteOffset + last.byteLength === byteOffset) {
      last = Buffer.from(buffer, last.byteOffset, last.byteLength + byteLength);
      runs[runs.length - 1] = last;
    } else {
      last = Buffer.from(buffer, byteOffset, byteLength);
      runs.push(last);
    }
  }
  return runs.length === 1 && last ? last : Buffer.concat(runs);
}

/** The files that are no longer written: mended, compressed, removed when old. Never touches the active one, nor a file of another name. */
class Rolled {
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

  /** Cuts off what a crash or a full disk left of a line, sets the mode, removes what was half compressed. Only while nothing is open. */
  mend(): void {
    for (const path of listed(this.#folder, this.#names.halfPacked)) rmSync(path, { force: true });
    for (const path of this.#list(this.#names.plain)) {
      chmodSync(path, this.#settings.mode);
      cutTornLine(path);
    }
  }

  /** Compresses and removes what is due, behind the writing; one run at a time. */
  tidy(active: string): void {
    this.#active = active;
    this.#work = this.#work.then(() => this.#run());
  }

  /** What is half compressed is left to the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    try {
      for (const path of this.#settings.compress ? this.#list(this.#names.plain) : []) {
        if (path !== this.#active && !this.#closing.signal.aborted) await this.#compress(path);
      }
      this.#removeOld();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#log.warn(`file: could not compress or remove a rolled file (${(error as NodeJS.ErrnoException).code}); tried again at the next roll`);
    }
  }

  /**
   * Written aside, made durable, renamed; only then does the plain file go. pino-roll finds its number by the times at which files were made, so after
   * a restore from backup it may begin a number anew: then what is compressed already stays in front (gzip files may be joined).
   */
  async #compress(path: string): Promise<void> {
    const { mode } = this.#settings;
    const gz = `${path}.gz`;
    const aside = `${gz}.tmp`;
    const before = existsSync(gz);
    if (!before || !(await sameContent(gz, path))) {
      const { atime, mtime } = statSync(path);
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
    if (path !== this.#active) rmSync(path);
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

/** The names of files of ours: not compressed, all, and what is being compressed. */
interface FileNames {
  readonly plain: RegExp;
  readonly ours: RegExp;
  readonly halfPacked: RegExp;
}

function namesOf(path: string): FileNames {
  const extension = extname(path);
  const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const name = `^${quoted(basename(path, extension))}(\\.\\d{4}-\\d{2}-\\d{2}(-\\d{2})?)?\\.\\d+${quoted(extension)}`;
  return { plain: new RegExp(`${name}$`), ours: new RegExp(`${name}(\\.gz)?$`), halfPacked: new RegExp(`${name}\\.gz\\.tmp$`) };
}

/** Files in a folder whose name fits; none where there is no folder. */
function listed(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
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

/** Cuts a file back to its last line end. */
function cutTornLine(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    const whole = lastLineEnd(fd, size);
    if (whole === size) return;
    ftruncateSync(fd, whole);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function lastLineEnd(fd: number, size: number): number {
  const bytes = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const count = readSync(fd, bytes, 0, end - start, start);
    const at = bytes.subarray(0, count).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
