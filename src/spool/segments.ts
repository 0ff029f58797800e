/** The journal's files: `NNNN.jsonl` in the spool's folder, numbered from 1 without a hole, each of whole lines once it is closed. */
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^(\d{4,12})\.jsonl$/;

export const segmentPath = (folder: string, segment: number): string => join(folder, `${String(segment).padStart(4, '0')}.jsonl`);

/** Numbers of the segments in `folder`, rising. A folder that is not there has none. */
export function listSegments(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** A closed segment and its size. */
export interface ClosedSegment {
  readonly segment: number;
  readonly bytes: number;
}

/** The closed segments that are still there, and what they take of the disk. */
export class ClosedSegments {
  readonly #folder: string;
  /** Sizes by number; numbers are added rising. */
  readonly #sizes = new Map<number, number>();
  #bytes = 0;

  /** Throws what the disk throws. */
  constructor(folder: string, segments: readonly number[]) {
    this.#folder = folder;
    for (const segment of segments) this.#sizes.set(segment, statSync(segmentPath(folder, segment)).size);
    this.#sum();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): ClosedSegment | undefined {
    for (const [segment, bytes] of this.#sizes) return { segment, bytes };
    return undefined;
  }

  /** @param segment higher than all before it */
  add(segment: number, bytes: number): void {
    this.#sizes.set(segment, bytes);
    this.#sum();
  }

  /** Removes the files of all segments below `segment`. One that cannot be removed now stays for the next time. */
  removeBefore(segment: number): void {
    for (const closed of this.#sizes.keys()) {
      if (closed >= segment) break;
      try {
        unlinkSync(segmentPath(this.#folder, closed));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') continue;
      }
      this.#sizes.delete(closed);
    }
    this.#sum();
  }

  /** Looks at the sizes anew: somebody else has rewritten the files. */
  measure(): void {
    for (const segment of this.#sizes.keys()) {
      const found = statSync(segmentPath(this.#folder, segment), { throwIfNoEntry: false });
      this.#sizes.set(segment, found?.size ?? 0);
    }
    this.#sum();
  }

  #sum(): void {
    this.#bytes = 0;
    for (const size of this.#sizes.values()) this.#bytes += size;
  }
}
