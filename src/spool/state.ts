/**
 * What the spool knows besides its records: `SPOOL_DIR/state`, the heads of all chains and what no checkpoint covers yet, as they stood when a segment
 * was begun; and how the start brings them up to date by reading every line since.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError } from '../errors.js';
import { replaceFile } from './files.js';

/** The end of a chain: seq and hash of its last record. Moved on in place by whoever writes the next. */
export interface Head {
  seq: number;
  hash: string;
}

export interface OpenSession extends Head {
  readonly listener: string;
  readonly protocol: string;
}

/** A session that moved since the last checkpoint: its first record since, and its head. */
export interface Moved {
  readonly first: Readonly<Head>;
  /** Moved on in place: of an open session the same object as in `Heads.sessions`. */
  readonly last: Readonly<Head>;
}

export interface Heads {
  /** The last id of the node, '' before the first. */
  lastId: string;
  node: Head;
  readonly sessions: Map<string, OpenSession>;
  /** Hash of the last `audit.checkpoint`, 64 zeros before the first. */
  checkpoint: string;
  /** Sessions, ended ones too, that moved since. */
  readonly moved: Map<string, Moved>;
}

/** Raised when the file's meaning changes so that an older version would misread it; members that are added do not raise it. */
const STATE_VERSION = 1;
/** The highest major version of the record (contract.ts) that can be followed. */
const RECORD_MAJOR = 1;
/**
 * Sessions that may have moved since a checkpoint. There is one every 10,000 records, so only a spool of a version without checkpoints that has also
 * lost its state can hold more: then the oldest are forgotten, and no checkpoint covers them.
 */
const MAX_MOVED = 100_000;

/** 64 zeros: `prev` of a chain's first record (FORMAT.md). */
const START = '0'.repeat(64);

export const noHeads = (): Heads => ({ lastId: '', node: { seq: -1, hash: START }, sessions: new Map(), checkpoint: START, moved: new Map() });

const statePath = (folder: string): string => join(folder, 'state');

/** The text of `heads` as they are now, to be written when the segment behind them is begun. */
export function encodeHeads({ lastId, node, sessions, checkpoint, moved }: Heads): string {
  const spans = [...moved].map(([id, { first, last }]): [string, Span] => [id, [first.seq, first.hash, last.seq, last.hash]]);
  return JSON.stringify({ lastId, node, sessions: Object.fromEntries(sessions), checkpoint, moved: Object.fromEntries(spans) });
}

/** Replaces the state: `heads` (encoded) stood at the end of all segments before `segment`. */
export const writeState = (folder: string, segment: number, heads: string): void =>
  replaceFile(statePath(folder), `{"version":${STATE_VERSION},"segment":${segment},${heads.slice(1)}`);

/** Reads the state file; undefined where there is none or it is damaged. Throws AUDIT_SPOOL for one of a newer version, and what the disk throws. */
export function readState(folder: string): { segment: number; heads: Heads } | undefined {
  const state = readJson(statePath(folder));
  if (isNewer(state)) {
    throw new AuditError('AUDIT_SPOOL', `the spool ${folder} was written by a newer wirescribe; use that one, or another SPOOL_DIR`);
  }
  if (!isState(state)) return undefined;
  const { segment, lastId, node, checkpoint = START } = state;
  const sessions = new Map(Object.entries(state.sessions));
  return { segment, heads: { lastId, node, sessions, checkpoint, moved: movedOf(state, sessions) } };
}

/** What moved, out of the file. One written before there were checkpoints does not say: then it is the last record of each open session. */
function movedOf({ moved }: State, sessions: ReadonlyMap<string, OpenSession>): Map<string, Moved> {
  if (!moved) return new Map([...sessions].map(([id, last]) => [id, { first: { seq: last.seq, hash: last.hash }, last }]));
  return new Map(
    Object.entries(moved).map(([id, [firstSeq, firstHash, seq, hash]]) => {
      return [id, { first: { seq: firstSeq, hash: firstHash }, last: sessions.get(id) ?? { seq, hash } }];
    }),
  );
}

/** Seq and hash of the first record, and of the last. */
type Span = readonly [firstSeq: number, firstHash: string, lastSeq: number, lastHash: string];
type State = {
  version: number;
  segment: number;
  lastId: string;
  node: Head;
  sessions: Record<string, OpenSession>;
  checkpoint?: string;
  moved?: Record<string, Span>;
};

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const isHash = (value: unknown): boolean => typeof value === 'string' && value.length === START.length;

