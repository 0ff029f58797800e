/**
 * Drops days. Receives a range of time, removes the files of its days, and what store.db knows of them. A day is first marked as gone, so that one whose
 * removal a crash cuts off goes at the next start; whoever reads it has its file open, and reads on.
 */
import { join } from 'node:path';
import { DAY_SCHEMA } from './day-schema.js';
import { File, using } from './engine.js';
import { HUB_FILE, Hub } from './hub.js';
import { DAY_MS, fileOf } from './ids.js';
import { namesOfDay } from './names.js';
import type { Settings } from './options.js';
import { leftOfSession } from './session-left.js';
import type { SessionRow } from './summary.js';
import { unlinkDay } from './unlink.js';

/** In milliseconds since 1970, on days' bounds; null: no bound. */
export interface DropRange {
  readonly from: number | null;
  readonly to: number | null;
  readonly keepSessions: boolean;
}

/** Gives how many records went. Throws StoreError. */
export function dropDays({ folder }: Settings, { from, to, keepSessions }: DropRange): number {
  const hub = new Hub(join(folder, HUB_FILE));
  try {
    const first = from === null ? Number.MIN_SAFE_INTEGER : Math.ceil(from / DAY_MS);
    const behind = to === null ? Number.MAX_SAFE_INTEGER : Math.floor(to / DAY_MS);
    const dropped = hub.file.transaction(() => {
      const days = hub.days().filter(({ day, gone }) => gone === 0 && day >= first && day < behind);
      for (const { day } of days) forgetNames(hub, folder, day);
      hub.file.run('UPDATE day SET gone = 1 WHERE day >= ? AND day < ?', first, behind);
      if (!keepSessions) forgetSessions(hub, first, behind);
      // Those that are left stay as they were told: with what of them went.
      hub.file.run('UPDATE session SET kept = 1 WHERE last_day >= ? AND first_day < ?', first, behind);
      return days;
    });
    sweepDays(hub, folder);
    hub.file.emptyWal();
    return dropped.reduce((sum, { records }) => sum + records, 0);
  } finally {
    hub.file.close();
  }
}

function forgetNames(hub: Hub, folder: string, day: number): void {
  const names = using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), namesOfDay);
  if (names) hub.addNames(names, -1);
  hub.file.run('DELETE FROM value WHERE n <= 0');
}

/** A day whose file has vanished: store.db knows it no more, so that it may come again. Within a transaction of store.db. */
export function forgetVanished(hub: Hub, folder: string, days: readonly number[]): void {
  for (const day of days) {
    hub.file.run('DELETE FROM day WHERE day = ?', day);
    forgetSessions(hub, day, day + 1);
    const over = 'SELECT * FROM session WHERE first_day < last_day AND first_day <= ? AND last_day >= ? AND kept = 0';
    for (const known of hub.file.all<SessionRow>(over, day, day)) tellAnew(hub, folder, known);
  }
  hub.file.run('DELETE FROM value');
  for (const { day } of hub.days()) {
    const names = using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), namesOfDay);
    if (names) hub.addNames(names);
  }
}

/** Takes away sessions of that time of which no day is left. */
function forgetSessions(hub: Hub, first: number, behind: number): void {
  const ended = '(last_day >= ? AND last_day < ?)';
  const went = '(first_day < last_day AND first_day < ? AND last_day >= ?)';
  const nothing = 'NOT EXISTS (SELECT 1 FROM day d WHERE d.gone = 0 AND d.day BETWEEN first_day AND last_day)';
  for (const [range, one, other] of [[ended, first, behind] as const, [went, behind, behind] as const]) {
    hub.file.run(`DELETE FROM account WHERE session IN (SELECT id FROM session WHERE ${range} AND ${nothing})`, one, other);
    hub.file.run(`DELETE FROM session WHERE ${range} AND ${nothing}`, one, other);
  }
}

/** By what is left of it alone. */
function tellAnew(hub: Hub, folder: string, known: SessionRow): void {
  const told = leftOfSession(hub, folder, known);
  hub.file.run('DELETE FROM account WHERE session = ?', known.id);
  hub.file.run('DELETE FROM session WHERE id = ?', known.id);
  if (!told) return;
  hub.putSession(told.row);
  for (const name of told.accounts) hub.putAccount(known.id, name);
}

/** Removes the files of days that are marked as gone. To be called outside of a transaction. */
export function sweepDays(hub: Hub, folder: string): void {
  hub.file.transaction(() => {
    for (const { day, gone } of hub.days()) if (gone) removeDay(hub, folder, day);
  });
}

/** Within a transaction of store.db: nobody writes there meanwhile. */
export function removeDay(hub: Hub, folder: string, day: number): void {
  unlinkDay(join(folder, fileOf(day)));
  hub.file.run('DELETE FROM day WHERE day = ?', day);
}
