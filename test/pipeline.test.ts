import { deflateSync } from 'node:zlib';
import t from 'tap';
import { Dice } from './harness.js';
import { sound, Talk } from './talk.js';

t.test('an exchange: inputs are numbered, outputs carry the number, the first answer its latency', async (t) => {
  const talk = new Talk()['<']('Welcome!\r\n')['>']('look\r\n')['<']('A room.\r\n').wait(150)['<']('It rains.\r\n').wait(150)['>']('north\r\n').end();
  t.same(
    talk.records.filter(({ topic }) => /put$/.test(topic)).map(({ text, exchange, latency_ms }) => [text, exchange, latency_ms]),
    [
      ['Welcome!', 0, undefined],
      ['look', 1, undefined],
      ['A room.', 1, 1],
      ['It rains.', 1, undefined],
      ['north', 2, undefined],
    ],
  );
  sound(t, talk);
});

t.test('a password far behind its command is masked, though a cut by size lies between', async (t) => {
  for (const line of [
    `connect${' '.repeat(65_600)}bob hunter2`,
    `@password ${' '.repeat(65_600)}old=hunter2`,
    `@userpassword ${'x'.repeat(140_000)}=hunter2`,
  ]) {
    const talk = new Talk()['>'](`${line}\r\n`).end();
    t.notMatch(talk.lines.join(''), /hunter2/, line.slice(0, 20));
    t.ok(talk.said.length > 1, 'it was cut');
  }
});

t.test('only what is to be kept is kept, and the numbers go on all the same', async (t) => {
  const inputs = new Talk({ out: false })['<']('Hi\r\n')['>']('look\r\n')['<']('A room.\r\n')['>']('quit\r\n').end();
  t.same(inputs.said, ['> look', '> quit']);
  t.same(inputs.records.at(2)?.exchange, 2);
  const outputs = new Talk({ in: false })['>']('look\r\n')['<']('A room.\r\n')['>']('quit\r\n').end();
  t.same(outputs.said, ['< A room.']);
  t.match(outputs.records[1], { exchange: 1, latency_ms: 1 });
  t.same(new Talk({ in: false, out: false })['>']('look\r\n')['<']('A room.\r\n').end().said, []);
});

t.test('a prompt mark ends a message, silence does, the next input does, the end does', async (t) => {
  const talk = new Talk()['<']('Name: \xff\xf9')['<']('more\r\n').wait(150)['<']('open')['>']('bob\r\n')['<']('last').end();
  t.same(talk.said, ['<(prompt) Name: ', '< more', '< open', '> bob', '<(close) last']);
});

t.test("AUDIT_OUT_UNIT = 'line' makes one record a line", async (t) => {
  const talk = new Talk({ outUnit: 'line' })['<']('one\r\ntwo\r\nth')['<']('ree\r\n')['>']('x\r\n').end();
  t.same(talk.said, ['< one', '< two', '< three', '> x']);
  sound(t, talk);
});

t.test('behind a gap the line with the hole is left out up to its end, and counted', async (t) => {
  const talk = new Talk()['>']('connect bob ').gap('RCV', 10)['>']('nter2')['>']('\r\nlook\r\n').end();
  // It may have been a name, and this the password that was typed ahead.
  t.same(talk.said, ['gap capture full RCV 22', 'gap gather open-line RCV 6', '> ********']);
  sound(t, talk);
});

for (const [title, chunks] of [
  ['CR LF', ['tail\r\nlook\r\n']],
  ['CR LF in two reads', ['tail\r', '\nlook\r\n']],
  ['CR NUL', ['tail\r\0look\r\0']],
  ['CR NUL in two reads', ['tail\r', '\0look\r\0']],
  ['LF', ['tail\nlook\n']],
  ['LF byte by byte', ['t', 'a', 'i', 'l', '\n', 'l', 'ook\n']],
  ['a lone CR', ['tail\rlook\r']],
] as const) {
  t.test(`the line with the hole may end with ${title}: no empty line is made of it`, async (t) => {
    const talk = new Talk().gap('RCV', 3);
    for (const chunk of chunks) talk['>'](chunk);
    t.same(talk.end().said.slice(2), ['> ********']);
  });
}

