/**
 * Names out of band: which messages of the server name whom, and what a client gives for its name. Receives messages, gives what they say, bounded and
 * without control characters. Keeps nothing.
 *
 * Sources: Iron Realms' GMCP (Char.Name, Char.Base, Char.Status, Room.Info), the Char.Login proposal of Mudlet's wiki, MSDP's lists of variables, RFC 1572
 * (USER), Evennia's encoding of its outputs `logged_in` and `get_value`.
 */
import type { Identity, IdentityPath, OobMessage } from '../contract.js';

/** Longest name that is kept. UTF-16 units. */
export const MAX_NAME = 80;

/** A name that a source gave. `rank`: one that knows better is not replaced by one that knows less, or two that differ would take turns for ever. */
export interface Named {
  readonly field: keyof Identity;
  /** '': there is none any more. */
  readonly name: string;
  readonly how: string;
  readonly rank: number;
}

/** An operator's word counts more than what is built in. */
export const RANK = { hint: 1, built: 2, operator: 3 } as const;

interface Source {
  readonly protocol: string;
  readonly oob: string;
  /** Where the name may stand, the first that holds one counts; '': the value itself. */
  readonly paths: readonly string[];
  readonly field: keyof Identity;
  readonly rank: number;
  /** Only where this member is one of these. */
  readonly where?: readonly [member: string, ...values: string[]];
}

/** Char.StatusVars is not among them: it holds captions ("name": "Name"), no values. */
const SOURCES: readonly Source[] = [
  { protocol: 'gmcp', oob: 'Char.Name', paths: ['name', 'fullname'], field: 'character', rank: RANK.built },
  { protocol: 'gmcp', oob: 'Char.Base', paths: ['name'], field: 'character', rank: RANK.hint },
  { protocol: 'gmcp', oob: 'Char.Status', paths: ['character_name', 'name'], field: 'character', rank: RANK.hint },
  { protocol: 'gmcp', oob: 'Room.Info', paths: ['name', 'num'], field: 'room', rank: RANK.built },
  { protocol: 'gmcp', oob: 'Char.Value.Get', paths: ['value'], field: 'character', rank: RANK.hint, where: ['name', 'key', 'name'] },
  { protocol: 'gmcp', oob: 'Char.Value.Get', paths: ['value'], field: 'room', rank: RANK.hint, where: ['name', 'location'] },
  { protocol: 'msdp', oob: 'ACCOUNT_NAME', paths: [''], field: 'account', rank: RANK.built },
  { protocol: 'msdp', oob: 'CHARACTER_NAME', paths: [''], field: 'character', rank: RANK.built },
  { protocol: 'msdp', oob: 'ROOM', paths: ['NAME', 'VNUM'], field: 'room', rank: RANK.built },
  { protocol: 'msdp', oob: 'ROOM_NAME', paths: [''], field: 'room', rank: RANK.hint },
];

const same = (one: string, other: string): boolean => one.length === other.length && one.toLowerCase() === other.toLowerCase();
const isOf = (message: OobMessage, protocol: string | undefined, oob: string): boolean =>
  (protocol === undefined || message.protocol === protocol) && same(message.name, oob);

/** What stands at the end of a path, names without regard to case; undefined where it leads nowhere. */
export function memberAt(value: unknown, path: string): unknown {
  let at = value;
  for (const member of path === '' ? [] : path.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.entries(at).find(([name]) => same(name, member))?.[1];
  }
  return at;
}

/** A name as it is kept: one line of at most MAX_NAME units, nothing in it that is no character. */
export function cleanName(name: string): string {
  const plain = name.slice(0, 4 * MAX_NAME).replace(/\x1b\[[\d;]*m|[\0-\x1f\x7f-\x9f\u2028\u2029]/g, '');
  return plain.trim().slice(0, MAX_NAME).trimEnd().toWellFormed();
}

/** A name out of a string or a number, cleaned; undefined where it is none. */
function nameOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? cleanName(value) : undefined;
}

/** What a message of the server says of names, the operator's paths first. Empty where it says nothing. */
export function namesIn(message: OobMessage, paths: readonly IdentityPath[]): readonly Named[] {
  if (message.direction !== 'SND' || message.broken) return [];
  return [...ownNames(message, paths), ...builtNames(message)];
}

function ownNames(message: OobMessage, paths: readonly IdentityPath[]): Named[] {
  return paths.flatMap(({ oob, path, field, protocol }) => {
    const name = isOf(message, protocol, oob) ? nameOf(memberAt(message.value, path)) : undefined;
    return name === undefined ? [] : [{ field, name, how: `${message.protocol} ${oob}`, rank: RANK.operator }];
  });
}

function builtNames(message: OobMessage): Named[] {
  return SOURCES.flatMap(({ protocol, oob, paths, field, rank, where }) => {
    if (!isOf(message, protocol, oob) || (where && !where.slice(1).includes(String(memberAt(message.value, where[0]))))) return [];
    const name = paths.map((path) => nameOf(memberAt(message.value, path))).find((one) => one);
    return name === undefined ? [] : [{ field, name, how: `${protocol} ${oob}`, rank }];
  });
}

/** The name that a client gives for itself, and how; nothing is proven by it. */
export function claimIn(message: OobMessage): { readonly name: string; readonly how: string; readonly way: 'line' | 'environ' } | undefined {
  if (message.direction !== 'RCV' || message.broken) return undefined;
  const environ = isOf(message, 'environ', 'USER');
  const evennia = isOf(message, 'evennia', 'login');
  if (!environ && !evennia && !isOf(message, 'gmcp', 'Char.Login.Credentials')) return undefined;
  const name = nameOf(environ ? message.value : memberAt(message.value, evennia ? 'name' : 'account'));
  if (!name) return undefined;
  if (environ) return { name, how: 'environ', way: 'environ' };
  return { name, how: evennia ? 'evennia login' : 'gmcp Char.Login.Credentials', way: 'line' };
}

/** The server's answer to a login, where this message is one. */
export function verdictIn(message: OobMessage): 'accepted' | 'refused' | undefined {
  if (message.direction !== 'SND' || message.broken) return undefined;
  if (isOf(message, 'gmcp', 'Logged.In') || isOf(message, 'msdp', 'LOGGED_IN') || isOf(message, 'evennia', 'logged_in')) return 'accepted';
  if (!isOf(message, 'gmcp', 'Char.Login.Result')) return undefined;
  return memberAt(message.value, 'success') === true ? 'accepted' : 'refused';
}
