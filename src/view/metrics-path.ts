/** What figures are asked for, as a path: `inputs`, `bytes_in/listener`, `logins/account/bob`, `inputs/listener/game/account`. Reads text, nothing else. */
import { didYouMean } from '../config/nearest.js';
import { quoteName } from '../config/source.js';
import { AuditError } from '../errors.js';
import { COUNTED, type Counted, type CountQuery } from '../store-contract.js';

const BY = ['listener', 'account', 'event'] as const;
export type CountedBy = (typeof BY)[number];

/** What can be counted: what the store counts by minutes, and how many sessions went on. */
const FIGURES = [...COUNTED, 'sessions'] as const;

/** A path, read: what is counted, of which listeners, accounts or events alone, and by which it is told apart. */
export interface MetricsPath {
  readonly counted: Counted | 'sessions';
  readonly only: Pick<CountQuery, CountedBy>;
  readonly by: CountedBy | undefined;
}

const MOST_PATH = 1_000;

function oneOf<T extends string>(name: string, known: readonly T[], what: string): T {
  const found = known.find((one) => one === name);
  if (found) return found;
  throw new AuditError('AUDIT_QUERY', `path: there is no ${what} ${quoteName(name)}; ${didYouMean(name, known)}`);
}

/** A name between slashes, in which `%2F` is a slash (RFC 3986 2.1). */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AuditError('AUDIT_QUERY', 'path: a % stands before two hexadecimal digits; write %25 for one of a name');
  }
}

/**
 * Reads a path: what is counted, then pairs of `listener`, `account` or `event` and a name, and perhaps one of those words alone at the end.
 * @throws AuditError AUDIT_QUERY with the nearest known word
 */
export function readMetricsPath(path: string): MetricsPath {
  if (typeof path !== 'string' || path.length > MOST_PATH) throw new AuditError('AUDIT_QUERY', `path wants at most ${MOST_PATH} characters`);
  const [first = '', ...rest] = path.split('/').map(unescaped);
  const counted = oneOf(first, FIGURES, 'figure');
  const only: { -readonly [name in CountedBy]?: readonly string[] } = {};
  let by: CountedBy | undefined;
  for (let index = 0; index < rest.length; index += 2) {
    const name = oneOf(rest[index] ?? '', BY, 'way to tell figures apart,');
    if (counted === 'sessions' && name === 'event')
      throw new AuditError('AUDIT_QUERY', 'path: sessions are told apart by listener and account alone');
    const value = rest[index + 1];
    if (only[name] !== undefined) throw new AuditError('AUDIT_QUERY', `path: ${name} stands there twice; keep one`);
    if (value === undefined) by = name;
    else only[name] = [value];
  }
  return { counted, only, by };
}
