/**
 * SPOOL_DIR/control.sock: how commands ask the process that owns a spool. One JSON line asks, JSON lines answer: any number of `progress`, then `result`
 * or `error`. The socket is 0600, so whoever connects is its user. A request is small and bounded; nothing that was recorded crosses here.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AuditError, type ErrorCode, nameOf } from '../errors.js';
import { near } from './near.js';

/** A request that is longer is refused. */
const REQUEST_BYTES = 65_536;
/** Commands that ask at a time. */
const MOST_ASKING = 16;
/** How long a request may take to come whole, and an answer to be taken: whoever connects and stands still keeps nobody else out. */
const IDLE_MS = 10_000;
/** The rest of the user's group, and everybody else. */
const OWNER_ALONE = 0o177;

export type Tell = (progress: unknown) => void;

/** Answers one kind of request. What it throws is told to the asker: an AuditError as it is, any other by name. */
export type Answer = (request: { readonly [name: string]: unknown }, tell: Tell) => Promise<unknown>;

type Reply = { readonly progress: unknown } | { readonly result: unknown } | { readonly error: { readonly code: string; readonly message: string } };

const SOCKET = 'control.sock';

export interface Control {
  /** Takes no more questions; those who ask just now are answered. The socket is somebody else's from here on. */
  leave(): void;
  /** Ends what is asked just now as well. */
  close(): void;
}

/**
 * Listens for the commands of `answers`. The caller owns the spool, so a socket that is there was left by a dead process.
 * Throws what the system throws where it cannot be opened.
 */
export async function openControl(folder: string, answers: { readonly [command: string]: Answer }, idleMs = IDLE_MS): Promise<Control> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, answers, idleMs);
  });
  server.maxConnections = MOST_ASKING;
  rmSync(join(folder, SOCKET), { force: true });
  await near(folder, SOCKET, (path) => listening(server, path));
  server.on('error', () => undefined);
  server.unref();
  const leave = (): void => {
    server.close();
    rmSync(join(folder, SOCKET), { force: true });
  };
  return {
    leave,
    close: () => {
      leave();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // It is made in this call, and no moment open to others.
    const umask = process.umask(OWNER_ALONE);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function serve(socket: Socket, answers: { readonly [command: string]: Answer }, idleMs: number): void {
  const reply = (one: Reply): void => void (socket.writable && socket.write(`${JSON.stringify(one)}\n`));
  let asked = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  const mayTake = (): NodeJS.Timeout => setTimeout(() => socket.destroy(), idleMs).unref();
  let patience = mayTake();
  socket.once('close', () => clearTimeout(patience));
  socket.on('data', (text: string) => {
    asked += text;
    if (asked.length > REQUEST_BYTES) return void socket.destroy();
    if (!asked.includes('\n')) return;
    socket.removeAllListeners('data');
    socket.resume();
    clearTimeout(patience);
    void answer(asked, answers, reply).then(() => {
      socket.end();
      patience = mayTake();
    });
  });
}

async function answer(asked: string, answers: { readonly [command: string]: Answer }, reply: (one: Reply) => void): Promise<void> {
  try {
    const request = JSON.parse(asked.slice(0, asked.indexOf('\n'))) as { readonly [name: string]: unknown };
    const { command } = request;
    const work = typeof command === 'string' && Object.hasOwn(answers, command) ? answers[command] : undefined;
    if (!work) throw new AuditError('AUDIT_USAGE', 'the running wirescribe does not know this command; it is of another version');
    reply({ result: (await work(request, (progress) => reply({ progress }))) ?? null });
  } catch (error) {
    const known = error instanceof AuditError ? error : new AuditError('AUDIT_INTERNAL', nameOf(error));
    reply({ error: { code: known.code, message: known.message } });
  }
}

/**
 * Asks the owner of a spool. Gives its result; undefined where nobody owns it.
 * @throws AuditError what the owner answered, AUDIT_SPOOL where it went away before it did
 */
export async function askOwner(
  folder: string,
  request: { readonly command: string; readonly [name: string]: unknown },
  tell: Tell,
): Promise<unknown> {
  const socket = await dial(folder);
  if (!socket) return undefined;
  socket.write(`${JSON.stringify(request)}\n`);
  try {
    for await (const line of createInterface({ input: socket })) {
      const reply = JSON.parse(line) as { progress?: unknown; result?: unknown; error?: { code: string; message: string } };
      if (reply.error) throw new AuditError(reply.error.code as ErrorCode, reply.error.message);
      if ('result' in reply) return reply.result;
      tell(reply.progress);
    }
  } finally {
    socket.destroy();
  }
  throw new AuditError('AUDIT_SPOOL', 'the running wirescribe ended before it answered; its next start finishes what it began');
}

/** A connection to the owner; undefined where there is none: no socket, or nobody listens on it. */
async function dial(folder: string): Promise<Socket | undefined> {
  try {
    return await near(
      folder,
      SOCKET,
      (path) =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(path);
          socket.once('connect', () => {
            socket.off('error', reject);
            socket.on('error', () => undefined);
            resolve(socket);
          });
          socket.once('error', reject);
        }),
    );
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(nameOf(error))) return undefined;
    throw new AuditError('AUDIT_SPOOL', `the owner of the spool ${folder} cannot be asked (${nameOf(error)}); ask as the user that it runs as`);
  }
}
