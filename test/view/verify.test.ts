/** `verify` against known attacks. Lines are made by test/evidence.ts, which shares no code with the writer. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { AuditError } from '../../src/errors.js';
import { type Report, verifyFiles, verifySpool } from '../../src/view/verify.js';
import { exitOf, printReport, progressOn } from '../../src/view/verify-report.js';
import { forge, partsOf, Sealer } from '../evidence.js';

type Files = { readonly [name: string]: readonly string[] | string | Buffer };

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const bytesOf = (content: Files[string]): string | Buffer => (typeof content === 'string' || Buffer.isBuffer(content) ? content : textOf(content));

/** Verifies files of these names and contents, given in this order. */
async function verify(t: Test, files: Files): Promise<Report> {
  const folder = t.testdir(Object.fromEntries(Object.entries(files).map(([name, content]) => [name, bytesOf(content)])));
  return verifyFiles(Object.keys(files).map((name) => join(folder, name)));
}

/** Damages as `FILE:LINE code`. */
const damage = ({ damage }: Report): string[] => damage.map(({ place, code }) => `${basename(place)} ${code}`);
const at = <T>(list: readonly T[], index: number): T => list.at(index) as T;
const without = <T>(list: readonly T[], ...gone: readonly number[]): T[] => list.filter((_, i) => !gone.includes(i));
const replaced = (list: readonly string[], index: number, line: string): string[] => list.map((old, i) => (i === index ? line : old));

/** The node's start and one whole session: node 0, session 0 to 4. */
function evidence(): string[] {
  const sealer = new Sealer();
  return [sealer.seal({ topic: 'audit.start', body: { data: {} } }), ...sealer.talk(['look', 'say hello', 'quit'])];
}

t.test('whole evidence is good, and counted', async (t) => {
  const report = await verify(t, { 'a.jsonl': evidence() });
  t.same(report, {
    ok: true,
    files: 1,
    records: 6,
    sessions: 1,
    parts: 0,
    doubles: 0,
    unfinished: 0,
    redacted: 0,
    declared: 0,
    unproven: 6,
    checkpoints: 0,
    lastCheckpoints: [{ node: 'north', time: null }],
    keys: [],
    clockSetBack: 0,
    clockSetBackMostMs: 0,
    damaged: 0,
    damage: [],
    firstTime: '2026-01-02T03:04:05.000001Z',
    lastTime: '2026-01-02T03:04:05.006007Z',
  });
  t.equal(exitOf(report), 0);
  t.equal(exitOf(report, { strict: true }), 1, 'without a key nothing is proven');
});

t.test('one changed byte is found wherever it stands', async (t) => {
  const lines = evidence();
  const line = at(lines, 3);
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['head', '"exchange":2', '"exchange":3', 'changed'],
    ['who', '203.0.113.7', '203.0.113.8', 'changed'],
    ['body', 'say hello', 'say jello', 'changed'],
    ['prev', '"prev":"', '"prev":"0', 'grammar'],
    ['grammar', '"seq":2', '"seq": 2', 'grammar'],
  ];
  for (const [name, from, to, code] of cases) {
    const report = await verify(t, { 'a.jsonl': replaced(lines, 3, line.replace(from, to)) });
    t.equal(damage(report)[0], `a.jsonl:4 ${code}`, name);
    t.equal(exitOf(report), 1);
  }
  const [report] = [await verify(t, { 'a.jsonl': replaced(lines, 3, line.replace('say hello', 'say jello')) })];
  t.same(damage(report), ['a.jsonl:4 changed'], 'and the lines around it are good');
});

t.test('a changed hash is found, and the record after it as well', async (t) => {
  const lines = evidence();
  const { hash } = partsOf(at(lines, 3));
  const report = await verify(t, { 'a.jsonl': replaced(lines, 3, at(lines, 3).replace(`"hash":"${hash}"`, `"hash":"${'0'.repeat(64)}"`)) });
  t.same(damage(report), ['a.jsonl:4 changed', 'a.jsonl:5 link']);
});

t.test('a record changed and sealed anew breaks the chain behind it', async (t) => {
  const lines = evidence();
  const forged = forge(at(lines, 3), ({ body }) => ({ body: body.replace('hello', 'jello') }));
  t.same(damage(await verify(t, { 'a.jsonl': replaced(lines, 3, forged) })), ['a.jsonl:5 link']);
});

