/** Faults that were found in the judge, the screen and the masks by reading them as an enemy would: each one's shortest transcript. */
import t, { type Test } from 'tap';
import { compileMasks } from '../src/mask/masker.js';
import type { Keeping } from '../src/pipeline.js';
import { pack } from './mask/masks.js';
import { Talk } from './talk.js';

const MASKS = compileMasks([...pack('evennia'), ...pack('login'), ...pack('tokens')]);
const WILL = '\xff\xfb\x01';
const WONT = '\xff\xfc\x01';
const ENTER = '> \r\0';

/** `> bytes`, `< bytes`, milliseconds to wait, or something done to the talk. */
type Step = string | number | ((talk: Talk) => unknown);

const typed = (text: string): Step[] => [...text].flatMap((key) => [`> ${key}`, `< ${key}`]);
const blind = (text: string): Step[] => [...text].map((key) => `> ${key}`);
const SHELL: Step[] = [`< ${WILL}> `, 300, ...typed('look'), ENTER, '< \r\nroom\r\n> ', 300];
const LOGIN: Step[] = ['< Name: ', 300, '> bob\r\n', '< Password: ', 300, '> x\r\n', '< Hi\r\n> ', 300];

function talkOf(steps: readonly Step[], more: Partial<Keeping> & { wire?: 'telnet' | 'plain' } = {}): Talk {
  const talk = new Talk({ masks: MASKS, ...more });
  for (const step of steps) {
    if (typeof step === 'number') talk.wait(step);
    else if (typeof step === 'function') step(talk);
    else talk[step.charAt(0) as '>' | '<'](step.slice(2));
  }
  return talk.end();
}

function hides(t: Test, secret: string, steps: readonly Step[], more: Partial<Keeping> & { wire?: 'telnet' | 'plain' } = {}): void {
  const talk = talkOf(steps, more);
  t.notOk(talk.lines.join('').includes(secret), `${secret} in ${JSON.stringify(talk.said)}`);
}

t.test('behind a gap in the input, the echo of the line that went with it is hidden', async (t) => {
  const gap = (talk: Talk) => talk.gap('RCV', null);
  hides(t, 's3cretpw', [...SHELL, gap, ...typed('connect bob s3cretpw'), ENTER, '< \r\nWelcome\r\n> ', 300]);
  hides(t, 's3cretpw', [...SHELL, gap, ...typed('connect bob s3cretpw'), ENTER, '< \r\nWelcome\r\n> ', 300], { outUnit: 'line' });
  hides(t, 's3cretpw', ['< > ', 300, gap, '> connect bob s3cretpw\r\n', '< You typed connect bob s3cretpw\r\n> ', 300]);
});

t.test('a restart, and what was typed first behind it', async (t) => {
  const restart = (talk: Talk) => talk.gap('RCV', null).gap('SND', null);
  hides(t, 's3cretpw', [...SHELL, restart, '< \r\nBob: hi\r\n> ', 300, ...typed('connect bob s3cretpw'), ENTER, '< \r\nWelcome\r\n> ', 300]);
});

t.test('a gap in the middle of the line', async (t) => {
  const gap = (talk: Talk) => talk.gap('RCV', 0);
  hides(t, 'hunter22', [
    ...SHELL,
    ...typed('connect bob hun'),
    gap,
    ...typed('ter22'),
    ENTER,
    '< \r\nHi\r\n> ',
    50,
    ...typed('look'),
    ENTER,
    '< \r\nroom\r\n> ',
    300,
  ]);
});

t.test('a prompt that is no answer to a line, or that chat follows, is one', async (t) => {
  const chat = '< *** Server going down\r\n';
  const answer: Step[] = [300, '> s3cretpw\r\n', '< Ok\r\n> ', 300];
  hides(t, 's3cretpw', [...LOGIN, '> su\r\n', '< Wait...\r\n', 1_500, '< Password: ', 300, `${chat.replace('***', '\r\n***')}`, ...answer]);
  hides(t, 's3cretpw', ['< Password: ', 300, chat, ...answer]);
});

t.test('before login, a prompt that a blank line or a sign of its own follows', async (t) => {
  const rest: Step[] = [300, '> s3cretpw\r\n', '< Hi\r\n> ', 300];
  hides(t, 's3cretpw', ['< Name: ', 300, '> bob\r\n', '< Enter password:\r\n\r\n', ...rest]);
  hides(t, 's3cretpw', ['< Name: ', 300, '> bob\r\n', '< Enter password:\r\n> ', ...rest]);
});

