/**
 * Law: a full disk loses nothing silently, and mends by itself once there is room. The program runs with its spool, or with a callback's file, on a
 * small disk of its own (tmpfs) that a ballast file fills to the last byte under load and that is given back later. Needs root and mount.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { auditFiles, auditLines, filesIn, folderOf, type Program, startProgram, startServer, type Written } from '../harness.js';
import { until } from '../wait.js';

const CLI = join(import.meta.dirname, '../../src/cli.js');
const MIB = 1 << 20;
/** Room enough for a spool of 4 MiB and all that stands beside it. */
const DISK_BYTES = 16 * MIB;
const SPOOL = ['AUDIT_IN=True', "SPOOL_MAX_BYTES='4m'", "AUDIT_CALLBACK={'use': 'file', 'size': '8m', 'compress': False}", 'DRAIN_TIMEOUT_S=60'];
/** Lines as long as this fill all that the program holds in memory (64 MiB of slabs, and the journal's backlog) with few of them. */
const LONG = 'words '.repeat(5_000);
const LONG_LINES = 3_000;
/** Loose, for a machine of two cores that others load: alone a test takes a tenth of it. */
const LONGEST_MS = 240_000;

/** Why no disk of our own can be had here; false where it can. */
function mountMissing(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', ['-l', folder]);
  rmdirSync(folder);
  return status === 0 ? false : 'needs root and mount';
}

t.setTimeout(3 * LONGEST_MS);
const options = { skip: mountMissing(), timeout: LONGEST_MS };