t.test('an empty line behind the one with the hole is a line', async (t) => {
  const talk = new Talk().gap('RCV', 3)['>']('tail\r')['>']('\n')['>']('\r\n').wait(5_100)['>']('look\r\n').end();
  t.same(talk.said.slice(2), ['> ', '> look']);
});

t.test('a gap in an output drops what was held of it; what follows its line end is a message', async (t) => {
  const talk = new Talk()['<']('You see a').gap('SND', null)['<']('agon.\r\nIt roars.\r\n').wait(150).end();
  t.same(talk.said, ['gap capture full SND null', 'gap gather open-line SND 6', '< It roars.']);
});

t.test('two gaps in one line are two gaps and one open line; a line that never ends is counted at the end', async (t) => {
  const talk = new Talk().gap('RCV', 1)['>']('abc').gap('RCV', 2)['>']('def').end();
  t.same(talk.said, ['gap capture full RCV 1', 'gap capture full RCV 2', 'gap gather open-line RCV 6']);
});

t.test('a gap inside a subnegotiation ends it: its rest is no text beyond the next line end', async (t) => {
  const talk = new Talk()['<']('\xff\xfa\xc9Char.Login {"pass').gap('SND', 5)['<']('word":"hunter2"}\xff\xf0Hello\r\nWorld\r\n').wait(150).end();
  t.notMatch(talk.lines.join(), /hunter2|Hello/);
  t.same(talk.said.at(-1), '< World');
});

/** Zlib's output as text that `Talk` sends. */
const packed = (text: string) => deflateSync(Buffer.from(text, 'latin1')).toString('latin1');

t.test('compressed talk is read in both directions, and plain text behind it', async (t) => {
  const talk = new Talk()['<'](`Hello\r\n\xff\xfa\x56\xff\xf0${packed('A room.\r\n')}It is dark.\r\n`);
  talk['>'](`\xff\xfa\x57\xff\xf0${packed('look\r\n')}connect bob hunter2\r\n`)
    ['<']('You become Bob.\r\n')
    .end();
  t.same(talk.said, ['< Hello\nA room.\nIt is dark.', '> look', '> connect bob ********', '<(close) You become Bob.']);
  t.same(talk.faults, []);
  t.notMatch(talk.lines.join(), /hunter2/);
  sound(t, talk);
});

t.test('an output that cannot be read is said once, its bytes are a gap at the end, and what is typed meanwhile is withheld', async (t) => {
  const talk = new Talk()['<']('Hello\r\n\xff\xfa\x2e\x01\xff\xf0\x16\x03\x01\x00')['>']('connect bob hunter2\r\n')['<']('\xcd\xc9\xc9\r\n').end();
  t.same(talk.said, ['< Hello', '>(blind) ', 'gap decode unreadable SND 9']);
  t.same(talk.faults, ['decode encrypted-tls 1']);
  t.notMatch(talk.lines.join(), /hunter2/);
  sound(t, talk);
});

t.test('it stays unreadable behind a gap: no line end in it makes text of it', async (t) => {
  const talk = new Talk()['<']('\xff\xfa\x56\xff\xf0x\x9c').gap('SND', 4)['<']('\xcb\r\nH\xcd\r\n').wait(150)['>']('hunter2\r\n').end();
  t.same(talk.said, ['gap capture full SND 4', '>(blind) ', 'gap decode unreadable SND 7']);
  t.same(talk.faults, ['decode compressed-lost 1']);
});

