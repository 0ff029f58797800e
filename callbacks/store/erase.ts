/**
 * Erases parts of lines that are stored, wherever they are found by it. Receives a function that gives a line its new form; first the files of days are
 * done, each change in one transaction, with a note of the sessions that changed; then store.db forgets what is gone. A note stays until that is done, so
 * what a crash cuts off is ended by the next erasure. In the end nothing of it stands in any file.
 */
import { join } from 'node:path';
import type { EraseLine } from '../../src/store-contract.js';
import { Day, plainLine } from './day.js';
import { DAY_SCHEMA } from './day-schema.js';
import { File, using } from './engine.js';
import { HUB_FILE, Hub } from './hub.js';
import { dayOf, fileOf, idBytes } from './ids.js';
import { personalNames } from './names.js';
import type { Settings } from './options.js';
import { leftOfSession } from './session-left.js';
import { Writer } from './writer.js';

/** Lines in one transaction. */
const LINES = 1_000;
/** Of so few records in a day each is taken out of the index of texts by itself; else the index is written anew. */
const FEW = 1_000;

export interface Erasing {
  readonly erase: EraseLine;
  /** Days done, of how many. */
  readonly progress: (done: number, all: number) => void;
  /** Ids of the records that may change; absent: any. */
  readonly among?: ReadonlySet<string> | undefined;
}

interface Row {
  readonly no: number;
  readonly line: string;
}

/** Gives how many lines changed. Throws StoreError. */
export function eraseLines(settings: Settings, { erase, progress, among }: Erasing): number {
  // What a crash kept out of store.db is in it from here on.
  new Writer(settings).close();
  const hub = new Hub(join(settings.folder, HUB_FILE));
  try {
    const days = hub.days().map(({ day }) => day);
    let erased = 0;
    for (const [index, day] of days.entries()) {
      const ids = among && [...among].filter((id) => dayOf(id) === day);
      if (ids?.length !== 0 || isDirty(settings, day)) erased += eraseDay(settings, hub, day, erase, ids);
      progress(index + 1, days.length);
    }
    return erased;
  } finally {
    hub.file.close();
  }
}

const isDirty = ({ folder }: Settings, day: number): boolean =>
  using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), (file) => file.get('SELECT 1 FROM dirty LIMIT 1')) !== undefined;

function eraseDay(settings: Settings, hub: Hub, number: number, erase: EraseLine, ids: readonly string[] | undefined): number {
  const day = new Day(join(settings.folder, fileOf(number)));
  try {
    const before = dirtyOf(day);
    const few = before.length === 0 && ids !== undefined && ids.length <= FEW;
    day.eraseTextsAtOnce(few);
    let erased = 0;
    for (const rows of ids ? rowsOf(day, ids) : allRows(day)) erased += eraseRows(day, rows, erase);
    const dirty = dirtyOf(day);
    if (dirty.length > 0) {
      day.file.transaction(() => day.sweep());
      if (!few) day.renewTexts();
      hub.file.transaction(() => {
        for (const session of dirty) renewSession(settings, hub, session);
        renewNames(settings, hub);
      });
      hub.file.exec('VACUUM');
      hub.file.emptyWal();
      day.file.run('DELETE FROM dirty');
    }
    day.eraseTextsAtOnce(true);
    day.file.emptyWal();
    return erased;
  } finally {
    day.file.close();
  }
}

/** Sessions of which something was erased, and store.db may still know. */
const dirtyOf = ({ file }: Day): string[] => file.all<{ readonly session: string }>('SELECT session FROM dirty').map(({ session }) => session);

function* allRows({ file }: Day): Generator<readonly Row[]> {
  for (let last = 0; ; ) {
    const rows = file.all<Row>('SELECT no, line FROM line WHERE no > ? ORDER BY no LIMIT ?', last, LINES);
    const end = rows.at(-1);
    if (!end) return;
    yield rows;
    last = end.no;
  }
}

function* rowsOf({ file }: Day, ids: readonly string[]): Generator<readonly Row[]> {
  for (let at = 0; at < ids.length; at += LINES) {
    const some = ids.slice(at, at + LINES);
    yield some.flatMap((id) => file.get<Row>('SELECT no, line FROM record JOIN line USING (no) WHERE id = ?', idBytes(id)) ?? []);
  }
}

function eraseRows(day: Day, rows: readonly Row[], erase: EraseLine): number {
  const changes = rows.flatMap(({ no, line }) => {
    const plain = plainLine(line);
    const changed = erase(Buffer.from(plain))?.toString();
    return changed === undefined || changed === plain ? [] : [{ no, line, changed }];
  });
  if (changes.length === 0) return 0;
  day.file.transaction(() => {
    day.begin([]);
    for (const { no, line, changed } of changes) day.replace(no, line, changed);
  });
  return changes.length;
}

/** Who a session was is told anew, by what is left of its records; how much was said in it stays. */
function renewSession({ folder }: Settings, hub: Hub, id: string): void {
  const known = hub.session(id);
  const told = known && leftOfSession(hub, folder, known);
  if (!known || !told) return;
  const { ip, address, port, account, account_id, character, character_id, reason, ended_by, exit } = told.row;
  hub.file.run('DELETE FROM account WHERE session = ?', id);
  for (const name of told.accounts) hub.putAccount(id, name);
  hub.putSession({ ...known, ip, address, port, account, account_id, character, character_id, reason, ended_by, exit });
}

/** Personal names are counted anew in all days: those that no record has any more are gone. */
function renewNames({ folder }: Settings, hub: Hub): void {
  hub.file.run("DELETE FROM value WHERE of IN ('account', 'address', 'character')");
  for (const { day } of hub.days()) {
    const names = using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), personalNames);
    if (names) hub.addNames(names);
  }
}
