/**
 * `wirescribe archive`: writes days of the store to files that are evidence, and takes them out of the store where that is asked for. Receives the command's
 * words and options, asks, and has the owner of the spool do it, or does it itself where nobody owns it. Prints files and counts, never a text.
 */
import type { ArchivedTo } from '../chores/chores.js';
import { dayName } from '../chores/days.js';
import type { ArchiveRequest } from '../chores/requests.js';
import type { ChoreTell } from '../chores/worker.js';
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { EXIT } from '../errors.js';
import { confirmed, mustBeAskable, userName } from './ask.js';
import { ask, rangeOf, rangeText } from './days.js';

export interface ArchiveOptions {
  readonly alone: (request: ArchiveRequest, tell: ChoreTell) => Promise<ArchivedTo>;
  /** Writes to standard output. */
  readonly print: (text: string) => Promise<number>;
}

/** Runs the command. Gives the exit code: 1 where nothing was archived, or no was said. Throws as Chores.archive, and AUDIT_USAGE. */
export async function archiveCommand({ words, flags }: CommandLine, settings: Settings, { alone, print }: ArchiveOptions): Promise<number> {
  const range = rangeOf('archive', words);
  const reset = flags.has('reset');
  if (reset) {
    mustBeAskable(flags, '--yes to archive and drop');
    const what = `Archive what was recorded ${rangeText(range)} to ${settings.archive.dir}, and then drop it from the store?`;
    if (!flags.has('yes') && !(await confirmed(what))) return EXIT.no;
  }
  const request = { ...range, reset, by: userName() };
  const done = await ask<ArchivedTo>(settings, 'archive', request, (tell) => alone(request, tell));
  const { records, files, dropped } = done;
  await print(flags.has('json') ? `${JSON.stringify({ records, files, dropped })}\n` : told(done, reset));
  return records === 0 ? EXIT.no : EXIT.done;
}

function told({ records, files, dropped, to }: ArchivedTo, reset: boolean): string {
  if (records === 0) return 'nothing was archived: the store has no day of that time that is over\n';
  const gone = reset ? `; ${dropped} were dropped from the store` : '';
  return `${files.join('\n')}\n${records} records of days before ${dayName(to)} are archived and proven to be there${gone}\n`;
}
