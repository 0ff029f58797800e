import t from 'tap';
import type { Direction } from '../../src/contract.js';
import { compileMasks, scrub } from '../../src/mask/masker.js';
import { pack, utterance } from './masks.js';

const masks = compileMasks(pack('diku'));
const scrubbed = (direction: Direction, text: string): string => scrub(masks, utterance(direction, text)).utterance.text ?? '';

t.test('knows what Diku, Circle, ROM and Smaug ask for, in a login and in their menus', async (t) => {
  for (const line of [
    'Password: ',
    'Give me a password for Bob: ',
    'Please retype password: ',
    'Retype password: ',
    'New password: ',
    'Enter a new password: ',
    'Enter your old password: ',
    'Enter your password for verification: ',
    'Pick a good password for Bob: ',
    'Please retype the password to confirm: ',
    "Passwords don't match. Password: ",
    'By what name do you wish to be known? Password: ',
  ])
    t.equal(masks.prompts.find(line, true), 'diku-password', line);
});

t.test('takes their other prompts for none', async (t) => {
  for (const line of [
    'By what name do you wish to be known? ',
    'Who are you? ',
    'Did I get that right, Bob (Y/N)? ',
    'What is your sex (M/F)? ',
    'Select a class: ',
    '   Make your choice: ',
    '*** PRESS RETURN: ',
    '< 20hp 100m 82mv > ',
    'Are you sure you want to delete Bob? Please enter yes: ',
    "Bob tells you 'password: '",
  ])
    t.equal(masks.prompts.find(line, true), undefined, line);
});

t.test('hides old and new password, and those that a god sets', async (t) => {
  t.equal(scrubbed('RCV', 'password old new'), 'password ********');
  t.equal(scrubbed('RCV', 'PASSW pa$$w0rd p(ss'), 'PASSW *************');
  t.equal(scrubbed('RCV', 'pass hunter2 hunter3'), 'pass ***************');
  t.equal(scrubbed('RCV', 'changepw o'), 'changepw ********');
  t.equal(scrubbed('RCV', 'set bob passwd hunter2'), 'set bob passwd ********');
  t.equal(scrubbed('RCV', 'set file bob passwd hunter2'), 'set file bob passwd ********');
  t.equal(scrubbed('RCV', "mset 'Bob the Bold' password пароль мой"), "mset 'Bob the Bold' password **********");
  t.equal(scrubbed('RCV', 'set password hunter2'), 'set password ********');
  t.equal(scrubbed('RCV', 'look\npassword old new\nlook'), 'look\npassword ********\nlook');
});

t.test('hides what a snooping god and the log are shown', async (t) => {
  t.equal(scrubbed('SND', '% password old new'), '% password ********');
  t.equal(scrubbed('SND', 'Bob% set tom passwd hunter2'), 'Bob% set tom passwd ********');
  t.equal(scrubbed('SND', 'Log Bob: password hunter2 hunter3'), 'Log Bob: password ***************');
});

t.test('leaves play alone', async (t) => {
  for (const line of ['pass the salt to Bob', 'say password old new', 'password', 'set bob gold 500', 'set wimpy 20', 'compass north', 'passwords']) {
    t.equal(scrubbed('RCV', line), line);
  }
});