t.test('every link in the middle is checked, not the ends alone (as GHSA-672p-m5jq-mrh8)', async (t) => {
  const sealer = new Sealer();
  const lines = sealer.talk(Array.from({ length: 50 }, (_, i) => `line ${i}`));
  const other = new Sealer('north').talk(Array.from({ length: 50 }, (_, i) => `forged ${i}`));
  const stolen = forge(at(other, 20), () => ({
    head: partsOf(at(lines, 20)).head.replace(/"prev":"\w+"/, `"prev":"${partsOf(at(other, 19)).hash}"`),
  }));
  t.same(damage(await verify(t, { 'a.jsonl': replaced(lines, 20, stolen) })), ['a.jsonl:21 link', 'a.jsonl:22 link']);
});

t.test('a deleted line is found, with the records missing', async (t) => {
  const report = await verify(t, { 'a.jsonl': without(evidence(), 3) });
  t.same(damage(report), ['a.jsonl:4 deleted']);
  t.match(at(report.damage, 0).what, /^1 record of session [0-9a-f-]{36} \(seq 2\) not there, after .*a\.jsonl:3$/);
});

t.test('a deleted line of the node is found', async (t) => {
  const sealer = new Sealer();
  const lines = [0, 1, 2].map(() => sealer.seal({ topic: 'audit.config', body: { data: {} } }));
  t.same(damage(await verify(t, { 'a.jsonl': without(lines, 1) })), ['a.jsonl:2 deleted']);
});

t.test('a deleted last line is a part of a session: no more can be proved without checkpoints', async (t) => {
  const report = await verify(t, { 'a.jsonl': evidence().slice(0, -1) });
  t.same([report.ok, report.parts], [true, 1]);
  t.equal(exitOf(report), 0);
  t.equal(exitOf(report, { strict: true }), 1);
  t.match(printReport(report), /NOT PROVEN: no --key was given; last checkpoint: never \(node "north"\)/);
});

t.test('a session that began before the files is a part; one whose beginning was deleted within them is damage', async (t) => {
  const sealer = new Sealer();
  const early = sealer.talk(['one', 'two']);
  t.same(await verify(t, { 'a.jsonl': early.slice(2) }).then(({ ok, parts }) => [ok, parts]), [true, 1]);
  const yesterday = new Sealer('north', Date.UTC(2026, 0, 1)).talk(['older']);
  t.same(damage(await verify(t, { 'a.jsonl': [...yesterday, ...early.slice(2)] })), ['a.jsonl:4 deleted']);
  t.same(
    damage(await verify(t, { 'a.jsonl': without(evidence(), 1) })),
    ['a.jsonl:2 deleted'],
    "the node's first record is there, so nothing was before",
  );
});

t.test('lines in another order are found, once for each that was moved', async (t) => {
  const lines = evidence();
  const [zero, one, two, three, four, five] = lines as [string, string, string, string, string, string];
  const report = await verify(t, { 'a.jsonl': [zero, one, three, two, four, five] });
  t.same(damage(report), ['a.jsonl:3 reordered']);
  t.match(at(report.damage, 0).what, /^1 record of session [0-9a-f-]{36} \(seq 1\) should stand before it and came later, up to .*a\.jsonl:4$/);
});

t.test('lines of two sessions that changed places are found by their ids', async (t) => {
  const sealer = new Sealer();
  const [a, b] = [sealer.talk(['one']), sealer.talk(['two'])];
  t.same(damage(await verify(t, { 'a.jsonl': [...b, ...a] })), ['a.jsonl:4 reordered']);
});

t.test('a body or a who that was stripped is damage: nothing says that it was erased', async (t) => {
  const lines = evidence();
  const { who, body } = partsOf(at(lines, 3));
  t.same(damage(await verify(t, { 'a.jsonl': replaced(lines, 3, at(lines, 3).replace(`,${body}`, '')) })), ['a.jsonl:4 erased']);
  t.same(damage(await verify(t, { 'a.jsonl': replaced(lines, 3, at(lines, 3).replace(`,${who}`, '')) })), ['a.jsonl:4 erased']);
});

t.test('a body put in where there was none is damage', async (t) => {
  const sealer = new Sealer();
  const line = sealer.seal({ topic: 'audit.stop' });
  const put = `${line.slice(0, -1)},"salt":"${'a'.repeat(22)}","text":"never said"}`;
  t.same(damage(await verify(t, { 'a.jsonl': [put] })), ['a.jsonl:1 changed']);
});