t.test('an erasure of the screen behind a prompt is no line end', async (t) => {
  hides(t, 's3cretpw', [...LOGIN, '> su\r\n', '< Password: \x1b[J', 300, '> s3cretpw\r\n', '< Hi\r\n> ', 300]);
});

t.test('a password typed ahead, echoed in front of its prompt, and entered behind it', async (t) => {
  for (const wire of ['telnet', 'plain'] as const) {
    const steps = [`< ${wire === 'telnet' ? WILL : ''}host login: `, 300, ...typed('alice'), ENTER, '< \r\n', 20, ...typed('hunter22')];
    hides(t, 'hunter22', [...steps, '< Password: ', 300, ENTER, '< \r\n$ ', 300], { wire });
  }
});

t.test('a line of the history that was only passed', async (t) => {
  const steps = [...SHELL, '> \x1b[A', '< connect bob s3cretpw', 100, '> \x1b[A', '< \r\x1b[2Clook\x1b[K', 300, ENTER, '< \r\nroom\r\n> ', 300];
  hides(t, 's3cretpw', steps);
});

t.test('without telnet, a line of the history as the first', async (t) => {
  hides(t, 's3cretpw', ['< > ', 300, '> \x1b[A', '< connect bob s3cretpw', 100, '> \r', '< \r\nWelcome\r\n> ', 300], { wire: 'plain' });
});

t.test('an unfinished line that is drawn more than twice before two seconds are over', async (t) => {
  const drawn = '> connect bob s3cr';
  for (const between of ['\r\na b\r\n', '\x1b[H\x1b[2J', '\r\x1b[KBob: hi\r\n'])
    hides(t, 'bob s3cr', [
      ...SHELL,
      ...typed('connect bob s3cr'),
      `< ${between}${drawn}${between}${drawn}`,
      3_000,
      ...typed('et'),
      ENTER,
      '< \r\n',
      200,
    ]);
});

t.test('WILL ECHO begins hidden typing anew', async (t) => {
  const rest: Step[] = [300, '> s3cretpw\r\n', `< ${WONT}Hi\r\n> `, 300];
  hides(t, 's3cretpw', [
    ...LOGIN,
    ...['Word? ', 'Again? ', 'Old? '].flatMap((ask): Step[] => [`< ${WONT}${WILL}${ask}`, 300, '> a\r\n']),
    `< ${WONT}${WILL}New? `,
    ...rest,
  ]);
  hides(t, 's3cretpw', [...LOGIN, `< ${WILL}Word? `, 300, '> a\r\n', `< ${WONT}${WILL}Again? `, 130_000, ...rest]);
});

t.test('an empty line that the server does not answer is no answer to a prompt', async (t) => {
  hides(t, 's3cretpw', ['< Name: ', 300, '> bob\r\n', '< Password: ', 300, '> \r\n', 500, '> s3cretpw\r\n', '< Hi\r\n> ', 300]);
});

t.test('a line typed ahead while the server was in the middle of its own', async (t) => {
  hides(t, 's3cretpw', ['< Name: ', 300, '> bob\r\n', '< Hello ', '> s3cretpw\r\n', '< bob.\r\nPassword: ', 300, '< \r\nHi\r\n> ', 300]);
});

t.test('a password of blanks', async (t) => {
  const talk = talkOf([
    `< ${WILL}$`,
    300,
    ...typed('ls'),
    ENTER,
    '< \r\n$',
    300,
    ...typed('su'),
    ENTER,
    '< \r\nroot?',
    300,
    ...blind('  '),
    ENTER,
    '< \r\nhi\r\n\r\n$',
    300,
  ]);
  t.notOk(talk.said.includes('>   '));
});

t.test('what a throw leaves unwritten is known as a secret all the same', async (t) => {
  const talk = new Talk({ masks: MASKS });
  talk['<']('Hi\r\n').wait(200)['>']('look\r\nconnect bob s3cretpw\r\n')['<']('Huh\r\n');
  talk.broken = true;
  t.throws(() => talk.wait(6_000));
  talk.broken = false;
  talk.pipeline.fail(talk.at);
  talk['<']('x\r\nno s3cretpw here\r\n').wait(500).end();
  t.notMatch(talk.lines.join(''), /s3cretpw/);
});

