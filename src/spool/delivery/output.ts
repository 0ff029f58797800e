/**
 * stdout and stderr of a callback's thread, past the main thread. Node's own go through the main thread, which writes them synchronously: a terminal
 * that stands still, or a pager that nobody pages, would stop the game. Here a write waits in the thread that asked for it, and can be ended with it.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** A pipe that is full is asked again so often; nobody else waits for it. */
const FULL_MS = 10;

type Done = (error?: Error | null) => void;

/** An opening of its own for a pipe or terminal, so that its writes need not wait, and those of others are as before; else the descriptor itself. */
function openAnew(fd: 1 | 2): number {
  try {
    if (!fstatSync(fd).isFIFO() && !isatty(fd)) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}

function writeFrom(fd: number, bytes: Buffer, from: number, done: Done): void {
  let at = from;
  try {
    while (at < bytes.length) at += writeSync(fd, bytes, at);
    done();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') done(error as Error);
    else setTimeout(writeFrom, FULL_MS, fd, bytes, at, done);
  }
}

function output(fd: 1 | 2): Writable & { isTTY?: true } {
  const own = openAnew(fd);
  const stream = new Writable({ decodeStrings: true, write: (chunk: Buffer, _encoding, done: Done) => writeFrom(own, chunk, 0, done) });
  // Whoever writes with a callback is told there; nobody's thread ends because a reader went away.
  stream.on('error', () => {});
  return isatty(fd) ? Object.assign(stream, { isTTY: true } as const) : stream;
}

/** Node calls methods of its own on the stream that it made (from version 22 on): here they do nothing. */
function answerNode(stream: Writable, original: object): void {
  for (const name of Object.getOwnPropertySymbols(Object.getPrototypeOf(original))) {
    if (!(name in stream)) Object.defineProperty(stream, name, { value: () => undefined });
  }
}

/** Gives this thread its own stdout and stderr. Call it before anything has been printed. */
export function ownOutput(): void {
  for (const [name, fd] of [['stdout', 1] as const, ['stderr', 2] as const]) {
    const stream = output(fd);
    answerNode(stream, process[name]);
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
}
