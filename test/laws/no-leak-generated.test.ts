/**
 * Law: no secret is ever written (DESIGN 9). Generated cases, each a short session through all stages, with a secret that a mask, a prompt or hidden
 * typing names: neither it nor a half of it stands in any line. mutation.test.ts shows that these cases would find a leak.
 */
import t from 'tap';
import { type Case, cases } from './generator.js';
import { leaks, play } from './play.js';

// The time that .taprc gives a file; on its own it would have 30 s.
t.setTimeout(300_000);

const SEED = 4;
const LEAST = 20_000;
/** Failures that are told; more say no more. */
const MOST_TOLD = 20;

const told = ({ name, settings, steps }: Case, found: readonly string[]) => ({
  name,
  found,
  settings: JSON.stringify(settings),
  steps: steps.map((step) => JSON.stringify(step)),
});

let count = 0;
const failures: ReturnType<typeof told>[] = [];
for (const one of cases(SEED)) {
  count++;
  const found = leaks(play(one), one.secret);
  if (found.length > 0 && failures.length < MOST_TOLD) failures.push(told(one, found));
}

t.same(failures, [], `${count} generated cases of seed ${SEED} leave no secret and no half of one behind`);
t.ok(count >= LEAST, `at least ${LEAST} cases`);
