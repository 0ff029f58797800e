/**
 * What the engine says no with, as errors for people. Receives SQLite's errors, gives errors whose code is the system's where it is the system's fault (a
 * full disk is ENOSPC): no record is to blame for any of them, so all may be tried again. Never passes a message of SQLite's on.
 */

/** `code` and `message` are made to be shown; `retriable` as callbacks have it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly retriable = true;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const REBUILD = 'move the file away and fill the store again with `wirescribe prepare`';

/** By the beginning of SQLite's code, longest first. */
const KNOWN: readonly (readonly [string, string, string])[] = [
  ['SQLITE_FULL', 'ENOSPC', 'is on a disk that is full; make room'],
  ['SQLITE_BUSY', 'EBUSY', 'is being written by another process for too long; it is tried again'],
  ['SQLITE_LOCKED', 'EBUSY', 'is being written by another process for too long; it is tried again'],
  ['SQLITE_IOERR', 'EIO', 'is on a disk that fails, or is full; look at the system log'],
  ['SQLITE_CANTOPEN', 'EACCES', 'cannot be opened; this user must be able to write the folder'],
  ['SQLITE_PERM', 'EACCES', 'may not be opened by this user'],
  ['SQLITE_READONLY', 'EROFS', 'cannot be written by this user'],
  ['SQLITE_CORRUPT', 'SQLITE_CORRUPT', `is damaged; ${REBUILD}`],
  ['SQLITE_NOTADB', 'SQLITE_NOTADB', `is no store of ours; ${REBUILD}`],
  ['SQLITE_SCHEMA', 'SQLITE_SCHEMA', `is of another version; ${REBUILD}`],
];

/** The error that people are shown, for one of the engine's; any other comes back as it is. @param path of the file at fault */
export function failureOf(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  const [, known, says] = KNOWN.find(([start]) => code.startsWith(start)) ?? ['', code, `fails (${code})`];
  return new StoreError(known, `the store's ${path} ${says}`);
}

/** Runs `work` on a file of the store; what the engine throws is shown as people are to see it. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failureOf(error, path);
  }
}
