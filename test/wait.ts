/** Waiting in tests: for a condition, never for a time. */
import { setTimeout as pause } from 'node:timers/promises';

/** How often a condition is asked, in milliseconds: short beside what any test waits for, long beside what asking costs. */
const STEP_MS = 10;

/**
 * Asks `predicate` until it gives something truthy, and gives that.
 * @param what said when it fails: `WHAT: not within 30000 ms`
 * @param timeoutMs milliseconds before it gives up and throws
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  what: string,
  timeoutMs = 30_000,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await predicate();
    if (value) return value as Exclude<T, false | undefined | null | 0 | ''>;
    if (performance.now() >= end) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await pause(STEP_MS);
  }
}
