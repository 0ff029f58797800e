/** A short run over every target, and that a run finds what it looks for: without that, a fuzzer that says nothing has said nothing. */
import t from 'tap';
import { Dice } from '../harness.js';
import { fuzz, judge } from './engine.js';
import { type Input, isData, parse, show, type Target } from './input.js';
import { TARGETS } from './targets.js';
import { session, wire } from './words.js';

t.setTimeout(300_000);

const SEED = 6;
/** Together some ten seconds on an idle machine. */
const INPUTS: { readonly [target: string]: number } = { mask: 80, pipeline: 60, websocket: 250, frames: 200, conf: 1_500, proxy: 3_000 };
const MOST = 300;

for (const target of TARGETS) {
  const inputs = INPUTS[target.name] ?? MOST;
  t.test(`${target.name}: ${inputs} inputs from seed ${SEED} on, and nothing fails`, async (t) => {
    const { failures, bytes } = fuzz(target, SEED, { inputs });
    t.same(failures, []);
    t.ok(bytes > 0);
  });
}

const bytesIn = (input: Input): string => input.map((part) => (isData(part) ? part[1].toString('latin1') : '')).join('');

t.test('what throws is found, told with its seed, and made as small as can be', async (t) => {
  const fragile: Target = {
    name: 'fragile',
    splits: false,
    make: (dice) => session(dice, wire),
    say: (input) => {
      if (/\xff[\x00-\xff]*\n/.test(bytesIn(input))) throw new Error('planted');
      return [];
    },
  };
  const [failure] = fuzz(fragile, 1, { inputs: 200 }).failures;
  t.match(failure?.what, /^Error: planted/);
  t.match(failure?.input, /^(RCV|SND):ff( (RCV|SND):)?0a$/);
  t.match(judge(fragile, fragile.make(new Dice(failure?.seed ?? 0))), /planted/, 'the seed makes it again');
});

t.test('what is told otherwise in another splitting is found', async (t) => {
  const torn: Target = {
    name: 'torn',
    splits: true,
    make: () => [['RCV', Buffer.from('abc')]],
    say: (input) => [bytesIn(input), String(input.length)],
  };
  t.match(fuzz(torn, 1, { inputs: 1 }).failures[0]?.what, /byte by byte, it says something else/);
});

t.test('what takes long is found', async (t) => {
  const spin = (): readonly string[] => {
    for (const from = process.cpuUsage(); process.cpuUsage(from).user < 30_000; );
    return [];
  };
  const slow: Target = { name: 'slow', splits: false, make: () => [], say: spin };
  t.match(judge(slow, [], 20_000), /^Error: slow: 0\.\d s of CPU for 0 bytes/);
});

t.test('an input is written as text and read back', async (t) => {
  const input: Input = [
    ['RCV', Buffer.from('ff00', 'hex')],
    ['wait', 100],
    ['SND', Buffer.alloc(0)],
  ];
  t.equal(show(input), 'RCV:ff00 wait:100 SND:');
  t.same(parse(show(input)), input);
});
