/**
 * Tells systemd how we are (sd_notify(3)): datagrams to the unix socket in NOTIFY_SOCKET, and a watchdog's sign of life. Node has no datagram unix sockets,
 * so socket(2) and sendto(2) are called through koffi, on Linux. Best effort: whoever does not listen misses nothing of the audit.
 */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { nameOf } from '../errors.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sockaddr_un's sun_path (unix(7)). */
const MAX_PATH_BYTES = 107;
/** Where the listener's queue is full a word is said again, so often and after so many milliseconds; a sign of life is not, the next one follows. */
const TRIES = 20;
const AGAIN_MS = 50;
/** STATUS= is one line for people. */
const MAX_STATUS = 200;

export interface Notifier {
  /** All is open: dependent units may start. */
  ready(status: string): void;
  /** The configuration is read again; `ready` ends it. */
  reloading(): void;
  stopping(status: string): void;
  /** Another process is the service from now on: we say nothing more. */
  mainPid(pid: number): void;
  /** What such a process is to find in its environment, so that it can tell the same listener. */
  readonly passOn: NodeJS.ProcessEnv;
  /** One line of `systemctl status`. */
  status(text: string): void;
  /** Sends a sign of life at half of WatchdogSec, while `alive` says so; nothing where no watchdog was asked for. */
  watch(alive: () => boolean): void;
  close(): void;
}

interface Libc {
  readonly socket: (...given: number[]) => number;
  readonly sendto: (...given: (number | Uint8Array)[]) => number;
  readonly close: (fd: number) => number;
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded) return loaded;
  // Loaded where somebody listens, and not before.
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const library = koffi.load(null);
  loaded = {
    socket: library.func('int socket(int, int, int)'),
    sendto: library.func('long sendto(int, void *, unsigned long, int, void *, unsigned int)'),
    close: library.func('int close(int)'),
  };
  return loaded;
}

/** sockaddr_un of a path, or of an abstract name, which begins with `@`; undefined where it is neither. */
function addressOf(name: string): Buffer | undefined {
  const path = Buffer.from(name);
  if (!/^[/@]./.test(name) || path.length > MAX_PATH_BYTES) return undefined;
  const abstract = path[0] === 0x40;
  const address = Buffer.concat([Buffer.alloc(2), path, Buffer.alloc(abstract ? 0 : 1)]);
  address.writeUInt16LE(AF_UNIX, 0);
  if (abstract) address[2] = 0;
  return address;
}

/** One datagram; false where nobody took it. */
function send(address: Buffer, text: string): boolean {
  const { socket, sendto, close } = libc();
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bytes = Buffer.from(text);
  const sent = sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
  close(fd);
  return sent === bytes.length;
}

/** Microseconds of CLOCK_MONOTONIC, which a reload is told with (sd_notify(3), RELOADING=1). */
const monotonicUs = (): bigint => process.hrtime.bigint() / 1000n;

const lineOf = (text: string): string => text.replace(/[\r\n]+/g, ' ').slice(0, MAX_STATUS);

/** How often the watchdog wants a sign, halved, in milliseconds; undefined: not of us. */
function watchdogMs(env: NodeJS.ProcessEnv): number | undefined {
  const us = Number(env.WATCHDOG_USEC ?? '');
  const ours = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
  return ours && Number.isSafeInteger(us) && us > 0 ? Math.max(1, us / 2000) : undefined;
}

/**
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of `env` and takes them out of it, so that no program that we start speaks for us. A notifier
 * that says nothing where nobody asked to be told.
 * @param warn told once, where a datagram cannot be sent
 */
export function openNotifier(env: NodeJS.ProcessEnv, warn: (message: string) => void = () => undefined): Notifier {
  const address = process.platform === 'linux' ? addressOf(env.NOTIFY_SOCKET ?? '') : undefined;
  const everyMs = watchdogMs(env);
  const { NOTIFY_SOCKET, WATCHDOG_USEC } = env;
  const passOn = { ...(NOTIFY_SOCKET === undefined ? {} : { NOTIFY_SOCKET }), ...(WATCHDOG_USEC === undefined ? {} : { WATCHDOG_USEC }) };
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  let timer: NodeJS.Timeout | undefined;
  let [failed, silent] = [false, false];
  const say = (text: string, tries = TRIES): void => {
    if (!address || silent) return;
    const why = sent(address, text);
    if (why === undefined) return;
    if (tries > 1) return void setTimeout(say, AGAIN_MS, text, tries - 1).unref();
    if (failed) return;
    failed = true;
    warn(`systemd could not be told how we are (${why}); what it waits for may not start`);
  };
  return {
    ready: (status) => say(`READY=1\nSTATUS=${lineOf(status)}`),
    reloading: () => say(`RELOADING=1\nMONOTONIC_USEC=${monotonicUs()}`),
    stopping: (status) => say(`STOPPING=1\nSTATUS=${lineOf(status)}`),
    mainPid: (pid) => {
      say(`MAINPID=${pid}`);
      silent = true;
      clearInterval(timer);
    },
    passOn,
    status: (text) => say(`STATUS=${lineOf(text)}`),
    watch: (alive) => {
      if (!address || everyMs === undefined || timer) return;
      timer = setInterval(() => alive() && say('WATCHDOG=1', 1), everyMs).unref();
    },
    close: () => clearInterval(timer),
  };
}

/** Undefined: it was sent; else why not. */
function sent(address: Buffer, text: string): string | undefined {
  try {
    return send(address, text) ? undefined : 'sendto failed';
  } catch (error) {
    return nameOf(error);
  }
}
