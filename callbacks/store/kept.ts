/** The files of a store, told by their names, with what SQLite keeps beside them. Receives its folder; another file there is somebody else's. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE } from './hub.js';
import { dayOfFile } from './ids.js';

const BESIDE = /-(wal|shm|journal)$/;

function isOurs(name: string): boolean {
  const file = name.replace(BESIDE, '');
  return file === HUB_FILE || dayOfFile(file) !== undefined;
}

/** Absolute paths; none where there is no folder. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(isOurs)
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
