import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeHeads, follow, type Heads, noHeads, readState, writeState } from '../../src/spool/state.js';
import { Sealer } from '../evidence.js';
import { folderOf } from '../harness.js';

const format = readFileSync(join(import.meta.dirname, '../../../src/record/FORMAT.md'), 'utf8');
const vectors = format.split('\n').filter((line) => line.startsWith('{"v":'));
const ZEROS = '0'.repeat(64);

t.test('the lines of FORMAT.md move the heads to their seq and hash', async (t) => {
  const heads = noHeads();
  const byTopic = (topic: string) => vectors.map((line) => JSON.parse(line)).find((record) => record.topic === topic);
  const [start, input, audit] = [byTopic('session.start'), byTopic('session.input'), byTopic('audit.start')];
  for (const line of vectors) t.ok(follow(heads, line));
  const open = { seq: input.seq, hash: input.hash, listener: start.listener, protocol: start.protocol };
  t.same(heads, {
    lastId: [start.id, input.id, audit.id].sort().at(-1),
    node: { seq: audit.seq, hash: audit.hash },
    sessions: new Map([[start.session, open]]),
    checkpoint: ZEROS,
    moved: new Map([[start.session, { first: { seq: 0, hash: start.hash }, last: open }]]),
  });
});

t.test('a session that ended is no longer among them; one that goes on keeps its place', async (t) => {
  const heads = noHeads();
  const sealer = new Sealer();
  const [ended, open] = [sealer.talk(['look']), sealer.talk(['north', 'south'], true)];
  for (const line of [...ended, ...open]) t.ok(follow(heads, line));
  const last = JSON.parse(open.at(-1) as string);
  t.same([...heads.sessions], [[last.session, { seq: 2, hash: last.hash, listener: 'game', protocol: 'telnet' }]]);
  t.equal(heads.lastId, last.id);
});

const brief = ({ moved }: Heads) => [...moved].map(([session, { first, last }]) => [session, first.seq, last.seq]);

t.test('what moved is kept with its first and its last record, ended sessions too, until a checkpoint names it', async (t) => {
  const heads = noHeads();
  const sealer = new Sealer();
  const [ended, open] = [sealer.talk(['look']), sealer.talk(['north', 'south'], true)];
  const [one, two] = [ended, open].map(([line = '']) => JSON.parse(line).session as string) as [string, string];
  for (const line of [...ended, ...open]) t.ok(follow(heads, line));
  t.same(brief(heads), [
    [one, 0, 2],
    [two, 0, 2],
  ]);
  t.equal(heads.moved.get(one)?.last.hash, JSON.parse(ended.at(-1) as string).hash);
  t.equal(heads.moved.get(two)?.first.hash, JSON.parse(open[0] as string).hash);
  const checkpoint = sealer.seal({ topic: 'audit.checkpoint', body: { data: { part: 1, more: true, sessions: [[one, 0, ZEROS, 2, ZEROS]] } } });
  t.ok(follow(heads, checkpoint));
  t.same(brief(heads), [[two, 0, 2]], 'a crash cut off the part that would have named the other');
  t.equal(heads.checkpoint, JSON.parse(checkpoint).hash);
  const rest = sealer.seal({ topic: 'audit.checkpoint', body: { data: { part: 1, more: false, sessions: [[two, 0, ZEROS, 2, ZEROS]] } } });
  const more = sealer.seal({ topic: 'session.input', session: two, head: { direction: 'RCV' }, body: { text: 'west' } });
  for (const line of [rest, more]) t.ok(follow(heads, line));
  t.same(brief(heads), [[two, 3, 3]]);
  t.equal(heads.checkpoint, JSON.parse(rest).hash);
});

t.test('a checkpoint whose body is gone covers nothing', async (t) => {
  const heads = noHeads();
  const sealer = new Sealer();
  for (const line of [...sealer.talk([]), sealer.seal({ topic: 'audit.checkpoint' })]) t.ok(follow(heads, line));
  t.equal(heads.moved.size, 1);
});

t.test('a text that looks like a seal does not move them elsewhere', async (t) => {
  const heads = noHeads();
  const forged = `","digest":["",""],"hash":"${'f'.repeat(64)}"`;
  const line = new Sealer().seal({ topic: 'audit.fault', head: { hostname: forged }, body: { data: { code: forged, stage: 'x', count: 1 } } });
  t.ok(follow(heads, line));
  t.equal(heads.node.hash, JSON.parse(line).hash);
});

