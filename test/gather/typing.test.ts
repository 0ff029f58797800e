/** Character mode: what is typed key by key and what comes back meanwhile, for every splitting at equal times. */
import t from 'tap';
import type { Utterance } from '../../src/contract.js';
import type { Gatherer } from '../../src/gather/gatherer.js';
import { LineGatherer } from '../../src/gather/lines.js';
import { MessageGatherer } from '../../src/gather/messages.js';

const MS = 1_000;

/** [who, what] at the next millisecond; a number is so many milliseconds of nothing, and a tick. */
type Step = readonly ['>' | '<', string] | number;
/** What is said of an utterance, members that are not there left out. */
type Said = Partial<Omit<Utterance, 'offsets'>>;

const CLOSE = -1;

/** The gatherers of both sides, driven as the pipeline does. */
function run(makeOutput: () => Gatherer, steps: readonly Step[], split: (bytes: Buffer, step: number) => readonly Buffer[]): Utterance[] {
  const said: Utterance[] = [];
  const input = new LineGatherer('RCV');
  const output = makeOutput();
  const give = (utterance: Utterance): void => void said.push(utterance);
  const typed = (utterance: Utterance): void => {
    output.flush(undefined, give);
    output.unmark();
    give(utterance);
  };
  let at = 0;
  for (const [index, step] of steps.entries()) {
    at += (typeof step === 'number' ? Math.max(0, step) : 1) * MS;
    if (step === CLOSE) {
      input.flush('close', typed);
      output.flush('close', give);
    } else if (typeof step === 'number') output.tick(at, give);
    else {
      for (const bytes of split(Buffer.from(step[1], 'utf8'), index)) {
        if (step[0] === '<') output.push(bytes, at, give);
        else {
          input.push(bytes, at, typed);
          if (input.length > 0) output.mark();
        }
      }
    }
  }
  return said;
}

const keys = (line: string, echo = line): Step[] =>
  [...line].flatMap((key, index): Step[] => [
    ['>', key],
    ['<', echo[index] as string],
  ]);

const SHELL = '\x1b[?2004h$ ';

const CASES: readonly [title: string, steps: readonly Step[], said: readonly Said[]][] = [
  [
    'a line typed key by key is one line, and its echo one of the prompt behind it',
    [['<', 'login: '], ...keys('bob'), ['>', '\r'], ['<', '\r\nPassword: '], 2_000],
    [
      { direction: 'SND', text: 'login: bob', echo: { from: 7, line: 'bob', prompt: 'login: ' }, open: true },
      { direction: 'RCV', text: 'bob' },
      { direction: 'SND', text: '\nPassword: ', before: 'login: bob', open: true, cut: 'idle' },
    ],
  ],
  [
    'the password that comes not back has no echo',
    [['<', 'Password: '], 2_000, ['>', 'h'], ['>', 'u'], ['>', 'n'], ['>', '\r\0'], ['<', '\r\nWelcome.\r\n'], 200],
    [
      { text: 'Password: ', cut: 'idle' },
      { direction: 'RCV', text: 'hun' },
      { text: '\nWelcome.', before: 'Password: ' },
    ],
  ],
  [
    'backspaces and ^U, and what the shell shows of them',
    [
      ['<', SHELL],
      ['>', 'lsx'],
      ['<', 'lsx'],
      ['>', '\x7f'],
      ['<', '\b\x1b[K'],
      ['>', '\x15'],
      ['<', '\r\x1b[C\x1b[C\x1b[K'],
      ['>', 'pwd'],
      ['<', 'pwd'],
      ['>', '\r'],
      CLOSE,
    ],
    [
      { direction: 'SND', text: '$ ls\npwd', echo: { from: 2, line: 'pwd', prompt: '$ ' } },
      { direction: 'RCV', text: 'pwd', unedited: 'lsxpwd', raw: '***\x7f\x15pwd', shape: 'other' },
    ],
  ],
  [
    'a line from the history is what the screen shows',
    [
      ['<', SHELL],
      ['>', '\x1b[A'],
      ['<', 'echo one'],
      ['>', '\x7f\x7f\x7f'],
      ['<', '\b\x1b[K\b\x1b[K\b\x1b[K'],
      ['>', 'two'],
      ['<', 'two'],
      ['>', '\r'],
      CLOSE,
    ],
    [
      { direction: 'SND', echo: { from: 2, line: 'echo two', prompt: '$ ' } },
      { direction: 'RCV', text: 'two', asks: true },
    ],
  ],
  [
    'a list of completions in the middle of the line',
    [
      ['<', SHELL],
      ['>', 'rm ca'],
      ['<', 'rm ca'],
      ['>', '\t'],
      ['<', '\x07'],
      ['>', '\t'],
      ['<', '\r\ncalendar  catalog\r\n$ rm ca'],
      ['>', 't\t'],
      ['<', 'talog '],
      ['>', '\r'],
      CLOSE,
    ],
    [
      { direction: 'SND', text: '$ rm ca\ncalendar  catalog\n$ rm catalog ', echo: { from: 2, line: 'rm catalog ', prompt: '$ ' } },
      { direction: 'RCV', text: 'rm ca\t\tt\t', asks: true },
    ],
  ],
  [
    'an echo that is cut by silence goes on in the next one',
    [['<', 'A room.\r\n> '], ['>', 'lo'], ['<', 'lo'], 2_000, ['>', 'ok'], ['<', 'ok'], ['>', '\r\n'], ['<', '\r\nA room.\r\n'], 100],
    [
      { text: 'A room.\n> lo', echo: { from: 10, line: 'lo', prompt: '> ' }, cut: 'idle' },
      { text: 'ok', before: '> lo', echo: { from: 0, line: 'look', prompt: '> ' } },
      { direction: 'RCV', text: 'look' },
      { text: '\nA room.', before: '> look' },
    ],
  ],
  [
    'what somebody else does while a line is typed',
    [['<', '> '], ['>', 'lo'], ['<', 'lo'], ['<', '\r\x1b[KBob waves.\r\n> lo'], ['>', 'ok'], ['<', 'ok'], ['>', '\r\n'], CLOSE],
    [
      { direction: 'SND', text: '> lo\nBob waves.\n> look', echo: { from: 2, line: 'look', prompt: '> ' } },
      { direction: 'RCV', text: 'look' },
    ],
  ],
  [
    'letters of several bytes',
    [['<', 'Имя: '], ['>', 'п'], ['<', 'п'], ['>', 'ё'], ['<', 'ё'], ['>', '\x7f'], ['<', '\b \b'], ['>', 'я\r'], CLOSE],
    [
      { direction: 'SND', text: 'Имя: п', echo: { from: 5, line: 'п', prompt: 'Имя: ' } },
      { direction: 'RCV', text: 'пя', unedited: 'пёя', raw: 'п*\x7fя' },
    ],
  ],
  [
    'a key in the middle of a line leaves no raw',
    [
      ['>', 'ct'],
      ['>', '\x1b[D'],
      ['>', 'a'],
      ['>', '\r\n'],
    ],
    [{ direction: 'RCV', text: 'cat', raw: 'cat', shape: 'same', unedited: 'cta', pieces: [[1_000, 3]] }],
  ],
  [
    'a full-screen program ends what it draws with every silence',
    [['<', '\x1b[?1049h\x1b[2J\x1b[Htop'], 100, ['<', '\x1b[5;1Hload'], 100, ['<', '\x1b[?1049l$ '], 100, 2_000],
    [
      { text: 'top', cut: 'idle' },
      { text: 'load', cut: 'idle' },
      { text: '$ ', cut: 'idle' },
    ],
  ],
];

