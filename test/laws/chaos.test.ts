/**
 * Law: whatever happens to the program, its disk and the other sides, what was accepted reaches every callback at least once and in the order of its chain;
 * what cannot is declared, counted and named; `verify` holds; what was redacted stands nowhere. The program runs as a child with all its callbacks at once;
 * seeded dice choose what happens next. WIRESCRIBE_CHAOS_ROUNDS and WIRESCRIBE_CHAOS_SEED are for long runs by hand.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { EXIT } from '../../src/errors.js';
import { auditFiles, Dice, type Program, spoolLines } from '../harness.js';
import { until } from '../wait.js';
import { idOf, neverInTurn, outOfOrder, type Truth } from './chaos-copies.js';
import { Crowd, wordOf } from './chaos-crowd.js';
import { type Span, World } from './chaos-world.js';

const ROUNDS = Number(process.env.WIRESCRIBE_CHAOS_ROUNDS ?? 5);
const SEED = Number(process.env.WIRESCRIBE_CHAOS_SEED ?? 5);
const CLI = join(import.meta.dirname, '../../src/cli.js');
/** What a run writes to its spool before anything happens. */
const LEAST_BYTES = 65_536;
/** Loose, for a machine of two cores that others load. */
const WAIT_MS = 120_000;

t.setTimeout(2 * (ROUNDS + 2) * WAIT_MS);

type Event = (world: World, program: Program, crowd: Crowd, round: number) => Promise<void> | void;

/** What may happen while the program runs. */
const EVENTS: { readonly [name: string]: Event } = {
  'web goes': ({ web }) => web.go(),
  'web comes': async ({ web }) => {
    web.bad = false;
    await web.come();
  },
  'web bad': ({ web }) => {
    web.bad = true;
  },
  'collector goes': ({ collector }) => collector.go(),
  'collector comes': async ({ collector }) => {
    collector.bad = false;
    await collector.come();
  },
  'collector bad': ({ collector }) => {
    collector.bad = true;
  },
  'collector deaf': async ({ collector, dice }, _, crowd) => {
    collector.stopReading();
    await crowd.heard(dice.between(1, 60));
    await collector.go();
    await collector.come();
  },
  'mine bad': (world) => world.mood('bad'),
  'mine down': (world) => world.mood('down'),
  'mine hangs': (world) => world.mood('hangs'),
  'mine well': (world) => world.mood(''),
  'stop a moment': async ({ collector, dice, isRoomShort }, { child }) => {
    child.kill('SIGSTOP');
    await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')), 'the program to stand still');
    if (dice.next() < 0.5 && !isRoomShort) await collector.go();
    child.kill('SIGCONT');
  },
  'disk full': (world) => world.fill(),
  'disk free': (world) => world.free(),
  redact: async (world, _, __, round) => {
    redactMeanwhile(world, round);
    // On a full disk it waits for room.
    if (!world.isFull) await world.redacting;
  },
  'redact meanwhile': (world, _, __, round) => redactMeanwhile(world, round),
};

/** Whatever comes next comes in the middle of it. */
function redactMeanwhile(world: World, round: number): void {
  if (round > 0) world.redacting = Promise.all([world.redacting, world.redact(world.dice.between(0, round - 1))]);
}

/** How a run ends: killed, stopped, or killed while it stops. */
const ENDS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGTERM, SIGKILL'];

const refusesAll = (program: Program): Promise<boolean> =>
  program.connect().then(
    (client) => {
      client.destroy();
      return false;
    },
    () => true,
  );

