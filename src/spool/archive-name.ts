/**
 * Names of archive files by the day that they begin with (ARCHIVE_NAME). Receives a template with strftime's codes and days, gives names, and knows a name
 * again. Touches no file.
 */

const DAY_MS = 86_400_000;

export const ARCHIVE_ENDING = '.jsonl.gz';
/** Bytes that a file system takes for a name, less what we put behind it. */
const MOST_BYTES = 200;

const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const dayOfYear = (date: Date): number => 1 + Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);
/** ISO 8601: a week belongs to the year that its Thursday is in. */
const thursdayOf = (date: Date): Date => new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * DAY_MS);

/** strftime's codes that name a day, a week, a month or a year, in UTC; and how many digits each has. */
const CODES: { readonly [code: string]: readonly [digits: number, value: (date: Date) => number] } = {
  Y: [4, (date) => date.getUTCFullYear()],
  y: [2, (date) => date.getUTCFullYear() % 100],
  m: [2, (date) => date.getUTCMonth() + 1],
  d: [2, (date) => date.getUTCDate()],
  j: [3, dayOfYear],
  G: [4, (date) => thursdayOf(date).getUTCFullYear()],
  V: [2, (date) => 1 + Math.floor((dayOfYear(thursdayOf(date)) - 1) / 7)],
};

/** What is wrong with a template, for people; undefined: nothing. */
export function faultOfName(template: string): string | undefined {
  const unknown = [...template.matchAll(/%(.?)/gs)].find(([, code = '']) => code !== '%' && !Object.hasOwn(CODES, code));
  if (unknown) return `the code ${unknown[0]} is none of %Y %y %m %d %j %G %V %%`;
  if (!/^[A-Za-z0-9%_][^/\0-\x1f\x7f]*$/.test(template) || Buffer.byteLength(archiveName(template, 0)) > MOST_BYTES)
    return `a name begins with a letter, a digit or _, has no / and no control character in it, and at most ${MOST_BYTES} bytes`;
  return undefined;
}

/** The name, without its ending, of the file that holds a day. @param day its beginning in UTC, milliseconds since 1970 */
export const archiveName = (template: string, day: number): string =>
  template.replace(/%(.)/g, (_, code: string) => {
    const [digits, value] = CODES[code] ?? [];
    return digits === undefined || value === undefined ? code : pad(value(new Date(day)), digits);
  });

const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Names of files that a template may have given: with a number where there was one before, and those that a crash left half made. */
export function archiveNames(template: string): RegExp {
  const name = template
    .split(/(%.)/)
    .map((part) => (/^%./.test(part) ? (part === '%%' ? '%' : `\\d{${CODES[part.charAt(1)]?.[0]}}`) : quoted(part)))
    .join('');
  return new RegExp(`^${name}(\\.\\d+)?${quoted(ARCHIVE_ENDING)}(\\.tmp)?$`);
}