t.test('what waits behind a line is bounded, messages out of band too', async (t) => {
  const talk = new Talk({ masks: MASKS });
  talk['<']('Name: ').wait(200)['>']('bob\r\n');
  const message = Buffer.from(`\xff\xfa\xc9A.B [${'[],'.repeat(19_000)}[]]\xff\xf0`, 'latin1');
  for (let count = 0; count < 20; count++) talk['>'](message.toString('latin1'));
  t.ok(talk.records.filter(({ topic }) => topic === 'session.oob').length > 0, '1.1 MB waited behind 3 bytes');
});

t.test('a thousand short lines, and an answer of 60 KiB, are read in linear time', async (t) => {
  for (const answer of ['\n'.repeat(60_000), 'a\b'.repeat(30_000), '\x1b]'.repeat(30_000)]) {
    const talk = new Talk({ masks: MASKS });
    talk['<'](`${WILL}Password: `).wait(200)['>']('x\r\n')['<']('ok\r\n> ').wait(200);
    talk['>']('a\r\n'.repeat(1_000))['<'](answer);
    const start = performance.now();
    talk.wait(200);
    t.ok(performance.now() - start < 8_000, `${Math.round(performance.now() - start)} ms`);
  }
});

t.test('an edited line of many secrets is read in linear time', async (t) => {
  const tokens = Array.from({ length: 1_300 }, (_, index) => `ghp_${String(index).padStart(36, 'aB3')}`);
  const talk = new Talk({ masks: MASKS });
  talk['>'](`${tokens.join(' ')}x\x7f\r\n`);
  const start = performance.now();
  talk.wait(6_000);
  t.ok(performance.now() - start < 8_000, `${Math.round(performance.now() - start)} ms`);
});

t.test('prompt marks while a line is typed hold no more than the outputs behind it may', async (t) => {
  const talk = new Talk({ masks: MASKS });
  talk['<'](`${WILL}> `).wait(200)['>']('x');
  const start = performance.now();
  for (let count = 0; count < 5; count++) talk['<']('y\xff\xf9'.repeat(1_000));
  t.ok(
    talk.records.some(({ text }) => String(text).includes('*')),
    'five thousand outputs wait',
  );
  t.ok(performance.now() - start < 8_000, `${Math.round(performance.now() - start)} ms`);
});

t.test('one line of the server that is what was typed by chance does not hide all that follows', async (t) => {
  const line = (text: string): Step[] => [`> ${text}\r\n`, '< ok\r\n> ', 200];
  const talk = talkOf([
    ...LOGIN,
    `< ${WILL}> `,
    200,
    '> look\r\n',
    '< You\r\nlook\r\naround\r\n> ',
    200,
    ...['a', 'b', 'c', 'd', 'north'].flatMap(line),
  ]);
  t.ok(talk.said.includes('> north'), JSON.stringify(talk.said));
});

t.test('the end of an echo that comes behind Enter, with the next line typed at once', async (t) => {
  const behind = ['> w1', ENTER, '< w1\r\nWelcome\r\n> ', ...typed('who'), ENTER, '< \r\nbob\r\n> ', 300];
  const talk = talkOf([...SHELL, ...typed('connect bob p'), ...behind]);
  t.notOk(
    talk.said.some((line) => /^< w1/.test(line)),
    JSON.stringify(talk.said),
  );
});

t.test('the end of the echo of a hidden line, where chat stood in its middle', async (t) => {
  const steps = [...SHELL, ...typed('connect bob s3c'), '< \r\nBob: hey\r\n', '> ret', '> pw', ENTER, '< retpw\r\nWelcome\r\n> ', 300];
  for (const outUnit of ['message', 'line'] as const) hides(t, 'retpw', steps, { outUnit });
});

