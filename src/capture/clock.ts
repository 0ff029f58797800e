/** Wall clock in microseconds: `performance.now` for the fine part, set right by `Date.now` where the two drift apart (a stepped clock). */
import type { TimeUs } from '../contract.js';

/** Drift that is put right; below it the monotonic clock alone keeps times in order. */
const MAX_DRIFT_US = 2_000;
/** Calls between two looks at the wall clock. */
const LOOK_EVERY = 256;

let originUs = performance.timeOrigin * 1000;
let calls = 0;

/** Microseconds since 1970, a whole number. */
export function nowUs(): TimeUs {
  const now = originUs + performance.now() * 1000;
  if (++calls % LOOK_EVERY !== 0) return Math.floor(now);
  const wall = Date.now() * 1000;
  if (Math.abs(wall - now) <= MAX_DRIFT_US) return Math.floor(now);
  originUs += wall - now;
  return wall;
}
