/**
 * What real clients and servers said to each other (test/transcripts), and what stands in the record of it: what was typed, who it is, what went out of
 * band. In every split the records are the same, and the password is in none of them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compileMasks } from '../src/mask/masker.js';
import { Dice } from './harness.js';
import { pack } from './mask/masks.js';
import { type Rec, Talk } from './talk.js';

interface Step {
  readonly dir: 'RCV' | 'SND';
  readonly ms: number;
  readonly base64: string;
}

const MASKS = compileMasks(['evennia', 'login', 'tokens', 'oob'].flatMap(pack));
const FOLDER = join(import.meta.dirname, '../../test/transcripts');
const SECRETS = /S3cretWord9|wrong-S3crxt|S3cretWoe/;

const EXPECTED: { readonly [name: string]: readonly string[] } = {
  'chatd-login': [
    '> *********** (hidden-typing)',
    'account is *********** (login)',
    '> *********** (hidden-typing)',
    '> **************** (hidden-typing)',
  ],
  'chatd-tintin': [
    '> *********** (hidden-typing)',
    'account is *********** (login)',
    '> hello there',
    '> the third line',
    '> the fourth line',
    '> the fifth line',
    '> the sixth line',
  ],
  'evennia-gmcp': [
    '> Core.Hello {"client":"Mudlet","version":"4.17.2"}',
    '> Core.Supports.Set ["Char 1","Char.Login 1","Room 1"]',
    '> create bob *********** (create)',
    '> y',
    '> connect bob ***************** (connect)',
    '> connect bob *********** (connect)',
    'account is bob (login)',
    '< Logged.In undefined',
    'character is bob (output)',
    '> say hello there',
    '> Char.Login.Credentials {"account":"bob","password":"***********"}',
    '> Echo "hello there"',
    '> look',
    '> quit',
  ],
  'telnetd-login': [
    '> alice',
    '> ************ (password-prompt)',
    '> alice',
    '> *********** (password-prompt)',
    'account is alice (login)',
    '> echo hello',
    '> ',
    '> echo right',
    '> cat letter-to-nobody.txt',
    '> echo right',
    '> echo abc',
    '> exit',
  ],
  'telnetd-telnet': [
    '> alice',
    '> *********** (password-prompt)',
    'account is alice (login)',
    '> expr 40 + 1',
    '> ',
    '> expr 50 + 2',
    '> cat letter-to-nobody.txt',
    '> expr 50 + 3',
    '> exit',
  ],
  'telnetd-typed-ahead': ['> alice', '> *********** (hidden-typing)', 'account is alice (login)', '> echo one', '> echo two', '> exit'],
  'tintin-mccp3': ['> bob', '> *********** (password-prompt)', 'account is bob (login)', '> hello there', '> connect bob *********** (connect)'],
  'tinymux-login': [
    '> create Bob *********** (create)',
    'account is Bob (login)',
    '> say hello there',
    '> @password ************************ (create)',
    '> say that was typed ahead',
    '> QUIT',
  ],
};

/** The records of a transcript whose packets come in the pieces that `split` makes of them. */
function play(name: string, split: (bytes: Buffer) => readonly Buffer[]): Talk {
  const steps: readonly Step[] = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
  const talk = new Talk({ masks: MASKS });
  let now = 0;
  for (const { dir, ms, base64 } of steps) {
    talk.wait(ms - now);
    now = ms;
    for (const piece of split(Buffer.from(base64, 'base64'))) talk.pipeline.data(dir, piece, talk.at);
  }
  return talk.wait(300).end();
}

function brief({ topic, direction, text = '', masked, data }: Rec): string[] {
  const masks = ((masked ?? []) as readonly { mask: string }[]).map(({ mask }) => mask);
  if (topic === 'session.input') return [`> ${text}${masks.length > 0 ? ` (${[...new Set(masks)].join()})` : ''}`];
  if (topic === 'session.identity') return [`${data?.field} is ${data?.new} (${data?.how})`];
  if (topic !== 'session.oob' || data?.protocol !== 'gmcp') return [];
  return [`${direction === 'RCV' ? '>' : '<'} ${data.name} ${JSON.stringify(data.value)}`];
}

const everyByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

const byDice = (dice: Dice) => (bytes: Buffer) => {
  const at = dice.between(0, bytes.length);
  return [bytes.subarray(0, at), bytes.subarray(at)];
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  t.test(name, async (t) => {
    const whole = play(name, (bytes) => [bytes]);
    t.same(whole.records.flatMap(brief), expected);
    t.notMatch(whole.lines.join(''), SECRETS);
    t.ok(play(name, everyByte).lines.join('') === whole.lines.join(''), 'byte by byte');
    for (let seed = 1; seed <= 20; seed++) t.ok(play(name, byDice(new Dice(seed))).lines.join('') === whole.lines.join(''), `cut by dice ${seed}`);
  });
}
