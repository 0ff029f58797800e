/**
 * `verify` against whoever can write the files: attacks that others fell to, and what is no attack and must not look like one. The forger (`sealAgain` of
 * test/evidence.ts) makes every digest, hash, link and checkpoint anew; all that it lacks is the key that signs.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import type { AuditError } from '../../src/errors.js';
import { type Report, type VerifyOptions, verifyFiles } from '../../src/view/verify.js';
import { readKeys, type TrustedKey } from '../../src/view/verify-keys.js';
import { exitOf, printReport } from '../../src/view/verify-report.js';
import { fingerprintOf, forge, idOf, newKey, partsOf, publicPem, Sealer, sealAgain, sha256, strip } from '../evidence.js';

const KEY = newKey();
const FORGERS = newKey();

type Files = { readonly [name: string]: readonly string[] | string };

const textOf = (lines: readonly string[] | string): string => (typeof lines === 'string' ? lines : lines.map((line) => `${line}\n`).join(''));
const at = <T>(list: readonly T[], index: number): T => list.at(index) as T;
const replaced = (list: readonly string[], index: number, line: string): string[] => list.map((old, i) => (i === index ? line : old));

/** Verifies files of these names and contents. */
async function verify(t: Test, files: Files, options: VerifyOptions = {}): Promise<Report> {
  const folder = t.testdir(Object.fromEntries(Object.entries(files).map(([name, lines]) => [name, textOf(lines)])));
  return verifyFiles(
    Object.keys(files).map((name) => join(folder, name)),
    options,
  );
}

/** Public keys as `--key` takes them. */
function trusting(t: Test, ...keys: readonly (typeof KEY)[]): { keys: readonly TrustedKey[] } {
  const folder = t.testdir();
  const paths = keys.map((key, i) => {
    writeFileSync(join(folder, `${i}.pub`), publicPem(key));
    return join(folder, `${i}.pub`);
  });
  return { keys: readKeys(paths) };
}

/** Damages as `FILE:LINE code`. */
const damage = ({ damage }: Report): string[] => damage.map(({ place, code }) => `${basename(place)} ${code}`);

/** Two files' worth: 0 start, 1 to 4 alice, 5 checkpoint, 6 to 9 bob, 10 checkpoint, 11 stop, 12 checkpoint. */
function evidence(key: typeof KEY | undefined): { lines: string[]; sealer: Sealer } {
  const sealer = new Sealer();
  const lines = [sealer.seal({ topic: 'audit.start', body: { data: {} } })];
  for (const [one, two] of [
    ['look', 'say hello'],
    ['north', 'say goodbye'],
  ] as const)
    lines.push(...sealer.talk([one, two]), ...sealer.checkpoint(key));
  lines.push(sealer.seal({ topic: 'audit.stop' }), ...sealer.checkpoint(key));
  return { lines, sealer };
}

t.test('signed evidence is proven up to its last checkpoint, also to --strict', async (t) => {
  const { lines } = evidence(KEY);
  const report = await verify(t, { 'a.log': lines }, trusting(t, KEY));
  t.same(damage(report), []);
  t.same([report.records, report.checkpoints, report.unproven, report.keys.map(({ checkpoints }) => checkpoints)], [13, 3, 0, [3]]);
  t.same([exitOf(report), exitOf(report, { strict: true })], [0, 0]);
  t.match(
    printReport(report),
    /\nproven up to 2026-01-02T03:04:05\.014\d\d\dZ \(node "north"\)\nkey .*0\.pub: [0-9a-f]{64}, 3 checkpoints from 2026-01-02T03:04:05\.006\d\d\dZ to 2026-\S+Z\n$/,
  );
  t.same(damage(await verify(t, { 'b.log': lines.slice(7), 'a.log': lines.slice(0, 7) }, trusting(t, KEY))), [], 'rolled');
  t.same(damage(await verify(t, { 'b.log': lines.slice(7) }, trusting(t, KEY))), [], 'older files are elsewhere');
});

t.test('without a key the same is good, and said not to be proven', async (t) => {
  const report = await verify(t, { 'a.log': evidence(KEY).lines });
  t.same([damage(report), report.unproven, exitOf(report), exitOf(report, { strict: true })], [[], 13, 0, 1]);
  t.match(printReport(report), /\nNOT PROVEN: no --key was given; last checkpoint: 2026-/);
});

