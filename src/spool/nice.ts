/** The priority of a thread: auditing takes what the game leaves. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Puts the calling thread, not its process, at nice 19. Linux alone can; elsewhere nothing changes. */
export function beNice(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').pop()), constants.priority.PRIORITY_LOW);
  } catch {
    // No /proc, or not allowed: as it was.
  }
}
