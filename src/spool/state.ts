/**
 * What the spool knows besides its records: `SPOOL_DIR/state`, the heads of all chains as they stood when a segment was begun; and how the start brings
 * them up to date by reading every line since.
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

export interface Heads {
  /** The last id of the node, '' before the first. */
  lastId: string;
  node: Head;
  readonly sessions: Map<string, OpenSession>;
}

/** Raised when the file's meaning changes so that an older version would misread it. */
const STATE_VERSION = 1;

/** 64 zeros: `prev` of a chain's first record (FORMAT.md). */
const START = '0'.repeat(64);

export const noHeads = (): Heads => ({ lastId: '', node: { seq: -1, hash: START }, sessions: new Map() });

const statePath = (folder: string): string => join(folder, 'state');

/** The text of `heads` as they are now, to be written when the segment behind them is begun. */
export const encodeHeads = ({ lastId, node, sessions }: Heads): string => JSON.stringify({ lastId, node, sessions: Object.fromEntries(sessions) });

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
  const heads = { lastId: state.lastId, node: state.node, sessions: new Map(Object.entries(state.sessions)) };
  return { segment: state.segment, heads };
}

type State = { version: number; segment: number; lastId: string; node: Head; sessions: Record<string, OpenSession> };

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const isHead = (value: unknown): value is Head => {
  const { seq, hash } = (value ?? {}) as Partial<Head>;
  return Number.isSafeInteger(seq) && typeof hash === 'string' && hash.length === START.length;
};

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
  const { version, segment, lastId, node, sessions } = (value ?? {}) as Partial<State>;
  const numbers = Number.isSafeInteger(version) && Number.isSafeInteger(segment);
  const isMap = typeof sessions === 'object' && sessions !== null;
  return numbers && typeof lastId === 'string' && isHead(node) && isMap && Object.values(sessions).every(isOpenSession);
}

const DIGEST = ',"digest":["';
/** Two digests, and the hash behind them, with all their quotes: 207 characters at most. */
const SEAL_LENGTH = 256;
const HASH_AT = /^[0-9a-f]{0,64}","[0-9a-f]{0,64}"\],"hash":"([0-9a-f]{64})"/;

/** Moves `heads` on by one line of the journal. False where the line is not a whole record. */
export function follow(heads: Heads, line: string): boolean {
  const at = line.indexOf(DIGEST);
  const hash = at < 0 ? undefined : HASH_AT.exec(line.slice(at + DIGEST.length, at + DIGEST.length + SEAL_LENGTH))?.[1];
  if (!hash || !line.endsWith('}')) return false;
  let head: { id: string; topic: string; session?: string; seq: number; listener: string; protocol: string };
  try {
    head = JSON.parse(`${line.slice(0, at)}}`);
  } catch {
    return false;
  }
  if (head.id > heads.lastId) heads.lastId = head.id;
  if (head.session === undefined) heads.node = { seq: head.seq, hash };
  else if (head.topic === 'session.end') heads.sessions.delete(head.session);
  else {
    const known = heads.sessions.get(head.session);
    if (known) Object.assign(known, { seq: head.seq, hash });
    else heads.sessions.set(head.session, { seq: head.seq, hash, listener: head.listener, protocol: head.protocol });
  }
  return true;
}
