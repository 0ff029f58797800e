/** `audit.events`: records in order, as far as the caller sees them; with `follow` those that come. Pulls the next record when the last one was taken. */
import type { AuditRecord } from '../../contract.js';
import type { FieldTest, Filter } from '../../store-contract.js';
import { filterOf, maySee, type Sight } from '../access/permissions.js';
import { type EventsQuery, events, waitFor } from '../events.js';
import { type FilterInput, patternsIn, readFilters } from '../filter-words.js';
import { narrowedBy } from '../looks.js';
import type { Below } from './below.js';
import type { Call, Give } from './call.js';
import { Look } from './look.js';
import { type Params, textOf } from './params.js';

/** Up to so many records, and letters of them, a look is one record of the audit, written before they are given. */
const SHORT_RECORDS = 100;
const SHORT_LETTERS = 262_144;

/** Members that find somebody. */
const FINDING = ['account', 'character', 'address'] as const;
const FINDING_PATHS = /^(?:account|character|ip|port|interlink)(?:\.|$)/;

/** Gives each record by `call.give`, then how many there were. */
export async function eventsMethod(call: Call, params: Params, below: Below): Promise<{ readonly records: number; readonly last: string | null }> {
  const { caller } = call;
  const [follow, raw] = [params.follow === true, params.raw === true];
  caller.need('content');
  if (follow) caller.need('live');
  if (raw) caller.need('export');
  const sight = caller.sight;
  const asked = readFilters(params.filter as FilterInput | undefined);
  if (asked.some((filter) => finds(filter, sight))) caller.need('finder');
  call.mayLookFor(patternsIn(asked));
  const narrow = filterOf(sight);
  const store = await below.store();
  const query = { ...queryOf(params), signal: call.signal, filter: narrow ? [...asked, narrow] : asked };
  const source = events(query, { store, compile: below.compile, now: below.books.now, wait: waitFor });
  const look = new Look(caller, lookedOf(asked, params, raw), below.declare);
  call.sight = sight;
  const given = new Giving(call, look, follow || !(Number(params.limit) <= SHORT_RECORDS));
  for await (const record of given.watched(source)) {
    if (maySee(sight, record)) await given.give(record.id, raw ? record.line : shown(record), below.message(record));
  }
  return given.result;
}

/** Whether a filter looks for somebody beyond those whom the caller sees by name. */
function finds(filter: Filter, sight: Sight): boolean {
  const { any = [], fields = [], account = [], ...rest } = filter;
  const beyond = account.some((one) => !sight.accounts.includes(one.toLowerCase()));
  const named = FINDING.some((name) => name !== 'account' && rest[name] !== undefined);
  return beyond || named || fields.some(({ path }: FieldTest) => FINDING_PATHS.test(path)) || any.some((one) => finds(one, sight));
}

function queryOf({ topics, seek, seekEnd, after, order, limit, follow }: Params): EventsQuery {
  const list = typeof topics === 'string' ? topics.split(',').filter((topic) => topic !== '') : topics;
  const given = { topics: list, seek, seekEnd, after, order, limit, follow };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as EventsQuery;
}

function lookedOf(asked: readonly Filter[], params: Params, raw: boolean) {
  const sessions = asked.flatMap(({ session }) => session ?? []);
  return {
    topic: raw ? ('access.export' as const) : ('access.view' as const),
    method: 'audit.events',
    filter: narrowedBy(asked),
    session: sessions.length === 1 ? (sessions[0] ?? null) : null,
    from: textOf(params.seek ?? params.after),
    to: textOf(params.seekEnd),
  };
}

/** A record for reading: without what was on the screen, and the salts. */
function shown(record: AuditRecord): string {
  const { raw: _raw, raw_b64: _bytes, timing: _timing, salt: _salt, who_salt: _who, ...rest } = record;
  return JSON.stringify(rest);
}

/** Gives records on: the first ones of a short look once it was recorded how many there are, all others as they come. */
class Giving {
  readonly #call: Call;
  readonly #look: Look;
  readonly #long: boolean;
  #held: Parameters<Give>[] = [];
  #letters = 0;
  #records = 0;
  #last: string | null = null;

  constructor(call: Call, look: Look, long: boolean) {
    this.#call = call;
    this.#look = look;
    this.#long = long;
  }

  /** The records of a source; recorded when it begins and how it ends. Throws what the call was failed with. */
  async *watched(source: AsyncIterable<AuditRecord>): AsyncGenerator<AuditRecord, void, void> {
    if (this.#long) await this.#look.begin();
    try {
      yield* source;
      this.#call.throwIfFailed();
      if (this.#look.begun) return;
      await this.#look.end(this.#records);
      for (const held of this.#held.splice(0)) await this.#call.give(...held);
    } finally {
      // Its begin is recorded: whoever reads it finds no end where the spool cannot take one.
      if (this.#look.begun) await this.#look.end(this.#records).catch(() => undefined);
    }
  }

  async give(id: string, line: string, message: string | undefined): Promise<void> {
    this.#records += 1;
    this.#last = id;
    if (this.#look.begun) return this.#call.give(line, message);
    this.#held.push([line, message]);
    this.#letters += line.length;
    if (this.#letters < SHORT_LETTERS) return;
    await this.#look.begin();
    for (const held of this.#held.splice(0)) await this.#call.give(...held);
  }

  get result(): { readonly records: number; readonly last: string | null } {
    return { records: this.#records, last: this.#last };
  }
}
