/** Transcripts of gather: what came when, and the utterances that it is, for every splitting at equal times. */
import t from 'tap';
import type { Utterance } from '../../src/contract.js';
import type { Gatherer } from '../../src/gather/gatherer.js';
import { LineGatherer } from '../../src/gather/lines.js';
import { MessageGatherer } from '../../src/gather/messages.js';

const MS = 1_000;

/** [milliseconds, bytes], or a word: `mark` a prompt mark, `input` the client's next input, `close`; a number alone is a tick. */
type Step = readonly [number, string] | readonly [number];
type Said = {
  readonly text: string;
  readonly at: number;
  readonly raw?: string;
  readonly cut?: string;
  readonly before?: string;
  readonly pieces?: unknown;
};

function run(gatherer: Gatherer, steps: readonly Step[], split: (bytes: Buffer) => Buffer[]): Said[] {
  const said: Said[] = [];
  const give = (u: Utterance): void => {
    const { text, cut, before } = u;
    said.push({ text, at: u.at / MS, ...(u.raw === text ? {} : { raw: u.raw }), ...(cut ? { cut } : {}), ...(before ? { before } : {}) });
  };
  for (const [ms, what] of steps) {
    if (what === undefined) gatherer.tick(ms * MS, give);
    else if (what === 'MARK') gatherer.flush('prompt', give);
    else if (what === 'INPUT') gatherer.flush(undefined, give);
    else if (what === 'CLOSE') gatherer.flush('close', give);
    else for (const bytes of split(Buffer.from(what, 'latin1'))) gatherer.push(bytes, ms * MS, give);
  }
  return said;
}

const CASES: readonly [title: string, make: () => Gatherer, steps: readonly Step[], said: readonly Said[]][] = [
  [
    'CR LF, CR NUL, CR and LF each end a typed line',
    () => new LineGatherer('RCV'),
    [[0, 'one\r\ntwo\r\0three\rfour\n']],
    ['one', 'two', 'three', 'four'].map((text) => ({ text, at: 0 })),
  ],
  [
    'the second byte of a line end may come later',
    () => new LineGatherer('RCV'),
    [
      [0, 'one\r'],
      [5, '\ntwo\r'],
      [9, '\0three\r\n'],
    ],
    [
      { text: 'one', at: 0 },
      { text: 'two', at: 5 },
      { text: 'three', at: 9 },
    ],
  ],
  [
    'an empty line is an utterance',
    () => new LineGatherer('RCV'),
    [[3, '\r\n\r\n']],
    [
      { text: '', at: 3 },
      { text: '', at: 3 },
    ],
  ],
  [
    'a line has the time of its first byte',
    () => new LineGatherer('RCV'),
    [
      [0, 'lo'],
      [700, 'ok\r\n'],
    ],
    [{ text: 'look', at: 0 }],
  ],
  [
    'an open line is given when the session closes',
    () => new LineGatherer('RCV'),
    [
      [0, 'qui'],
      [1, 'CLOSE'],
    ],
    [{ text: 'qui', at: 0, cut: 'close' }],
  ],
  ['what is typed waits for its Enter however long', () => new LineGatherer('RCV'), [[0, 'look'], [60_000]], []],
  [
    'a message is what was said in one go',
    () => new MessageGatherer(100),
    [[0, 'A room.\r\nExits: n\r\n'], [50], [99], [100]],
    [{ text: 'A room.\nExits: n', at: 0, raw: 'A room.\r\nExits: n\r\n' }],
  ],
  [
    'a prompt stays with its message until the next input',
    () => new MessageGatherer(100),
    [[0, 'A room.\r\n> '], [150], [1_000], [1_500, 'INPUT']],
    [{ text: 'A room.\n> ', at: 0, raw: 'A room.\r\n> ' }],
  ],
  [
    'two seconds of silence end an open line',
    () => new MessageGatherer(100),
    [[0, 'Name: '], [1_999], [2_000]],
    [{ text: 'Name: ', at: 0, cut: 'idle' }],
  ],
  [
    'a prompt mark ends a message',
    () => new MessageGatherer(100),
    [
      [0, 'hp 10> '],
      [0, 'MARK'],
    ],
    [{ text: 'hp 10> ', at: 0, cut: 'prompt' }],
  ],
  [
    'more after a silence is another message, and the open line ends with its line end',
    () => new MessageGatherer(100),
    [[0, 'A room.\r\n> '], [500, '\r\nBob waves.\r\n'], [600]],
    [
      { text: 'A room.\n> ', at: 0, raw: 'A room.\r\n> \r\n' },
      { text: 'Bob waves.', at: 500, raw: 'Bob waves.\r\n' },
    ],
  ],
  [
    'an open line that goes on after a silence stays whole',
    () => new MessageGatherer(100),
    [[0, 'Ready.\r\nLoad'], [500, 'ing\r\n'], [600]],
    [
      { text: 'Ready.', at: 0, raw: 'Ready.\r\n' },
      { text: 'Loading', at: 0, raw: 'Loading\r\n' },
    ],
  ],
  [
    'what follows a cut inside a line knows what stood before it',
    () => new MessageGatherer(100),
    [[0, 'Password: '], [10, 'INPUT'], [20, 'Welcome\r\nA room.\r\n'], [120]],
    [
      { text: 'Password: ', at: 0 },
      { text: 'Welcome\nA room.', at: 20, raw: 'Welcome\r\nA room.\r\n', before: 'Password: ' },
    ],
  ],
  [
    'line by line where the operator asks for it',
    () => new LineGatherer('SND'),
    [[0, 'one\r\ntwo\r\n> '], [1_999], [2_000]],
    [
      { text: 'one', at: 0 },
      { text: 'two', at: 0 },
      { text: '> ', at: 0, cut: 'idle' },
    ],
  ],
  ['latin-1 where it is no UTF-8', () => new LineGatherer('RCV'), [[0, 'na\xefve\r\n']], [{ text: 'naïve', at: 0 }]],
];

