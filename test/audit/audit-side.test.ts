import { once } from 'node:events';
import t, { type Test } from 'tap';
import { inlineSide, type SideEvents, ThreadSide } from '../../src/audit/audit-side.js';
import type { AuditorData } from '../../src/audit/auditor-data.js';
import { Board, boardMemory } from '../../src/spool/board.js';
import { listSegments } from '../../src/spool/segments.js';
import { folderOf } from '../harness.js';
import { until } from '../wait.js';

const LOG = { info: () => undefined, warn: () => undefined };

/** What a side over a spool of its own needs; how often its thread was started again. */
function given(t: Test) {
  const folder = folderOf(t);
  const data: AuditorData = {
    origin: { hostname: 'north', application: 'wirescribe', version: '0.1.0', pid: 7, node: 'north' },
    listeners: [],
    spool: { folder, maxBytes: 1 << 30, fsync: 'batch' },
    board: boardMemory(1),
    callbacks: [{ name: 'file', required: false }],
    alive: [],
  };
  const seen = { restarts: 0 };
  const events: SideEvents = {
    returned: () => undefined,
    trouble: () => undefined,
    warn: () => undefined,
    restarted: () => void seen.restarts++,
    alive: () => [],
  };
  const board = new Board(data.board);
  return { folder, data, events, seen, board, pass: () => board.moveCursor(0, board.durable) };
}

t.test('held, closed segments stay though every callback is past them; released, they go', async (t) => {
  const { folder, data, events, pass } = given(t);
  const side = await ThreadSide.start(data, events, LOG);
  await side.declare({ topic: 'audit.start' });
  const segment = await side.hold();
  t.equal(segment, 2);
  await side.declare({ topic: 'audit.start' });
  pass();
  t.same(listSegments(folder), [1, 2]);
  await side.release();
  await until(() => listSegments(folder)[0] === 2, 'the first to go');
  await side.close(5_000);
});

t.test('an audit thread that is started again comes up held', async (t) => {
  const { folder, data, events, seen, pass } = given(t);
  const side = await ThreadSide.start(data, events, LOG);
  await side.declare({ topic: 'audit.start' });
  t.equal(await side.hold(), 2);
  await side.thread?.terminate();
  await until(() => seen.restarts === 1, 'a new thread');
  await side.declare({ topic: 'audit.start' });
  pass();
  await side.close(5_000);
  t.equal(listSegments(folder)[0], 1, 'a close that is not held takes what is passed with it');
});

t.test('a hold that was asked of a thread that ended is kept by the next; one that the close finds is refused', async (t) => {
  const { data, events } = given(t);
  const side = await ThreadSide.start(data, events, LOG);
  await side.declare({ topic: 'audit.start' });
  const thread = side.thread as NonNullable<typeof side.thread>;
  const ended = once(thread, 'exit');
  void thread.terminate();
  const held = side.hold();
  await ended;
  t.ok((await held) > 1);
  const closing = side.close(5_000);
  await t.rejects(side.hold(), { code: 'AUDIT_SPOOL' });
  await closing;
});

t.test('inline it is the same', async (t) => {
  const { folder, data, events, pass } = given(t);
  const side = await inlineSide(data, events);
  await side.declare({ topic: 'audit.start' });
  t.equal(await side.hold(), 2);
  await side.declare({ topic: 'audit.start' });
  pass();
  await side.release();
  t.same(listSegments(folder), [2]);
  await side.close(5_000);
  await t.rejects(side.hold(), { code: 'AUDIT_SPOOL' });
});
