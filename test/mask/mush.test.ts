import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks, scrub } from '../../src/mask/masker.js';
import { pack, utterance } from './masks.js';

const masks = compileMasks(pack('mush'));
const scrubbed = (direction: Direction, text: string, before = ''): string => {
  const result = scrub(masks, utterance(direction, text, { before }));
  if (result.failed) throw new Error('masking failed');
  return result.utterance.text ?? '';
};

t.test('hides the password of a login, however short the word and whatever the name', async (t) => {
  t.equal(scrubbed('RCV', 'connect Wizard potrzebie'), 'connect Wizard *********');
  t.equal(scrubbed('RCV', 'co Wizard potrzebie'), 'co Wizard *********');
  t.equal(scrubbed('RCV', 'CONNECT "Johnny Five" pa$$w0rd'), 'CONNECT "Johnny Five" ********');
  t.equal(scrubbed('RCV', 'cd Wizard p(ss'), 'cd Wizard ********');
  t.equal(scrubbed('RCV', 'ch Wizard o'), 'ch Wizard ********');
  t.equal(scrubbed('RCV', 'cv "Johnny Five" my pass word'), 'cv "Johnny Five" ************');
  t.equal(scrubbed('RCV', 'c Wizard potrzebie'), 'c Wizard *********');
  t.equal(scrubbed('RCV', 'create Йван пароль'), 'create Йван ********');
  t.equal(scrubbed('RCV', 'cr Bob foobarbaz'), 'cr Bob *********');
});

t.test('hides old and new password, also in a command inside of a command', async (t) => {
  t.equal(scrubbed('RCV', '@password old=newer'), '@password *********');
  t.equal(scrubbed('RCV', '@pas old=newer'), '@pas *********');
  t.equal(scrubbed('RCV', '@password/quiet old=p(ss'), '@password/quiet ********');
  t.equal(scrubbed('RCV', '@force *Bob=@password old=newer'), '@force *Bob=@password *********');
  t.equal(scrubbed('RCV', '@switch 1=1,{ @password old=newer'), '@switch 1=1,{ @password *********');
  t.equal(scrubbed('RCV', 'look\n@password old=newer\nlook'), 'look\n@password *********\nlook');
});

t.test("hides another's password that a wizard sets", async (t) => {
  for (const word of ['@newpassword', '@newpass', '@newp', '@pcreate', '@pcr', '@robot', '@NEWPASSWORD', '@newpassword/quiet']) {
    t.equal(scrubbed('RCV', `${word} Bob=hunter2`), `${word} Bob=********`);
    t.equal(scrubbed('RCV', `${word} Johnny Five = p=ss word`), `${word} Johnny Five = *********`);
  }
  t.equal(scrubbed('RCV', '@wait 5={@pcreate Bob=hunter2'), '@wait 5={@pcreate Bob=********');
});

t.test('hides passwords in functions', async (t) => {
  t.equal(scrubbed('RCV', 'think checkpass(*Bob, hunter2)'), 'think checkpass(*Bob, ********');
  t.equal(scrubbed('RCV', 'think [pcreate(Bob,hunter2)]'), 'think [pcreate(Bob,*********');
  t.equal(scrubbed('SND', 'Bob] think checkpass(me,hunter2)'), 'Bob] think checkpass(me,********');
  t.equal(scrubbed('RCV', 'think checkpass(pmatch(Bob),my pass'), 'think checkpass(pmatch(Bob),********');
});

t.test('hides what the answers say back', async (t) => {
  t.equal(scrubbed('SND', "New player 'Bob' (#12) created with password 'hunter2'"), "New player 'Bob' (#12) created with password '********");
  t.equal(scrubbed('SND', "New robot 'Bender' (#3) created with password 'shiny'"), "New robot 'Bender' (#3) created with password '********");
  t.equal(scrubbed('SND', 'Generated password for Bob: kX9!frT2'), 'Generated password for Bob: ********');
  t.equal(scrubbed('SND', 'Bob(#3)] @password old=newer'), 'Bob(#3)] @password *********');
  t.equal(scrubbed('SND', 'Bob] @newpassword Tom=hunter2'), 'Bob] @newpassword Tom=********');
  t.equal(scrubbed('SND', "I do not know 'connect Wizard potrzebie'"), "I do not know 'connect Wizard *********'");
});

t.test('matches what stands behind a cut together with what stood before it', async (t) => {
  t.equal(scrubbed('SND', "nter2'", "New player 'Bob' (#12) created with password 'hu"), '********');
  t.equal(scrubbed('RCV', 'nter2', '@newpassword Bob=hu'), '********');
});

t.test('leaves play alone', async (t) => {
  const typed = [
    'say connect Wizard potrzebie',
    ':connects the wires = quickly',
    '"@password old=new is how',
    'connect guest',
    'cd /tmp',
    'c hello to all of you',
    '@create Magic Box=10',
    '@passage gate=#12',
    '@lock/enter here=me',
    'page Bob=the password is not for you',
    '@mail Bob=Passwords/Please choose a longer one.',
    '@set me=!DARK',
    'think pcreate',
  ];
  for (const text of typed) t.equal(scrubbed('RCV', text), text);
  const printed = [
    'Use "create <name> <password>" to make a character.',
    '  connect <name> <password>',
    'Either that player does not exist, or has a different password.',
    'Your password has been changed by Wizard.',
    'Password changed.',
    '[Public] Bob connects the wires.',
    'Bob says, "connect me later"',
    'Bob has connected.',
  ];
  for (const text of printed) t.equal(scrubbed('SND', text), text);
});

t.test('loads quickly', async (t) => {
  const begun = performance.now();
  compileMasks(pack('mush'));
  t.comment(`${Math.round(performance.now() - begun)} ms`);
  t.ok(performance.now() - begun < 600, 'far above what it takes, for slow machines');
});
