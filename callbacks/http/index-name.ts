/** Names of indexes by time (form elasticsearch). Receives the option `index`, gives a function from times to names. */
import { OptionError } from '../../src/contract.js';

const DAY_MS = 86_400_000;

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** Year and week of ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) };
}

/** strftime's codes that make a name; none is finer than an hour. */
const CODES: { readonly [code: string]: (date: Date) => string } = {
  Y: (date) => pad(date.getUTCFullYear(), 4),
  y: (date) => pad(date.getUTCFullYear() % 100),
  m: (date) => pad(date.getUTCMonth() + 1),
  d: (date) => pad(date.getUTCDate()),
  H: (date) => pad(date.getUTCHours()),
  j: (date) => pad(1 + Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS), 3),
  G: (date) => pad(isoWeek(date).year, 4),
  V: (date) => pad(isoWeek(date).week),
  '%': () => '%',
};
const HOUR_MS = 3_600_000;

/**
 * A function that gives the index of a time, in milliseconds since 1970 UTC. The same hour costs nothing.
 * @param option the option `index`, with strftime's codes
 * @throws OptionError where it makes no name of an index (Elasticsearch: lower case, none of `\ / * ? " < > | , # :` and blank, not begun by `-_+`)
 */
export function indexNamer(option: unknown): (ms: number) => string {
  if (typeof option !== 'string' || option === '') throw new OptionError("index: a name with strftime's codes, 'wirescribe-%Y.%m.%d'");
  const unknown = [...option.matchAll(/%(.?)/gs)].find(([, code = '']) => !(code in CODES));
  if (unknown) throw new OptionError(`index: the code ${unknown[0]} is none of %Y %y %m %d %H %j %G %V %%`);
  const name = (ms: number) => option.replace(/%(.)/g, (_, code: string) => (CODES[code] as (date: Date) => string)(new Date(ms)));
  const example = name(0);
  if (!/^[^-_+\\/*?"<>|,#:\sA-Z][^\\/*?"<>|,#:\sA-Z]*$/.test(example) || /^\.\.?$/.test(example) || Buffer.byteLength(example) > 255) {
    throw new OptionError('index: lower case, at most 255 bytes, not begun by - _ or +, and without any of \\ / * ? " < > | , # : and blanks');
  }
  let hour = Number.NaN;
  let last = '';
  return (ms) => {
    if (Math.floor(ms / HOUR_MS) !== hour) {
      hour = Math.floor(ms / HOUR_MS);
      last = name(ms);
    }
    return last;
  };
}
