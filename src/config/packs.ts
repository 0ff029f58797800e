/**
 * Masks as an operator writes them: AUDIT_MASKS and the packs of AUDIT_MASK_PACKS, which bring events too. Gives definitions with the places of their
 * patterns; compiling and proving them is mask/'s. Reads pack files, nothing else.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyMask, EventDefinition, FieldDefinition, MaskDefinition, PromptDefinition } from '../contract.js';
import { AuditError } from '../errors.js';
import { eventsOf } from './events.js';
import { MASK_OPTIONS } from './keys.js';
import { type DictLiteral, type Literal, MAX_TEXT, readLiterals, type StringLiteral } from './literals.js';
import { didYouMean } from './nearest.js';
import { quoteName } from './source.js';
import { type Asked, type Check, choice, line, listOf, optionsOf, readText, string, wants } from './values.js';

/** The packs that ship with us. */
const PACKS = fileURLToPath(new URL('../../../masks/', import.meta.url));

/** Names of a mask stand in every record that it masks. Characters. */
const MAX_NAME = 64;

/** Longest name and path of a field in out-of-band data. Characters. */
const MAX_PATH = 256;

/** Options that no mask of Evennia's short form is named. */
const LONG_ONLY: readonly string[] = ['pattern', 'oob', 'then'];

const direction = choice('in', 'out', 'both');
const examples = listOf((literal, asked) => string(literal, asked).value, 'a list of examples, each a string');

/** Masks out of dicts, in Evennia's short form `{name: pattern, ...}` or the long form. Throws AUDIT_CONFIG_... at the place. */
export const masksOf = (dicts: readonly DictLiteral[], asked: Asked): AnyMask[] =>
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

/** Reads an option of a mask, or gives what counts where it is not there. */
type Read = <T>(option: string, check: (literal: Literal, asked: Asked) => T, otherwise: T) => T;

type Kind = keyof typeof MASK_OPTIONS;

const WHAT: { readonly [kind in Kind]: string } = { mask: 'a mask', prompt: "a mask with 'then'", field: "a mask with 'oob'" };

function longForm(mask: DictLiteral, asked: Asked): AnyMask {
  const kind = kindOf(mask);
  const options = optionsOf(mask, { what: WHAT[kind], known: undefined });
  for (const { key } of options.values()) refuseStranger(kind, key);
  for (const wanted of ['name', kind === 'field' ? 'oob' : 'pattern'])
    if (!options.has(wanted)) throw new AuditError('AUDIT_CONFIG_KEY', `${WHAT[kind]} wants a '${wanted}' too`, mask.place);
  const read: Read = (option, check, otherwise) => {
    const given = options.get(option);
    return given ? check(given.value, { ...asked, name: `'${option}' of a mask` }) : otherwise;
  };
  const head = { name: read('name', line(MAX_NAME), ''), place: mask.place };
  if (kind === 'field') return { ...head, ...fieldOf(read) };
  const pattern = read('pattern', (literal, about) => patternOf(string(literal, about)), { pattern: '', patternPlace: mask.place });
  return { ...head, ...(kind === 'prompt' ? promptOf(read) : maskOf(read)), ...pattern };
}

function kindOf(mask: DictLiteral): Kind {
  const names = mask.value.map(({ key }) => key.value);
  return names.includes('oob') ? 'field' : names.includes('then') ? 'prompt' : 'mask';
}

function refuseStranger(kind: Kind, { value: name, place }: StringLiteral): void {
  const known: readonly string[] = MASK_OPTIONS[kind];
  if (known.includes(name)) return;
  const others = (Object.keys(MASK_OPTIONS) as Kind[]).filter((other) => MASK_OPTIONS[other].some((one) => one === name));
  const mend = others.length > 0 ? `${others.map((other) => WHAT[other]).join(' or ')} has` : didYouMean(name, known);
  throw new AuditError('AUDIT_CONFIG_KEY', `${WHAT[kind]} has no option ${quoteName(name)}; ${mend}`, place);
}

