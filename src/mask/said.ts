/**
 * What a session's client has said that was secret, to be met again: a server that does not know a command repeats it, and players repeat themselves.
 * Receives secrets and texts with their times, gives spans. Keeps everything in memory alone, little of it, and forgets; reads no clock.
 */
import type { Direction, TimeUs, Utterance } from '../contract.js';
import { type Finder, foldUnits, formsOf, type Known } from './elsewhere.js';
import type { Span } from './spans.js';
import { Trie } from './trie.js';

/** How long a secret is known after it was said last. */
const KNOWN_US = 15 * 60 * 1_000_000;
/** Most secrets of a session; the one said longest ago goes first. */
const MOST = 32;
/** Shorter ones are ordinary words, or stand in them; with a digit or a sign they are not. Characters. */
const SHORTEST = 6;
const SHORTEST_SIGNED = 4;
const SIGN = /[^\p{L}\p{M}\s]/u;
/** A longer one (units) is no password, and no server says it back. */
const LONGEST = 16_384;
/** So much of a long secret is kept and looked for (units); what follows it in the text is hidden for as long as the secret was. */
const HEAD = 64;
/** So much of an output is looked at again with the next one, for a secret that is wrapped over both (units). */
const CONTEXT = 256;
/** From so many units on, what begins a secret at the end of an unfinished line is hidden. */
const BEGUN = 4;
/** A secret that is wrapped over records is followed for so many units; one that was cut short by the server shall not hide what follows without end. */
const MOST_WRAPPED = 1_024;

/** A secret as it is looked for: lower case, without blanks, at most HEAD units. */
interface Word {
  readonly units: string;
  /** Positions in `units` before which there was a blank. */
  readonly blanks: ReadonlySet<number>;
  /** Units of the secret beyond `units`. */
  readonly rest: number;
  readonly mask: number;
}

/** How the last text of a direction ended: its last units, and how much of a long secret is still to come. */
interface Ending {
  tail: string;
  owed: number;
  mask: number;
}

interface Walked {
  readonly spans: Span[];
  /** What begins a secret at the end of the text. */
  readonly begun: Span | undefined;
  /** Units of a long secret beyond the end of the text. */
  readonly owed: number;
  readonly mask: number;
}

const NONE: readonly Span[] = [];

