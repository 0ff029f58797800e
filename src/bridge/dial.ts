/** Connects to the server behind a listener. Receives an address and a time limit, gives a connected socket or the reason why not. */
import { connect } from 'node:net';
import { nameOf } from '../errors.js';
import type { Address } from './address.js';
import { type End, readIntoRoom } from './end.js';

/** Why there is no server: the record's `reason`. */
export type DialFailure = 'upstream-refused' | 'upstream-timeout' | 'upstream-missing' | 'upstream-failed';

const REASONS: { readonly [code: string]: DialFailure } = {
  ECONNREFUSED: 'upstream-refused',
  ETIMEDOUT: 'upstream-timeout',
  ENOENT: 'upstream-missing',
  ENOTFOUND: 'upstream-missing',
  EAI_AGAIN: 'upstream-missing',
};

export type Dialled = { readonly end: End } | { readonly failure: DialFailure };

/**
 * Calls `done` once, never before it has returned. The socket is paused; it has no listeners of ours left.
 *
 * @returns gives up: `done` is not called any more
 */
export function dial(address: Address, timeoutMs: number, done: (dialled: Dialled) => void): () => void {
  const where = address.scheme === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const { onread, source } = readIntoRoom();
  const socket = connect({ ...where, allowHalfOpen: true, noDelay: true, keepAlive: true, onread });
  const timer = setTimeout(() => fail('upstream-timeout'), timeoutMs);
  const abandon = (): void => {
    settle();
    socket.on('error', () => undefined);
    socket.destroy();
  };
  const fail = (failure: DialFailure): void => {
    abandon();
    done({ failure });
  };
  const onError = (error: unknown): void => fail(REASONS[nameOf(error)] ?? 'upstream-failed');
  const onConnect = (): void => {
    settle();
    socket.pause();
    done({ end: { socket, source } });
  };
  const settle = (): void => {
    clearTimeout(timer);
    socket.off('error', onError);
    socket.off('connect', onConnect);
  };
  socket.on('error', onError);
  socket.on('connect', onConnect);
  return abandon;
}
