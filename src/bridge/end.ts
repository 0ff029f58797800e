/**
 * One end of a session: a socket, and where its bytes arrive. All sockets of a process read into one room, and what came is copied out at once: Node's own
 * way takes 64 KiB anew for each read, which is a quarter of what a plain pipe costs (`npm run bench`, audit off).
 */
import { type OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SessionEnd, TerminalFact } from '../contract.js';

export interface End {
  readonly socket: Conduit;
  readonly source: Source;
  /** What came before the session began and belongs to it; passed on first. */
  readonly prefix?: Buffer;
}

/** What carries a side's bytes: a socket, or what speaks like one (TLS, the messages of a WebSocket, a pty). */
export type Conduit = Duplex & {
  /** Ends it as a reset connection; absent where there is no such thing. */
  resetAndDestroy?(): unknown;
  /**
   * Ends it with a reason that people can read, in the way of its protocol: what is under way is still sent. Absent: the line is written as text.
   *
   * @param closeCode of a WebSocket (RFC 6455 7.4.1)
   */
  farewell?(line: string, closeCode: number): void;
  /** Of a program in a pty, once it has ended, as SessionEnd has it. */
  readonly exit?: SessionEnd['exit'];
  /** Of a program in a pty: from here on `told` gets what its terminal is set to, each time before the bytes that it matters for. */
  watchTerminal?(told: (fact: TerminalFact) => void): void;
};

export interface Source {
  /** Gets each chunk; it is the receiver's to keep. Called only while the socket is not paused. */
  take: (chunk: Buffer) => void;
}

/** Linux gives no read more than the socket's buffer holds; larger rooms make no fewer reads. */
const ROOM = Buffer.alloc(65_536);

/** Options for a socket's reading, and where its bytes will arrive. */
export function readIntoRoom(): { readonly onread: OnReadOpts; readonly source: Source } {
  const source: Source = { take: () => undefined };
  const callback = (count: number): boolean => {
    const chunk = Buffer.allocUnsafe(count);
    ROOM.copy(chunk, 0, 0, count);
    source.take(chunk);
    return true;
  };
  return { onread: { buffer: ROOM, callback }, source };
}

type Handled = { _handle?: object | null };

/**
 * The end of a connection that a server accepted, paused and not read from yet. `net.Server` has no `onread`, so the connection moves to a socket of our
 * own, by the handle that both have (undocumented, the same in Node 20 to 24); where there is none, the bytes come as events.
 */
export function endOfAccepted(accepted: Socket): End & { readonly socket: Socket } {
  const handle = (accepted as Handled)._handle;
  if (!handle) return { ...endOfEvents(accepted), socket: accepted };
  const { onread, source } = readIntoRoom();
  (accepted as Handled)._handle = null;
  accepted.destroy();
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0]);
  socket.pause();
  return { socket, source };
}

/** An end whose bytes come as `data` events. */
export function endOfEvents(socket: Conduit): End {
  const source: Source = { take: () => undefined };
  socket.on('data', (chunk: Buffer) => source.take(chunk));
  socket.pause();
  return { socket, source };
}
