import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Board, boardMemory } from '../../src/spool/board.js';
import { readCursor } from '../../src/spool/delivery/cursor.js';
import { JournalReader } from '../../src/spool/delivery/reader.js';
import type { GivenUp } from '../../src/spool/give-up.js';
import { Journal, type JournalOptions } from '../../src/spool/journal.js';
import { listSegments, segmentPath } from '../../src/spool/segments.js';
import { readState } from '../../src/spool/state.js';
import { verifySpool } from '../../src/view/verify.js';
import { Sealer } from '../evidence.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const GIB = 1 << 30;

/** A journal, its board of one callback (where no others are given), and what it says. */
class Bench {
  readonly folder: string;
  readonly board: Board;
  readonly journal: Journal;
  readonly troubles: (string | undefined)[] = [];
  readonly levels: string[] = [];
  readonly gaps: GivenUp[] = [];
  ready = 0;
  readonly #sealer = new Sealer();
  /** All lines appended. */
  readonly lines: string[] = [];

  constructor(folder: string, more: Partial<JournalOptions> = {}) {
    this.folder = folder;
    const { callbacks = [{ name: 'file', required: false }] } = more;
    this.board = new Board(boardMemory(callbacks.length));
    this.journal = new Journal({
      ...{ folder, board: this.board, fsync: 'batch', maxBytes: GIB, callbacks },
      declare: (given) => this.declare(given),
      onTrouble: (code) => void this.troubles.push(code),
      onLevel: (level, behind) => void this.levels.push(`${level}: ${behind}`),
      onReady: () => void this.ready++,
      ...more,
    });
  }

  async declare(given: GivenUp): Promise<void> {
    this.gaps.push(given);
    this.#line({ topic: 'audit.gap', body: { data: given } });
    await this.journal.flushed();
  }

  /** Appends one sealed line of the node; its text is so long. */
  append(length = 10): this {
    this.#line({ topic: 'audit.fault', body: { data: { code: 'x'.repeat(length), stage: 'test', count: 1 } } });
    return this;
  }

  #line(given: Parameters<Sealer['seal']>[0]): void {
    const line = this.#sealer.seal(given);
    this.lines.push(line);
    const { id, seq, hash } = JSON.parse(line);
    this.journal.append(`${line}\n`, id);
    this.journal.heads.node = { seq, hash };
  }

  /** Appends long lines while it accepts them, and waits until they are durable. */
  async fill(): Promise<void> {
    while (this.journal.accepts()) {
      this.append(1_000);
      if (this.lines.length % 8 === 0) await this.journal.flushed();
    }
    await this.journal.flushed();
  }

  /** What callback 0 would be given. */
  read(): string[] {
    const reader = new JournalReader(this.folder, { maxRecords: 1_000, maxBytes: GIB });
    reader.seek({ segment: listSegments(this.folder)[0] ?? 1, offset: 0 });
    const lines: string[] = [];
    for (let batch = reader.next(this.board.durable); batch; batch = reader.next(this.board.durable))
      lines.push(...batch.records.map(({ line }) => line));
    reader.close();
    return lines;
  }

  /** The callback has taken all that is durable. */
  pass(index = 0): void {
    this.board.moveCursor(index, this.board.durable);
  }
}

const written = (folder: string): string =>
  listSegments(folder)
    .map((segment) => readFileSync(join(folder, `${String(segment).padStart(4, '0')}.jsonl`), 'utf8'))
    .join('');

for (const fsync of ['batch', 'always', 'none'] as const) {
  t.test(`SPOOL_FSYNC = '${fsync}': what was appended is on disk after flushed, and published`, async (t) => {
    const bench = new Bench(folderOf(t), { fsync });
    bench.append().append();
    await bench.journal.flushed();
    t.equal(written(bench.folder), bench.lines.map((line) => `${line}\n`).join(''));
    t.same(bench.read(), bench.lines);
    await bench.journal.close();
    t.ok(bench.board.closed);
  });
}

t.test('lines become durable by themselves, in company', async (t) => {
  const bench = new Bench(folderOf(t));
  for (let count = 0; count < 50; count++) bench.append();
  t.same(bench.board.durable.offset, 0, 'never at once');
  await bench.board.changed(bench.board.durable, 5_000);
  t.same(bench.read(), bench.lines, 'all fifty in one commit');
  await bench.journal.close();
});

