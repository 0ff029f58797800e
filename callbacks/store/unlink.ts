/** Removes the file of a day, with what SQLite keeps beside it. Whoever has it open goes on reading what was there. */
import { rmSync } from 'node:fs';

/** @param path of the day's file; gone already is well */
export function unlinkDay(path: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
}
