import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Board, boardMemory } from '../../src/spool/board.js';
import { Journal, type JournalOptions } from '../../src/spool/journal.js';
import { JournalReader } from '../../src/spool/reader.js';
import { listSegments } from '../../src/spool/segments.js';
import { readState } from '../../src/spool/state.js';
import { verifySpool } from '../../src/view/verify.js';
import { Sealer } from '../evidence.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const GIB = 1 << 30;

/** A journal, its board of one callback, and what it says. */
class Bench {
  readonly folder: string;
  readonly board = new Board(boardMemory(1));
  readonly journal: Journal;
  readonly troubles: (string | undefined)[] = [];
  ready = 0;
  readonly #sealer = new Sealer();
  /** All lines appended. */
  readonly lines: string[] = [];

  constructor(folder: string, more: Partial<JournalOptions> = {}) {
    this.folder = folder;
    this.journal = new Journal({
      ...{ folder, board: this.board, fsync: 'batch', maxBytes: GIB },
      onTrouble: (code) => void this.troubles.push(code),
      onReady: () => void this.ready++,
      ...more,
    });
  }

  /** Appends one sealed line of the node; its text is so long. */
  append(length = 10): this {
    const line = this.#sealer.seal({ topic: 'audit.fault', body: { data: { code: 'x'.repeat(length), stage: 'test', count: 1 } } });
    this.lines.push(line);
    this.journal.append(`${line}\n`, JSON.parse(line).id);
    return this;
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
  pass(): void {
    this.board.moveCursor(0, this.board.durable);
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
  while (bench.journal.accepts()) bench.append(1_000);
  await bench.journal.flushed();
  const held = written(bench.folder).length;
  t.ok(held >= 64_000 && held < 66_000, `${held}`);
  t.notOk(bench.journal.accepts());
  t.equal(bench.ready, 0);
  bench.pass();
  await until(() => bench.ready > 0, 'room');
  t.ok(bench.journal.accepts());
  t.equal(bench.ready, 1, 'said once');
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
  t.ok(listSegments(folder).length <= 3, `no empty files pile up (${listSegments(folder)})`);
  t.same(bench.read(), bench.lines.slice(0, 1), 'nothing is published that is not durable');
  t.ok(bench.journal.accepts(), 'a little may wait in memory');
  bench.append();
  rmSync(ballast);
  await bench.journal.flushed();
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
  t.equal(bench.troubles.at(-1), undefined);
  t.same(bench.read(), bench.lines);
  t.match(await verifySpool(folder), { ok: true });
  await bench.journal.close();
});
