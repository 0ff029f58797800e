/**
 * Many words as one machine (Aho and Corasick, 1975): one step a unit of text, however many words there are and however they repeat. Receives words and
 * units, gives states and the words that end there. Knows neither case nor blanks.
 */

/** States are numbers, 0 the root; one map holds all the steps, since a word may be as long as a message. */
export class Trie {
  readonly #steps = new Map<number, number>();
  readonly #parent: number[] = [0];
  readonly #unit: number[] = [0];
  readonly #depth: number[] = [0];
  /** The longest of a state's ends that begins a word too. */
  readonly #fallback: number[] = [0];
  /** The word that is a state, -1 if none; and the first word that goes through it. */
  readonly #word: number[] = [-1];
  readonly #through: number[] = [-1];
  /** The nearest fallback that is a word, 0 if none. */
  readonly #shorter: number[] = [0];
  /** For the low seven bits of a unit: whether any word may begin with it. */
  readonly #begins = new Uint8Array(128);

  get empty(): boolean {
    return this.#parent.length === 1;
  }

  /** Adds a word, not empty; `index` is given back where it ends. Of two equal words the first stays. True where it is new. */
  plant(word: string, index: number): boolean {
    let state = 0;
    this.#begins[word.charCodeAt(0) & 127] = 1;
    for (let at = 0; at < word.length; at++) state = this.#grow(state, word.charCodeAt(at), at + 1, index);
    if ((this.#word[state] ?? -1) >= 0) return false;
    this.#word[state] = index;
    return true;
  }

  #grow(state: number, unit: number, depth: number, index: number): number {
    const known = this.#steps.get(state * 0x10000 + unit);
    if (known !== undefined) return known;
    const made = this.#parent.push(state) - 1;
    this.#steps.set(state * 0x10000 + unit, made);
    this.#unit.push(unit);
    this.#depth.push(depth);
    this.#fallback.push(0);
    this.#word.push(-1);
    this.#through.push(index);
    this.#shorter.push(0);
    return made;
  }

  /** Where `unit` leads from a state, by way of its fallbacks. Call `link` once, between the last word and the first step. */
  follow(from: number, unit: number): number {
    if (from === 0 && this.#begins[unit & 127] === 0) return 0;
    let state = from;
    for (;;) {
      const next = this.#steps.get(state * 0x10000 + unit);
      if (next !== undefined || state === 0) return next ?? 0;
      state = this.#fallback[state] ?? 0;
    }
  }

  /** Finds the fallbacks, the states nearer to the root first. */
  link(): void {
    const order = this.#depth.map((_, state) => state).sort((a, b) => (this.#depth[a] ?? 0) - (this.#depth[b] ?? 0));
    for (const state of order) {
      const parent = this.#parent[state] ?? 0;
      if (parent === 0) continue;
      const fallback = this.follow(this.#fallback[parent] ?? 0, this.#unit[state] ?? 0);
      this.#fallback[state] = fallback;
      this.#shorter[state] = this.wordAt(fallback) >= 0 ? fallback : (this.#shorter[fallback] ?? 0);
    }
  }

  /** The word that a state is the whole of, -1 if none. */
  wordAt(state: number): number {
    return this.#word[state] ?? -1;
  }

  /** The state of the next shorter word that ends at a state, 0 if none. */
  shorter(state: number): number {
    return this.#shorter[state] ?? 0;
  }

  /** How many units of a word are read at a state, that word, and the state of the next shorter beginning of a word. */
  depth(state: number): number {
    return this.#depth[state] ?? 0;
  }

  through(state: number): number {
    return this.#through[state] ?? -1;
  }

  fallback(state: number): number {
    return this.#fallback[state] ?? 0;
  }
}
