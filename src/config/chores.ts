/** CHORES and ARCHIVE_NAME as an operator writes them. Receives literals, gives what is done when. Starts nothing. */
import { type TimeOfDay, timeOfDay } from '../chores/schedule.js';
import { AuditError } from '../errors.js';
import { faultOfName } from '../spool/archive-name.js';
import type { Literal } from './literals.js';
import { type Asked, bool, type Check, dict, number, optionsOf, orNone, string } from './values.js';

/** A chore on the schedule. */
export interface Planned {
  /** On the local clock; null: only when a command asks for it. */
  readonly at: TimeOfDay | null;
  /** How long it may take before that is said. */
  readonly limitS: number;
}

export interface ChoreSettings {
  readonly retain: Planned;
  readonly archive: Planned & { readonly reset: boolean };
}

const DAY_S = 86_400;
const LIMIT_S = 7_200;
const RETAIN_AT: TimeOfDay = { hour: 3, minute: 0 };
/** In front of retention. */
const ARCHIVE_AT: TimeOfDay = { hour: 2, minute: 0 };

const time: Check<TimeOfDay> = (literal, asked) => {
  const found = timeOfDay(string(literal, asked).value);
  if (!found) throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name} wants a time of day such as '03:00', or None`, literal.place);
  return found;
};

type Options = ReturnType<typeof optionsOf>;

function planned(options: Options | undefined, otherwise: TimeOfDay | null, asked: Asked): Planned {
  const at = read(options, 'at', orNone(time), asked);
  const limitS = read(options, 'limit_s', number({ min: 1, max: DAY_S, unit: 'seconds' }), asked);
  return { at: at === undefined ? otherwise : at, limitS: limitS ?? LIMIT_S };
}

function read<T>(options: Options | undefined, option: string, check: Check<T>, asked: Asked): T | undefined {
  const given = options?.get(option);
  return given && check(given.value, { ...asked, name: `'${option}' of ${asked.name}` });
}

/** The schedule. Retention is on it unless it is taken off, the archive where it is named. Throws AUDIT_CONFIG_... at the place. */
export const chores: Check<ChoreSettings> = (literal, asked) => {
  const named = optionsOf(dict(literal, asked), { what: asked.name, known: ['retain', 'archive'] });
  const of = (name: string, known: readonly string[]): readonly [Options | undefined, Asked] => {
    const about: Asked = { ...asked, name: `'${name}' of ${asked.name}` };
    const given = named.get(name)?.value;
    return [given && optionsOf(dict(given as Literal, about), { what: about.name, known }), about];
  };
  const [retain, aboutRetain] = of('retain', ['at', 'limit_s']);
  const [archive, aboutArchive] = of('archive', ['at', 'limit_s', 'reset']);
  return {
    retain: planned(retain, RETAIN_AT, aboutRetain),
    archive: { ...planned(archive, archive ? ARCHIVE_AT : null, aboutArchive), reset: read(archive, 'reset', bool, aboutArchive) ?? false },
  };
};

/** A name with strftime's codes, as spool/archive-name.ts takes it. */
export const archiveTemplate: Check<string> = (literal, asked) => {
  const { value } = string(literal, asked);
  const fault = faultOfName(value);
  if (fault) throw new AuditError('AUDIT_CONFIG_TYPE', `${asked.name}: ${fault}`, literal.place);
  return value;
};
