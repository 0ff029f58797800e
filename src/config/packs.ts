/**
 * Masks as an operator writes them: AUDIT_MASKS and the packs of AUDIT_MASK_PACKS. Gives definitions with the places of their patterns; compiling and
 * proving them is mask/'s. Reads pack files, nothing else.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MaskDefinition } from '../contract.js';
import { AuditError } from '../errors.js';
import { LATER_MASK_OPTIONS, MASK_OPTIONS } from './keys.js';
import { type DictLiteral, type Literal, MAX_TEXT, readLiterals, type StringLiteral } from './literals.js';
import { didYouMean } from './nearest.js';
import { quoteName } from './source.js';
import { type Asked, choice, line, listOf, optionsOf, readText, string, wants } from './values.js';

/** The packs that ship with us. */
const PACKS = fileURLToPath(new URL('../../../masks/', import.meta.url));

/** Names of a mask stand in every record that it masks. Characters. */
const MAX_NAME = 64;

/** Options that no mask of Evennia's short form is named. */
const LONG_ONLY: readonly string[] = ['pattern', 'oob', 'then'];

const direction = choice('in', 'out', 'both');
const where = choice('start', 'anywhere', 'prompt');
const examples = listOf((literal, asked) => string(literal, asked).value, 'a list of examples, each a string');

/** Masks out of dicts, in Evennia's short form `{name: pattern, ...}` or the long form. Throws AUDIT_CONFIG_... at the place. */
export const masksOf = (dicts: readonly DictLiteral[], asked: Asked): MaskDefinition[] =>
  dicts.flatMap((one) => (isLong(one) ? [longForm(one, asked)] : shortForm(one, asked)));

function isLong(mask: DictLiteral): boolean {
  const names = mask.value.map(({ key }) => key.value);
  return names.some((name) => LONG_ONLY.includes(String(name))) || (names.includes('name') && names.length > 1);
}

function shortForm(mask: DictLiteral, asked: Asked): MaskDefinition[] {
  return mask.value.map(({ key, value }) => {
    const name = line(MAX_NAME)(key, { ...asked, name: 'the name of a mask' });
    const pattern = string(value, { ...asked, name: `the mask ${quoteName(name)}` });
    return { name, direction: 'both', where: 'start', hides: [], shows: [], place: key.place, ...patternOf(pattern) };
  });
}

const patternOf = (literal: StringLiteral) => ({ pattern: literal.value, patternPlace: literal.at(0) });

function longForm(mask: DictLiteral, asked: Asked): MaskDefinition {
  const options = optionsOf(mask, { what: 'a mask', known: MASK_OPTIONS, later: LATER_MASK_OPTIONS });
  const [name, pattern] = [options.get('name'), options.get('pattern')];
  if (!name || !pattern) throw new AuditError('AUDIT_CONFIG_KEY', `a mask wants a '${name ? 'pattern' : 'name'}' too`, mask.place);
  const read = <T>(option: string, check: (literal: Literal, asked: Asked) => T, otherwise: T): T => {
    const given = options.get(option);
    return given ? check(given.value, { ...asked, name: `'${option}' of a mask` }) : otherwise;
  };
  const place = options.get('where')?.value.place;
  const stands = read('where', where, 'start');
  if (stands === 'prompt') throw new AuditError('AUDIT_CONFIG_LATER', "a mask at a 'prompt' is not built yet; 'start' and 'anywhere' are", place);
  return {
    name: read('name', line(MAX_NAME), ''),
    direction: read('direction', direction, 'both'),
    where: stands,
    hides: read('hides', examples, []),
    shows: read('shows', examples, []),
    place: mask.place,
    ...patternOf(read('pattern', string, string(pattern.value, { ...asked, name: "'pattern' of a mask" }))),
  };
}

/** Masks of the packs named, in that order. `shown` gives the name of a file as errors show it. */
export const packMasks = (packs: readonly StringLiteral[], asked: Asked, shown: (path: string) => string): MaskDefinition[] =>
  packs.flatMap((pack) => readPack(pack, asked, shown));

function readPack(pack: StringLiteral, asked: Asked, shown: (path: string) => string): MaskDefinition[] {
  const path = packPath(pack, asked);
  const assignments = readLiterals(readText(path, MAX_TEXT, `the pack ${quoteName(pack.value)}`, pack.place), shown(path));
  const stranger = assignments.find(({ name }) => name !== 'MASKS');
  if (stranger)
    throw new AuditError('AUDIT_CONFIG_KEY', `${quoteName(stranger.name)} has no place in a pack; MASKS = [...] alone has`, stranger.place);
  const [masks] = assignments;
  if (!masks) throw new AuditError('AUDIT_CONFIG_KEY', 'a pack wants MASKS = [...]', { file: shown(path), line: 1, column: 1 });
  const about = { ...asked, name: 'MASKS' };
  return masksOf(
    listOf((one) => (one.kind === 'dict' ? one : wants('a dict for each mask', one, about)), 'a list of masks')(masks.value, about),
    about,
  );
}

function packPath(pack: StringLiteral, asked: Asked): string {
  if (/\/|\.conf$/.test(pack.value)) return resolve(asked.folder, pack.value);
  const path = join(PACKS, `${pack.value}.conf`);
  if (/^[\w-]+$/.test(pack.value) && existsSync(path)) return path;
  throw new AuditError(
    'AUDIT_CONFIG_FILE',
    `there is no pack ${quoteName(pack.value)}; ${didYouMean(pack.value, shipped())} (a pack of your own has a / in its path)`,
    pack.place,
  );
}

const shipped = (): string[] =>
  readdirSync(PACKS)
    .filter((name) => name.endsWith('.conf'))
    .map((name) => name.slice(0, -'.conf'.length));
