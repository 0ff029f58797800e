import t from 'tap';
import type { AuditRecord } from '../../src/contract.js';
import { lengthOf, recordForPeople, sessionForPeople } from '../../src/view/people.js';
import { printable, printableText } from '../../src/view/printable.js';

const PLAIN = { colour: false };
const SESSION = '019b7ca9-8c88-7000-8000-0123456789ab';
const record = (more: object): AuditRecord =>
  ({
    id: '019b7ca9-8d52-7000-8000-000000000001',
    topic: 'session.input',
    time: '2026-01-02T03:04:05.202000Z',
    listener: 'main',
    node: 'north',
    protocol: 'telnet',
    session: SESSION,
    ip: '203.0.113.7',
    port: 50712,
    direction: 'RCV',
    digest: ['a', ''],
    ...more,
  }) as unknown as AuditRecord;
const line = (more: object) => recordForPeople(record(more), PLAIN);
const event = (topic: string, data: object) =>
  line({ topic, data, direction: undefined }).replace('2026-01-02 03:04:05 203.0.113.7 main 456789ab ', '');

t.test('one record is one line: when, who, where, which way, what', async (t) => {
  t.equal(line({ text: 'look', account: 'bob' }), '2026-01-02 03:04:05 bob main 456789ab > look\n');
  t.equal(line({ text: 'look', account: 'bob', character: 'Grom' }), '2026-01-02 03:04:05 bob/Grom main 456789ab > look\n');
  t.equal(
    line({ text: 'Hi\n  there', topic: 'session.output', direction: 'SND' }),
    '2026-01-02 03:04:05 203.0.113.7 main 456789ab < Hi\n      there\n',
  );
  t.equal(
    line({ session: undefined, listener: undefined, ip: undefined, topic: 'audit.start', direction: undefined }),
    '2026-01-02 03:04:05 - north - = audit.start\n',
  );
});

t.test('a text that is not there says why', async (t) => {
  t.equal(line({}), '2026-01-02 03:04:05 203.0.113.7 main 456789ab >\n');
  t.match(line({ cut: 'blind' }), /> \(withheld\)\n$/);
  t.match(line({ digest: ['a', 'b'] }), /> \(erased\)\n$/);
});

t.test('what is no speech is said in words', async (t) => {
  t.equal(event('session.start', { upstream: 'telnet://h:1' }), '= session began, to telnet://h:1\n');
  t.equal(event('session.end', { reason: 'closed', by: 'client' }), '= session ended: closed, by client\n');
  t.equal(event('session.end', { reason: 'closed', by: 'server', exit: 0 }), '= session ended: closed, by server, exit 0\n');
  t.equal(event('session.identity', { field: 'account', old: null, new: 'bob', how: 'login' }), '= account is bob\n');
  t.equal(event('session.identity', { field: 'room', old: 'Mill', new: null }), '= room was Mill\n');
  t.equal(event('session.change', { path: 'Char.Status', old: null, new: { level: 7 } }), '= Char.Status: - -> {"level":7}\n');
  t.equal(event('session.resize', { columns: 80, rows: 24 }), '= window 80x24\n');
  t.equal(event('session.oob', { protocol: 'gmcp', name: 'Char.Name', value: { name: 'bob' } }), '= gmcp Char.Name {"name":"bob"}\n');
  t.equal(event('audit.gap', { stage: 'capture', reason: 'full', records: 3, bytes: null }), '= GAP: full in capture, 3 records\n');
  t.equal(event('audit.fault', { code: 'websocket-bomb', stage: 'decode', count: 2 }), '= fault: websocket-bomb in decode, 2 times\n');
  t.equal(event('future.topic', { a: 1 }), '= future.topic {"a":1}\n');
});

