/**
 * What is typed blind: literal transcripts and what stands in the records (DESIGN 5: typed ahead, echo of typing, hidden typing, blind). `>` is the client,
 * `<` the server; a line that is wholly hidden shows as stars.
 */
import t, { type Test } from 'tap';
import { compileMasks } from '../../src/mask/masker.js';
import type { Keeping } from '../../src/pipeline.js';
import { pack, prompt } from '../mask/masks.js';
import { sound, Talk } from '../talk.js';

const MASKS = compileMasks([...pack('evennia'), prompt('(?:old |new |enter )?password: ?$')]);
const WILL_ECHO = '\xff\xfb\x01';
const WONT_ECHO = '\xff\xfc\x01';
const GA = '\xff\xf9';

type Step = readonly ['>' | '<' | 'wait', string | number];

/** Steps in one string: `> text`, `< text`, `wait MS`; each line one packet, escapes as in a string. */
function talkOf(steps: readonly Step[], more: Partial<Keeping> & { wire?: 'telnet' | 'plain' } = {}): Talk {
  const talk = new Talk({ masks: MASKS, ...more });
  for (const [who, what] of steps) {
    if (who === 'wait') talk.wait(Number(what));
    else talk[who](String(what));
  }
  return talk.end();
}

function expect(t: Test, steps: readonly Step[], said: readonly string[], more: Partial<Keeping> & { wire?: 'telnet' | 'plain' } = {}): void {
  const talk = talkOf(steps, more);
  t.same(talk.said, said);
  sound(t, talk);
}

const STARS = '********';

t.test('a hiding prompt hides the next input, and only that', async (t) => {
  expect(
    t,
    [
      ['<', 'Welcome.\r\nName: '],
      ['wait', 200],
      ['>', 'bob\r\n'],
      ['<', 'Password: '],
      ['wait', 200],
      ['>', 'look\r\n'],
      ['<', '\r\nHello bob.\r\n> '],
      ['wait', 200],
      ['>', 'look\r\n'],
      ['<', 'A room.\r\n> '],
    ],
    ['< Welcome.\nName: ', '> bob', '< Password: ', `> ${STARS}`, '< \nHello bob.\n> ', '> look', '<(close) A room.\n> '],
  );
});

t.test('a prompt mark makes a prompt, too, and before login a line that is ended does', async (t) => {
  expect(
    t,
    [
      ['<', `Name: ${GA}`],
      ['>', 'bob\r\n'],
      ['<', 'Enter password:\r\n'],
      ['wait', 200],
      ['>', 'abc\r\n'],
      ['<', `Hi.${GA}`],
      ['>', 'look\r\n'],
      ['<', 'Bob says, "Enter password:"\r\nEnter password:\r\n'],
      ['wait', 200],
      ['>', 'north\r\n'],
    ],
    [
      '<(prompt) Name: ',
      '> bob',
      '< Enter password:',
      `> ${STARS}`,
      '<(prompt) Hi.',
      '> look',
      '< Bob says, "Enter password:"\nEnter password:',
      '> north',
    ],
  );
});

t.test('name and password in one packet before the prompt: the password is hidden, its echo too', async (t) => {
  for (const login of ['login: ', '']) {
    expect(
      t,
      [
        ['<', `Debian 12\r\nhost ${login}`],
        ['>', 'alice\r\npw1\r\n'],
        ['<', `alice\r\npw1\r\nPassword: \r\0\r\nWelcome\r\n$ `],
        ['wait', 200],
        ['>', 'date\r\n'],
        ['<', 'Sat\r\n$ '],
      ],
      [`< Debian 12\nhost ${login}`, '> alice', `> ${STARS}`, `< alice\n${STARS}\nPassword: \n\nWelcome\n$ `, '> date', '<(close) Sat\n$ '],
    );
  }
});

t.test('before the first word of the server, too', async (t) => {
  expect(
    t,
    [
      ['>', 'alice\r\npw1\r\n'],
      ['<', 'host login: '],
      ['wait', 200],
      ['<', 'Password: '],
      ['wait', 200],
      ['<', '\r\nWelcome\r\n$ '],
      ['wait', 200],
      ['>', 'date\r\n'],
    ],
    ['> alice', `> ${STARS}`, '< host login: Password: ', '< Welcome\n$ ', '> date'],
  );
});