t.test('a checkpoint of more sessions than one record names has parts', async (t) => {
  const sealer = new Sealer();
  const lines = [
    sealer.seal({ topic: 'audit.start' }),
    ...Array.from({ length: 5 }, () => sealer.talk(['look'])).flat(),
    ...sealer.checkpoint(KEY, 2),
  ];
  t.equal(lines.length, 1 + 15 + 3);
  t.same(await verify(t, { 'a.log': lines }, trusting(t, KEY)).then((report) => [damage(report), report.unproven]), [[], 0]);
  t.same(damage(await verify(t, { 'a.log': lines.filter((_, i) => i !== 17) }, trusting(t, KEY))).slice(-2), [
    'a.log:18 deleted',
    'a.log:18 checkpoint',
  ]);
});

t.test('truncate and go on (as CVE-2023-31438): shown by any copy that has what was cut off', async (t) => {
  const { lines } = evidence(KEY);
  const short = lines.slice(0, 9);
  const again = new Sealer('north', Date.UTC(2026, 0, 2, 4));
  const anew = [again.seal({ topic: 'audit.start' }), ...again.talk(['look']), ...again.checkpoint(KEY)];
  t.same(damage(await verify(t, { 'a.log': [...short, ...anew] }, trusting(t, KEY))), [
    'a.log:7 uncovered',
    'a.log:10 restarted',
    'a.log:14 checkpoint',
  ]);
  const report = await verify(t, { 'cut.log': short }, trusting(t, KEY));
  t.same(
    [damage(report), report.unproven, exitOf(report, { strict: true })],
    [[], 3, 1],
    'alone the cut file is whole, and what is behind its checkpoint not proven',
  );
});

t.test('truncate and go on from there, sealed with the true chain: the copy and the file contradict each other', async (t) => {
  const { lines } = evidence(KEY);
  const sealer = new Sealer();
  const same = [sealer.seal({ topic: 'audit.start', body: { data: {} } }), ...sealer.talk(['look', 'say hello']), ...sealer.checkpoint(KEY)];
  t.same(same.slice(0, 5), lines.slice(0, 5));
  sealer.wait(60_000);
  const other = [...same, sealer.seal({ topic: 'audit.stop' }), ...sealer.checkpoint(KEY)];
  t.same(damage(await verify(t, { 'now.log': other }, trusting(t, KEY))), []);
  t.ok(damage(await verify(t, { 'now.log': other, 'copy.log': lines }, trusting(t, KEY))).some((one) => one.endsWith(' double')));
});

t.test('sealed again with a newer key (as CVE-2023-31439): no key counts but those given', async (t) => {
  const { lines } = evidence(KEY);
  const forged = sealAgain(lines, (line) => line.replace('say hello', 'say jello'), FORGERS);
  const sealed = forged.map((line) => forge(line, ({ body }) => ({ body })));
  t.same(damage(await verify(t, { 'a.log': sealed })), [], 'without a key it is flawless');
  const report = await verify(t, { 'a.log': sealed }, trusting(t, KEY));
  t.same(
    damage(report).filter((one) => !one.endsWith('uncovered')),
    ['a.log:6 signature', 'a.log:11 signature', 'a.log:13 signature'],
  );
  t.match(at(report.damage, 0).what, `signed with a key that was not given (${fingerprintOf(FORGERS)})`);
  t.equal(exitOf(report), 1);
});

t.test('a true key in front and a newer one behind: what the newer signs is damage, unless it is given too', async (t) => {
  const sealer = new Sealer();
  const lines = [
    sealer.seal({ topic: 'audit.start' }),
    ...sealer.talk(['one']),
    ...sealer.checkpoint(KEY),
    ...sealer.talk(['two']),
    ...sealer.checkpoint(FORGERS),
  ];
  t.same(damage(await verify(t, { 'a.log': lines }, trusting(t, KEY))), ['a.log:9 signature']);
  const report = await verify(t, { 'a.log': lines }, trusting(t, KEY, FORGERS));
  t.same([damage(report), report.keys.map(({ checkpoints }) => checkpoints)], [[], [1, 1]]);
});

