/**
 * `wirescribe redact`: erases what was recorded, keeping the proof. Receives the command's options, asks the owner of the spool, or does the work itself
 * where nobody owns it. Asks before it erases. Prints counts, never a text.
 */
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { AuditError, EXIT } from '../errors.js';
import type { Redacted } from '../redact/redact.js';
import type { ErasedPart } from '../spool/redact/erase.js';
import type { RedactRequest } from '../spool/redact/select.js';
import { askOwner } from '../view/control.js';
import { confirmed, mustBeAskable, userName } from './ask.js';

const CRITERIA = ['record', 'session', 'account', 'pattern'] as const;
const PARTS: readonly string[] = ['who', 'body', 'both'];
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?Z?)?$/;
/** What stands in a record is bounded. */
const MOST_WORDS = 500;

const usage = (message: string): never => {
  throw new AuditError('AUDIT_USAGE', message);
};

/** What the options ask for. Throws AUDIT_USAGE. */
export function requestOf({ values }: CommandLine): RedactRequest {
  const one = (name: string): string | undefined => values.get(name)?.[0];
  const given = CRITERIA.filter((name) => one(name) !== undefined);
  const [criterion] = given;
  const timed = one('from') !== undefined || one('to') !== undefined;
  if (given.length > 1 || (!criterion && !timed))
    usage("'redact' wants one of --record ID, --session ID, --account NAME and --pattern REGEX, or a time alone: --from, --to");
  if (criterion && one(criterion) === '') usage(`--${criterion} is empty; that would be everything`);
  // A who goes in all the session: what was said in one line is no reason for that, unless it is asked for.
  const part = one('part') ?? (criterion === 'pattern' ? 'body' : 'both');
  if (!PARTS.includes(part)) usage("--part wants 'who', 'body' or 'both'");
  const why = one('why') ?? '';
  if (why.trim() === '') usage('--why is missing: the reason stands in the record of the redaction');
  const by = one('by') ?? userName();
  if (by.trim() === '') usage('--by is empty; it stands in the record of the redaction');
  if (why.length > MOST_WORDS || by.length > MOST_WORDS) usage(`--why and --by take ${MOST_WORDS} characters at most`);
  const files = values.get('file')?.map((file) => resolve(file));
  return { part: part as ErasedPart, ...(criterion ? { [criterion]: one(criterion) } : {}), ...timesOf(one), ...(files ? { files } : {}), by, why };
}

function timesOf(one: (name: string) => string | undefined): { from?: string; to?: string } {
  const time = (name: 'from' | 'to') => {
    const text = one(name);
    if (text === undefined) return {};
    if (!TIME.test(text) || Number.isNaN(Date.parse(text.length > 10 ? text.replace(/T(\d\d)Z?$/, 'T$1:00Z') : text))) {
      return usage(`--${name} wants a time in UTC: 2026-01-31 or 2026-01-31T12:00:00Z`);
    }
    return { [name]: text.replace(/Z$/, '') };
  };
  return { ...time('from'), ...time('to') };
}

/** Does the work where nobody owns the spool; what `redact` of a running proxy does otherwise. */
export type Alone = (request: RedactRequest, look: boolean, tell: (progress: unknown) => void) => Promise<Redacted>;

/**
 * Runs the command.
 * @param print writes to standard output
 */
export async function redactCommand(
  line: CommandLine,
  { spool }: Settings,
  { alone, print }: { readonly alone: Alone; readonly print: (text: string) => Promise<number> },
): Promise<number> {
  const request = requestOf(line);
  const json = line.flags.has('json');
  const look = line.flags.has('dry-run');
  if (!look) mustBeAskable(line.flags, '--yes to erase, or --dry-run to count');
  const run = async (looking: boolean): Promise<Redacted> => {
    const asked = await askOwner(spool.dir, { command: 'redact', request, look: looking }, showProgress);
    const done = asked === undefined ? await alone(request, looking, showProgress) : (asked as Redacted);
    clearProgress();
    return done;
  };
  if (look || !line.flags.has('yes')) {
    const { records, unread } = await run(true);
    if (look || records === 0) {
      await print(json ? `${JSON.stringify({ records, unread, erased: false })}\n` : `${meant(records)}; nothing was erased\n${left(unread)}`);
      return records === 0 ? EXIT.no : EXIT.done;
    }
    if (!(await confirmed(`Erase ${partName(request.part)} of ${records} records for good?`))) return EXIT.no;
  }
  const done = await run(false);
  await print(json ? `${JSON.stringify({ ...done, erased: done.records > 0 })}\n` : reportOf(done, request.part));
  return done.records === 0 ? EXIT.no : EXIT.done;
}

const meant = (records: number): string =>
  records === 0 ? 'no record is meant' : records === 1 ? '1 record is meant' : `${records} records are meant`;

const left = (unread: number): string =>
  unread === 0 ? '' : `${unread} lines are no records, or damaged: nobody can say what they hold, and they were left; \`verify\` shows where\n`;

function reportOf({ request, records, lines, unread }: Redacted, part: ErasedPart): string {
  if (records === 0) return `${meant(0)}; nothing was erased\n${left(unread)}`;
  const where = 'what Kafka, syslog, http and backups hold is not ours to erase: they were sent the access.redact, and must act on it\n';
  return `erased ${partName(part)} of ${records} records, in ${lines} lines of our files (request ${request})\n${where}${left(unread)}`;
}

const partName = (part: ErasedPart): string => (part === 'both' ? 'who and body' : `the ${part}`);

let shown = false;

function showProgress(progress: unknown): void {
  if (!process.stderr.isTTY) return;
  const { stage, done, all } = progress as { stage: string; done: number; all: number };
  shown = true;
  process.stderr.write(`\r\x1b[K${stage}: ${done} of ${all} files`);
}

function clearProgress(): void {
  if (shown) process.stderr.write('\r\x1b[K');
  shown = false;
}
