/**
 * Fills the store. Receives records, in batches; each batch is one transaction in the file of each day, made durable, and then one in store.db, which may
 * lag behind by a crash: it says up to which number it has taken up each day, and what is behind that is taken up from the day's file before anything
 * else. The right to write store.db is held from first to last, so that several writers, and who drops days, take turns.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditRecord, RefusedRecords } from '../../src/contract.js';
import { Day } from './day.js';
import { forgetVanished, removeDay, sweepDays } from './drop.js';
import { type Facts, factsOf, factsOfLine, type Members } from './facts.js';
import { guarded } from './failure.js';
import { HUB_FILE, Hub } from './hub.js';
import { dayOfFile, fileOf, isId } from './ids.js';
import type { Settings } from './options.js';

/** Files of days that are held open: at midnight there are two. */
const MOST_OPEN = 3;
/** Records taken up from a day's file at a time. */
const CATCH_UP = 5_000;

interface Entry {
  readonly facts: Facts;
  readonly line: string;
}

interface OpenDay {
  readonly day: Day;
  /** The file itself, whatever its name leads to by now. */
  readonly inode: number;
}

export class Writer {
  readonly #settings: Settings;
  readonly #hub: Hub;
  readonly #open = new Map<number, OpenDay>();

  /** Opens the store, makes it where there is none, and takes up what a crash left. Throws StoreError. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#hub = new Hub(join(settings.folder, HUB_FILE));
    this.#recover();
  }

  /** Whatever throws, nothing of it counts as written. Throws StoreError, and RefusedRecords for lines that are no records. */
  write(records: readonly AuditRecord[]): void {
    const refused: AuditRecord[] = [];
    const days = new Map<number, Entry[]>();
    for (const record of records) {
      const entry = entryOf(record);
      if (!entry) refused.push(record);
      else if (!days.get(entry.facts.day)?.push(entry)) days.set(entry.facts.day, [entry]);
    }
    try {
      this.#hub.file.transaction(() => {
        for (const [number, entries] of days) this.#writeDay(number, entries);
      });
    } catch (error) {
      for (const { day } of this.#open.values()) day.forget();
      throw error;
    }
    if (refused.length > 0) throw new RefusedRecords(refused.map((record) => ({ record, reason: 'malformed' })));
  }

  close(): void {
    for (const { day } of this.#open.values()) day.file.close();
    this.#open.clear();
    this.#hub.file.close();
  }

  #writeDay(number: number, entries: readonly Entry[]): void {
    const day = this.#day(number);
    while (this.#catchUp(number, day));
    const fresh = day.file.transaction(() => {
      day.begin(this.#settings.indexes);
      return day.add(entries);
    });
    this.#hub.apply(stateOf(number, day), fresh);
  }

  /** The day's file; of one that was removed since, a new one. */
  #day(number: number): Day {
    const path = join(this.#settings.folder, fileOf(number));
    const open = this.#open.get(number);
    const known = this.#hub.day(number);
    const gone = known?.gone === 1;
    if (!gone && open && guarded(fileOf(number), () => statSync(path, { throwIfNoEntry: false }))?.ino === open.inode) return open.day;
    this.#close(number);
    if (gone) removeDay(this.#hub, this.#settings.folder, number);
    else if (known && !existsSync(path)) forgetVanished(this.#hub, this.#settings.folder, [number]);
    for (const other of this.#open.keys()) {
      if (this.#open.size < MOST_OPEN) break;
      this.#close(other);
    }
    const day = new Day(path);
    this.#open.set(number, { day, inode: statSync(path).ino });
    return day;
  }

  #close(number: number): void {
    this.#open.get(number)?.day.file.close();
    this.#open.delete(number);
  }

  /** Takes up some of what stands in a day's file and not yet in store.db. Gives false once that is all. */
  #catchUp(number: number, day: Day): boolean {
    const rows = day.file.all<{ readonly no: number; readonly line: string }>(
      'SELECT no, line FROM line WHERE no > ? ORDER BY no LIMIT ?',
      this.#applied(number),
      CATCH_UP,
    );
    const last = rows.at(-1);
    if (!last) return false;
    day.file.transaction(() => day.begin(this.#settings.indexes));
    this.#hub.apply(
      { ...stateOf(number, day), applied: last.no },
      rows.flatMap(({ line }) => factsOfLine(line) ?? []),
    );
    return true;
  }

  #applied(number: number): number {
    return this.#hub.day(number)?.applied ?? 0;
  }

  /** Each step is kept, so that a start that is cut off goes on where it was. */
  #recover(): void {
    const { folder } = this.#settings;
    const hub = this.#hub.file;
    sweepDays(this.#hub, folder);
    hub.transaction(() => {
      const vanished = this.#hub.days().filter(({ day }) => !existsSync(join(folder, fileOf(day))));
      if (vanished.length > 0)
        forgetVanished(
          this.#hub,
          folder,
          vanished.map(({ day }) => day),
        );
    });
    for (const number of daysIn(folder)) while (hub.transaction(() => this.#catchUp(number, this.#day(number))));
  }
}

/** Days whose files stand in a folder. */
export const daysIn = (folder: string): number[] => readdirSync(folder).flatMap((name) => dayOfFile(name) ?? []);

function stateOf(number: number, day: Day) {
  const { records, first, last } = day.state;
  return { day: number, applied: day.lastNo, records, first, last };
}

/** A line that is no JSON, or has no id of ours, can never be kept. */
function entryOf(record: AuditRecord): Entry | undefined {
  try {
    const { id, line } = record;
    if (!isId(id)) return undefined;
    return { facts: factsOf(membersOf(record) as Members & { readonly id: string }), line };
  } catch {
    return undefined;
  }
}

/** All members at once, where the record can give them. */
function membersOf(record: AuditRecord): Members {
  const { toJSON } = record;
  return typeof toJSON === 'function' ? (toJSON.call(record) as Members) : record;
}
