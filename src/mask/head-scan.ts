/**
 * Whether a line begins as one of many patterns does that look at the start of lines. Receives their trees, then texts of any lines; its no is certain, its
 * yes is not: for a few characters it follows all patterns at once, with an automaton whose states are made when they are first met, and kept, up to a
 * bound. Knows nothing of what stands further behind, of word boundaries, and of letters beyond ASCII.
 */
import type { CharSet, Node } from './pattern-tree.js';
import { SPACES } from './unicode.js';

/** A line that is still like a pattern behind so many characters may be one. */
const LONGEST_HEAD = 24;
/** States that are kept; a line that would need another may be one. */
const MOST_STATES = 500;
/** Places in all patterns together; with more, every line may be one. */
const MOST_PLACES = 20_000;
/** Counts up to this are followed turn by turn; higher ones as without an end. */
const MOST_TURNS = 16;
/** The column of all characters beyond ASCII. */
const BEYOND = 128;
/** Numbers of states, and of steps that were not made yet. */
const DEAD = 0;
const UNKNOWN = -1;
/** Stands among the places of a state where a pattern has been met as a whole. */
const MET = 0;

/** A place in a pattern: which characters may stand there, and the places behind. Without characters it stands for those behind it: a loop's beginning. */
interface Place {
  readonly chars: Uint8Array | undefined;
  readonly next: readonly number[];
}

interface State {
  readonly places: readonly number[];
  readonly steps: Int16Array;
  readonly met: boolean;
}

export class HeadScan {
  readonly #places: Place[] = [];
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #start: number;

  constructor(roots: readonly Node[]) {
    this.#places.push({ chars: new Uint8Array(BEYOND + 1), next: [] });
    const places = roots.flatMap((root) => this.#grow(root, [MET]));
    this.#stateOf([]);
    this.#start = this.#stateOf(this.#places.length > MOST_PLACES ? [MET] : places);
  }

  /** False only where no pattern matches any line of `text`. */
  mayBegin(text: string): boolean {
    for (let from = 0; from <= text.length; ) {
      const end = text.indexOf('\n', from);
      const to = end < 0 ? text.length : end;
      if (to > from && this.#mayBeginAt(text, from, to)) return true;
      from = to + 1;
    }
    return false;
  }

  #mayBeginAt(text: string, from: number, to: number): boolean {
    const stop = Math.min(to, from + LONGEST_HEAD);
    let number = this.#start;
    for (let at = from; at < stop; at++) {
      const state = this.#states[number] as State;
      if (state.met) return true;
      const unit = text.charCodeAt(at);
      // The second half of a character.
      if (unit >= 0xdc00 && unit <= 0xdfff) continue;
      const column = Math.min(unit, BEYOND);
      const known = state.steps[column] as number;
      number = known === UNKNOWN ? this.#step(state, column) : known;
      if (number === DEAD) return false;
      if (number === UNKNOWN) return true;
    }
    return stop < to || (this.#states[number] as State).met;
  }

  /** The state behind a character; UNKNOWN where there is no room for it. */
  #step({ places, steps }: State, column: number): number {
    const next = new Set<number>();
    for (const place of places) {
      const { chars, next: behind } = this.#places[place] as Place;
      if (chars?.[column] === 1) for (const one of behind) next.add(one);
    }
    const number = this.#stateOf([...next]);
    steps[column] = number;
    return number;
  }

  #stateOf(begin: readonly number[]): number {
    const places = new Set(begin);
    for (const place of places) {
      const { chars, next } = this.#places[place] as Place;
      if (!chars) for (const one of next) places.add(one);
    }
    const sorted = [...places].sort((a, b) => a - b);
    const name = sorted.join();
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#states.length >= MOST_STATES) return UNKNOWN;
    const number = this.#states.push({ places: sorted, steps: new Int16Array(BEYOND + 1).fill(UNKNOWN), met: sorted[0] === MET }) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** Makes the places of a node that `behind` follow; gives those at which it can begin, with `behind` where it can be empty. */
  #grow(node: Node, behind: readonly number[]): readonly number[] {
    if (this.#places.length > MOST_PLACES) return [MET];
    switch (node.kind) {
      case 'set':
        return [this.#places.push({ chars: charsOf(node), next: behind }) - 1];
      case 'at':
        return behind;
      case 'group':
        return this.#grow(node.item, behind);
      case 'either':
        return [...new Set(node.items.flatMap((item) => this.#grow(item, behind)))];
      case 'all':
        return node.items.reduceRight((next, item) => this.#grow(item, next), behind);
      case 'repeat':
        return this.#growTurns(node, behind);
    }
  }

  #growTurns({ item, min, max }: Node & { readonly kind: 'repeat' }, behind: readonly number[]): readonly number[] {
    let next = behind;
    if (max > MOST_TURNS) next = this.#growLoop(item, behind);
    else for (let turn = min; turn < max; turn++) next = [...new Set([...this.#grow(item, next), ...behind])];
    for (let turn = 0; turn < Math.min(min, MOST_TURNS); turn++) next = this.#grow(item, next);
    return next;
  }

  /** Any number of turns: what a turn ends with leads to its own beginning, too. */
  #growLoop(item: Node, behind: readonly number[]): readonly number[] {
    const next = [...behind];
    const loop = this.#places.push({ chars: undefined, next }) - 1;
    next.push(...this.#grow(item, [loop]));
    return [loop];
  }
}

const ASCII: Record<string, (code: number) => boolean> = {
  w: (code) => /\w/.test(String.fromCharCode(code)),
  d: (code) => code >= 0x30 && code <= 0x39,
  s: (code) => SPACES.some(([from, to]) => code >= from && code <= to),
};

/** By column, 1 where a class has such a character. */
function charsOf({ ranges, categories, negated }: CharSet): Uint8Array {
  const chars = new Uint8Array(BEYOND + 1);
  for (let code = 0; code < BEYOND; code++) {
    const isIn = (category: string) => ASCII[category.toLowerCase()]?.(code) === (category === category.toLowerCase());
    const has = ranges.some(([from, to]) => code >= from && code <= to) || categories.some(isIn);
    chars[code] = Number(has !== negated);
  }
  chars[BEYOND] = Number(negated || categories.length > 0 || ranges.some(([, to]) => to >= BEYOND));
  return chars;
}
