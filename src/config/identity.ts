/**
 * AUDIT_IDENTITY as an operator writes it: patterns with names in their groups, and paths of out-of-band data. Gives plain data with the places of the
 * patterns; compiling them is mask/'s (named-groups.ts).
 */
import type { IdentityPath, IdentityPattern, IdentitySettings } from '../contract.js';
import { AuditError } from '../errors.js';
import { IDENTITY_OPTIONS } from './keys.js';
import type { DictLiteral } from './literals.js';
import { type Asked, type Check, choice, line, optionsOf, string } from './values.js';

export type { IdentitySettings } from '../contract.js';

/** Each pattern is tried on every line. */
const MAX_ENTRIES = 64;
/** Longest name and path in out-of-band data. Characters. */
const MAX_PATH = 256;

type Options = ReturnType<typeof optionsOf>;

/** Reads the entries of AUDIT_IDENTITY. Throws AUDIT_CONFIG_... at the place. */
export function identityOf(entries: readonly DictLiteral[], asked: Asked): IdentitySettings {
  const over = entries[MAX_ENTRIES];
  if (over) throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants at most ${MAX_ENTRIES} entries`, over.place);
  const [paths, patterns] = [entries.filter(isPath), entries.filter((entry) => !isPath(entry))];
  return { patterns: patterns.map((entry) => patternOf(entry, asked)), paths: paths.map((entry) => pathOf(entry, asked)) };
}

const isPath = (entry: DictLiteral): boolean => entry.value.some(({ key }) => key.value === 'oob');

function read<T>(options: Options, option: string, check: Check<T>, asked: Asked): T | undefined {
  const given = options.get(option);
  return given && check(given.value, { ...asked, name: `'${option}' of ${asked.name}` });
}

function missing(what: string, entry: DictLiteral): never {
  throw new AuditError('AUDIT_CONFIG_KEY', what, entry.place);
}

function patternOf(entry: DictLiteral, asked: Asked): IdentityPattern {
  const what = `an entry of ${asked.name}`;
  const options = optionsOf(entry, { what, known: IDENTITY_OPTIONS.pattern });
  const pattern = read(options, 'pattern', string, asked) ?? missing(`${what} wants a 'pattern', or 'oob' and 'field'`, entry);
  return {
    pattern: pattern.value,
    direction: read(options, 'direction', choice('in', 'out'), asked) ?? 'out',
    where: read(options, 'where', choice('start', 'anywhere'), asked) ?? 'start',
    patternPlace: pattern.at(0),
  };
}

function pathOf(entry: DictLiteral, asked: Asked): IdentityPath {
  const what = `an entry of ${asked.name} with 'oob'`;
  const options = optionsOf(entry, { what, known: IDENTITY_OPTIONS.path });
  const protocol = read(options, 'protocol', line(MAX_PATH), asked);
  return {
    oob: read(options, 'oob', line(MAX_PATH), asked) ?? '',
    path: read(options, 'path', (literal, about) => (string(literal, about).value === '' ? '' : line(MAX_PATH)(literal, about)), asked) ?? '',
    field: read(options, 'field', choice('account', 'character', 'room'), asked) ?? missing(`${what} wants a 'field' too`, entry),
    ...(protocol === undefined ? {} : { protocol: protocol.toLowerCase() }),
  };
}
