/**
 * What `sessions`, `query`, `tail`, `replay` and `export` share: the words of their command line, the store behind them, and the record of each look.
 * Receives a command line, gives an opened audit and a look that was recorded; the rooms that show what was found know nothing of it.
 */
import type { Audit } from '../api.js';
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { AuditError } from '../errors.js';
import type { Filter, SessionSummary } from '../store-contract.js';
import type { LookOptions } from './look.js';
import { type Out, Screen } from './screen.js';

/** What a command that looks is given. */
export interface Looking extends LookOptions {
  readonly line: CommandLine;
  readonly settings: Settings;
  /** Opens what is looked at; where nothing is stored yet, only for whoever can wait for it. */
  readonly open: (mayBeEmpty: boolean) => Promise<Audit>;
  readonly out: Out;
  readonly env: NodeJS.ProcessEnv;
  /** Is told what to do when standard output has no reader any more. */
  readonly onReaderGone: (then: () => void) => void;
}

export const usage = (message: string): never => {
  throw new AuditError('AUDIT_USAGE', message);
};

export const oneOf = ({ values }: CommandLine, name: string): string | undefined => values.get(name)?.[0];

/** A whole number of an option, 0 or more. */
export function countOf(line: CommandLine, name: string): number | undefined {
  const text = oneOf(line, name);
  if (text === undefined) return undefined;
  return /^\d{1,12}$/.test(text) ? Number(text) : usage(`--${name} wants a whole number`);
}

/** Words of a search as readFilters takes them: what has no `=` in it are words that stand in the text. */
export function filterWords(words: readonly string[]): string[] {
  const bare = words.filter((word) => !word.includes('='));
  return [...words.filter((word) => word.includes('=')), ...(bare.length > 0 ? [`words=${bare.join(' ')}`] : [])];
}

/** Where it shows what it found. @param pager through a pager, unless --no-pager says no */
export const screenOf = ({ line, out, env, onReaderGone }: Looking, pager: boolean): Screen =>
  new Screen({ out, env, onReaderGone, pager: pager && !line.flags.has('no-pager') });

/** The one session that a search is narrowed to. */
export const onlySession = (filters: readonly Filter[]): string | undefined => {
  const [session, more] = filters.flatMap((filter) => filter.session ?? []);
  return more === undefined ? session : undefined;
};

/** Runs work over the audit, and closes that. */
export async function withAudit<T>({ open, line }: Looking, work: (audit: Audit) => Promise<T>): Promise<T> {
  const audit = await open(line.flags.has('follow'));
  try {
    return await work(audit);
  } finally {
    await audit.close();
  }
}

const ID_LENGTH = 36;

/**
 * The one session that a name means: its id, the beginning of it, or its end as lines for people show it.
 * @throws AuditError AUDIT_USAGE where none or more than one is meant
 */
export async function findSession(audit: Audit, name: string): Promise<SessionSummary> {
  const meant = name.toLowerCase();
  if (!/^[0-9a-f-]{4,36}$/.test(meant))
    usage("SESSION wants a session's id, or at least 4 characters of its beginning or end; see `wirescribe sessions`");
  let found: SessionSummary | undefined;
  for await (const one of audit.sessions(meant.length === ID_LENGTH ? { session: [meant] } : {})) {
    if (!one.session.startsWith(meant) && !one.session.endsWith(meant)) continue;
    if (found) usage(`more than one session is called ${meant}; give more of its id`);
    found = one;
  }
  return found ?? usage(`there is no session ${meant} in the store; see \`wirescribe sessions\``);
}