t.test('in colour the way has one, and masked spans are dim', async (t) => {
  const masked = [{ mask: 'connect', direction: 'RCV', start: 12, end: 20 }];
  const shown = recordForPeople(record({ text: 'connect bob ******** now', masked }), { colour: true });
  t.equal(shown, '\x1b[90m2026-01-02 03:04:05 203.0.113.7 main 456789ab > \x1b[36mconnect bob \x1b[2m********\x1b[22m now\x1b[0m\n');
  for (const odd of [[{ start: 5, end: 99 }], [{ start: -1, end: 2 }], ['x', null], 7]) {
    t.match(recordForPeople(record({ text: 'look', masked: odd }), { colour: true }), /\x1b\[36mlook\x1b\[0m\n$/);
  }
});

t.test('in full it is a block of who, where and what', async (t) => {
  const shown = recordForPeople(record({ text: 'a\nb', account: 'bob', exchange: 3, room: 'Mill', masked: [{ mask: 'm' }, { mask: 'm' }] }), {
    colour: false,
    verbose: true,
  });
  t.equal(
    shown,
    `2026-01-02T03:04:05.202000Z  session.input  019b7ca9-8d52-7000-8000-000000000001
  who    bob, from 203.0.113.7 port 50712
  where  listener main, telnet, node north, session ${SESSION}, in Mill
  what   > a
           b
  also   exchange 3, masked by m
`,
  );
});

t.test('nothing of a record steers the terminal that it is shown on', async (t) => {
  const evil = 'a\x1b]0;title\x07\x9b2J\r\u202eb\u2028c\u200bd\x7f\ud800\u{e0041}';
  const members = ['account', 'character', 'ip', 'listener', 'node', 'session', 'time', 'topic', 'room', 'id', 'text', 'cut', 'event', 'direction'];
  const all = Object.fromEntries(members.map((name) => [name, evil]));
  const datas = {
    upstream: evil,
    reason: evil,
    by: evil,
    field: evil,
    new: evil,
    path: evil,
    protocol: evil,
    name: evil,
    value: { [evil]: evil },
    code: evil,
  };
  for (const topic of ['session.start', 'session.end', 'session.identity', 'session.change', 'session.oob', 'audit.gap', 'audit.fault', evil]) {
    for (const verbose of [false, true]) {
      for (const more of [all, { ...all, time: 7, masked: [{ mask: evil, start: 0, end: 3 }], ip: undefined }]) {
        const shown = recordForPeople(record({ ...more, topic, data: datas }), { colour: false, verbose });
        t.notMatch(shown, /[^\P{Cc}\n\t]|[\u2028\u202e\u200b]/u, `${topic.length} ${verbose}`);
      }
    }
  }
  t.equal(printable(evil), 'a\\x1b]0;title\\x07\\x9b2J\\x0d\\u202eb\\u2028c\\u200bd\\x7f\\ud800\\u{e0041}');
  t.equal(printableText('a\n\tb\r'), 'a\n\tb\\x0d');
});

const summary = {
  session: SESSION,
  listener: 'main',
  protocol: 'telnet',
  started: Date.UTC(2026, 0, 2, 3, 4, 5),
  ended: Date.UTC(2026, 0, 2, 3, 7, 10),
  ip: '203.0.113.7',
  port: 50712,
  account: 'bob',
  accounts: ['guest', 'bob'],
  character: null,
  inputs: 34,
  outputs: 120,
  bytesIn: 300,
  bytesOut: 9000,
  masked: 1,
  gaps: 0,
  faults: 0,
  reason: 'closed',
  by: 'client',
  exit: null,
  firstId: SESSION,
  lastId: SESSION,
};

t.test('a session is one line: when, how long, who, where, how much, how it ended', async (t) => {
  t.equal(sessionForPeople(summary, PLAIN), `${SESSION} 2026-01-02 03:04:05  3m05s guest,bob main 203.0.113.7 34> 120< closed by client\n`);
  const open = { ...summary, ended: null, reason: null, by: null, account: null, accounts: [], ip: null, gaps: 1, faults: 2 };
  t.equal(sessionForPeople(open, PLAIN), `${SESSION} 2026-01-02 03:04:05      - - main - 34> 120< open, gaps: 1, faults: 2\n`);
  t.notMatch(sessionForPeople({ ...summary, account: 'x\x1b[2J', accounts: [], listener: '\x1b' }, PLAIN), /\x1b/);
});

t.test('a length is said in the two units that matter', async (t) => {
  t.strictSame([0, 12_400, 185_000, 3_723_000, 360_000_000].map(lengthOf), ['0s', '12s', '3m05s', '1h02m', '100h00m']);
});

t.test('what an event says stands in front of what was said, and in place of what happened', async (t) => {
  const look = { colour: false, message: ({ event: code }: AuditRecord) => (code === undefined ? undefined : `it is ${code}\u202e`) };
  const shown = (more: object) => recordForPeople(record(more), look).replace('2026-01-02 03:04:05 203.0.113.7 main 456789ab ', '');
  t.equal(shown({ text: 'a\nb', event: 'gold' }), '> [gold] it is gold\\u202e\n    a\n    b\n');
  const identity = { topic: 'session.identity', direction: undefined, data: { field: 'account', new: 'bob' } };
  t.equal(shown({ ...identity, event: 'login' }), '= [login] it is login\\u202e\n');
  t.equal(shown(identity), '= account is bob\n');
  t.match(recordForPeople(record({ text: 'a', event: 'gold' }), { ...look, verbose: true }), '  what   > [gold] it is gold\\u202e\n           a\n');
});
