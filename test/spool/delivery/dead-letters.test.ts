import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RefusedRecords } from '../../../src/contract.js';
import { recordsOf } from '../../../src/spool/delivery/audit-record.js';
import { readCursor } from '../../../src/spool/delivery/cursor.js';
import { appendDead, deadPath, gapsOf, refusedIn, tellsOfDead } from '../../../src/spool/delivery/dead-letters.js';
import { type DeliveryOptions, deliver } from '../../../src/spool/delivery/delivery.js';
import { fixture, inlineDelivery, settingsFor } from '../../delivery-bench.js';
import { HandMadeJournal, line, lines } from '../../journal-lines.js';

const id = (number: number): string => `01890a5d-ac96-774b-8000-${number.toString(16).padStart(12, '0')}`;
const records = (texts: readonly string[]) => recordsOf(texts.join(''));

t.test('they are the lines of the journal, in a file for its owner alone, behind those before', (t) => {
  const folder = t.testdir();
  appendDead(folder, 'a/b', records(lines(2)));
  appendDead(folder, 'a/b', records(lines(1, 2)));
  t.equal(deadPath(folder, 'a/b'), join(folder, 'dead', 'a%2Fb.jsonl'));
  t.equal(readFileSync(deadPath(folder, 'a/b'), 'utf8'), lines(3).join(''));
  t.equal(statSync(deadPath(folder, 'a/b')).mode & 0o777, 0o600);
  t.equal(statSync(join(folder, 'dead')).mode & 0o777, 0o700);
  t.end();
});

for (const [what, torn] of [
  ['of a line', '{"v":"1.0","id":"018'],
  ['of a line longer than what is looked at in one go', `{"v":"1.0","text":"${'x'.repeat(150_000)}`],
] as const) {
  t.test(`what a crash left ${what} is cut off`, (t) => {
    const folder = t.testdir();
    appendDead(folder, 'mine', records(lines(1)));
    appendFileSync(deadPath(folder, 'mine'), torn);
    appendDead(folder, 'mine', records(lines(1, 1)));
    t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), lines(2).join(''));
    t.end();
  });
}

t.test('they are bounded: what would be too many is refused whole', (t) => {
  const folder = t.testdir();
  const bytes = Buffer.byteLength(line(0, 'say 0'));
  appendDead(folder, 'mine', records(lines(1)), bytes * 2);
  t.throws(() => appendDead(folder, 'mine', records(lines(2, 1)), bytes * 2), { code: 'EFBIG' });
  t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), lines(1).join(''));
  t.end();
});

t.test('a gap for each reason names them, 200 at most each', (t) => {
  const many = records(lines(201)).map((record) => ({ record, reason: 'too-large' }));
  const gaps = gapsOf('mine', [...many, { record: records([line(300)])[0] as (typeof many)[0]['record'], reason: 'refused' }]);
  t.match(gaps, [
    { reason: 'too-large', from: id(0), to: id(199), records: 200 },
    { reason: 'too-large', from: id(200), to: id(200), records: 1, ids: [id(200)] },
    { reason: 'refused', from: id(300), to: id(300), records: 1 },
  ]);
  t.equal(
    JSON.stringify(gaps[1]),
    `{"stage":"callback","reason":"too-large","direction":null,"from":"${id(200)}","to":"${id(200)}","records":1,"bytes":${lines(1, 200)[0]?.length},"sessions":null,"callback":"mine","ids":["${id(200)}"]}`,
    'in the order of the format',
  );
  t.end();
});

t.test('which records were refused is read off the error alone, whatever class made it, and only where all of it is known', (t) => {
  const given = records(lines(3));
  const [a, b, c] = given;
  if (!a || !b || !c) throw new RangeError('three');
  const error = (refused: unknown) => Object.assign(new Error(), { name: 'RefusedRecords', refused });
  t.same([...(refusedIn(new RefusedRecords([{ record: b, reason: 'too-large' }]), given) ?? [])], [[1, 'too-large']]);
  t.same(
    [
      ...(refusedIn(
        error([
          { record: c, reason: 'I say: hunter2' },
          { record: a, reason: 7 },
        ]),
        given,
      ) ?? []),
    ],
    [
      [2, 'refused'],
      [0, 'refused'],
    ],
    'a reason that is no plain word goes no further',
  );
  for (const other of [error([]), error('all'), error([null]), error([{ record: records(lines(1))[0], reason: 'x' }]), new TypeError(), 'no', null]) {
    t.equal(refusedIn(other, given), undefined);
  }
  t.end();
});

t.test('a gap of its own dead letters is known as such', (t) => {
  const gap = (data: string) => line(1, undefined, 'audit.gap').replace('}\n', `,"salt":"AAAA","data":${data}}\n`);
  const [own, other, wider, said] = records([
    gap('{"stage":"callback","callback":"mine"}'),
    gap('{"stage":"callback","callback":"other"}'),
    gap('{"stage":"capture","callback":null}'),
    line(2, '"topic":"audit.gap"'),
  ]);
  t.same(
    [own, other, wider, said].map((record) => record && tellsOfDead(record, 'mine')),
    [true, false, false, false],
  );
  t.end();
});