/** A small disk at `folder`; `fill` leaves no byte of it, `free` gives back what that took. */
function diskAt(t: Test, folder: string): { fill(): void; free(): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=700`, 'tmpfs', folder]);
  if (status !== 0) throw new Error('could not mount a tmpfs');
  t.teardown(() => spawnSync('umount', ['-l', folder]));
  const ballast = join(folder, 'ballast');
  return { fill: () => fillWith(ballast), free: () => rmSync(ballast) };
}

function fillWith(ballast: string): void {
  const fd = openSync(ballast, 'w');
  const bytes = Buffer.alloc(MIB);
  try {
    for (;;) writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}

const LOGIN = 'connect guest open-word1';

/** Answers each line, once it is whole. */
function answer(socket: Socket): void {
  let open = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (open + text).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) socket.write(line.startsWith('connect') ? 'You become Guest.\r\n' : `${line.slice(0, 20).trim()}: noted.\r\n`);
  });
  socket.on('end', () => socket.end());
}

/** A player who says numbered lines, and hears the answers. */
class Player {
  readonly socket: Socket;
  said = 0;
  heard = 0;
  heardAt = performance.now();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.heard += text.split('noted.').length - 1;
      this.heardAt = performance.now();
    });
  }

  static async login(program: Program): Promise<Player> {
    const socket = await program.connect();
    socket.write(`${LOGIN}\r\n`);
    await once(socket, 'data');
    return new Player(socket);
  }

  /** Says a line; false where the socket wants to be drained first. */
  say(words = 'words'): boolean {
    return this.socket.write(`say ${this.said++} ${words}\r\n`);
  }

  /** Says a line and waits for its answer. */
  async converse(): Promise<void> {
    const number = this.said;
    this.say();
    await until(() => this.heard > number, `the answer to line ${number}`, LONGEST_MS);
  }

  /** Says so many long lines, as fast as they are taken. */
  async sayMany(count: number): Promise<void> {
    for (let line = 0; line < count; line++) if (!this.say(LONG)) await once(this.socket, 'drain');
  }
}

/** The last line that the audit has of a player, by its number; -1 where none. Looks at its last 256 KiB: all of it would be much to read again and again. */
function lastKept(folder: string): number {
  const last = auditFiles(folder).at(-1);
  if (last === undefined) return -1;
  const fd = openSync(last, 'r');
  try {
    const bytes = Buffer.alloc(256 * 1024);
    const read = readSync(fd, bytes, 0, bytes.length, Math.max(0, fstatSync(fd).size - bytes.length));
    const numbers = [...bytes.toString('utf8', 0, read).matchAll(/"text":"say (\d+) /g)].map(([, number]) => Number(number));
    return Math.max(-1, ...numbers);
  } finally {
    closeSync(fd);
  }
}

/** Talks on until something said from now on is in the audit. */
async function talkUntilKept(player: Player, folder: string): Promise<void> {
  const first = player.said;
  await until(() => player.converse().then(() => lastKept(folder) >= first), 'the audit to keep what is said', LONGEST_MS);
}

function holdsVerify(t: Test, args: readonly string[], what: string): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'verify', ...args], { encoding: 'utf8' });
  t.equal(status, 0, `verify of ${what}${status === 0 ? '' : `: ${stdout}${stderr}`}`);
}

/** A run of lines that are in no record: which, and whether a gap stands in their place. */
interface Missing {
  readonly from: number;
  readonly count: number;
  readonly declared: boolean;
}

/**
 * Goes through the audit in its order and tells which of the player's lines are not there. A hidden line (behind a gap the first ones may be answers to
 * a prompt that nobody saw) is there, but its number cannot be read.
 */
function missingLines(lines: readonly string[], said: number): Missing[] {
  const missing: Missing[] = [];
  let next = 0;
  let hidden = 0;
  let declared = false;
  const see = (number: number): void => {
    const count = number - next - hidden;
    if (count > 0) missing.push({ from: next, count, declared });
    next = number + 1;
    hidden = 0;
    declared = false;
  };
  for (const line of lines) {
    const { topic, text = '' } = JSON.parse(line) as Written;
    if (topic === 'audit.gap') declared = true;
    if (topic !== 'session.input' || text.startsWith('connect ')) continue;
    const number = /^say (\d+) /.exec(text)?.[1];
    if (number === undefined) hidden++;
    else see(Number(number));
  }
  see(said);
  return missing;
}

t.test('a full disk under the spool: the game goes on, what is lost is declared, and it mends by itself', options, async (t) => {
  const folder = folderOf(t);
  const disk = diskAt(t, join(folder, 'audit/spool'));
  const program = await startProgram(t, { upstream: await startServer(t, answer), set: SPOOL, folder });
  const player = await Player.login(program);
  await talkUntilKept(player, folder);
  disk.fill();
  await player.sayMany(LONG_LINES);
  await until(() => player.heard === player.said, 'all answers, with the disk full', LONGEST_MS);
  await player.converse();
  disk.free();
  await talkUntilKept(player, folder);
  player.socket.end();
  t.equal(await program.end(), 0, 'a clean stop');

  const missing = missingLines(auditLines(folder), player.said);
  const lost = missing.reduce((sum, { count }) => sum + count, 0);
  t.ok(lost > 0 && lost < player.said, `${lost} of ${player.said} lines found no room`);
  t.strictSame(
    missing.filter(({ declared }) => !declared),
    [],
    'a gap stands wherever lines are missing',
  );
  t.match(program.printed, /AUDIT_SPOOL.*ENOSPC/, 'the operator is told');
  t.notMatch(program.printed, /say \d/, 'and nothing of what was said');
  holdsVerify(t, auditFiles(folder), 'the audit files');
  holdsVerify(t, ['--spool', join(folder, 'audit/spool')], 'the spool');
});

t.test('a full disk under the spool, policy pause: sessions stand still, go on with the first room, and nothing is lost', options, async (t) => {
  const folder = folderOf(t);
  const disk = diskAt(t, join(folder, 'audit/spool'));
  const set = [...SPOOL, "AUDIT_ON_FAILURE='pause'"];
  const program = await startProgram(t, { upstream: await startServer(t, answer), set, folder });
  const player = await Player.login(program);
  await talkUntilKept(player, folder);
  disk.fill();
  const saying = player.sayMany(LONG_LINES);
  await until(() => performance.now() - player.heardAt > 1_500, 'the session to stand still', LONGEST_MS);
  const heard = player.heard;
  t.ok(heard < LONG_LINES, `it stood still behind ${heard} answers`);
  disk.free();
  await saying;
  await until(() => player.heard === player.said, 'all answers, with room again', LONGEST_MS);
  await talkUntilKept(player, folder);
  player.socket.end();
  t.equal(await program.end(), 0, 'a clean stop');

  const lines = auditLines(folder);
  t.strictSame(missingLines(lines, player.said), [], 'every line is there');
  t.notOk(
    lines.some((line) => line.includes('"topic":"audit.gap"')),
    'and no gap',
  );
  holdsVerify(t, auditFiles(folder), 'the audit files');
  holdsVerify(t, ['--spool', join(folder, 'audit/spool')], 'the spool');
});

t.test('a full disk under a callback: the others get everything, and it comes back by itself and misses nothing', options, async (t) => {
  const folder = folderOf(t);
  const full = join(folder, 'full');
  const disk = diskAt(t, full);
  const callbacks = `['file', {'use': 'file', 'name': 'full', 'path': '${full}/audit.log'}]`;
  const set = ['AUDIT_IN=True', 'DRAIN_TIMEOUT_S=60', `AUDIT_CALLBACK=${callbacks}`];
  const program = await startProgram(t, { upstream: await startServer(t, answer), set, folder });
  const player = await Player.login(program);
  await talkUntilKept(player, folder);
  disk.fill();
  for (let turn = 0; turn < 200; turn++) await player.converse();
  await until(() => lastKept(folder) === player.said - 1, 'the other callback to have everything', LONGEST_MS);
  await until(() => /AUDIT_CALLBACK_FAILED: callback full: .*ENOSPC/.test(program.printed), 'the operator to be told', LONGEST_MS);
  disk.free();
  await talkUntilKept(player, folder);
  player.socket.end();
  t.equal(await program.end(), 0, 'a clean stop');

  const lines = auditLines(folder);
  t.strictSame(missingLines(lines, player.said), []);
  const files = filesIn(full, /^audit\..*\.log$/);
  const kept = spawnSync('cat', files, { encoding: 'utf8', maxBuffer: DISK_BYTES }).stdout.split('\n').slice(0, -1);
  t.strictSame([...new Set(kept)], lines, 'the one that was full has the same records, in the same order');
  holdsVerify(t, auditFiles(folder), 'the one file');
  holdsVerify(t, files, 'the other');
});