t.test(
  'broken compression: what was held goes with the gap, what is typed is withheld until a new stream begins; its first line is left out',
  async (t) => {
    const stream = Buffer.from(packed('A room.\r\nAn ex'), 'latin1');
    stream[stream.length - 1] = 0;
    const talk = new Talk()['<'](`\xff\xfa\x56\xff\xf0${stream.toString('latin1')}!`)['>']('hunter2\r\n');
    talk['<'](`..\xff\xfa\x56\xff\xf0${packed('it\r\nA cave.\r\n')}`)
      ['>']('north\r\n')
      .end();
    t.same(talk.said, ['>(blind) ', 'gap decode unreadable SND 22', 'gap gather open-line SND 3', '< A cave.', '> ********']);
    t.same(talk.faults, ['decode compressed-corrupt 1']);
    t.notMatch(talk.lines.join(), /hunter2/);
    sound(t, talk);
  },
);

t.test('faults are told when they are met first, and summed at the end', async (t) => {
  const talk = new Talk()['>']('\xff\x01\xff\x02\xff\x03\xff\xf0x\r\n');
  t.same(talk.faults, ['decode telnet-unknown-command 1', 'decode telnet-stray-se 1']);
  t.same(talk.end().faults, ['decode telnet-unknown-command 1', 'decode telnet-stray-se 1', 'decode telnet-unknown-command 2']);
  sound(t, talk);
});

t.test('sparse records keep their empty members, and are records to the schema', async (t) => {
  const talk = new Talk({ allowSparse: true })['>']('\r\n')['<']('A room.\r\n').end();
  t.match(talk.records[1], { topic: 'session.input', masked: [], text: '', room: '', account: '', character: '', data: {} });
  sound(t, talk);
});

t.test('plain wires have no commands: every byte is text', async (t) => {
  t.match(new Talk({ wire: 'plain' })['>']('a\xff\xf9b\r\n').end().records[1], { text: 'a\xff\xf9b', encoding: 'latin-1' });
});

t.test('who logs in is in every record that follows, and the password in none', async (t) => {
  const talk = new Talk()['>']('connect bob hunter2\r\n')['<']('You become Bob.\r\n').wait(150)['>']('look\r\n').end();
  t.same(
    talk.records.map(({ topic, account, character }) => [topic, account, character]),
    [
      ['session.start', undefined, undefined],
      ['session.input', undefined, undefined],
      ['session.output', undefined, undefined],
      ['session.identity', undefined, undefined],
      ['session.identity', 'bob', undefined],
      ['session.input', 'bob', 'Bob'],
      ['session.end', 'bob', 'Bob'],
    ],
  );
  t.notMatch(talk.lines.join(), /hunter2/);
  sound(t, talk);
});

t.test('a fault of ours is told once, and the session goes on behind a gap in both directions', async (t) => {
  const talk = new Talk()['>']('look\r\n')['<']('A room with')['>']('half a li');
  talk.broken = true;
  t.throws(() => talk.wait(5_100));
  talk.broken = false;
  talk.pipeline.fail(talk.at);
  talk['>']('tail\r\n')['>']('north\r\n')['<']('rest\r\nA cave.\r\n').wait(150);
  talk.pipeline.fail(talk.at);
  talk.end();
  t.same(talk.said, [
    'gap pipeline internal RCV null',
    'gap pipeline internal SND null',
    'gap gather open-line RCV 5',
    '> ********',
    'gap gather open-line SND 5',
    '< A cave.',
    'gap pipeline internal RCV null',
    'gap pipeline internal SND null',
  ]);
  t.same(talk.faults, ['pipeline internal 1', 'pipeline internal 1']);
  sound(t, talk);
});