export class Said {
  /** By what tells two secrets apart, in the order in which they were said last. */
  readonly #secrets = new Map<string, { readonly words: readonly Word[]; readonly at: TimeUs }>();
  readonly #endings: { readonly [direction in Direction]: Ending } = {
    RCV: { tail: '', owed: 0, mask: 0 },
    SND: { tail: '', owed: 0, mask: 0 },
  };
  #machine: Machine | undefined;
  /** Rises with every secret that was not known. */
  version = 0;

  /** Takes up secrets that the client said, those that are long enough. A secret keeps the mask that found it first. */
  learn(secrets: readonly Known[], at: TimeUs): void {
    for (const { text, mask } of secrets.slice(-MOST)) {
      if (text.length > LONGEST) continue;
      const words = wordsOf(text, mask);
      if (words.length === 0) continue;
      const key = keyOf(words);
      const known = this.#secrets.get(key);
      this.#secrets.delete(key);
      this.#secrets.set(key, { words: known?.words ?? words, at });
      if (!known) this.#change();
    }
    for (const key of this.#secrets.keys()) {
      if (this.#secrets.size <= MOST) break;
      this.#secrets.delete(key);
    }
  }

  /** Forgets texts that were no secrets, but for those that another mask than `mask` has found. */
  forget(texts: readonly string[], mask: number): void {
    for (const text of texts) {
      const key = keyOf(wordsOf(text, mask));
      if (this.#secrets.get(key)?.words[0]?.mask !== mask) continue;
      this.#secrets.delete(key);
      this.#change();
    }
  }

  #change(): void {
    this.#machine = undefined;
    this.version++;
  }

  /** Finds them in a whole text (a name, data, a window's title); undefined where none is known at that time. */
  finder(at: TimeUs): Finder | undefined {
    const machine = this.#machineAt(at);
    return machine && ((text) => machine.walk(text).spans);
  }

  /**
   * Finds them in what is said, over the lines that a server wraps them on and over cuts. Each utterance is to be given once, in order. What begins a
   * secret where its line is not ended is found too, for the rest may come behind the cut.
   */
  find(utterance: Utterance): readonly Span[] {
    const machine = this.#machineAt(utterance.at);
    if (!machine) return NONE;
    const { direction, before, text } = utterance;
    const ending = this.#endings[direction];
    const context = before !== '' ? before.slice(-CONTEXT) : ending.tail && `${ending.tail}\n`;
    const { spans, begun, owed, mask } = machine.walk(context + text);
    if (begun && isUnfinished(utterance)) spans.push(begun);
    const found = clip(spans, context.length);
    const goesOn = before !== '' || (direction === 'SND' && ending.owed <= MOST_WRAPPED);
    const left = goesOn ? ending.owed : 0;
    const covered = left > 0 ? unitsOn(text, 0, left) : undefined;
    if (covered) found.push({ start: 0, end: covered.end, mask: ending.mask });
    this.#end(direction, context + text, (covered?.missing ?? 0) > owed ? { owed: covered?.missing ?? 0, mask: ending.mask } : { owed, mask });
    return found;
  }

  #end(direction: Direction, text: string, { owed, mask }: Omit<Ending, 'tail'>): void {
    const ending = this.#endings[direction];
    // By way of bytes: a slice of a string holds all of that string.
    ending.tail = direction === 'SND' ? Buffer.from(text.slice(-CONTEXT), 'utf16le').toString('utf16le') : '';
    ending.owed = owed;
    ending.mask = mask;
  }

  #machineAt(at: TimeUs): Machine | undefined {
    if (this.#secrets.size === 0) return undefined;
    for (const [key, secret] of this.#secrets) {
      if (at - secret.at <= KNOWN_US) break;
      this.#secrets.delete(key);
      this.#machine = undefined;
    }
    if (this.#secrets.size === 0) return undefined;
    this.#machine ??= new Machine([...this.#secrets.values()].flatMap(({ words }) => words));
    return this.#machine;
  }
}

/** Whether the line that an utterance ends with may go on. Of a single line nobody can tell: its line end is not in it. */
const isUnfinished = ({ direction, cut, raw }: Utterance): boolean => cut !== undefined || (direction === 'SND' && !/[\r\n]\0?$/.test(raw.slice(-2)));

const isLong = (form: string): boolean => {
  const length = form.length > 2 * SHORTEST ? form.length : [...form].length;
  return length >= SHORTEST || (length >= SHORTEST_SIGNED && SIGN.test(form));
};

const wordsOf = (text: string, mask: number): Word[] =>
  formsOf(text)
    .filter(isLong)
    .flatMap((form) => readingsOf(form).map((reading) => wordOf(reading, mask)));

/**
 * A text, and beyond ASCII the same as a line of it is read on which a byte of another charset stands (gather/charset.ts): its UTF-8 as latin-1. Control
 * characters are in `raw`, and not in `text`.
 */
function readingsOf(text: string): readonly string[] {
  if (!/[^\0-\x7f]/.test(text)) return [text];
  const latin = Buffer.from(text).toString('latin1');
  return [...new Set([text, latin, latin.replace(/[\x80-\x9f]/g, '')])];
}

/** What tells two secrets apart. */
const keyOf = (words: readonly Word[]): string => words.map(({ units, blanks, rest }) => `${units} ${rest} ${[...blanks]}`).join('\n');

function wordOf(form: string, mask: number): Word {
  const folded = foldUnits(form);
  const blanks = new Set<number>();
  let units = '';
  let rest = 0;
  for (let index = 0; index < folded.length; index++) {
    if (isBlank(folded.charCodeAt(index))) blanks.add(units.length);
    else if (units.length < HEAD) units += folded.charAt(index);
    else rest++;
  }
  blanks.delete(HEAD);
  return { units, blanks, rest, mask };
}

const LF = 10;
const CR = 13;

const isBlank = (unit: number): boolean =>
  unit === 32 || (unit >= 9 && unit <= 13) || unit === 0xa0 || (unit >= 0x1680 && /\s/.test(String.fromCharCode(unit)));

