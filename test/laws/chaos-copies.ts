/**
 * What the chaos law holds copies to: receives lines as they were seen in the spool and at the callbacks, and tells which rules they break. Knows nothing
 * of how they got there.
 */
import type { Written } from '../harness.js';

/** An `audit.gap`'s data, as far as it tells of a callback's copy. */
interface Gap {
  readonly stage: string;
  readonly callback: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly records: number | null;
  readonly ids?: readonly string[];
}

interface Redaction {
  readonly done: boolean;
  readonly hashes?: readonly string[];
}

export const idOf = (line: string): string => /"id":"([^"]+)"/.exec(line)?.[1] ?? '';
const hashOf = (line: string): string => /,"hash":"([0-9a-f]{64})"/.exec(line)?.[1] ?? '';
/** Head and seal: what no redaction changes. */
const sealOf = (line: string): string => line.slice(0, line.indexOf(',"hash":"') + 75);

const isWhole = (line: string): boolean => {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
};

/** Lines of a file that a kill may have torn. */
export const wholeLines = (text: string): string[] => text.split('\n').filter((line) => line !== '' && isWhole(line));

/** Every line that was ever seen anywhere, by its id. */
export class Truth {
  readonly lines = new Map<string, string>();
  /** Lines that are not as they were when first seen, with the same id. */
  readonly #others: [id: string, line: string][] = [];

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const id = idOf(line);
      const known = this.lines.get(id);
      if (known === line) continue;
      if (known !== undefined) this.#others.push([id, line]);
      if (known === undefined || known.length < line.length) this.lines.set(id, line);
    }
  }

  /** All ids, in the order of the journal. */
  get ids(): string[] {
    return [...this.lines.keys()].sort();
  }

  #dataOf<T>(topic: string): T[] {
    return [...this.lines.values()].filter((line) => line.includes(`"topic":"${topic}"`)).map((line) => (JSON.parse(line) as Written).data as T);
  }

  /** Gaps of one callback's copy. */
  gaps(callback: string): Gap[] {
    return this.#dataOf<Gap>('audit.gap').filter((gap) => gap.callback === callback);
  }

  /** Ids with two contents, where not one is the other without what an `access.redact` names. */
  get changed(): string[] {
    const redacted = new Set(this.#dataOf<Redaction>('access.redact').flatMap(({ hashes = [] }) => hashes));
    return this.#others.flatMap(([id, line]) => {
      const known = this.lines.get(id) as string;
      return line === known || (sealOf(line) === sealOf(known) && redacted.has(hashOf(line))) ? [] : id;
    });
  }

  /** What `audit.config` says that was let go with a callback that is gone: so many records; undefined: it says nothing. */
  retired(callback: string): number | null | undefined {
    const retired = this.#dataOf<{ readonly retired?: readonly { callback: string; records: number | null }[] }>('audit.config');
    return retired.flatMap((one) => one.retired ?? []).find((one) => one.callback === callback)?.records;
  }

  /** Holes in chains: places in front of which a record is missing. Then it was in the journal, and is nowhere. */
  get holes(): string[] {
    const chains = new Map<string, number[]>();
    for (const { chain, seq } of [...this.lines.values()].map(placeOf)) grouped(chains, chain).push(seq);
    return [...chains].flatMap(([chain, numbers]) => {
      const hole = numbers.sort((a, b) => a - b).findIndex((seq, index) => seq !== index);
      return hole < 0 ? [] : `${chain} before ${numbers[hole]}`;
    });
  }

  /** Ids that a callback should have and neither has nor was declared not to get. @param ids what it should have */
  missing(callback: string, copy: readonly string[], ids: readonly string[]): string[] {
    const has = new Set(copy.map(idOf));
    const gaps = this.gaps(callback);
    const named = new Set(gaps.flatMap((gap) => gap.ids ?? []));
    const ranges = gaps.filter(({ stage }) => stage === 'spool');
    const isGiven = (id: string): boolean => ranges.some(({ from, to }) => from !== null && to !== null && from <= id && id <= to);
    return ids.filter((id) => !has.has(id) && !named.has(id) && !isGiven(id));
  }

  /** The first `audit.start` behind a record: what the start itself has to say of a crash comes before that, and perhaps before a new callback's place. */
  startAfter(id: string): string {
    return this.ids.find((one) => one > id && this.lines.get(one)?.includes('"topic":"audit.start"')) ?? '~';
  }

  /** A copy without what its callback said that it cannot take: once that is redacted it may be short enough, and come after all. */
  without(callback: string, copy: readonly string[]): string[] {
    const named = new Set(this.gaps(callback).flatMap(({ ids = [] }) => ids));
    return copy.filter((line) => !named.has(idOf(line)));
  }

  /** Whether http refuses this record as it was. Where a kill took the gap that names it, it comes after all once its text is erased, late. */
  wasMalformed(id: string): boolean {
    return this.lines.get(id)?.includes('malformed-line') === true;
  }

  /** Ids that a callback's gaps name one by one, and that its dead letters do not hold. */
  notDead(callback: string, dead: readonly string[]): string[] {
    const there = new Set(dead);
    return this.gaps(callback).flatMap(({ ids = [] }) => ids.filter((id) => !there.has(id)));
  }

  /** Gaps that count other than what they name. */
  miscounted(callback: string): Gap[] {
    const { ids } = this;
    const between = (from: string, to: string): number => ids.filter((id) => from <= id && id <= to).length;
    return this.gaps(callback).filter(({ stage, from, to, records, ids: named }) => {
      if (stage === 'callback') return records !== named?.length;
      return from === null || to === null || records !== between(from, to);
    });
  }
}

function grouped<K, V>(groups: Map<K, V[]>, key: K): V[] {
  const found = groups.get(key) ?? [];
  groups.set(key, found);
  return found;
}

interface Place {
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
}

const placeOf = (line: string): Place => {
  const { id, session, seq } = JSON.parse(line) as Written;
  return { id, chain: session ?? 'node', seq };
};

/** Records that a copy, its doubles dropped, has behind one that they stand in front of in their chain. */
export function outOfOrder(copy: readonly string[]): string[] {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  const found: string[] = [];
  for (const { id, chain, seq } of copy.map(placeOf)) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (seq < (last.get(chain) ?? 0)) found.push(id);
    last.set(chain, Math.max(seq, last.get(chain) ?? 0));
  }
  return found;
}

/**
 * The same where a record may come once before its turn, as a probe (contract.ts): found are those that never come behind the one before them.
 */
export function neverInTurn(copy: readonly string[]): string[] {
  const places = copy.map(placeOf);
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  const before = new Map<string, Place>();
  for (const [at, { id }] of places.entries()) {
    if (!first.has(id)) first.set(id, at);
    last.set(id, at);
  }
  const found: string[] = [];
  const unique = [...new Map(places.map((place) => [place.id, place])).values()].sort((a, b) => a.seq - b.seq);
  for (const place of unique) {
    const previous = before.get(place.chain);
    if (previous && (first.get(previous.id) as number) > (last.get(place.id) as number)) found.push(place.id);
    before.set(place.chain, place);
  }
  return found;
}
