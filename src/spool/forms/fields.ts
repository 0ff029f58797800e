/**
 * `fields` of a callback: which members of a record it is given. Receives the operator's names once, gives a function that picks; a member that the
 * record does not have is passed over, and what names a record is always there.
 */
import { isObject, type Members } from './members.js';

/** Always given: without them no record could be told from another, or be put in order. */
export const ALWAYS: readonly string[] = ['v', 'id', 'topic', 'time', 'node', 'session', 'seq'];

/** true: the member whole; else what is wanted of what stands in it. */
type Wanted = true | Map<string, Wanted>;

/**
 * @param fields members of FORMAT.md; with dots, members inside `data` and `custom` ('data.reason')
 * @returns picks them, and ALWAYS, out of a record's members, in the order of the record
 */
export function pickerOf(fields: readonly string[]): (members: Members) => Members {
  const wanted = new Map<string, Wanted>();
  for (const path of [...ALWAYS, ...fields]) want(wanted, path.split('.'));
  return (members) => pick(members, wanted);
}

/** Adds a path. A member that is wanted whole stays so. */
function want(wanted: Map<string, Wanted>, [name = '', ...rest]: readonly string[]): void {
  const before = wanted.get(name);
  if (before === true) return;
  if (rest.length === 0) {
    wanted.set(name, true);
    return;
  }
  const inner = before ?? new Map<string, Wanted>();
  wanted.set(name, inner);
  want(inner, rest);
}

function pick(members: Members, wanted: ReadonlyMap<string, Wanted>): Members {
  const picked: [string, unknown][] = [];
  for (const [name, value] of Object.entries(members)) {
    const inner = wanted.get(name);
    if (inner === true) picked.push([name, value]);
    else if (inner && isObject(value)) {
      const rest = pick(value, inner);
      if (Object.keys(rest).length > 0) picked.push([name, Object.freeze(rest)]);
    }
  }
  return Object.fromEntries(picked);
}
