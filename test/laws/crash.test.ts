/**
 * Law: kill -9 at any moment; after the restart every accepted record (a whole line of the journal) reaches every callback at least once, chains have
 * no hole, and `verify` holds. The program runs as a child under load and is killed round after round in the same folder; when, is counted in answers
 * that clients got, or is the first thing that a start does in the spool. WIRESCRIBE_CRASH_ROUNDS sets how many rounds.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, watch } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeSigningKey } from '../../src/spool/signing-key.js';
import {
  auditFiles,
  auditLines,
  Dice,
  folderOf,
  Program,
  settingsOf,
  spoolLines,
  startProgram,
  startProxy,
  startServer,
  type Written,
} from '../harness.js';
import { storedLines } from '../stored-lines.js';
import { until } from '../wait.js';

const ROUNDS = Number(process.env.WIRESCRIBE_CRASH_ROUNDS ?? (process.env.CI ? 100 : 20));
/** Of all rounds, on a machine that others load: alone a round takes half a second. */
const LONGEST_MS = 900_000;
const CLI = join(import.meta.dirname, '../../src/cli.js');
/** Segments of 256 KiB, files of 100 KiB: both roll several times in a round. Nobody gives anything up for room. */
const FILE = "{'use': 'file', 'size': '100k', 'required': True}";
const SET = ['AUDIT_IN=True', 'AUDIT_OUT=True', "SPOOL_MAX_BYTES='2m'", `AUDIT_CALLBACK=[${FILE}, {'use': 'store', 'required': True}]`];
const CLIENTS = 5;
/** Lines that a client sends before it hears the first answer. */
const AHEAD = 4;

/** Behind it a line waits for nothing but the next one. */
const LOGIN = 'connect guest open-word1\r';

/** Answers each line with two. */
function answer(socket: Socket): void {
  let open = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) socket.write(line === LOGIN ? 'You become Guest.\r\n' : `You said: ${line.trim()}\r\nIt is noted.\r\n`);
  });
  socket.on('end', () => socket.end());
}

/** A client that talks until its connection is gone; every now and then it leaves and another comes. Calls `heard` for each answer. */
async function talk(connect: () => Promise<Socket>, dice: Dice, heard: () => void): Promise<void> {
  let said = 0;
  const client = await connect();
  client.write(`${LOGIN}\n`);
  const say = (): void => void client.write(`say ${said++} ${'words '.repeat(dice.between(1, 60))}\r\n`);
  for (let ahead = 0; ahead < AHEAD; ahead++) say();
  client.setEncoding('latin1').on('data', (text: string) => {
    for (let at = text.indexOf('noted.'); at >= 0; at = text.indexOf('noted.', at + 1)) {
      heard();
      if (dice.next() < 0.01) client.end();
      else if (client.writable) say();
    }
  });
  client.on('end', () => client.end());
  await once(client, 'close');
}

/** What a program has in its spool at least when it is killed under load. */
const LEAST_LINES = 40;

/** Talks with several clients; kills the program at the answer whose number is `killAt`, or a later one. */
async function loadUntilKilled(program: Program, dice: Dice, killAt: number): Promise<void> {
  let answers = 0;
  let killed = false;
  // On a busy machine the audit may still be at its first record when thousands of answers have gone by.
  const heard = (): void => {
    if (killed || ++answers < killAt || (answers % 50 !== 0 && answers !== killAt) || spoolLines(program.folder).length < LEAST_LINES) return;
    killed = true;
    program.child.kill('SIGKILL');
  };
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (program.child.exitCode === null && program.child.signalCode === null && !killed) {
      await talk(program.connect, dice, heard).catch(() => undefined);
    }
  });
  if (killAt === 0) program.child.kill('SIGKILL');
  await Promise.all([...clients, program.ended()]);
}

/** Starts the program and kills it at a thing that its start does in the spool: the first, the second ... */
async function killWhileStarting(folder: string, upstream: string, nth: number): Promise<void> {
  const spool = join(folder, 'audit/spool');
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  let seen = 0;
  const watching = watch(spool, () => {
    if (++seen === nth) program.child.kill('SIGKILL');
  });
  const program = new Program(folder, settingsOf({ upstream, set: SET }));
  const listening = (async () => {
    for await (const text of program.child.stdout ?? []) if (String(text).includes(' -> ')) program.child.kill('SIGKILL');
  })();
  await program.ended();
  await listening;
  watching.close();
}

