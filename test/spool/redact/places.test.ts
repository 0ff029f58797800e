import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { readCursor, saveCursor } from '../../../src/spool/delivery/cursor.js';
import type { RecordFormat } from '../../../src/spool/delivery/load.js';
import { formOf } from '../../../src/spool/forms/forms.js';
import { dropPending, keepPending, readPending } from '../../../src/spool/redact/pending.js';
import { eraseIn, Look, type Places, type Progress } from '../../../src/spool/redact/places.js';
import { Chooser, type Selection } from '../../../src/spool/redact/select.js';
import { segmentPath } from '../../../src/spool/segments.js';
import { Sealer } from '../../evidence.js';

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
  const plain = join(folder, '../audit.1.log');
  const packed = join(folder, '../audit.2.log.gz');
  write(plain, [...first, ...second]);
  // Two members, as the file callback packs them.
  writeFileSync(packed, Buffer.concat([gzipSync(`${first.slice(0, 3).join('\n')}\n`), gzipSync(`${first.slice(3).join('\n')}\n`)]));
  utimesSync(packed, 1_700_000_000, 1_700_000_000);
  const places: Places = { folder, before: 3, files: [plain, packed] };
  return { folder, first, second, third, plain, packed, places };
}

const chooser = (): Chooser => new Chooser({ part: 'body', pattern: SECRET, by: 'op', why: 'asked' }, (text) => text.includes(SECRET));
const quiet = (): void => undefined;
const selectIn = (places: Places, progress: Progress = quiet): Promise<Selection> => new Look(chooser()).at(places, progress);

t.test('what is selected goes from closed segments, dead letters, plain and packed files; the segment being written is let be', async (t) => {
  const { folder, places, plain, packed } = spoolOf(t);
  const selection = await selectIn(places);
  t.equal(selection.hashes.size, 1, 'the same record in four places');
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
  await eraseIn(places, await selectIn(places), quiet);
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
  const gone = join(folder, '../gone.log');
  await t.rejects(selectIn({ ...places, files: [gone] }), { name: 'PlaceError', message: `${gone} (ENOENT)` });
  const broken = join(folder, '../broken.log.gz');
  writeFileSync(broken, Buffer.concat([gzipSync(SECRET).subarray(0, 20)]));
  await t.rejects(selectIn({ ...places, files: [broken] }), { message: `${broken} (Z_BUF_ERROR)` });
});

t.test('a torn last line goes, for nobody can say what it was a piece of', async (t) => {
  const { places, folder, first, second } = spoolOf(t);
  const file = join(folder, '../audit.3.log');
  writeFileSync(file, `${second[0]}\n${first[2]?.slice(0, -9)}`);
  const torn = segmentPath(folder, 2);
  writeFileSync(torn, `${second[0]}\n${SECRET}`);
  saveCursor(folder, 'past it', { segment: 2, offset: statSync(torn).size, records: 4 });
  await eraseIn({ ...places, files: [file] }, await selectIn(places), quiet);
  t.equal(readFileSync(file, 'utf8'), `${second[0]}\n`);
  t.equal(readFileSync(torn, 'utf8'), `${second[0]}\n`);
  t.same(readCursor(folder, 'past it'), { segment: 2, offset: statSync(torn).size, records: 4 });
});

t.test('what a crash left half made goes', async (t) => {
  const { places, folder, plain, packed } = spoolOf(t);
  const halfMade = [`${segmentPath(folder, 1)}.redact.tmp`, join(folder, 'dead/gone.jsonl.redact.tmp'), `${plain}.redact.tmp`, `${packed}.tmp`];
  for (const path of halfMade) writeFileSync(path, SECRET);
  const all = { ...places, files: [...places.files, `${packed}.tmp`] };
  await eraseIn(all, await selectIn(all), quiet);
  t.same(halfMade.filter(existsSync), []);
});

t.test('a link is followed, and a file that has two names is written once', async (t) => {
  const { places, folder, plain } = spoolOf(t);
  const link = join(folder, '../link.log');
  symlinkSync(plain, link);
  const all = { ...places, files: [link, plain] };
  const selection = await selectIn(all);
  t.equal(await eraseIn(all, selection, quiet), 3, 'the segment, the dead letters, and the file once');
  t.ok(lstatSync(link).isSymbolicLink());
  t.notMatch(readFileSync(plain, 'utf8'), SECRET);
});