type Own<T extends AnyMask> = Omit<T, 'name' | 'place' | 'pattern' | 'patternPlace'>;

function maskOf(read: Read): Own<MaskDefinition> {
  return {
    direction: read('direction', direction, 'both'),
    where: read('where', whereOfMask, 'start'),
    hides: read('hides', examples, []),
    shows: read('shows', examples, []),
  };
}

/** Only what the server says can be a prompt, so `direction` may be given, and is not kept. */
function promptOf(read: Read): Own<PromptDefinition> {
  read('direction', choice('out'), 'out');
  return {
    where: read('where', choice('start', 'anywhere', 'prompt'), 'prompt'),
    // biome-ignore lint/suspicious/noThenProperty: DESIGN 5's name; a string, so no promise takes it for its own.
    then: read('then', choice('hide-next-input'), 'hide-next-input'),
    prompts: read('prompts', examples, []),
    notPrompts: read('not_prompts', examples, []),
  };
}

function fieldOf(read: Read): Own<FieldDefinition> {
  const protocol = read<string | undefined>('protocol', line(MAX_NAME), undefined);
  return { oob: read('oob', line(MAX_PATH), ''), path: read('path', path, ''), ...(protocol === undefined ? {} : { protocol }) };
}

/** '' is the whole value. */
const path = (literal: Literal, asked: Asked): string => (literal.kind === 'string' && literal.value === '' ? '' : line(MAX_PATH)(literal, asked));

function whereOfMask(literal: Literal, asked: Asked): 'start' | 'anywhere' {
  const where = choice('start', 'anywhere', 'prompt')(literal, asked);
  if (where !== 'prompt') return where;
  throw new AuditError('AUDIT_CONFIG_TYPE', "'prompt' is for a mask with 'then': 'hide-next-input'; add that, or write 'anywhere'", literal.place);
}

/** What is in packs. */
export interface Packs {
  readonly masks: readonly AnyMask[];
  readonly events: readonly EventDefinition[];
}

/** Reads the packs named, in that order. `shown` gives the name of a file as errors show it. Throws AUDIT_CONFIG_... at the place. */
export function readPacks(names: readonly StringLiteral[], asked: Asked, shown: (path: string) => string): Packs {
  const packs = names.map((name) => readPack(name, asked, shown));
  return { masks: packs.flatMap(({ masks }) => masks), events: packs.flatMap(({ events }) => events) };
}

/** What may stand in a pack. */
const PARTS = ['MASKS', 'EVENTS'];

function readPack(pack: StringLiteral, asked: Asked, shown: (path: string) => string): Packs {
  const path = packPath(pack, asked);
  const assignments = readLiterals(readText(path, MAX_TEXT, `the pack ${quoteName(pack.value)}`, pack.place), shown(path));
  const stranger = assignments.find(({ name }) => !PARTS.includes(name));
  if (stranger)
    throw new AuditError(
      'AUDIT_CONFIG_KEY',
      `${quoteName(stranger.name)} has no place in a pack; MASKS = [...] and EVENTS = [...] have`,
      stranger.place,
    );
  if (assignments.length === 0)
    throw new AuditError('AUDIT_CONFIG_KEY', 'a pack wants MASKS = [...], EVENTS = [...] or both', { file: shown(path), line: 1, column: 1 });
  const dicts = (name: string, each: string): readonly DictLiteral[] => {
    const about = { ...asked, name };
    const entry: Check<DictLiteral> = (one) => (one.kind === 'dict' ? one : wants(`a dict for each ${each}`, one, about));
    const found = assignments.find((one) => one.name === name);
    return found ? listOf(entry, `a list of ${each}s`)(found.value, about) : [];
  };
  return {
    masks: masksOf(dicts('MASKS', 'mask'), { ...asked, name: 'MASKS' }),
    events: eventsOf(dicts('EVENTS', 'event'), { ...asked, name: 'EVENTS' }),
  };
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
