/**
 * Records in files that roll by day and size, compressed once rolled: `audit/audit.2026-01-31.1.log`, then `.log.gz`. Writes the journal's lines byte
 * for byte, one write a batch, so no line is torn over two files; a batch is taken once fdatasync has returned.
 *
 * The names and the rolling are pino-roll's; its stream is written to directly. What it does not do is done here: its modes (it makes files 0644),
 * fsync, a torn last line (it appends to it), a failed write (its stream keeps the rest for later: we cut the file back and open anew), compression,
 * and removal by age (its `limit` removes by number, whatever came of them).
 */
import { fdatasyncSync, fstatSync, ftruncateSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import pinoRoll, { type RollStream } from 'pino-roll';
import type { AuditRecord, Callback, CallbackContext, CallbackOptions, CheckOptions, ListEvidence } from '../src/contract.js';
import { listed, namesOf, syncFolder } from './file/on-disk.js';
import { readOptions, type Settings } from './file/options.js';
import { Rolled } from './file/rolled.js';

export const check: CheckOptions = (options, folder) => {
  readOptions(options, folder);
  return undefined;
};

/** What it has kept, in the order of the times at which it was written; in front, what a crash left half made. */
export const evidence: ListEvidence = (options, folder) => {
  const settings = readOptions(options, folder);
  const { ours, halfMade } = namesOf(settings.path);
  const inFolder = (names: RegExp): string[] => listed(dirname(settings.path), names);
  const writtenAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const files = inFolder(ours).map((path) => ({ path, at: writtenAt(path) }));
  return [...inFolder(halfMade), ...files.sort((a, b) => a.at - b.at).map(({ path }) => path)];
};

export default async function open(options: CallbackOptions, context: CallbackContext): Promise<Callback> {
  const settings = readOptions(options, context.folder);
  const file = new RollingFile(settings, new Rolled(settings, context.log));
  await file.open();
  return file;
}

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
