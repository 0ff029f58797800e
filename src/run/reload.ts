/**
 * What another configuration changes while sessions go on. Receives the settings in force and those that were read anew; gives settings that can be in
 * force at once, and the keys that must wait for a restart, whose old values stay. `readAgain` has another process prove the file first. Starts nothing.
 */
import { execFile } from 'node:child_process';
import { formatAddress } from '../bridge/address.js';
import type { ListenerSettings } from '../config/listeners.js';
import { digestOf, loadSettings, type Origin, type Settings } from '../config/settings.js';
import { AuditError, ERRORS, type ErrorCode, nameOf } from '../errors.js';

/** A key that waits for a restart: its name, and what of it where not all. */
export interface Waiting {
  readonly key: string;
  readonly what?: string;
}

export interface Reloadable {
  /** What can be in force at once. */
  readonly settings: Settings;
  readonly waiting: readonly Waiting[];
}

/** Keys that are read at the start alone, and what of the settings they are. */
const FIXED: readonly (readonly [key: string, part: keyof Settings, value: (settings: Settings) => unknown])[] = [
  ['SPOOL_DIR', 'spool', ({ spool }) => spool.dir],
  ['SPOOL_MAX_BYTES', 'spool', ({ spool }) => spool.maxBytes],
  ['SPOOL_FSYNC', 'spool', ({ spool }) => spool.fsync],
  ['NODE', 'node', ({ node }) => node],
  ['APPLICATION', 'application', ({ application }) => application],
  ['CHECKPOINT_KEY', 'checkpointKey', ({ checkpointKey }) => checkpointKey],
  ['ADMIN_LISTEN', 'adminListen', ({ adminListen }) => adminListen],
  ['INTAKE_LISTEN', 'intakeListen', ({ intakeListen }) => intakeListen],
];

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Takes of `next` what can be changed while `now` is in force. Listeners are the same by their names. */
export function reloadable(now: Settings, next: Settings): Reloadable {
  const waiting: Waiting[] = FIXED.filter(([, , value]) => !isSame(value(now), value(next))).map(([key]) => ({ key }));
  const listeners = now.listeners.map((listener) => {
    const given = next.listeners.find(({ name }) => name === listener.name);
    return given ? joined(listener, given, waiting) : listener;
  });
  const names = (settings: Settings): string[] => settings.listeners.map(({ name }) => name).sort();
  if (!isSame(names(now), names(next))) waiting.push({ key: listenerKey(now, next), what: 'which listeners there are' });
  const fixed = Object.fromEntries(
    [...FIXED.map(([, part]) => part), 'checkpointKeyPlace' as const, 'folder' as const].map((part) => [part, now[part]]),
  );
  const settings = { ...next, ...fixed, listeners } as Settings;
  return { settings: inForce(now, settings, waiting), waiting };
}

/** A listener that goes on where it listens, with what else is new of it. */
function joined(now: ListenerSettings, next: ListenerSettings, waiting: Waiting[]): ListenerSettings {
  const what = `of listener '${now.name}'`;
  if (formatAddress(now.listen) !== formatAddress(next.listen)) waiting.push({ key: 'LISTEN', what: `the address ${what}` });
  if (now.audit.active !== next.audit.active) waiting.push({ key: 'AUDIT_ACTIVATE', what });
  return { ...next, listen: now.listen, audit: { ...next.audit, active: now.audit.active } };
}

/** The short form's key, where that is used. */
const listenerKey = (...both: readonly Settings[]): string =>
  both.some(({ inForce: force }) => force.some(({ key, value }) => key === 'LISTENERS' && value !== '[]')) ? 'LISTENERS' : 'LISTEN';

/** The list of keys with the old values of those that wait, and the digest of that. */
function inForce(now: Settings, settings: Settings, waiting: readonly Waiting[]): Settings {
  const waits = new Set(waiting.flatMap(({ key }) => (key === 'LISTEN' ? ['LISTEN', 'LISTENERS'] : key)));
  const old = (key: string) => now.inForce.find((one) => one.key === key);
  const force = settings.inForce.map((one) => (waits.has(one.key) ? (old(one.key) ?? one) : one));
  return { ...settings, inForce: force, digest: digestOf(force, [settings.audit, ...settings.listeners.map(({ audit }) => audit)]) };
}

/** `KEY needs a restart (what of it); it stays as it was`, for people. */
export const sayWaiting = ({ key, what }: Waiting): string => `${key} needs a restart${what ? ` (${what})` : ''}; it stays as it was`;

/** How long the proof may take, and how much it may say. */
const PROOF_MS = 120_000;
const PROOF_BYTES = 1 << 20;

/** How the program is asked to prove a configuration: what runs it, and its words. */
export interface Prover {
  /** cli.js. */
  readonly program: string;
  readonly config: string | undefined;
}

/**
 * Reads the configuration again. Another process (`wirescribe check`) reads it first, compiles its masks and loads its callbacks, so that a bad one costs
 * the game nothing and changes nothing. Throws what is wrong, as `check` says it.
 */
export async function readAgain(origin: Origin, { program, config }: Prover): Promise<Settings> {
  const words = ['check', '--json', ...(config === undefined ? [] : ['--config', config]), ...(origin.set ?? []).flatMap((one) => ['--set', one])];
  const proven = await prove(program, words, origin);
  const settings = loadSettings(origin);
  if (settings.digest !== proven) throw new AuditError('AUDIT_CONFIG_FILE', 'the configuration changed while it was read; reload again');
  return settings;
}

/** Gives the digest of what was proven. */
function prove(program: string, words: readonly string[], { cwd, env }: Origin): Promise<string> {
  const options = { cwd, env, timeout: PROOF_MS, maxBuffer: PROOF_BYTES, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...words], options, (error, out, err) => {
      if (error) return reject(refusal(err, nameOf(error)));
      try {
        resolve(String((JSON.parse(out) as { digest?: unknown }).digest));
      } catch {
        reject(refusal('', 'its answer cannot be read'));
      }
    });
  });
}

/** The error that `check` said on its last line, as one of ours: its place stands in its message. */
function refusal(said: string, why: string): AuditError {
  const [, code = '', message = ''] = /^(AUDIT_[A-Z_]+): (.+)$/.exec(said.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (Object.hasOwn(ERRORS, code)) return new AuditError(code as ErrorCode, message);
  return new AuditError('AUDIT_INTERNAL', `the configuration could not be proven (${why}); try \`wirescribe check\``);
}
