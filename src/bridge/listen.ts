/** Opens a listener's socket. Receives an address, gives a server that hands over each connection, paused. */
import { lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { AuditError, nameOf } from '../errors.js';
import { formatAddress, placeOf, type SocketAddress } from './address.js';
import { noticeGone } from './keepalive.js';
import { readUrgentInLine } from './urgent.js';

/** Connections that the kernel holds for us while we are busy. */
const BACKLOG = 4_096;

const OPTIONS = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true } as const;

/**
 * Listens on a socket that is open already and was passed to us. Throws AUDIT_LISTEN where it is none.
 * @param fd its number; ours from now on
 */
export async function listenOn(fd: number, address: SocketAddress, onConnection: (accepted: Socket) => void): Promise<Server> {
  const server = createServer(OPTIONS, onConnection);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const why = `the socket number ${fd} that was passed for it cannot be listened on (${nameOf(error)}); its unit wants ListenStream=`;
    throw new AuditError('AUDIT_LISTEN', `${formatAddress(address)}: ${why}`);
  }
  ready(server, address);
  return server;
}

/**
 * Opens `address`. Each connection arrives paused and half-open capable. A unix socket that a dead process left is replaced.
 * Throws AUDIT_LISTEN, which says what to do.
 */
export async function listen(address: SocketAddress, onConnection: (accepted: Socket) => void): Promise<Server> {
  const server = createServer(OPTIONS, onConnection);
  try {
    await open(server, address);
  } catch (error) {
    const abandoned = address.scheme === 'unix' && nameOf(error) === 'EADDRINUSE' && (await isAbandoned(address.path));
    if (!abandoned) throw listenError(address, error);
    await replace(server, address).catch((again) => {
      throw listenError(address, again);
    });
  }
  ready(server, address);
  return server;
}

/** What whoever is accepted has from the listening socket. */
function ready(server: Server, { scheme }: SocketAddress): void {
  if (scheme !== 'unix') {
    readUrgentInLine(server);
    noticeGone(server);
  }
  // What fails when a connection is accepted (no memory, a client that is gone again) is that client's end, not ours.
  server.on('error', () => undefined);
}

/**
 * Accepts no more on a socket that another process has too. Node takes a unix socket's file away with its server, so it stands aside meanwhile: for some
 * microseconds nobody finds it.
 */
export function leave(server: Server): void {
  const bound = server.address();
  if (typeof bound !== 'string') return void server.close();
  const aside = `${bound}.${process.pid}`;
  const moved = moveFile(bound, aside);
  server.close();
  if (moved) moveFile(aside, bound);
}

/** False: it is not there, or not ours to move. */
function moveFile(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

async function replace(server: Server, address: SocketAddress & { scheme: 'unix' }): Promise<void> {
  unlinkSync(address.path);
  await open(server, address);
}

function open(server: Server, address: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...placeOf(address), backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** True where the file is a socket and nobody listens on it. Connecting to any other file is refused as well: that one is not ours to take away. */
function isAbandoned(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => resolve(false));
    probe.once('error', (error) => resolve(nameOf(error) === 'ECONNREFUSED'));
    probe.once('close', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}

function listenError(address: SocketAddress, error: unknown): AuditError {
  const where = formatAddress(address);
  const code = nameOf(error);
  if (code === 'EADDRINUSE')
    return new AuditError('AUDIT_LISTEN', `${where} is in use; stop what listens there, or give this listener another address`);
  if (code === 'EACCES')
    return new AuditError('AUDIT_LISTEN', `${where} may not be opened by this user; take a port from 1024 on, or a folder of its own`);
  return new AuditError('AUDIT_LISTEN', `${where} could not be opened (${code}); check that the address belongs to this machine`);
}
