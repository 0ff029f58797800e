/**
 * What the scribes of a process share: where records are made, their ids and salts, and who takes them. Receives records without a place, gives them one
 * in their chain, sealed; or once `pass` was called gives them away as drafts, for another to seal.
 */
import { RECORD_VERSION, type TimeUs, type Topic } from '../contract.js';
import type { GiveDraft, Unplaced } from './draft.js';
import type { Ids, Salts } from './id.js';
import { type ChainHead, formatTime, type Part, part, seal, toJson } from './line.js';

/** Where records are made; the same for all of a process. */
export interface Origin {
  readonly hostname: string;
  readonly application: string;
  readonly version: string;
  readonly pid: number;
  readonly node: string;
}

/** Takes a whole line with its line end, in the order of the journal. */
export type Append = (line: string, id: string, topic: Topic) => void;

/** A session that moved: its first record since the last checkpoint, and its chain, whose end is its last. */
export interface Moved {
  readonly first: Readonly<ChainHead>;
  readonly last: Readonly<ChainHead>;
}

export interface ScribeOptions {
  readonly origin: Origin;
  readonly ids: Ids;
  readonly salts: Salts;
  readonly append: Append;
  /** Every session that moves is entered here, if it is not in it; whoever writes the checkpoints takes it out. */
  readonly moved?: Map<string, Moved>;
}

export const NO_PART: Part = part('');

/** The same text, made of one piece: one that was joined of pieces is walked anew each time it is joined to another. */
export const flat = (text: string): string => Buffer.from(text).toString();

export class Desk {
  readonly origin: string;
  readonly ids: Ids;
  readonly salts: Salts;
  readonly #append: Append;
  readonly #moved: Map<string, Moved>;
  #give: GiveDraft | undefined;

  constructor(options: ScribeOptions) {
    const { hostname, application, version, pid, node } = options.origin;
    this.origin = toJson({ hostname, application, version, pid, node }).slice(1, -1);
    this.ids = options.ids;
    this.salts = options.salts;
    this.#append = options.append;
    this.#moved = options.moved ?? new Map();
  }

  /** From now on nothing is sealed here: every record goes to `give` as a draft. */
  pass(give: GiveDraft): void {
    this.#give = give;
  }

  /** The head's JSON from behind the time to `seq`, as one flat text: `middle` stands behind `node`. */
  fixed(middle: string): string {
    return flat(`",${this.origin}${middle},"seq":`);
  }

  /** Gives a record its place at the end of `chain`. @param who sealed once for all records that have it; its text is that of `record` and a salt */
  write(record: Unplaced, chain: ChainHead, who: Part): void {
    if (this.#give) return this.#draft(this.#give, record, chain);
    const { session, topic, at, fixed, late } = record;
    const id = this.ids.next(Math.floor(at / 1000));
    this.place(topic, id, chain, this.head(id, topic, at, chain, fixed, late), who, this.body(record.body));
    if (session !== '' && !this.#moved.has(session)) this.#moved.set(session, { first: { seq: chain.seq, hash: chain.hash }, last: chain });
  }

  /** A draft that was not taken has no number. */
  #draft(give: GiveDraft, record: Unplaced, chain: ChainHead): void {
    give({ ...record, seq: record.session === '' ? -1 : chain.seq + 1 });
    chain.seq++;
  }

  /** The head of the next record of `chain`, as JSON members. */
  head(id: string, topic: Topic, at: TimeUs, chain: ChainHead, fixed: string, late: string): string {
    const opening = `"v":"${RECORD_VERSION}","id":"${id}","topic":"${topic}","time":"`;
    return `${opening}${formatTime(at)}${fixed}${chain.seq + 1}${late},"prev":"${chain.hash}"`;
  }

  /** Seals and appends what `head` begins. */
  place(topic: Topic, id: string, chain: ChainHead, head: string, who: Part, body: Part): void {
    const sealed = seal(head, who, body);
    // A line that was not taken has no place in the chain.
    this.#append(sealed.line, id, topic);
    chain.seq++;
    chain.hash = sealed.hash;
  }

  /** A who of these members, with a salt of its own; '': none. */
  who(members: string): Part {
    return members === '' ? NO_PART : part(flat(`"who_salt":"${this.salts.next()}",${members}`));
  }

  body(members: string): Part {
    return members === '' ? NO_PART : part(`"salt":"${this.salts.next()}"${members}`);
  }
}
