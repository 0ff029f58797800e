/**
 * Follows the chains of all sessions and nodes over the records of all files, in the order of their first delivery. Receives heads with their
 * places, reports what does not fit, and counts. Keeps the end of each chain and a bounded list of oddities: never a record.
 *
 * Doubles. Delivery is at least once, so a run of records may come again. A run is linked by `prev`, so its last hash stands for all of it: when
 * the run reaches the end of its chain that hash is compared, in constant memory however long the run. A run that breaks off earlier leaves a
 * loose end, and `looseEnds` asks for the files to be read once more, for those alone.
 */
import type { Head } from './verify-line.js';

export interface LinePlace {
  readonly file: string;
  readonly line: number;
}

export type DamageCode = 'grammar' | 'changed' | 'erased' | 'link' | 'deleted' | 'reordered' | 'restarted' | 'double' | 'cut';

/** What is wrong where; `what` is one line for people, without any text of a session. */
export interface Damage {
  place: string;
  code: DamageCode;
  what: string;
}

export type TellDamage = (place: LinePlace, code: DamageCode, what: string) => Damage;

/** A run of doubles, `from` one seq to another, whose hash is `hash`. */
interface Run extends LinePlace {
  readonly from: number;
  readonly seq: number;
  readonly hash: string;
}

/** Records `from` to `to` were not where they should be; `left` of them have not come later either. */
interface Hole {
  readonly from: number;
  readonly to: number;
  left: number;
  readonly damage: Damage;
}

interface Chain {
  readonly name: string;
  readonly isSession: boolean;
  /** Seq and hash of the first record that the files have of it. */
  first: number;
  firstHash: string;
  seq: number;
  hash: string;
  file: string;
  line: number;
  ended: boolean;
  again?: Run | undefined;
  loose?: Run[];
  holes?: Hole[];
}

interface Node {
  readonly firstId: string;
  /** The files begin with the first record that the node ever wrote, so no session can have begun before. */
  readonly isWhole: boolean;
  lastId: string;
}

export interface LooseEnd {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly place: LinePlace;
}

const ZEROS = '0'.repeat(64);
/** Holes and loose ends kept over all chains; what is above is damage without a second look. */
const ODDITIES_LIMIT = 10_000;
/** A session's id is made at its door and its first record a moment later: that the files began before is sure only past this, in milliseconds. */
const DOOR_MS = 10_000;

const at = ({ file, line }: LinePlace): string => `${file}:${line}`;
const msOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
/** A string of its own: one cut out of a line would keep that line in memory. */
const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
const records = (count: number): string => (count === 1 ? '1 record' : `${count} records`);

/** The key of a record's chain; a node's name is quoted, so the two kinds cannot meet. */
export const chainOf = (head: Head): string => head.session || head.node;

export class Chains {
  readonly #tell: TellDamage;
  readonly #chains = new Map<string, Chain>();
  readonly #nodes = new Map<string, Node>();
  #oddities = 0;
  doubles = 0;

  constructor(tell: TellDamage) {
    this.#tell = tell;
  }

  /** Takes the next record. @param trusted false where its seal does not hold: then it only moves its chain on, if it stands at its place */
  follow(head: Head, place: LinePlace, trusted: boolean): void {
    const key = chainOf(head);
    const chain = this.#chains.get(key);
    if (!trusted) {
      if (head.seq === (chain ? chain.seq + 1 : 0)) this.#advance(chain ?? this.#open(key, head), head, place);
      return;
    }
    if (!chain) this.#begin(key, head, place);
    else if (head.seq > chain.seq) this.#next(chain, head, place);
    else this.#seen(chain, head, place);
  }

  /** Sessions, and chains of which only a part is in the files. */
  count(): { sessions: number; parts: number } {
    const all = [...this.#chains.values()];
    const sessions = all.filter(({ isSession }) => isSession);
    return { sessions: sessions.length, parts: all.filter((chain) => chain.first > 0 || (chain.isSession && !chain.ended)).length };
  }

  /** Ends of runs of doubles that must be compared with what stood there the first time. */
  looseEnds(): LooseEnd[] {
    return [...this.#chains].flatMap(([chain, { again, loose = [] }]) =>
      [...loose, ...(again ? [again] : [])].map(({ seq, hash, file, line }) => ({ chain, seq, hash, place: { file, line } })),
    );
  }

  #begin(key: string, head: Head, place: LinePlace): void {
    const chain = this.#open(key, head);
    if ((head.seq === 0) !== (head.prev === ZEROS))
      this.#tell(place, 'link', `prev and seq ${head.seq} do not fit: only the first of a chain has zeros`);
    this.#rises(head, place);
    if (head.seq > 0 && chain.isSession && this.#beganInside(head)) {
      this.#tell(place, 'deleted', `the first ${records(head.seq)} of ${chain.name} not there, though it began within these files`);
    }
    this.#advance(chain, head, place);
  }

