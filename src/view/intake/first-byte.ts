/** Which kind of guest a connection brings: looks at its first byte and leaves it where it is. */
import type { Socket } from 'node:net';

/** Calls `done` with the first byte that comes, which stays to be read. A socket that gives none within the time, in milliseconds, is ended. */
export function firstByte(socket: Socket, timeoutMs: number, done: (byte: number) => void): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.on('error', () => undefined);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.end());
  socket.once('data', (chunk: Buffer) => {
    clearTimeout(timer);
    socket.pause();
    socket.unshift(chunk);
    done(chunk[0] ?? 0);
    socket.resume();
  });
}
