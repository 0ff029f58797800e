/**
 * The configuration in force: server.conf, then `--set`, checked against the one table of keys. Receives paths and the environment, gives Settings that
 * can be handed to other threads as they are. Opens no socket, starts nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { AnyMask } from '../contract.js';
import { AuditError, type Place } from '../errors.js';
import { type CallbackSettings, callbacksOf, type ReadCallback } from './callbacks.js';
import type { ChoreSettings } from './chores.js';
import { refuseStrangers } from './exclude.js';
import { ALIASES, KEY_NAMES, KEYS, type KeyName, type ValueOf } from './keys.js';
import { type AuditLiterals, type AuditSettings, auditOf, type ListenerSettings, listenersOf, type ReadListener } from './listeners.js';
import { type Assignment, type Literal, MAX_TEXT, readLiterals } from './literals.js';
import { didYouMean } from './nearest.js';
import { readPacks } from './packs.js';
import { pythonOf, starred } from './python.js';
import { quoteName } from './source.js';
import { type Asked, readText } from './values.js';

export type { CallbackSettings } from './callbacks.js';
export type { AuditSettings, ListenerSettings } from './listeners.js';

/** The listener that stands in the records of `exec`. */
const EXEC = 'exec';

/** What stands in ./ when no `--config` is given. */
export const DEFAULT_FILE = 'server.conf';

export interface InForce {
  readonly key: string;
  /** Python source, secrets starred. */
  readonly value: string;
  /** `default`, `FILE:LINE` or `--set`. */
  readonly from: string;
}

export interface Settings {
  /** Absolute path of the configuration file; absent where there is none. */
  readonly file?: string;
  /** Where relative paths start. */
  readonly folder: string;
  readonly listeners: readonly ListenerSettings[];
  /** The AUDIT_ keys for all: what counts where there is no listener. */
  readonly audit: AuditSettings;
  /** Whether audit.config and the runs of chores are recorded. */
  readonly systemEvents: boolean;
  readonly callbacks: readonly CallbackSettings[];
  readonly spool: { readonly dir: string; readonly maxBytes: number; readonly fsync: 'batch' | 'always' | 'none' };
  readonly node: string;
  readonly application: string;
  readonly drainTimeoutS: number;
  /** Absolute path of the private key that signs checkpoints. */
  readonly checkpointKey?: string;
  /** Where it is named, for errors. */
  readonly checkpointKeyPlace?: Place;
  readonly chores: ChoreSettings;
  /** Of the store; null: for ever. */
  readonly retentionDays: number | null;
  /** ARCHIVE_DIR and ARCHIVE_NAME. */
  readonly archive: { readonly dir: string; readonly name: string };
  /** Where health and metrics are answered. */
  readonly adminListen: ValueOf<(typeof KEYS)['ADMIN_LISTEN']>;
  /** Networks, each `ADDRESS/BITS`. */
  readonly trustedProxies: readonly string[];
  /** Absolute path of the socket for `exec` of other users. */
  readonly intakeListen: string | null;
  readonly inForce: readonly InForce[];
  /** SHA-256 (hex) of what is in force, secrets starred, masks of packs included. */
  readonly digest: string;
}

export interface Origin {
  /** `--config`; else ./server.conf where there is one. `null`: defaults alone, whatever lies there. */
  readonly file?: string | null;
  /** `--set`: each `KEY=LITERAL`; the last one of a key counts. */
  readonly set?: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Given {
  readonly literal: Literal;
  readonly from: string;
}

/** Reads and checks the whole configuration. Throws the first AUDIT_CONFIG_... that it meets, with its place. */
export function loadSettings(origin: Origin): Settings {
  const file = fileOf(origin);
  const folder = file === undefined ? origin.cwd : dirname(file);
  const shown = (path: string): string => shownPath(path, origin.cwd);
  const asked: Asked = { name: '', folder, env: origin.env };
  const given = inForce([...fromFile(file, shown), ...fromSet(origin.set ?? [])]);
  const readAudit = (literals: AuditLiterals, listener: string): AuditSettings =>
    auditOf({ literals, listener, asked, readPacks: (names, about) => readPacks(names, about, shown) });
  const literals = (name: KeyName): Literal => given[name].literal;
  const value = <K extends KeyName>(name: K) => KEYS[name].check(literals(name), { ...asked, name }) as ValueOf<(typeof KEYS)[K]>;
  const audit = readAudit(literals, EXEC);
  const listeners = listenersOf({ literals, asked, readAudit });
  const names = [...listeners.map(({ settings }) => settings.name), EXEC];
  refuseStrangers(literals('AUDIT_EXCLUDE'), names, { ...asked, name: 'AUDIT_EXCLUDE' });
  const callbacks = callbacksOf(literals('AUDIT_CALLBACK'), { ...asked, name: 'AUDIT_CALLBACK' }, value('STORE_INDEXES'));
  const node = value('NODE') ?? hostname();
  const checkpointKey = value('CHECKPOINT_KEY');
  const force = show(given, { listeners, callbacks, node });
  return {
    ...(file === undefined ? {} : { file }),
    folder,
    listeners: listeners.map(({ settings }) => settings),
    audit,
    systemEvents: value('AUDIT_SYSTEM_EVENTS'),
    callbacks: callbacks.map(({ settings }) => settings),
    spool: { dir: value('SPOOL_DIR'), maxBytes: value('SPOOL_MAX_BYTES'), fsync: value('SPOOL_FSYNC') },
    node,
    application: value('APPLICATION'),
    drainTimeoutS: value('DRAIN_TIMEOUT_S'),
    chores: value('CHORES'),
    retentionDays: value('RETENTION_DAYS'),
    archive: { dir: value('ARCHIVE_DIR'), name: value('ARCHIVE_NAME') },
    adminListen: value('ADMIN_LISTEN'),
    trustedProxies: value('TRUSTED_PROXIES'),
    intakeListen: value('INTAKE_LISTEN'),
    ...(checkpointKey === null ? {} : { checkpointKey, checkpointKeyPlace: literals('CHECKPOINT_KEY').place }),
    inForce: force,
    digest: digestOf(force, [audit, ...listeners.map(({ settings }) => settings.audit)]),
  };
}

function fileOf({ file, cwd }: Origin): string | undefined {
  if (file === null) return undefined;
  if (file !== undefined) return resolve(cwd, file);
  const usual = resolve(cwd, DEFAULT_FILE);
  return existsSync(usual) ? usual : undefined;
}

/** A path as errors show it: from the current folder where it lies below, else absolute. */
function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return below.startsWith('..') || isAbsolute(below) ? path : below || '.';
}

