/** A callback at work, as the parent's side has it: what it is started with, and what can be asked of it. In a thread (workers.ts) or without (inline.ts). */
import type { CallbackContext, Log } from '../../contract.js';
import type { Position } from '../board.js';
import type { Declare } from './giver.js';
import type { CallbackSettings } from './load.js';
import type { DeliveryFault } from './place.js';

export interface WorkerOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** The board's memory, and which of its cursors is this callback's. */
  readonly memory: SharedArrayBuffer;
  readonly index: number;
  readonly settings: CallbackSettings;
  /** NODE, and the folder that relative paths in options start at. */
  readonly node: string;
  readonly configFolder: string;
  readonly log: Log;
  /** Told of everything that belongs in an audit.fault. */
  readonly onFault: (fault: DeliveryFault) => void;
  /** Writes a record of the node; true once it is durable, false where that cannot be any more: then the cursor must not move over it. */
  readonly declare?: Declare;
  /** A callback that has not answered for so long is ended and started anew; `loadMs` while it loads, which on a busy machine takes longer. */
  readonly stuckMs?: number;
  readonly loadMs?: number;
}

/**
 * `loading`: for the first time or again. `running`: records are there for it. `waiting`: it has all there is. `retrying`: its last write threw.
 * `stuck`: it has not answered for a third of the time after which it is ended. `restarting`: its thread ended, and the next waits. `ended`: it is stopped.
 */
export type CallbackState = 'loading' | 'running' | 'waiting' | 'retrying' | 'stuck' | 'restarting' | 'ended';

export interface DeliveryStats {
  readonly state: CallbackState;
  /** Where a restart begins. */
  readonly cursor: Position;
  /** Records that the callback is past since it exists; 0 until it is ready. */
  readonly records: number;
  /** Writes that threw, and threads started again, since this start. */
  readonly failures: number;
  readonly restarts: number;
  /** Writes in a row that threw, until now. */
  readonly retries: number;
  /** Records put to its dead letters since this start. */
  readonly deadLetters: number;
  /** Bytes of the journal that it has not taken. */
  readonly lagBytes: number;
  /** Records a second, over the last 10 s. */
  readonly rate: number;
  /** Seconds since the oldest record that it has not taken; 0: there is none; null: it cannot be read. */
  readonly ageS: number | null;
  /** Name of the last error since this start. */
  readonly lastError: string | null;
}

/** A callback at work. */
export interface RunningCallback {
  readonly name: string;
  /** The callback is loaded. Rejects with AUDIT_CALLBACK_LOAD or AUDIT_CALLBACK_FAILED where the first load fails; then nothing runs. */
  readonly ready: Promise<void>;
  /** Everything is delivered (the board was closed), or `stop` has ended it. Never rejects. */
  readonly ended: Promise<void>;
  /**
   * Finishes the batch under way, closes the callback, leaves the rest to the next start. After `deadlineMs` the callback's signal is aborted, and
   * shortly after that its thread is ended. Resolves when nothing of it runs any more.
   */
  stop(deadlineMs: number): Promise<void>;
  /** Made when asked; reads one line's beginning, at the cursor. */
  stats(): DeliveryStats;
}

/** How long an aborted callback may take to let go. */
export const ABORT_MS = 250;

export interface Later {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A promise to be settled from outside (Promise.withResolvers is newer than Node 20). Its first settling counts. */
export function later(): Later {
  let settle: Omit<Later, 'promise'> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

export const contextOf = ({ settings, node, configFolder, log }: WorkerOptions, signal: AbortSignal): CallbackContext => {
  return { name: settings.name, node, folder: configFolder, log, signal };
};
