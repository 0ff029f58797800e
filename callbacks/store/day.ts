/**
 * Writes the file of one day. Receives facts and lines, enters them under all that they are found by; says which were new. To be called within a
 * transaction of its file, by one writer at a time (writer.ts sees to that). Holds what it knows of the day in memory, for as long as nobody else writes.
 */
import { COUNTED } from '../../src/store-contract.js';
import { addressBytes } from './addresses.js';
import { contributionOf, Tallies } from './counting.js';
import { DAY_SCHEMA } from './day-schema.js';
import { File, type Value } from './engine.js';
import { type Facts, factsOfLine, fold, type Kind, type Who } from './facts.js';
import { type FieldKey, fieldKeys } from './field-keys.js';
import { idBytes } from './ids.js';
import { leftOf } from './line-parts.js';

/** What a day says of itself. */
export interface DayState {
  readonly ordered: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly records: number;
  readonly indexes: string;
}

/** Whos and rooms of a day that are kept in memory; more are looked up. */
const MOST_KNOWN = 20_000;

/** Numbers of rows by what stands in them, and how many records more each has since the transaction began. */
class Known {
  readonly #numbers = new Map<string, number>();
  readonly more = new Map<number, number>();

  number(key: string, find: () => number): number {
    let no = this.#numbers.get(key);
    if (no === undefined) {
      if (this.#numbers.size >= MOST_KNOWN) this.#numbers.clear();
      no = find();
      this.#numbers.set(key, no);
    }
    return no;
  }

  add(no: number, count: 1 | -1): void {
    this.more.set(no, (this.more.get(no) ?? 0) + count);
  }

  forget(): void {
    this.#numbers.clear();
    this.more.clear();
  }
}

const COUNT_COLUMNS = COUNTED.join(', ');
const ADD_COUNT = `INSERT INTO count (grain, at, listener, account, event, ${COUNT_COLUMNS}) VALUES (${Array(5 + COUNTED.length)
  .fill('?')
  .join(', ')})
  ON CONFLICT DO UPDATE SET ${COUNTED.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`;
const NOTHING_COUNTED = `DELETE FROM count WHERE ${COUNTED.map((name) => `${name} = 0`).join(' AND ')}`;

export class Day {
  readonly file: File;
  readonly #kinds = new Known();
  readonly #whos = new Known();
  readonly #rooms = new Known();
  #indexes: readonly (readonly string[])[] = [];
  #state: DayState | undefined;
  #version = -1;

  /** Opens the day's file, or makes it. Throws StoreError. */
  constructor(path: string) {
    this.file = File.write(path, DAY_SCHEMA, 'full');
  }

  /** Asks the file anew: to be called when a transaction begins, for another may have written. @param indexes what a day that begins now is indexed by */
  begin(indexes: readonly (readonly string[])[]): void {
    const version = this.file.othersVersion;
    if (version !== this.#version) this.forget();
    this.#version = version;
    let state = this.#read();
    if (state.records === 0 && state.indexes !== JSON.stringify(indexes)) {
      this.file.run('UPDATE state SET indexes = ?', JSON.stringify(indexes));
      state = this.#read();
    }
    this.#state = state;
    this.#indexes = JSON.parse(state.indexes) as string[][];
  }

  #read(): DayState {
    return this.file.get<DayState>('SELECT * FROM state') as DayState;
  }