/** Every whole line that was ever seen, by its id. A line of an id that is known must be the same, byte for byte. */
class Seen {
  readonly lines = new Map<string, string>();
  readonly changed: string[] = [];

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const id = idOf(line);
      const known = this.lines.get(id);
      if (known !== undefined && known !== line) this.changed.push(id);
      this.lines.set(id, line);
    }
  }
}

function verify(args: readonly string[]): [number | null, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'verify', ...args], { encoding: 'utf8' });
  return [status, stdout + stderr];
}

function holdsVerify(t: Test, args: readonly string[], what: string): void {
  const [status, said] = verify(args);
  t.equal(status, 0, `verify of ${what}${status === 0 ? '' : `: ${said}`}`);
}

const idOf = (line: string): string => /"id":"([^"]+)"/.exec(line)?.[1] ?? '';
const byId = (one: string, other: string): number => (idOf(one) < idOf(other) ? -1 : 1);

/** The records of each chain, each once, in the order of `seq`. */
function chainsOf(lines: Iterable<string>): Map<string, Written[]> {
  const chains = new Map<string, Written[]>();
  for (const line of lines) {
    const record = JSON.parse(line) as Written;
    const chain = chains.get(record.session ?? 'node') ?? [];
    chains.set(record.session ?? 'node', chain);
    chain.push(record);
  }
  for (const chain of chains.values()) chain.sort((a, b) => a.seq - b.seq);
  return chains;
}

/** Holds every chain to its rules: no hole, a start, one end and nothing behind it. Gives how many sessions ended by a crash. */
function endsByCrash(t: Test, lines: Iterable<string>): number {
  let crashed = 0;
  for (const [chain, records] of chainsOf(lines)) {
    const hole = records.find(({ seq }, index) => seq !== index);
    if (hole) t.fail(`a hole in chain ${chain} before ${hole.id}, seq ${hole.seq}`);
    if (chain === 'node') continue;
    if (records[0]?.topic !== 'session.start') t.fail(`session ${chain} has no start`);
    const ends = records.filter(({ topic }) => topic === 'session.end');
    if (ends.length !== 1 || records.at(-1) !== ends[0]) t.fail(`session ${chain} ends ${ends.length} times, or goes on behind its end`);
    if (ends[0]?.data?.reason === 'crash') crashed++;
  }
  return crashed;
}

type Span = readonly [session: string, first: number, firstHash: string, last: number, lastHash: string];

/** Every record of a session stands in the span of a checkpoint, each span goes on where the one before ended, each checkpoint names the one before. */
function covered(t: Test, lines: Iterable<string>): void {
  const chains = chainsOf(lines);
  const next = new Map<string, number>();
  let previous = '0'.repeat(64);
  for (const { topic, data, hash, id } of chains.get('node') ?? []) {
    if (topic !== 'audit.checkpoint') continue;
    if (data?.previous !== previous) t.fail(`checkpoint ${id} does not name the one before`);
    previous = hash;
    for (const [session, first, firstHash, last, lastHash] of (data?.sessions ?? []) as readonly Span[]) {
      const records = chains.get(session) ?? [];
      if (first !== (next.get(session) ?? 0)) t.fail(`checkpoint ${id} begins at ${first} of ${session}, not at ${next.get(session)}`);
      if (records[first]?.hash !== firstHash || records[last]?.hash !== lastHash) t.fail(`checkpoint ${id} has other hashes of ${session}`);
      next.set(session, last + 1);
    }
  }
  for (const [chain, records] of chains) {
    if (chain !== 'node' && next.get(chain) !== records.length) t.fail(`${next.get(chain)} of ${records.length} records of ${chain} are covered`);
  }
}

t.setTimeout(LONGEST_MS);