t.test('sealed again in the middle with a key that is given too: keys follow one another, and the report says from when to when', async (t) => {
  const sealer = new Sealer();
  const lines = [sealer.seal({ topic: 'audit.start' })];
  for (const key of [KEY, FORGERS, KEY]) lines.push(...sealer.talk(['look']), ...sealer.checkpoint(key));
  t.same(damage(await verify(t, { 'a.log': lines }, trusting(t, KEY, FORGERS))), ['a.log:13 signature']);
  const all = sealAgain(lines, (line) => line, FORGERS);
  const report = await verify(t, { 'a.log': all }, trusting(t, KEY, FORGERS));
  t.same(
    [damage(report), report.keys.map(({ checkpoints, from }) => [checkpoints, from?.slice(0, 23)])],
    [
      [],
      [
        [0, undefined],
        [3, '2026-01-02T03:04:05.005'],
      ],
    ],
  );
});

t.test('all sealed again, the signatures left as they were: none of them holds', async (t) => {
  const { lines } = evidence(KEY);
  const forged = sealAgain(lines, (line) => line.replace('say hello', 'say jello'));
  t.same(
    damage(await verify(t, { 'a.log': forged }, trusting(t, KEY))).filter((one) => !one.endsWith('uncovered')),
    ['a.log:6 signature', 'a.log:11 signature', 'a.log:13 signature'],
  );
});

t.test('checkpoints without a signature, where there must be one', async (t) => {
  const { lines } = evidence(KEY);
  const bare = evidence(undefined).lines;
  t.same(damage(await verify(t, { 'a.log': bare })), []);
  t.match(at((await verify(t, { 'a.log': bare }, trusting(t, KEY))).damage, 0).what, 'this checkpoint is not signed');
  t.same(damage(await verify(t, { 'a.log': lines.filter((line) => !line.includes('audit.')) }, trusting(t, KEY))), ['a.log:4 uncovered']);
});

t.test('an unchecked middle link (as GHSA-672p-m5jq-mrh8): the ends right, the middle another', async (t) => {
  const sealer = new Sealer();
  const lines = [sealer.seal({ topic: 'audit.start' }), ...sealer.talk(Array.from({ length: 20 }, (_, i) => `line ${i}`)), ...sealer.checkpoint(KEY)];
  const middle = forge(at(lines, 10), ({ body }) => ({ body: body.replace('line 8', 'line 9') }));
  t.same(damage(await verify(t, { 'a.log': replaced(lines, 10, middle) }, trusting(t, KEY))), ['a.log:12 link']);
});

t.test('a chain sealed again from the middle, up to its end: the checkpoint knows another end', async (t) => {
  const { lines } = evidence(KEY);
  const session = lines.slice(1, 5);
  const forged = sealAgain(session, (line) => line.replace('say hello', 'say jello'));
  const report = await verify(t, { 'a.log': [at(lines, 0), ...forged, ...lines.slice(5)] });
  t.same(damage(report), ['a.log:6 checkpoint'], 'also without a key');
  t.match(at(report.damage, 0).what, /^seq 3 of session [0-9a-f-]{36} \(.*a\.log:5\) is not the record that this checkpoint covers$/);
});

t.test('a whole session removed', async (t) => {
  const { lines } = evidence(KEY);
  const without = lines.filter((_, i) => i < 6 || i > 9);
  for (const options of [{}, trusting(t, KEY)]) {
    const report = await verify(t, { 'a.log': without }, options);
    t.same(damage(report), ['a.log:7 deleted']);
    t.match(at(report.damage, 0).what, /^4 records of session [0-9a-f-]{36} \(seq 0 to 3\) not there, though this checkpoint covers them/);
  }
  const forged = sealAgain(lines, (line, i) => (i < 6 || i > 9 ? line : undefined));
  t.same(damage(await verify(t, { 'a.log': forged })), [], 'sealed again it is flawless without a key');
  t.same(damage(await verify(t, { 'a.log': forged }, trusting(t, KEY))).slice(0, 1), ['a.log:7 signature']);
});

t.test('the last records of a session removed', async (t) => {
  const { lines } = evidence(KEY);
  const report = await verify(t, { 'a.log': lines.filter((_, i) => i !== 8 && i !== 9) });
  t.same(damage(report), ['a.log:9 deleted']);
  t.match(at(report.damage, 0).what, /\(seq 2 to 3\) not there/);
});