t.test('lines that nothing answers are hidden after five seconds before login, but for the first', async (t) => {
  expect(
    t,
    [
      ['<', 'Hi.\r\n'],
      ['wait', 200],
      ['>', 'alice\r\npw1\r\nlook\r\n'],
      ['wait', 5_100],
      ['<', 'What?\r\n'],
      ['wait', 200],
      ['>', 'look\r\n'],
      ['<', 'What?\r\n'],
    ],
    ['< Hi.', '> alice', `> ${STARS}`, `> ${STARS}`, '< What?', '> look', '<(close) What?'],
  );
});

t.test('and at the end', async (t) => {
  expect(t, [['>', 'alice\r\npw1\r\n']], ['> alice', `> ${STARS}`]);
});

t.test('a login lets them go', async (t) => {
  expect(
    t,
    [
      ['<', 'Welcome to Evennia.\r\n'],
      ['wait', 200],
      ['>', 'connect bob hunter2\r\nlook\r\n'],
      ['<', 'You become Bob.\r\nA room.\r\n'],
      ['wait', 200],
      ['>', 'north\r\n'],
    ],
    ['< Welcome to Evennia.', `> connect bob ${STARS}`, '> look', '< You become Bob.\nA room.', '> north'],
  );
});

t.test('after login, lines that are typed ahead of a hiding prompt are hidden', async (t) => {
  expect(
    t,
    [
      ['<', 'login: '],
      ['wait', 200],
      ['>', 'bob\r\n'],
      ['<', 'Password: '],
      ['wait', 200],
      ['>', 'x\r\n'],
      ['<', '\r\n$ '],
      ['wait', 200],
      ['>', 'passwd\r\nold1\r\nnew1\r\n'],
      ['<', 'Old password: '],
      ['wait', 300],
      ['<', '\r\nNew password: '],
      ['wait', 200],
      ['<', '\r\nDone.\r\n$ '],
      ['wait', 200],
      ['>', 'date\r\n'],
    ],
    [
      '< login: ',
      '> bob',
      '< Password: ',
      `> ${STARS}`,
      '< \n$ ',
      '> passwd',
      `> ${STARS}`,
      `> ${STARS}`,
      '< Old password: ',
      '< New password: ',
      '< Done.\n$ ',
      '> date',
    ],
  );
});

t.test('WILL ECHO hides the next line, WONT ECHO ends it', async (t) => {
  expect(
    t,
    [
      ['<', 'Name: '],
      ['wait', 200],
      ['>', 'bob\r\n'],
      ['<', `${WILL_ECHO}Secret word? `],
      ['wait', 200],
      ['>', 'a b\r\n'],
      ['<', `${WONT_ECHO}\r\nHello.\r\n> `],
      ['wait', 200],
      ['>', 'say a b\r\n'],
      ['<', 'You say, "a b"\r\n> '],
    ],
    ['< Name: ', '> bob', '< Secret word? ', `> ${STARS}`, '< \nHello.\n> ', '> say a b', '<(close) You say, "a b"\n> '],
  );
});

t.test('a server that holds ECHO for ever and never echoes: three lines are hidden, and said again they are no secrets', async (t) => {
  const line = (text: string): Step[] => [
    ['>', `${text}\r\n`],
    ['<', 'Ok.\r\n> '],
    ['wait', 200],
  ];
  expect(
    t,
    [
      ['<', `${WILL_ECHO}> `],
      ['wait', 200],
      ...line('northward'),
      ...line('southward'),
      ...line('eastward'),
      ...line('westward'),
      ...line('northward'),
    ],
    [
      '< > ',
      `> *********`,
      '< Ok.\n> ',
      `> *********`,
      '< Ok.\n> ',
      `> ${STARS}`,
      '< Ok.\n> ',
      '> westward',
      '< Ok.\n> ',
      '> northward',
      '<(close) Ok.\n> ',
    ],
  );
});

