import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { PromptDefinition } from '../../src/contract.js';
import { Prefilter } from '../../src/mask/prefilter.js';
import { Program } from '../../src/mask/program.js';
import { Prompts } from '../../src/mask/prompts.js';
import { SingleMask } from '../../src/mask/single.js';
import { mask, pack, scrubbing } from './masks.js';

const prose = readFileSync(join(import.meta.dirname, '../../../test/mask/corpus/prose.txt'), 'utf8').split('\n');

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

/** One text made slightly another: as other letters that are the same without case, with other blanks, bitten off, doubled, mixed with a second. */
function mutated(text: string, other: string, pick: (below: number) => number): string {
  const at = pick(text.length + 1);
  switch (pick(8)) {
    case 0:
      return text.toUpperCase();
    case 1:
      return text.replaceAll(/s/gi, 'ſ').replaceAll('k', '\u212a');
    case 2:
      return text.replaceAll(' ', pick(2) ? '\t' : '\u00a0');
    case 3:
      return text.slice(0, at);
    case 4:
      return text.slice(at);
    case 5:
      return text.slice(0, at) + other.slice(pick(other.length + 1));
    case 6:
      return `${text.slice(0, at)}${'"\' :=_-x0é'.charAt(pick(10))}${text.slice(at)}`;
    default:
      return text.slice(0, at) + text.slice(at + 1);
  }
}

for (const name of ['evennia', 'login', 'tokens', 'mush', 'diku', 'network-gear']) {
  t.test(`${name}: leaves out no mask that hits, in its examples, in prose, and in what is made of them`, async (t) => {
    const singles = scrubbing(pack(name)).map((definition, index) => new SingleMask(definition, index));
    const filter = new Prefilter(singles);
    const definitions = pack(name).filter((one): one is PromptDefinition => 'then' in one);
    const prompts = new Prompts(definitions);
    const alone = definitions.map((definition) => new Program(definition.pattern, definition.patternPlace, definition.where === 'start'));
    const pick = numbers(11);
    const examples = [...singles.flatMap(({ definition }) => definition.hides), ...definitions.flatMap((one) => one.prompts)];
    const lines = prose.filter((_, index) => index % 8 === 0);
    const made = examples.flatMap((text) => Array.from({ length: 20 }, () => mutated(text, examples[pick(examples.length)] ?? '', pick)));
    const missed: string[] = [];
    let hit = 0;
    for (const text of [...examples, ...made, ...lines]) {
      const named = new Set(filter.ask(text) ?? []);
      const hits = singles.filter((single) => single.find(text).length > 0);
      const asked = alone.some((program) => program.find(text, 1).length > 0);
      hit += hits.length + Number(asked);
      for (const single of hits) if (!named.has(single)) missed.push(`${single.definition.name}: ${text}`);
      if (asked && (!prompts.mayFind(`You wait.\n${text}`) || prompts.find(text, true) === undefined)) missed.push(`prompt: ${text}`);
    }
    t.same(missed, []);
    t.ok(hit > examples.length, `${hit} hits`);
  });
}

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