t.test('a checkpoint removed', async (t) => {
  const { lines } = evidence(KEY);
  const report = await verify(t, { 'a.log': lines.filter((_, i) => i !== 5) }, trusting(t, KEY));
  t.same(damage(report), ['a.log:10 deleted', 'a.log:10 checkpoint']);
  t.match(at(report.damage, 1).what, 'the checkpoint before it is not there');
  const forged = sealAgain(lines, (line, i) =>
    i === 5 ? undefined : line.replace('"seq":2,"prev"', '"seq":1,"prev"').replace('"seq":3,"prev"', '"seq":2,"prev"'),
  );
  t.ok(damage(await verify(t, { 'a.log': forged })).includes('a.log:10 checkpoint'), 'also where the chain around it was sealed again');
});

t.test('a session put in that no checkpoint covers', async (t) => {
  const { lines, sealer: real } = evidence(KEY);
  const forger = new Sealer('north', Date.UTC(2026, 0, 2, 3, 4, 5, 5));
  const put = forger.talk(['say it was alice'], true).slice(0, 1);
  const report = await verify(t, { 'a.log': [...lines.slice(0, 5), ...put, ...lines.slice(5)] }, trusting(t, KEY));
  t.ok(damage(report).includes('a.log:6 uncovered'), String(damage(report)));
  const behind = await verify(t, { 'a.log': [...lines, ...real.talk(['late'])] }, trusting(t, KEY));
  t.same([damage(behind), behind.unproven, exitOf(behind, { strict: true })], [[], 3, 1], 'behind the last one it is not proven');
});

t.test('a record sealed with a time that its id cannot have had', async (t) => {
  const { lines } = evidence(KEY);
  const later = lines.map((line) => line.replace('"time":"2026-01-02T03:04:05.003', '"time":"2026-01-02T09:04:05.003'));
  t.same(damage(await verify(t, { 'a.log': sealAgain(lines, (_, i) => at(later, i)) })), ['a.log:3 clock']);
  const early = sealAgain(lines, (line, i) => (i === 7 ? line.replace(idOf(line), idOf(at(lines, 2)).replace(/.$/, '0')) : line));
  t.same(damage(await verify(t, { 'a.log': early })), ['a.log:8 reordered', 'a.log:8 clock'], 'an id moved back stands behind later ones');
});

t.test('a clock that was set back is counted: ids rise on, and every checkpoint is signed with both', async (t) => {
  const sealer = new Sealer();
  const lines = [sealer.seal({ topic: 'audit.start' }), ...sealer.talk(['one']), ...sealer.checkpoint(KEY)];
  sealer.behindMs = 3_600_000;
  lines.push(...sealer.talk(['two']), ...sealer.checkpoint(KEY), ...sealer.checkpoint(KEY));
  sealer.behindMs = 0;
  lines.push(...sealer.talk(['three']), ...sealer.checkpoint(KEY));
  const report = await verify(t, { 'a.log': lines }, trusting(t, KEY));
  t.same([damage(report), report.clockSetBack, report.clockSetBackMostMs], [[], 1, 3_600_000]);
  t.match(printReport(report), 'counted, no damage: 1 time that a clock was set back, by up to 3600 s');
  t.equal(exitOf(report, { strict: true }), 1);
  const moved = sealAgain(lines, (line, i) => (i < 4 ? line.replace('"time":"2026-01-02T', '"time":"2026-01-01T') : line));
  t.match(damage(await verify(t, { 'a.log': moved }, trusting(t, KEY)))[0], /signature/, 'times inside what is signed cannot be moved');
});

t.test('a body stripped without a record of it', async (t) => {
  const { lines } = evidence(KEY);
  const stripped = replaced(lines, 3, strip(at(lines, 3)));
  const report = await verify(t, { 'a.log': stripped }, trusting(t, KEY));
  t.same(damage(report), ['a.log:4 erased']);
  t.match(
    at(report.damage, 0).what,
    /its body is missing, and no access\.redact among these files names it: if it was redacted, add the later files/,
  );
});

t.test('what an access.redact names is redacted, wherever that stands', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const named = [sealer.redact([at(lines, 3)]), sealer.redact([at(lines, 7)], 'both'), ...sealer.checkpoint(KEY)];
  const stripped = lines.map((line, i) => (i === 3 ? strip(line) : i === 7 ? strip(line, 'both') : line));
  for (const options of [{}, trusting(t, KEY)]) {
    const report = await verify(t, { 'a.log': stripped, 'b.log': named }, options);
    t.same([damage(report), report.redacted], [[], 3]);
    t.equal(exitOf(report, { strict: true }), 1);
    t.match(printReport(report), 'counted, no damage: 3 redacted parts');
  }
  t.same(damage(await verify(t, { 'a.log': stripped })), ['a.log:4 erased', 'a.log:8 erased', 'a.log:8 erased'], 'the later file is missing');
});

