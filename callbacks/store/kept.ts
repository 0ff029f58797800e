/** The files of a store, told by their names, with what SQLite keeps beside them. Receives its folder; another file there is somebody else's. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const OURS = /^(store|\d{4}-\d{2}-\d{2})\.db(-wal|-shm|-journal)?$/;

/** Absolute paths; none where there is no folder. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => OURS.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