/** All secrets as one machine over texts without their blanks; a hit counts where the blanks are the secret's, or a line was wrapped. */
class Machine {
  readonly #trie = new Trie();
  /** Words of the same units, differing in their blanks or length, stand together. */
  readonly #words: Word[][] = [];

  constructor(words: readonly Word[]) {
    const known = new Map<string, Word[]>();
    for (const word of words) {
      const same = known.get(word.units);
      if (same) same.push(word);
      else {
        const one = [word];
        known.set(word.units, one);
        this.#trie.plant(word.units, this.#words.push(one) - 1);
      }
    }
    this.#trie.link();
  }

  walk(text: string): Walked {
    const folded = foldUnits(text);
    const spans: Span[] = [];
    let state = 0;
    let last = 0;
    /** What follows the head of a long secret, and how many units of it are still to come. */
    let rest: { start: number; end: number; mask: number } | undefined;
    let owed = 0;
    for (let index = 0; index < folded.length; index++) {
      const unit = folded.charCodeAt(index);
      if (isBlank(unit)) continue;
      last = index + 1;
      if (rest && owed > 0) {
        rest.end = last;
        owed--;
      }
      state = this.#trie.follow(state, unit);
      const found = state === 0 ? undefined : this.#endingAt(state, folded, last);
      if (!found) continue;
      spans.push(found.span);
      if (found.rest <= owed) continue;
      if (rest) spans.push(rest);
      owed = found.rest;
      rest = { start: last, end: last, mask: found.span.mask };
    }
    if (rest) spans.push(rest);
    return { spans, begun: this.#begun(state, folded, last), owed, mask: rest?.mask ?? 0 };
  }

  /** The longest secret that ends there, and how much more of it there is. Shorter ones stand in it. */
  #endingAt(from: number, text: string, end: number): { readonly span: Span; readonly rest: number } | undefined {
    let state = this.#trie.wordAt(from) >= 0 ? from : this.#trie.shorter(from);
    for (; state !== 0; state = this.#trie.shorter(state)) {
      let found: { span: Span; rest: number } | undefined;
      for (const word of this.#words[this.#trie.wordAt(state)] ?? []) {
        const start = startOf(word, word.units.length, text, end);
        if (start < 0) continue;
        found ??= { span: { start, end, mask: word.mask }, rest: 0 };
        found.rest = Math.max(found.rest, word.rest);
      }
      if (found) return found;
    }
    return undefined;
  }

  #begun(from: number, text: string, end: number): Span | undefined {
    for (let state = from; this.#trie.depth(state) >= BEGUN; state = this.#trie.fallback(state)) {
      for (const word of this.#words[this.#trie.through(state)] ?? []) {
        const start = startOf(word, this.#trie.depth(state), text, end);
        if (start >= 0) return { start, end, mask: word.mask };
      }
    }
    return undefined;
  }
}

/**
 * Where the first `count` units of a word begin that end at `end`; -1 where the text has a blank that the word has not (unless it wraps a line there), or
 * lacks one that it has.
 */
function startOf({ blanks }: Word, count: number, text: string, end: number): number {
  let at = end - 1;
  for (let left = count - 1; left > 0; left--) {
    const last = at;
    let wrapped = false;
    for (at--; isBlank(text.charCodeAt(at)); at--) wrapped ||= isLineEnd(text.charCodeAt(at));
    if (!wrapped && blanks.has(left) !== at < last - 1) return -1;
  }
  return at;
}

const isLineEnd = (unit: number): boolean => unit === LF || unit === CR;

/** The place behind the next `count` units that are no blanks, and how many of them the text has no more of. */
function unitsOn(text: string, from: number, count: number): { readonly end: number; readonly missing: number } {
  let missing = count;
  let end = from;
  for (let index = from; missing > 0 && index < text.length; index++) {
    if (isBlank(text.charCodeAt(index))) continue;
    missing--;
    end = index + 1;
  }
  return { end, missing };
}

/** Spans of a text behind `before` units of context. */
function clip(spans: readonly Span[], before: number): Span[] {
  const rest = spans.filter(({ end }) => end > before);
  return rest.map(({ start, end, mask }) => ({ start: Math.max(0, start - before), end: end - before, mask }));
}
