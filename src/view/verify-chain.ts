/**
 * Follows the chains of all sessions and nodes over the records of all files, in the order of their first delivery. Receives heads with their
 * places, reports what does not fit, and counts. Keeps the end of each chain and a bounded list of oddities: never a record.
 *
 * Doubles. Delivery is at least once, so a run of records may come again. A run is linked by `prev`, so its last hash stands for all of it: when
 * the run reaches the end of its chain that hash is compared, in constant memory however long the run. A run that breaks off earlier leaves a
 * loose end, and `looseEnds` asks for the files to be read once more, for those alone.
 */
import { at, type DamageCode, type Findings, type LinePlace, own } from './verify-findings.js';
import type { Head } from './verify-line.js';
import type { Hole, Losses } from './verify-losses.js';

/** A run of doubles, `from` one seq to another, whose hash is `hash`. */
interface Run {
  readonly place: LinePlace;
  readonly from: number;
  readonly seq: number;
  readonly hash: string;
}

/** The end of a chain, and what of it no checkpoint covers yet. */
export interface Chain {
  readonly key: string;
  readonly name: string;
  readonly isSession: boolean;
  readonly node: Node;
  /** Seq and hash of the first record that the files have of it. */
  first: number;
  firstHash: string;
  seq: number;
  hash: string;
  id: string;
  place: LinePlace;
  ended: boolean;
  /** Seq from which on each record is linked to the next. */
  linkedFrom: number;
  /** The first record of that run behind what checkpoints cover. */
  open?: { readonly seq: number; readonly hash: string; readonly place: LinePlace } | undefined;
  again?: Run | undefined;
  loose: Run[];
  holes: Hole[];
}

export interface Node {
  /** As escaped in the line. */
  readonly name: string;
  readonly firstId: string;
  /** The files begin with the first record that the node ever wrote, so no session can have begun before. */
  isWhole: boolean;
  lastId: string;
  /** Session chains with records that no checkpoint covers yet. */
  readonly moved: Set<Chain>;
  /** Records that no later one of their chain is linked to, for records between are missing: no checkpoint can cover them any more. */
  cutLoose: number;
  /** The hole in the node's own chain since its last checkpoint. */
  hole?: Hole | undefined;
}

/** Something that a second reading must compare: what stands at this seq must have this hash. `isClaim`: a checkpoint says so, not a double. */
export interface LooseEnd {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly place: LinePlace;
  readonly isClaim: boolean;
}

/** What a record was: new in its chain, one that came before, one that came late into a hole, or none that could be followed. */
export type Step = 'new' | 'double' | 'late' | 'off';

const ZEROS = '0'.repeat(64);
/** Loose ends kept over all chains; what is above is damage without a second look. */
const LOOSE_LIMIT = 10_000;
/** A session's id is made at its door and its first record a moment later: that the files began before is sure only past this, in milliseconds. */
const DOOR_MS = 10_000;

const NOT_ABOVE =
  'its id is not above that of the record before it on this node: lines were moved or put in (lines out of several Kafka partitions: LC_ALL=C sort -u)';

/** The millisecond in a UUIDv7. */
export const msOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** The key of a record's chain; a node's name is quoted, so the two kinds cannot meet. */
export const chainOf = (head: Head): string => head.session || head.node;

export class Chains {
  readonly #findings: Findings;
  readonly #losses: Losses;
  /** The chain that alone is held to the rules; of others a part may be there, in any place. */
  readonly #only: string | undefined;
  readonly #chains = new Map<string, Chain>();
  readonly #nodes = new Map<string, Node>();
  #loose = 0;
  doubles = 0;

  constructor(findings: Findings, losses: Losses, only?: string) {
    this.#findings = findings;
    this.#losses = losses;
    this.#only = only;
  }

  get nodes(): Iterable<Node> {
    return this.#nodes.values();
  }

  get(key: string): Chain | undefined {
    return this.#chains.get(key);
  }

  /** Takes the next record. @param trusted false where its seal does not hold: then it only moves its chain on, if it stands at its place */
  follow(head: Head, place: LinePlace, trusted: boolean): Step {
    const key = chainOf(head);
    const chain = this.#chains.get(key);
    if (!trusted) {
      if (head.seq === (chain ? chain.seq + 1 : 0)) this.#advance(chain ?? this.#open(key, head, place), head, place);
      return 'off';
    }
    if (!chain) return this.#begin(key, head, place);
    return head.seq > chain.seq ? this.#next(chain, head, place) : this.#seen(chain, head, place);
  }