const MAKES: readonly (() => Gatherer)[] = [() => new MessageGatherer(100), () => new LineGatherer('SND')];

/** All of them with their offsets, to be compared. */
const written = (said: readonly Utterance[]): string => JSON.stringify(said.map(({ offsets, ...rest }) => ({ ...rest, offsets: offsets?.() })));

for (const [title, steps, expected] of CASES) {
  t.test(title, async (t) => {
    const said = run(
      () => new MessageGatherer(100),
      steps,
      (bytes) => [bytes],
    );
    t.match(said, expected);
    t.equal(said.length, expected.length);
    t.ok(said.every(({ text, echo }) => !echo || echo.from <= text.length));
  });

  t.test(`${title}, however it is split`, async (t) => {
    for (const make of MAKES) {
      const whole = written(run(make, steps, (bytes) => [bytes]));
      const bytewise = run(make, steps, (bytes) => Array.from(bytes, (byte) => Buffer.of(byte)));
      t.equal(written(bytewise), whole, 'byte by byte');
      for (const [index, step] of steps.entries()) {
        const length = typeof step === 'number' ? 0 : Buffer.byteLength(step[1]);
        for (let place = 1; place < length; place++) {
          const cut = run(make, steps, (bytes, at) => (at === index ? [bytes.subarray(0, place), bytes.subarray(place)] : [bytes]));
          if (written(cut) !== whole) t.equal(written(cut), whole, `step ${index} cut at ${place}`);
        }
      }
    }
  });
}

const heard = (drive: (gatherer: LineGatherer, give: (utterance: Utterance) => void) => void): Utterance[] => {
  const said: Utterance[] = [];
  drive(new LineGatherer('RCV'), (utterance) => void said.push(utterance));
  return said;
};

t.test('what the commands EC, EL and IP of telnet become are keys', async (t) => {
  const [line] = heard((gatherer, give) => {
    for (const keys of ['secret', '\x03', 'north', '\x15', 'lookx', '\x7f', '\r\n']) gatherer.push(Buffer.from(keys), 0, give);
  });
  t.match(line, { text: 'look', unedited: 'secretnorthlookx' });
  t.notMatch(line?.raw, /secret|north|lookx/);
});

t.test('keys reach over a cut by size: what they erase there is no longer before', async (t) => {
  const said = heard((gatherer, give) => gatherer.push(Buffer.from(`connect bob ${'x'.repeat(65_530)}\x15look\r\n`), 0, give));
  t.match(said, [{ cut: 'size' }, { text: 'look', before: '' }]);
  const line = heard((gatherer, give) => gatherer.push(Buffer.from(`connect bob ${'x'.repeat(65_530)}\x7flook\r\n`), 0, give));
  t.equal(line[1]?.before.length, 4_096, 'a long one tells by its length that it may have lost a part');
});