for (const [title, make, steps, said] of CASES) {
  t.test(title, async (t) => {
    t.same(
      run(make(), steps, (bytes) => [bytes]),
      said,
      'whole',
    );
    t.same(
      run(make(), steps, (bytes) => Array.from(bytes, (byte) => Buffer.of(byte))),
      said,
      'byte by byte',
    );
    for (let cut = 1; cut < 24; cut++)
      t.same(
        run(make(), steps, (bytes) => [bytes.subarray(0, cut), bytes.subarray(cut)]),
        said,
        `cut at ${cut}`,
      );
  });
}

t.test('a line over 64 KiB is cut by size, and no byte of it is lost', async (t) => {
  const gatherer = new LineGatherer('RCV');
  const said: Utterance[] = [];
  const line = Buffer.from('0123456789'.repeat(20_000));
  for (let at = 0; at < line.length; at += 777) gatherer.push(line.subarray(at, at + 777), 0, (u) => said.push(u));
  gatherer.push(Buffer.from('\r\n'), 0, (u) => said.push(u));
  t.equal(said.map((u) => u.text).join(''), line.toString());
  t.same(
    said.map((u) => [u.text.length, u.cut, u.before.length]),
    [
      [65_536, 'size', 0],
      [65_536, 'size', 4_096],
      [65_536, 'size', 4_096],
      [3_392, undefined, 4_096],
    ],
  );
});

t.test('what stood before a cut by size is the head of a long line and its end', async (t) => {
  const gatherer = new LineGatherer('RCV');
  const said: Utterance[] = [];
  for (const line of [`connect${' '.repeat(200_000)}`, 'bob', ' hunter2\r\n']) gatherer.push(Buffer.from(line), 0, (u) => said.push(u));
  t.match(said.at(-1), { text: /^ +bob hunter2$/, before: /^connect {4089}$/ });
});

t.test('a cut by size does not tear a UTF-8 letter', async (t) => {
  const gatherer = new LineGatherer('RCV');
  const said: Utterance[] = [];
  gatherer.push(Buffer.from(`a${'ж'.repeat(40_000)}\n`), 0, (u) => said.push(u));
  t.equal(said.map((u) => u.text).join(''), `a${'ж'.repeat(40_000)}`);
  t.same([...new Set(said.map((u) => u.encoding))], ['utf-8']);
});

