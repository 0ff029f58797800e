/**
 * The thread of one callback. Receives its settings and the shared memory, runs `deliver`, tells the parent what happens; src/spool/workers.ts is the
 * other side, and ends the thread when it has said that it is done or failed. Whatever the callback does to its thread (loop, throw, exit), it does to this thread alone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CallbackContext } from './contract.js';
import { AuditError, nameOf } from './errors.js';
import { Board } from './spool/board.js';
import { deliver } from './spool/delivery.js';
import { beNice } from './spool/nice.js';
import { ownOutput } from './spool/output.js';
import type { FromThread, ThreadData, ToThread } from './spool/workers.js';

const { folder, memory, watch, index, settings, node, configFolder } = workerData as ThreadData;
const stop = new AbortController();
const abort = new AbortController();

const tell = (message: FromThread) => parentPort?.postMessage(message);

parentPort?.on('message', (message: ToThread) => {
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
    watch,
    stop: stop.signal,
    onReady: () => {
      tell({ type: 'ready' });
      // Not before: at nice 19 beside a busy game, loading took half a minute, and the start waits for it.
      if (!settings.required) beNice();
    },
    onFault: (fault) => tell({ type: 'fault', fault }),
  });
  tell({ type: 'done' });
} catch (error) {
  const [code, message] = error instanceof AuditError ? [error.code, error.message] : (['AUDIT_INTERNAL', nameOf(error)] as const);
  tell({ type: 'failed', code, message });
}
