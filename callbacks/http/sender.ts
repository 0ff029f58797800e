/**
 * Brings a batch to the server: in as many requests as it takes, until each record is taken or is known to be one that never will be. Receives records,
 * resolves, throws RefusedRecords, or throws what leaves the batch to another try. Remembers of a batch under way what is settled, by id, so that
 * another try sends the rest alone; has no queue.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { type AuditRecord, type Log, type Refused, RefusedRecords } from '../../src/contract.js';
import { type Answer, type Client, HttpError } from './client.js';
import { type Form, sizeOf, type Verdict } from './form.js';

/** Delivery ends a callback that has not answered for 30 s: by then it has said that it is not done. */
const BUDGET_MS = 25_000;
/** Of a longer Retry-After so much is waited at a time. */
const MAX_WAIT_MS = 20_000;
/** A request is not begun with less time than this. */
const LEAST_MS = 1_000;
/** No request is larger, unless its one record is: what most servers take. Compressed it is less. */
const MAX_BODY_BYTES = 16 << 20;
/** However small a server says a body must be (413), no smaller ones are made than this, but for finding the record that is too large. */
const MIN_BODY_BYTES = 65_536;
/** How often items that a bulk answer left open (429) are sent again in one call, and after how long at first; it doubles. */
const MAX_ROUNDS = 3;
const ROUND_MS = 100;
/** So many refusals in a row, with nothing taken between, can be the records'. More are the server's configuration, and the records wait. */
const MAX_REFUSED_IN_ROW = 10;

/** A status that is about what was sent, so that a part of it may pass. */
const OF_CONTENT: ReadonlySet<number> = new Set([400, 413, 422]);

type Settled = 'taken' | 'refused' | 'partly-refused' | 'too-large';

/** What tells a record from the others of its batch, also where it is made over anew for each try. A damaged line has no id. */
function keyOf(record: AuditRecord): string {
  try {
    return record.id;
  } catch {
    return record.line;
  }
}

export interface SenderOptions {
  readonly client: Client;
  readonly form: Form;
  readonly timeoutMs: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export class Sender {
  readonly #options: SenderOptions;
  /** Of a batch that is not done: what is done of it, by id. At most as many as a batch has records. */
  #settled = new Map<string, Settled>();
  /** Taken in this call. */
  #taken: (readonly AuditRecord[])[] = [];
  #maxBytes = MAX_BODY_BYTES;
  /** The server asked not to be sent anything before, by performance.now(). */
  #notBefore = 0;
  #deadline = 0;
  #refusedInRow = 0;
  /** All of a batch was refused: single records find out whether that is over. */
  #holding = false;
  /** Of the batch that is refused: where the next ones to find out stand. */
  #probed = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Resolves once all are taken. Throws RefusedRecords where all others are, HttpError where they are to come again; then it may be called with the same
   * records, or with others.
   */
  async send(records: readonly AuditRecord[]): Promise<void> {
    this.#deadline = performance.now() + BUDGET_MS;
    this.#taken = [];
    try {
      await this.#holdBack();
      if (this.#holding) await this.#probe(records);
      for (const part of this.#parts(this.#open(records))) await this.#sendPart(part);
    } catch (error) {
      for (const record of this.#taken.flat()) this.#settled.set(keyOf(record), 'taken');
      throw error;
    }
    this.#conclude(records);
  }

  /** Those that are not settled. As a rule nothing is, and no id is read. */
  #open(records: readonly AuditRecord[]): readonly AuditRecord[] {
    return this.#settled.size === 0 ? records : records.filter((record) => !this.#settled.has(keyOf(record)));
  }

  /** Waits until the server may be asked again, or says that it may not yet. */
  async #holdBack(): Promise<void> {
    const ms = this.#notBefore - performance.now();
    if (ms <= 0) return;
    await this.#wait(Math.min(ms, MAX_WAIT_MS));
    if (ms > MAX_WAIT_MS) throw new HttpError('HTTP_RETRY_AFTER');
  }

  async #wait(ms: number): Promise<void> {
    try {
      await rest(ms, undefined, { signal: this.#options.signal });
    } catch {
      throw new HttpError('HTTP_ABORTED');
    }
  }

  /**
   * Single records find out. The first, so that all stay in order; where it is refused, perhaps by right, some behind it, and with each call those behind
   * these: so many are refused by right in a row that the first one that is not is found in its turn.
   */
  async #probe(records: readonly AuditRecord[]): Promise<void> {
    const from = this.#probed % records.length;
    const some = records.slice(Math.max(1, from), from + MAX_REFUSED_IN_ROW);
    for (const one of [...records.slice(0, 1), ...some]) {
      if (this.#settled.get(keyOf(one)) === 'taken') return;
      await this.#sendPart([one]);
      if (this.#taken.length > 0) {
        this.#settled.set(keyOf(one), 'taken');
        this.#holding = false;
        this.#probed = 0;
        return;
      }
      // Perhaps it was refused with all the others.
      this.#settled.delete(keyOf(one));
    }
    this.#probed = from + MAX_REFUSED_IN_ROW;
    this.#hold();
  }

  #hold(): never {
    this.#holding = true;
    this.#settled.clear();
    throw new HttpError('HTTP_REFUSES_ALL');
  }

  /** Neighbours, as many as a body may hold. */
  *#parts(records: readonly AuditRecord[]): Generator<readonly AuditRecord[]> {
    let start = 0;
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      const length = sizeOf(record);
      if (index > start && bytes + length > this.#maxBytes) {
        yield records.slice(start, index);
        start = index;
        bytes = 0;
      }
      bytes += length;
    }
    if (start < records.length) yield records.slice(start);
  }

