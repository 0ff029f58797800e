/**
 * `wirescribe export`: one session as a file for others. Receives its records one by one, gives an asciicast, text for people, or the journal's lines
 * byte for byte, which `verify --session` accepts: with what proves them (export-lines.ts).
 */
import type { Audit } from '../api.js';
import type { AuditRecord } from '../contract.js';
import { EXIT } from '../errors.js';
import type { SessionSummary } from '../store-contract.js';
import { Cast } from '../view/cast.js';
import { OutFile } from '../view/out-file.js';
import { recordForPeople, sessionForPeople } from '../view/people.js';
import { Timeline } from '../view/timeline.js';
import { ExportLines } from './export-lines.js';
import { beginLook } from './look.js';
import { findSession, type Looking, oneOf, screenOf, usage, withAudit } from './looking.js';
import { Progress } from './screen.js';

const FORMATS = ['asciicast-v2', 'asciicast-v3', 'text', 'jsonl'] as const;
type Format = (typeof FORMATS)[number];

/** Writes records in one form. */
interface Form {
  /** Text for the next record, perhaps none yet. */
  take(record: AuditRecord): string;
  /** What follows the last. */
  end(): AsyncIterable<string> | Iterable<string>;
}

/** Runs it. */
export const exportCommand = (looking: Looking): Promise<number> =>
  withAudit(looking, async (audit) => {
    const { line, settings } = looking;
    const [name, more] = line.words;
    if (name === undefined || more !== undefined) return usage("'export' wants one SESSION");
    const format = FORMATS.find((one) => one === oneOf(line, 'format')) ?? usage(`--format wants one of ${FORMATS.join(', ')}`);
    const session = await findSession(audit, name);
    const { session: id, firstId: from } = session;
    const out = oneOf(line, 'out');
    const file = out === undefined ? undefined : await OutFile.create(out);
    const screen = screenOf(looking, false);
    try {
      const look = await beginLook(settings, { topic: 'access.export', method: 'export', filters: [], session: id, format }, looking);
      const found = audit.events({ seek: from, filter: { session: [id] }, signal: screen.signal });
      const write = (text: string): Promise<void> => (file ? file.write(text) : screen.write(text));
      const records = await writeAll(
        found,
        formOf(format, { audit, session, input: line.flags.has('input'), remark: looking.remark }),
        write,
        new Progress(!looking.out.isTTY),
      );
      if (screen.signal.aborted) await file?.discard();
      else await file?.close();
      await screen.close();
      await look.end(records);
      return EXIT.done;
    } catch (error) {
      await file?.discard();
      throw error;
    }
  });

/** How many there were. */
async function writeAll(found: AsyncIterable<AuditRecord>, form: Form, write: (text: string) => Promise<void>, progress: Progress): Promise<number> {
  let records = 0;
  for await (const record of found) {
    records++;
    progress.show(() => `${records.toLocaleString('en')} records, up to ${record.time.slice(0, 19)}`);
    await write(form.take(record));
  }
  for await (const text of form.end()) await write(text);
  progress.clear();
  return records;
}

interface Exported {
  readonly audit: Audit;
  readonly session: SessionSummary;
  /** With what was typed, where the form has a choice. */
  readonly input: boolean;
  readonly remark: Looking['remark'];
}

function formOf(format: Format, exported: Exported): Form {
  if (format === 'jsonl') return new ExportLines(exported);
  return format === 'text' ? textForm(exported) : castForm(format === 'asciicast-v2' ? 2 : 3, exported);
}

function castForm(version: 2 | 3, { session, input }: Exported): Form {
  const timeline = new Timeline();
  const title = [session.listener, session.account, new Date(session.started).toISOString().slice(0, 16).replace('T', ' ')].filter(Boolean).join(' ');
  const cast = new Cast({ version, title, input });
  const linesOf = (events: ReturnType<Timeline['end']>): string => events.map((event) => cast.push(event)).join('');
  return { take: (record) => linesOf(timeline.push(record)), end: () => [linesOf(timeline.end()) + cast.end()] };
}

function textForm({ session, audit: { message } }: Exported): Form {
  const plain = { colour: false, message };
  let head = sessionForPeople(session, plain);
  return {
    take: (record) => {
      const text = head + recordForPeople(record, plain);
      head = '';
      return text;
    },
    end: () => [head],
  };
}
