/**
 * What waits for the server's say: inputs, and behind them outputs and facts, in the order in which they came. Receives them, tells which inputs belong
 * together, lets them go from the front. Bounded; decides nothing.
 */
import type { Echo, Utterance } from '../contract.js';
import type { HiddenTyping } from './hidden-typing.js';

/** Most that waits, in UTF-16 units and in items. */
const MOST_UNITS = 131_072;
export const MOST_ITEMS = 1_024;
/** What a fact of a session holds that waits. */
const SMALL = 256;

/** How a line was typed. */
export interface Typing {
  /** The outputs just before its end that hold its echo. */
  readonly lead: readonly Utterance[];
  /** What was echoed before its end. */
  readonly echo: Echo | undefined;
  /** The name of what hides the whole line. */
  readonly hidden: string | undefined;
  /** Bytes of the line were lost on the way here: it is no record, but its secrets and its echo are to be known. */
  readonly holed: boolean;
}

export interface Input extends Typing {
  readonly kind: 'input';
  readonly utterance: Utterance;
  hidden: string | undefined;
  /** The first piece of the same line, where that was cut by size: what is decided of it holds for the others. */
  readonly head: Input | undefined;
  /** ECHO was on when it came. */
  readonly typing: HiddenTyping | undefined;
  /** Typed at an open line of the server's that is no hiding prompt: it answers that, and no prompt that comes later. */
  readonly asked: boolean;
  /** Before login, typed while the server asked nothing, though not first: a prompt that comes later may have been meant for it. */
  readonly unasked: boolean;
}

export type Held =
  | Input
  | { readonly kind: 'output'; readonly utterance: Utterance }
  | { readonly kind: 'later'; readonly run: () => void; readonly units: number };

export class Queue {
  #items: Held[] = [];
  #units = 0;
  /** How many inputs wait. */
  inputs = 0;
  /** How much stands in front of the last thing that the server has said, and with it. */
  answered = 0;

  get length(): number {
    return this.#items.length;
  }

  /** More than is to wait. */
  get full(): boolean {
    return this.#units > MOST_UNITS || this.#items.length > MOST_ITEMS;
  }

  /** The input that waits longest; whatever stood in front of it is gone. */
  get first(): Input | undefined {
    const [first] = this.#items;
    return first?.kind === 'input' ? first : undefined;
  }

  push(held: Held): void {
    this.#items.push(held);
    this.#units += unitsOf(held);
    if (held.kind === 'input') this.inputs++;
    if (outputsOf(held).length > 0) this.answered = this.#items.length;
  }

  /** @param units what it holds, in UTF-16 units */
  later(run: () => void, units = SMALL): void {
    this.push({ kind: 'later', run, units });
  }

  /** Inputs with no output between them, run by run; the pieces of a line are one. */
  runs(): Input[][] {
    const runs: Input[][] = [];
    let goesOn = false;
    for (const one of this.#items) {
      if (one.kind === 'later' || (one.kind === 'input' && one.head)) continue;
      if (one.kind === 'output') goesOn = false;
      else if (goesOn && one.lead.length === 0) runs.at(-1)?.push(one);
      else {
        runs.push([one]);
        goesOn = true;
      }
    }
    return runs;
  }

  /** Hides inputs that nothing has hidden yet. Gives how many it was about. */
  hide(mask: string, which: (input: Input, index: number) => boolean): number {
    const inputs = this.#items.filter((one) => one.kind === 'input').filter(which);
    for (const one of inputs) one.hidden ??= mask;
    return inputs.length;
  }

  /** How much stands in front of this input. */
  before(input: Input): number {
    return this.#items.indexOf(input);
  }

  /**
   * Takes the first `count` out, and whatever stands behind them in front of the next input, which waits for nothing then. Calls `letGo` for each with all
   * that waited and its place in it, for what stands behind an item belongs to what is decided of it. Where that throws, the others go on all the same, and
   * the first error is thrown at the end.
   */
  release(count: number, letGo: (all: readonly Held[], index: number) => void): void {
    if (count <= 0) return;
    const all = this.#items;
    const next = all.findIndex(({ kind }, index) => index >= count && kind === 'input');
    const end = next < 0 ? all.length : next;
    this.#items = all.slice(end);
    this.answered = Math.max(0, this.answered - end);
    this.inputs = this.#items.filter(({ kind }) => kind === 'input').length;
    this.#units = this.#items.reduce((sum, one) => sum + unitsOf(one), 0);
    const failed: unknown[] = [];
    for (let index = 0; index < end; index++) {
      try {
        letGo(all, index);
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  }
}

/** The outputs in an item that waits. */
export function outputsOf(held: Held): readonly Utterance[] {
  if (held.kind === 'later') return [];
  return held.kind === 'output' ? [held.utterance] : held.lead;
}

/** What an output holds, its echo too, which is told anew in each. UTF-16 units. */
export const leadUnits = ({ raw, echo }: Utterance): number => 64 + 2 * raw.length + (echo?.line.length ?? 0);

function unitsOf(held: Held): number {
  if (held.kind === 'later') return held.units;
  const lead = held.kind === 'input' ? held.lead.reduce((sum, one) => sum + leadUnits(one), 0) : 0;
  return lead + held.utterance.text.length + held.utterance.raw.length;
}
