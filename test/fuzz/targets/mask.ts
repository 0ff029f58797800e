/**
 * Secrets: the cases of the law no-leak (test/laws/generator.ts), whatever their number, with telnet's noise between the bytes. Neither a secret nor a half of
 * one stands in a line. A case is not made smaller: what names the secret as one might be left out.
 */
import type { Dice } from '../../harness.js';
import { type Case, cases, DRESSINGS } from '../../laws/generator.js';
import { leaks, play } from '../../laws/play.js';
import type { Step } from '../../laws/scene.js';
import type { Input, Target } from '../input.js';
import { bytesOf, pick } from '../words.js';

/** Commands that say nothing, and options that nobody reads. */
const NOISE = ['\xff\xf1', '\xff\xfc\x60', '\xff\xfe\x60', '\xff\xfa\x60noise\xff\xf0', '\xff\xf6'];

/** Of a dressing's cases, one among the first so many. */
const MOST_SKIPPED = 60;

function caseOf(dice: Dice): Case {
  const { name } = pick(dice, DRESSINGS);
  let left = dice.between(0, MOST_SKIPPED);
  let found: Case | undefined;
  for (const one of cases(dice.between(1, 2 ** 31), (dressing) => dressing.name === name)) {
    found = one;
    if (left-- === 0) break;
  }
  return found ?? caseOf(dice);
}

/** Between two steps of telnet, behind a whole command, noise changes nothing. */
function noisy(dice: Dice, { settings, steps }: Case): readonly Step[] {
  if (settings.wire !== 'telnet') return steps;
  const open = { '>': false, '<': false };
  return steps.flatMap((step): Step[] => {
    const [who, bytes] = step;
    if (who !== '>' && who !== '<') return [step];
    const safe = !open[who] && !bytes.includes('\xff');
    open[who] ||= bytes.includes('\xff');
    return safe && dice.between(1, 6) === 1 ? [step, [who, pick(dice, NOISE)]] : [step];
  });
}

const made = new WeakMap<Input, Case>();

function make(dice: Dice): Input {
  const one = caseOf(dice);
  const steps = noisy(dice, one);
  const input: Input = steps.flatMap(
    (step): Input =>
      step[0] === '>' || step[0] === '<' ? [[step[0] === '>' ? 'RCV' : 'SND', bytesOf(step[1])]] : step[0] === 'wait' ? [['wait', step[1]]] : [],
  );
  made.set(input, { ...one, steps });
  return input;
}

function say(input: Input): readonly string[] {
  const one = made.get(input);
  if (!one) return [];
  const lines = play(one);
  for (const line of lines) JSON.parse(line);
  const found = leaks(lines, one.secret);
  if (found.length > 0) throw new Error(`a leak of ${one.name}: ${found.join('; ')} ${JSON.stringify(one.settings)}`);
  return lines;
}

export const mask: Target = { name: 'mask', splits: false, make, say };
