/**
 * A WebSocket as one side of a session: receives an open `ws` and how its messages are to be translated, gives a duplex stream. Its readable side are the
 * bytes for the session's other side, its writable side takes what that side said. At most HIGH_WATER bytes wait in each direction, and one message.
 *
 * A WebSocket has no half-close: ending the writable side flushes, sends a close frame and thereby ends the other direction too.
 */
import { Duplex } from 'node:stream';
import type WebSocket from 'ws';
import type { Conduit } from '../end.js';
import { watchPulse } from './pulse.js';
import type { Translation } from './subprotocols.js';

/** Bytes that wait in a direction before the side they come from is paused: as many as a socket's own buffer holds. */
const HIGH_WATER = 65_536;
/** How long a connection that we have broken off may take to hear why, in milliseconds. */
const GOODBYE_MS = 1_000;

/** Close codes (RFC 6455 7.4.1). */
const NORMAL = 1000;
const SERVER_ERROR = 1011;

/** Bytes of a close frame's reason (RFC 6455 5.5: 125 with its code). */
const MAX_REASON = 123;

export interface ConduitOptions extends Translation {
  /** How often the peer is asked whether it is there, where not as pulse.ts has it. */
  readonly pulseMs?: number;
}

/**
 * @param ws open, and nothing of it read yet: call this in the very callback that gave it
 * @param socket what carries it: its errors are the conduit's
 */
export function conduitOf(ws: WebSocket, socket: Duplex, { pulseMs, ...translation }: ConduitOptions): Conduit {
  let over = false;
  let closeCode = NORMAL;
  let reason: Buffer = Buffer.alloc(0);
  /** Messages that the kernel has not taken yet. */
  let unsent = 0;
  /** Who waits for room, and who for the last of those messages. */
  let room: (() => void) | undefined;
  let flushed: (() => void) | undefined;
  let broken: Error | undefined;

  const conduit = new Duplex({
    readableHighWaterMark: HIGH_WATER,
    writableHighWaterMark: HIGH_WATER,
    read() {
      if (ws.isPaused) ws.resume();
      proceed();
    },
    write(chunk: Buffer, _encoding, done) {
      if (ws.readyState !== ws.OPEN) return done();
      stream.read(chunk, dialect);
      room = done;
      proceed();
    },
    final(done) {
      if (ws.readyState === ws.OPEN) dialect.end();
      flushed = () => {
        ws.close(closeCode, reason);
        done();
      };
      proceed();
    },
    destroy(error, done) {
      over = true;
      letGo(ws, error !== null || ws.readyState === ws.CLOSING);
      done(error);
    },
  }) as Conduit;

  const isOpen = (): boolean => ws.readyState === ws.OPEN;
  /** Lets go on what waited, where there is room: also for our own answers to the side that writes (telnet negotiation). */
  const proceed = (): void => {
    if (room && !(isOpen() && (ws.bufferedAmount >= HIGH_WATER || conduit.readableLength >= HIGH_WATER))) {
      const done = room;
      room = undefined;
      done();
    }
    if (flushed && !(isOpen() && unsent > 0)) {
      const done = flushed;
      flushed = undefined;
      done();
    }
  };
  const onSent = (): void => {
    unsent--;
    proceed();
  };
  const dialect = translation.dialect((message, isBinary) => {
    if (!isOpen()) return;
    unsent++;
    ws.send(message, { binary: isBinary }, onSent);
  });
  const stream = translation.stream((bytes) => {
    if (!over && bytes.length > 0 && !conduit.push(bytes)) ws.pause();
  });

  conduit.resetAndDestroy = () => {
    ws.close(SERVER_ERROR);
    conduit.destroy();
  };
  conduit.farewell = (line, code) => {
    closeCode = code;
    reason = fitting(line);
    conduit.end(`${line}\r\n`);
  };
  ws.on('message', (message, isBinary) => {
    if (!over) dialect.read(message as Buffer, isBinary, stream);
  });
  // The peer broke the protocol (a bad frame, text that is no UTF-8, too much): `ws` says so to it, and stops reading.
  ws.on('error', (error) => conduit.destroy(error));
  socket.on('error', (error) => {
    broken = error;
  });
  ws.on('close', () => {
    proceed();
    if (broken) return void conduit.destroy(broken);
    if (over) return;
    over = true;
    conduit.push(null);
  });
  watchPulse(ws, () => conduit.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), pulseMs);
  // With the last of what the peer said, nothing is left of it that could be told anything.
  conduit.once('end', () => conduit.destroy());
  stream.begin();
  return conduit;
}

/** @param gently it is told why, within a second */
function letGo(ws: WebSocket, gently: boolean): void {
  if (ws.readyState === ws.CLOSED) return;
  if (!gently) return ws.terminate();
  const timer = setTimeout(() => ws.terminate(), GOODBYE_MS);
  ws.once('close', () => clearTimeout(timer));
}

/** As much of a reason as a close frame holds, in whole letters. */
function fitting(line: string): Buffer {
  let letters = line.slice(0, MAX_REASON);
  while (Buffer.byteLength(letters) > MAX_REASON) letters = letters.slice(0, -1);
  return Buffer.from(letters);
}