  /** Sessions, and chains of which only a part is in the files. */
  count(): { sessions: number; parts: number } {
    const all = [...this.#chains.values()].filter((chain) => this.#isHeld(chain));
    const sessions = all.filter(({ isSession }) => isSession);
    return { sessions: sessions.length, parts: all.filter((chain) => chain.first > 0 || (chain.isSession && !chain.ended)).length };
  }

  /** Records of all chains that no checkpoint covers. */
  openRecords(): number {
    const open = [...this.#chains.values()].reduce((sum, chain) => sum + openOf(chain), 0);
    return [...this.#nodes.values()].reduce((sum, { cutLoose }) => sum + cutLoose, open);
  }

  /** Ends of runs of doubles that must be compared with what stood there the first time. */
  looseEnds(): LooseEnd[] {
    return [...this.#chains].flatMap(([chain, { again, loose }]) =>
      [...loose, ...(again ? [again] : [])].map(({ seq, hash, place }) => ({ chain, seq, hash, place, isClaim: false })),
    );
  }

  #tell(chain: Chain, place: LinePlace, code: DamageCode, what: string): void {
    if (this.#isHeld(chain)) this.#findings.tell(place, code, what);
  }

  #isHeld(chain: Chain): boolean {
    return this.#only === undefined || this.#only === chain.key;
  }

  /** Keeps that records of a chain are not there; late ones may still come. */
  missing(chain: Chain, hole: Omit<Hole, 'chain' | 'node' | 'left'>): void {
    if (!this.#isHeld(chain)) return;
    const kept = this.#losses.hole({ ...hole, chain: chain.name, node: chain.node.name, left: hole.to - hole.from + 1 });
    chain.holes.push(kept);
    if (!chain.isSession) chain.node.hole = kept;
  }

  /** Moves a chain to where a checkpoint says that it ends, over records that are missing. */
  skipTo(chain: Chain, seq: number, hash: string, id: string): void {
    this.#cutLoose(chain);
    chain.seq = seq;
    chain.hash = own(hash);
    chain.id = own(id);
    chain.linkedFrom = seq + 1;
  }

  /** All up to the end of a chain is covered. */
  cover(chain: Chain): void {
    chain.open = undefined;
    chain.node.moved.delete(chain);
  }

  /** What is open in a chain will never be covered. */
  #cutLoose(chain: Chain): void {
    chain.node.cutLoose += openOf(chain);
    this.cover(chain);
  }

  /** Tells once that a checkpoint left out what is open in this chain. */
  leftOut(chain: Chain): void {
    this.#cutLoose(chain);
  }

  #begin(key: string, head: Head, place: LinePlace): Step {
    const chain = this.#open(key, head, place);
    if ((head.seq === 0) !== (head.prev === ZEROS))
      this.#tell(chain, place, 'link', `prev and seq ${head.seq} do not fit: only the first of a chain has zeros`);
    const isInside = head.seq > 0 && chain.isSession && this.#only === undefined && this.#beganInside(head);
    this.#rises(chain, head, place);
    if (isInside)
      this.missing(chain, {
        from: 0,
        to: head.seq - 1,
        afterId: chain.key,
        beforeId: own(head.id),
        place,
        why: 'though it began within these files',
      });
    this.#advance(chain, head, place);
    return 'new';
  }

  #open(key: string, head: Head, place: LinePlace): Chain {
    const isSession = head.session !== '';
    const node = this.#nodes.get(head.node) ?? this.#meet(head);
    const chain: Chain = {
      key: own(key),
      name: `${isSession ? 'session' : 'node'} ${Buffer.from(key, 'latin1').toString()}`,
      isSession,
      node,
      first: head.seq,
      firstHash: own(head.hash),
      seq: head.seq - 1,
      hash: '',
      id: '',
      place,
      ended: false,
      linkedFrom: head.seq,
      loose: [],
      holes: [],
    };
    this.#chains.set(chain.key, chain);
    return chain;
  }