/** What an enemy would send: commands and options whole and broken, escapes, line ends, letters cut in two, words of login, marks of compression. */
const HOSTILE = [
  ...[
    '\xff',
    '\xff\xfa',
    '\xff\xf0',
    '\xff\xfb\x01',
    '\xff\xfd',
    '\xff\xf9',
    '\xff\xef',
    '\xff\xff',
    '\xff\xfa\xc9{"a":"',
    '\xff\xfa\x56\xff\xf0',
    '\xff\xfa\x57\xff\xf0',
    deflateSync('look\r\nnorth\r\n').toString('latin1'),
    '\r',
    '\n',
    '\r\n',
    '\r\0',
    '\n\r',
    '\0',
  ],
  ...[
    '\x1b[',
    '\x1b[2J',
    '\x1b]0;',
    '\x07',
    '\x1b[31m',
    '\x08',
    '\x7f',
    '\x9b',
    '\xc2\x85',
    '\xe2\x80\xa8',
    '\xe2\x80',
    '\xc3',
    '\xa9',
    '\xf0\x9f\x98\x80',
    '\xf0\x9f',
    '\xed\xa0\x80',
    '\xef\xbb\xbf',
  ],
  ...['connect bob hunter2', '"', '\\', '\t', 'You become Bob.', '@password a=b', ' ', 'look', '{"', '","digest":["', 'x'.repeat(3_000)],
];

t.test('whatever comes, in whatever pieces, records stay records, sealed and in their chain', async (t) => {
  const dice = new Dice(3);
  const piece = () =>
    dice.next() < 0.1 ? dice.bytes(dice.between(1, 9)).toString('latin1') : (HOSTILE[dice.between(0, HOSTILE.length - 1)] as string);
  for (let round = 0; round < 60; round++) {
    const talk = new Talk({ allowSparse: round % 7 === 0, outUnit: round % 3 ? 'message' : 'line', wire: round % 5 ? 'telnet' : 'plain' });
    for (let step = 0; step < 120; step++) {
      const chunk = Array.from({ length: dice.between(0, 5) }, piece).join('');
      const what = dice.next();
      if (what < 0.4) talk['>'](chunk);
      else if (what < 0.8) talk['<'](chunk);
      else if (what < 0.95) talk.wait(dice.between(0, 2_500));
      else talk.gap(dice.next() < 0.5 ? 'RCV' : 'SND', dice.next() < 0.5 ? null : 10);
    }
    sound(t, talk.end());
  }
});

t.test('a listener that names its charset is read in it, and what is a secret there is hidden', async (t) => {
  const talk = new Talk({ charset: 'koi8-r' });
  const line = Buffer.concat([Buffer.from('connect bob '), Buffer.from('d0c1d2cfccd8', 'hex'), Buffer.from('\r\n')]);
  talk['>'](line.toString('latin1')).wait(5_100);
  sound(t, talk);
  t.match(talk.records.at(-1), { text: 'connect bob ********', encoding: 'koi8-r' });
});

t.test('bytes that are no text in the charset of the listener are kept as they were', async (t) => {
  const talk = new Talk({ charset: 'utf-8', wire: 'plain' });
  talk['>']('say a\xffb\r\n').wait(5_100);
  sound(t, talk);
  t.match(talk.records.at(-1), { text: 'say a\ufffdb', raw_b64: Buffer.from('say a\xffb', 'latin1').toString('base64'), bytes: 7 });
});

t.test('a subnegotiation that is never closed is said at the end, and what it swallowed is a gap', async (t) => {
  const talk = new Talk();
  talk['>']('hi\r\n\xff\xfa\xc9connect bob hunter2\r\nlook\r\n').end();
  sound(t, talk);
  t.same(talk.said, ['> hi', 'gap decode unreadable RCV 27']);
  t.same(talk.faults, ['decode telnet-subnegotiation-open 1']);
});

t.test('a secret in a window title is hidden in raw', async (t) => {
  const talk = new Talk();
  talk['<']("\x1b]0;Command 'connect bob hunter2' is not available.\x07hello\r\n").end();
  sound(t, talk);
  const said = talk.records.find(({ topic }) => topic === 'session.output');
  t.equal(said?.text, 'hello');
  t.equal(said?.raw, "\x1b]0;Command 'connect bob ********' is not available.\x07hello\r\n");
});
