/** AUDIT_EXCLUDE as an operator writes it: gives what counts for one listener, as plain data. Compiling the patterns is mask/'s (exclusions.ts). */
import type { LinePattern } from '../contract.js';
import { AuditError } from '../errors.js';
import { EXCLUDE_OPTIONS } from './keys.js';
import { linePattern, readerOf } from './lines.js';
import type { DictLiteral, Literal, StringLiteral } from './literals.js';
import { didYouMean } from './nearest.js';
import { quoteName } from './source.js';
import { type Asked, dict, listOf, network, string, wants } from './values.js';

/** What is not recorded of a listener's sessions. */
export interface ExcludeSettings {
  readonly patterns: readonly LinePattern[];
  /** Networks in CIDR, as bridge/networks.ts reads them. */
  readonly networks: readonly string[];
}

const entries = listOf(dict, 'a list of patterns and networks, each a dict');

/** Reads what counts for the listener of this name. Throws AUDIT_CONFIG_... at the place. */
export function excludeOf(literal: Literal, listener: string, asked: Asked): ExcludeSettings {
  const lists = byName(literal, asked).map(({ name, list }) => ({ name: name?.value ?? '', entries: entries(list, asked) }));
  const read = lists.map(({ name, entries }) => ({ name, rules: entries.map((entry) => ruleOf(entry, asked)) }));
  const rules = read.flatMap(({ name, rules }) => (name === '' || name === listener ? rules : []));
  return { patterns: rules.flatMap(({ pattern }) => pattern ?? []), networks: rules.flatMap(({ network }) => network ?? []) };
}

/** Throws AUDIT_CONFIG_KEY where it names a listener that is not there. */
export function refuseStrangers(literal: Literal, listeners: readonly string[], asked: Asked): void {
  const stranger = byName(literal, asked).find(({ name }) => name && name.value !== '' && !listeners.includes(name.value))?.name;
  if (!stranger) return;
  const mend = `${didYouMean(stranger.value, listeners)} ('' is for all)`;
  throw new AuditError('AUDIT_CONFIG_KEY', `${asked.name} names a listener ${quoteName(stranger.value)} that there is not; ${mend}`, stranger.place);
}

function byName(literal: Literal, asked: Asked): readonly { readonly name?: StringLiteral; readonly list: Literal }[] {
  if (literal.kind === 'list' || literal.kind === 'tuple') return [{ list: literal }];
  if (literal.kind !== 'dict') return wants("a dict of lists by listeners' names ('' for all), or a list", literal, asked);
  return literal.value.map(({ key, value }) => ({ name: string(key, { ...asked, name: `a listener's name in ${asked.name}` }), list: value }));
}

function ruleOf(entry: DictLiteral, asked: Asked): { readonly pattern?: LinePattern; readonly network?: string } {
  const kind = entry.value.some(({ key }) => key.value === 'network') ? 'network' : 'pattern';
  const what = `an entry of ${asked.name}${kind === 'network' ? " with 'network'" : ''}`;
  const read = readerOf(entry, what, EXCLUDE_OPTIONS[kind], asked);
  const given = read('network', network);
  if (given !== undefined) return { network: given };
  const pattern = read('pattern', string);
  if (!pattern) throw new AuditError('AUDIT_CONFIG_KEY', `${what} wants a 'pattern' or a 'network'`, entry.place);
  return { pattern: linePattern(read, pattern) };
}
