import t from 'tap';
import { Prefilter } from '../../src/mask/prefilter.js';
import { SingleMask } from '../../src/mask/single.js';
import { mask, pack, scrubbing } from './masks.js';

/** Reproducible numbers below 2^32 (Marsaglia's xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

t.test('names every mask that hits alone, in texts of any lines', async (t) => {
  const definitions = [
    ...scrubbing(pack('evennia')),
    mask(String.raw`\btok_(?P<secret>\w{4,8})\b`, { where: 'anywhere' }),
    mask(String.raw`(?a)^\s*key\s(?P<secret>[^\W_]{2,})$`),
    mask(String.raw`(?P<secret>[k-s]{3}\Z)`, { where: 'anywhere' }),
    mask(String.raw`é\B(?P<secret>.)`, { where: 'anywhere' }),
  ];
  const singles = definitions.map((definition, index) => new SingleMask(definition, index));
  const filter = new Prefilter(singles);
  const pick = numbers(7);
  const words = ['connect', 'create', 'PASSWORD', '@', ' ', '\t', 'bob', '"', "'", '=', 'Command ', ' is not available.', 'tok_', 'abcd', 'é', 'ſkK'];
  words.push('key', 'йван', '😀', '\u00a0', ' to ', 'new password set', '\n', '\n', '1');
  let hit = 0;
  let missed = 0;
  for (let round = 0; round < 4000; round++) {
    const text = Array.from({ length: 1 + pick(12) }, () => words[pick(words.length)]).join('');
    const named = new Set(filter.ask(text) ?? []);
    for (const single of singles) {
      if (!text.split('\n').some((line) => single.find(line).length > 0)) continue;
      hit++;
      if (!named.has(single)) missed++;
    }
  }
  t.equal(missed, 0);
  t.ok(hit > 300, `${hit} hits`);
});

t.test('takes more masks than one set can', async (t) => {
  const many = Array.from({ length: 45 }, (_, index) => new SingleMask(mask(`word${index} (?P<secret>.)`), index));
  const filter = new Prefilter(many);
  t.same(
    filter.ask('word44 x')?.map((single) => single.definition.pattern),
    ['word44 (?P<secret>.)'],
  );
  t.equal(filter.ask('word45 x'), undefined);
});

t.test('has nothing to say where there are no masks', async (t) => {
  t.equal(new Prefilter([]).ask('connect bob hunter2'), undefined);
});
