/**
 * TCP's urgent data (RFC 9293 3.8.5, RFC 6093): receives a socket, has the kernel leave urgent bytes where they stand in the stream. By itself it takes the
 * last of them out, and Node reads the rest: of telnet's Synch (`FF F4 FF F2`, the F2 urgent) `FF F4 FF` would pass, and the next key be eaten as a command.
 * The bytes go on as any others: nothing marks them urgent on the other side, as RFC 6093 wishes it. Node has no option for it, so setsockopt(2) is called
 * through koffi, on Linux and macOS.
 */
import type { Server, Socket } from 'node:net';
import koffi from 'koffi';

/** SOL_SOCKET and SO_OOBINLINE (socket(7)); of Linux, those of the processors that Node is built for. */
const NUMBERS: { readonly [platform: string]: readonly [level: number, name: number] } = { linux: [1, 10], darwin: [0xffff, 0x0100] };

type SetOption = (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;

const numbers = NUMBERS[process.platform];
const setsockopt = numbers && (koffi.load(null).func('int setsockopt(int, int, int, const void *, unsigned int)') as unknown as SetOption);

/** An int that says yes. */
const ON = new Uint8Array(Int32Array.of(1).buffer);

/**
 * Urgent bytes of this socket come in line from now on: to be called before any is read. Of a listening socket, whoever is accepted has it too, so that no
 * connection pays for it. 0.8 us.
 * @returns false where that cannot be had: another system, or no TCP socket that is open
 */
export function readUrgentInLine(socket: Socket | Server): boolean {
  const fd = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  if (!numbers || !setsockopt || fd === undefined || fd < 0) return false;
  return setsockopt(fd, ...numbers, ON, ON.length) === 0;
}
