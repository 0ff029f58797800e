/** What the ways to a collector have in common: messages in, nothing out, for syslog has no answer. */
import type { Message } from './message.js';

/** Messages of one `write`. */
export interface Batch {
  /** The same when delivery gives the same records again: a batch that is still under way is not sent twice. */
  readonly key: object;
  readonly messages: readonly Message[];
}

export interface Sender {
  /** Gives the bytes that a message may have here, at most. Rejects where that takes a socket and there is none. */
  limit(): Promise<number>;
  /** Resolves once the kernel has taken all of it. Rejects where it may not have: the batch is to be given again. */
  send(batch: Batch): Promise<void>;
  /** Never rejects; may be called again. */
  close(): Promise<void>;
}

/** How long `write` may take, in milliseconds: delivery ends a callback that has not answered for 30 s, and what it knew is forgotten. */
export const ANSWER_MS = 20_000;

/** An error whose code says all: `ETIMEDOUT` ... */
export const fault = (code: string): Error => Object.assign(new Error(`syslog: ${code}`), { code });

/** Waits so many milliseconds; rejects with ECANCELED when `signal` is aborted before. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(fault('ECANCELED'));
    const stop = () => {
      clearTimeout(timer);
      reject(fault('ECANCELED'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** What `work` gives; ETIMEDOUT after `ms`, ECANCELED when `signal` is aborted, and `work` goes on unheard. */
export function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    const stop = () => {
      done();
      reject(fault('ECANCELED'));
    };
    const timer = setTimeout(() => {
      done();
      reject(fault('ETIMEDOUT'));
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.finally(done).then(resolve, reject);
  });
}