function fromFile(file: string | undefined, shown: (path: string) => string): [Assignment, string][] {
  if (file === undefined) return [];
  const name = shown(file);
  const read = readLiterals(readText(file, MAX_TEXT, `the configuration '${name}'`), name);
  return read.map((one) => [one, `${name}:${one.place.line}`]);
}

function fromSet(set: readonly string[]): [Assignment, string][] {
  const last = new Map<string, Assignment>();
  for (const text of set) {
    const [one, more] = readLiterals(text, '--set');
    if (!one || more) throw new AuditError('AUDIT_USAGE', '--set wants one KEY=LITERAL, such as --set AUDIT_OUT=True or --set NODE="\'mud1\'"');
    last.set(one.name, one);
  }
  return [...last.values()].map((one) => [one, '--set']);
}

/** The literal of each key: given (the later of file and --set), or default. Throws for names that are no keys. */
function inForce(assignments: readonly [Assignment, string][]): Readonly<Record<KeyName, Given>> {
  const given = new Map<KeyName, Given & { readonly name: string }>();
  for (const [{ name, value, place }, from] of assignments) {
    const key = keyOf(name, place);
    if (!key) continue;
    const other = given.get(key);
    if (other && other.name !== name && from !== '--set') {
      throw new AuditError('AUDIT_CONFIG_KEY', `${name} and ${other.name} are the same key; keep one`, place);
    }
    given.set(key, { name, literal: value, from });
  }
  const all = KEY_NAMES.map((name) => [name, given.get(name) ?? defaultOf(name)] as const);
  return Object.fromEntries(all) as unknown as Record<KeyName, Given>;
}

/** The key that a name stands for; undefined for one that is accepted without effect. */
function keyOf(name: string, place: Assignment['place']): KeyName | undefined {
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  const key = KEY_NAMES.find((one) => one === name);
  if (key) return key;
  throw new AuditError('AUDIT_CONFIG_KEY', `there is no key ${quoteName(name)}; ${didYouMean(name, KEY_NAMES)}`, place);
}

function defaultOf(name: KeyName): Given {
  const [one] = readLiterals(`${name} = ${KEYS[name].default}`, 'default');
  if (!one) throw new AuditError('AUDIT_INTERNAL', `no default of ${name}`);
  return { literal: one.value, from: 'default' };
}

interface Shown {
  readonly listeners: readonly ReadListener[];
  readonly callbacks: readonly ReadCallback[];
  readonly node: string;
}

function show(given: Readonly<Record<KeyName, Given>>, { listeners, callbacks, node }: Shown): InForce[] {
  const shownOf = (key: KeyName): unknown => {
    if (key === 'LISTENERS' && given.LISTEN.literal.kind === 'none') return listeners.map(({ shown }) => shown);
    if (key === 'AUDIT_CALLBACK') return callbacks.map(({ shown }) => shown);
    if (key === 'NODE' && given.NODE.literal.kind === 'none') return node;
    return starred(given[key].literal);
  };
  return KEY_NAMES.map((key) => ({ key, value: pythonOf(shownOf(key)), from: given[key].from }));
}

/** SHA-256 (hex) of what is in force: keys as they are shown, and what masks and events do. */
export function digestOf(force: readonly InForce[], audits: readonly AuditSettings[]): string {
  const masks = audits.map((audit) => audit.masks.map(essence));
  const events = audits.map((audit) => audit.events.map(({ label, on, line }) => [label, on, line?.pattern, line?.direction, line?.where]));
  const text = JSON.stringify([force.map(({ key, value }) => [key, value]), masks, events]);
  return createHash('sha256').update(text).digest('hex');
}

/** What a mask does, without its examples and places. */
function essence(mask: AnyMask): readonly (string | undefined)[] {
  if ('oob' in mask) return [mask.name, mask.oob, mask.path, mask.protocol];
  return [mask.name, mask.pattern, 'then' in mask ? mask.then : mask.direction, mask.where];
}

/** Masks in force anywhere, each once: those of the listeners, or where there is none, those for all. */
export function masksInForce({ audit, listeners }: Settings): AuditSettings['masks'] {
  const all = listeners.length > 0 ? listeners.flatMap((one) => one.audit.masks) : audit.masks;
  return [...new Map(all.map((mask) => [JSON.stringify([mask.place, mask.name]), mask])).values()];
}
