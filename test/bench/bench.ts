/**
 * `npm run bench`: what auditing costs, in one run on one machine. Load goes to the line server directly, through a plain Node pipe, through
 * `wirescribe run` with auditing off, into the journal alone (nothing is delivered), and audited into files; they take turns for some rounds, and the
 * medians are printed. The records of every audited round are counted against the requests that were made.
 *
 *   npm run bench -- [--rounds 3] [--seconds 5] [--conns 100] [--lines 10] [--rate 0] [--only direct,pipe,off,journal,audited]
 *
 * `--rate 0` is a closed loop: each session sends its next line as soon as it has its answer. Exit 1 if a session or a record was lost, 2 if the
 * bench could not be run.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { freePorts, ROOT } from '../peers/peer.js';
import { type ContenderName, startContender } from './contenders.js';
import { countRecords } from './records.js';
import { account, LABELS, type Load, lostRecords, type Result, table } from './report.js';

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly conns: number;
  readonly lines: number;
  readonly rate: number;
  readonly only: readonly ContenderName[];
}

function readPlan(): Plan {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    options: {
      rounds: text('3'),
      seconds: text('5'),
      conns: text('100'),
      lines: text('10'),
      rate: text('0'),
      only: text('direct,pipe,off,journal,audited'),
    },
  });
  const { rounds, seconds, conns, lines, rate } = values;
  const only = values.only.split(',') as ContenderName[];
  const plan = { rounds: Number(rounds), seconds: Number(seconds), conns: Number(conns), lines: Number(lines), rate: Number(rate), only };
  if (!only.every((name) => name in LABELS) || !(plan.rounds >= 1 && plan.seconds > 0 && plan.conns >= 1 && plan.lines >= 1 && plan.rate >= 0)) {
    throw new Error('see the head of test/bench/bench.ts for the options');
  }
  return plan;
}

/** Compiles the load generator and starts its server; gives its path and the server's port. */
async function startServer(dir: string, lines: number): Promise<{ tool: string; port: number; stop: () => void }> {
  const tool = join(dir, 'lineload');
  execFileSync('gcc', ['-O2', '-o', tool, join(ROOT, 'test/bench/lineload.c')], { stdio: 'inherit' });
  const port = await freePorts(1);
  const server = spawn(tool, ['server', String(port), String(lines)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  return { tool, port, stop: () => server.kill() };
}

async function loadOn(tool: string, port: number, plan: Plan): Promise<Load> {
  const args = ['client', '127.0.0.1', port, plan.conns, plan.seconds, plan.lines, plan.rate].map(String);
  // Exit 1 says that sessions were lost; that stands in its output too.
  const run = await promisify(execFile)(tool, args).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  return JSON.parse(run.stdout) as Load;
}

async function measure(name: ContenderName, tool: string, upstream: number, dir: string, plan: Plan): Promise<Result> {
  const contender = await startContender(name, upstream, dir);
  try {
    const before = contender.cpuSeconds();
    const load = await loadOn(tool, contender.port, plan);
    const cpuUs = ((contender.cpuSeconds() - before) * 1e6) / load.sent;
    const drainS = await contender.stop();
    const counts = name === 'audited' ? await countRecords(join(contender.dir, 'audit')) : undefined;
    return { ...load, cpuUs, drainS, counts };
  } finally {
    contender.remove();
  }
}

async function bench(plan: Plan, dir: string): Promise<boolean> {
  const server = await startServer(dir, plan.lines);
  const results = new Map<ContenderName, Result[]>(plan.only.map((name) => [name, []]));
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      for (const name of plan.only) {
        process.stderr.write(`round ${round} of ${plan.rounds}: ${LABELS[name]}\n`);
        results.get(name)?.push(await measure(name, server.tool, server.port, dir, plan));
      }
    }
  } finally {
    server.stop();
  }
  const loop = plan.rate > 0 ? `${plan.rate} lines/s each` : 'closed loop';
  console.log(`${plan.conns} sessions, ${loop}, ${plan.lines} lines answered to a line; medians of ${plan.rounds} rounds of ${plan.seconds} s\n`);
  console.log(`${table(results)}\n`);
  const audited = results.get('audited') ?? [];
  for (const [index, result] of audited.entries()) console.log(account(index + 1, result));
  const lost = audited.reduce((sum, one) => sum + lostRecords(one, plan.lines), 0);
  if (audited.length) console.log(`records lost: ${lost}`);
  return lost === 0 && [...results.values()].flat().every((one) => one.lost === 0);
}

const dir = mkdtempSync(join(tmpdir(), 'wirescribe-bench-'));
try {
  process.exitCode = (await bench(readPlan(), dir)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
