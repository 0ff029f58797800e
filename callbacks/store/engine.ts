/**
 * One file of SQLite: opening it, its pragmas, prepared statements. Receives a path and a schema; gives rows; every error is one that people can be shown
 * (failure.ts). Knows nothing of records.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'better-sqlite3';
import { guarded, StoreError } from './failure.js';

export type Value = string | number | bigint | Uint8Array | null;

/** How long a statement waits for another process that writes, in milliseconds: less than the 30 s after which a callback counts as stuck. */
const BUSY_MS = 15_000;
/** Pages in the WAL before it is moved to the file: 4 KiB each. */
const WAL_PAGES = 4_000;
/** Memory for pages of one file that is written, in KiB. */
const CACHE_KIB = 16_384;

export interface Schema {
  /** Rises with each change; a file of another version is refused. */
  readonly version: number;
  readonly sql: string;
}

/** `full`: a commit is durable once it returns; `normal`: it is whole after a crash of power, but perhaps not the last. */
export type Durable = 'full' | 'normal';

export class File {
  readonly path: string;
  readonly #db: Database.Database;
  readonly #prepared = new Map<string, Database.Statement<Value[]>>();

  private constructor(path: string, db: Database.Database) {
    this.path = path;
    this.#db = db;
  }

  /** Opens for writing; makes the file (0600), its folder (0700) and its tables where there are none. */
  static write(path: string, schema: Schema, durable: Durable): File {
    return guarded(basename(path), () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
      const file = new File(path, new Database(path, { timeout: BUSY_MS }));
      file.#prepare(schema, durable);
      return file;
    });
  }

  /** Opens for reading; undefined where there is no such file, or it has no tables yet. */
  static read(path: string, { version }: Schema): File | undefined {
    return guarded(basename(path), () => {
      if (!existsSync(path)) return undefined;
      const db = opened(path);
      if (!db) return undefined;
      const file = new File(path, db);
      const found = db.pragma('user_version', { simple: true });
      if (found === version) return file;
      db.close();
      if (found === 0) return undefined;
      throw otherVersion(path);
    });
  }

  #prepare({ version, sql }: Schema, durable: Durable): void {
    const db = this.#db;
    // Deleted content is overwritten: what was redacted shall stand in no free page.
    db.pragma('secure_delete = ON');
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${durable.toUpperCase()}`);
    db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma('temp_store = MEMORY');
    this.transaction(() => {
      const found = db.pragma('user_version', { simple: true });
      if (found === version) return;
      if (found !== 0) throw otherVersion(this.path);
      db.exec(sql);
      db.pragma(`user_version = ${version}`);
    });
  }

  #statement(sql: string): Database.Statement<Value[]> {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#db.prepare<Value[]>(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #guarded<T>(work: () => T): T {
    return guarded(basename(this.path), work);
  }

  /** Gives the number of the row that was added last. */
  run(sql: string, ...values: Value[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  /** The first row, if there is one. */
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** Statements that are made for one question, and not kept. */
  once<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#guarded(() => this.#db.prepare<Value[]>(sql).all(...values) as Row[]);
  }

  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  /** Everything or nothing; takes the right to write at once, or waits for it. */
  transaction<T>(work: () => T): T {
    return this.#guarded(() => this.#db.transaction(work).immediate());
  }

  /** One state of the file for several questions. */
  reading<T>(work: () => T): T {
    return this.#guarded(() => this.#db.transaction(work).deferred());
  }

  /** Moves all that the WAL holds to the file, and empties it. Throws EBUSY where somebody reads for too long. */
  emptyWal(): void {
    this.#guarded(() => {
      const [{ busy = 1 } = {}] = this.#db.pragma('wal_checkpoint(TRUNCATE)') as { readonly busy?: number }[];
      if (busy !== 0) throw new StoreError('EBUSY', `the store's ${basename(this.path)} is being read for too long; end that, and try again`);
    });
  }

  /** Changes whenever another has written here. */
  get othersVersion(): number {
    return this.#guarded(() => this.#db.pragma('data_version', { simple: true }) as number);
  }

  /** Another file that statements name `NAME.TABLE`. */
  attach(path: string, name: string): void {
    this.run(`ATTACH ? AS ${name}`, path);
  }

  close(): void {
    this.#db.close();
  }
}

/** Between looking and opening it may have gone. */
function opened(path: string): Database.Database | undefined {
  try {
    return new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
  } catch (error) {
    if (!existsSync(path)) return undefined;
    throw error;
  }
}

const otherVersion = (path: string): StoreError =>
  new StoreError(
    'SQLITE_SCHEMA',
    `the store's ${basename(path)} was made by another version; move the folder away and fill it again with \`wirescribe prepare\``,
  );

/** Does something with a file, where there is one, and closes it. */
export function using<T>(file: File | undefined, work: (file: File) => T): T | undefined {
  if (!file) return undefined;
  try {
    return work(file);
  } finally {
    file.close();
  }
}
