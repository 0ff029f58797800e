/** Sockets in folders that lie deep: the kernel takes 108 bytes of a path (unix(7)). */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Longest path that is taken as it is, in bytes. */
const SHORT = 100;

/** A path to the socket `name` in `folder` that is short enough for the kernel, however deep the folder lies. `use` gets it. */
export async function near<T>(folder: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const direct = join(folder, name);
  if (process.platform !== 'linux' || Buffer.byteLength(direct) < SHORT) return use(direct);
  const fd = openSync(folder, 'r');
  try {
    return await use(`/proc/self/fd/${fd}/${name}`);
  } finally {
    closeSync(fd);
  }
}
