/**
 * `wirescribe redact`: erases what was recorded, keeping the proof. Receives the command's options, asks the owner of the spool, or does the work itself
 * where nobody owns it. Asks before it erases. Prints counts, never a text.
 */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Settings } from '../config/settings.js';
import type { CommandLine } from '../config/usage.js';
import { AuditError, EXIT } from '../errors.js';
import type { Redacted } from '../redact.js';
import type { ErasedPart } from '../spool/erase.js';
import type { RedactRequest } from '../spool/redact-select.js';
import { askOwner } from '../view/control.js';

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
  if (!criterion || given.length > 1) return usage("'redact' wants one of --record ID, --session ID, --account NAME and --pattern REGEX");
  if (one(criterion) === '') usage(`--${criterion} is empty; that would be everything`);
  const part = one('part') ?? 'both';
  if (!PARTS.includes(part)) usage("--part wants 'who', 'body' or 'both'");
  const why = one('why') ?? '';
  if (why.trim() === '') usage('--why is missing: the reason stands in the record of the redaction');
  const by = one('by') ?? userInfo().username;
  if (why.length > MOST_WORDS || by.length > MOST_WORDS) usage(`--why and --by take ${MOST_WORDS} characters at most`);
  return { part: part as ErasedPart, [criterion]: one(criterion), ...timesOf(one), by, why };
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
  const run = async (looking: boolean): Promise<Redacted> => {
    const asked = await askOwner(spool.dir, { command: 'redact', request, look: looking }, showProgress);
    const done = asked === undefined ? await alone(request, looking, showProgress) : (asked as Redacted);
    clearProgress();
    return done;
  };
  if (look || !line.flags.has('yes')) {
    const { records } = await run(true);
    if (look || records === 0) {
      await print(json ? `${JSON.stringify({ records, erased: false })}\n` : `${records} records are meant; nothing was erased\n`);
      return records === 0 ? EXIT.no : EXIT.done;
    }
    if (!(await confirmed(`Erase ${partName(request.part)} of ${records} records for good? [y/N] `))) return EXIT.no;
  }
  const { request: number, records, lines } = await run(false);
  await print(
    json
      ? `${JSON.stringify({ request: number, records, lines, erased: records > 0 })}\n`
      : records === 0
        ? 'no record is meant; nothing was erased\n'
        : `erased ${partName(request.part)} of ${records} records, in ${lines} lines of our files (request ${number})\n` +
          'what Kafka, syslog, http and backups hold is not ours to erase: they were sent the access.redact, and must act on it\n',
  );
  return records === 0 ? EXIT.no : EXIT.done;
}

const partName = (part: ErasedPart): string => (part === 'both' ? 'who and body' : `the ${part}`);

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) usage('nobody can be asked here; say --yes to erase, or --dry-run to count');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

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
