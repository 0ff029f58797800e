/**
 * Sockets that systemd opened for us and passes on (sd_listen_fds(3), systemd.socket(5)): so a port below 1024 needs no rights of ours, and connections wait
 * in the kernel while we are started again. Reads the environment, says which listener has which; opens nothing.
 */
import { AuditError } from '../errors.js';

/** One of them: its number, and what systemd calls it (FileDescriptorName=, else the name of its unit). */
export interface PassedSocket {
  readonly fd: number;
  readonly name: string;
}

/** SD_LISTEN_FDS_START. */
const FIRST = 3;
const MOST = 256;

/** Reads LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES and takes them out of `env`, so that no program that we start believes them its own. */
export function readPassedSockets(env: NodeJS.ProcessEnv, pid: number = process.pid): readonly PassedSocket[] {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' } = env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  const count = Number(LISTEN_FDS ?? '');
  if (LISTEN_PID !== String(pid) || !Number.isSafeInteger(count) || count < 1 || count > MOST) return [];
  const names = LISTEN_FDNAMES.split(':');
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST + index, name: names[index] ?? '' }));
}

/**
 * Which listener has which socket: one of its name first; the others go to the other listeners in their order, and listeners that are left open their own.
 * Throws AUDIT_LISTEN where there are more sockets than listeners: somebody would wait at one of them for ever.
 */
export function assignSockets(passed: readonly PassedSocket[], listeners: readonly string[]): ReadonlyMap<string, number> {
  const given = new Map<string, number>();
  const others = passed.filter(({ fd, name }) => {
    if (!listeners.includes(name) || given.has(name)) return true;
    given.set(name, fd);
    return false;
  });
  const free = listeners.filter((name) => !given.has(name));
  for (const [index, { fd, name }] of others.entries()) {
    const listener = free[index];
    if (listener === undefined) {
      const called = name === '' ? `number ${fd}` : `'${name}'`;
      throw new AuditError(
        'AUDIT_LISTEN',
        `systemd passes the socket ${called}, and no listener is left for it; take it out of its unit, or add a listener`,
      );
    }
    given.set(listener, fd);
  }
  return given;
}