  #meet(head: Head): Node {
    const name = own(head.node);
    const node = { name, firstId: own(head.id), isWhole: !head.session && head.seq === 0, lastId: '', moved: new Set<Chain>(), cutLoose: 0 };
    this.#nodes.set(name, node);
    return node;
  }

  /** Whether a session's first record must be in the files. */
  #beganInside({ node, session }: Head): boolean {
    const first = this.#nodes.get(node);
    return first !== undefined && first.lastId !== '' && (first.isWhole || msOf(session) > msOf(first.firstId) + DOOR_MS);
  }

  #next(chain: Chain, head: Head, place: LinePlace): Step {
    if (head.seq > chain.seq + 1) {
      const ids = { afterId: chain.id, beforeId: own(head.id) };
      this.#break(chain, head.seq);
      this.missing(chain, { from: chain.seq + 1, to: head.seq - 1, ...ids, place, why: `after ${at(chain.place)}` });
    } else if (head.prev !== chain.hash) {
      this.#tell(chain, place, 'link', `prev is not the hash of the record before it in ${chain.name} (${at(chain.place)})`);
      this.#break(chain, head.seq);
    }
    this.#rises(chain, head, place);
    this.#advance(chain, head, place);
    return 'new';
  }

  /** From `seq` on a new run of linked records begins. */
  #break(chain: Chain, seq: number): void {
    this.#cutLoose(chain);
    chain.linkedFrom = seq;
  }

  #advance(chain: Chain, head: Head, place: LinePlace): void {
    chain.seq = head.seq;
    chain.hash = head.hash;
    chain.id = own(head.id);
    chain.place = place;
    chain.ended ||= head.topic === 'session.end';
    if (chain.open) return;
    chain.open = { seq: head.seq, hash: own(head.hash), place };
    if (chain.isSession) chain.node.moved.add(chain);
  }

  /** Ids rise over all new records of a node. After a fall the count goes on from there, so that one moved line is told once. */
  #rises(chain: Chain, { id }: Head, place: LinePlace): void {
    if (id <= (this.#only === undefined ? chain.node.lastId : chain.id)) this.#tell(chain, place, 'reordered', NOT_ABOVE);
    chain.node.lastId = own(id);
  }

  /** A record whose seq has been: it comes late into a hole, begins its chain again, or is a double. */
  #seen(chain: Chain, head: Head, place: LinePlace): Step {
    const hole = chain.holes.find(({ from, to }) => head.seq >= from && head.seq <= to);
    if (hole && hole.left > 0) {
      hole.left -= 1;
      hole.lateAt = place;
      return 'late';
    }
    if (head.seq < chain.first) {
      this.#tell(chain, place, 'reordered', `seq ${head.seq} of ${chain.name} after seq ${chain.first}`);
      return 'late';
    }
    if (head.seq === 0 && head.hash !== chain.firstHash) return this.#restart(chain, head, place);
    return this.#double(chain, head, place);
  }

  /** Told once; what follows is held against the new beginning. */
  #restart(chain: Chain, head: Head, place: LinePlace): Step {
    this.#tell(chain, place, 'restarted', `${chain.name} begins again: cut off and begun anew, or two spools with the same NODE`);
    this.#break(chain, 0);
    this.#rises(chain, head, place);
    Object.assign(chain, { first: 0, firstHash: own(head.hash), again: undefined, loose: [], holes: [] });
    this.#advance(chain, head, place);
    return 'new';
  }

  #double(chain: Chain, head: Head, place: LinePlace): Step {
    const goesOn = chain.again?.seq === head.seq - 1 ? chain.again : undefined;
    if (chain.again && !goesOn) this.#loosen(chain, chain.again);
    chain.again = undefined;
    if ((goesOn && goesOn.hash !== head.prev) || contradicts(chain, head)) {
      this.#tell(chain, place, 'double', `seq ${head.seq} of ${chain.name} came before with other bytes`);
      return 'off';
    }
    this.doubles += 1;
    const from = goesOn?.from ?? head.seq;
    if (head.seq === chain.seq) this.#settle(chain, from);
    else chain.again = { from, seq: head.seq, hash: own(head.hash), place };
    return 'double';
  }

  /** A run from `from` has reached the end of its chain and is the same, so are the loose ends that it passed. */
  #settle(chain: Chain, from: number): void {
    const left = chain.loose.filter(({ seq }) => seq < from);
    this.#loose -= chain.loose.length - left.length;
    chain.loose = left;
  }

  #loosen(chain: Chain, run: Run): void {
    if (chain.loose.some(({ seq, hash }) => seq === run.seq && hash === run.hash)) return;
    if (++this.#loose > LOOSE_LIMIT) this.#tell(chain, run.place, 'double', 'too many runs of doubles that break off: this one was not compared');
    else chain.loose.push(run);
  }
}

/** Compares with the end of the chain and with loose ends at this seq. */
const contradicts = (chain: Chain, { seq, hash }: Head): boolean =>
  (seq === chain.seq && hash !== chain.hash) || chain.loose.some((end) => end.seq === seq && end.hash !== hash);

/** Records of a chain that no checkpoint covers yet. */
const openOf = ({ seq, open }: Chain): number => (open ? seq - open.seq + 1 : 0);
