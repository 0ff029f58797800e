/** Counts what an audited run wrote to its files, by topic. */
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

export interface Counts {
  readonly inputs: number;
  readonly outputs: number;
  /** Lines of the line server's answers in the `text` of all outputs: the measure that does not care where an output was cut. */
  readonly answered: number;
  /** `audit.gap` records, and how many records they say are missing. */
  readonly gaps: number;
  readonly declared: number;
  /** Records counted more than once, by `id`: delivery is at least once. */
  readonly doubles: number;
}

/** Stands once in each line that the server of lineload.c answers. */
const ANSWER = 'of the long night.';

/** Reads every file of a folder, compressed or not. A record that stands there twice counts once. */
export async function countRecords(folder: string): Promise<Counts> {
  const seen = new Set<string>();
  const count = { inputs: 0, outputs: 0, answered: 0, gaps: 0, declared: 0, doubles: 0 };
  for (const name of readdirSync(folder).filter((one) => /\.log(\.gz)?$/.test(one))) {
    const file = createReadStream(join(folder, name));
    const lines = createInterface({ input: name.endsWith('.gz') ? file.pipe(createGunzip()) : file });
    for await (const line of lines) {
      const [, id = '', topic] = /^\{"v":"[^"]*","id":"([^"]+)","topic":"([^"]+)"/.exec(line) ?? [];
      if (!topic) throw new Error(`${name}: a line that does not begin as a record does`);
      if (seen.has(id)) count.doubles++;
      else add(count, topic, line);
      seen.add(id);
    }
  }
  return count;
}

function add(count: { -readonly [K in keyof Counts]: Counts[K] }, topic: string, line: string): void {
  if (topic === 'session.input') count.inputs++;
  if (topic === 'session.output') {
    count.outputs++;
    count.answered += (/"text":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? '').split(ANSWER).length - 1;
  } else if (topic === 'audit.gap') {
    count.gaps++;
    count.declared += (JSON.parse(line) as { data?: { records?: number | null } }).data?.records ?? 0;
  }
}
