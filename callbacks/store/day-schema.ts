/**
 * The tables of one day: `2026-01-31.db`. A file of a day stands for itself: its records, what they are found by, and their counts; all of it is written
 * in one transaction. The numbers (`no`) rise in the order in which records came.
 */
import { COUNTED } from '../../src/store-contract.js';
import type { Schema } from './engine.js';

export const DAY_SCHEMA: Schema = {
  version: 1,
  sql: `
-- One row. ordered: the numbers rise as the ids do. indexes: STORE_INDEXES as they were when the day began.
CREATE TABLE state (ordered INTEGER NOT NULL, first TEXT, last TEXT, records INTEGER NOT NULL, indexes TEXT NOT NULL);
INSERT INTO state VALUES (1, NULL, NULL, 0, '[]');

-- n: how many records are of it, so that a question can be asked where it is answered soonest.
CREATE TABLE kind (no INTEGER PRIMARY KEY, topic TEXT NOT NULL, also TEXT NOT NULL, event TEXT NOT NULL, event_type TEXT NOT NULL,
  system INTEGER NOT NULL, direction TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
CREATE TABLE who (no INTEGER PRIMARY KEY, session TEXT NOT NULL, listener TEXT NOT NULL, account TEXT NOT NULL, account_key TEXT NOT NULL,
  character TEXT NOT NULL, character_key TEXT NOT NULL, ip TEXT NOT NULL, address BLOB, n INTEGER NOT NULL DEFAULT 0);
CREATE INDEX who_session ON who (session);
CREATE TABLE room (no INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
CREATE INDEX room_name ON room (name);

-- Narrow, so that a million of them are soon looked through; the line stands apart.
CREATE TABLE record (no INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, who INTEGER NOT NULL, room INTEGER, exchange INTEGER);
CREATE UNIQUE INDEX record_id ON record (id);
CREATE INDEX record_who ON record (who, exchange);
CREATE INDEX record_kind ON record (kind);
CREATE TABLE line (no INTEGER PRIMARY KEY, line TEXT NOT NULL);

-- Every three letters of the text in lower case, and which records have them; the text itself stands in the line alone.
CREATE VIRTUAL TABLE text USING fts5 (body, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1');

-- STORE_INDEXES. ix: which of them; numbers as numbers, all else as text.
CREATE TABLE field (ix INTEGER NOT NULL, v1 NOT NULL, v2 NOT NULL, v3 NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (ix, v1, v2, v3, no)) WITHOUT ROWID;

CREATE TABLE count (grain INTEGER NOT NULL, at INTEGER NOT NULL, listener TEXT NOT NULL, account TEXT NOT NULL, event TEXT NOT NULL,
  ${COUNTED.map((name) => `${name} INTEGER NOT NULL DEFAULT 0`).join(', ')}, PRIMARY KEY (grain, at, listener, account, event)) WITHOUT ROWID;

-- Sessions whose summary in store.db must be made anew, since something of them was erased.
CREATE TABLE dirty (session TEXT PRIMARY KEY) WITHOUT ROWID;
`,
};
