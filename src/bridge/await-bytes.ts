/** Waits for the first bytes of a socket that is paused, and leaves it paused again. For the steps before a session, never within one. */
import type { Conduit } from './end.js';

/**
 * Gives each chunk that comes to `take`, and undefined at the socket's end, until it gives something else than undefined, or throws. What `take` has not
 * used it puts back itself (`unshift`): the socket is paused again once this has resolved. Rejects where the connection breaks, or nobody waits any more.
 */
export function awaitBytes<T>(socket: Conduit, signal: AbortSignal, take: (chunk: Buffer | undefined) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      socket.pause();
      socket.off('data', onChunk).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      signal.removeEventListener('abort', onBroken);
    };
    const onBroken = (error?: unknown): void => {
      finish();
      reject(error instanceof Error ? error : new Error('gone'));
    };
    const onChunk = (chunk?: Buffer): void => {
      try {
        const made = take(chunk);
        if (made === undefined) return;
        finish();
        resolve(made);
      } catch (error) {
        onBroken(error);
      }
    };
    const onEnd = (): void => onChunk();
    if (socket.destroyed || signal.aborted) return onBroken();
    socket.on('data', onChunk).on('end', onEnd).on('error', onBroken).on('close', onBroken);
    signal.addEventListener('abort', onBroken);
    if (socket.readableEnded) onEnd();
    else socket.resume();
  });
}
