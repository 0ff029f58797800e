/**
 * The operator's patterns that find names (AUDIT_IDENTITY): receives their definitions once, then lines, gives what their groups took. They stand in this
 * room because they run on its engine, in linear time; which name is believed is identify/'s.
 */
import type { IdentityPattern, NameMatcher, NamesFound } from '../contract.js';
import { AuditError } from '../errors.js';
import { NeedleScan } from './needle-scan.js';
import type { NamedGroup } from './pattern-tree.js';
import { Program } from './program.js';
import { placeIn } from './python-pattern.js';

/** As with secrets, a group in another branch of a pattern bears a suffix: account_2. */
const GROUP = /^(account|character|room|accepted|refused)(?:_\w+)?$/;

type GroupName = keyof NamesFound;

/**
 * Compiles patterns, all of them now, so that no session is the first to find one too large.
 * @throws AuditError AUDIT_MASK_PATTERN where one is refused, AUDIT_CONFIG_TYPE for a group of another name, or none; with the place
 */
export const compileNamed = (definitions: readonly IdentityPattern[]): readonly NameMatcher[] => definitions.map(compileOne);

function compileOne(definition: IdentityPattern): NameMatcher {
  const { pattern, patternPlace, direction, where } = definition;
  const program = new Program(pattern, patternPlace, where === 'start');
  const groups = program.groups.map((group) => ({ number: group.number, name: nameOf(group, definition) }));
  if (groups.length === 0)
    throw new AuditError('AUDIT_CONFIG_TYPE', 'no group (?P<account>...), (?P<character>...) or (?P<room>...): nobody would be known', patternPlace);
  // Both forms of the program, for lines of ASCII and others.
  for (const line of ['a', 'é']) program.find(line, 1);
  // Quickly, for nearly every line: whether it holds what a hit needs.
  const scan = program.needles && new NeedleScan([program.needles]);
  const match = (line: string): NamesFound | undefined => (!scan || scan.find(line) ? found(program, groups, line.toWellFormed()) : undefined);
  return { direction, match };
}

function nameOf(group: NamedGroup, { pattern, patternPlace }: IdentityPattern): GroupName {
  const name = GROUP.exec(group.name)?.[1];
  if (name) return name as GroupName;
  const place = placeIn(patternPlace, pattern, group.index);
  throw new AuditError(
    'AUDIT_CONFIG_TYPE',
    'a group of another name than account, character, room, accepted and refused; write (?:...) for it',
    place,
  );
}

function found(program: Program, groups: readonly { readonly number: number; readonly name: GroupName }[], line: string): NamesFound | undefined {
  const [hit] = program.find(line, 1);
  if (!hit) return undefined;
  const names: { -readonly [group in GroupName]?: string } = {};
  for (const { number, name } of groups) {
    const extent = hit[number];
    if (extent) names[name] ??= line.slice(extent[0], extent[1]);
  }
  return names;
}
