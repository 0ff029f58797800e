import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeHeads, follow, noHeads, readState, writeState } from '../../src/spool/state.js';
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
  t.same(heads, {
    lastId: [start.id, input.id, audit.id].sort().at(-1),
    node: { seq: audit.seq, hash: audit.hash },
    sessions: new Map([[start.session, { seq: input.seq, hash: input.hash, listener: start.listener, protocol: start.protocol }]]),
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
  const heads = {
    lastId: '019b7cc5-9d88-7000-8000-000000000001',
    node: { seq: 41, hash: 'a'.repeat(64) },
    sessions: new Map([['s', { seq: 3, hash: 'b'.repeat(64), listener: 'main', protocol: 'telnet' }]]),
  };
  writeState(folder, 7, encodeHeads(heads));
  t.same(readState(folder), { segment: 7, heads });
  writeState(folder, 8, encodeHeads(noHeads()));
  t.same(readState(folder), { segment: 8, heads: { lastId: '', node: { seq: -1, hash: ZEROS }, sessions: new Map() } });
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
  ];
  for (const text of damaged) {
    writeFileSync(join(folder, 'state'), text);
    t.equal(readState(folder), undefined, text.slice(0, 80));
  }
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
