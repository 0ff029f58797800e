/** What verify finds wrong: receives places and words, counts all, keeps the first so many of each kind of finding, gives them in the order of the files. */

export interface LinePlace {
  readonly file: string;
  readonly line: number;
  /** Where the file stands among those that are read, from 0. */
  readonly index: number;
}

export type DamageCode =
  | 'grammar'
  | 'version'
  | 'changed'
  | 'erased'
  | 'link'
  | 'deleted'
  | 'reordered'
  | 'restarted'
  | 'double'
  | 'cut'
  | 'clock'
  | 'signature'
  | 'checkpoint'
  | 'uncovered';

/** What is wrong where; `what` is one line for people, without any text of a session. */
export interface Damage {
  /** FILE:LINE */
  readonly place: string;
  readonly code: DamageCode;
  readonly what: string;
}

/** So many are shown. */
const SHOWN = 100;

export const at = ({ file, line }: LinePlace): string => `${file}:${line}`;
export const recordsOf = (count: number): string => (count === 1 ? '1 record' : `${count} records`);
export const seqsOf = (from: number, to: number): string => (from === to ? `seq ${from}` : `seq ${from} to ${to}`);
/** A string of its own: one cut out of a line would keep that line in memory. */
export const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

export class Findings {
  readonly #kept = new Map<DamageCode, (Damage & { readonly at: LinePlace })[]>();
  /** All of them. */
  count = 0;

  tell(place: LinePlace, code: DamageCode, what: string): void {
    this.count += 1;
    const kept = this.#kept.get(code) ?? [];
    this.#kept.set(code, kept);
    if (kept.length < SHOWN) kept.push({ place: at(place), code, what, at: place });
  }

  /** The first hundred, in the order of files and lines. */
  list(): Damage[] {
    const all = [...this.#kept.values()].flat();
    const sorted = all.toSorted((a, b) => a.at.index - b.at.index || a.at.line - b.at.line);
    return sorted.slice(0, SHOWN).map(({ place, code, what }) => ({ place, code, what }));
  }
}
