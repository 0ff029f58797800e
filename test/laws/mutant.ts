/**
 * A program for mutation.test.ts: plays the cases of some dressings against the stages beside it, and says on one line how many it played and which
 * leaked first. In a copy of the compiled program, those stages are the copy's.
 *
 * `node mutant.js SEED EVERY PATTERN`: each EVERY-th case of the dressings whose names fit
 */
import { type Case, cases } from './generator.js';
import { leaks, play } from './play.js';

const [seed = '', every = '', pattern = ''] = process.argv.slice(2);
const fits = new RegExp(pattern);

/** Settings in which everything is written. */
const isOpen = ({ settings }: Case): boolean => settings.in && settings.out && settings.style === 'length';

let seen = 0;
let played = 0;
let leaked: string | null = null;
for (const one of cases(Number(seed), ({ name }) => fits.test(name))) {
  if (!isOpen(one) || seen++ % Number(every) !== 0) continue;
  played++;
  if (leaks(play(one), one.secret).length === 0) continue;
  leaked = one.name;
  break;
}
process.stdout.write(`${JSON.stringify({ played, leaked })}\n`);
