/**
 * The dead letters of one callback: `SPOOL_DIR/dead/NAME.jsonl`, the journal's own lines of records that it can never take, and the `audit.gap` that
 * declares them lost for its copy (DESIGN 6). Receives records and why; gives the facts to be declared. Owns no queue: a line is durable when it is said.
 */
import { closeSync, existsSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '../../contract.js';
import { FILE_MODE, makeFolder, syncFolder, writeAll } from '../files.js';
import { topicOf } from './audit-record.js';

/** A record that a callback can never take, as the journal has it. */
export interface DeadLetter {
  readonly record: AuditRecord;
  /** A plain word. */
  readonly reason: string;
}

/** Data of an `audit.gap`, in the order of its members. */
export interface DeadGap {
  readonly stage: 'callback';
  readonly reason: string;
  readonly direction: null;
  readonly from: string | null;
  readonly to: string | null;
  readonly records: number;
  readonly bytes: number;
  readonly sessions: null;
  readonly callback: string;
  readonly ids: readonly string[];
}

/** Ids that one gap names. */
const IDS_EACH = 200;
/** Dead letters of one callback on disk. Then none is taken, the callback stands still, and somebody must look at them and take the file away. */
const MAX_BYTES = 1 << 30;
/** How much is looked at in one go for the last line end. */
const TAIL_BYTES = 65_536;
const NEWLINE = 0x0a;

const WORD = /^[a-z][a-z0-9-]{0,40}$/;

/** The file of a callback's dead letters; its name escaped as its cursor's is. */
export const deadPath = (folder: string, name: string): string => join(folder, 'dead', `${encodeURIComponent(name)}.jsonl`);

/** A reason as a record may hold it: it comes from code that is not ours, and could quote what was said. */
export const reasonOf = (given: unknown): string => (typeof given === 'string' && WORD.test(given) ? given : 'refused');

/** The id of a record whose line may be damaged. */
function idOf(record: AuditRecord): string | null {
  return /"id":"([0-9a-f-]{36})"/.exec(record.line.slice(0, 256))?.[1] ?? null;
}

const bytesOf = (record: AuditRecord): Uint8Array => record.lineBytes ?? Buffer.from(`${record.line}\n`);

/**
 * Appends lines, durably. Opened for each: a redaction puts another file in its place. What a crash left of a line is cut off first.
 * Throws what the disk throws, EFBIG where there are too many; then nothing was appended.
 */
export function appendDead(folder: string, name: string, records: readonly AuditRecord[], maxBytes = MAX_BYTES): void {
  const path = deadPath(folder, name);
  const bytes = Buffer.concat(records.map(bytesOf));
  makeFolder(join(folder, 'dead'));
  const isNew = !existsSync(path);
  const fd = openSync(path, 'a+', FILE_MODE);
  try {
    const size = cutTornLine(fd);
    if (size + bytes.length > maxBytes) throw Object.assign(new Error('too many dead letters'), { code: 'EFBIG' });
    appendWhole(fd, bytes, size);
  } finally {
    closeSync(fd);
  }
  if (isNew) syncFolder(join(folder, 'dead'));
}

function appendWhole(fd: number, bytes: Uint8Array, size: number): void {
  try {
    writeAll(fd, bytes);
    fdatasyncSync(fd);
  } catch (error) {
    ftruncateSync(fd, size);
    throw error;
  }
}

/** Cuts a file back to its last line end, and gives its size then. */
function cutTornLine(fd: number): number {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(TAIL_BYTES, size));
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - bytes.length);
    const count = readSync(fd, bytes, 0, end - start, start);
    const at = bytes.subarray(0, count).lastIndexOf(NEWLINE);
    if (at < 0 && start > 0) {
      end = start;
      continue;
    }
    const whole = start + at + 1;
    if (whole < size) ftruncateSync(fd, whole);
    return whole;
  }
  return 0;
}

/** The gaps that declare `dead` to be missing from what the callback `name` keeps: for each reason, of at most 200 records each. */
export function gapsOf(name: string, dead: readonly DeadLetter[]): DeadGap[] {
  const gaps: DeadGap[] = [];
  for (const reason of new Set(dead.map((one) => one.reason))) {
    const records = dead.filter((one) => one.reason === reason).map(({ record }) => record);
    for (let from = 0; from < records.length; from += IDS_EACH) gaps.push(gapOf(name, reason, records.slice(from, from + IDS_EACH)));
  }
  return gaps;
}

function gapOf(callback: string, reason: string, records: readonly AuditRecord[]): DeadGap {
  const ids = records.flatMap((record) => idOf(record) ?? []);
  const bytes = records.reduce((sum, record) => sum + bytesOf(record).length, 0);
  const ends = { from: ids[0] ?? null, to: ids.at(-1) ?? null };
  return { stage: 'callback', reason, direction: null, ...ends, records: records.length, bytes, sessions: null, callback, ids };
}

/** Whether a record is a gap that tells of this very callback's dead letters: one refused as well would be told of in another, and so on for ever. */
export function tellsOfDead(record: AuditRecord, name: string): boolean {
  if (topicOf(record) !== 'audit.gap') return false;
  const { data } = JSON.parse(record.line) as { data?: Partial<DeadGap> };
  return data?.stage === 'callback' && data.callback === name;
}

/**
 * Which of the records that were given a RefusedRecords means, by their place in the batch, and why. undefined: it is another error, or says of a record
 * that was not given; then nothing is known of any.
 * @param given the records as the callback got them
 */
export function refusedIn(error: unknown, given: readonly AuditRecord[]): ReadonlyMap<number, string> | undefined {
  const { name, refused } = (error ?? {}) as { name?: unknown; refused?: unknown };
  if (name !== 'RefusedRecords' || !Array.isArray(refused) || refused.length === 0) return undefined;
  const places = new Map<unknown, number>(given.map((record, index) => [record, index]));
  const found = new Map<number, string>();
  for (const one of refused as readonly ({ record?: unknown; reason?: unknown } | null)[]) {
    const place = places.get(one?.record);
    if (place === undefined) return undefined;
    found.set(place, reasonOf(one?.reason));
  }
  return found;
}