t.test('a server that echoes: what it does not echo is hidden, always', async (t) => {
  const typed = (text: string, echo: string): Step[] => [
    ['>', text],
    ['<', echo],
  ];
  expect(
    t,
    [
      ['<', `${WILL_ECHO}login: `],
      ...typed('b', 'b'),
      ...typed('o', 'o'),
      ...typed('\r\0', '\r\nPassword: '),
      ['wait', 200],
      ['>', 'x'],
      ['>', 'y'],
      ['>', '\r\0'],
      ['<', '\r\n$ '],
      ['wait', 200],
      ...typed('l', 'l'),
      ...typed('s', 's'),
      ['>', '\r\0'],
      ['<', '\r\na b\r\n$ '],
      ['wait', 200],
      ...typed('sudo', 'sudo'),
      ['>', '\r\0'],
      ['<', '\r\nsecret: '],
      ['wait', 130_000],
      ['>', 'p'],
      ['>', 'w\r\0'],
      ['<', '\r\n$ '],
    ],
    [
      '< login: bo',
      '> bo',
      '< \nPassword: ',
      `> ${STARS}`,
      '< ',
      '< $ ls',
      '> ls',
      '< \na b',
      '< $ sudo',
      '> sudo',
      '<(idle) \nsecret: ',
      `> ${STARS}`,
      '<(close) \n$ ',
    ],
  );
});

t.test('the echo of a line stands in no record before the line is masked, and takes its spans', async (t) => {
  expect(
    t,
    [
      ['<', `${WILL_ECHO}> `],
      ['wait', 200],
      ['>', 'connect bob '],
      ['<', 'connect bob '],
      ['>', 'p$'],
      ['<', 'p$'],
      ['>', '\r\0'],
      ['<', '\r\nYou become Bob.\r\n> '],
    ],
    [`< > connect bob ${STARS}`, `> connect bob ${STARS}`, '<(close) \nYou become Bob.\n> '],
  );
});

t.test('an echo that must leave before its line has ended is starred', async (t) => {
  expect(
    t,
    [
      ['<', `${WILL_ECHO}> `],
      ['wait', 200],
      ['>', 'connect bob p'],
      ['<', 'connect bob p'],
      ['wait', 2_100],
      ['>', 'w\r\0'],
      ['<', 'w\r\nHello.\r\n'],
    ],
    ['<(idle) > *************', `> connect bob ${STARS}`, `<(close) ${STARS}\nHello.`],
  );
});

t.test('without telnet, what comes back before its line has ended tells that what does not is hidden', async (t) => {
  expect(
    t,
    [
      ['<', '$ '],
      ['>', 'l'],
      ['<', 'l'],
      ['>', 's\r'],
      ['<', 's\r\nfile\r\n$ '],
      ['wait', 200],
      ['>', 'su'],
      ['<', 'su'],
      ['>', '\r'],
      ['<', '\r\nroot? '],
      ['wait', 200],
      ['>', 'a'],
      ['>', 'b\r'],
      ['<', '\r\n# '],
    ],
    ['< $ l', '> ls', '< s\nfile', '< $ su', '> su', '< \nroot? ', `> ${STARS}`, '<(close) \n# '],
    { wire: 'plain' },
  );
});

t.test('a gap in what the server said between a prompt and its answer: three lines are hidden', async (t) => {
  const talk = new Talk({ masks: MASKS });
  talk['<']('Name: ').wait(200)['>']('bob\r\n').gap('SND', 40);
  for (const line of ['pw', 'look', 'north', 'south']) talk['>'](`${line}\r\n`)['<']('Ok.\r\n> ').wait(200);
  talk.end();
  t.same(
    talk.said.filter((line) => line.startsWith('>')),
    [`> ${STARS}`, `> ${STARS}`, `> ${STARS}`, `> ${STARS}`, '> south'],
  );
  sound(t, talk);
});

t.test('in the four settings of AUDIT_IN and AUDIT_OUT, no secret is in any record', async (t) => {
  for (const [keepIn, keepOut] of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const talk = talkOf(
      [
        ['<', 'login: '],
        ['>', 'alice\r\nhunter22\r\n'],
        ['<', 'alice\r\nhunter22\r\nPassword: \r\nWelcome, hunter22\r\n$ '],
        ['wait', 300],
        ['>', 'echo hunter22\r\n'],
        ['<', 'hunter22\r\n$ '],
        ['wait', 300],
      ],
      { in: keepIn, out: keepOut },
    );
    t.notMatch(talk.lines.join(''), /hunter22/);
  }
});