t.test('a member said twice, or out of its place, is no record', async (t) => {
  const lines = evidence();
  for (const [from, to] of [
    ['"seq":2,', '"seq":2,"seq":7,'],
    ['"v":"1.0",', '"seq":7,"v":"1.0",'],
    [',"prev":', ',"seq":7,"prev":'],
  ] as const) {
    const forged = forge(at(lines, 3), ({ head }) => ({ head: head.replace(from, to) }));
    t.equal(damage(await verify(t, { 'a.jsonl': replaced(lines, 3, forged) }))[0], 'a.jsonl:4 grammar', to);
  }
});

t.test('text that looks like a seal does not mislead', async (t) => {
  const sealer = new Sealer();
  const lines = sealer.talk([',"digest":["",""],"hash":"x","salt":"y"}', '"},"salt":"', '\\', 'naïve \u0085 \u2028 日本']);
  const named = sealer.seal({ topic: 'audit.stop', head: { hostname: ',"digest":["', application: '","prev":"' } });
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, named] })), []);
});

t.test('a copy of a run of records is doubles, no damage', async (t) => {
  const lines = evidence();
  const cases: readonly (readonly [string, string[], number])[] = [
    ['the last two again', [...lines, ...lines.slice(-2)], 2],
    ['a run, then on', [...lines.slice(0, 4), ...lines.slice(2, 4), ...lines.slice(4)], 2],
    ['all again, twice', [...lines, ...lines, ...lines], 12],
    ['a run that breaks off', [...lines, ...lines.slice(1, 3)], 2],
    ['a run that breaks off, then once more to the end', [...lines, ...lines.slice(1, 3), ...lines.slice(1)], 7],
    ['a run that breaks off, and a later one too', [...lines, ...lines.slice(1, 5), ...lines.slice(2, 4)], 6],
  ];
  for (const [name, all, doubles] of cases) {
    const report = await verify(t, { 'a.jsonl': all });
    t.same([report.ok, report.doubles, report.records], [true, doubles, 6], name);
    t.equal(exitOf(report, { strict: true }), 1);
  }
});

t.test('a double with one byte changed is damage, sealed anew or not', async (t) => {
  const lines = evidence();
  const bent = at(lines, 3).replace('hello', 'jello');
  const forged = forge(bent, () => ({}));
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, bent] })), ['a.jsonl:7 changed']);
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, forged] })), ['a.jsonl:7 double']);
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, at(lines, 2), forged, at(lines, 4)] })), ['a.jsonl:9 double']);
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, forge(at(lines, 5), ({ body }) => ({ body: body.replace('closed', 'kicked') }))] })), [
    'a.jsonl:7 double',
  ]);
});

t.test('a run of doubles that was sealed anew from end to end is damage', async (t) => {
  const lines = evidence();
  let hash = '';
  const forged = lines.slice(1).map((line) => {
    const made = forge(line, ({ head, body }) => ({
      body: body.replace('look', 'loot'),
      head: hash ? head.replace(/"prev":"\w+"/, `"prev":"${hash}"`) : head,
    }));
    hash = partsOf(made).hash;
    return made;
  });
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, ...forged] })), ['a.jsonl:11 double']);
  t.same(damage(await verify(t, { 'a.jsonl': [...lines, ...forged.slice(0, 3)] })), ['a.jsonl:9 double']);
});

t.test('a chain cut off and begun anew is damage (as CVE-2023-31438)', async (t) => {
  const first = new Sealer();
  const old = [0, 1, 2].map(() => first.seal({ topic: 'audit.config', body: { data: {} } }));
  const second = new Sealer('north', Date.UTC(2026, 0, 3));
  const anew = [0, 1, 2, 3, 4].map(() => second.seal({ topic: 'audit.config', body: { data: {} } }));
  t.same(damage(await verify(t, { 'a.jsonl': [...old, ...anew] })), ['a.jsonl:4 restarted']);
});

t.test('a line cut off in the middle of the file, that the next record went on from, is damage', async (t) => {
  const lines = evidence();
  const torn = `${at(lines, 3).slice(0, 200)}${at(lines, 4)}`;
  t.same(damage(await verify(t, { 'a.jsonl': [...lines.slice(0, 3), torn, ...lines.slice(5)] })), ['a.jsonl:4 grammar', 'a.jsonl:5 deleted']);
});