t.test('a cut by size does not fall inside a cursor key', async (t) => {
  const said = heard((gatherer, give) => gatherer.push(Buffer.from(`${'x'.repeat(65_534)}\x1bOD!\r\n`), 0, give));
  t.match(said, [{ text: 'x'.repeat(65_534) }, { text: '!' }]);
});

t.test('a tab is text, and asks', async (t) => {
  t.match(
    heard((gatherer, give) => gatherer.push(Buffer.from('say\thi\r\nsay hi\r\nsay\tж\r\n'), 0, give)),
    [{ text: 'say\thi', asks: true }, { text: 'say hi' }, { text: 'say\tж', asks: true }],
  );
  const plain = heard((gatherer, give) => gatherer.push(Buffer.from('say hi\r\n'), 0, give));
  t.same(Object.keys(plain[0] as Utterance), ['direction', 'at', 'endAt', 'text', 'raw', 'shape', 'encoding', 'before', 'pieces']);
});

t.test('tells the text that is held, and what stands in front of it', async (t) => {
  const said: Utterance[] = [];
  const give = (utterance: Utterance) => void said.push(utterance);
  const output = new MessageGatherer(100);
  t.equal(output.peek(), undefined);
  output.push(Buffer.from('A room.\r\n\x1b[1mName:\x1b[0m '), 0, give);
  t.same(output.peek(), { before: '', text: 'A room.\nName: ' });
  output.flush('prompt', give);
  t.equal(output.peek(), undefined);
  output.push(Buffer.from('bo\x1b[3'), 0, give);
  t.same(output.peek(), { before: 'Name: ', text: 'bo' });
  output.push(Buffer.from('1m\b\b\r\n'), 0, give);
  t.same(output.peek(), { before: 'Name: ', text: '\n' }, 'and the line end that it ends with');
  t.equal(output.length, 11);
  t.equal(said.length, 1);
});

t.test('tells whether a full-screen program is on, by what is given and what is held', async (t) => {
  const output = new MessageGatherer(100);
  const SWITCHES: readonly [sent: string, alternate: boolean][] = [
    ['$ vi\r\n', false],
    ['\x1b[?10', false],
    ['49h', true],
    ['\x1b[?25l~', true],
    ['\x1b[?1049;25l', false],
    ['\x1b[?47h\x1b[?1047l\x1b[?47;1h', true],
  ];
  for (const [sent, alternate] of SWITCHES) {
    output.push(Buffer.from(sent), 0, () => {});
    t.equal(output.alternate, alternate, JSON.stringify(sent));
    output.flush(undefined, () => {});
    t.equal(output.alternate, alternate, 'and once it is given');
  }
});

t.test('reads what follows in the charset that was agreed, and gives whole lines that came before it first', async (t) => {
  const said: Utterance[] = [];
  const give = (utterance: Utterance) => void said.push(utterance);
  const output = new MessageGatherer(100, 'cp437');
  output.push(Buffer.from('\x81\r\nok \xef> ', 'latin1'), 0, give);
  output.setCharset('latin-1', give);
  output.setCharset('latin-1', give);
  output.push(Buffer.from('\xfc', 'latin1'), 1, give);
  output.flush(undefined, give);
  t.match(said, [
    { text: 'ü', encoding: 'cp437' },
    { text: 'ok ï> ü', encoding: 'latin-1' },
  ]);
  t.match(
    heard((gatherer, give) => {
      gatherer.push(Buffer.from('\xe9', 'latin1'), 0, give);
      gatherer.setCharset('koi8-r');
      gatherer.push(Buffer.from('\r\n\xc1\r\n', 'latin1'), 0, give);
      gatherer.setCharset(undefined);
      gatherer.push(Buffer.from('ж\r\n'), 0, give);
    }),
    [
      { text: 'И', encoding: 'koi8-r' },
      { text: 'а', encoding: 'koi8-r' },
      { text: 'ж', encoding: 'utf-8' },
    ],
  );
});

t.test('what is marked twice is marked once, and what is lost is no echo', async (t) => {
  const said: Utterance[] = [];
  const give = (utterance: Utterance) => void said.push(utterance);
  const output = new MessageGatherer(100);
  output.push(Buffer.from('> '), 0, give);
  output.mark();
  output.push(Buffer.from('lo'), 0, give);
  output.mark();
  output.push(Buffer.from('ok'), 0, give);
  output.flush('prompt', give);
  output.drop();
  output.push(Buffer.from('later'), 0, give);
  output.flush('prompt', give);
  output.unmark();
  output.push(Buffer.from('\r\n> '), 0, give);
  output.flush('prompt', give);
  t.match(said, [{ echo: { from: 2, line: 'look', prompt: '> ' } }, { echo: { from: 0, line: 'later', prompt: '' } }, { text: '\n> ' }]);
  t.notOk(said[2]?.echo);
});
