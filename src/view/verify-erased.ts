/**
 * Parts that are missing, and the `access.redact` records that name them. Receives both in any order, since a part is erased long after it was written,
 * and decides at the end. Keeps for each a hash of 32 bytes and a number, at most PARTS_LIMIT of each: some 200 bytes a redacted part.
 */
import type { Findings, LinePlace } from './verify-findings.js';
import { parseJson } from './verify-members.js';

export type Part = 'who' | 'body';

/** Parts kept, missing ones and named ones each. */
const PARTS_LIMIT = 1_000_000;
const HASH = /^[0-9a-f]{64}$/;

/** 33 bytes: the hash, and which part. */
const keyOf = (hash: string, part: Part): string => Buffer.from(`${hash}${part === 'who' ? '00' : '01'}`, 'hex').toString('latin1');

/** The record that names parts: where it stands in the chain of its node. */
interface Naming {
  readonly node: string;
  readonly seq: number;
}

export class Erased {
  readonly #findings: Findings;
  readonly #missing = new Map<string, LinePlace>();
  readonly #named = new Map<string, Naming>();
  /** Parts that are gone and named. */
  redacted = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** A part of the record of this hash is not there. */
  missing(hash: string, part: Part, place: LinePlace): void {
    if (this.#missing.size >= PARTS_LIMIT)
      this.#findings.tell(place, 'erased', `its ${part} is missing, with more than ${PARTS_LIMIT} before it: verify fewer files at once`);
    else this.#missing.set(keyOf(hash, part), place);
  }

  /** Takes the data of an `access.redact`; one of another form names nothing. */
  named(naming: Naming, members: ReadonlyMap<string, string>): void {
    const part = parseJson(members.get('part') ?? '""');
    const hashes = parseJson(members.get('hashes') ?? '[]');
    if (!Array.isArray(hashes)) return;
    for (const hash of hashes as unknown[]) {
      if (typeof hash !== 'string' || !HASH.test(hash) || this.#named.size >= PARTS_LIMIT) continue;
      for (const one of ['who', 'body'] as const) if (part === one || part === 'both') this.#name(keyOf(hash, one), naming);
    }
  }

  #name(key: string, naming: Naming): void {
    if (!this.#named.has(key)) this.#named.set(key, naming);
  }

  /**
   * Tells every missing part that nothing names. To be called once, when all is read.
   * @param isProven whether what names it can be believed
   */
  settle(isProven: (naming: Naming) => boolean): void {
    for (const [key, place] of this.#missing) {
      const part = key.endsWith('\0') ? 'who' : 'body';
      const naming = this.#named.get(key);
      if (!naming) this.#findings.tell(place, 'erased', `its ${part} is missing, and ${NOT_NAMED}`);
      else if (!isProven(naming)) this.#findings.tell(place, 'erased', `its ${part} is missing, and ${NOT_PROVEN}`);
      else this.redacted += 1;
    }
  }
}

const NOT_NAMED =
  'no access.redact among these files names it: if it was redacted, add the later files, up to the one with that record; else it was stripped';
const NOT_PROVEN =
  'the access.redact that names it is not covered by a checkpoint with a good signature: add the later files, up to the next checkpoint';
