/** What `drop` and `archive` share: days on the command line, whom they ask, and how far they are. Receives words, gives requests and answers. */
import { dayNamed } from '../chores/days.js';
import { boundText, type Range } from '../chores/requests.js';
import type { Settings } from '../config/settings.js';
import { AuditError } from '../errors.js';
import { askOwner } from '../view/control.js';

/** `[FROM] [TO]`, each a day of UTC or `-` for no bound. Throws AUDIT_USAGE. */
export function rangeOf(command: string, words: readonly string[]): Range {
  if (words.length > 2) throw new AuditError('AUDIT_USAGE', `'${command}' wants two days at most: FROM and TO`);
  const [from = null, to = null] = words.map((word) => (word === '-' ? null : dayIn(word)));
  if (from !== null && to !== null && from >= to) {
    throw new AuditError('AUDIT_USAGE', 'FROM is the first day that is meant, TO the first that is not: it must be later');
  }
  return { from, to };
}

function dayIn(word: string): number {
  const day = dayNamed(word);
  if (day === undefined) throw new AuditError('AUDIT_USAGE', "FROM and TO are days in UTC, such as 2026-01-31, or '-' for no bound");
  return day;
}

const dayText = (day: number): string => String(boundText(day)).slice(0, 10);

/** `of 2026-01-31 and later, before 2026-02-28`, for people. */
export function rangeText({ from, to }: Range): string {
  if (from === null && to === null) return 'of all days';
  const first = from === null ? '' : `of ${dayText(from)} and later`;
  return to === null ? first : `${first}${first && ', '}before ${dayText(to)}`;
}

/** Does the work where nobody owns the spool. */
export type Alone<T> = (tell: (done: number, all: number) => void) => Promise<T>;

/** Has the owner of the spool do it, or does it here. Shows days done on a terminal. Throws what either does. */
export async function ask<T>({ spool }: Settings, command: string, request: object, alone: Alone<T>): Promise<T> {
  try {
    const asked = await askOwner(spool.dir, { command, request }, (progress) => {
      const { done, all } = progress as { done: number; all: number };
      show(command, done, all);
    });
    return asked === undefined ? await alone((done, all) => show(command, done, all)) : (asked as T);
  } finally {
    clear();
  }
}

let shown = false;

function show(command: string, done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  shown = true;
  process.stderr.write(`\r\x1b[K${command}: ${done} of ${all} days`);
}

function clear(): void {
  if (shown) process.stderr.write('\r\x1b[K');
  shown = false;
}
