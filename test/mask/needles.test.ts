import t from 'tap';
import { needlesOf } from '../../src/mask/needles.js';
import { parsePattern } from '../../src/mask/pattern-tree.js';
import { SingleMask } from '../../src/mask/single.js';
import { pack, scrubbing } from './masks.js';

const CASES: readonly [pattern: string, needles: readonly string[] | undefined][] = [
  ['password', ['password']],
  ['PassWord', ['password']],
  [String.raw`my\spassword\sset (.*)`, ['password']],
  ['(?:red apple|green pear) pie', ['red apple pie', 'green pear pie']],
  ['(?:red|green) .*', ['red ', 'green ']],
  ['(?:connect|create) .*', ['connect ', 'create ']],
  ['(?:connect)?', undefined],
  ['(?:connect)*|abcd', undefined],
  ['(?:connect)+ x', ['connect']],
  ['[ck]onnect', ['onnect']],
  ['[a-z]onnect', ['onnect']],
  [String.raw`\bconnect\b`, ['connect']],
  ['conn', ['conn']],
  ['con', undefined],
  ['.*', undefined],
  ['[^c]reate', ['reate']],
];

for (const [pattern, needles] of CASES) {
  t.test(`knows what ${pattern} needs`, async (t) => {
    t.same(needlesOf(parsePattern(pattern).root), needles);
  });
}

t.test('every example that a mask of the pack hides holds one of its needles', async (t) => {
  const singles = scrubbing(pack('evennia')).map((definition, index) => new SingleMask(definition, index));
  t.ok(singles.filter(({ needles }) => needles).length >= 3, 'the masks of outputs have some');
  for (const { definition, needles } of singles) {
    for (const text of needles ? definition.hides : [])
      t.ok(
        needles?.some((needle) => text.toLowerCase().includes(needle)),
        text,
      );
  }
});
