/**
 * `npm run fuzz -- [--seconds N] [--seed S] [--target NAME]`: throws generated inputs at each target for so many seconds in all (60), from this seed on (the
 * time, unless given), and says how much it threw. A failure is told with its seed and its smallest input. `--seed S --target NAME --seconds 0` throws the one
 * input of that seed. Exit 1 where anything failed.
 */
import { parseArgs } from 'node:util';
import { type Bound, fuzz, type Ran } from './engine.js';
import type { Target } from './input.js';
import { TARGETS } from './targets.js';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' }, target: { type: 'string' } } });
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const chosen = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0 || !Number.isFinite(seconds) || !Number.isSafeInteger(seed)) {
  console.error(`usage: npm run fuzz -- [--seconds N] [--seed S] [--target ${TARGETS.map(({ name }) => name).join('|')}]`);
  process.exit(2);
}

const tell = ({ name }: Target, { inputs, bytes, failures }: Ran): void => {
  console.log(`${name}: ${inputs} inputs, ${bytes} bytes, ${failures.length} failures`);
  for (const { seed, what, input } of failures) console.log(`  seed ${seed}: ${what.replaceAll('\n', '\n    ')}\n    input: ${input}`);
};

const bound = (): Bound => (seconds === 0 ? { inputs: 1 } : { untilMs: performance.now() + (seconds * 1_000) / chosen.length });

console.log(`seed ${seed}`);
let failed = false;
for (const target of chosen) {
  const ran = fuzz(target, seed, bound());
  tell(target, ran);
  failed ||= ran.failures.length > 0;
}
process.exitCode = failed ? 1 : 0;