t.test('a file that ends inside a line is damage when a later one goes on, and unfinished when it is the newest', async (t) => {
  const lines = evidence();
  const torn = textOf(lines.slice(0, 3)) + at(lines, 3).slice(0, 300);
  t.same(damage(await verify(t, { 'a.jsonl': torn, 'b.jsonl': lines.slice(3) })), ['a.jsonl:4 cut']);
  const report = await verify(t, { 'a.jsonl': torn });
  t.same([report.ok, report.unfinished, report.records], [true, 1, 3]);
  t.equal(exitOf(report, { strict: true }), 1);
});

t.test('a last line that only lacks its line end is a record', async (t) => {
  const report = await verify(t, { 'a.jsonl': textOf(evidence()).slice(0, -1) });
  t.same([report.ok, report.unfinished, report.records], [true, 0, 6]);
});

t.test('a new file with nothing but an unfinished line does not disturb', async (t) => {
  const lines = evidence();
  const report = await verify(t, { 'b.jsonl': at(lines, 5).slice(0, 100), 'a.jsonl': lines.slice(0, 5), 'c.jsonl': '' });
  t.same([report.ok, report.unfinished, report.records], [true, 1, 5]);
});

t.test('rolled files are put in the order of their records, whatever they are called and given as', async (t) => {
  const sealer = new Sealer();
  const lines = sealer.talk(Array.from({ length: 22 }, (_, i) => `line ${i}`));
  const names = Array.from({ length: 12 }, (_, i) => `audit.2026-01-02.${i + 1}.log`);
  const files = Object.fromEntries(names.map((name, i) => [name, lines.slice(2 * i, 2 * i + 2)] as const).sort());
  t.equal(Object.keys(files)[1], 'audit.2026-01-02.10.log');
  const report = await verify(t, files);
  t.same([report.ok, report.records, report.parts], [true, 24, 0]);
});

t.test('a missing file in the middle is damage', async (t) => {
  const lines = evidence();
  t.same(damage(await verify(t, { 'a.jsonl': lines.slice(0, 2), 'c.jsonl': lines.slice(4) })), ['c.jsonl:1 deleted']);
});

t.test('compressed files are read, and one that is broken is damage', async (t) => {
  const lines = evidence();
  const packed = gzipSync(textOf(lines.slice(0, 3)));
  t.same(damage(await verify(t, { 'a.log.gz': packed, 'b.log': lines.slice(3) })), []);
  t.same(
    damage(await verify(t, { 'a.log.gz': packed.subarray(0, -20), 'b.log': lines.slice(3) }))
      .at(0)
      ?.replace(/:\d+/, ''),
    'a.log.gz cut',
  );
});

t.test("two nodes' files together keep their chains apart", async (t) => {
  const [north, south] = [new Sealer('north'), new Sealer('south')];
  const say = (sealer: Sealer) => [sealer.seal({ topic: 'audit.start', body: { data: {} } }), ...sealer.talk(['hello'])];
  const [a, b] = [say(north), say(south)];
  const mixed = a.flatMap((line, i) => [line, at(b, i)]);
  t.same(await verify(t, { 'a.log': a, 'b.log': b }).then(({ ok, records, sessions }) => [ok, records, sessions]), [true, 8, 2]);
  t.same(damage(await verify(t, { 'mixed.log': without(mixed, 2) })), ['mixed.log:4 deleted']);
});

t.test('a line longer than any record is damage, and is not kept in memory', async (t) => {
  const lines = evidence();
  const report = await verify(t, { 'a.jsonl': Buffer.concat([Buffer.from(textOf(lines)), Buffer.alloc(17 * 1024 * 1024, 'x'), Buffer.from('\n')]) });
  t.same(damage(report), ['a.jsonl:7 grammar']);
});

t.test('what is no evidence is refused with exit 2', async (t) => {
  const refusal = async (run: Promise<Report>) => run.then(String, (error: AuditError) => `${error.code}: ${error.message.slice(0, 12)}`);
  const folder = t.testdir({ 'notes.txt': 'hello\n', 'empty.log': '', 'half.log': '{"v":"1.0","id":"', spool: {} });
  for (const name of ['notes.txt', 'empty.log', 'half.log'])
    t.equal(await refusal(verifyFiles([join(folder, name)])), 'AUDIT_VERIFY_INPUT: not evidence');
  t.equal(await refusal(verifySpool(join(folder, 'spool'))), 'AUDIT_VERIFY_INPUT: not evidence');
  t.match(await refusal(verifyFiles([join(folder, 'none.log')])), /^AUDIT_VERIFY_INPUT: /);
  t.match(await refusal(verifyFiles([folder])), /^AUDIT_VERIFY_INPUT: /);
  t.match(await refusal(verifySpool(join(folder, 'nowhere'))), /^AUDIT_VERIFY_INPUT: /);
});

