/**
 * One process owns a spool. The lock is flock(2) on `SPOOL_DIR/lock`, which the kernel drops when the process ends in any way, kill -9 included.
 * Node has no flock; koffi calls libc's.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { AuditError, nameOf } from '../errors.js';
import { FILE_MODE, makeFolder } from './files.js';

/** flock(2): exclusive, and do not wait. The same numbers on Linux, macOS and the BSDs. */
const LOCK_EX_NB = 2 | 4;

const flock = koffi.load(null).func('int flock(int, int)') as unknown as (fd: number, operation: number) => number;

/** Takes flock(2) on an open file; it is dropped when the file is closed, or its process ends. False where another process, or another opening, has it. */
export const tryLock = (fd: number): boolean => flock(fd, LOCK_EX_NB) === 0;

export interface Lock {
  release(): void;
}

/** Locks a file, which is made where missing; undefined where another process has it. Throws what the system throws. */
export function lockFile(path: string): Lock | undefined {
  const fd = openSync(path, 'a', FILE_MODE);
  if (tryLock(fd)) return { release: () => closeSync(fd) };
  closeSync(fd);
  return undefined;
}

/** Takes the spool in `folder`, which is made where missing. Throws AUDIT_SPOOL_OWNED where another process has it, AUDIT_SPOOL where it cannot be used. */
export function lockSpool(folder: string): Lock {
  let lock: Lock | undefined;
  try {
    makeFolder(folder);
    lock = lockFile(join(folder, 'lock'));
  } catch (error) {
    throw new AuditError(
      'AUDIT_SPOOL',
      `the spool's folder ${folder} cannot be written (${nameOf(error)}); give SPOOL_DIR a folder that this user owns`,
    );
  }
  if (lock) return lock;
  throw new AuditError('AUDIT_SPOOL_OWNED', `another wirescribe uses the spool ${folder}; stop it, or give this one a SPOOL_DIR of its own`);
}
