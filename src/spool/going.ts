/**
 * SPOOL_DIR/going: sessions that go on in a process which has handed the spool over (DESIGN 7). Each such process has a file there with the ids of its
 * sessions, and a flock(2) on it that the kernel drops however the process ends: so the owner knows which open sessions are not ended by a crash. Receives
 * ids, gives them back; knows nothing of how records are passed.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from '../errors.js';
import { FILE_MODE, makeFolder, writeAll } from './files.js';
import { tryLock } from './lock.js';

const FOLDER = 'going';
const NAME = /^\d{1,10}\.\d{1,6}$/;
const ID = /^[0-9a-f-]{36}$/;

let files = 0;

/** The file of this process; of one that hands over twice, one each time. */
export class GoingFile {
  /** Unique while it stands: by it the owner knows the process when it connects. */
  readonly name = `${process.pid}.${++files}`;
  readonly #path: string;
  readonly #fd: number;

  /** To be made while this process owns the spool in `folder`. Throws what the system throws. @param ids of its sessions */
  constructor(folder: string, ids: readonly string[]) {
    makeFolder(join(folder, FOLDER));
    this.#path = join(folder, FOLDER, this.name);
    // A process of this number that a crash of the machine ended may have left one.
    rmSync(this.#path, { force: true });
    this.#fd = openSync(this.#path, 'wx', FILE_MODE);
    tryLock(this.#fd);
    writeAll(this.#fd, Buffer.from(ids.map((id) => `${id}\n`).join('')));
  }

  /** A session has begun here. */
  add(id: string): void {
    writeAll(this.#fd, Buffer.from(`${id}\n`));
  }

  /** No session goes on here any more, and all was passed on. */
  remove(): void {
    rmSync(this.#path, { force: true });
    closeSync(this.#fd);
  }

  /** Not all was passed on: the owner ends what is still open as after a crash. */
  abandon(): void {
    closeSync(this.#fd);
  }
}

/** Names of the files that are there. */
export function listGoing(folder: string): string[] {
  try {
    return readdirSync(join(folder, FOLDER)).filter((name) => NAME.test(name));
  } catch (error) {
    if (nameOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The sessions that it names; none where it has gone. */
export function readGoing(folder: string, name: string): string[] {
  try {
    const lines = readFileSync(join(folder, FOLDER, name), 'latin1').split('\n');
    return lines.filter((line) => ID.test(line));
  } catch {
    return [];
  }
}

/** Whether its process lives. */
export function isGoing(folder: string, name: string): boolean {
  let fd: number;
  try {
    fd = openSync(join(folder, FOLDER, name), 'r');
  } catch (error) {
    return nameOf(error) !== 'ENOENT';
  }
  try {
    return !tryLock(fd);
  } finally {
    closeSync(fd);
  }
}

/** Numbers of the processes whose sessions go on. */
export const whoGoes = (folder: string): number[] =>
  listGoing(folder)
    .filter((name) => isGoing(folder, name))
    .map((name) => Number(name.split('.')[0]));

/** Takes the file of a process away that lives no more. */
export const dropGoing = (folder: string, name: string): void => rmSync(join(folder, FOLDER, name), { force: true });
