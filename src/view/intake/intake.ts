/**
 * The intake of a spool's owner: SPOOL_DIR/intake.sock for `exec` of the same user and the old side of a handover, and INTAKE_LISTEN for `exec` of others.
 * Receives what they captured, gives it to the recorder as sessions of their own; what an old side has masked goes to be sealed; says back what is durable, and nothing else: nobody can read here, or speak for another.
 */
import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionOpen } from '../../contract.js';
import { AuditError, nameOf } from '../../errors.js';
import { near } from '../near.js';
import { DraftGuest, type DraftGuestOptions } from './drafts.js';
import { firstByte } from './first-byte.js';
import { GIVES } from './frames.js';
import { Guest, type IntakeRecorder, type Policy } from './guest.js';
import type { Hello } from './hello.js';
import { Links } from './links.js';
import { type Peer, peerOf } from './peer.js';

/** A connection to it, for whoever hands in. */
export type IntakeSocket = Socket;

export const INTAKE_SOCKET = 'intake.sock';
/** The listener of these sessions, in records and in the audit's settings. */
export const EXEC_LISTENER = 'exec';

/** Guests at a time; and of one user on INTAKE_LISTEN. */
const MOST_GUESTS = 4_096;
const MOST_EACH = 512;
/** How long the first byte may take. */
const FIRST_MS = 10_000;
/** When we stop: how long an old side of a handover may take to come and say that it ends too, and how often it is looked whether it has. */
const LEAVING_MS = 1_000;
const LOOK_MS = 20;
/** How soon what has come is asked after; an acknowledgement only lets `exec` forget. */
const SETTLE_MS = 100;