/** Five records, the second and fourth of which say 'bad', to the `picky` fixture. Gives what came of it. */
async function deliverPicky(t: Test, options: object, given: Partial<DeliveryOptions> = {}, settings: object = {}) {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = ['a', 'bad', 'b', 'bad', 'c'].map((text, index) => line(index, text));
  journal.write(texts);
  journal.board.close();
  const out = join(folder, 'out');
  const chosen = settingsFor(fixture('picky'), { options: { out, at: 'bad', ...options }, ...settings });
  const { options: usual, ...kept } = inlineDelivery(folder, journal, chosen);
  await deliver({ ...usual, ...given });
  const readBack = (path: string) => readFileSync(path, 'utf8');
  return { ...kept, folder, journal, texts, written: readBack(out), dead: () => readBack(deadPath(folder, 'mine')) };
}

t.test('what a callback refuses goes there, is declared, and all others stand', async (t) => {
  const { written, dead, declared, texts, folder, journal, logged, faults } = await deliverPicky(t, { how: 'refuse' });
  t.equal(written, [texts[0], texts[2], texts[4]].join(''));
  t.equal(dead(), [texts[1], texts[3]].join(''));
  t.match(declared, [{ stage: 'callback', reason: 'too-large', callback: 'mine', from: id(1), to: id(3), records: 2, ids: [id(1), id(3)] }]);
  t.same(readCursor(folder, 'mine'), { ...journal.durable, records: 5 });
  t.same(logged, ['AUDIT_CALLBACK_FAILED: callback mine: cannot take 2 of its records (too-large); they are in its dead letters']);
  t.same(faults, [], 'the gap says it all');
});

t.test('there too they are the lines of the journal, though the callback was given another form', async (t) => {
  const { dead, written, texts } = await deliverPicky(t, { how: 'refuse' }, {}, { format: 'record', fields: ['text'] });
  t.equal(dead(), [texts[1], texts[3]].join(''));
  t.notMatch(written, /hostname/);
});

t.test('what a reason quotes stands nowhere', async (t) => {
  const { declared, logged } = await deliverPicky(t, { how: 'refuse', reason: 'hunter2 is too large' });
  t.match(declared, [{ reason: 'refused' }]);
  t.notMatch(JSON.stringify([declared, logged]), /hunter2/);
});

t.test('while that cannot be declared, the cursor stays in front of it, and the delivery ends', async (t) => {
  const { folder, dead, texts } = await deliverPicky(t, { how: 'refuse' }, { declare: async () => false }, { batchRecords: 3 });
  t.same(readCursor(folder, 'mine'), { segment: 1, offset: 0, records: 0 });
  t.equal(dead(), texts[1], 'they come twice, which their ids tell');
});

t.test('told to stop while it waits for that, it does not wait any longer', async (t) => {
  const stop = new AbortController();
  const declare = () => {
    setImmediate(() => stop.abort());
    return new Promise<boolean>(() => {});
  };
  const { folder } = await deliverPicky(t, { how: 'refuse' }, { declare, stop: stop.signal });
  t.match(readCursor(folder, 'mine'), { records: 0 });
});

t.test('a callback that refuses the gaps too is given them slowly, for each makes another', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  journal.write([line(0, 'a')]);
  const settings = settingsFor(fixture('picky'), { options: { out: join(folder, 'out'), at: '*' } });
  const { options, stop } = inlineDelivery(folder, journal, settings);
  const started = performance.now();
  let gaps = 0;
  const declare = async ({ data }: { readonly data: object }) => {
    journal.write([line(++gaps, undefined, 'audit.gap').replace('}\n', `,"salt":"AAAA","data":${JSON.stringify(data)}}\n`)]);
    if (gaps === 5) stop.abort();
    return true;
  };
  await deliver({ ...options, declare });
  t.equal(gaps, 5);
  t.ok(performance.now() - started > 300, 'waits of 50, 100, 200 and 400 ms, or half of each, lie between');
});

t.test('the simple form refuses a record in the same way', async (t) => {
  const folder = t.testdir();
  const journal = new HandMadeJournal(folder);
  const texts = ['a', 'refuse', 'b'].map((text, index) => line(index, text));
  journal.write(texts);
  journal.board.close();
  process.env.COLLECT_OUT = join(folder, 'simple.out');
  const { options, declared } = inlineDelivery(folder, journal, settingsFor(fixture('simple')));
  await deliver(options);
  t.equal(readFileSync(join(folder, 'simple.out'), 'utf8'), `${texts[0]}${texts[2]}`);
  t.equal(readFileSync(deadPath(folder, 'mine'), 'utf8'), texts[1]);
  t.match(declared, [{ reason: 'refused', ids: [id(1)] }]);
});