t.test('pieces say when what came, in UTF-16 units', async (t) => {
  const gatherer = new LineGatherer('RCV');
  const said: Utterance[] = [];
  const give = (u: Utterance) => said.push(u);
  gatherer.push(Buffer.from('пр'), 0, give);
  gatherer.push(Buffer.from('иве'), 300, give);
  gatherer.push(Buffer.from('т'), 5_000, give);
  gatherer.push(Buffer.from('\n'), 9_000, give);
  t.same(said[0]?.pieces, [
    [0, 5],
    [5_000, 1],
  ]);
});

t.test('a line that comes byte by byte for two minutes keeps its length and its ends, and a bounded number of times', async (t) => {
  const lines = new LineGatherer('RCV');
  const said: Utterance[] = [];
  for (let byte = 0; byte < 60_000; byte++) lines.push(Buffer.from('x'), byte * 2 * MS, (utterance) => said.push(utterance));
  lines.push(Buffer.from('!\n'), 120_000 * MS, (utterance) => said.push(utterance));
  const [line] = said;
  t.equal(line?.text, `${'x'.repeat(60_000)}!`);
  t.strictSame([line?.at, line?.endAt], [0, 120_000 * MS]);
  t.ok((line?.pieces.length ?? 0) <= 2_048);
  t.equal(
    line?.pieces.reduce((sum, [, units]) => sum + units, 0),
    60_001,
  );
});

t.test('a cut does not fall inside a control sequence, so that a command is matched as it is read', async (t) => {
  for (const [whole, head, tail] of [
    ["Command 'con\x1b[1;31mnect bob'", "Command 'con", "\x1b[1;31mnect bob'"],
    ["Command 'con\x1b]0;title\x1b\\nect bob'", "Command 'con", "\x1b]0;title\x1b\\nect bob'"],
    ["Command 'con\x1b(Bnect bob'", "Command 'con", "\x1b(Bnect bob'"],
  ] as const) {
    for (let inside = head.length + 1; inside < whole.indexOf('nect'); inside++) {
      for (const make of [() => new MessageGatherer(100), () => new LineGatherer('SND')]) {
        const steps: Step[] = [[0, whole.slice(0, inside)], [2500], [2600, 'MARK'], [2700, whole.slice(inside)], [2800, 'CLOSE']];
        const [first, second] = run(make(), steps, (bytes) => [bytes]);
        t.match(
          [first, second],
          [
            { text: head, cut: 'idle' },
            { text: "nect bob'", raw: tail, before: head, cut: 'close' },
          ],
          `cut at ${inside}`,
        );
      }
    }
  }
});

t.test('a line cut by size is not cut inside a control sequence', async (t) => {
  const said: Utterance[] = [];
  const lines = new LineGatherer('RCV');
  lines.push(Buffer.from(`${'x'.repeat(65_534)}\x1b[1mconnect\r\n`), 0, (utterance) => said.push(utterance));
  t.match(said, [
    { text: 'x'.repeat(65_534), cut: 'size' },
    { text: 'connect', raw: '\x1b[1mconnect' },
  ]);
});

t.test('backspaces behind a cut erase in front of it, where the line goes on', async (t) => {
  for (const make of [() => new MessageGatherer(100), () => new LineGatherer('SND')]) {
    const steps: Step[] = [
      [0, "a\r\nCommand 'conéb"],
      [1, 'MARK'],
      [2, '\b\bne'],
      [3, 'MARK'],
      [4, 'x\bct'],
      [5, 'MARK'],
      [6, '\b'.repeat(50)],
      [7, 'CLOSE'],
    ];
    const said = run(make(), steps, (bytes) => [bytes]).slice(-3);
    t.match(said, [{ text: 'ne', before: "Command 'con" }, { text: 'ct', before: "Command 'conne" }, { text: '' }]);
    t.equal(said[2]?.before, undefined);
  }
});
