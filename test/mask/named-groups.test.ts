import t from 'tap';
import type { IdentityPattern } from '../../src/contract.js';
import { AuditError } from '../../src/errors.js';
import { Identifier } from '../../src/identify/login.js';
import { compileNamed } from '../../src/mask/named-groups.js';
import { utterance } from './masks.js';

const PLACE = { file: 'server.conf', line: 2, column: 30 };

const pattern = (source: string, more: Partial<IdentityPattern> = {}): IdentityPattern => {
  return { pattern: source, direction: 'out', where: 'start', patternPlace: PLACE, ...more };
};

/** What a pattern finds in a line. */
const find = (source: string, line: string, more: Partial<IdentityPattern> = {}) => compileNamed([pattern(source, more)])[0]?.match(line);

t.test('the groups are names, as Python finds them, without regard to case', async (t) => {
  t.same(find(String.raw`Now playing (?P<character>\w+) in (?P<room>.+)\.`, 'now playing Zoë in The Long Hall.'), {
    character: 'Zoë',
    room: 'The Long Hall',
  });
  t.same(find(String.raw`hail (?P<account>\w+)|hi (?P<account_2>\w+)`, 'hi bob'), { account: 'bob' });
  t.same(find(String.raw`You leave\.(?P<character>)`, 'You leave.'), { character: '' });
  t.same(find(String.raw`(?P<account>\w+) is here`, 'see: bob is here'), undefined);
  t.same(find(String.raw`(?P<account>\w+) is here`, 'see: bob is here', { where: 'anywhere' }), { account: 'bob' });
  t.same(find(String.raw`(?P<account>\S+) is here`, ''), undefined);
  t.same(find(String.raw`(?P<account>\S+) is here`, '\ud800 is here'), { account: '\ufffd' });
});

const REFUSED: readonly [string, string][] = [
  [
    String.raw`I am \w+`,
    'AUDIT_CONFIG_TYPE: server.conf:2:30: no group (?P<account>...), (?P<character>...) or (?P<room>...): nobody would be known',
  ],
  ['I am (?P<player>.+)', 'AUDIT_CONFIG_TYPE: server.conf:2:35: a group of another name than account, character, room, accepted and refused'],
  ['I am (?P<account>.+)(?<!x)', 'AUDIT_MASK_PATTERN: server.conf:2:50: '],
];

for (const [source, error] of REFUSED) {
  t.test(`the pattern ${source} is refused with its place`, async (t) => {
    try {
      compileNamed([pattern(source)]);
      t.fail('not refused');
    } catch (thrown) {
      t.ok(thrown instanceof AuditError);
      t.equal(String(thrown).slice(0, error.length), error);
    }
  });
}

/** Says lines (`>` in, `*` hidden, `<` out) to an identifier with these patterns. */
function talk(patterns: readonly IdentityPattern[], ...lines: readonly string[]): string[] {
  const identifier = new Identifier({ matchers: compileNamed(patterns), paths: [] });
  const learned = lines.flatMap((line) => identifier.hear(utterance(line.startsWith('<') ? 'SND' : 'RCV', line.slice(2)), line.startsWith('*')));
  return learned.map(({ field, old = '', new: name = '', how }) => `${field} ${old}>${name} ${how}`);
}

t.test("the operator's words of the server count at once, and the built-in ones do not replace them", async (t) => {
  const playing = pattern(String.raw`Playing (?P<character>\w+)|You rest\.(?P<character_2>)`);
  t.same(talk([playing], '< news\nPlaying Bob', '> connect bob x', '< You become Robert.', '< You rest.'), [
    'character >Bob pattern',
    'account >bob login',
    'character Bob> pattern',
  ]);
});

t.test('a name that an input gives waits for acceptance, in built-in words or in those of the operator', async (t) => {
  const play = pattern(String.raw`play (?P<account>\w+) \S+`, { direction: 'in' });
  const yes = pattern('(?P<accepted>Howdy)');
  const no = pattern('(?P<refused>Shoo)');
  t.same(talk([play], '> play bob pw', '< Howdy!'), []);
  t.same(talk([play, yes], '> play bob pw', '< Howdy!'), ['account >bob pattern']);
  t.same(talk([play], '> play bob pw', '< Connected.'), ['account >bob pattern']);
  t.same(talk([play, yes, no], '> play bob pw', '< Shoo!', '< Howdy!'), []);
  t.same(talk([play, yes], '* play bob pw', '< Howdy!'), [], 'of a hidden input nothing is taken');
  t.same(talk([play, yes], '> play bob pw', '< Howdy!', '> play eve pw', '< Welcome to the club.', '< Howdy!'), [
    'account >bob pattern',
    'account bob>eve pattern',
  ]);
});

t.test('a pattern made to be slow in another engine is not slow here', async (t) => {
  const from = performance.now();
  talk([pattern('(?P<account>(a+)+)$')], `< ${'a'.repeat(1_000)}!`);
  t.ok(performance.now() - from < 500);
});