t.test('letters of three bytes are counted as bytes', async (t) => {
  const bench = new Bench(folderOf(t));
  bench.journal.append(`${'€'.repeat(200_000)}\n`, 'id');
  await bench.journal.flushed();
  t.equal(bench.board.durable.offset, 600_001);
  t.equal(written(bench.folder).length, 200_001);
  await bench.journal.close();
});

t.test('files are for their owner alone', async (t) => {
  const folder = join(folderOf(t), 'deep/spool');
  const bench = new Bench(folder);
  await bench.append().journal.close();
  t.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

t.test('a full segment is closed, the state tells of the next, and what every callback is past goes', async (t) => {
  const bench = new Bench(folderOf(t), { segmentBytes: 4_000 });
  for (let segment = 1; segment <= 4; segment++) {
    for (let line = 0; line < 8; line++) bench.append();
    await bench.journal.flushed();
  }
  t.same(listSegments(bench.folder), [1, 2, 3, 4, 5]);
  t.same(bench.read(), bench.lines);
  const state = readState(bench.folder);
  t.match(state, { segment: 5, heads: { lastId: JSON.parse(bench.lines.at(-1) as string).id } });
  t.match(await verifySpool(bench.folder), { ok: true });
  bench.board.moveCursor(0, { segment: 4, offset: 0 });
  await until(() => listSegments(bench.folder).length === 2, 'the passed segments to go');
  t.same(listSegments(bench.folder), [4, 5]);
  await bench.journal.close();
});

t.test('a second journal goes on in a segment of its own, with all the first one left', async (t) => {
  const folder = folderOf(t);
  const first = new Bench(folder);
  await first.append().append().journal.close();
  const second = new Bench(folder);
  t.same(second.journal.heads.lastId, JSON.parse(first.lines.at(-1) as string).id);
  t.same(second.journal.heads.node, { seq: 1, hash: JSON.parse(first.lines.at(-1) as string).hash });
  t.same(second.journal.faults, []);
  t.same(second.board.durable, { segment: 2, offset: 0 });
  t.same(second.read(), first.lines);
  await second.journal.close();
});

t.test('at SPOOL_MAX_BYTES it accepts no more, until callbacks let segments go', async (t) => {
  const bench = new Bench(folderOf(t), { maxBytes: 64_000, segmentBytes: 8_000 });
  bench.board.moveCursor(0, bench.board.durable);
  await bench.fill();
  const held = written(bench.folder).length;
  t.ok(held >= 56_000 && held < 58_000, `${held}: an eighth is the reserve's`);
  t.notOk(bench.journal.accepts());
  await until(() => bench.levels.length === 2, 'the last word');
  t.equal(bench.ready, 0);
  bench.pass();
  await until(() => bench.ready > 0, 'room');
  t.ok(bench.journal.accepts());
  t.equal(bench.ready, 1, 'said once');
  t.same(bench.levels, ['filling: file', 'full: file'], 'and so is each level');
  t.same(bench.gaps, [], 'where all are behind nobody gives up');
  await bench.append().journal.close();
});

t.test('what waits for the disk is bounded, and there is room again once it is durable', async (t) => {
  const bench = new Bench(folderOf(t), { maxBytes: 8 * GIB });
  const line = `${'x'.repeat(1 << 20)}\n`;
  let appended = 0;
  for (; bench.journal.accepts(); appended++) bench.journal.append(line, 'id');
  t.equal(appended, 32);
  await until(() => bench.ready === 1, 'room');
  t.ok(bench.journal.accepts());
  await bench.journal.close();
});

/** A file system of 1 MiB in `folder`. */
function mountSmallDisk(folder: string): void {
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
}

const unmount = (folder: string): Buffer => execFileSync('umount', ['-l', folder]);

/** Why there can be no small disk; false where there can. */
function whyNoSmallDisk(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-'));
  try {
    mountSmallDisk(join(folder, 'small'));
    unmount(join(folder, 'small'));
    return false;
  } catch {
    return 'needs the right to mount a tmpfs';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SMALL_DISK = { skip: whyNoSmallDisk() };

function smallDisk(t: Test): string {
  const folder = join(folderOf(t), 'small');
  mountSmallDisk(folder);
  t.teardown(() => unmount(folder));
  return folder;
}

t.test('a full disk: lines wait, it is said, and once there is room all arrive, once, in order', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const bench = new Bench(folder);
  bench.append();
  await bench.journal.flushed();
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(900_000));
  for (let line = 0; line < 300; line++) bench.append(1_000);
  await until(() => bench.troubles.length >= 3, 'three tries');
  t.same(new Set(bench.troubles), new Set(['ENOSPC']), 'no word of success in between');
  t.notOk(bench.journal.accepts(), 'a full disk counts as SPOOL_MAX_BYTES');
  t.ok(listSegments(folder).length <= 3, `no empty files pile up (${listSegments(folder)})`);
  t.same(bench.read(), bench.lines.slice(0, 1), 'nothing is published that is not durable');
  bench.append();
  rmSync(ballast);
  await bench.journal.flushed();
  await until(() => bench.ready === 1, 'room again');
  t.ok(bench.journal.accepts());
  t.equal(bench.troubles.at(-1), undefined);
  t.equal(bench.troubles.filter((code) => code === undefined).length, 1, 'success is said once');
  t.same(bench.read(), bench.lines);
  t.match(await verifySpool(folder), { ok: true, doubles: 0 });
  await bench.journal.close();
  const next = new Bench(folder);
  t.same(next.journal.faults, []);
  t.equal(next.journal.heads.node.hash, JSON.parse(bench.lines.at(-1) as string).hash);
  await next.journal.close();
});

t.test('a disk that is full when a segment is to be closed: it is tried again, and both are said', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const bench = new Bench(folder, { segmentBytes: 100_000 });
  // To the last page but those that the next lines take: the write goes through, the state and the new segment do not.
  for (let line = 0; line < 90; line++) bench.append(1_000);
  await bench.journal.flushed();
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(700_000));
  for (let rest = 512; rest > 0; rest--) {
    try {
      writeFileSync(ballast, Buffer.alloc(4_096), { flag: 'a' });
    } catch {
      break;
    }
  }
  for (let line = 0; line < 30; line++) bench.append(1_000);
  await until(() => bench.troubles.length >= 2, 'two tries');
  rmSync(ballast);
  await bench.journal.flushed();
  await until(() => bench.troubles.at(-1) === undefined, 'the word of success');
  t.same(bench.read(), bench.lines);
  t.match(await verifySpool(folder), { ok: true });
  await bench.journal.close();
});

