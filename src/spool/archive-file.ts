/**
 * Files of an archive: lines as they stand, compressed, under a name that nothing has yet. Receives lines, writes them aside; gives the file its name when
 * whoever wrote it has read it back. Never overwrites one that is there.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nameOf } from '../errors.js';
import { ARCHIVE_ENDING } from './archive-name.js';
import { FILE_MODE, makeFolder, syncFolder, writeAll } from './files.js';

/** What is compressed in one go; each piece is a member of the file (they may be joined: RFC 1952, 2.2). */
const PIECE_BYTES = 1 << 20;

/** Files of this name, in the order in which they came about: `NAME.jsonl.gz`, `NAME.2.jsonl.gz` ... None where there is no folder. */
export function archivesOf(folder: string, name: string): string[] {
  const numbers = namesIn(folder).flatMap((file) => {
    if (!file.startsWith(`${name}.`) || !file.endsWith(ARCHIVE_ENDING)) return [];
    const between = file.slice(name.length, -ARCHIVE_ENDING.length);
    return between === '' ? [1] : /^\.[1-9]\d{0,8}$/.test(between) ? [Number(between.slice(1))] : [];
  });
  return numbers.sort((a, b) => a - b).map((number) => pathOf(folder, name, number));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return [];
    throw error;
  }
}

const pathOf = (folder: string, name: string, number: number): string => join(folder, `${name}${number === 1 ? '' : `.${number}`}${ARCHIVE_ENDING}`);

/** A file of an archive that is being written, aside. Throws what the disk throws, in every method. */
export class ArchiveFile {
  /** Where it is until it has its name. */
  readonly aside: string;
  readonly #folder: string;
  readonly #name: string;
  #fd: number | undefined;
  #held: Buffer[] = [];
  #bytes = 0;

  /** Makes the folder where it is missing. What a crash left under this name aside goes. @param name without its ending */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.aside = `${pathOf(folder, name, 1)}.tmp`;
    makeFolder(folder);
    rmSync(this.aside, { force: true });
    this.#fd = openSync(this.aside, 'wx', FILE_MODE);
  }

  /** @param line without its line end */
  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.#held.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= PIECE_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#fd === undefined || this.#bytes === 0) return;
    writeAll(this.#fd, gzipSync(Buffer.concat(this.#held)));
    this.#held = [];
    this.#bytes = 0;
  }

  /** All that was written is durable, aside. */
  finish(): void {
    this.#flush();
    if (this.#fd === undefined) return;
    fsyncSync(this.#fd);
    this.#close();
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Gives it the first name that is free, durably, and says which. */
  place(): string {
    let number = 1;
    while (existsSync(pathOf(this.#folder, this.#name, number))) number++;
    const path = pathOf(this.#folder, this.#name, number);
    renameSync(this.aside, path);
    syncFolder(this.#folder);
    return path;
  }

  /** Leaves nothing of it. */
  discard(): void {
    this.#close();
    rmSync(this.aside, { force: true });
  }
}
