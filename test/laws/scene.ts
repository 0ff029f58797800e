/** The words of generated cases: steps of a transcript, and what a dressing is given to write them. No step holds anything of a real person's. */
import type { Direction } from '../../src/contract.js';
import type { Dice } from '../harness.js';
import type { Secret } from './secrets.js';

/** `>` from the client and `<` from the server, bytes as latin-1; milliseconds that pass; bytes that are lost in a direction. */
export type Step = readonly ['>' | '<', string] | readonly ['wait', number] | readonly ['gap', Direction];

/** What a dressing is made with. */
export interface Scene {
  readonly secret: Secret;
  /** The secret as it is sent on this wire: FF is doubled in telnet. */
  readonly sent: string;
  readonly dice: Dice;
}

/** A way in which a secret is said, and which packs and what wire it takes. */
export interface Dressing {
  readonly name: string;
  /** In force beside evennia, login, tokens and oob. */
  readonly packs?: readonly string[];
  /** Telnet commands are in it; else it is said on a plain wire, too. */
  readonly telnet?: true;
  /** On a plain wire alone. */
  readonly plain?: true;
  /** The listener's, whatever the secret's is. */
  readonly charset?: Secret['charset'];
  /** Whether DESIGN 5 promises to hide this secret here; always, unless given. */
  readonly fits?: (secret: Secret) => boolean;
  /** Whether the session knows the secret afterwards, so that it may be said back; unless given, where it is long enough. */
  readonly knows?: (secret: Secret) => boolean;
  /** ECHO alone hides it, and is held without an echo: the next lines must come within two minutes, or it was none. */
  readonly soon?: true;
  readonly says: (scene: Scene) => readonly Step[];
}

export const WILL_ECHO = '\xff\xfb\x01';
export const WONT_ECHO = '\xff\xfc\x01';
export const GA = '\xff\xf9';
export const EOR = '\xff\xef';
export const NOP = '\xff\xf1';

export const server = (bytes: string): Step => ['<', bytes];
export const client = (bytes: string): Step => ['>', bytes];
export const wait = (ms: number): Step => ['wait', ms];

export const pick = <T>(dice: Dice, of: readonly T[]): T => of[dice.between(0, of.length - 1)] as T;

/** Text beyond ASCII as UTF-8 bytes, for a scene that names no other charset. */
export const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

/** Somebody is asked for a name and gives it. */
export const named = (name = 'bob'): Step[] => [server('Welcome.\r\nName: '), wait(200), client(`${name}\r\n`)];

/** Bytes of a subnegotiation. */
export const sub = (option: number, payload: string): string => `\xff\xfa${String.fromCharCode(option)}${payload}\xff\xf0`;

/** The letters of a secret as they are sent, none of them cut: a letter of several bytes, or a doubled FF, is one. */
export function lettersOf({ secret: { text, bytes, charset }, sent }: Scene): string[] {
  if (bytes === utf8(text)) return [...text].map(utf8);
  return sent.match(charset === 'gbk' ? /[\x80-\xff][\x00-\xff]|[\x00-\x7f]/g : /\xff\xff|[\x00-\xff]/g) ?? [];
}

/** Both halves of a secret as it is sent, cut between two letters; the first has four letters or more where there are as many. */
export function halvesOf(scene: Scene): [string, string] {
  const letters = lettersOf(scene);
  const at = letters.length <= 5 ? Math.ceil(letters.length / 2) : scene.dice.between(4, letters.length - 1);
  return [letters.slice(0, at).join(''), letters.slice(at).join('')];
}