  #open(key: string, head: Head): Chain {
    const isSession = head.session !== '';
    const name = `${isSession ? 'session' : 'node'} ${own(key)}`;
    const chain = { name, isSession, first: head.seq, firstHash: head.hash, seq: head.seq, hash: head.hash, file: '', line: 0, ended: false };
    this.#chains.set(own(key), chain);
    return chain;
  }

  /** Whether a session's first record must be in the files. */
  #beganInside({ node, session }: Head): boolean {
    const first = this.#nodes.get(node);
    return first !== undefined && (first.isWhole || msOf(session) > msOf(first.firstId) + DOOR_MS);
  }

  #next(chain: Chain, head: Head, place: LinePlace): void {
    const missing = head.seq - chain.seq - 1;
    if (missing > 0) this.#hole(chain, head, place, missing);
    else if (head.prev !== chain.hash) this.#tell(place, 'link', `prev is not the hash of the record before it in ${chain.name} (${at(chain)})`);
    this.#rises(head, place);
    this.#advance(chain, head, place);
  }

  #advance(chain: Chain, head: Head, place: LinePlace): void {
    chain.seq = head.seq;
    chain.hash = head.hash;
    chain.file = place.file;
    chain.line = place.line;
    chain.ended ||= head.topic === 'session.end';
  }

  /** Ids rise over all new records of a node. After a fall the count goes on from there, so that one moved line is told once. */
  #rises(head: Head, place: LinePlace): void {
    const node = this.#nodes.get(head.node);
    if (!node) this.#nodes.set(own(head.node), { firstId: own(head.id), isWhole: !head.session && head.seq === 0, lastId: own(head.id) });
    else {
      if (head.id <= node.lastId)
        this.#tell(place, 'reordered', 'its id is not above that of the record before it on this node: lines were moved or put in');
      node.lastId = head.id;
    }
  }

  #hole(chain: Chain, head: Head, place: LinePlace, missing: number): void {
    const seqs = missing === 1 ? `seq ${chain.seq + 1}` : `seq ${chain.seq + 1} to ${head.seq - 1}`;
    const damage = this.#tell(place, 'deleted', `${records(missing)} of ${chain.name} (${seqs}) not there, after ${at(chain)}`);
    if (++this.#oddities > ODDITIES_LIMIT) return;
    chain.holes ??= [];
    chain.holes.push({ from: chain.seq + 1, to: head.seq - 1, left: missing, damage });
  }

  /** A record whose seq has been: it comes late into a hole, begins its chain again, or is a double. */
  #seen(chain: Chain, head: Head, place: LinePlace): void {
    const hole = chain.holes?.find(({ from, to }) => head.seq >= from && head.seq <= to);
    if (hole && hole.left > 0) this.#late(hole, place);
    else if (head.seq < chain.first) this.#tell(place, 'reordered', `seq ${head.seq} of ${chain.name} after seq ${chain.first}`);
    else if (head.seq === 0 && head.hash !== chain.firstHash) this.#restart(chain, head, place);
    else this.#double(chain, head, place);
  }

  /** Told once; what follows is held against the new beginning. */
  #restart(chain: Chain, head: Head, place: LinePlace): void {
    this.#tell(place, 'restarted', `${chain.name} begins again: cut off and begun anew, or two spools with the same NODE`);
    this.#rises(head, place);
    Object.assign(chain, { first: 0, firstHash: head.hash, again: undefined, loose: [], holes: [] });
    this.#advance(chain, head, place);
  }

  #late(hole: Hole, place: LinePlace): void {
    hole.left -= 1;
    const count = hole.to - hole.from + 1;
    if (hole.left > 0) return;
    hole.damage.code = 'reordered';
    hole.damage.what = `${records(count)} (seq ${hole.from}${count > 1 ? ` to ${hole.to}` : ''}) of this chain should stand before it and came later, up to ${at(place)}`;
  }

  #double(chain: Chain, head: Head, place: LinePlace): void {
    const goesOn = chain.again?.seq === head.seq - 1 ? chain.again : undefined;
    if (chain.again && !goesOn) this.#loosen(chain, chain.again);
    chain.again = undefined;
    if ((goesOn && goesOn.hash !== head.prev) || this.#contradicts(chain, head)) {
      this.#tell(place, 'double', `seq ${head.seq} of ${chain.name} came before with other bytes`);
      return;
    }
    this.doubles += 1;
    const from = goesOn?.from ?? head.seq;
    if (head.seq === chain.seq) this.#settle(chain, from);
    else chain.again = { from, seq: head.seq, hash: head.hash, file: place.file, line: place.line };
  }

  /** Compares with the end of the chain and with loose ends at this seq. */
  #contradicts(chain: Chain, { seq, hash }: Head): boolean {
    return (seq === chain.seq && hash !== chain.hash) || (chain.loose?.some((end) => end.seq === seq && end.hash !== hash) ?? false);
  }

  /** A run from `from` has reached the end of its chain and is the same, so are the loose ends that it passed. */
  #settle(chain: Chain, from: number): void {
    if (!chain.loose?.length) return;
    const left = chain.loose.filter(({ seq }) => seq < from);
    this.#oddities -= chain.loose.length - left.length;
    chain.loose = left;
  }

  #loosen(chain: Chain, run: Run): void {
    chain.loose ??= [];
    if (chain.loose.some(({ seq, hash }) => seq === run.seq && hash === run.hash)) return;
    if (++this.#oddities > ODDITIES_LIMIT) this.#tell(run, 'double', 'too many runs of doubles that break off: this one was not compared');
    else chain.loose.push(run);
  }
}