t.test('a password that a server echoes behind its prompt, with the next line typed at once', async (t) => {
  const talk = talkOf(['< Name: ', 300, '> bob\r\n', '< Password: ', 300, '> pw1\r\n', '< pw1\r\nHi\r\n> ', '> w', '> ho\r\n', '< bob\r\n> ', 300]);
  t.notMatch(talk.lines.join(''), /pw1/);
  const behind = talkOf([
    '< Name: ',
    300,
    '> bob\r\n',
    '< Password: ',
    300,
    '> pw1\r\n',
    '< pw1\r\nHi\r\n> ',
    ...typed('who'),
    '> \r\n',
    '< \r\nbob\r\n> ',
    300,
  ]);
  t.notMatch(behind.lines.join(''), /pw1/, JSON.stringify(behind.said));
});

t.test('keys without Enter (a pager, a yes or no) do not hide the next command, nor does what ^C left unanswered', async (t) => {
  const less = talkOf([
    ...SHELL,
    ...typed('less x'),
    ENTER,
    '< \r\nline\r\n:',
    300,
    '> q',
    '< \r\x1b[K\r\n> ',
    300,
    ...typed('who'),
    ENTER,
    '< \r\nbob\r\n> ',
    300,
  ]);
  t.same(less.said, [
    '< > look',
    '> look',
    '< \nroom',
    '< > less x',
    '> less x',
    '< \nline\n:',
    '< ********',
    '>(prompt) ********',
    '< who',
    '> who',
    '<(close) \nbob\n> ',
  ]);
  const left = talkOf([
    ...SHELL,
    ...typed('su'),
    ENTER,
    '< \r\nPassword: ',
    300,
    '> \x03',
    '< \r\n> ',
    300,
    ...typed('who'),
    ENTER,
    '< \r\nbob\r\n> ',
    300,
  ]);
  t.match(left.said.join('|'), />\(prompt\) \|.*> who\|/);
});

t.test('a secret that the server prints over the next input is hidden on both sides of it, whatever sign the cut stands behind', async (t) => {
  for (const [head, tail] of [
    ['pq$$', 'w0rdj'],
    ['k(x)', 'zq7w'],
    ['Zqv7:', 'hxWkj'],
  ]) {
    const talk = new Talk({ masks: compileMasks(['evennia', 'login', 'tokens', 'oob'].flatMap(pack)) });
    talk['<'](`> Authorization: Bearer ${head}`)['>']('look\r\n')['<'](`${tail}\r\n> `).wait(200).end();
    t.notMatch(talk.lines.join(''), tail);
  }
});

t.test('a second prompt on the line of the first hides its answer, too', async (t) => {
  for (const [first, prompt] of [
    ['', 'Password: '],
    ['abcdefg', 'Password: '],
    ['abcdefg', 'Retype password: '],
    ['abcdefg', 'PIN: '],
  ]) {
    const talk = new Talk({ masks: compileMasks(['evennia', 'login', 'tokens', 'oob'].flatMap(pack)) });
    talk['<']('Password: ').wait(200)['>'](`${first}\r\n`)['<'](String(prompt)).wait(200)['>']('Zqv7hxWk\r\n')['<']('No.\r\n> ').wait(200).end();
    t.notMatch(talk.lines.join(''), 'Zqv7hxWk');
  }
});

t.test('a secret that is read in another charset when it is said back is known', async (t) => {
  const secret = Buffer.from('щЪыЭюЯпр').toString('latin1');
  const talk = new Talk({ masks: compileMasks(pack('evennia')) });
  talk['<']('> ').wait(200)['>'](`connect bob ${secret}\r\n`)['<'](`No.\r\nCaf\xe9 ${secret}?\r\n`).wait(200).end();
  t.notMatch(talk.lines.join(''), 'щЪыЭюЯпр');
  t.notMatch(talk.lines.join(''), secret);
});

t.test('what is left of a line with a hole is no line of its own, though the prompt is back', async (t) => {
  const gap = (talk: Talk) => talk.gap('RCV', 9);
  const steps: Step[] = [...SHELL, gap, ...typed('b s3cretpw'), '< \r\nBob: hi\r\n> ', 300, '> \r\0', '< \r\n> ', 300];
  hides(t, 's3cretpw', steps);
  t.notOk(talkOf(steps).said.some((line) => line.startsWith('>(prompt)')));
});

t.test('a line that was hidden is no name, however short it is', async (t) => {
  const talk = talkOf([`< ${WILL}Enter name: `, 300, '> abc\r\n', '< Welcome, stranger!\r\n', 300, '> look\r\n', '< ok\r\n', 300]);
  t.notMatch(talk.lines.join(''), /"abc"/);
});
