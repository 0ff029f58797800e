/**
 * Law: a callback that hangs costs the others nothing, also when the spool is full because of it. It gives up its oldest records, declared to the
 * record; the file beside it gets everything, and the game never waits. Mended, it goes on with what was not given up.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { auditFiles, auditLines, folderOf, records, startProgram, startServer, type Written } from '../harness.js';
import { until } from '../wait.js';

const CLI = join(import.meta.dirname, '../../src/cli.js');
const HANGS = 'export default (record) => new Promise(() => {});\n';
const KEEPS = "import { appendFileSync } from 'node:fs';\nexport default (record) => appendFileSync('mine.txt', record.id + '\\n');\n";
/** 'pause': if no room were made, the game would stand still. */
const SET = ['AUDIT_IN=True', "AUDIT_ON_FAILURE='pause'", "SPOOL_MAX_BYTES='1m'", "AUDIT_CALLBACK=['file', {'use': './mine.mjs', 'name': 'mine'}]"];
const WORDS = 'words '.repeat(150);
/** Loose, for a machine of two cores that others load. */
const LONGEST_MS = 120_000;
/** As loose; alone an answer takes below 1 ms. */
const MOST_P95_MS = 100;

t.setTimeout(2 * LONGEST_MS);

function echo(socket: Socket): void {
  socket.on('data', (bytes: Buffer) => void socket.write(bytes));
  socket.on('end', () => socket.end());
}

/** Says a numbered line and waits for its echo; gives how long that took, in milliseconds. */
async function converse(client: Socket, turn: number): Promise<number> {
  const start = performance.now();
  client.write(`turn ${turn} ${WORDS}\r\n`);
  for (let bytes: Buffer = Buffer.alloc(0); !bytes.includes('\n'); ) [bytes] = (await once(client, 'data')) as [Buffer];
  return performance.now() - start;
}

interface Given {
  readonly stage: string;
  readonly reason: string;
  readonly callback: string;
  readonly from: string;
  readonly to: string;
  readonly records: number;
}

const gapsOf = (written: readonly Written[]): Given[] =>
  written.filter(({ topic }) => topic === 'audit.gap').map(({ data }) => data as unknown as Given);

t.test('a spool that a hanging callback fills: it gives up, counted, and nobody else notices', async (t) => {
  const folder = folderOf(t);
  const upstream = await startServer(t, echo);
  writeFileSync(join(folder, 'mine.mjs'), HANGS);
  const program = await startProgram(t, { upstream, set: [...SET, 'DRAIN_TIMEOUT_S=2'], folder });
  const client = await program.connect();
  const took: number[] = [];
  // Its end is looked for now and then: all files are read for it.
  while (took.length % 500 !== 0 || gapsOf(records(folder)).length < 4) took.push(await converse(client, took.length));
  client.end();
  const p95 = took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)] as number;
  t.ok(p95 < MOST_P95_MS, `95 of 100 of ${took.length} answers came within ${p95.toFixed(1)} ms`);
  t.equal(await program.end(), 0);
  t.match(program.printed, /AUDIT_SPOOL: the spool is full; callback mine gave up/, 'the operator is told');
  t.notMatch(program.printed, /turn \d/);

  const written = records(folder);
  const turns = written.flatMap(({ topic, text }) => (topic === 'session.input' ? [Number(/^turn (\d+) /.exec(text ?? '')?.[1])] : []));
  t.strictSame(turns, Array.from(took.keys()), 'the file has every line that was said');
  const verified = spawnSync(process.execPath, [CLI, 'verify', ...auditFiles(folder)], { encoding: 'utf8' });
  t.equal(verified.status, 0, `verify of the file${verified.status === 0 ? '' : `: ${verified.stdout}${verified.stderr}`}`);

  writeFileSync(join(folder, 'mine.mjs'), KEEPS);
  const again = await startProgram(t, { upstream, set: [...SET, 'DRAIN_TIMEOUT_S=60'], folder });
  const mine = (): string[] => readFileSync(join(folder, 'mine.txt'), 'utf8').split('\n').slice(0, -1);
  await until(() => again.printed.includes(' -> '), 'the start');
  t.equal(await again.end(), 0);
  t.notMatch(again.printed, /AUDIT_CURSOR/, 'its cursor stands where it gave up');

  const all = records(folder);
  const gaps = gapsOf(all);
  t.ok(
    gaps.every(({ stage, reason, callback }) => stage === 'spool' && reason === 'given-up' && callback === 'mine'),
    `${gaps.length} gaps`,
  );
  const isGiven = (id: string): boolean => gaps.some(({ from, to }) => from <= id && id <= to);
  const [given, left] = [all.filter(({ id }) => isGiven(id)), all.filter(({ id }) => !isGiven(id))];
  t.equal(
    given.length,
    gaps.reduce((sum, gap) => sum + gap.records, 0),
    'what was given up was declared to the record',
  );
  t.strictSame(
    mine(),
    left.map(({ id }) => id),
    'mended, it gets everything else',
  );
  t.equal(new Set(auditLines(folder)).size, all.length, 'and the file had nothing twice');
});