t.test('a who stripped where only the body was named, and of a record next to it', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const named = [sealer.redact([at(lines, 3)]), ...sealer.checkpoint(KEY)];
  t.same(damage(await verify(t, { 'a.log': [...replaced(lines, 3, strip(at(lines, 3), 'who')), ...named] })), ['a.log:4 erased']);
  t.same(damage(await verify(t, { 'a.log': [...replaced(lines, 2, strip(at(lines, 2))), ...named] })), ['a.log:3 erased']);
});

t.test('stripped, and the record of it put behind the last checkpoint by the forger: with a key that is no record', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const forged = [...replaced(lines, 3, strip(at(lines, 3))), sealer.redact([at(lines, 3)])];
  t.same(damage(await verify(t, { 'a.log': forged })), []);
  const report = await verify(t, { 'a.log': forged }, trusting(t, KEY));
  t.same(damage(report), ['a.log:4 erased']);
  t.match(at(report.damage, 0).what, 'the access.redact that names it is not covered by a checkpoint with a good signature');
});

t.test('a record whole in one copy and redacted in another is a double', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const named = [sealer.redact([at(lines, 3)], 'both'), ...sealer.checkpoint(KEY)];
  const report = await verify(
    t,
    { 'file.log': [...replaced(lines, 3, strip(at(lines, 3), 'both')), ...named], 'kafka.log': lines },
    trusting(t, KEY),
  );
  t.same([damage(report), report.doubles, report.redacted, report.records], [[], 13, 2, 15]);
});

t.test('a double with one byte changed', async (t) => {
  const { lines } = evidence(KEY);
  const bent = at(lines, 3).replace('hello', 'jello');
  t.same(damage(await verify(t, { 'a.log': lines, 'b.log': [bent] }, trusting(t, KEY))), ['b.log:1 changed']);
  t.same(damage(await verify(t, { 'a.log': lines, 'b.log': [forge(bent, () => ({}))] }, trusting(t, KEY))), ['b.log:1 double']);
});

t.test('records that the node declares lost to this copy are counted; others are damage', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const lost = lines.slice(6, 9);
  const behind = [sealer.gap(lost), ...sealer.checkpoint(KEY)];
  const copy = [...lines.filter((line) => !lost.includes(line)), ...behind];
  const report = await verify(t, { 'a.log': copy }, trusting(t, KEY));
  t.same([damage(report), report.declared], [[], 3]);
  t.match(printReport(report), '3 records declared lost to this copy');
  t.equal(exitOf(report, { strict: true }), 1);
  t.same(
    damage(await verify(t, { 'a.log': copy.filter((line) => line !== at(lines, 2)) }, trusting(t, KEY))),
    ['a.log:3 deleted'],
    'one more, elsewhere',
  );
  t.same(
    damage(await verify(t, { 'a.log': copy.filter((line) => line !== at(lines, 9)) })),
    ['a.log:7 deleted'],
    'one more, next to them: the gap says three',
  );
});

t.test('what a callback had in hand when it gave up the rest may be there after all, in the copy of that callback', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const given = lines.slice(5, 9);
  const behind = [sealer.gap(given), ...sealer.checkpoint(KEY)];
  const without = (...gone: readonly string[]) => ({ 'a.log': [...lines.filter((line) => !gone.includes(line)), ...behind] });
  const ofKafka = { ...trusting(t, KEY), callback: 'kafka' };
  const report = await verify(t, without(...lines.slice(7, 9)), ofKafka);
  t.same([damage(report), report.declared], [[], 2]);
  t.same(damage(await verify(t, without(...lines.slice(7, 9)), trusting(t, KEY))), ['a.log:8 deleted'], 'whose copy it is must be said');
  t.same(damage(await verify(t, without(...lines.slice(7, 9)), { ...ofKafka, callback: 'file' })), ['a.log:8 deleted'], 'and it must be its gap');
  t.same(damage(await verify(t, without(at(lines, 5), at(lines, 6)), ofKafka)), ['a.log:6 deleted'], 'none is missing in front of one that is there');
});

