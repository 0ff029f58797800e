/** What the start finds in a spool: cuts off a torn last line, brings the heads of the chains up to date, and says what was damaged. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { FILE_MODE } from './files.js';
import { listSegments, segmentPath } from './segments.js';
import { follow, type Heads, noHeads, readState, refuseNewer } from './state.js';

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
    const { bad, torn } = readSegment(folder, segment, heads, segment === segments.at(-1));
    if (bad > 0) faults.push({ code: 'spool-damaged', count: bad });
    if (torn) faults.push({ code: 'spool-torn', count: 1 });
  }
  return { heads, segments, faults };
}

/**
 * Follows every line of one segment. In the last one, what stands behind its last whole record was never durable and is cut off.
 * `bad`: lines in front of that which are no records; they stay, for `verify` to show.
 */
function readSegment(folder: string, segment: number, heads: Heads, last: boolean): { bad: number; torn: boolean } {
  const fd = openSync(segmentPath(folder, segment), last ? 'r+' : 'r', FILE_MODE);
  try {
    let bad = 0;
    let trailing = 0;
    let end = 0;
    const size = eachLine(fd, (line, lineEnd) => {
      refuseNewer(line, folder);
      if (!follow(heads, line)) return void trailing++;
      bad += trailing;
      trailing = 0;
      end = lineEnd;
    });
    const torn = end < size;
    if (!last) return { bad: bad + trailing, torn: torn && trailing === 0 };
    if (torn) {
      ftruncateSync(fd, end);
      fdatasyncSync(fd);
    }
    return { bad, torn };
  } finally {
    closeSync(fd);
  }
}

/** Calls `take` with each whole line and the offset behind it; gives the size of the file. */
function eachLine(fd: number, take: (line: string, end: number) => void): number {
  const room = Buffer.alloc(READ_BYTES);
  let held = Buffer.alloc(0);
  for (let at = 0; ; ) {
    const count = readSync(fd, room, 0, READ_BYTES, at);
    if (count === 0) return at;
    const bytes = Buffer.concat([held, room.subarray(0, count)]);
    const first = at - held.length;
    at += count;
    let start = 0;
    for (let stop = bytes.indexOf(LF); stop >= 0; stop = bytes.indexOf(LF, start)) {
      take(bytes.toString('utf8', start, stop), first + stop + 1);
      start = stop + 1;
    }
    held = bytes.subarray(start);
  }
}
