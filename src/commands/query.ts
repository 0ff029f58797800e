/** `wirescribe query` and `wirescribe tail`: records that fit a search, as lines for people or as the journal has them; once, or as they come. */
import type { Audit } from '../api.js';
import type { AuditRecord } from '../contract.js';
import { EXIT } from '../errors.js';
import type { Filter } from '../store-contract.js';
import type { EventsQuery } from '../view/events.js';
import { readFilters } from '../view/filter-words.js';
import { recordForPeople } from '../view/people.js';
import { beginLook, type Look } from './look.js';
import { countOf, filterWords, type Looking, oneOf, onlySession, screenOf, usage, withAudit } from './looking.js';
import { Progress, type Screen } from './screen.js';
import { withoutSystem } from './unasked.js';

/** What the command line asks for. */
interface Asked {
  readonly query: EventsQuery;
  /** As it says it, for the record of the look. */
  readonly filters: readonly Filter[];
}

/** How many `tail` shows of what was before. */
const TAIL = 20;

/** Runs `query`. Exit 1 where nothing is found. */
export const queryCommand = (looking: Looking): Promise<number> =>
  withAudit(looking, async (audit) => {
    const { line } = looking;
    const asked = askedOf(looking);
    const counts = line.flags.has('count');
    const screen = screenOf(looking, !counts);
    const found = audit.events({ ...asked.query, signal: screen.signal });
    const look = await begin(looking, asked);
    const progress = new Progress(counts || !looking.out.isTTY);
    let records = 0;
    const show = shownAs(looking, screen, audit);
    for await (const record of found) {
      records++;
      progress.show(() => `${records.toLocaleString('en')} found, up to ${record.time.slice(0, 19)}`);
      if (!counts) await screen.write(show(record));
    }
    progress.clear();
    if (counts) await screen.write(`${records}\n`);
    await screen.close();
    await look.end(records);
    return records === 0 ? EXIT.no : EXIT.done;
  });

/** Runs `tail`: the last ones, and with -f those that come, until somebody has enough. Exit 1 where there are none and none are waited for. */
export const tailCommand = (looking: Looking): Promise<number> =>
  withAudit(looking, async (audit) => {
    const { line } = looking;
    const follow = line.flags.has('follow');
    const asked = askedOf(looking);
    const { query } = asked;
    const screen = screenOf(looking, !follow);
    const [newest] = await lastOf(audit.events({ order: 'desc', limit: 1 }));
    const last = audit.events({ ...query, order: 'desc', limit: countOf(line, 'lines') ?? TAIL });
    const look = await begin(looking, asked);
    const records = await lastOf(last);
    const show = shownAs(looking, screen, audit);
    for (const record of records) await screen.write(show(record));
    let shown = records.length;
    if (follow) {
      const after = [newest?.id ?? '', records.at(-1)?.id ?? ''].sort().at(-1);
      for await (const record of audit.events({ ...query, ...(after ? { after } : {}), follow, signal: screen.signal })) {
        shown++;
        await screen.write(show(record));
      }
    }
    await screen.close();
    await look.end(shown);
    return shown === 0 && !follow ? EXIT.no : EXIT.done;
  });

/** The oldest first. */
async function lastOf(newestFirst: AsyncIterable<AuditRecord>): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for await (const record of newestFirst) records.push(record);
  return records.reverse();
}

function askedOf({ line }: Looking): Asked {
  const [seek, seekEnd, order = 'asc'] = [oneOf(line, 'from'), oneOf(line, 'to'), oneOf(line, 'order')];
  const limit = countOf(line, 'limit');
  if (order !== 'asc' && order !== 'desc') return usage("--order wants 'asc' or 'desc'");
  const filters = readFilters(filterWords(line.words));
  const search = { topics: (line.values.get('topics') ?? []).flatMap((topics) => topics.split(',')), filter: filters };
  const query = {
    ...(line.flags.has('all') ? search : withoutSystem(search)),
    order,
    ...(seek === undefined ? {} : { seek }),
    ...(seekEnd === undefined ? {} : { seekEnd }),
    ...(limit === undefined ? {} : { limit }),
  } as const;
  return { query, filters };
}

function begin(looking: Looking, { query, filters }: Asked): Promise<Look> {
  const bounds = { from: query.seek as string | undefined, to: query.seekEnd as string | undefined };
  return beginLook(
    looking.settings,
    { topic: 'access.view', method: looking.line.command ?? '', filters, session: onlySession(filters), ...bounds },
    looking,
  );
}

/** How a record is shown. @returns text with its line end */
function shownAs({ line }: Looking, { colour }: Screen, { message }: Audit): (record: AuditRecord) => string {
  if (line.flags.has('json')) return (record) => `${record.line}\n`;
  const look = { colour, verbose: line.flags.has('verbose'), message };
  return (record) => recordForPeople(record, look);
}