  /** What was believed to be written was not. */
  forget(): void {
    for (const known of [this.#kinds, this.#whos, this.#rooms]) known.forget();
    this.#state = undefined;
  }

  get state(): DayState {
    return this.#state as DayState;
  }

  /** The number of the last record that is there. */
  get lastNo(): number {
    return this.file.get<{ readonly no: number }>('SELECT no FROM record ORDER BY no DESC LIMIT 1')?.no ?? 0;
  }

  /** Enters records; of one that is there already nothing comes back that was erased. Gives those that were new, in the order of their numbers. */
  add(records: readonly { readonly facts: Facts; readonly line: string }[]): Facts[] {
    const fresh: Facts[] = [];
    const tallies = new Tallies();
    let { ordered, first, last, records: count } = this.state;
    for (const { facts, line } of records) {
      const behind = last === null || facts.id > last;
      if (!behind && this.#isThere(facts, line)) continue;
      if (!behind) ordered = 0;
      this.#insert(facts, line);
      tallies.add(facts, contributionOf(facts));
      fresh.push(facts);
      count++;
      if (behind) last = facts.id;
      if (first === null || facts.id < first) first = facts.id;
    }
    this.#settle(tallies);
    this.#state = { ...this.state, ordered, first, last, records: count };
    this.file.run('UPDATE state SET ordered = ?, first = ?, last = ?, records = ?', ordered, first, last, count);
    return fresh;
  }

  #isThere(facts: Facts, come: string): boolean {
    const row = this.file.get<{ readonly no: number; readonly line: string }>(
      'SELECT no, line FROM record JOIN line USING (no) WHERE id = ?',
      idBytes(facts.id),
    );
    if (!row) return false;
    const stored = plainLine(row.line);
    const left = leftOf(stored, come);
    if (left === stored) return true;
    this.eraseTextsAtOnce(true);
    this.replace(row.no, row.line, left);
    return true;
  }

  #insert(facts: Facts, line: string): void {
    const { id, kind, who, room, exchange, text } = facts;
    const { file } = this;
    const [kindNo, whoNo, roomNo] = [this.#kindNo(kind), this.#whoNo(who), this.#roomNo(room)];
    const no = file.run('INSERT INTO record (id, kind, who, room, exchange) VALUES (?, ?, ?, ?, ?)', idBytes(id), kindNo, whoNo, roomNo, exchange);
    file.run('INSERT INTO line VALUES (?, ?)', no, line);
    if (text !== '') file.run('INSERT INTO text (rowid, body) VALUES (?, ?)', no, fold(text));
    this.#kinds.add(kindNo, 1);
    this.#whos.add(whoNo, 1);
    if (roomNo !== null) this.#rooms.add(roomNo, 1);
    for (const key of fieldKeys(facts, this.#indexes)) this.#enter(key, no);
  }

  #enter({ ix, values }: FieldKey, no: number): void {
    this.file.run('INSERT INTO field VALUES (?, ?, ?, ?, ?)', ix, ...values, no);
  }

  #kindNo({ topic, also, event, eventType, system, direction }: Kind): number {
    const values = [topic, also, event, eventType, system ? 1 : 0, direction];
    return this.#kinds.number(JSON.stringify(values), () => {
      const found = this.file.get<{ readonly no: number }>(
        'SELECT no FROM kind WHERE topic = ? AND also = ? AND event = ? AND event_type = ? AND system = ? AND direction = ?',
        ...values,
      );
      return found?.no ?? this.file.run('INSERT INTO kind (topic, also, event, event_type, system, direction) VALUES (?, ?, ?, ?, ?, ?)', ...values);
    });
  }

