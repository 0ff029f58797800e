/**
 * Erasing a part of a sealed line (DESIGN 7, "Erasure"): receives the bytes of one line, gives where its who and body stand, or the line without them.
 * Head and seal stay as they are, so the chain still verifies. Never parses what it erases, never writes.
 */

export type ErasedPart = 'who' | 'body' | 'both';

/** From one byte to before another. */
export type Extent = readonly [from: number, to: number];

/** Where the parts of a line stand; absent: it has none, or no more. */
export interface SealedLine {
  /** H and W: the seal, and the digest of its who ('' where it never had one). */
  readonly hash: string;
  readonly whoDigest: string;
  /** Behind the last member of the head. */
  readonly headEnd: number;
  /** Behind the hash. */
  readonly sealEnd: number;
  readonly who?: Extent;
  readonly body?: Extent;
}

/** An unescaped quote cannot stand inside a string, so the first of these in a line is the member itself (FORMAT.md). */
const DIGEST_MARK = Buffer.from(',"digest":["');
const WHO_MARK = Buffer.from(',"who_salt":"');
const SALT_MARK = Buffer.from(',"salt":"');
const SEAL = /^,"digest":\["([0-9a-f]{64}|)","(?:[0-9a-f]{64}|)"\],"hash":"([0-9a-f]{64})"/;
/** Longest seal, both digests given. */
const SEAL_BYTES = 256;

/** Reads where the parts of a line stand; undefined where it is no sealed record, or not a whole one. @param line without its line end; borrowed */
export function sealedOf(line: Buffer): SealedLine | undefined {
  const at = line.indexOf(DIGEST_MARK);
  const seal = at < 0 ? undefined : SEAL.exec(line.toString('latin1', at, at + SEAL_BYTES));
  const end = line.length - 1;
  if (!seal || line[end] !== 0x7d) return undefined;
  const sealEnd = at + seal[0].length;
  const salt = line.indexOf(SALT_MARK, sealEnd);
  const bodyFrom = salt < 0 ? end : salt;
  const hasWho = line.compare(WHO_MARK, 0, WHO_MARK.length, sealEnd, Math.min(sealEnd + WHO_MARK.length, end)) === 0;
  // Behind the seal stands a who, a body, or nothing: of a line with anything else a callback's `fields` has left something out.
  if (!hasWho && bodyFrom > sealEnd) return undefined;
  return {
    hash: seal[2] as string,
    whoDigest: seal[1] as string,
    headEnd: at,
    sealEnd,
    ...(hasWho ? { who: [sealEnd, bodyFrom] as const } : {}),
    ...(salt < 0 ? {} : { body: [salt, end] as const }),
  };
}

/** What of `part` the line still has; undefined: nothing of it. */
export function presentOf({ who, body }: SealedLine, part: ErasedPart): ErasedPart | undefined {
  const asked = { who: part !== 'body' && who !== undefined, body: part !== 'who' && body !== undefined };
  if (asked.who && asked.body) return 'both';
  return asked.who ? 'who' : asked.body ? 'body' : undefined;
}

/** Both parts that two ask for. */
export const joined = (one: ErasedPart | undefined, other: ErasedPart): ErasedPart => (one === undefined || one === other ? other : 'both');

/** The line without a part, as new bytes without a line end. @param line borrowed */
export function withoutPart(line: Buffer, { sealEnd, who, body }: SealedLine, part: ErasedPart): Buffer {
  const kept = [line.subarray(0, sealEnd)];
  if (who && part === 'body') kept.push(line.subarray(...who));
  if (body && part === 'who') kept.push(line.subarray(...body));
  return Buffer.concat([...kept, Buffer.from('}')]);
}