const TWO = [
  { name: 'file', required: false },
  { name: 'kafka', required: false },
];
const SMALL = { maxBytes: 64_000, segmentBytes: 8_000 };

t.test('the callback that is behind gives up its oldest segment, so that the other goes on: gap first, then place, then file', async (t) => {
  const bench = new Bench(folderOf(t), { ...SMALL, callbacks: TWO });
  bench.board.moveCursor(0, bench.board.durable);
  // Nobody moves this one: it is stuck.
  bench.board.moveCursor(1, { segment: 1, offset: Buffer.byteLength(`${bench.append().lines[0]}\n`) });
  const kept = bench.board.cursor(1);
  const first = bench.lines.length;
  for (let round = 0; round < 3; round++) {
    await bench.fill();
    bench.pass(0);
    await until(() => bench.journal.accepts(), 'room');
  }
  t.match(bench.gaps[0], { callback: 'kafka', from: JSON.parse(bench.lines[first] as string).id });
  t.same(new Set(bench.gaps.map(({ callback }) => callback)), new Set(['kafka']));
  const oldest = listSegments(bench.folder)[0] as number;
  t.ok(oldest > 1, 'files went');
  t.same(bench.board.floor(1), { segment: oldest, offset: 0 });
  t.same(bench.board.cursor(1), kept, 'and it was not asked');
  t.match(readCursor(bench.folder, 'kafka'), { segment: oldest, offset: 0 });
  const given = bench.gaps.reduce((sum, { records }) => sum + records, 0);
  t.equal(bench.read().length + given + first, bench.lines.length, 'what is not there was declared, to the record');
  const ids = bench.lines.map((line) => JSON.parse(line).id);
  for (const { from, to, records } of bench.gaps) t.equal(ids.indexOf(to) - ids.indexOf(from) + 1, records, 'first and last id and count fit');
  await bench.journal.close();
  t.match(await verifySpool(bench.folder), { ok: true });
});

