/**
 * `npm run bench:delivery`: records a second into the journal with group commit, and from the journal to each callback by its worker thread, beside what
 * a plain tool reaches with the same lines in the same run: dd with fdatasync, kcat, curl's _bulk. The lines are the real scribe's, made before any
 * clock runs. Prints medians; callbacks and peers that are not here are left out with a word.
 *
 *   npm run bench:delivery -- [--rounds 3] [--records 200000] [--only journal,file,syslog,kafka,opensearch] [--dir FOLDER]
 *
 * Exit 2 if the bench could not be run.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Opened, PLACES, type PlaceName } from './delivery-places.js';
import { deliverJournal, type Written, writeJournal } from './delivery-runs.js';
import { type Sealed, sealedLines } from './lines.js';

interface Plan {
  readonly rounds: number;
  readonly records: number;
  readonly only: readonly string[];
  readonly dir: string;
}

/** Records a second that we want to reach (issue 5). */
const GOALS: { readonly [row: string]: number } = { journal: 200_000, file: 150_000, kafka: 50_000 };
/** OpenSearch takes some 7,000 records a second here: so many of them, or it would take all the time. */
const FEWER: { readonly [row: string]: number } = { opensearch: 20_000 };

function readPlan(): Plan {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const names = ['journal', ...Object.keys(PLACES)];
  const { values } = parseArgs({ options: { rounds: text('3'), records: text('200000'), only: text(names.join()), dir: text(tmpdir()) } });
  const plan = { ...values, rounds: Number(values.rounds), records: Number(values.records), only: values.only.split(',') };
  if (!(plan.rounds >= 1 && plan.records >= 1) || !plan.only.every((name) => names.includes(name))) {
    throw new Error('see the head of test/bench/delivery.ts for the options');
  }
  return plan;
}

/** What one row measured: seconds of each round, ours and the plain tool's. */
interface Row {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly seconds: readonly number[];
  readonly tool: string;
  readonly toolSeconds: readonly number[];
  readonly failures: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

const HEAD = ['', 'records/s', 'MB/s', 'goal', 'beside it', 'records/s', 'ours/its'];
const line = ([name = '', ...cells]: readonly string[]): string => name.padEnd(12) + cells.map((cell) => cell.padStart(18)).join('');

function show({ name, records, bytes, seconds, tool, toolSeconds, failures }: Row): string {
  const [ours, its] = [median(seconds), median(toolSeconds)];
  const goal = GOALS[name];
  const beside = its > 0 ? [tool, (records / its).toFixed(0), (its / ours).toFixed(2)] : ['-', '-', '-'];
  const cells = [(records / ours).toFixed(0), (bytes / ours / 1e6).toFixed(0), goal === undefined ? '-' : String(goal), ...beside];
  return line([name, ...cells]) + (failures > 0 ? `   ${failures} tries failed` : '');
}

/** A file of the lines alone, for the plain tools. */
function plainFile(dir: string, lines: readonly Sealed[]): string {
  const path = join(dir, 'lines.jsonl');
  writeFileSync(path, lines.map(({ line }) => line).join(''));
  return path;
}

async function benchJournal(plan: Plan, dir: string, lines: readonly Sealed[], bytes: number): Promise<Row> {
  const seconds: number[] = [];
  const toolSeconds: number[] = [];
  const place = await PLACES.file.open(dir);
  const file = plainFile(dir, lines);
  for (let round = 0; round < plan.rounds; round++) {
    const folder = join(dir, `journal-${round}`);
    seconds.push((await writeJournal(folder, lines)).seconds);
    rmSync(folder, { recursive: true });
    toolSeconds.push((await place.beside?.(file, lines, round)) ?? 0);
  }
  return { name: 'journal', records: lines.length, bytes, seconds, tool: place.tool ?? '-', toolSeconds, failures: 0 };
}

async function benchPlace(name: PlaceName, plan: Plan, dir: string, lines: readonly Sealed[], bytes: number): Promise<Row> {
  const opened: Opened = await PLACES[name].open(dir);
  try {
    const written: Written = await writeJournal(join(dir, `spool-${name}`), lines);
    const file = plainFile(dir, lines);
    const seconds: number[] = [];
    const toolSeconds: number[] = [];
    let failures = 0;
    for (let round = 0; round < plan.rounds; round++) {
      const options = await opened.options(round);
      const arrived = () => opened.arrived?.(lines.length);
      const run = await deliverJournal(written, { use: PLACES[name].use, name: `${name}-${round}`, options, arrived });
      seconds.push(run.seconds);
      failures += run.failures;
      await opened.check?.(lines.length, round);
      if (opened.beside) toolSeconds.push(await opened.beside(file, lines, round));
    }
    return { name, records: lines.length, bytes, seconds, tool: opened.tool ?? '-', toolSeconds, failures };
  } finally {
    await opened.close();
  }
}

async function bench(plan: Plan): Promise<void> {
  const all = sealedLines(plan.records);
  const size = (lines: readonly Sealed[]): number => lines.reduce((sum, one) => sum + Buffer.byteLength(one.line), 0);
  console.log(`${plan.records} records of ${Math.round(size(all) / all.length)} bytes, medians of ${plan.rounds}`);
  console.log(line(HEAD));
  for (const name of ['journal', ...Object.keys(PLACES)].filter((one) => plan.only.includes(one)) as ('journal' | PlaceName)[]) {
    const missing = name === 'journal' ? undefined : PLACES[name].missing();
    if (missing) {
      console.log(`${line([name, 'left out:'])} ${missing}`);
      continue;
    }
    const lines = all.slice(0, FEWER[name] ?? all.length);
    const dir = mkdtempSync(join(plan.dir, 'wirescribe-bench-'));
    try {
      const row = name === 'journal' ? benchJournal(plan, dir, lines, size(lines)) : benchPlace(name, plan, dir, lines, size(lines));
      console.log(show(await row));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
}

try {
  await bench(readPlan());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
