/**
 * What changes out of band (AUDIT_WATCH): receives the server's messages in order, gives the values that are not what they were. Remembers at most
 * MAX_WATCHED of them, each in at most MAX_VALUE bytes. Values may hold secrets: the caller scrubs them.
 */
import { createHash } from 'node:crypto';
import type { OobMessage } from '../contract.js';

/** Values remembered in a session; where a path stands for many names, those that come later are not watched. */
export const MAX_WATCHED = 64;
/** Longest value, as JSON in UTF-8 bytes, that is remembered and given as it is; a longer one is compared by its hash and withheld. */
export const MAX_VALUE = 4_096;
/** Data nested deeper than this is withheld, and not compared: no game's has it, and the walk must not end on our stack. */
const DEEPEST = 32;
/** Longest name of a message that is remembered. UTF-16 units. */
const MAX_NAME = 256;

/** A value that is not what it was. `old` is null at first sight. `path` is that of AUDIT_WATCH, or the message's name where that stands for many. */
export interface Change {
  readonly path: string;
  readonly old: unknown;
  readonly new: unknown;
}

/** A dotted path, in parts, lower case. */
interface Path {
  readonly shown: string;
  readonly lower: string;
  /** It ended in `*`: all names that begin so. */
  readonly open: boolean;
}

interface Remembered {
  /** Equal for equal values. */
  readonly key: string;
  readonly value: unknown;
}

export class Watch {
  readonly #paths: readonly Path[];
  readonly #exclude: readonly Path[];
  readonly #seen = new Map<string, Remembered>();

  /**
   * @param paths a message's name (`Room.Info`, `ROOM_VNUM`), with members behind it (`Room.Info.name`), or the beginning of names up to a dot (`Room`) or
   *   a star (`ROOM_*`); without regard to case
   * @param exclude the same; what they name within a watched value does not count, and is left out of it
   */
  constructor(paths: readonly string[], exclude: readonly string[]) {
    this.#paths = paths.map(pathOf);
    this.#exclude = exclude.map(pathOf);
  }

  /** What a message changed, in the order of the paths; most often nothing. Messages of the client and broken ones change nothing. Never throws. */
  hear(message: OobMessage): readonly Change[] {
    if (this.#paths.length === 0 || message.direction !== 'SND' || message.broken || message.name === '' || message.name.length > MAX_NAME) return [];
    return this.#paths.flatMap((path) => this.#look(path, message));
  }

  #look({ shown, lower, open }: Path, { protocol, name, value }: OobMessage): Change[] {
    const named = name.toLowerCase();
    const many = open ? named.startsWith(lower) : named.startsWith(`${lower}.`);
    const within = named === lower || many ? '' : !open && lower.startsWith(`${named}.`) ? lower.slice(named.length + 1) : undefined;
    if (within === undefined) return [];
    const excluded = this.#excluded(named, within);
    if (excluded.includes('')) return [];
    const found = within === '' ? value : memberOf(value, within.split('.'));
    return found === undefined ? [] : this.#change(protocol, many ? name : shown, found, excluded);
  }

  /** The paths inside of a value that do not count; '' where none of it does. */
  #excluded(named: string, within: string): readonly string[] {
    const whole = within === '' ? named : `${named}.${within}`;
    return this.#exclude.flatMap(({ lower, open }) => {
      if (whole === lower || whole.startsWith(open ? lower : `${lower}.`)) return [''];
      return !open && lower.startsWith(`${whole}.`) ? [lower.slice(whole.length + 1)] : [];
    });
  }

  #change(protocol: string, path: string, value: unknown, excluded: readonly string[]): Change[] {
    const id = `${protocol} ${path.toLowerCase()}`;
    const before = this.#seen.get(id);
    if (!before && this.#seen.size >= MAX_WATCHED) return [];
    const now = remember(value, excluded);
    if (before?.key === now.key) return [];
    this.#seen.set(id, now);
    return [{ path, old: before?.value ?? null, new: now.value }];
  }
}

function pathOf(path: string): Path {
  const open = path.endsWith('*');
  return { shown: path, lower: (open ? path.slice(0, -1) : path).toLowerCase(), open };
}

function memberOf(value: unknown, members: readonly string[]): unknown {
  let at = value;
  for (const member of members) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.entries(at).find(([name]) => name.length === member.length && name.toLowerCase() === member)?.[1];
  }
  return at;
}

function remember(value: unknown, excluded: readonly string[]): Remembered {
  if (isDeep(value, 0)) return { key: 'deep', value: { withheld: true } };
  const sorted = ordered(value, excluded) ?? null;
  const json = JSON.stringify(sorted);
  const bytes = Buffer.byteLength(json);
  if (bytes <= MAX_VALUE) return { key: json, value: sorted };
  return { key: createHash('sha256').update(json).digest('hex'), value: { withheld: true, bytes } };
}

const isDeep = (value: unknown, depth: number): boolean =>
  typeof value === 'object' && value !== null && (depth === DEEPEST || Object.values(value).some((one) => isDeep(one, depth + 1)));

/** A copy with its members in order and without those excluded: their order on the wire is no change. */
function ordered(value: unknown, excluded: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => ordered(one, []));
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const kept = members.filter(([name]) => !excluded.includes(name.toLowerCase()));
  return Object.fromEntries(kept.map(([name, member]) => [name, ordered(member, inside(excluded, name.toLowerCase()))]));
}

const inside = (excluded: readonly string[], name: string): string[] =>
  excluded.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1));
