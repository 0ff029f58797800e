import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { readCursor, saveCursor } from '../../src/spool/cursor.js';
import { dropPending, keepPending, readPending } from '../../src/spool/redact-pending.js';
import { eraseIn, type Places, selectIn } from '../../src/spool/redact-places.js';
import { selectorOf } from '../../src/spool/redact-select.js';
import { segmentPath } from '../../src/spool/segments.js';
import { Sealer } from '../evidence.js';

const SECRET = 'the-word-that-must-go';

/** A spool with two closed segments and one that is written, dead letters, and an audit file; plain and packed. */
function spoolOf(t: Test) {
  const folder = join(t.testdir(), 'spool');
  mkdirSync(join(folder, 'dead'), { recursive: true });
  const sealer = new Sealer();
  const first = sealer.talk(['one', `my ${SECRET} is it`, 'three']);
  const second = sealer.talk(['four', 'five']);
  const third = sealer.talk([`${SECRET} again`]);
  const write = (path: string, lines: readonly string[]) => writeFileSync(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o640 });
  write(segmentPath(folder, 1), first);
  write(segmentPath(folder, 2), second);
  write(segmentPath(folder, 3), third);
  write(join(folder, 'dead/mine.jsonl'), first.slice(2, 3));
  const plain = join(folder, 'audit.1.log');
  const packed = join(folder, 'audit.2.log.gz');
  write(plain, [...first, ...second]);
  // Two members, as the file callback packs them.
  writeFileSync(packed, Buffer.concat([gzipSync(`${first.slice(0, 3).join('\n')}\n`), gzipSync(`${first.slice(3).join('\n')}\n`)]));
  utimesSync(packed, 1_700_000_000, 1_700_000_000);
  const places: Places = { folder, before: 3, files: [plain, packed] };
  return { folder, first, second, third, plain, packed, places };
}

const select = selectorOf({ part: 'body', pattern: SECRET, by: 'op', why: 'asked' }, (text) => text.includes(SECRET));
const quiet = (): void => undefined;

t.test('what is selected goes from closed segments, dead letters, plain and packed files; the segment being written is let be', async (t) => {
  const { folder, places, plain, packed } = spoolOf(t);
  const selection = await selectIn(places, select, quiet);
  t.equal(selection.size, 1, 'the same record in four places');
  const steps: string[] = [];
  t.equal(await eraseIn(places, selection, (done, all) => steps.push(`${done}/${all}`)), 4);
  t.same(steps, ['1/5', '2/5', '3/5', '4/5', '5/5']);
  for (const path of [segmentPath(folder, 1), join(folder, 'dead/mine.jsonl'), plain]) t.notMatch(readFileSync(path, 'utf8'), SECRET);
  t.notMatch(gunzipSync(readFileSync(packed)).toString(), SECRET);
  t.match(gunzipSync(readFileSync(packed)).toString(), /"text":"one"[\s\S]*"text":"three"/);
  t.match(readFileSync(segmentPath(folder, 3), 'utf8'), SECRET);
  t.equal(statSync(packed).mtimeMs, 1_700_000_000_000, 'its age stays');
  t.equal(statSync(plain).mode & 0o777, 0o640, 'and its mode');
  t.notOk(existsSync(`${plain}.redact.tmp`));
  t.equal(await eraseIn(places, selection, quiet), 0, 'a second time there is nothing left to do');
});

t.test('cursors in a segment move with their records', async (t) => {
  const { folder, places, first } = spoolOf(t);
  const offsetOf = (lines: readonly string[], count: number) => lines.slice(0, count).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  for (const [name, count] of [
    ['at start', 0],
    ['before', 2],
    ['behind', 3],
    ['at end', first.length],
  ] as const) {
    saveCursor(folder, name, { segment: 1, offset: offsetOf(first, count), records: count });
  }
  saveCursor(folder, 'elsewhere', { segment: 2, offset: 0, records: 9 });
  saveCursor(folder, 'in a line', { segment: 1, offset: 7, records: 1 });
  await eraseIn(places, await selectIn(places, select, quiet), quiet);
  const now = readFileSync(segmentPath(folder, 1), 'utf8').split('\n').slice(0, -1);
  t.same(readCursor(folder, 'at start'), { segment: 1, offset: 0, records: 0 });
  t.same(readCursor(folder, 'before'), { segment: 1, offset: offsetOf(now, 2), records: 2 });
  t.same(readCursor(folder, 'behind'), { segment: 1, offset: offsetOf(now, 3), records: 3 });
  t.not(offsetOf(now, 3), offsetOf(first, 3));
  t.same(readCursor(folder, 'at end'), { segment: 1, offset: offsetOf(now, now.length), records: first.length });
  t.same(readCursor(folder, 'elsewhere'), { segment: 2, offset: 0, records: 9 });
  t.same(readCursor(folder, 'in a line'), { segment: 1, offset: 0, records: 1 }, 'what stood nowhere begins anew: doubles, no loss');
});

t.test('a file that cannot be read is named, and none of its text', async (t) => {
  const { places, folder } = spoolOf(t);
  const gone = join(folder, 'gone.log');
  await t.rejects(selectIn({ ...places, files: [gone] }, select, quiet), { name: 'PlaceError', message: `${gone} (ENOENT)` });
  const broken = join(folder, 'broken.log.gz');
  writeFileSync(broken, Buffer.concat([gzipSync(SECRET).subarray(0, 20)]));
  await t.rejects(selectIn({ ...places, files: [broken] }, select, quiet), { message: `${broken} (Z_BUF_ERROR)` });
});

t.test('a torn last line goes with the text that goes', async (t) => {
  const { places, folder, first } = spoolOf(t);
  const file = join(folder, 'audit.3.log');
  writeFileSync(file, `${first[2]}\n${first[2]?.slice(0, -9)}`);
  await eraseIn({ ...places, files: [file] }, await selectIn(places, select, quiet), quiet);
  t.notMatch(readFileSync(file, 'utf8'), SECRET);
});

t.test('a redaction that is not done is remembered without any text, and refuses what it cannot read', async (t) => {
  const { folder } = spoolOf(t);
  t.equal(readPending(folder), undefined);
  const redaction = { request: 'r-1', by: 'op', why: 'asked', selection: new Map([['ab'.repeat(32), 'who' as const]]) };
  keepPending(folder, redaction);
  t.same(readPending(folder), redaction);
  dropPending(folder);
  t.equal(readPending(folder), undefined);
  writeFileSync(join(folder, 'redact.json'), '{"request":"r","by":"b","why":"w","selection":[["x","who"]]}');
  t.throws(() => readPending(folder), { code: 'AUDIT_SPOOL' });
});
