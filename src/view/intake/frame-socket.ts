/** Frames out of a socket, for either end of an intake. */
import type { Socket } from 'node:net';
import { FrameReader } from './frames.js';

/**
 * Reads frames until the socket closes. One that is longer than `most` bytes ends it, for nothing behind it can be read; what else fails, its `close` tells.
 * @param visit gets each frame; its bytes are borrowed until it returns
 */
export function readFrames(socket: Socket, visit: (kind: number, bytes: Buffer) => void, most?: number): void {
  const reader = new FrameReader(visit, most);
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => undefined);
}