t.test('a callback that is `required` never gives up: the spool stays full until it goes on', async (t) => {
  const callbacks = [
    { name: 'kafka', required: true },
    { name: 'file', required: false },
  ];
  const bench = new Bench(folderOf(t), { ...SMALL, callbacks });
  for (const index of [0, 1]) bench.board.moveCursor(index, bench.board.durable);
  await bench.fill();
  bench.pass(1);
  await until(() => bench.levels.length === 2, 'the last word');
  t.equal(bench.levels.at(-1), 'full: kafka');
  t.notOk(bench.journal.accepts());
  t.same(bench.gaps, []);
  t.equal(listSegments(bench.folder)[0], 1);
  bench.pass(0);
  await until(() => bench.ready > 0, 'room');
  await bench.journal.close();
});

t.test('the warning is said once on the way up, and again only after the spool has emptied', async (t) => {
  const bench = new Bench(folderOf(t), SMALL);
  bench.board.moveCursor(0, bench.board.durable);
  const fillTo = async (bytes: number): Promise<void> => {
    while (written(bench.folder).length < bytes) await bench.append(1_000).journal.flushed();
  };
  await fillTo(50_000);
  t.same(bench.levels, ['filling: file']);
  bench.board.moveCursor(0, { segment: 2, offset: 0 });
  await until(() => listSegments(bench.folder)[0] === 2, 'a segment to go');
  await fillTo(50_000);
  t.equal(bench.levels.length, 1);
  bench.pass();
  await until(() => listSegments(bench.folder).length <= 2, 'all to go');
  await fillTo(50_000);
  t.equal(bench.levels.length, 2);
  await bench.journal.close();
});

t.test('held, nothing goes and nobody gives up; the segments that are closed may be rewritten shorter', async (t) => {
  const bench = new Bench(folderOf(t), { ...SMALL, callbacks: TWO });
  for (const index of [0, 1]) bench.board.moveCursor(index, bench.board.durable);
  await bench.append().append().journal.flushed();
  bench.append();
  const { segment } = await bench.journal.hold();
  t.equal(segment, 2);
  t.same(bench.read(), bench.lines, 'all before it is durable');
  t.same(bench.board.durable, { segment: 2, offset: 0 });
  t.same(await bench.journal.hold(), { segment: 2 }, 'held once more it stays');
  await bench.fill();
  bench.pass(0);
  t.notOk(bench.journal.accepts());
  for (let turn = 0; turn < 3; turn++) await bench.append().journal.flushed();
  t.equal(listSegments(bench.folder)[0], 1);
  t.same(bench.gaps, []);
  bench.pass(1);
  for (const closed of listSegments(bench.folder).slice(0, -2)) truncateSync(segmentPath(bench.folder, closed), 100);
  bench.journal.release();
  t.ok(bench.journal.accepts(), 'there is room at once');
  await until(() => listSegments(bench.folder).length <= 2, 'the passed ones to go');
  await bench.journal.close();
});

t.test('a hold says where it cuts: what is appended from that moment on stands behind it', async (t) => {
  const bench = new Bench(folderOf(t));
  bench.append();
  let before = 0;
  const { segment } = await bench.journal.hold(() => {
    before = bench.lines.length;
    bench.append();
  });
  await bench.journal.flushed();
  t.equal(before, 1);
  t.equal(readFileSync(segmentPath(bench.folder, segment), 'utf8'), `${bench.lines[1]}\n`);
  await bench.journal.close();
});

t.test('a journal that begins held stays so until it is released', async (t) => {
  const bench = new Bench(folderOf(t), { segmentBytes: 2_000, held: true });
  for (let line = 0; line < 20; line++) await bench.append(500).journal.flushed();
  bench.pass();
  await bench.journal.close();
  t.equal(listSegments(bench.folder)[0], 1);
});

