/** The journal's files: `NNNN.jsonl` in the spool's folder, numbered from 1 without a hole, each of whole lines once it is closed. */
import { readdirSync } from 'node:fs';
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
