/** Reads a command line (DESIGN 2). Receives words, gives a command and its options, or an AUDIT_USAGE that says what is not understood. */
import { AuditError } from '../errors.js';
import { COMMANDS, type CommandName, optionsFor } from './help.js';
import { didYouMean } from './nearest.js';
import { quoteName } from './source.js';

export interface CommandLine {
  /** Undefined for `--help` and `--version` alone. */
  readonly command: CommandName | undefined;
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
  /** Values of options, in the order given. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Words that are no options. */
  readonly words: readonly string[];
}

const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

function usage(message: string): never {
  throw new AuditError('AUDIT_USAGE', message);
}

/** Reads the words behind `wirescribe`. Options may stand before the command, and as `--name=value`; what stands behind `--` is no option. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const words: string[] = [];
  let command: CommandName | undefined;
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') words.push(...rest.splice(0));
    else if (word.startsWith('-') && word !== '-') readOption(word, rest, command, flags, values);
    else if (command === undefined) command = commandOf(word);
    else words.push(word);
  }
  if (words.length > 0 && !(command && COMMANDS[command].words)) refuseWords(command);
  if (command === undefined && flags.size === 0) usage('a command is missing; see `wirescribe --help`');
  return { command, flags, values, words };
}

function refuseWords(command: CommandName | undefined): never {
  const takesFile = command !== undefined && Object.hasOwn(optionsFor(command), 'config');
  usage(`'${command ?? 'wirescribe'}' takes no words besides its options; ${takesFile ? 'name a configuration with --config FILE' : 'see --help'}`);
}

function commandOf(word: string): CommandName {
  const command = COMMAND_NAMES.find((name) => name === word);
  if (command) return command;
  return usage(`there is no command ${quoteName(word)}; ${didYouMean(word, COMMAND_NAMES)}`);
}

function readOption(word: string, rest: string[], command: CommandName | undefined, flags: Set<string>, values: Map<string, string[]>): void {
  const known = optionsFor(command);
  const long = Object.keys(known).find((one) => word === `-${known[one]?.short}`);
  const [, name = '', given] = /^--?([^=]*)(?:=(.*))?$/s.exec(long === undefined ? word : `--${long}`) ?? [];
  const option = word.startsWith('--') || long !== undefined ? (Object.hasOwn(known, name) ? known[name] : undefined) : undefined;
  if (!option) {
    const names = Object.keys(known).map((one) => `--${one}`);
    usage(`${command ? `'${command}'` : 'wirescribe'} has no option ${quoteName(word.replace(/=.*/s, ''))}; ${didYouMean(`--${name}`, names)}`);
  }
  if (!option.takes) {
    if (given !== undefined) usage(`--${name} takes no value`);
    flags.add(name);
    return;
  }
  const value = given ?? rest.shift();
  if (value === undefined) usage(`--${name} wants a value: --${name} ${option.takes}`);
  const before = values.get(name) ?? [];
  if (before.length > 0 && !option.many) usage(`--${name} is given twice; keep one`);
  values.set(name, [...before, value]);
}