/** One run of the program: clients talk, things happen, it ends in one way or another. */
async function runOnce(world: World, round: number): Promise<void> {
  const { dice } = world;
  while (dice.next() < 0.2) await world.killStart(dice.between(1, 12));
  const program = await world.start(1);
  const crowd = new Crowd(program, new Dice(SEED * 1_000 + round), round);
  // On a busy machine the audit may still be at its first record when thousands of answers have gone by.
  const before = world.written;
  await crowd.heard(100);
  await until(() => world.written > before + LEAST_BYTES, 'the audit to be at work', WAIT_MS);
  // Where room is short syslog's cursor does not trail: what is lost with the collector and the program at once is lost (src/spool/delivery/place.ts).
  const never = world.isRoomShort ? 'collector' : 'disk';
  const names = Object.keys(EVENTS).filter((name) => !name.startsWith(never));
  for (let left = dice.between(1, 4); left > 0; left--) {
    await crowd.heard(dice.between(1, 400));
    const name = names[dice.between(0, names.length - 1)] as string;
    world.happened.push(name);
    await EVENTS[name]?.(world, program, crowd, round);
  }
  await crowd.heard(dice.between(1, 400));
  const end = ENDS[dice.between(0, ENDS.length - 1)] as string;
  world.happened.push(end);
  if (end !== 'SIGKILL') program.child.kill('SIGTERM');
  if (end === 'SIGTERM, SIGKILL') await until(() => refusesAll(program), 'the stop to begin', WAIT_MS);
  if (end !== 'SIGTERM') program.child.kill('SIGKILL');
  const code = await program.ended();
  // What a full spool does not take in time is lost, and said: by the exit code here, by a gap in each open session with the next start.
  const mayLose = program.printed.includes('the spool did not take all that was recorded');
  const killed = end !== 'SIGTERM' && code === null;
  world.t.equal(code, killed ? null : mayLose ? EXIT.failed : EXIT.done, `round ${round}: ${world.happened.join(', ')}`);
  world.happened = [];
  world.printed += program.printed;
  await Promise.all([crowd.gone, world.redacting]);
}

/** Between two runs: the disk has room again, or the program would not start; a callback comes, or goes. */
function reconfigure(world: World, round: number): void {
  world.free();
  const newest = world.look();
  const { late, dice } = world;
  const luck = dice.next();
  const start = dice.next() < 0.5 ? 'oldest' : 'newest';
  const [there] = [...late].filter(([, { to }]) => to === undefined);
  const from = start === 'newest' ? newest : idOf(spoolLines(world.folder)[0] ?? '') || newest;
  if (luck < 0.3 && !there) late.set(`late${round}`, { start, from });
  if (luck > 0.7 && there) late.set(there[0], { ...there[1], to: newest });
}

function verify(world: World, what: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'verify', ...args], { cwd: world.folder, encoding: 'utf8' });
  world.t.equal(status, 0, `verify of ${what}${status === 0 ? '' : `: ${stdout}${stderr}`}`);
}

function verifyCopy(world: World, name: string, copy: readonly string[]): void {
  writeFileSync(
    world.at(`${name}.jsonl`),
    world.truth
      .without(name, copy)
      .map((line) => `${line}\n`)
      .join(''),
  );
  for (const key of [[], ['--key', 'k.pub']]) verify(world, `what ${name} brought`, [...key, '--callback', name, `${name}.jsonl`]);
}

/** Holds a callback's copy to its rules. */
function holds(world: World, name: string, copy: readonly string[]): void {
  const { t, truth } = world;
  const span = world.late.get(name);
  const ids = span ? idsOf(span, truth) : truth.ids;
  const missing = truth.missing(name, copy, ids);
  // One that is gone has not taken all: so many at most, for what it took last its cursor did not know of.
  const letGo = truth.retired(name) ?? 0;
  t.ok(missing.length <= letGo, `${name} has all of ${ids.length} in ${copy.length} lines but ${missing.length}, of which ${letGo} are let go`);
  t.strictSame(truth.miscounted(name).slice(0, 3), [], `gaps of ${name} are counted`);
  t.strictSame(truth.notDead(name, world.deadOf(name)).slice(0, 3), [], `what ${name} refused is in its dead letters`);
  const order = name === 'mine' ? neverInTurn : outOfOrder;
  const late = order(truth.without(name, copy)).filter((id) => name !== 'http' || !truth.wasMalformed(id));
  t.strictSame(late.slice(0, 3), [], `${name} is in order`);
}

