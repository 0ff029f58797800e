/** What the start finds in a spool: cuts off a torn last line, brings the heads of the chains up to date, and says what was damaged. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { FILE_MODE } from './files.js';
import { listSegments, segmentPath } from './segments.js';
import { follow, type Heads, noHeads, readState } from './state.js';

export interface Recovered {
  readonly heads: Heads;
  /** Numbers of the segments that are there, rising. */
  readonly segments: readonly number[];
  /** Codes for `audit.fault`, with counts. */
  readonly faults: readonly { readonly code: string; readonly count: number }[];
}

const READ_BYTES = 1 << 20;
const LF = 10;

/** Reads the state and every line since. Throws AUDIT_SPOOL for a newer format, and the system's errors. */
export function recover(folder: string): Recovered {
  const segments = listSegments(folder);
  const state = readState(folder);
  const heads = state?.heads ?? noHeads();
  const faults: { code: string; count: number }[] = [];
  if (!state && segments.length > 0) faults.push({ code: 'spool-state-lost', count: 1 });
  for (const segment of segments) {
    if (state && segment < state.segment) continue;
    const last = segment === segments.at(-1);
    const bad = readSegment(segmentPath(folder, segment), heads, last);
    if (bad > 0) faults.push({ code: last ? 'spool-torn' : 'spool-damaged', count: bad });
  }
  return { heads, segments, faults };
}

/**
 * Follows every line of one segment. In the last one the first line that is no whole record, and all behind it, is cut off.
 * Returns how many lines were none.
 */
function readSegment(path: string, heads: Heads, last: boolean): number {
  const fd = openSync(path, last ? 'r+' : 'r', FILE_MODE);
  let bad = 0;
  try {
    const whole = eachLine(fd, (line) => {
      if (follow(heads, line)) return true;
      bad++;
      return !last;
    });
    if (!last) return bad + (whole.torn ? 1 : 0);
    if (!whole.torn && bad === 0) return 0;
    ftruncateSync(fd, whole.end);
    fdatasyncSync(fd);
    return Math.max(1, bad);
  } finally {
    closeSync(fd);
  }
}

/** Calls `take` with each whole line until it says false. Gives where the last taken line ends, and whether bytes without a line end follow. */
function eachLine(fd: number, take: (line: string) => boolean): { end: number; torn: boolean } {
  const room = Buffer.alloc(READ_BYTES);
  let held = Buffer.alloc(0);
  let end = 0;
  for (let at = 0; ; ) {
    const count = readSync(fd, room, 0, READ_BYTES, at);
    if (count === 0) return { end, torn: held.length > 0 };
    at += count;
    const bytes = Buffer.concat([held, room.subarray(0, count)]);
    let start = 0;
    for (let stop = bytes.indexOf(LF); stop >= 0; stop = bytes.indexOf(LF, start)) {
      if (!take(bytes.toString('utf8', start, stop))) return { end, torn: false };
      end += stop + 1 - start;
      start = stop + 1;
    }
    held = bytes.subarray(start);
  }
}
