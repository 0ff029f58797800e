import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks, hits, scrub } from '../../src/mask/masker.js';
import { generate } from './corpus/generate.js';
import { pack, utterance } from './masks.js';

/** Lines of play: the first part written by hand, the rest by corpus/generate.ts. None holds a secret, so whatever is hidden is a false alarm. */
const prose = readFileSync(join(import.meta.dirname, '../../../test/mask/corpus/prose.txt'), 'utf8')
  .trimEnd()
  .split('\n');
const GENERATED = 1250;

/** The lines in which a pack hides something, and how often each mask was found. */
function alarms(name: string, direction: Direction): { lines: string[]; masks: Record<string, number> } {
  const masks = compileMasks(pack(name));
  const lines = prose.filter((line) => scrub(masks, utterance(direction, line)).utterance.masked.length > 0);
  return { lines, masks: Object.fromEntries([...hits(masks)].filter(([, count]) => count > 0)) };
}

t.test('the corpus is as long as it says, and its second part as the generator makes it', async (t) => {
  t.equal(prose.length, 1701);
  t.same(prose.slice(-GENERATED), generate(GENERATED));
});

t.test('evennia: commands without a say in front, in inputs alone', async (t) => {
  const typed = alarms('evennia', 'RCV');
  t.equal(typed.lines.length, 28);
  t.same(typed.masks, { connect: 7, create: 9, password: 12 });
  t.same(alarms('evennia', 'SND'), { lines: [], masks: {} });
});

t.test('mush: a command with something behind it, and one that is quoted', async (t) => {
  t.same(alarms('mush', 'RCV').lines, [
    'Create a sanctuary, the priest tells you, and they will come.',
    '  @password <old>=<new>',
    '  create - to share an access token of wood slowly',
    '  connect - to unlock the community chest slowly',
    '  create - to authorize a bearer bond with a sigh',
    '  connect - to unlock a bearer bond by the book',
  ]);
  t.same(alarms('mush', 'SND').lines, ['[Newbie] Wizard: @password old=new, but with your own words, and not here']);
});

t.test('network-gear: lines that begin as a command of a router does', async (t) => {
  t.same(alarms('network-gear', 'RCV').lines, [
    'Password incorrect.',
    'Password changed.',
    "Enable password protection on your house with 'house lock'.",
    '   key ring',
  ]);
  t.same(alarms('network-gear', 'SND').lines, ["Enable password protection on your house with 'house lock'.", '    Community Board']);
});

t.test('tokens: a thing of a MUSH whose name ends in such a word, with = right behind it', async (t) => {
  const expected = [
    '@lock secret=me',
    '@describe a pass=Here Alice enables it without a word.',
    '@describe a pass=Here a hooded stranger neighbors it by the book.',
    '@set his password=!dark',
    '@set the passphrase=!dark',
    '@describe his password=Here Bob polishes it as usual.',
    '@describe the passphrase=Here a hooded stranger assigns it for 3 tokens.',
    '@describe a map of the pass=Here Tom unlocks it in secret.',
    '@describe a pass=Here the baker creates it twice.',
  ];
  t.same(alarms('tokens', 'RCV').lines, expected);
  t.same(alarms('tokens', 'SND').lines, expected);
});

/** The lines in which a pack sees a prompt, were each the open line of an output. */
function prompted(name: string): string[] {
  const { prompts } = compileMasks(pack(name));
  return prose.filter((line) => prompts.find(line, true) !== undefined);
}

t.test('login: the prompts for a password, and one line that asks for another', async (t) => {
  t.same(prompted('login'), ['Password:', 'Enter your password:', 'Enter password for Bob:', 'Please choose another password.']);
  t.same(alarms('login', 'RCV').lines, []);
  t.same(alarms('login', 'SND').lines, []);
});

t.test('diku: the prompts for a password, and what begins as its commands do', async (t) => {
  t.same(prompted('diku'), ['Password:', 'Enter your password:', 'Enter password for Bob:']);
  t.same(alarms('diku', 'RCV').lines, ['Password incorrect.', 'Password changed.', 'pass the salt']);
  t.same(alarms('diku', 'SND').lines, []);
});
