/**
 * TCP's keepalive (RFC 9293 3.8.4): finds peers that are gone without a word (a cable pulled, a NAT that forgot them), which else would hold a session for ever.
 * Receives sockets on which Node has switched it on, has the kernel ask sooner than its own two hours, and not as hastily as Node's own option does, which
 * gives a peer ten seconds to answer. No byte of the session is touched.
 */
import type { Server, Socket } from 'node:net';
import { setOption } from './setsockopt.js';

/** tcp(7). */
const IPPROTO_TCP = { linux: 6, darwin: 6 };
const TCP_KEEPIDLE = { linux: 4, darwin: 0x10 };
const TCP_KEEPINTVL = { linux: 5, darwin: 0x101 };
const TCP_KEEPCNT = { linux: 6, darwin: 0x102 };

/** Silence before the kernel asks, and between its questions, in seconds: a peer is gone after five minutes without a packet. */
const IDLE_S = 120;
const AGAIN_S = 30;
const TIMES = 6;

/** From now on the peer of this socket is found gone within five minutes; of a listening socket, so is whoever is accepted. @returns as `setOption` */
export function noticeGone(socket: Socket | Server): boolean {
  const options = [
    [TCP_KEEPIDLE, IDLE_S],
    [TCP_KEEPINTVL, AGAIN_S],
    [TCP_KEEPCNT, TIMES],
  ] as const;
  return options.map(([name, value]) => setOption(socket, IPPROTO_TCP, name, value)).every(Boolean);
}
