/**
 * Losses: records that are not there, and what the node itself declares as lost to one callback's copy (`audit.gap` with `callback`). Receives holes and
 * gaps while the files are read, decides at the end which hole is declared: every record missing may lie in a gap, no gap is used for more records than it
 * says, and none counts of which the files hold a record after all (it is of another callback's copy). Keeps a bounded list of each, never a record.
 */
import { at, type Findings, type LinePlace, recordsOf, seqsOf } from './verify-findings.js';
import { parseJson } from './verify-members.js';

/** Records `from` to `to` of a chain that are not where they should be; their ids lie between `afterId` and `beforeId`. */
export interface Hole {
  readonly place: LinePlace;
  readonly chain: string;
  readonly node: string;
  readonly from: number;
  readonly to: number;
  readonly afterId: string;
  readonly beforeId: string;
  /** What the damage says behind the records: where they should be. */
  readonly why: string;
  /** How many have not come later either. */
  left: number;
  /** The last place where one came late. */
  lateAt?: LinePlace;
  /** A checkpoint behind the hole, whose predecessor is not there. */
  checkpointAt?: LinePlace;
}

/** A gap of one copy. Its dead letters are named one by one, what was given up is a range. */
interface Gap {
  /** Where it stands in the chain of its node. */
  readonly node: string;
  readonly seq: number;
  isOthers: boolean;
}

/** Ids from `from` to `to`, of which so many are declared as lost. */
interface Slot {
  readonly gap: Gap;
  readonly from: string;
  readonly to: string;
  /** A record in here shows that the gap is of another copy. */
  readonly isExact: boolean;
  left: number;
  /** The last record of a range that the copy has after all: what its callback had in hand when it gave up the rest. */
  last: string;
}

/** Holes kept; what is above is damage at once. */
const HOLES_LIMIT = 100_000;
/** Ids and ranges of gaps kept; what is above explains nothing. */
const SLOTS_LIMIT = 200_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** Slots by `from`, with the highest `to` up to each: what may hold an id is found without a walk over all. */
class SlotIndex {
  readonly #slots: readonly Slot[];
  readonly #highest: string[] = [];

  constructor(slots: readonly Slot[]) {
    this.#slots = slots.toSorted((a, b) => (a.from < b.from ? -1 : 1));
    let highest = '';
    for (const { to } of this.#slots) {
      if (to > highest) highest = to;
      this.#highest.push(highest);
    }
  }

  /** Slots that reach into what lies from `first` to `last`, both included. */
  *between(first: string, last: string): Generator<Slot> {
    let [low, high] = [0, this.#slots.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#highest[middle] as string) < first) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#slots.length; i++) {
      const slot = this.#slots[i] as Slot;
      if (slot.from > last) return;
      if (slot.to >= first) yield slot;
    }
  }
}

export class Losses {
  readonly #findings: Findings;
  readonly #callback: string | undefined;
  readonly #holes: Hole[] = [];
  readonly #slots: Slot[] = [];
  #index: SlotIndex | undefined;
  /** Records that are missing and declared. */
  declared = 0;

  /** @param callback whose copy the files are, where that is known: no other's gaps count, and of its own it may have the first records all the same */
  constructor(findings: Findings, callback?: string) {
    this.#findings = findings;
    this.#callback = callback;
  }

  hole(hole: Hole): Hole {
    if (this.#holes.length >= HOLES_LIMIT) this.#tell(hole);
    else this.#holes.push(hole);
    return hole;
  }

  /** Takes the data of an `audit.gap` of the node's chain; what is of no callback's copy is passed over. */
  gap({ node, seq }: Pick<Gap, 'node' | 'seq'>, members: ReadonlyMap<string, string>): void {
    const value = (name: string): unknown => parseJson(members.get(name) ?? 'null');
    const [callback, from, to, records, ids] = ['callback', 'from', 'to', 'records', 'ids'].map(value);
    if (typeof callback !== 'string' || !isId(from) || !isId(to) || typeof records !== 'number') return;
    if (this.#callback !== undefined && callback !== this.#callback) return;
    const gap: Gap = { node, seq, isOthers: false };
    const named = Array.isArray(ids) ? ids.filter(isId) : [];
    for (const id of named) this.#slot({ gap, from: id, to: id, isExact: true, left: 1, last: '' });
    const rest = records - named.length;
    if (rest > 0) this.#slot({ gap, from, to, isExact: !Array.isArray(ids), left: rest, last: '' });
  }

  #slot(slot: Slot): void {
    if (this.#slots.length < SLOTS_LIMIT) this.#slots.push(slot);
  }

  /** Whether a second reading can explain anything: `saw` wants to be told of every record then. */
  get wantsAll(): boolean {
    return this.#slots.length > 0 && this.#holes.some(({ left }) => left > 0);
  }

  saw(node: string, id: string): void {
    this.#index ??= new SlotIndex(this.#slots.filter(({ isExact }) => isExact));
    for (const slot of this.#index.between(id, id)) {
      if (slot.gap.node !== node) continue;
      if (this.#callback === undefined || slot.from === slot.to) slot.gap.isOthers = true;
      else if (id > slot.last) slot.last = id;
    }
  }

  /**
   * Tells every hole that nothing declares. To be called once, when all is read.
   * @param isProven whether a gap can be believed
   */
  settle(isProven: (gap: Pick<Gap, 'node' | 'seq'>) => boolean): void {
    const believed = this.#slots.filter(({ gap }) => !gap.isOthers && isProven(gap));
    const slots = new SlotIndex(believed.map((slot) => (slot.last === '' ? slot : { ...slot, from: slot.last })));
    const inOrder = this.#holes.toSorted((a, b) => (a.beforeId < b.beforeId ? -1 : 1));
    for (const hole of inOrder) {
      if (hole.left > 0 && this.#isDeclared(hole, slots)) this.declared += hole.left;
      else this.#tell(hole);
    }
  }

  #isDeclared(hole: Hole, slots: SlotIndex): boolean {
    const used: [Slot, number][] = [];
    let missing = hole.left;
    for (const slot of slots.between(hole.afterId, hole.beforeId)) {
      const taken = slot.gap.node === hole.node ? Math.min(slot.left, missing) : 0;
      if (taken > 0) used.push([slot, taken]);
      missing -= taken;
      if (missing === 0) break;
    }
    if (missing > 0) return false;
    for (const [slot, taken] of used) slot.left -= taken;
    return true;
  }

  #tell({ place, chain, from, to, left, why, lateAt, checkpointAt }: Hole): void {
    const count = to - from + 1;
    if (left === 0 && lateAt) {
      const what = `${recordsOf(count)} of ${chain} (${seqsOf(from, to)}) should stand before it and came later, up to ${at(lateAt)}`;
      this.#findings.tell(place, 'reordered', what);
    } else this.#findings.tell(place, 'deleted', `${recordsOf(count)} of ${chain} (${seqsOf(from, to)}) not there, ${why}`);
    if (left > 0 && checkpointAt) this.#findings.tell(checkpointAt, 'checkpoint', REMOVED);
  }
}

/** The damage of a checkpoint whose predecessor is missing. */
export const REMOVED = 'the checkpoint before it is not there: removed, or with the records that are missing before it';
