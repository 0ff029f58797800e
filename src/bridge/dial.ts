/** Connects to the server behind a listener. Receives an address and a time limit, gives a connected socket or the reason why not. */
import { connect } from 'node:net';
import type { SessionOpen } from '../contract.js';
import { nameOf } from '../errors.js';
import { placeOf, type SocketAddress } from './address.js';
import { endOf } from './arrive.js';
import { type Conduit, type End, readIntoRoom } from './end.js';
import { noticeGone } from './keepalive.js';
import { readUrgentInLine } from './urgent.js';

/** Why there is no server: the record's `reason`. */
export type DialFailure = 'upstream-refused' | 'upstream-timeout' | 'upstream-missing' | 'upstream-failed' | 'upstream-untrusted';

const REASONS: { readonly [code: string]: DialFailure } = {
  ECONNREFUSED: 'upstream-refused',
  ETIMEDOUT: 'upstream-timeout',
  ENOENT: 'upstream-missing',
  ENOTFOUND: 'upstream-missing',
  EAI_AGAIN: 'upstream-missing',
};

/** What is known of a server that was reached, and belongs in the session's records. */
export type ServerFacts = Pick<SessionOpen, 'process'>;

export type Dialled = { readonly end: End; readonly facts: ServerFacts } | { readonly failure: DialFailure };

export interface DialOptions {
  readonly timeoutMs: number;
  /** Called once, never before `dial` has returned. Of a plain address the socket is paused, and has no listeners of ours left. */
  readonly done: (dialled: Dialled) => void;
  /** What is to be done between connecting and the session, in order (a PROXY header, TLS, the upgrade of a WebSocket). */
  readonly steps: readonly ServerStep[];
}

/** As a Step of arrive.ts, towards the server. Throws a DialError to say why there is no session. */
export type ServerStep = (socket: Conduit, signal: AbortSignal) => Promise<Conduit>;

/** Says why a server that answered is none. */
export class DialError extends Error {
  readonly failure: DialFailure;

  constructor(failure: DialFailure) {
    super(failure);
    this.failure = failure;
  }
}

/** Connects. @returns gives up: `done` is not called any more */
export function dial(address: SocketAddress, { timeoutMs, done, steps }: DialOptions): () => void {
  const { onread, source } = readIntoRoom();
  const plain = steps.length === 0;
  const over = new AbortController();
  const socket = connect({ ...placeOf(address), allowHalfOpen: true, noDelay: true, keepAlive: true, ...(plain ? { onread } : {}) });
  const timer = setTimeout(() => fail('upstream-timeout'), timeoutMs);
  const abandon = (): void => {
    settle();
    over.abort();
    socket.on('error', () => undefined);
    socket.destroy();
  };
  const fail = (failure: DialFailure): void => {
    if (over.signal.aborted) return;
    abandon();
    done({ failure });
  };
  const onError = (error: unknown): void => fail(REASONS[nameOf(error)] ?? 'upstream-failed');
  const onConnect = (): void => {
    socket.pause();
    if (address.scheme !== 'unix') {
      readUrgentInLine(socket);
      noticeGone(socket);
    }
    if (!plain) return void walk();
    settle();
    done({ end: { socket, source }, facts: {} });
  };
  const settle = (): void => {
    clearTimeout(timer);
    socket.off('error', onError);
    socket.off('connect', onConnect);
  };
  socket.on('error', onError);
  socket.on('connect', onConnect);
  return abandon;

  async function walk(): Promise<void> {
    try {
      let conduit: Conduit = socket;
      for (const step of steps) conduit = await step(conduit, over.signal);
      if (over.signal.aborted) return;
      settle();
      over.abort();
      done({ end: endOf(conduit), facts: {} });
    } catch (error) {
      fail(error instanceof DialError ? error.failure : (REASONS[nameOf(error)] ?? 'upstream-failed'));
    }
  }
}
