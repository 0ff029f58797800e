/** Makes a failing input smaller while it still fails: parts are left out, then runs of bytes, halving their length each time. Bounded in tries and in time. */
import { type Input, isData, type Part } from './input.js';

/** Tries for one input; with inputs of a few KiB they take seconds. */
const MOST_TRIES = 2_000;
/** With hostile ones they would take minutes. Milliseconds. */
const MOST_MS = 20_000;

/** @param fails whether an input still fails in the same way */
export function shrink(input: Input, fails: (input: Input) => boolean, mostTries = MOST_TRIES): Input {
  const end = performance.now() + MOST_MS;
  let tries = 0;
  let best = input;
  const over = (): boolean => tries >= mostTries || performance.now() >= end;
  const better = (next: Input): boolean => {
    if (over()) return false;
    tries++;
    if (!fails(next)) return false;
    best = next;
    return true;
  };
  for (let before = -1; before !== weight(best) && !over(); ) {
    before = weight(best);
    leaveOut(best.length, (from, to) => better([...best.slice(0, from), ...best.slice(to)]));
    for (let at = 0; at < best.length; at++) {
      const part = best[at] as Part;
      if (!isData(part)) continue;
      leaveOut(part[1].length, (from, to) => {
        const [way, bytes] = best[at] as readonly ['RCV' | 'SND', Buffer];
        return better(best.with(at, [way, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])]));
      });
    }
  }
  return best;
}

const weight = (input: Input): number => input.reduce((sum, part) => sum + 1 + (isData(part) ? part[1].length : 0), 0);

/** Asks for each run of a row of `length` whether it can be left out, long runs first, from the end on. */
function leaveOut(length: number, goesWithout: (from: number, to: number) => boolean): void {
  let left = length;
  for (let run = left; run >= 1; run = run >> 1) {
    for (let to = left; to > 0; ) {
      const from = Math.max(0, to - run);
      if (goesWithout(from, to)) left -= to - from;
      to = from;
    }
  }
}
