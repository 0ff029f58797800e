import t from 'tap';
import type { AuditRecord } from '../../src/contract.js';
import { type Happening, Timeline, timeOf } from '../../src/view/timeline.js';
import { Talk } from '../talk.js';

/** All events of records, in short: `MS TYPE TEXT` from the first one on. */
function told(records: readonly unknown[]): string[] {
  const timeline = new Timeline();
  const events = [...records.flatMap((record) => timeline.push(record as AuditRecord)), ...timeline.end()];
  const first = events[0]?.at ?? 0;
  return events.map((event) => `${(event.at - first) / 1000} ${inShort(event)}`);
}

function inShort(event: Happening): string {
  if (event.type === 'output') return `< ${JSON.stringify(event.text)}`;
  if (event.type === 'input') return `${event.shownBack ? '>>' : '>'} ${JSON.stringify(event.text)}`;
  if (event.type === 'resize') return `${event.columns}x${event.rows}`;
  return event.type;
}

t.test('gives what the screen was sent as it came, raw where there are control sequences, line ends as a terminal wants them', async (t) => {
  const talk = new Talk();
  talk['<']('\x1b[1mHello\x1b[0m\n').wait(40)['<']('there\r\n').wait(200);
  talk['<']('a\nb').wait(30)['<']('c\r\n').wait(200).end();
  t.strictSame(told(talk.records), [
    '0 start',
    '1 < "\\u001b[1mHello\\u001b[0m\\r\\n"',
    '42 < "there\\r\\n"',
    '243 < "a\\r\\nb"',
    '274 < "c\\r\\n"',
    '475 end',
  ]);
});

t.test('a prompt leaves the cursor behind it, and what the server does not send back is told apart', async (t) => {
  const talk = new Talk();
  talk['<']('Name: ').wait(200)['>']('bob\r\n')['<']('Hi bob\r\n> ').wait(200)['>']('look\r\n')['<']('look\r\nA room.\r\n').wait(200);
  talk['>']('say hi\r\n')['<']('\r\nYou say: hi\r\n').wait(200);
  t.strictSame(told(talk.records).slice(1), [
    '1 < "Name: "',
    '202 > "bob"',
    '203 < "Hi bob\\r\\n> "',
    '404 >> "look"',
    '405 < "look\\r\\nA room.\\r\\n"',
    '606 >> "say hi"',
    '607 < "\\r\\nYou say: hi\\r\\n"',
  ]);
});

const record = (time: string, topic: string, more: object = {}) => ({ topic, time: `2026-01-02T03:04:${time}Z`, ...more });

t.test('an input that was judged late stands where it was typed', async (t) => {
  const late = [
    record('05.000000', 'session.start'),
    record('07.000000', 'session.output', { text: 'b' }),
    record('06.000001', 'session.input', { text: 'a' }),
  ];
  t.strictSame(told(late), ['0 start', '1000.001 > "a"', '2000 < "b\\r\\n"']);
});

t.test('what comes later than events are held stands behind what was given', async (t) => {
  const timeline = new Timeline();
  const push = (one: unknown) => timeline.push(one as AuditRecord).map(({ at }) => at - timeOf('2026-01-02T03:04:05.000000Z'));
  t.strictSame(push(record('05.000000', 'session.start')), []);
  t.strictSame(push({ ...record('', 'session.output', { text: 'x' }), time: '2026-01-02T03:06:10.000000Z' }), [0]);
  t.strictSame(push({ ...record('', 'session.output', { text: 'y' }), time: '2026-01-02T03:08:10.000000Z' }), [125_000_000]);
  t.strictSame(push(record('05.500000', 'session.input', { text: 'z' })), [125_000_000]);
});

t.test('a web client’s HTML is no terminal’s text', async (t) => {
  t.strictSame(told([record('05.000000', 'session.output', { text: 'Hi', raw: '<b>Hi</b>' })]), ['0 < "Hi\\r\\n"']);
});

t.test('a full-screen program’s line feeds stay as they are', async (t) => {
  t.strictSame(told([record('05.000000', 'session.output', { text: 'a\nb', raw: '\x1b[2;5Ha\nb' })]), ['0 < "\\u001b[2;5Ha\\nb"']);
});

t.test('no character is cut in two, whatever timing says', async (t) => {
  const raw = '\x1b[1m\u{1f600}x';
  const timing = [
    [0, 5],
    [10, 2],
  ];
  t.strictSame(told([record('05.000000', 'session.output', { text: '\u{1f600}x', raw, timing })]), ['0 < "\\u001b[1m\u{1f600}"', '10 < "x"']);
});

t.test('records that hold nonsense are no fault of ours', async (t) => {
  const nonsense = [
    { topic: 'session.output' },
    record('05.000000', 'session.output', { text: 7, raw: {}, timing: [[1], 'x', null] }),
    record('05.000000', 'session.output', {
      text: 'ab',
      timing: [
        [0, 1e300],
        [Number.NaN, -1],
      ],
    }),
    record('05.000000', 'session.output', { text: 'a\ud800b' }),
    record('05.000000', 'session.resize', { data: { columns: 1e9, rows: -1 } }),
    record('05.000000', 'session.resize', { data: null }),
    record('06.000000', 'session.end', { data: { exit: {} } }),
    { topic: 'session.input', time: 'yesterday', text: null },
  ];
  t.same(
    told(nonsense).map((line) => line.replace(/^\S+ /, '')),
    ['< "\\r\\n"', '< "ab\\r\\n"', '< "a\ufffdb\\r\\n"', 'end'],
  );
});