t.test(`${ROUNDS} times kill -9: nothing that was accepted is lost, no chain has a hole, verify holds`, { timeout: LONGEST_MS }, async (t) => {
  const folder = folderOf(t);
  const upstream = await startServer(t, answer);
  const given = { upstream, set: SET, folder };
  const dice = new Dice(Number(process.env.WIRESCRIBE_CRASH_SEED ?? 3));
  const seen = new Seen();
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 5 === 4) await killWhileStarting(folder, upstream, dice.between(1, 8));
    else await loadUntilKilled(await startProgram(t, given), dice, dice.between(0, 4_000));
    seen.add(spoolLines(folder));
    if (round % 4 === 3) seen.add(auditLines(folder));
  }
  const last = await startProgram(t, given);
  t.equal(await last.end(), 0, 'a clean stop');

  const lines = auditLines(folder);
  const audited = new Set(lines);
  t.ok(seen.lines.size > ROUNDS * 20, `${seen.lines.size} lines were seen, ${lines.length} are in ${auditFiles(folder).length} audit files`);
  t.strictSame([...seen.lines.values()].filter((line) => !audited.has(line)).slice(0, 3), [], 'every accepted record is in the audit');
  const stored = await storedLines(folder);
  t.strictSame(stored, [...audited].sort(byId), 'and in the store, once each');
  const all = new Seen();
  all.add([...lines, ...spoolLines(folder)]);
  t.strictSame([...seen.changed, ...all.changed], [], 'no id has two contents');
  const crashed = endsByCrash(t, all.lines.values());
  covered(t, all.lines.values());
  t.ok(crashed >= ROUNDS / 2, `${crashed} sessions ended by a crash`);
  holdsVerify(t, auditFiles(folder), 'the audit files');
  holdsVerify(t, ['--spool', join(folder, 'audit/spool')], 'the spool');
});

const DEATHS = 5;

/** Lets clients talk until so many more answers have come; calls `then` at one of them. */
async function talkFor(clients: readonly Socket[], dice: Dice, more: number, then: () => void): Promise<void> {
  const at = dice.between(1, more);
  let answers = 0;
  const say = (client: Socket): void => void client.write(`say ${'words '.repeat(dice.between(1, 60))}\r\n`);
  await Promise.all(
    clients.map(async (client) => {
      for (say(client); ; say(client)) {
        await once(client, 'data');
        if (++answers === at) then();
        if (answers >= more || !client.writable) return;
      }
    }),
  );
}

t.test('the audit thread ends again and again under load: chains go on without a hole, verify holds, the game goes on', async (t) => {
  const folder = folderOf(t);
  const { fingerprint } = makeSigningKey(join(folder, 'k'));
  const set = [...SET, "CHECKPOINT_KEY='k'"];
  const proxy = await startProxy(t, { upstream: await startServer(t, answer), set, folder }, { checkpointMs: 30 });
  const deathsSaid = (): Written[] =>
    auditLines(proxy.folder).flatMap((line) => (line.includes('"audit-restarted"') ? [JSON.parse(line) as Written] : []));
  const nodeGaps = (): number => deathsSaid().filter(({ session }) => session === undefined).length;
  const dice = new Dice(23);
  let clients = await Promise.all(Array.from({ length: CLIENTS }, proxy.connect));
  for (let death = 0; death < DEATHS; death++) {
    await until(() => nodeGaps() === death, 'the last death to be said');
    await talkFor(clients, dice, dice.between(50, 1500), () => {
      void proxy.running.auditThread?.terminate();
      clients[0]?.end();
    });
    clients = [...clients.slice(1), await proxy.connect()];
  }
  await proxy.running.stop();
  const all = new Seen();
  all.add(auditLines(proxy.folder));
  t.strictSame(all.changed, [], 'no id has two contents');
  t.ok(endsByCrash(t, all.lines.values()) <= DEATHS, 'at most the session that ended just then ends by a crash');
  t.equal(nodeGaps(), DEATHS, 'each death is a gap of the node, the last one too');
  t.ok(deathsSaid().length > DEATHS, 'and of the sessions that were open');
  covered(t, all.lines.values());
  t.match(JSON.parse(auditLines(proxy.folder).at(-1) ?? '{}'), { topic: 'audit.checkpoint', data: { reason: 'stop', key: fingerprint } });
  holdsVerify(t, auditFiles(proxy.folder), 'the audit files');
  holdsVerify(t, ['--spool', join(proxy.folder, 'audit/spool')], 'the spool');
});
