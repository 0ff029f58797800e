import t from 'tap';
import { NeedleScan } from '../../src/mask/needle-scan.js';
import { type Needle, needlesOf } from '../../src/mask/needles.js';
import { parsePattern } from '../../src/mask/pattern-tree.js';
import { SingleMask } from '../../src/mask/single.js';
import { pack, scrubbing } from './masks.js';

const CASES: readonly [pattern: string, needles: readonly Needle[] | undefined][] = [
  ['password', ['password']],
  ['PassWord', ['password']],
  [String.raw`my\spassword\sset (.*)`, ['my password set ']],
  ['(?:red apple|green pear) pie', ['red apple pie', 'green pear pie']],
  ['(?:red|green) .*', ['red ', 'green ']],
  ['(?:connect)?', undefined],
  ['(?:connect)*|abcd', undefined],
  ['(?:connect)+ x', ['connect x']],
  [String.raw`connect\s+bob`, ['connect ']],
  [String.raw`pass[\s-]?word`, ['password', 'pass word', 'pass-word']],
  [String.raw`xox[ab]-\w`, ['xoxa-', 'xoxb-']],
  [String.raw`\w+://\w+`, ['://']],
  ['(?:ab)?connect|.connected', ['connect']],
  ['[ck]onnect', ['connect', 'konnect']],
  ['[a-z]onnect', ['onnect']],
  [String.raw`\bconnect\b`, ['connect']],
  ['[^c]reate', ['reate']],
  ['in', undefined],
  ['zon', ['zon']],
  ['.*', undefined],
  ['=', undefined],
  ['пароль', ['ПАРОЛЬ']],
  [
    '(?a)^[a-c]{24}$',
    [
      {
        ranges: [
          [0x41, 0x43],
          [0x61, 0x63],
        ],
        least: 24,
      },
    ],
  ],
  [
    '(?a)^(?:([a-c]{20,}x)|token=.*)$',
    [
      {
        ranges: [
          [0x41, 0x43],
          [0x61, 0x63],
        ],
        least: 20,
      },
      'token=',
    ],
  ],
  ['(?a)^[a-c]{12}$', undefined],
];

for (const [pattern, needles] of CASES) {
  t.test(`knows what ${pattern} needs`, async (t) => {
    t.same(needlesOf(parsePattern(pattern).root), needles);
  });
}

t.test('every example that a mask of a pack hides holds one of its needles', async (t) => {
  for (const name of ['evennia', 'mush', 'diku', 'network-gear', 'tokens']) {
    const singles = scrubbing(pack(name)).map((definition, index) => new SingleMask(definition, index));
    const needled = singles.filter(({ needles }) => needles);
    for (const { definition, needles = [] } of needled) {
      const scan = new NeedleScan([needles]);
      for (const text of definition.hides) t.ok(scan.find(text), `${definition.name}: ${text}`);
    }
  }
});

t.test('all masks that look at outputs have needles', async (t) => {
  const packs = ['evennia', 'mush', 'diku', 'network-gear', 'tokens'];
  const singles = packs.flatMap((name) => scrubbing(pack(name))).map((definition, index) => new SingleMask(definition, index));
  const without = singles.filter(({ definition, needles }) => definition.direction !== 'in' && !needles);
  t.same(
    without.map(({ definition }) => definition.name),
    [],
  );
});
