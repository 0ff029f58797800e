/**
 * What Node has no call for, through koffi: who a user is, what may be run, and what a terminal is set to. Receives names, paths and file descriptors,
 * gives plain values. The numbers are Linux's on x64 and arm64, where glibc and musl have the same.
 */
import koffi from 'koffi';

/** access(2). */
const X_OK = 1;
/** fcntl(2). */
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = process.platform === 'linux' ? 1_030 : 67;
/** close_range(2), from Linux 5.11 on. */
const CLOSE_RANGE_CLOEXEC = 4;
const LAST_FD = 0xffff_ffff;
/** chown(2): the group stays. */
const SAME = 0xffff_ffff;
/** getgrouplist(3): more groups than Linux lets a process have. */
const MOST_GROUPS = 65_536;
const SYS_SETGROUPS: { readonly [arch: string]: number } = { x64: 116, arm64: 159 };

/** termios(3): where its members stand, and bits of c_lflag. */
const OFLAG_AT = 4;
const OPOST = 1;
const LFLAG_AT = 12;
const CC_AT = 17;
const TERMIOS_BYTES = 60;
const ICANON = 0o2;
const ECHO = 0o10;

const { EAGAIN, EINTR } = koffi.os.errno as { readonly [name: string]: number };

const library = koffi.load(null);
const Passwd = koffi.struct({
  pw_name: 'str',
  pw_passwd: 'str',
  pw_uid: 'uint32_t',
  pw_gid: 'uint32_t',
  pw_gecos: 'str',
  pw_dir: 'str',
  pw_shell: 'str',
});

type Call<Given extends unknown[]> = (...given: Given) => number;

const getpwnam = library.func('getpwnam', koffi.pointer(Passwd), ['str']) as unknown as (name: string) => unknown;
const getpwuid = library.func('getpwuid', koffi.pointer(Passwd), ['uint32_t']) as unknown as (uid: number) => unknown;
const getgrouplist = library.func('int getgrouplist(const char *, uint32_t, void *, void *)') as Call<[string, number, Uint8Array, Uint8Array]>;
const syscall = library.func('long syscall(long, long, void *)') as Call<[number, number, Uint8Array]>;
const access = library.func('int access(const char *, int)') as Call<[string, number]>;
const close = library.func('int close(int)') as Call<[number]>;
const chown = library.func('int chown(const char *, uint32_t, uint32_t)') as Call<[string, number, number]>;
const fcntl = library.func('int fcntl(int, int, int)') as Call<[number, number, number]>;
const write = library.func('long write(int, const void *, size_t)') as Call<[number, Uint8Array, number]>;
const read = library.func('long read(int, void *, size_t)') as Call<[number, Uint8Array, number]>;
const tcgetattr = library.func('int tcgetattr(int, void *)') as Call<[number, Uint8Array]>;
const tcsetattr = library.func('int tcsetattr(int, int, const void *)') as Call<[number, number, Uint8Array]>;
const tcgetpgrp = library.func('int tcgetpgrp(int)') as Call<[number]>;

/** A user as the system knows it (passwd(5), or whatever the name service asks). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The user of a name or number; undefined: there is none. */
export function findAccount(user: string | number): Account | undefined {
  const found = typeof user === 'number' ? getpwuid(user) : getpwnam(user);
  if (!found) return undefined;
  const { pw_name, pw_uid, pw_gid, pw_dir, pw_shell } = koffi.decode(found, Passwd) as Record<string, string | number | null>;
  return { name: String(pw_name), uid: Number(pw_uid), gid: Number(pw_gid), home: String(pw_dir ?? ''), shell: String(pw_shell ?? '') };
}

/** The same of a name, or of a number in digits, as server.conf has it. */
export const findUser = (user: string): Account | undefined => findAccount(/^\d{1,10}$/.test(user) ? Number(user) : user);

/** All groups of a user, the first one too. */
export function groupsOf({ name, gid }: Account): readonly number[] {
  const groups = new Uint32Array(MOST_GROUPS);
  const count = Uint32Array.of(groups.length);
  getgrouplist(name, gid, new Uint8Array(groups.buffer), new Uint8Array(count.buffer));
  return [...groups.subarray(0, count[0])];
}

/** Whether this machine can give a program another user's groups. */
export const canChangeUser = (): boolean => process.platform === 'linux' && SYS_SETGROUPS[process.arch] !== undefined;

/**
 * Runs `action` while this thread, and what it forks, is in `groups`; the kernel keeps groups for each thread, and the C library's call alone changes all
 * of them. Throws an Error where the kernel refuses.
 */
export function inGroups<T>(groups: readonly number[], action: () => T): T {
  const own = process.getgroups?.() ?? [];
  setGroups(groups);
  try {
    return action();
  } finally {
    setGroups(own);
  }
}

function setGroups(groups: readonly number[]): void {
  const bytes = new Uint8Array(Uint32Array.from(groups).buffer);
  if (syscall(SYS_SETGROUPS[process.arch] as number, groups.length, bytes) !== 0) throw new Error('setgroups');
}

/** Whether there is such a file at all, and whether we may run it, or go into it. */
export const isThere = (path: string): boolean => access(path, 0) === 0;
export const mayRun = (path: string): boolean => access(path, X_OK) === 0;