t.test('flushed waits for what was appended until then, not for what others append meanwhile', async (t) => {
  const bench = new Bench(folderOf(t), { fsync: 'always' });
  let open = true;
  const talk = (): void => {
    if (!open) return;
    bench.append();
    setImmediate(talk);
  };
  talk();
  for (let turn = 0; turn < 20; turn++) await bench.append().journal.flushed();
  open = false;
  await bench.journal.close();
  t.same(bench.read(), bench.lines);
});

const reserved = (folder: string): number => statSync(join(folder, 'reserve'), { throwIfNoEntry: false })?.size ?? 0;

/** Fills the disk of `folder` to its last page. */
function fillDisk(folder: string): string {
  const ballast = join(folder, 'ballast');
  for (let bytes = 1 << 19; bytes >= 4_096; ) {
    try {
      writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      bytes /= 2;
    }
  }
  return ballast;
}

t.test('on a full disk the reserve takes what must be said; with room it is filled again, and the journal accepts', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const bench = new Bench(folder);
  await bench.append().journal.flushed();
  await until(() => reserved(folder) > 100_000, 'the reserve to be filled');
  const ballast = fillDisk(folder);
  for (let line = 0; line < 10; line++) bench.append(4_000);
  await bench.journal.flushed();
  t.equal(reserved(folder), 0, 'it was given back');
  t.same(bench.read(), bench.lines, 'and everything is durable');
  t.same(bench.troubles, ['ENOSPC'], 'which is said, and that all is well is not');
  t.notOk(bench.journal.accepts());
  await bench.append().journal.flushed();
  t.notOk(bench.journal.accepts(), 'what must be said is written all the same');
  rmSync(ballast);
  await until(() => bench.ready === 1, 'room');
  t.ok(bench.journal.accepts());
  t.same(bench.troubles, ['ENOSPC', undefined]);
  t.ok(reserved(folder) > 100_000);
  await bench.journal.close();
  t.match(await verifySpool(folder), { ok: true });
});

t.test('on a full disk too the callback that is behind gives up', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const bench = new Bench(folder, { callbacks: TWO, segmentBytes: 100_000 });
  for (const index of [0, 1]) bench.board.moveCursor(index, bench.board.durable);
  await until(() => reserved(folder) > 100_000, 'the reserve to be filled');
  await bench.fill();
  bench.pass(0);
  await until(() => bench.journal.accepts(), 'room');
  t.match(bench.gaps[0], { callback: 'kafka' });
  t.ok((listSegments(folder)[0] as number) > 1);
  await bench.journal.close();
  t.match(await verifySpool(folder), { ok: true });
});

t.test('a start on a full disk lives on the reserve', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const first = new Bench(folder);
  await first.append().journal.flushed();
  await until(() => reserved(folder) > 100_000, 'the reserve to be filled');
  await first.journal.close();
  const ballast = fillDisk(folder);
  const bench = new Bench(folder);
  t.notOk(bench.journal.accepts());
  await until(() => bench.troubles.length === 1, 'a word of it');
  rmSync(ballast);
  await until(() => bench.ready === 1, 'room');
  t.same(bench.troubles, ['ENOSPC', undefined]);
  await bench.journal.close();
});

t.test('a state that the full disk has no room for holds up no line: the gap that makes room may be among them', SMALL_DISK, async (t) => {
  const folder = smallDisk(t);
  const bench = new Bench(folder);
  await bench.append().journal.flushed();
  await until(() => reserved(folder) > 100_000, 'the reserve to be filled');
  for (let session = 0; session < 2_000; session++) {
    bench.journal.heads.sessions.set(`${session}`.padStart(36, '0'), { seq: 1, hash: '0'.repeat(64), listener: 'main', protocol: 'telnet' });
  }
  const ballast = fillDisk(folder);
  for (let line = 0; line < 10; line++) bench.append(4_000);
  await bench.journal.flushed();
  await until(() => bench.troubles.length > 3, 'the state to fail');
  await bench.append(30_000).journal.flushed();
  t.same(bench.read(), bench.lines);
  rmSync(ballast);
  await until(() => bench.troubles.at(-1) === undefined, 'all to be well');
  t.ok((readState(folder)?.segment ?? 0) > 1, 'and the state is written');
  await bench.journal.close();
});
