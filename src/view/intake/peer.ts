/** Who is at the other end of a unix socket, in the kernel's word: SO_PEERCRED (unix(7)), which Node has no call for; through koffi. Linux. */
import type { Socket } from 'node:net';
import koffi from 'koffi';

/** asm-generic/socket.h; the same on x64 and arm64. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, 32 bits each. */
const UCRED_BYTES = 12;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

const getsockopt =
  process.platform === 'linux'
    ? (koffi.load(null).func('int getsockopt(int, int, int, void *, void *)') as unknown as (
        fd: number,
        level: number,
        name: number,
        value: Uint8Array,
        length: Uint8Array,
      ) => number)
    : undefined;

/** Who connected, as they were then; undefined where the kernel does not say. */
export function peerOf(socket: Socket): Peer | undefined {
  const { fd } = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
  if (fd === undefined || fd < 0 || !getsockopt) return undefined;
  const value = Buffer.alloc(UCRED_BYTES);
  const length = Buffer.alloc(4);
  length.writeInt32LE(UCRED_BYTES);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0) return undefined;
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4) };
}
