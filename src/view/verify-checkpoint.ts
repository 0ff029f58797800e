/** The data of one `audit.checkpoint` (FORMAT.md): receives a line, gives what it says and the bytes that are signed. Keeps nothing. */
import { dataOf, headOf } from './verify-line.js';
import { parseJson } from './verify-members.js';

/** A session that moved since the checkpoint before, from its first record to its last. */
export interface Claim {
  readonly session: string;
  readonly firstSeq: number;
  readonly firstHash: string;
  readonly lastSeq: number;
  readonly lastHash: string;
}

export interface Checkpoint {
  /** Hash of the checkpoint before, or 64 zeros. */
  readonly previous: string;
  readonly part: number;
  /** Further parts follow. */
  readonly more: boolean;
  readonly sessions: readonly Claim[];
  readonly key: string | null;
  readonly signature: string | null;
  /** HEAD and DATA: what the signature is over. */
  readonly signed: Buffer;
}

const HASH = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BASE64 = /^[A-Za-z0-9+/]{86}==$/;

const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const fits = (form: RegExp, value: unknown): value is string => typeof value === 'string' && form.test(value);
const fitsOrNull = (form: RegExp, value: unknown): value is string | null => value === null || fits(form, value);

function claimOf(value: unknown): Claim | undefined {
  const [session, firstSeq, firstHash, lastSeq, lastHash] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!fits(UUID, session) || !isSeq(firstSeq) || !fits(HASH, firstHash) || !isSeq(lastSeq) || !fits(HASH, lastHash)) return undefined;
  return firstSeq <= lastSeq ? { session, firstSeq, firstHash, lastSeq, lastHash } : undefined;
}

/** @param line whose seal holds @returns undefined where its data is not that of a checkpoint */
export function readCheckpoint(line: Buffer): Checkpoint | undefined {
  const data = dataOf(line);
  if (!data || [...data.members.keys()].at(-1) !== 'signature') return undefined;
  const value = (name: string): unknown => parseJson(data.members.get(name) ?? '""');
  const [previous, part, more, list, key, signature] = ['previous', 'part', 'more', 'sessions', 'key', 'signature'].map(value);
  const sessions = Array.isArray(list) ? list.map(claimOf) : [undefined];
  if (!fits(HASH, previous) || !isSeq(part) || typeof more !== 'boolean' || sessions.includes(undefined)) return undefined;
  if (!fitsOrNull(HASH, key) || !fitsOrNull(BASE64, signature)) return undefined;
  const end = data.text.length - `,"signature":${data.members.get('signature')}}`.length;
  const signed = Buffer.concat([headOf(line), Buffer.from(data.text.slice(0, end))]);
  return { previous, part, more, sessions: sessions as Claim[], key, signature, signed };
}
