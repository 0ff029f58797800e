/**
 * Looks for the needles of many patterns at once (needles.ts). Receives needles with the number of whose they are, then texts of any lines and letters;
 * gives the numbers of those of which one stands there. One step of a table a unit of text (Aho and Corasick, 1975), however many needles there are.
 */
import { type Needle, type Run, siblingsOf } from './needles.js';
import { Trie } from './trie.js';

/** Longer needles are cut: no text becomes rarer by it, and the table stays small. */
const LONGEST = 10;

/** A text of ASCII from this length to that is read as bytes, which takes half the time. UTF-16 units. */
const FEWEST_AS_BYTES = 32;
const MOST_AS_BYTES = 16 * 1024;
/** Where it is written for that; with room for a text that is none of ASCII, so that its bytes are never as many as its units. */
const bytes = Buffer.allocUnsafe(3 * MOST_AS_BYTES);

interface RunScan {
  readonly least: number;
  /** By UTF-16 unit, 1 where it may be of the run. */
  readonly units: Uint8Array;
  readonly owners: readonly number[];
}

export class NeedleScan {
  /** By UTF-16 unit: its column in the table; 0, and nothing beyond its end, for what no needle has. */
  #columns = new Uint16Array(128);
  /** From the place of a state's row, and a column, to the place of the next state's row. */
  #steps = new Uint32Array(1);
  /** Rows from this place on are of states at which needles end. */
  #ends = 1;
  /** By place of a row at which needles end: whose they are. */
  readonly #owners = new Map<number, readonly number[]>();
  readonly #runs: readonly RunScan[];

  /** @param lists by owner, the needles of which one must stand in the text */
  constructor(lists: readonly (readonly Needle[])[]) {
    const words = new Map<string, number[]>();
    const runs = new Map<string, { run: Run; owners: number[] }>();
    for (const [owner, needles] of lists.entries()) {
      for (const needle of needles) {
        if (typeof needle === 'string') add(words, needle.slice(0, LONGEST), owner);
        else runs.set(JSON.stringify(needle), { run: needle, owners: [...(runs.get(JSON.stringify(needle))?.owners ?? []), owner] });
      }
    }
    this.#tabulate(words);
    this.#runs = [...runs.values()].map(({ run, owners }) => ({ least: run.least, units: unitsOf(run), owners }));
  }

  /** The owners of which a needle stands in `text`; undefined where there is none. */
  find(text: string): Set<number> | undefined {
    const { length } = text;
    const isAscii = length >= FEWEST_AS_BYTES && length <= MOST_AS_BYTES && bytes.write(text) === length;
    let found = isAscii ? this.#readBytes(length) : this.#readUnits(text);
    for (const { least, units, owners } of this.#runs) {
      if (length >= least && (isAscii ? hasRunInBytes(length, least, units) : hasRun(text, least, units))) found = addAll(found, owners);
    }
    return found;
  }