  #whoNo({ session, listener, account, character, ip }: Who): number {
    const values = [session, listener, account, character, ip];
    return this.#whos.number(JSON.stringify(values), () => {
      const found = this.file.get<{ readonly no: number }>(
        'SELECT no FROM who WHERE session = ? AND listener = ? AND account = ? AND character = ? AND ip = ?',
        ...values,
      );
      return (
        found?.no ??
        this.file.run(
          'INSERT INTO who (session, listener, account, character, ip, account_key, character_key, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          ...values,
          fold(account),
          fold(character),
          addressBytes(ip) ?? null,
        )
      );
    });
  }

  #roomNo(room: string): number | null {
    if (room === '') return null;
    return this.#rooms.number(room, () => {
      const found = this.file.get<{ readonly no: number }>('SELECT no FROM room WHERE name = ?', room);
      return found?.no ?? this.file.run('INSERT INTO room (name, key) VALUES (?, ?)', room, fold(room));
    });
  }

  /**
   * Says how a text is taken out of the index of texts: at once (some milliseconds each), or when the index is written anew (`renewTexts`), which is soonest
   * where many go.
   */
  eraseTextsAtOnce(atOnce: boolean): void {
    this.file.run(`INSERT INTO text (text, rank) VALUES ('secure-delete', ${atOnce ? 1 : 0})`);
  }

  /** Writes the index of texts anew, without those that were taken out. Takes some 10 s for a million records. */
  renewTexts(): void {
    this.file.exec("INSERT INTO text (text) VALUES ('optimize')");
  }

  /** Puts another line in a record's place, of which a part was erased, and takes what is gone out of all that it was found by. */
  replace(no: number, old: string, line: string): void {
    const [was, is] = [factsOfLine(old), factsOfLine(line)];
    if (!was || !is) return;
    const { file } = this;
    // As long as the old one, so that it is written over it in its place: else SQLite moves its neighbours, and leaves copies of them where they were.
    file.run('UPDATE line SET line = ? WHERE no = ?', padded(line, Buffer.byteLength(old)), no);
    if (was.text !== is.text) {
      if (was.text !== '') file.run("INSERT INTO text (text, rowid, body) VALUES ('delete', ?, ?)", no, fold(was.text));
      if (is.text !== '') file.run('INSERT INTO text (rowid, body) VALUES (?, ?)', no, fold(is.text));
    }
    for (const { ix, values } of fieldKeys(was, this.#indexes)) {
      file.run('DELETE FROM field WHERE ix = ? AND v1 = ? AND v2 = ? AND v3 = ? AND no = ?', ix, ...values, no);
    }
    for (const key of fieldKeys(is, this.#indexes)) this.#enter(key, no);
    this.#moveNumbers(no, was, is);
    const tallies = new Tallies();
    const contribution = contributionOf(was);
    // What happened stays counted; only by whom is not known any more.
    tallies.add(was, contribution, -1);
    tallies.add(is, contribution);
    this.#settle(tallies);
    file.run('INSERT OR IGNORE INTO dirty VALUES (?)', was.who.session);
  }

  #moveNumbers(no: number, was: Facts, is: Facts): void {
    const [whoWas, whoIs] = [this.#whoNo(was.who), this.#whoNo(is.who)];
    const [roomWas, roomIs] = [this.#roomNo(was.room), this.#roomNo(is.room)];
    this.file.run('UPDATE record SET who = ?, room = ? WHERE no = ?', whoIs, roomIs, no);
    this.#whos.add(whoWas, -1);
    this.#whos.add(whoIs, 1);
    if (roomWas !== null) this.#rooms.add(roomWas, -1);
    if (roomIs !== null) this.#rooms.add(roomIs, 1);
  }

  /** Takes away names that no record has any more, and counts of nothing, and writes those tables anew: pages may hold copies of what stood in them. */
  sweep(): void {
    for (const table of ['who', 'room']) this.file.run(`DELETE FROM ${table} WHERE n <= 0`);
    this.file.run(NOTHING_COUNTED);
    for (const table of ['who', 'room', 'count', 'field']) {
      this.file.exec(
        `CREATE TEMP TABLE kept AS SELECT * FROM ${table}; DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept`,
      );
    }
    this.forget();
  }

  #settle(tallies: Tallies): void {
    const { file } = this;
    for (const { grain, at, listener, account, event, sums } of tallies.all()) {
      file.run(ADD_COUNT, grain, at, listener, account, event, ...COUNTED.map((name): Value => sums.get(name) ?? 0));
    }
    const tables = [
      ['kind', this.#kinds],
      ['who', this.#whos],
      ['room', this.#rooms],
    ] as const;
    for (const [table, known] of tables) {
      for (const [no, n] of known.more) if (n !== 0) file.run(`UPDATE ${table} SET n = n + ? WHERE no = ?`, n, no);
      known.more.clear();
    }
  }
}

/** A line with blanks behind it, so that it has so many bytes. */
const padded = (line: string, bytes: number): string => `${line}${' '.repeat(Math.max(0, bytes - Buffer.byteLength(line)))}`;

/** A line as it stands in the file, without the blanks that stand for what was erased. */
export const plainLine = (stored: string): string => (stored.endsWith(' ') ? stored.trimEnd() : stored);