t.test('a file that somebody has put where the new one is made is not written through', async (t) => {
  const { places, folder, plain } = spoolOf(t);
  const elsewhere = join(folder, '../elsewhere');
  writeFileSync(elsewhere, 'as it was');
  const selection = await selectIn(places);
  symlinkSync(elsewhere, `${plain}.redact.tmp`);
  await eraseIn(places, selection, quiet);
  t.equal(readFileSync(elsewhere, 'utf8'), 'as it was');
  t.notOk(lstatSync(plain).isSymbolicLink());
});

t.test("a file below SPOOL_DIR is no one else's to name", async (t) => {
  const { places, folder } = spoolOf(t);
  await t.rejects(selectIn({ ...places, files: [segmentPath(folder, 3)] }), { message: `${segmentPath(folder, 3)} (EBUSY)` });
});

t.test('while nothing is held all is looked at, and what goes meanwhile is passed over; then only what is new', async (t) => {
  const { places, folder, third, plain } = spoolOf(t);
  const look = new Look(chooser());
  const free = { ...places, before: null, files: [...places.files, join(folder, '../never.log')] };
  const seen: string[] = [];
  t.equal((await look.at(free, (done, all) => seen.push(`${done}/${all}`))).hashes.size, 2, 'the open segment too');
  t.equal(seen.at(-1), '6/6');
  writeFileSync(plain, third.map((line) => `${line}\n`).join(''));
  t.equal((await look.at(places, quiet)).hashes.size, 2);
});

t.test('a record in another form is known by its members, and loses them', async (t) => {
  const { places, folder, first } = spoolOf(t);
  const forms: (readonly [RecordFormat, readonly string[] | null])[] = [
    ['ecs', null],
    ['otel', null],
    ['record', ['text', 'ip']],
    ['record', ['digest', 'hash', 'text']],
    ['record', ['digest', 'hash', 'who_salt', 'ip', 'text']],
    ['ecs', ['text', 'raw']],
  ];
  const records = recordsOf(first.map((line) => `${line}\n`).join(''));
  const files = forms.map(([format, fields], index) => {
    const file = join(folder, `../form.${index}.log`);
    const form = formOf(format, fields);
    writeFileSync(file, records.map((record) => `${form?.(record).line}\n`).join(''));
    return file;
  });
  const all = { ...places, files };
  const empty = join(folder, '../empty');
  mkdirSync(empty);
  const alone = { folder: empty, before: 1, files };
  t.equal((await selectIn(alone)).ids.size, 1, 'the same record in all of them');
  t.equal((await selectIn(alone)).hashes.size, 0);
  await eraseIn(all, await selectIn(all), quiet);
  for (const [index, file] of files.entries()) {
    const text = readFileSync(file, 'utf8');
    t.notMatch(text, SECRET, String(forms[index]));
    t.match(text, 'three', String(forms[index]));
    t.equal(text.split('\n').length, first.length + 1);
  }
  t.match(readFileSync(files[0] as string, 'utf8'), '203.0.113.7', 'its who was not meant');
  const { session } = JSON.parse(first[0] ?? '');
  await eraseIn(all, await new Look(new Chooser({ part: 'who', session, by: 'op', why: 'asked' })).at(all, quiet), quiet);
  for (const file of files) t.notMatch(readFileSync(file, 'utf8'), '203.0.113.7');
});

t.test('a redaction that is not done is remembered without any text, and refuses what it cannot read', async (t) => {
  const { folder } = spoolOf(t);
  t.equal(readPending(folder), undefined);
  const selection: Selection = { hashes: new Map([['ab'.repeat(32), 'who']]), ids: new Map([['an id', 'who']]) };
  const redaction = { request: 'r-1', by: 'op', why: 'asked', files: ['/elsewhere'], selection };
  keepPending(folder, redaction);
  t.same(readPending(folder), redaction);
  dropPending(folder);
  t.equal(readPending(folder), undefined);
  writeFileSync(join(folder, 'redact.json'), '{"request":"r","by":"b","why":"w","files":[],"hashes":[["x","who"]],"ids":[]}');
  t.throws(() => readPending(folder), { code: 'AUDIT_SPOOL' });
});
