/** What the days still tell of a session: receives its row of store.db, gives the row and the accounts that its records make, where there are any left. */
import { join } from 'node:path';
import { DAY_SCHEMA } from './day-schema.js';
import { File, using } from './engine.js';
import { type Facts, factsOfLine } from './facts.js';
import type { Hub } from './hub.js';
import { fileOf } from './ids.js';
import { foldInto, newSession, type SessionRow } from './summary.js';

export interface Told {
  readonly row: SessionRow;
  readonly accounts: ReadonlySet<string>;
}

/** Undefined: none of its records is left. */
export function leftOfSession(hub: Hub, folder: string, { id, first_day, last_day }: SessionRow): Told | undefined {
  let row: SessionRow | undefined;
  const accounts = new Set<string>();
  for (const { day, gone } of hub.days()) {
    if (gone || day < first_day || day > last_day) continue;
    for (const facts of using(File.read(join(folder, fileOf(day)), DAY_SCHEMA), (file) => factsIn(file, id)) ?? []) {
      row ??= newSession(facts);
      foldInto(row, facts);
      if (facts.who.account !== '') accounts.add(facts.who.account);
    }
  }
  return row && { row, accounts };
}

function factsIn(file: File, session: string): Facts[] {
  const sql = 'SELECT line FROM line WHERE no IN (SELECT r.no FROM record r JOIN who w ON r.who = w.no WHERE w.session = ?) ORDER BY no';
  return file.all<{ readonly line: string }>(sql, session).flatMap(({ line }) => factsOfLine(line) ?? []);
}
