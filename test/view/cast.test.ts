import t from 'tap';
import { Cast } from '../../src/view/cast.js';
import type { Happening } from '../../src/view/timeline.js';

const AT = 1_767_323_045_000_000;
const EVENTS: readonly Happening[] = [
  { at: AT, type: 'start' },
  { at: AT + 1_000, type: 'output', text: 'Name: ', endsLine: false },
  { at: AT + 50_000, type: 'resize', columns: 120, rows: 40 },
  { at: AT + 1_500_000, type: 'input', text: 'bob', exchange: 1, shownBack: false },
  { at: AT + 1_500_250, type: 'output', text: '\x1b[1mHi "bob"\x1b[0m\r\n', endsLine: true },
  { at: AT + 2_000_000, type: 'resize', columns: 90, rows: 30 },
  { at: AT + 2_000_000, type: 'gap' },
  { at: AT + 3_000_000, type: 'end', exit: 'SIGTERM' },
];

const cast = (events: readonly Happening[], version: 2 | 3, input = false): string[] => {
  const one = new Cast({ version, title: 'main bob', input });
  return `${events.map((event) => one.push(event)).join('')}${one.end()}`.split('\n').slice(0, -1);
};

t.test('version 2 counts from the beginning', async (t) => {
  t.strictSame(cast(EVENTS, 2), [
    '{"version":2,"width":120,"height":40,"timestamp":1767323045,"title":"main bob","env":{"TERM":"xterm-256color"}}',
    '[0.001000, "o", "Name: "]',
    '[1.500000, "m", "request 1"]',
    '[1.500000, "o", "\\r\\n"]',
    '[1.500250, "o", "\\u001b[1mHi \\"bob\\"\\u001b[0m\\r\\n"]',
    '[2.000000, "r", "90x30"]',
    '[2.000000, "m", "gap: something is missing here"]',
  ]);
});

t.test('version 3 counts from the event before, and says how a program ended', async (t) => {
  t.strictSame(cast(EVENTS, 3), [
    '{"version":3,"term":{"cols":120,"rows":40,"type":"xterm-256color"},"timestamp":1767323045,"title":"main bob"}',
    '[0.001000, "o", "Name: "]',
    '[1.499000, "m", "request 1"]',
    '[0.000000, "o", "\\r\\n"]',
    '[0.000250, "o", "\\u001b[1mHi \\"bob\\"\\u001b[0m\\r\\n"]',
    '[0.499750, "r", "90x30"]',
    '[0.000000, "m", "gap: something is missing here"]',
    '[1.000000, "x", "143"]',
  ]);
});

t.test('what was typed stands in it only where it is asked for', async (t) => {
  t.strictSame(cast(EVENTS, 2, true).slice(2, 5), ['[1.500000, "m", "bob"]', '[1.500000, "i", "bob\\r"]', '[1.500000, "o", "\\r\\n"]']);
  t.notMatch(cast(EVENTS.slice(0, 4), 2).slice(1).join(), /bob/);
});

t.test('a session that does not say how large its window is, or says it late, begins with 80x24', async (t) => {
  const late: readonly Happening[] = [
    { at: AT, type: 'start' },
    { at: AT + 5_000_001, type: 'output', text: 'x', endsLine: false },
    { at: AT + 6_000_000, type: 'resize', columns: 90, rows: 30 },
    { at: AT + 7_000_000, type: 'end', exit: 3 },
  ];
  t.strictSame(
    cast(late, 3).map((line) => line.replace(/"timestamp".*/, '')),
    [
      '{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},',
      '[5.000001, "o", "x"]',
      '[0.999999, "r", "90x30"]',
      '[1.000000, "x", "3"]',
    ],
  );
  t.match(cast([], 2), [/^\{"version":2,"width":80,"height":24,"timestamp":0,/]);
});