/** Makes the user the owner of a terminal: others' programs open theirs by name (screen, mesg). */
export const giveTerminal = (path: string, uid: number): boolean => chown(path, uid, SAME) === 0;

/** No program that is started from here on gets this file descriptor. */
export const closeOnExec = (fd: number): boolean => fcntl(fd, F_SETFD, FD_CLOEXEC) === 0;

/** Another file descriptor of the same file, for us alone; -1: there is no room for one. */
export const duplicate = (fd: number): number => fcntl(fd, F_DUPFD_CLOEXEC, 3);
export const closeNow = (fd: number): number => close(fd);

const closeRange = ((): ((first: number, last: number, flags: number) => number) | undefined => {
  try {
    return library.func('int close_range(unsigned int, unsigned int, int)') as Call<[number, number, number]>;
  } catch {
    // A C library that is older than the call.
    return undefined;
  }
})();

/** The same for all but standard input, output and error, those too that whoever started us left open; what it can. */
export function closeAllOnExec(): void {
  closeRange?.(3, LAST_FD, CLOSE_RANGE_CLOEXEC);
}

/** Writes what the kernel takes now, without waiting. @returns bytes written; undefined: nobody reads there any more */
export function writeNow(fd: number, bytes: Uint8Array): number | undefined {
  const written = write(fd, bytes, bytes.length);
  if (written >= 0) return written;
  const errno = koffi.errno();
  return errno === EAGAIN || errno === EINTR ? 0 : undefined;
}

const room = Buffer.allocUnsafeSlow(65_536);

/** Reads what is there now, at most 64 KiB, without waiting; null: nothing just now; undefined: nothing will ever come. */
export function readNow(fd: number): Buffer | null | undefined {
  const length = read(fd, room, room.length);
  if (length > 0) return Buffer.from(room.subarray(0, length));
  const errno = length === 0 ? 0 : koffi.errno();
  return errno === EAGAIN || errno === EINTR ? null : undefined;
}

/** How a terminal is set (termios(3)). */
export interface TerminalState {
  /** What is typed is sent back. */
  readonly echo: boolean;
  /** Lines are handed to the program whole, and can be edited until then. */
  readonly canonical: boolean;
  /** The keys that mean something, as bytes; 0: none. */
  readonly keys: { readonly [name in Key]: number };
}

export type Key = 'intr' | 'quit' | 'erase' | 'kill' | 'eof' | 'susp';

/** Where they stand in c_cc. */
const KEYS: { readonly [name in Key]: number } = { intr: 0, quit: 1, erase: 2, kill: 3, eof: 4, susp: 10 };

/** VEOL and VEOL2: what ends a line beside LF. */
const LINE_ENDS = [11, 16];
/** tcsetattr(3). */
const TCSANOW = 0;

const termios = Buffer.alloc(TERMIOS_BYTES + 4);

/** No byte ends a line but LF: node-pty has FF end one, which is a letter in latin-1. To be called before the program can have set anything itself. */
export function endLinesByLf(fd: number): void {
  if (process.platform !== 'linux' || tcgetattr(fd, termios) !== 0) return;
  for (const at of LINE_ENDS) termios[CC_AT + at] = 0;
  tcsetattr(fd, TCSANOW, termios);
}

/** What is typed is not sent back. To be called before the program can have set anything itself. */
export function noEcho(fd: number): void {
  if (process.platform !== 'linux' || tcgetattr(fd, termios) !== 0) return;
  termios.writeUInt32LE((termios.readUInt32LE(LFLAG_AT) & ~ECHO) >>> 0, LFLAG_AT);
  tcsetattr(fd, TCSANOW, termios);
}

/** What is written to this terminal comes out as it is: no line end is made of another (OPOST). */
export function passOutput(fd: number): void {
  if (process.platform !== 'linux' || tcgetattr(fd, termios) !== 0) return;
  termios.writeUInt32LE((termios.readUInt32LE(OFLAG_AT) & ~OPOST) >>> 0, OFLAG_AT);
  tcsetattr(fd, TCSANOW, termios);
}

/** How the terminal is set now, asked at its master; undefined where that cannot be asked. 1 us. */
export function terminalState(fd: number): TerminalState | undefined {
  if (process.platform !== 'linux' || tcgetattr(fd, termios) !== 0) return undefined;
  const flags = termios.readUInt32LE(LFLAG_AT);
  const keys = Object.fromEntries(Object.entries(KEYS).map(([name, at]) => [name, termios[CC_AT + at]])) as TerminalState['keys'];
  return { echo: (flags & ECHO) !== 0, canonical: (flags & ICANON) !== 0, keys };
}

/** Whether lines are typed blind at a terminal: it hands them over whole and does not send them back, as where a password is asked for. 1 us. */
export function typesBlind(fd: number): boolean {
  return process.platform === 'linux' && tcgetattr(fd, termios) === 0 && (termios.readUInt32LE(LFLAG_AT) & (ICANON | ECHO)) === ICANON;
}

/** The process group that has the terminal now; undefined: none. */
export function foregroundOf(fd: number): number | undefined {
  const group = tcgetpgrp(fd);
  return group > 0 ? group : undefined;
}
