/**
 * Reads the store (src/store-contract.ts), while others fill it, drop days or make it anew. Opens what a question needs, and closes it again: so it holds
 * nobody up, and sees a store that has come, or another in its place. Never writes but where it is asked to erase or to drop.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Count,
  CountQuery,
  Page,
  PageQuery,
  SessionCount,
  SessionCountQuery,
  SessionQuery,
  SessionSummary,
  Store,
  StoredRecord,
  StoreFigures,
} from '../../src/store-contract.js';
import { CountSums, countsOfDay } from './count-read.js';
import { DayReader } from './day-read.js';
import { DAY_SCHEMA } from './day-schema.js';
import { dropDays } from './drop.js';
import { File, using } from './engine.js';
import { eraseLines } from './erase.js';
import { fold } from './facts.js';
import { type DayRow, HUB_FILE, HUB_SCHEMA } from './hub.js';
import { DAY_MS, fileOf, firstOf, lastOf } from './ids.js';
import { filesIn } from './kept.js';
import type { Settings } from './options.js';
import { SessionCounts } from './session-count.js';
import { sessionsOf } from './session-read.js';
import { asksOf } from './where.js';

/** How long a page may take before what was found is given, in milliseconds. */
const PAGE_MS = 60;
/** Letters in a page, at most one record more. */
const PAGE_BYTES = 8 << 20;
const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Reader implements Store {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async page(query: PageQuery): Promise<Page> {
    const allowed = { records: query.limit, bytes: PAGE_BYTES, until: performance.now() + PAGE_MS };
    const { above, below } = boundsOf(query);
    const up = query.order === 'asc';
    const records: StoredRecord[] = [];
    const days = this.#days().filter(({ day }) => lastOf(day) > above && firstOf(day) < below);
    for (const { day } of up ? days : days.reverse()) {
      if (allowed.records <= 0 || performance.now() > allowed.until) return { records, next: justBefore(day, up, { above, below }) };
      const found = this.#inDay(day, query, (file, next) => new DayReader(file, { ...query, above, below }, next).find(allowed));
      records.push(...(found?.records ?? []));
      if (found?.upTo !== undefined) return { records, next: found.upTo };
    }
    return { records, next: null };
  }

  async sessions(query: SessionQuery): Promise<readonly SessionSummary[]> {
    return this.#inHub((hub) => sessionsOf(hub, query)) ?? [];
  }

  async counts(query: CountQuery): Promise<readonly Count[]> {
    const sums = new CountSums(query);
    for (const { day } of this.#days()) {
      if ((day + 1) * DAY_MS <= query.from || day * DAY_MS >= query.to) continue;
      this.#inFile(day, (file) => countsOfDay(file, day, query, sums));
      await nextTurn();
    }
    return sums.all();
  }

  async sessionCounts(query: SessionCountQuery): Promise<readonly SessionCount[]> {
    const counts = new SessionCounts(query);
    while (this.#inHub((hub) => counts.step(hub))) await nextTurn();
    return counts.all();
  }

  async values(of: 'account' | 'address' | 'listener' | 'event' | 'topic' | 'character', prefix: string, limit: number): Promise<readonly string[]> {
    const [from, to] = [fold(prefix), `${fold(prefix)}\u{10ffff}`];
    const sql = 'SELECT name FROM value WHERE of = ? AND key >= ? AND key < ? AND n > 0 ORDER BY n DESC, key LIMIT ?';
    const rows = this.#inHub((hub) => hub.all<{ readonly name: string }>(sql, of, from, to, limit)) ?? [];
    return rows.map(({ name }) => name);
  }

  async figures(): Promise<StoreFigures> {
    const days = this.#days();
    const ids = (name: 'first' | 'last'): string[] => days.flatMap((day) => day[name] ?? []);
    return {
      records: days.reduce((sum, { records }) => sum + records, 0),
      sessions: this.#inHub((hub) => hub.get<{ readonly n: number }>('SELECT count(*) AS n FROM session')?.n) ?? 0,
      bytes: bytesIn(this.#settings.folder),
      oldest: ids('first')[0] ?? null,
      newest: ids('last').at(-1) ?? null,
    };
  }

  async newest(): Promise<string | null> {
    const sql = 'SELECT last FROM day WHERE gone = 0 AND last IS NOT NULL ORDER BY day DESC LIMIT 1';
    return this.#inHub((hub) => hub.get<{ readonly last: string }>(sql)?.last) ?? null;
  }

  async drop(range: { readonly from: number | null; readonly to: number | null; readonly keepSessions: boolean }): Promise<number> {
    return existsSync(join(this.#settings.folder, HUB_FILE)) ? dropDays(this.#settings, range) : 0;
  }

  async erase(
    erase: (line: Buffer) => Buffer | undefined,
    progress: (done: number, all: number) => void,
    among?: ReadonlySet<string>,
  ): Promise<number> {
    return existsSync(join(this.#settings.folder, HUB_FILE)) ? eraseLines(this.#settings, { erase, progress, among }) : 0;
  }

  async close(): Promise<void> {}

  #days(): DayRow[] {
    return this.#inHub((hub) => hub.all<DayRow>('SELECT * FROM day WHERE gone = 0 ORDER BY day')) ?? [];
  }

  #inHub<T>(work: (hub: File) => T): T | undefined {
    return using(File.read(join(this.#settings.folder, HUB_FILE), HUB_SCHEMA), work);
  }

  #inFile<T>(day: number, work: (file: File) => T): T | undefined {
    return using(File.read(join(this.#settings.folder, fileOf(day)), DAY_SCHEMA), (file) => file.reading(() => work(file)));
  }

  /** As `#inFile`, with those other files attached that the question's filters ask for. */
  #inDay<T>(day: number, { filters }: PageQuery, work: (file: File, next: boolean) => T): T | undefined {
    const { folder } = this.#settings;
    const behind = join(folder, fileOf(day + 1));
    return using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), (file) => {
      const next = asksOf(filters, 'answered') && using(File.read(behind, DAY_SCHEMA), () => true) === true;
      if (next) file.attach(behind, 'next');
      if (asksOf(filters, 'faulty')) file.attach(join(folder, HUB_FILE), 'hub');
      return file.reading(() => work(file, next));
    });
  }
}

/** Exclusive bounds of a question; of two that say the same the narrower. */
function boundsOf({ from, to, after, order }: PageQuery): { readonly above: string; readonly below: string } {
  const lower = [from === undefined ? LOWEST : before(from.toLowerCase()), ...(after !== undefined && order === 'asc' ? [after.toLowerCase()] : [])];
  const upper = [to?.toLowerCase() ?? HIGHEST, ...(after !== undefined && order === 'desc' ? [after.toLowerCase()] : [])];
  return { above: lower.sort().at(-1) as string, below: upper.sort()[0] as string };
}

/** The id in front of one. */
function before(id: string): string {
  const hex = id.replaceAll('-', '');
  const number = BigInt(`0x${hex}`);
  if (number === 0n) return LOWEST;
  const text = (number - 1n).toString(16).padStart(32, '0');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

/** Where a question goes on that has not come to a day yet. */
function justBefore(day: number, up: boolean, { above, below }: { readonly above: string; readonly below: string }): string {
  const edge = up ? before(firstOf(day)) : firstOf(day + 1);
  if (up) return edge > above ? edge : above;
  return edge < below ? edge : below;
}

/** Bytes of all files of the store. */
const bytesIn = (folder: string): number => filesIn(folder).reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