export interface IntakeOptions {
  /** SPOOL_DIR. */
  readonly folder: string;
  /** INTAKE_LISTEN. */
  readonly listen: string | null;
  readonly recorder: IntakeRecorder;
  readonly policy: () => Policy;
  readonly newId: () => string;
  /** SPOOL_DIR's, by which sessions are linked over owners. */
  readonly linkKey: Uint8Array;
  /** A user's name. */
  readonly userOf: (uid: number) => string;
  /** Which of these sessions have all that was handed over of them in durable records, or in none. */
  readonly durable: (sessions: readonly number[]) => Promise<readonly number[]>;
  /** False: no `exec` is let in, the old side of a handover alone. */
  readonly exec: boolean;
  /** Takes what the old side of a handover hands in. */
  readonly drafts: Pick<DraftGuestOptions, 'take' | 'mostBytes'>;
  readonly warn: (message: string) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #links: Links;
  /** Those of INTAKE_LISTEN, and our own. */
  readonly #servers: { readonly server: Server; readonly others: boolean }[] = [];
  readonly #guests = new Map<Guest, Peer | undefined>();
  readonly #oldSides = new Set<DraftGuest>();
  /** Of whom nothing has come yet. */
  readonly #arriving = new Set<Socket>();
  #settling: NodeJS.Timeout | undefined;
  #asking = false;
  #stopped = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#links = new Links(options.linkKey);
  }

  /** Opens both sockets. The caller owns the spool: what stands there was left by a dead process. Throws AUDIT_LISTEN where INTAKE_LISTEN cannot be opened. */
  async open(): Promise<void> {
    const { folder, listen, warn } = this.#options;
    rmSync(join(folder, INTAKE_SOCKET), { force: true });
    try {
      await near(folder, INTAKE_SOCKET, (path) => this.#listen(path, false));
    } catch (error) {
      warn(`AUDIT_SPOOL: ${folder}/${INTAKE_SOCKET} cannot be opened (${nameOf(error)}); exec cannot hand in what it records`);
    }
    if (listen !== null) await this.#openForAll(folder, listen);
  }

  async #openForAll(spool: string, path: string): Promise<void> {
    const inside = relative(spool, path);
    if (!inside.startsWith('..'))
      throw new AuditError('AUDIT_LISTEN', `INTAKE_LISTEN ${path} lies in SPOOL_DIR, where nobody else comes; put it elsewhere`);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      const { mode, uid } = statSync(dirname(path));
      if ((mode & 0o022) !== 0 || (uid !== process.getuid?.() && uid !== 0))
        throw new AuditError('AUDIT_LISTEN', `others can replace INTAKE_LISTEN ${path}; put it in a folder that only this user can write (0755)`);
      if (await isAbandoned(path)) rmSync(path, { force: true });
      await this.#listen(path, true);
      chmodSync(path, 0o666);
    } catch (error) {
      if (error instanceof AuditError) throw error;
      throw new AuditError('AUDIT_LISTEN', `INTAKE_LISTEN ${path} could not be opened (${nameOf(error)}); give it a folder that this user can write`);
    }
  }

  #listen(path: string, others: boolean): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, others));
    server.maxConnections = MOST_GUESTS;
    this.#servers.push({ server, others });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path, backlog: MOST_GUESTS }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        server.unref();
        resolve();
      });
    });
  }

  /** How many sessions there are. */
  get sessions(): number {
    return this.#guests.size;
  }

  /** Old sides of handovers that are connected, or whose last words are not durable yet. */
  get oldSides(): readonly Pick<DraftGuest, 'name' | 'sessions'>[] {
    return [...this.#oldSides].filter(({ name }) => name !== '');
  }

  /** @param others the socket is everybody's: without the kernel's word nobody comes in */
  #accept(socket: Socket, others: boolean): void {
    const peer = peerOf(socket);
    const each = [...this.#guests.values()].filter((one) => others && one?.uid === peer?.uid).length;
    if (others && (this.#stopped || !peer || each >= MOST_EACH)) return void socket.destroy();
    if (others) return this.#admit(socket, peer);
    this.#arriving.add(socket);
    socket.once('close', () => this.#arriving.delete(socket));
    firstByte(socket, FIRST_MS, (byte) => {
      this.#arriving.delete(socket);
      if (byte === GIVES.going) this.#admitOldSide(socket);
      else this.#admit(socket, peer);
    });
  }

  #admitOldSide(socket: Socket): void {
    this.#oldSides.add(new DraftGuest(socket, { ...this.#options.drafts, gone: (one) => void this.#oldSides.delete(one) }));
  }

  #admit(socket: Socket, peer: Peer | undefined): void {
    if (!this.#options.exec || this.#stopped) return void socket.destroy();
    const { recorder, policy } = this.#options;
    const guest = new Guest(socket, {
      recorder,
      policy,
      describe: (hello) => this.#describe(hello, peer),
      linkTo: (session) => this.#links.linkTo(session, uidOf(peer)),
      came: (soon) => this.#came(soon),
      gone: (one) => this.#gone(one),
    });
    this.#guests.set(guest, peer);
  }

  #describe({ argv, cwd, continues }: Hello, peer: Peer | undefined): SessionOpen {
    const { newId, userOf } = this.#options;
    const uid = uidOf(peer);
    const user = userOf(uid);
    return {
      id: newId(),
      listener: EXEC_LISTENER,
      wire: 'plain',
      protocol: 'pty',
      upstream: `pty:${argv[0]}`,
      process: { argv, user, pid: peer?.pid ?? 0, cwd },
      account: user,
      ...(continues && this.#links.isProven(continues, uid) ? { continues: continues.session } : {}),
    };
  }

  #gone(guest: Guest): void {
    this.#guests.delete(guest);
  }

  #came(soon: boolean): void {
    if (soon) {
      clearTimeout(this.#settling);
      this.#settling = undefined;
    }
    this.#settling ??= setTimeout(() => void this.#settle(), soon ? 0 : SETTLE_MS);
  }

  /** Tells those of whom all is durable. */
  async #settle(): Promise<void> {
    this.#settling = undefined;
    if (this.#asking) return this.#came(false);
    const unsettled = [...this.#guests.keys()].filter(({ unsettled }) => unsettled > 0);
    if (unsettled.length === 0) return;
    const counts = new Map(unsettled.map((guest) => [guest.session as number, { guest, count: guest.unsettled }]));
    this.#asking = true;
    const all = await this.#ask([...counts.keys()]);
    this.#asking = false;
    for (const session of all) {
      const known = counts.get(session);
      known?.guest.settle(known.count);
    }
    if ([...this.#guests.keys()].some(({ unsettled }) => unsettled > 0)) this.#came(false);
  }

  async #ask(sessions: readonly number[]): Promise<readonly number[]> {
    const { recorder, durable } = this.#options;
    if (recorder.full) return [];
    recorder.flush();
    return durable(sessions).catch(() => []);
  }

  full(): void {
    for (const guest of this.#guests.keys()) guest.full();
  }

  room(): void {
    for (const guest of this.#guests.keys()) guest.room();
  }

  /** Takes nothing more of `exec`, whose sessions end. @param awaited old sides of handovers may still come, to pass on their last words */
  stop(awaited = false): void {
    this.#stopped = true;
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#shut(({ others }) => others || !awaited);
    for (const guest of this.#guests.keys()) guest.stop();
  }

  #shut(which: (one: { readonly others: boolean }) => boolean): void {
    for (const one of this.#servers.filter(which)) {
      one.server.close();
      this.#servers.splice(this.#servers.indexOf(one), 1);
    }
  }

  /**
   * Behind `stop`: resolves when old sides that end as we do have passed on their last words, or after the time, in milliseconds.
   * @param isAwaited one of them lives
   */
  async untilPassed(timeoutMs: number, isAwaited: () => boolean): Promise<void> {
    const began = performance.now();
    const isLeaving = (): boolean => [...this.#oldSides].some(({ leaving }) => leaving);
    const waits = (): boolean => isLeaving() || (performance.now() < began + LEAVING_MS && isAwaited());
    while (waits() && performance.now() < began + timeoutMs) await sleep(LOOK_MS);
  }

  /** Lets everybody go. @param durable all that was taken is */
  close(durable: boolean): void {
    clearTimeout(this.#settling);
    this.#shut(() => true);
    for (const socket of this.#arriving) socket.destroy();
    for (const guest of this.#guests.keys()) {
      if (durable && guest.unsettled > 0) guest.settle(guest.unsettled);
      guest.close();
    }
    for (const guest of this.#oldSides) guest.close();
  }
}

/** Of whom the kernel does not speak is on the owner's own socket: the same user. */
const uidOf = (peer: Peer | undefined): number => peer?.uid ?? process.getuid?.() ?? 0;

/** True where nobody listens on the socket that stands there. Any other file is not ours to take away. */
function isAbandoned(path: string): Promise<boolean> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('error', (error) => resolve(nameOf(error) === 'ECONNREFUSED'));
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
  });
}

/**
 * Connects to the owner of a spool: by its own socket, or where that is out of reach by the one for all. undefined: nobody answers.
 * @param listen INTAKE_LISTEN
 */
export async function dialIntake(folder: string, listen: string | null): Promise<Socket | undefined> {
  const own = await near(folder, INTAKE_SOCKET, dial).catch(() => undefined);
  return own ?? (listen === null ? undefined : await dial(listen).catch(() => undefined));
}

const dial = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
