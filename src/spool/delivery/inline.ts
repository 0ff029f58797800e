/** A callback without a thread of its own (`threads: 0`): it runs in this one, which nothing guards then. For tests, and where one process is all there is. */
import { AuditError, nameOf } from '../../errors.js';
import { Board } from '../board.js';
import { pause } from '../retry.js';
import { deliver } from './delivery.js';
import { Figures } from './figures.js';
import { ABORT_MS, contextOf, later, type RunningCallback, type WorkerOptions } from './running.js';
import { Watch } from './watch.js';

/** Starts it. Throws nothing: what fails is told by `ready`, and later by `onFault`. */
export function startInline(options: WorkerOptions): RunningCallback {
  const { settings, memory } = options;
  const stop = new AbortController();
  const abort = new AbortController();
  const ready = later();
  const watch = new Watch();
  const figures = new Figures(options, watch);
  const context = contextOf(options, abort.signal);
  let state: 'loading' | 'ended' | undefined = 'loading';
  let lastError: string | null = null;
  const onReady = () => {
    state = undefined;
    ready.resolve();
  };
  const onError = (name: string) => {
    lastError = name;
  };
  const delivery = deliver({ ...options, board: new Board(memory), context, watch, stop: stop.signal, onReady, onError });
  const ended = delivery.catch((error: unknown) => failed(error)).finally(over);

  function failed(error: unknown): void {
    const failure = error instanceof AuditError ? error : new AuditError('AUDIT_INTERNAL', nameOf(error));
    ready.reject(failure);
    lastError = failure.code;
    if (state === 'loading') return;
    options.log.warn(`${failure.code}: ${failure.message}`);
    options.onFault({ callback: settings.name, code: failure.code, count: 1 });
  }

  function over(): void {
    state = 'ended';
    figures.end();
  }

  return {
    name: settings.name,
    ready: ready.promise,
    ended,
    async stop(deadlineMs) {
      stop.abort();
      const done = new AbortController();
      void ended.then(() => done.abort());
      await pause(deadlineMs, done.signal);
      abort.abort();
      await pause(ABORT_MS, done.signal);
    },
    stats: () => figures.stats({ state, restarts: 0, lastError }),
  };
}
