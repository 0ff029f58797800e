/**
 * The thread of one callback. Receives its settings and the shared memory, runs `deliver`, tells the parent what happens; src/spool/delivery/workers.ts is the
 * other side, and ends the thread when it has said that it is done or failed. Whatever the callback does to its thread (loop, throw, exit), it does to this thread alone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CallbackContext } from './contract.js';
import { AuditError, nameOf } from './errors.js';
import { Board } from './spool/board.js';
import { deliver } from './spool/delivery/delivery.js';
import type { Declare } from './spool/delivery/giver.js';
import { ownOutput } from './spool/delivery/output.js';
import { Watch } from './spool/delivery/watch.js';
import type { FromThread, ThreadData, ToThread } from './spool/delivery/workers.js';
import { beNice } from './spool/nice.js';

const { folder, memory, watch, index, settings, node, configFolder, care } = workerData as ThreadData;
const stop = new AbortController();
const abort = new AbortController();

const tell = (message: FromThread) => parentPort?.postMessage(message);

/** Facts that the parent has not answered for yet, by number: one at a time, for delivery waits. */
const asked = new Map<number, (durable: boolean) => void>();
let asks = 0;
const declare: Declare = (fact) => {
  const number = ++asks;
  tell({ type: 'declare', number, fact });
  return new Promise((resolve) => asked.set(number, resolve));
};

parentPort?.on('message', (message: ToThread) => {
  if (typeof message === 'object') {
    asked.get(message.declared)?.(message.durable);
    asked.delete(message.declared);
    return;
  }
  stop.abort();
  if (message === 'abort') abort.abort();
});

ownOutput();

const context: CallbackContext = {
  name: settings.name,
  node,
  folder: configFolder,
  log: {
    info: (message) => tell({ type: 'log', level: 'info', message }),
    warn: (message) => tell({ type: 'log', level: 'warn', message }),
  },
  signal: abort.signal,
};

try {
  await deliver({
    folder,
    board: new Board(memory),
    index,
    settings,
    context,
    watch: new Watch(watch),
    ...(care && { care }),
    declare,
    stop: stop.signal,
    onReady: () => {
      tell({ type: 'ready' });
      // Not before: at nice 19 beside a busy game, loading took half a minute, and the start waits for it.
      if (!settings.required) beNice();
    },
    onFault: (fault) => tell({ type: 'fault', fault }),
    onError: (name) => tell({ type: 'error', name }),
  });
  tell({ type: 'done' });
} catch (error) {
  const [code, message] = error instanceof AuditError ? [error.code, error.message] : (['AUDIT_INTERNAL', nameOf(error)] as const);
  tell({ type: 'failed', code, message });
}
