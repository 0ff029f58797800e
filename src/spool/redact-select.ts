/**
 * Which records a redaction erases, and what of each. Receives a request and lines, one at a time; gives the part to erase. Parses a line only where its
 * bytes hold what is looked for.
 */
import { type ErasedPart, joined, presentOf, type SealedLine, sealedOf } from './erase.js';

/** What `redact` is asked to erase. One of record, session, account and pattern is given. */
export interface RedactRequest {
  readonly part: ErasedPart;
  /** An id. */
  readonly record?: string;
  readonly session?: string;
  readonly account?: string;
  /** Python's syntax, looked for in every string of the parts that are erased. */
  readonly pattern?: string;
  /** `time` from here on, and before there: RFC 3339 in UTC, as it stands in records or a beginning of that. */
  readonly from?: string;
  readonly to?: string;
  /** By whom and why: stand in the `access.redact`. */
  readonly by: string;
  readonly why: string;
}

/** The hash of a record, and what of it goes. */
export type Selection = Map<string, ErasedPart>;

/** So many records at a time; each costs some 150 bytes of memory while a redaction runs. */
export const MAX_SELECTED = 1_000_000;

/** Says whether a text holds the pattern (mask/search.ts). */
export type Search = (text: string) => boolean;

interface Members {
  readonly id: string;
  readonly topic: string;
  readonly time: string;
  readonly session?: string;
  readonly account?: string;
  readonly data?: { readonly [name: string]: unknown };
}

/** What of a line goes; undefined: nothing. `line` is borrowed. */
export type Select = (line: Buffer) => { readonly hash: string; readonly part: ErasedPart } | undefined;

/** @param search where the request has a pattern */
export function selectorOf(request: RedactRequest, search?: Search): Select {
  const needle = needleOf(request);
  return (line) => {
    if (needle && !line.includes(needle)) return undefined;
    const sealed = sealedOf(line);
    const members = sealed && membersOf(line);
    if (!sealed || !members || !inRange(members.time, request)) return undefined;
    const asked = askedOf(members, request, () => textsOf(line, sealed, request.part).some((text) => search?.(text)));
    const part = asked && presentOf(sealed, asked);
    return part && { hash: sealed.hash, part };
  };
}

/** Bytes that every line has that is meant. */
function needleOf({ record, session, account }: RedactRequest): Buffer | undefined {
  const text = record ?? session ?? account;
  return text === undefined ? undefined : Buffer.from(JSON.stringify(text).slice(1, -1));
}

function membersOf(line: Buffer): Members | undefined {
  try {
    return JSON.parse(line.toString()) as Members;
  } catch {
    return undefined;
  }
}

const inRange = (time: string, { from, to }: RedactRequest): boolean => (from === undefined || time >= from) && (to === undefined || time < to);

function askedOf(members: Members, { part, record, session, account }: RedactRequest, found: () => boolean): ErasedPart | undefined {
  if (record !== undefined) return members.id === record ? part : undefined;
  if (session !== undefined) return members.session === session ? part : undefined;
  if (account === undefined) return found() ? part : undefined;
  const own = members.account === account ? part : undefined;
  // Its who is gone for nothing if the record that named it still does.
  return namesIt(members, account) ? joined(own, 'body') : own;
}

const namesIt = ({ topic, data }: Members, account: string): boolean =>
  topic === 'session.identity' && data?.field === 'account' && (data.old === account || data.new === account);

/** Every string of the parts that would go. */
function textsOf(line: Buffer, { who, body }: SealedLine, part: ErasedPart): string[] {
  const extents = [part === 'body' ? undefined : who, part === 'who' ? undefined : body];
  return extents.flatMap((extent) => (extent ? stringsOf(JSON.parse(`{${line.toString('utf8', extent[0] + 1, extent[1])}}`)) : []));
}

const SALTS: ReadonlySet<string> = new Set(['salt', 'who_salt']);

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (SALTS.has(name) ? [] : stringsOf(inner)));
}
