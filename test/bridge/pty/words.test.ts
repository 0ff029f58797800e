import t from 'tap';
import { splitWords } from '../../../src/bridge/pty/words.js';

const SPLIT: readonly (readonly [string, readonly string[]])[] = [
  ['/usr/games/nethack -u guest', ['/usr/games/nethack', '-u', 'guest']],
  ['  cat\t a  ', ['cat', 'a']],
  [`sh -c 'echo "$HOME" \\; exit 3'`, ['sh', '-c', 'echo "$HOME" \\; exit 3']],
  ['say "a \\"b\\" \\$c \\d"', ['say', 'a "b" $c \\d']],
  ['a\\ b c\\\\', ['a b', 'c\\']],
  [`one'two'"three"`, ['onetwothree']],
  [`login ''`, ['login', '']],
  ['echo $HOME * ~ `id` | less', ['echo', '$HOME', '*', '~', '`id`', '|', 'less']],
];

for (const [command, words] of SPLIT) t.test(`${command} is ${words.length} words`, async (t) => t.same(splitWords(command), words));

const REFUSED: readonly (readonly [string, string])[] = [
  ["sh -c 'exit", "the command of pty: has a ' that is not closed"],
  ['sh -c "exit \\"', 'the command of pty: has a " that is not closed'],
  ['sh \\', 'the command of pty: ends with a backslash'],
  ["'' a", "the command of pty: names no program; write 'pty:/usr/games/nethack -u guest'"],
];

for (const [command, message] of REFUSED)
  t.test(`${command} is refused`, async (t) => t.throws(() => splitWords(command), { code: 'AUDIT_CONFIG_TYPE', message }));
