/**
 * `wirescribe drop`: takes days out of the store. Receives the command's words and options, asks, and has the owner of the spool do it, or does it itself
 * where nobody owns it. Prints how many records went, never a text.
 */
import type { Dropped } from '../chores/chores.js';
import { type DropRequest, isRecent } from '../chores/requests.js';
import type { ChoreTell } from '../chores/worker.js';
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { EXIT } from '../errors.js';
import { confirmed, mustBeAskable, userName } from './ask.js';
import { ask, rangeOf, rangeText } from './days.js';

export interface DropOptions {
  readonly alone: (request: DropRequest, tell: ChoreTell) => Promise<Dropped>;
  /** Writes to standard output. */
  readonly print: (text: string) => Promise<number>;
}

/** Runs the command. Gives the exit code: 1 where nothing was dropped, or no was said. Throws as Chores.drop, and AUDIT_USAGE. */
export async function dropCommand({ words, flags }: CommandLine, settings: Settings, { alone, print }: DropOptions): Promise<number> {
  const range = rangeOf('drop', words);
  mustBeAskable(flags, '--yes to drop');
  const { retentionDays } = settings;
  const keepSessions = flags.has('keep-sessions');
  const asks = !flags.has('yes');
  const kept = isRecent(range, retentionDays, Date.now()) ? ` RETENTION_DAYS = ${retentionDays ?? 'None'} still keeps some of it.` : '';
  const what = `what was recorded ${rangeText(range)}${keepSessions ? ', but for who was there when,' : ''}`;
  if (asks && !(await confirmed(`Drop ${what} from the store for good?${kept}`))) return EXIT.no;
  const request = { ...range, keepSessions, recent: asks || flags.has('recent'), by: userName() };
  const { records } = await ask<Dropped>(settings, 'drop', request, (tell) => alone(request, tell));
  await print(flags.has('json') ? `${JSON.stringify({ records })}\n` : `${records} ${records === 1 ? 'record was' : 'records were'} dropped\n`);
  return records === 0 ? EXIT.no : EXIT.done;
}
