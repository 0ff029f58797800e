/**
 * Tells whether somebody still reads what a descriptor is written to. Receives its number; writes nothing, for an empty write to a pipe always succeeds.
 * Node tells of a reader that went away only at the next write, and the demo's records are written by another thread.
 */
import koffi from 'koffi';

/** struct pollfd: int fd, short events, short revents. */
const POLLFD_BYTES = 8;
const REVENTS_AT = 6;
/** POLLERR: the reading end of a pipe is closed; POLLHUP: the terminal or the other end of a socket is gone. The same on Linux, macOS and the BSDs. */
const GONE = 0x8 | 0x10;

/** Gives a function that says whether the reader of `fd` (a pipe, a socket or a terminal) is gone. Of a file nobody is. */
export function readerWatch(fd: number): () => boolean {
  const poll = koffi.load(null).func('int poll(void *, unsigned long, int)');
  const one = Buffer.alloc(POLLFD_BYTES);
  return () => {
    one.fill(0).writeInt32LE(fd, 0);
    return poll(one, 1, 0) > 0 && (one.readInt16LE(REVENTS_AT) & GONE) !== 0;
  };
}
