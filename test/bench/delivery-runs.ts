/** One measured run each: lines into a journal, and a journal to one callback by its worker thread, as in the real program. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Board, boardMemory, type Position } from '../../src/spool/board.js';
import type { CallbackSettings } from '../../src/spool/delivery/load.js';
import { startWorker } from '../../src/spool/delivery/workers.js';
import { Journal } from '../../src/spool/journal.js';
import { ROOT } from '../peers/peer.js';
import type { Sealed } from './lines.js';

/** More than any run writes: the bench is not about a full spool. */
const MAX_BYTES = 64 * 2 ** 30;
/** Lines between two looks at the event loop: what one slab of the I/O thread brings. */
const AT_ONCE = 200;

/** A closed journal on disk. */
export interface Written {
  readonly folder: string;
  readonly durable: Position;
  readonly records: number;
}

export interface WriteRun extends Written {
  readonly seconds: number;
}

/** Writes the lines into a new journal in `folder` with group commit; the clock stops when the last is durable. */
export async function writeJournal(folder: string, lines: readonly Sealed[]): Promise<WriteRun> {
  // A callback that takes nothing: with none, closed segments would go at once.
  const board = new Board(boardMemory(1));
  let ready: (() => void) | undefined;
  const onTrouble = (code: string | undefined): void => {
    if (code !== undefined) throw new Error(`the disk said ${code}`);
  };
  const journal = new Journal({
    ...{ folder, board, fsync: 'batch', maxBytes: MAX_BYTES, onTrouble, onReady: () => ready?.() },
    ...{ callbacks: [{ name: 'later', required: true }], declare: async () => undefined, onLevel: () => undefined },
  });
  const start = performance.now();
  for (let at = 0; at < lines.length; at += AT_ONCE) {
    while (!journal.accepts()) {
      await new Promise<void>((resolve) => {
        ready = resolve;
      });
    }
    for (const { line, id } of lines.slice(at, at + AT_ONCE)) journal.append(line, id);
    await turn();
  }
  await journal.flushed();
  const seconds = (performance.now() - start) / 1000;
  const { durable } = board;
  await journal.close();
  return { folder, durable, records: lines.length, seconds };
}

export interface DeliverRun {
  readonly seconds: number;
  /** Writes that threw, and were tried again. */
  readonly failures: number;
}

/** What a journal is delivered to. */
export interface Receiver {
  /** A callback of ours, and its options. */
  readonly use: string;
  readonly options: { readonly [name: string]: unknown };
  /** Of its cursor: one that was used goes on where it stood. */
  readonly name: string;
  /** Waits for a peer that does not say when it has all. */
  readonly arrived: () => Promise<void> | undefined;
}

/**
 * Delivers a whole journal to one callback; the clock runs from when it is loaded until it has all and is closed. As by default it is not `required`:
 * its thread runs at nice 19. Whether all came is the receiver's to tell: a cursor may trail.
 */
export async function deliverJournal({ folder, durable }: Written, { use, options, name, arrived }: Receiver): Promise<DeliverRun> {
  const memory = boardMemory(1);
  const board = new Board(memory);
  board.publish(durable);
  board.close();
  mkdirSync(join(folder, 'cursors'), { recursive: true });
  const settings: CallbackSettings = {
    ...{ name, use, module: join(ROOT, 'dist/callbacks', `${use}.js`), options, topics: null, required: false },
    ...{ batchRecords: 1_000, batchBytes: 1 << 20, batchMs: 0, fields: null },
    start: 'oldest',
    format: 'record',
  };
  const log = { info: () => undefined, warn: () => undefined };
  const worker = startWorker({ folder, memory, index: 0, settings, node: 'bench', configFolder: folder, log, onFault: () => undefined });
  await worker.ready;
  const start = performance.now();
  await worker.ended;
  await arrived();
  const seconds = (performance.now() - start) / 1000;
  const { failures, restarts } = worker.stats();
  return { seconds, failures: failures + restarts };
}
