/**
 * What `exec` tells of itself, and the owner's reading of it: strangers can write anything on an intake socket, so every member is checked here and
 * anything else is left out. Plain values in and out.
 */
import type { SessionEnd, TerminalFact } from '../../contract.js';
import { INTAKE_VERSION, jsonOf } from './frames.js';
import { type Link, readLink } from './links.js';

/** The first frame. What it says of the terminal held when the first of the frames behind it was made. */
export interface Hello {
  readonly version: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  readonly blind: boolean;
  readonly raw: boolean;
  /** It goes on from a session that another owner recorded, or this one before. */
  readonly resumed: boolean;
  /** Which session that was, where its owner said so. */
  readonly continues?: Link;
}

/** Bytes that never came here, since when (microseconds since 1970). */
export interface Lost {
  readonly direction: 'RCV' | 'SND';
  /** null: perhaps some of these were recorded. */
  readonly bytes: number | null;
  readonly from: number;
}

/** Words of a command, and characters of each, that are kept. */
const MOST_WORDS = 256;
const MOST_CHARACTERS = 4_096;
const MOST_CELLS = 65_535;
const SIGNAL = /^SIG[A-Z0-9]{1,12}$/;

const isCount = (value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;

const cut = (text: string): string => text.slice(0, MOST_CHARACTERS);

/** undefined: it is no hello of this version. */
export function readHello(bytes: Buffer): Hello | undefined {
  const { version, argv, cwd, columns, rows, blind, raw, resumed, continues } = jsonOf(bytes) ?? {};
  if (version !== INTAKE_VERSION || !Array.isArray(argv) || argv.length === 0 || typeof cwd !== 'string') return undefined;
  if (!argv.every((word) => typeof word === 'string') || !isCount(columns, MOST_CELLS) || !isCount(rows, MOST_CELLS)) return undefined;
  const words = argv.slice(0, MOST_WORDS).map((word: string) => cut(word));
  const link = readLink(continues);
  const flags = { blind: blind === true, raw: raw === true, resumed: resumed === true };
  return { version, argv: words, cwd: cut(cwd), columns, rows, ...flags, ...(link ? { continues: link } : {}) };
}

/** The hello that says this: what is longer than any reader keeps is cut. */
export const helloOf = (hello: Omit<Hello, 'version'>): Hello => ({
  ...hello,
  version: INTAKE_VERSION,
  argv: fitting(hello.argv.slice(0, MOST_WORDS).map(cut)),
  cwd: cut(hello.cwd),
});

/** As many words as a frame certainly holds, each at least in part. */
const fitting = (words: readonly string[]): readonly string[] => {
  const each = Math.max(16, Math.floor(8_192 / words.length));
  const all = words.reduce((sum, word) => sum + word.length, 0);
  return all <= 8_192 ? words : words.map((word) => word.slice(0, each));
};

/** undefined: it is none. */
export function readTerminal(bytes: Buffer): TerminalFact | undefined {
  const { columns, rows, blind, raw } = jsonOf(bytes) ?? {};
  if (typeof blind === 'boolean') return { blind };
  if (typeof raw === 'boolean') return { raw };
  return isCount(columns, MOST_CELLS) && isCount(rows, MOST_CELLS) ? { columns, rows } : undefined;
}

export function readLost(bytes: Buffer): Lost | undefined {
  const { direction, bytes: count, from } = jsonOf(bytes) ?? {};
  if ((direction !== 'RCV' && direction !== 'SND') || (count !== null && !isCount(count)) || !isCount(from)) return undefined;
  return { direction, bytes: count, from };
}

/** How the program ended: its exit status or the name of a signal; undefined: nobody says. */
export function readExit(bytes: Buffer): SessionEnd['exit'] {
  const { exit } = jsonOf(bytes) ?? {};
  return isCount(exit, 255) || (typeof exit === 'string' && SIGNAL.test(exit)) ? exit : undefined;
}