  /** Sends a part; where the server does not take it whole, its halves, in order, and of these what is left over, some times. */
  async #sendPart(part: readonly AuditRecord[]): Promise<void> {
    const stack = [part];
    let rounds = 0;
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { status, body } = await this.#post(next);
      if (OF_CONTENT.has(status)) {
        stack.push(...this.#halve(next, status));
        continue;
      }
      const open = this.#judge(next, body);
      if (!open) continue;
      if (rounds === MAX_ROUNDS) throw open.why;
      await this.#wait(ROUND_MS * 2 ** rounds);
      rounds++;
      stack.push(open.records);
    }
  }

  /** An answer that is good, or about what was sent. Throws any other. */
  async #post(records: readonly AuditRecord[]): Promise<Answer> {
    const { client, form, timeoutMs } = this.#options;
    const left = this.#deadline - performance.now();
    if (left < LEAST_MS) throw new HttpError('HTTP_UNFINISHED');
    const answer = await client.post(form.encode(records), {
      contentType: form.contentType,
      timeoutMs: Math.min(timeoutMs, left),
      answerBytes: form.answerBytes(records.length),
    });
    const { status, retryAfterMs } = answer;
    if ((status >= 200 && status < 300) || OF_CONTENT.has(status)) return answer;
    if (retryAfterMs !== undefined) this.#notBefore = performance.now() + retryAfterMs;
    throw new HttpError(`HTTP_${status}`);
  }

  /** The halves, the first on top; of a single record nothing is left: it is refused. */
  #halve(records: readonly AuditRecord[], status: number): readonly (readonly AuditRecord[])[] {
    const [only, more] = records;
    if (only && !more) {
      this.#settled.set(keyOf(only), status === 413 ? 'too-large' : 'refused');
      return [];
    }
    if (status === 413) this.#lowerLimit(records);
    const middle = records.length >> 1;
    return [records.slice(middle), records.slice(0, middle)];
  }

  /** What the server does not take in one body is not tried again with the next batch. */
  #lowerLimit(records: readonly AuditRecord[]): void {
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    this.#maxBytes = Math.max(MIN_BODY_BYTES, Math.min(this.#maxBytes, bytes >> 1));
    this.#options.log.info(`http: the server takes no body of ${bytes} bytes (413); from now on at most ${this.#maxBytes} are sent at a time`);
  }

  /** Notes what became of each. Gives those that are to be sent again, and why. */
  #judge(
    records: readonly AuditRecord[],
    body: Buffer | undefined,
  ): { readonly records: readonly AuditRecord[]; readonly why: HttpError } | undefined {
    const verdicts = this.#options.form.judge(records, body);
    if (!verdicts) {
      this.#taken.push(records);
      return undefined;
    }
    const are = (verdict: Verdict) => records.filter((_, index) => verdicts[index] === verdict);
    const taken = are('taken');
    if (taken.length > 0) this.#taken.push(taken);
    for (const refusal of ['refused', 'partly-refused'] as const) for (const record of are(refusal)) this.#settled.set(keyOf(record), refusal);
    const why = verdicts.find((verdict) => verdict instanceof HttpError);
    return why && { why, records: records.filter((_, index) => verdicts[index] instanceof HttpError) };
  }

  /** Nothing is left to be sent: says which are refused, unless it is all and goes on like that. */
  #conclude(records: readonly AuditRecord[]): void {
    const refused: Refused[] = [];
    for (const record of this.#settled.size > 0 ? records : []) {
      const settled = this.#settled.get(keyOf(record));
      if (settled && settled !== 'taken') refused.push({ record, reason: settled });
    }
    if (refused.some(({ reason }) => reason !== 'refused') || refused.length < records.length) this.#refusedInRow = 0;
    else this.#refusedInRow += refused.length;
    if (this.#refusedInRow > MAX_REFUSED_IN_ROW) this.#hold();
    this.#settled.clear();
    if (refused.length > 0) throw new RefusedRecords(refused);
  }
}
