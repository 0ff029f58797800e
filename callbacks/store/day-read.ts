/**
 * Reads the file of one day: the records that fit, in order, some at a time. Receives a question and how long it may take; gives records. Asks where the
 * answer is soonest: by who, by kind, by text, or by looking through all; and looks at a text itself where the index of texts was not asked.
 */
import type { Filter, StoredRecord } from '../../src/store-contract.js';
import { allOf, type Condition, FALSE, TRUE } from './condition.js';
import { type DayState, plainLine } from './day.js';
import type { File } from './engine.js';
import { fold } from './facts.js';
import { idBytes, idText } from './ids.js';
import { fragmentsOf, trigramQuery } from './trigrams.js';
import { conditionOf, type DayFacts, type KindRow, kindsOf, under, whoCondition } from './where.js';

/** What is asked of a day. */
export interface DayQuestion {
  readonly topics: readonly string[];
  readonly filters: readonly Filter[];
  readonly order: 'asc' | 'desc';
  /** Exclusive bounds. */
  readonly above: string;
  readonly below: string;
}

/** How much may be given, and until when (as of performance.now()). What was begun is ended. */
export interface Allowed {
  records: number;
  bytes: number;
  readonly until: number;
}

/** Records looked through before the clock is looked at; more, where that goes fast. */
const FIRST_WINDOW = 2_000;
const WINDOW_GROWS = 4;
/** A window shall take about so long, in milliseconds. */
const WINDOW_MS = 15;
/** Where an index gives no more than so many records it is asked, all at once. */
const FEW = 20_000;

/** Records whose text is looked at are asked for so many at a time. */
const CANDIDATES = 1_000;

/** How a day is gone through. */
interface Way {
  readonly from: string;
  readonly condition: Condition;
  /** The number of the record, as this way knows it. */
  readonly no: string;
  /** All of the day at once. */
  readonly whole: boolean;
}

interface Row {
  readonly no: number;
  readonly id: Uint8Array;
}

export class DayReader {
  readonly #file: File;
  readonly #question: DayQuestion;
  readonly #up: boolean;
  readonly #kinds: readonly KindRow[];
  readonly #ordered: boolean;
  readonly #condition: Condition;
  readonly #fragments: readonly string[];
  readonly #way: Way;
  /** Where it stands: the id behind which it goes on. */
  #at: Uint8Array;