const isHead = (value: unknown): value is Head => {
  const { seq, hash } = (value ?? {}) as Partial<Head>;
  return Number.isSafeInteger(seq) && isHash(hash);
};

function isSpan(value: unknown): value is Span {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [firstSeq, firstHash, lastSeq, lastHash] = value as readonly unknown[];
  return Number.isSafeInteger(firstSeq) && isHash(firstHash) && Number.isSafeInteger(lastSeq) && isHash(lastHash);
}

const isOpenSession = (value: unknown): value is OpenSession => {
  const { listener, protocol } = (value ?? {}) as Partial<OpenSession>;
  return isHead(value) && typeof listener === 'string' && typeof protocol === 'string';
};

/** Whatever else a newer version writes, it says so. */
function isNewer(value: unknown): boolean {
  const { version } = (value ?? {}) as Partial<State>;
  return typeof version === 'number' && version > STATE_VERSION;
}

function isState(value: unknown): value is State {
  const { version, segment, lastId, node, sessions, checkpoint = START, moved = {} } = (value ?? {}) as Partial<State>;
  const numbers = Number.isSafeInteger(version) && Number.isSafeInteger(segment);
  const heads = typeof lastId === 'string' && isHead(node) && isHash(checkpoint);
  return numbers && heads && isMapOf(sessions, isOpenSession) && isMapOf(moved, isSpan);
}

const isMapOf = (value: unknown, fits: (one: unknown) => boolean): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(fits);

const DIGEST = ',"digest":["';
/** Two digests, and the hash behind them, with all their quotes: 207 characters at most. */
const SEAL_LENGTH = 256;
const HASH_AT = /^[0-9a-f]{0,64}","[0-9a-f]{0,64}"\],"hash":"([0-9a-f]{64})"/;

const MAJOR = /^\{"v":"(\d{1,9})\./;

/** Throws AUDIT_SPOOL for a line of a newer major version of the record, however its seal looks. */
export function refuseNewer(line: string, folder: string): void {
  if (Number(MAJOR.exec(line)?.[1] ?? 0) <= RECORD_MAJOR) return;
  throw new AuditError('AUDIT_SPOOL', `the spool ${folder} holds records of a newer wirescribe; use that one, or another SPOOL_DIR`);
}

/** As much of a record's head as moves the chains. */
type RecordHead = { id: string; topic: string; session?: string; seq: number; listener: string; protocol: string };

/** Moves `heads` on by one line of the journal. False where the line is not a whole record. */
export function follow(heads: Heads, line: string): boolean {
  const at = line.indexOf(DIGEST);
  const hash = at < 0 ? undefined : HASH_AT.exec(line.slice(at + DIGEST.length, at + DIGEST.length + SEAL_LENGTH))?.[1];
  if (!hash || !line.endsWith('}')) return false;
  let head: RecordHead;
  try {
    head = JSON.parse(`${line.slice(0, at)}}`);
  } catch {
    return false;
  }
  if (head.id > heads.lastId) heads.lastId = head.id;
  const end = { seq: head.seq, hash: own(hash) };
  if (head.session !== undefined) followSession(heads, head.session, head, end);
  else {
    heads.node = end;
    if (head.topic === 'audit.checkpoint') followCheckpoint(heads, end.hash, line);
  }
  return true;
}

/** A string of its own: one cut out of a line would keep that line in memory. */
const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function followSession({ sessions, moved }: Heads, session: string, { topic, listener, protocol }: RecordHead, end: Head): void {
  const known = sessions.get(session);
  const last = known ? Object.assign(known, end) : { ...end, listener, protocol };
  if (topic === 'session.end') sessions.delete(session);
  else if (!known) sessions.set(session, last);
  const before = moved.get(session);
  if (before?.last !== last) moved.set(session, { first: before?.first ?? end, last });
  if (moved.size > MAX_MOVED) moved.delete(moved.keys().next().value as string);
}

/** What a checkpoint names is covered. A crash may have left the first of its parts alone. */
function followCheckpoint(heads: Heads, hash: string, line: string): void {
  heads.checkpoint = hash;
  for (const session of sessionsIn(line)) heads.moved.delete(session);
}

function sessionsIn(line: string): readonly string[] {
  try {
    const { data } = JSON.parse(line) as { data: { sessions: readonly (readonly [string, ...unknown[]])[] } };
    return data.sessions.map(([session]) => session);
  } catch {
    return [];
  }
}
