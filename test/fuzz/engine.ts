/**
 * Throws inputs at a target and looks at what comes out: nothing may be thrown, every splitting of the bytes must say the same, and no input of a session's
 * size may take long. Receives a target, a seed and a bound; gives how much was thrown and what failed. The same seed throws the same inputs.
 */
import { Dice } from '../harness.js';
import { byDice, everyByte, type Input, show, sizeOf, splitBy, type Target } from './input.js';
import { shrink } from './shrink.js';

/** CPU time that one telling may take for each 64 KiB that is begun, in microseconds. Another thread's is in it (the collector's). */
const SLOW_US = 1_000_000;
const SLOW_BYTES = 65_536;
/** Longer inputs are not told byte by byte. */
const MOST_SINGLE = 2_048;
/** Failures that a run gathers; the first ones say the most. */
const MOST_FAILURES = 5;

export interface Failure {
  readonly target: string;
  /** Makes the same input again: `--seed SEED --target NAME --seconds 0`. */
  readonly seed: number;
  readonly what: string;
  /** The smallest input that was found to fail so, as `show` writes it. */
  readonly input: string;
}

export interface Ran {
  readonly inputs: number;
  readonly bytes: number;
  readonly failures: readonly Failure[];
}

/** Until when: so many inputs, or a moment of `performance.now()`. */
export interface Bound {
  readonly inputs?: number;
  readonly untilMs?: number;
}

export function fuzz(target: Target, seed: number, { inputs = Number.POSITIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY }: Bound): Ran {
  const ran = { inputs: 0, bytes: 0, failures: [] as Failure[] };
  for (let one = seed; ran.inputs < inputs && performance.now() < untilMs && ran.failures.length < MOST_FAILURES; one++) {
    const input = make(target, one);
    ran.inputs++;
    if (typeof input === 'string') ran.failures.push({ target: target.name, seed: one, what: input, input: '' });
    else {
      ran.bytes += sizeOf(input);
      const what = judge(target, input);
      if (what !== undefined) ran.failures.push(tell(target, one, input, what));
    }
  }
  return ran;
}

/** The input of a seed; or why there is none: some are made with the help of what is fuzzed (a header that we write and read back). */
function make(target: Target, seed: number): Input | string {
  try {
    return target.make(new Dice(seed));
  } catch (error) {
    return whyOf(error);
  }
}

const whyOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error));

function tell(target: Target, seed: number, input: Input, what: string): Failure {
  const kind = kindOf(what);
  const small = shrink(input, (next) => kindOf(judge(target, next)) === kind);
  return { target: target.name, seed, what: judge(target, small) ?? what, input: show(small) };
}

/** What a failure is, without its numbers. */
const kindOf = (what: string | undefined): string | undefined => what?.split('\n')[0]?.replace(/\d+/g, 'N').slice(0, 60);

/** What is wrong with how the target takes this input; undefined: nothing. @param slowUs CPU time for each 64 KiB */
export function judge(target: Target, input: Input, slowUs = SLOW_US): string | undefined {
  try {
    const whole = timed(target, input, slowUs);
    if (!target.splits) return undefined;
    const size = sizeOf(input);
    if (size <= MOST_SINGLE) differs(whole, target.say(splitBy(input, everyByte)), 'byte by byte');
    differs(whole, target.say(splitBy(input, byDice(new Dice(size)))), 'cut by dice');
    return undefined;
  } catch (error) {
    return whyOf(error);
  }
}

/** Plays it whole. What took long is played again: the machine may have had other things to do. */
function timed(target: Target, input: Input, slowUs: number): readonly string[] {
  const mostUs = slowUs * Math.ceil(Math.max(1, sizeOf(input)) / SLOW_BYTES);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; ; round++) {
    const before = process.cpuUsage();
    const said = target.say(input);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
    if (least <= mostUs) return said;
    if (round === 2) throw new Error(`slow: ${(least / 1e6).toFixed(1)} s of CPU for ${sizeOf(input)} bytes`);
  }
}

function differs(whole: readonly string[], split: readonly string[], how: string): void {
  const at = whole.findIndex((line, index) => line !== split[index]);
  if (at < 0 && whole.length === split.length) return;
  const index = at < 0 ? whole.length : at;
  throw new Error(`${how}, it says something else\n  whole: ${whole[index]}\n  split: ${split[index]}`);
}