  /**
   * @param file the day's, within one reading transaction; with store.db attached as `hub` where filters ask for `faulty`
   * @param next whether the day behind it is attached as `next`
   */
  constructor(file: File, question: DayQuestion, next: boolean) {
    const { ordered, indexes } = file.get<DayState>('SELECT * FROM state') as DayState;
    const { topics, filters, order, above, below } = question;
    this.#file = file;
    this.#question = question;
    this.#up = order === 'asc';
    this.#at = idBytes(this.#up ? above : below);
    this.#kinds = file.all<KindRow>('SELECT * FROM kind');
    this.#ordered = ordered === 1;
    const facts: DayFacts = { kinds: this.#kinds, indexes: JSON.parse(indexes) as string[][], next };
    this.#condition = allOf([topicCondition(this.#kinds, topics), ...filters.map((filter) => conditionOf(filter, facts))]);
    this.#fragments = filters.flatMap(({ words, contains }) => fragmentsOf(words, contains));
    this.#way = this.#condition.sql === '0' ? this.#through('record_id', true) : this.#choose();
  }

  /** Records that fit, until there are no more or enough. `upTo`: where it goes on; undefined: that was all of the day. */
  find(allowed: Allowed): { readonly records: readonly StoredRecord[]; readonly upTo: string | undefined } {
    const records: StoredRecord[] = [];
    if (this.#condition.sql === '0') return { records, upTo: undefined };
    let size = this.#way.whole ? Number.POSITIVE_INFINITY : FIRST_WINDOW;
    for (;;) {
      const began = performance.now();
      const edge = this.#edge(size);
      // Of those whose text is looked at here few may fit, and each question costs the same however many it gives.
      const most = this.#fragments.length > 0 ? Math.max(CANDIDATES, allowed.records) : allowed.records;
      const rows = this.#window(edge, most);
      const last = this.#take(rows, allowed, records);
      if (last < rows.length || rows.length === most) this.#at = (rows[last - 1] as Row).id;
      else if (edge) this.#at = edge;
      else return { records, upTo: undefined };
      const now = performance.now();
      if (allowed.records <= 0 || allowed.bytes <= 0 || now > allowed.until) return { records, upTo: idText(this.#at) };
      if (now - began < WINDOW_MS) size *= WINDOW_GROWS;
    }
  }

  /** Keeps those whose text fits, as many as are allowed. Gives how many were looked at. */
  #take(rows: readonly Row[], allowed: Allowed, records: StoredRecord[]): number {
    let looked = 0;
    for (const { no, id } of rows) {
      looked++;
      const stored = this.#file.get<{ readonly line: string }>('SELECT line FROM line WHERE no = ?', no)?.line;
      if (stored === undefined || !this.#mayFit(stored)) continue;
      const line = plainLine(stored);
      records.push({ id: idText(id), line });
      allowed.records--;
      allowed.bytes -= line.length;
      if (allowed.records <= 0 || allowed.bytes <= 0) break;
    }
    return looked;
  }

  #mayFit(line: string): boolean {
    if (this.#fragments.length === 0) return true;
    const { text } = JSON.parse(line) as { readonly text?: unknown };
    if (typeof text !== 'string') return false;
    const folded = fold(text);
    return this.#fragments.every((fragment) => folded.includes(fragment));
  }

  /** The id so many records further on; undefined: there are not so many. */
  #edge(size: number): Uint8Array | undefined {
    if (!Number.isFinite(size)) return undefined;
    const { above, below } = this.#question;
    const [from, to] = this.#up ? [this.#at, idBytes(below)] : [idBytes(above), this.#at];
    const [sign, order] = this.#up ? (['+', 'ASC'] as const) : (['-', 'DESC'] as const);
    const first = `SELECT no FROM record WHERE id > ? AND id < ? ORDER BY id ${order} LIMIT 1`;
    const row = this.#ordered
      ? this.#file.get<Row>(`SELECT no, id FROM record WHERE no = (${first}) ${sign} ? AND id > ? AND id < ?`, from, to, size, from, to)
      : this.#file.get<Row>(`SELECT no, id FROM record WHERE id > ? AND id < ? ORDER BY id ${order} LIMIT 1 OFFSET ?`, from, to, size);
    return row?.id;
  }

  /** What fits from where it stands up to the edge, the edge included. */
  #window(edge: Uint8Array | undefined, limit: number): Row[] {
    const { above, below } = this.#question;
    const [low, high] = this.#up ? [this.#at, edge ?? idBytes(below)] : [edge ?? idBytes(above), this.#at];
    const place = this.#place(low, !this.#up && edge !== undefined, high, this.#up && edge !== undefined);
    if (!place) return [];
    const { from, condition, no } = this.#way;
    const asked = allOf([place, condition, this.#condition]);
    const sorted = `${this.#ordered ? no : 'r.id'} ${this.#up ? 'ASC' : 'DESC'}`;
    return this.#file.once<Row>(`SELECT r.no, r.id FROM ${from} WHERE ${asked.sql} ORDER BY ${sorted} LIMIT ?`, ...asked.values, limit);
  }

  /** The condition that a record stands between two ids; where numbers rise as ids do, by its number. Undefined: none does. */
  #place(low: Uint8Array, withLow: boolean, high: Uint8Array, withHigh: boolean): Condition | undefined {
    const [above, below] = [withLow ? '>=' : '>', withHigh ? '<=' : '<'];
    if (!this.#ordered) return { sql: `r.id ${above} ? AND r.id ${below} ?`, values: [low, high] };
    const first = this.#file.get<Row>(`SELECT no, id FROM record WHERE id ${above} ? ORDER BY id ASC LIMIT 1`, low)?.no;
    const last = this.#file.get<Row>(`SELECT no, id FROM record WHERE id ${below} ? ORDER BY id DESC LIMIT 1`, high)?.no;
    if (first === undefined || last === undefined || first > last) return undefined;
    return { sql: `${this.#way.no} BETWEEN ? AND ?`, values: [first, last] };
  }

  /** Where the fewest records have to be looked at. */
  #choose(): Way {
    const { filters } = this.#question;
    if (filters.some(({ id }) => id !== undefined)) return this.#through('record_id', true);
    const who = this.#ofWho(allOf(filters.map(whoCondition)));
    const kind = this.#ofKind();
    if (who <= FEW && who <= kind) return this.#through('record_who', true);
    if (kind <= FEW) return this.#through('record_kind', true);
    const match = this.#ordered ? trigramQuery(this.#fragments) : undefined;
    if (match === undefined) return this.#through(this.#ordered ? undefined : 'record_id', false);
    const condition = { sql: 't.text MATCH ?', values: [match] };
    return { from: 'text t CROSS JOIN record r ON r.no = t.rowid', condition, no: 't.rowid', whole: false };
  }

  #through(index: string | undefined, whole: boolean): Way {
    return { from: `record r ${index ? `INDEXED BY ${index}` : 'NOT INDEXED'}`, condition: TRUE, no: 'r.no', whole };
  }

  /** How many records are of those whos. */
  #ofWho({ sql, values }: Condition): number {
    if (sql === '1') return Number.POSITIVE_INFINITY;
    return this.#file.once<{ readonly n: number | null }>(`SELECT sum(n) AS n FROM who WHERE ${sql}`, ...values)[0]?.n ?? 0;
  }

  /** How many are of the kind that is rarest among those asked for. */
  #ofKind(): number {
    const { filters, topics } = this.#question;
    const lists = filters.map((filter) => kindsOf(this.#kinds, filter));
    if (topics.length > 0) lists.push(this.#kinds.filter((kind) => isOf(kind, topics)));
    return Math.min(...lists.map((list) => list?.reduce((sum, { n }) => sum + n, 0) ?? Number.POSITIVE_INFINITY));
  }
}

const isOf = ({ topic, also }: KindRow, topics: readonly string[]): boolean => under(topic, topics) || (also !== '' && under(also, topics));

function topicCondition(kinds: readonly KindRow[], topics: readonly string[]): Condition {
  if (topics.length === 0) return TRUE;
  const fitting = kinds.filter((kind) => isOf(kind, topics));
  return fitting.length === 0 ? FALSE : { sql: `r.kind IN (${fitting.map(({ no }) => no).join(', ')})`, values: [] };
}