t.test('a checkpoint and a whole session within what was given up', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const lost = lines.slice(4, 10);
  const behind = [sealer.gap(lost), ...sealer.checkpoint(KEY)];
  const report = await verify(t, { 'a.log': [...lines.slice(0, 4), ...lines.slice(10), ...behind] }, trusting(t, KEY));
  t.same([damage(report), report.declared], [[], 5], 'of the end of the other session only the lost checkpoint knew');
  t.same(damage(await verify(t, { 'a.log': [...lines.slice(0, 4), ...lines.slice(10)] })), [
    'a.log:5 deleted',
    'a.log:5 deleted',
    'a.log:5 checkpoint',
  ]);
});

t.test('records removed, and a gap that declares them put behind the last checkpoint by the forger: with a key that is no gap', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const forged = [...lines.filter((_, i) => i !== 3), sealer.gap([at(lines, 3)])];
  t.same(damage(await verify(t, { 'a.log': forged })), []);
  t.same(damage(await verify(t, { 'a.log': forged }, trusting(t, KEY))), ['a.log:4 deleted']);
});

t.test('dead letters are named one by one', async (t) => {
  const { lines, sealer } = evidence(KEY);
  const behind = [sealer.gap([at(lines, 3), at(lines, 7)], true), ...sealer.checkpoint(KEY)];
  const without = (...gone: readonly number[]) => [...lines.filter((_, i) => !gone.includes(i)), ...behind];
  t.same(await verify(t, { 'a.log': without(3, 7) }, trusting(t, KEY)).then((report) => [damage(report), report.declared]), [[], 2]);
  t.same(damage(await verify(t, { 'a.log': without(2, 3, 7) })), ['a.log:3 deleted']);
});

t.test("a gap of another callback's copy explains nothing in this one", async (t) => {
  const { lines, sealer } = evidence(KEY);
  const behind = [sealer.gap(lines.slice(6, 9)), ...sealer.checkpoint(KEY)];
  t.same(damage(await verify(t, { 'a.log': [...lines, ...behind] })), [], 'nothing is missing here');
  t.same(damage(await verify(t, { 'a.log': [...lines.filter((_, i) => i !== 7), ...behind] })), ['a.log:8 deleted']);
});

t.test('what was consumed from Kafka: a file a partition, records over one another in time, doubles', async (t) => {
  const sealer = new Sealer();
  const [alice, bob] = [sealer.session(), sealer.session()];
  const say = (session: string, text: string) => sealer.seal({ topic: 'session.input', session, who: { ip: '203.0.113.7' }, body: { text } });
  const node = [sealer.seal({ topic: 'audit.start' })];
  const sessions: [string[], string[]] = [[], []];
  for (let i = 0; i < 4; i++) {
    sessions[0].push(say(alice, `a${i}`));
    sessions[1].push(say(bob, `b${i}`));
    node.push(...sealer.checkpoint(KEY));
  }
  const twice = [...sessions[0].slice(0, 3), ...sessions[0].slice(1)];
  const report = await verify(t, { 'p2.log': sessions[1], 'p0.log': node, 'p1.log': twice }, trusting(t, KEY));
  t.same([damage(report), report.doubles, report.unproven], [[], 2, 0]);
  const merged = [...node, ...twice, ...sessions[1]];
  const sorted = [...new Set(merged.toSorted())];
  t.match((await verify(t, { 'all.log': merged })).damage.at(-1)?.what, 'LC_ALL=C sort -u', 'one file of several partitions is to be sorted');
  t.same(damage(await verify(t, { 'all.log': sorted }, trusting(t, KEY))), []);
  t.same(damage(await verify(t, { 'p0.log': node, 'p1.log': twice }, trusting(t, KEY))).length, 4, 'a partition that is not there');
});

