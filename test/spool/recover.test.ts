import { readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { recover } from '../../src/spool/recover.js';
import { segmentPath } from '../../src/spool/segments.js';
import { encodeHeads, follow, type Heads, noHeads, writeState } from '../../src/spool/state.js';
import { Sealer } from '../evidence.js';
import { folderOf } from '../harness.js';

/** A spool of these segments, each the text of its file. */
function spool(t: Test, ...segments: string[]): string {
  const folder = folderOf(t);
  for (const [index, text] of segments.entries()) writeFileSync(segmentPath(folder, index + 1), text);
  return folder;
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function headsBehind(lines: readonly string[]): Heads {
  const heads = noHeads();
  for (const line of lines) follow(heads, line);
  return heads;
}

const LOST = { code: 'spool-state-lost', count: 1 };
const TORN = { code: 'spool-torn', count: 1 };
const damaged = (count: number) => ({ code: 'spool-damaged', count });

t.test('a new folder has nothing, and nothing is wrong with it', async (t) => {
  t.same(recover(folderOf(t)), { heads: noHeads(), segments: [], faults: [] });
});

t.test('without its state every line is read', async (t) => {
  const lines = new Sealer().talk(['look', 'north'], true);
  const folder = spool(t, text(lines.slice(0, 2)), text(lines.slice(2)));
  t.same(recover(folder), { heads: headsBehind(lines), segments: [1, 2], faults: [LOST] });
});

t.test('with it only the segments since are', async (t) => {
  const sealer = new Sealer();
  const [old, since] = [sealer.talk(['look'], true), sealer.talk(['north'], true)];
  const folder = spool(t, 'this one is not looked at\n', text(since));
  writeState(folder, 2, encodeHeads(headsBehind(old)));
  t.same(recover(folder), { heads: headsBehind([...old, ...since]), segments: [1, 2], faults: [] });
});

const lines = new Sealer().talk(['look', 'north', 'a text of three-byte letters: €€€'], true);
const last = lines.at(-1) as string;
const before = lines.slice(0, -1);

for (const [title, tail] of [
  ['the half of a line', last.slice(0, 300)],
  ['a line without its line end', last],
  ['one byte', '{'],
  ['the half of a letter', Buffer.from(last).subarray(0, Buffer.from(last).indexOf('€') + 1)],
  ['zeros, as a file system leaves them', Buffer.alloc(4_096)],
  ['zeros and a line end', Buffer.concat([Buffer.alloc(4_096), Buffer.from('\n')])],
] as const) {
  t.test(`a last segment that ends with ${title} is cut off behind its last whole line`, async (t) => {
    const folder = spool(t, text(before));
    writeFileSync(segmentPath(folder, 1), tail, { flag: 'a' });
    t.same(recover(folder), { heads: headsBehind(before), segments: [1], faults: [LOST, TORN] });
    t.equal(readFileSync(segmentPath(folder, 1), 'utf8'), text(before));
    t.same(recover(folder).faults, [LOST], 'once');
  });
}

t.test('a torn line longer than one read is cut off too', async (t) => {
  const folder = spool(t, `${text(before)}{"v":"1.0",${'x'.repeat(3 << 20)}`);
  t.same(recover(folder).faults, [LOST, TORN]);
  t.equal(readFileSync(segmentPath(folder, 1), 'utf8'), text(before));
});

t.test('a line longer than one read is whole', async (t) => {
  const sealer = new Sealer();
  const long = sealer.talk(['x'.repeat(3 << 20), 'y'], true);
  t.same(recover(spool(t, text(long))), { heads: headsBehind(long), segments: [1], faults: [LOST] });
});

t.test('a bad line in the middle stays for verify to show, and what follows it counts', async (t) => {
  const folder = spool(t, text([...lines.slice(0, 2), 'rubbish', '', ...lines.slice(2)]));
  t.same(recover(folder), { heads: headsBehind(lines), segments: [1], faults: [LOST, damaged(2)] });
  t.match(readFileSync(segmentPath(folder, 1), 'utf8'), /rubbish/);
});

t.test('a closed segment is never cut, whatever it ends with', async (t) => {
  const torn = `${text(before)}${last.slice(0, 99)}`;
  const folder = spool(t, torn, '');
  t.same(recover(folder), { heads: headsBehind(before), segments: [1, 2], faults: [LOST, TORN] });
  t.equal(readFileSync(segmentPath(folder, 1), 'utf8'), torn);
});

t.test('a state of before, with a session that ended since, and one that began', async (t) => {
  const sealer = new Sealer();
  const first = sealer.talk(['look'], true);
  const session = JSON.parse(first[0] as string).session;
  const end = sealer.seal({ topic: 'session.end', session, body: { data: { reason: 'closed', by: 'client', bytes_in: 1, bytes_out: 1 } } });
  const second = sealer.talk(['north'], true);
  const folder = spool(t, text(first), text([end, ...second]));
  writeState(folder, 2, encodeHeads(headsBehind(first)));
  const { heads } = recover(folder);
  t.same([...heads.sessions.keys()], [JSON.parse(second[0] as string).session]);
});

t.test('a record of a newer minor version is followed, of a newer major one refused, though it is torn', async (t) => {
  const sealer = new Sealer();
  const newer = sealer.seal({ topic: 'audit.start', head: { v: '1.7', nobody: 'knows' } });
  t.same(recover(spool(t, text([newer]))), { heads: headsBehind([newer]), segments: [1], faults: [LOST] });
  const lines = sealer.talk(['look'], true);
  for (const line of [sealer.seal({ topic: 'audit.stop', head: { v: '2.0' } }), '{"v":"2.1","another":"seal"}', '{"v":"10.0","id":']) {
    const folder = spool(t, text([...lines, line]));
    t.throws(() => recover(folder), {
      code: 'AUDIT_SPOOL',
      message: `the spool ${folder} holds records of a newer wirescribe; use that one, or another SPOOL_DIR`,
    });
    t.equal(readFileSync(segmentPath(folder, 1), 'utf8'), text([...lines, line]), 'and nothing is cut off');
  }
});

t.test('what moved since the last checkpoint is found over the state and the lines since', async (t) => {
  const sealer = new Sealer();
  const before = sealer.talk(['look']);
  const checkpoint = (lines: readonly string[]) => {
    const { session } = JSON.parse(lines[0] as string);
    return sealer.seal({ topic: 'audit.checkpoint', body: { data: { sessions: [[session, 0, '', 0, '']] } } });
  };
  const old = [...before, checkpoint(before), ...sealer.talk(['north'])];
  const since = sealer.talk(['south'], true);
  const folder = spool(t, text(old), text(since));
  writeState(folder, 2, encodeHeads(headsBehind(old)));
  const { heads } = recover(folder);
  t.equal(encodeHeads(heads), encodeHeads(headsBehind([...old, ...since])));
  t.equal(heads.moved.size, 2);
  t.equal(heads.checkpoint, JSON.parse(old[3] as string).hash);
});