t.test('a line that is no whole record moves nothing', async (t) => {
  const [start = ''] = vectors;
  const heads = noHeads();
  for (const line of [
    '',
    '{}',
    'x',
    start.slice(0, -1),
    start.slice(0, 200),
    start.replace('{"v"', '{v'),
    start.replace(/"hash":"\w/, '"hash":"g'),
    '\0'.repeat(500),
  ]) {
    t.notOk(follow(heads, line), line.slice(0, 20));
  }
  t.same(heads, noHeads());
});

t.test('the state that was written is read again', async (t) => {
  const folder = folderOf(t);
  const open = { seq: 3, hash: 'b'.repeat(64), listener: 'main', protocol: 'telnet' };
  const ended = { seq: 9, hash: 'e'.repeat(64) };
  const heads = {
    lastId: '019b7cc5-9d88-7000-8000-000000000001',
    node: { seq: 41, hash: 'a'.repeat(64) },
    sessions: new Map([['s', open]]),
    checkpoint: 'c'.repeat(64),
    moved: new Map([
      ['s', { first: { seq: 2, hash: 'd'.repeat(64) }, last: open }],
      ['t', { first: { seq: 0, hash: 'f'.repeat(64) }, last: ended }],
    ]),
  };
  writeState(folder, 7, encodeHeads(heads));
  const read = readState(folder);
  t.same(read, { segment: 7, heads });
  t.equal(read?.heads.moved.get('s')?.last, read?.heads.sessions.get('s'), 'what an open session moves on is one and the same');
  writeState(folder, 8, encodeHeads(noHeads()));
  const none = { lastId: '', node: { seq: -1, hash: ZEROS }, sessions: new Map(), checkpoint: ZEROS, moved: new Map() };
  t.same(readState(folder), { segment: 8, heads: none });
  t.same(readdirSync(folder), ['state'], 'nothing is left beside it');
});

t.test('where there is no state, or a damaged one, there is none', async (t) => {
  const folder = folderOf(t);
  t.equal(readState(folder), undefined);
  const good = { version: 1, segment: 1, lastId: '', node: { seq: -1, hash: ZEROS }, sessions: {} };
  const damaged = [
    '',
    '{',
    'null',
    '[]',
    '\0\0\0',
    JSON.stringify({ ...good, segment: '1' }),
    JSON.stringify({ ...good, node: { seq: 1, hash: 'short' } }),
    JSON.stringify({ ...good, sessions: null }),
    JSON.stringify({ ...good, sessions: { s: { seq: 1 } } }),
    JSON.stringify({ ...good, sessions: { s: { seq: 1, hash: ZEROS } } }),
    JSON.stringify({ ...good, checkpoint: 'short' }),
    JSON.stringify({ ...good, moved: null }),
    JSON.stringify({ ...good, moved: { s: [1, ZEROS, 2] } }),
    JSON.stringify({ ...good, moved: { s: [1, ZEROS, '2', ZEROS] } }),
  ];
  for (const text of damaged) {
    writeFileSync(join(folder, 'state'), text);
    t.equal(readState(folder), undefined, text.slice(0, 80));
  }
});

t.test('of a state from before there were checkpoints, what moved is the last record of each open session', async (t) => {
  const folder = folderOf(t);
  const open = { seq: 3, hash: 'b'.repeat(64), listener: 'main', protocol: 'telnet' };
  const old = { version: 1, segment: 1, lastId: '', node: { seq: 0, hash: 'a'.repeat(64) }, sessions: { s: open } };
  writeFileSync(join(folder, 'state'), JSON.stringify(old));
  const heads = readState(folder)?.heads;
  t.equal(heads?.checkpoint, ZEROS);
  t.same(heads?.moved, new Map([['s', { first: { seq: 3, hash: 'b'.repeat(64) }, last: open }]]));
});

t.test('the state of a newer version is refused, whatever else it says', async (t) => {
  const folder = folderOf(t);
  for (const text of [
    '{"version":2}',
    `{"version":2,"segment":1,"lastId":"","node":{"seq":-1,"hash":"${ZEROS}"},"sessions":{}}`,
    '{"version":99,"shards":[]}',
  ]) {
    writeFileSync(join(folder, 'state'), text);
    t.throws(() => readState(folder), {
      code: 'AUDIT_SPOOL',
      message: `the spool ${folder} was written by a newer wirescribe; use that one, or another SPOOL_DIR`,
    });
  }
});