t.test("one session's export: looked at alone, with the checkpoints that name it before, among or behind its records", async (t) => {
  const { lines } = evidence(KEY);
  const session = /"session":"([^"]+)"/.exec(at(lines, 6))?.[1] ?? '';
  const own = lines.slice(6, 10);
  const audit = lines.filter((line) => line.includes('"topic":"audit.'));
  const options = { ...trusting(t, KEY), session };
  for (const files of [
    { 'a.log': [...own, ...audit] },
    { 'a.log': [...audit, ...own] },
    { 'a.log': lines },
    { 'a.log': [...own, at(lines, 10)] },
  ] as Files[]) {
    const report = await verify(t, files, options);
    t.same([damage(report), report.records, report.sessions, report.unproven, exitOf(report, { strict: true })], [[], 4, 1, 0, 0]);
  }
  t.same(await verify(t, { 'a.log': own }).then((report) => [damage(report), exitOf(report)]), [[], 0], 'without a key its records do');
  t.same(damage(await verify(t, { 'a.log': own }, options)), ['a.log:4 uncovered'], 'with a key they do not');
  t.same(damage(await verify(t, { 'a.log': [...own.slice(0, 3), ...audit] }, options)), ['a.log:6 deleted']);
  const forged = sealAgain(own, (line) => line.replace('goodbye', 'farewell'));
  t.same(damage(await verify(t, { 'a.log': [...forged, ...audit] }, options)), ['a.log:7 checkpoint']);
  t.same(damage(await verify(t, { 'a.log': own, 'b.log': audit })), ['b.log:2 deleted'], 'not said to be an export, the others were removed');
  t.match(await verify(t, { 'a.log': audit }, options).then(String, (error: AuditError) => error.message), 'no line is a record of that session');
});

t.test('records of a newer minor version, with members that are not known here, are good; a newer major is said to be one', async (t) => {
  const { lines } = evidence(KEY);
  const newer = sealAgain(
    lines,
    (line) => {
      const { head, who, body } = partsOf(line);
      const more = [
        `{${head.replace('"v":"1.0"', '"v":"1.7"').replace('"seq":', '"colour":{"a":["}",1]},"seq":')}`,
        who && `${who},"shoe":44`,
        body && `${body},"mood":"so, so"`,
      ];
      const [sealed, ...parts] = [`${more[0]},"digest":["",""],"hash":"${'0'.repeat(64)}"`, ...more.slice(1)];
      return `${[sealed, ...parts].filter(Boolean).join(',')}}`;
    },
    KEY,
  );
  t.match(at(newer, 3), /^\{"v":"1\.7".*"colour":\{"a":\["\}",1\]\}.*"shoe":44.*"mood":"so, so"\}$/);
  t.same(await verify(t, { 'a.log': newer }, trusting(t, KEY)).then((report) => [damage(report), report.records, report.unproven]), [[], 13, 0]);
  t.same(damage(await verify(t, { 'a.log': newer.map((line) => line.replace('"shoe":44', '"shoe":45')) })).length, 8);
  t.same(
    damage(
      await verify(t, {
        'a.log': [forge(at(lines, 0), ({ head }) => ({ head: head.replace('"seq":0', '"seq":0,"seq":1') })).replace('1.0', '1.1')],
      }).catch(() => ({ damage: [] }) as unknown as Report),
    ),
    [],
  );
  const two = lines.map((line) => line.replace('"v":"1.0"', '"v":"2.0"'));
  t.same(damage(await verify(t, { 'a.log': [...lines, at(two, 0)] })), ['a.log:14 version']);
  t.match(await verify(t, { 'a.log': two }).then(String, (error: AuditError) => error.message), 'of a newer major version of the format');
});

t.test('only a public Ed25519 key is trusted', (t) => {
  const folder = t.testdir({
    'private.pem': KEY.export({ format: 'pem', type: 'pkcs8' }) as string,
    'none.pub': 'hello\n',
    'good.pub': publicPem(KEY),
  });
  const refusal = (name: string): string => {
    try {
      return String(readKeys([join(folder, name)]).length);
    } catch (error) {
      return `${(error as AuditError).code}: ${(error as AuditError).message.replace(folder, '')}`;
    }
  };
  t.match(refusal('private.pem'), /^AUDIT_USAGE: --key \/private\.pem is a private key; /);
  t.match(refusal('none.pub'), /^AUDIT_USAGE: --key \/none\.pub is no Ed25519 public key in PEM; /);
  t.match(refusal('gone.pub'), /^AUDIT_USAGE: --key \/gone\.pub cannot be read \(ENOENT\); /);
  t.equal(refusal('good.pub'), '1');
  t.equal(readKeys([join(folder, 'good.pub')])[0]?.fingerprint, fingerprintOf(KEY));
  t.equal(sha256('').length, 64);
  t.end();
});