/** What a callback that was added later was there for. */
function idsOf({ start, from, to = '~' }: Span, truth: Truth): string[] {
  const first = start === 'oldest' ? from : truth.startAfter(from);
  return truth.ids.filter((id) => first <= id && id <= to);
}

/** A stop makes records too, and one of them may be refused when no more gap can be written: the next start declares it. */
const MOST_TURNS = 5;
/** Who is there from first to last. */
const EVERYONE = ['file', 'store', 'http', 'syslog', 'mine'];

type Copies = Awaited<ReturnType<World['copies']>>;

/** A run in which all is well: what is to be redacted is, and everything is delivered. */
async function drain(world: World): Promise<void> {
  const { t, asked, redacted } = world;
  const program = await world.start(120);
  for (const round of asked) {
    if (!redacted.has(round)) t.ok([EXIT.done, EXIT.no].includes((await world.redact(round)) as 0), `round ${round} is redacted`);
    redacted.add(round);
  }
  await until(async () => (await world.lag()) === 0, 'everything to be delivered', WAIT_MS);
  t.equal(await program.end(), EXIT.done, 'all is well again');
  await until(() => world.collector.isQuiet, 'the collector to have read to the end');
  world.printed += program.printed;
  world.look();
}

async function chaos(world: World): Promise<void> {
  const { t, truth } = world;
  await world.begin();
  for (let round = 0; round < ROUNDS; round++) {
    await runOnce(world, round);
    reconfigure(world, round);
  }
  await world.heal();
  let copies: Copies = new Map();
  for (let turn = 0, left = 1; turn < MOST_TURNS && left > 0; turn++) {
    await drain(world);
    copies = await world.copies();
    for (const copy of copies.values()) truth.add(copy);
    left = EVERYONE.reduce((sum, name) => sum + truth.missing(name, copies.get(name) ?? [], truth.ids).length, 0);
  }
  t.ok(truth.ids.length > ROUNDS * 20, `${truth.ids.length} records`);
  t.strictSame(truth.changed, [], 'no id has two contents');
  t.strictSame(truth.holes, [], 'no chain has a hole');
  for (const [name, copy] of copies) holds(world, name, copy);
  for (const round of world.asked) t.strictSame(world.placesOf(wordOf(round)), [], `what was redacted of round ${round} stands nowhere`);
  t.notMatch(world.printed, /words words|forget-me|malformed-line/, 'nothing of what was said is in what is said to people');
  for (const key of [[], ['--key', 'k.pub']]) {
    verify(world, 'the files', [...key, '--callback', 'file', ...auditFiles(world.folder)]);
    verify(world, 'the spool', [...key, '--spool', world.spool]);
  }
}

t.test(`${ROUNDS} rounds of chaos with room for all: nothing is lost but what a callback refuses, and every copy is evidence`, async (t) => {
  const world = new World(t, { seed: SEED, isRoomShort: false });
  await chaos(world);
  for (const [name, copy] of await world.copies()) {
    const isInOrder = outOfOrder(world.truth.without(name, copy)).length === 0;
    if ((name === 'http' && isInOrder) || name === 'syslog') verifyCopy(world, name, copy);
  }
  t.strictSame(
    EVERYONE.flatMap((name) => world.truth.gaps(name).filter(({ stage }) => stage === 'spool')),
    [],
    'nobody gave anything up',
  );
  if (!t.passing()) t.comment(world.printed);
});

t.test(`${ROUNDS} rounds of chaos in a small spool: what callbacks give up is declared to the record`, async (t) => {
  const world = new World(t, { seed: SEED + 1, isRoomShort: true });
  await chaos(world);
  if (!t.passing()) t.comment(world.printed);
});