  /** Both halves in turn, for a step waits on the one before it: two ways at once take little longer than one. */
  #readBytes(length: number): Set<number> | undefined {
    const [columns, steps, ends] = [this.#columns, this.#steps, this.#ends];
    // What stands over the middle is read by the second way, which begins earlier.
    const from = Math.max(0, (length >> 1) - LONGEST);
    let found: Set<number> | undefined;
    let row = 0;
    let second = 0;
    for (let at = from; at < length; at++) {
      row = steps[row + (columns[bytes[at - from] as number] as number)] as number;
      second = steps[second + (columns[bytes[at] as number] as number)] as number;
      if (row >= ends || second >= ends) found = addAll(addAll(found, this.#owners.get(row)), this.#owners.get(second));
    }
    return found;
  }

  #readUnits(text: string): Set<number> | undefined {
    const [columns, steps, ends] = [this.#columns, this.#steps, this.#ends];
    const known = columns.length;
    let found: Set<number> | undefined;
    let row = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      row = steps[row + (unit < known ? (columns[unit] as number) : 0)] as number;
      if (row >= ends) found = addAll(found, this.#owners.get(row));
    }
    return found;
  }

  #tabulate(words: ReadonlyMap<string, readonly number[]>): void {
    const chars = [...new Set([...words.keys()].flatMap((word) => [...word]))];
    const columns = new Map(chars.map((char, index) => [char, index + 1]));
    const lists = [...words.values()];
    const trie = new Trie();
    for (const [index, word] of [...words.keys()].entries()) trie.plant(word, index);
    trie.link();
    const states = statesOf(trie, words.keys());
    const owners = states.map(({ state }) => ownersAt(trie, state, lists));
    const order = [...states.keys()].sort((a, b) => Number(owners[a] !== undefined) - Number(owners[b] !== undefined));
    const width = chars.length + 1;
    const rows = new Map(order.map((index, place) => [states[index]?.state, place * width]));
    this.#columns = columnsOf(chars);
    this.#steps = new Uint32Array(order.length * width);
    this.#ends = owners.filter((one) => one === undefined).length * width;
    // The nearer to the root first: a step that a state has not is that of its fallback.
    for (const [index, { state, steps }] of states.entries()) {
      const row = rows.get(state) ?? 0;
      const fallback = rows.get(trie.fallback(state)) ?? 0;
      this.#steps.copyWithin(row, fallback, fallback + width);
      for (const [char, next] of steps) this.#steps[row + (columns.get(char) ?? 0)] = rows.get(next) ?? 0;
      const own = owners[index];
      if (own) this.#owners.set(row, own);
    }
  }
}

interface State {
  readonly state: number;
  /** Those to states that go on with the same words. */
  readonly steps: ReadonlyMap<string, number>;
}

/** All states of a trie, the root first, then by how many units were read. */
function statesOf(trie: Trie, words: Iterable<string>): readonly State[] {
  const states = new Map([[0, new Map<string, number>()]]);
  for (const word of words) {
    let state = 0;
    for (const char of word) {
      const next = trie.follow(state, char.charCodeAt(0));
      states.get(state)?.set(char, next);
      if (!states.has(next)) states.set(next, new Map());
      state = next;
    }
  }
  return [...states].map(([state, steps]) => ({ state, steps })).sort((a, b) => trie.depth(a.state) - trie.depth(b.state));
}

/** Whose needles end at a state. */
function ownersAt(trie: Trie, state: number, lists: readonly (readonly number[])[]): readonly number[] | undefined {
  const owners = new Set<number>();
  for (let end = state; end !== 0; end = trie.shorter(end)) for (const owner of lists[trie.wordAt(end)] ?? []) owners.add(owner);
  return owners.size > 0 ? [...owners] : undefined;
}

function addAll(found: Set<number> | undefined, owners: readonly number[] | undefined): Set<number> | undefined {
  if (!owners) return found;
  const all = found ?? new Set();
  for (const owner of owners) all.add(owner);
  return all;
}

function columnsOf(chars: readonly string[]): Uint16Array<ArrayBuffer> {
  const ranges = chars.map(siblingsOf);
  const columns = new Uint16Array(Math.max(127, ...ranges.flat().map(([, to]) => to)) + 1);
  for (const [index, siblings] of ranges.entries()) for (const [from, to] of siblings) columns.fill(index + 1, from, to + 1);
  return columns;
}

function add(words: Map<string, number[]>, word: string, owner: number): void {
  const owners = words.get(word);
  if (!owners) words.set(word, [owner]);
  else if (owners.at(-1) !== owner) owners.push(owner);
}

function unitsOf({ ranges }: Run): Uint8Array {
  const units = new Uint8Array(0x10000);
  for (const [from, to] of ranges) {
    if (from <= 0xffff) units.fill(1, from, Math.min(to, 0xffff) + 1);
    if (to > 0xffff) units.fill(1, 0xd800, 0xe000);
  }
  return units;
}

/** Whether `least` units in a row are of a kind. Looks at every least-th unit, and back from there: prose is passed over in leaps. */
function hasRun(text: string, least: number, units: Uint8Array): boolean {
  for (let begin = 0; begin + least <= text.length; ) {
    let at = begin + least - 1;
    while (at >= begin && units[text.charCodeAt(at)] === 1) at--;
    if (at < begin) return true;
    begin = at + 1;
  }
  return false;
}

/** The same of the text that stands in `bytes`. */
function hasRunInBytes(length: number, least: number, units: Uint8Array): boolean {
  for (let begin = 0; begin + least <= length; ) {
    let at = begin + least - 1;
    while (at >= begin && units[bytes[at] as number] === 1) at--;
    if (at < begin) return true;
    begin = at + 1;
  }
  return false;
}
