/** The few file operations that the spool rests on: private files, atomic replacement, durable folders. */
import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whatever we write is for its owner alone. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

export const makeFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
};

/** The number of the user that a folder belongs to; undefined where there is none, or none that we may look at. */
export function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch {
    return undefined;
  }
}

/** Makes a folder's entries (new files, renames) durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** Replaces `path` whole: written aside, fsynced, renamed, the folder fsynced. After a crash there is the old text or the new. What fails takes no room. */
export function replaceFile(path: string, text: string): void {
  const aside = `${path}.tmp`;
  const fd = openSync(aside, 'w', FILE_MODE);
  try {
    writeAll(fd, Buffer.from(text));
    fdatasyncSync(fd);
  } catch (error) {
    // Half of a file would take the last room of a full disk from what must be said.
    ftruncateSync(fd);
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(aside, path);
  syncFolder(dirname(path));
}
