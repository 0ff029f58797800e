/**
 * TCP's urgent data (RFC 9293 3.8.5, RFC 6093): receives a socket, has the kernel leave urgent bytes where they stand in the stream. By itself it takes the
 * last of them out, and Node reads the rest: of telnet's Synch (`FF F4 FF F2`, the F2 urgent) `FF F4 FF` would pass, and the next key be eaten as a command.
 * The bytes go on as any others: nothing marks them urgent on the other side, as RFC 6093 wishes it.
 */
import type { Server, Socket } from 'node:net';
import { setOption } from './setsockopt.js';

/** socket(7); of Linux, those of the processors that Node is built for. */
const SOL_SOCKET = { linux: 1, darwin: 0xffff };
const SO_OOBINLINE = { linux: 10, darwin: 0x0100 };

/**
 * Urgent bytes of this socket come in line from now on: to be called before any is read. Of a listening socket, so do those of whoever is accepted.
 * @returns false where that cannot be had: another system, or no TCP socket that is open
 */
export const readUrgentInLine = (socket: Socket | Server): boolean => setOption(socket, SOL_SOCKET, SO_OOBINLINE, 1);