t.test('a spool is read in the order of its numbers, and a missing segment is damage', async (t) => {
  const sealer = new Sealer();
  const lines = sealer.talk(['one', 'two', 'three']);
  const spool = t.testdir({
    '9999.jsonl': textOf(lines.slice(0, 2)),
    '10000.jsonl': textOf(lines.slice(2, 4)),
    '10001.jsonl': textOf(lines.slice(4)) + at(lines, 0).slice(0, 50),
    state: '{}',
    'cursor.file': '1',
  });
  t.same(await verifySpool(spool).then(({ ok, records, unfinished }) => [ok, records, unfinished]), [true, 5, 1]);
  rmSync(join(spool, '10000.jsonl'));
  t.same(damage(await verifySpool(spool)), ['10000.jsonl:1 deleted', '10001.jsonl:1 deleted']);
});

t.test('segments of a live spool may be deleted and written to while they are read', async (t) => {
  const sealer = new Sealer();
  const lines = sealer.talk(['one', 'two', 'three'], true);
  const spool = t.testdir({ '0001.jsonl': textOf(lines.slice(0, 2)), '0002.jsonl': textOf(lines.slice(2)) });
  let told = 0;
  const report = await verifySpool(spool, {
    progress: () => {
      if (told++) return;
      rmSync(join(spool, '0001.jsonl'));
      rmSync(join(spool, '0002.jsonl'));
      writeFileSync(join(spool, '0003.jsonl'), 'x');
    },
  });
  t.same([report.ok, report.records, report.parts], [true, 4, 1]);
});

t.test('the first hundred damages are shown, all are counted, and no text of the session is among them', async (t) => {
  const lines = evidence();
  const report = await verify(t, { 'a.jsonl': [...lines, ...Array.from({ length: 150 }, () => 'hunter2')] });
  t.same([report.damaged, report.damage.length], [150, 100]);
  const page = printReport(report);
  t.match(page, /a\.jsonl:7: grammar: not a sealed record of version 1\n/);
  t.match(page, /\n\.\.\. and 50 more\nDAMAGED \(150 places\): 6 records of 1 session in 1 file, 2026-01-02T03:04:05\.000001Z to /);
  t.notMatch(page, /hunter2|hello/);
  t.same(JSON.parse(printReport(report, { json: true })), JSON.parse(JSON.stringify(report)));
});

t.test('progress is drawn on a terminal alone, and not for short work', async (t) => {
  const drawn = (isTTY: boolean, afterMs: number): string[] => {
    const written: string[] = [];
    let ms = 0;
    const terminal = { isTTY, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
    const line = progressOn(terminal, () => ms);
    ms = afterMs;
    line.show(3_500_000_000, 4_200_000_000);
    line.clear();
    return written;
  };
  t.same(drawn(true, 300), ['\r\x1b[Kverifying: 3337 of 4006 MiB', '\r\x1b[K']);
  t.same(drawn(true, 200), []);
  t.same(drawn(false, 300), []);
});

t.test('a head full of escapes is no record, and no fault of ours', async (t) => {
  const sealer = new Sealer();
  const lines = [sealer.seal({ topic: 'audit.stop' }), sealer.seal({ topic: 'audit.stop', head: { hostname: '"'.repeat(7_000_000) } })];
  t.same(damage(await verify(t, { 'a.jsonl': lines })), ['a.jsonl:2 grammar']);
});

t.test('the vectors of FORMAT.md are good evidence', async (t) => {
  const format = readFileSync(join(import.meta.dirname, '../../../src/record/FORMAT.md'), 'utf8');
  const vectors = format.split('\n').filter((line) => line.startsWith('{"v":'));
  t.same(await verify(t, { 'b.jsonl': vectors.slice(0, 2), 'a.jsonl': vectors.slice(2) }).then(({ ok, records }) => [ok, records]), [true, 3]);
});
