/**
 * Writes `store.db`: what is known over all days. Receives the facts of records that stand in a day's file already, and up to which number of that day; so
 * what a crash kept out of here is taken up from the day's file later, once. Holds no line, and nothing that the days could not give again.
 */
import { File, type Schema, type Value } from './engine.js';
import { type Facts, fold } from './facts.js';
import { Names } from './names.js';
import { foldInto, newSession, SESSION_COLUMNS, type SessionRow } from './summary.js';

export const HUB_FILE = 'store.db';

export const HUB_SCHEMA: Schema = {
  version: 1,
  sql: `
-- The days that there are. applied: the last number of its file that is taken up here. gone: it is being removed.
CREATE TABLE day (day INTEGER PRIMARY KEY, applied INTEGER NOT NULL, records INTEGER NOT NULL, first TEXT, last TEXT, gone INTEGER NOT NULL);

CREATE TABLE session (id TEXT PRIMARY KEY, listener TEXT NOT NULL, protocol TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, ip TEXT, address BLOB,
  port INTEGER, account TEXT, account_id TEXT NOT NULL, character TEXT, character_id TEXT NOT NULL, inputs INTEGER NOT NULL, outputs INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, masked INTEGER NOT NULL, gaps INTEGER NOT NULL, faults INTEGER NOT NULL, reason TEXT,
  ended_by TEXT, exit TEXT, first_id TEXT NOT NULL, last_id TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  kept INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX session_started ON session (started, id);
CREATE INDEX session_address ON session (address);
CREATE INDEX session_last_day ON session (last_day);

CREATE TABLE account (key TEXT NOT NULL, session TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (key, session, name)) WITHOUT ROWID;
CREATE INDEX account_session ON account (session);

-- Names that there are, and how many records have each.
CREATE TABLE value (of TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (of, key)) WITHOUT ROWID;
CREATE INDEX value_n ON value (of, n);
`,
};

/** A row of `day`. */
export interface DayRow {
  readonly day: number;
  readonly applied: number;
  readonly records: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly gone: number;
}

const PUT_SESSION = `INSERT OR REPLACE INTO session (${SESSION_COLUMNS.join(', ')}) VALUES (${SESSION_COLUMNS.map(() => '?').join(', ')})`;

export class Hub {
  readonly file: File;

  /** Opens store.db of a folder, or makes it. Throws StoreError. */
  constructor(path: string) {
    // Its last commits may be lost with the power: they are taken up from the days again.
    this.file = File.write(path, HUB_SCHEMA, 'normal');
  }

  days(): DayRow[] {
    return this.file.all<DayRow>('SELECT * FROM day ORDER BY day');
  }

  day(day: number): DayRow | undefined {
    return this.file.get<DayRow>('SELECT * FROM day WHERE day = ?', day);
  }

  /** Takes records of a day into account. @param state how the day's file is now, `applied` its last number */
  apply(state: Omit<DayRow, 'gone'>, facts: Iterable<Facts>): void {
    const sessions = new Map<string, SessionRow>();
    const names = new Names();
    const accounts = new Set<string>();
    for (const one of facts) {
      names.addFacts(one);
      const { session, account } = one.who;
      if (session === '') continue;
      const row = sessions.get(session) ?? this.session(session) ?? newSession(one);
      foldInto(row, one);
      sessions.set(session, row);
      if (account !== '') accounts.add(JSON.stringify([session, account]));
    }
    for (const row of sessions.values()) this.putSession(row);
    for (const one of accounts) this.putAccount(...(JSON.parse(one) as [string, string]));
    this.addNames(names);
    const { day, applied, records, first, last } = state;
    this.file.run('INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?, 0)', day, applied, records, first, last);
  }

  session(id: string): SessionRow | undefined {
    return this.file.get<SessionRow>('SELECT * FROM session WHERE id = ?', id);
  }

  putSession(row: SessionRow): void {
    this.file.run(PUT_SESSION, ...SESSION_COLUMNS.map((name): Value => row[name]));
  }

  putAccount(session: string, account: string): void {
    this.file.run('INSERT OR IGNORE INTO account VALUES (?, ?, ?)', fold(account), session, account);
  }

  /** @param sign -1 where they are gone */
  addNames(names: Names, sign: 1 | -1 = 1): void {
    for (const { of, name, n } of names.all()) {
      const add = 'INSERT INTO value VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n';
      this.file.run(add, of, fold(name), name, sign * n);
    }
  }
}
