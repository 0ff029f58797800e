import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import open, { evidence } from '../../callbacks/file.js';
import type { CallbackContext, CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { line, lines } from '../journal-lines.js';

const pad = (part: number): string => String(part).padStart(2, '0');
const now = new Date();
const TODAY = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;

const warned: string[] = [];

function contextIn(folder: string, signal = new AbortController().signal): CallbackContext {
  return { name: 'file', node: 'n1', folder, log: { info() {}, warn: (message) => warned.push(message) }, signal };
}

const numberOf = (name: string): number => Number(/(\d+)\.log/.exec(name)?.[1]);

/** Names in the folder of the audit files, as they were begun. */
const filesIn = (folder: string): string[] => readdirSync(join(folder, 'audit')).sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1));

const textOf = (path: string): string => (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString();

/** All that was written, out of plain and compressed files. */
const allText = (folder: string): string =>
  filesIn(folder)
    .map((name) => textOf(join(folder, 'audit', name)))
    .join('');

/** Opens it in `folder`, gives it the batches, closes it. */
async function writeAll(folder: string, options: CallbackOptions, batches: readonly (readonly string[])[]): Promise<void> {
  const callback = await open(options, contextIn(folder));
  for (const batch of batches) await callback.write(recordsOf(batch.join('')));
  await callback.close();
}

/** Waits until the callback has compressed what is to be: it does so behind the writing. */
async function writeUntilCompressed(folder: string, options: CallbackOptions, batches: readonly (readonly string[])[]): Promise<void> {
  const callback = await open(options, contextIn(folder));
  for (const batch of batches) await callback.write(recordsOf(batch.join('')));
  const plain = () => filesIn(folder).filter((name) => !name.endsWith('.gz'));
  while (plain().length > 1) await new Promise((resolve) => setImmediate(resolve));
  await callback.close();
}

// Node ignores this signal; a library under tap does not, unless someone else listens.
process.on('SIGXFSZ', () => {});

/** A disk that is full, as far as this process goes: no file of it may grow past `bytes`. Gives back the way out. */
function limitFileSize(bytes: number): () => void {
  const limit = (soft: number | 'unlimited') => spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${soft}:`]);
  limit(bytes);
  return () => limit('unlimited');
}

async function makeFile(t: Test): Promise<CallbackUnderTest> {
  const folder = t.testdir();
  const signal = new AbortController();
  const callback = await open({ size: '100k' }, contextIn(folder, signal.signal));
  return {
    callback,
    readBack: async () => allText(folder).split('\n').slice(0, -1),
    abort: () => signal.abort(),
    fail: () => limitFileSize(Buffer.byteLength(allText(folder)) + 100),
  };
}

callbackSuite(t, 'file', makeFile);

t.test('files are for their owner alone, and so is the folder', async (t) => {
  const folder = t.testdir();
  await writeAll(folder, {}, [lines(1)]);
  t.same(filesIn(folder), [`audit.${TODAY}.1.log`]);
  t.equal(statSync(join(folder, 'audit')).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'audit', `audit.${TODAY}.1.log`)).mode & 0o777, 0o600);
});

t.test('without a frequency a name has no date, and without an extension it is .log', async (t) => {
  const folder = t.testdir();
  await writeAll(folder, { path: 'audit/people', frequency: null, mode: 0o640 }, [lines(1)]);
  t.same(filesIn(folder), ['people.1.log']);
  t.equal(statSync(join(folder, 'audit/people.1.log')).mode & 0o777, 0o640);
});

t.test('a next start goes on in the same file', async (t) => {
  const folder = t.testdir();
  await writeAll(folder, {}, [lines(2)]);
  await writeAll(folder, {}, [lines(2, 2)]);
  t.same(filesIn(folder), [`audit.${TODAY}.1.log`]);
  t.equal(allText(folder), lines(4).join(''));
});

t.test('it rolls by size between batches, so no line is torn over two files and none is lost', async (t) => {
  const folder = t.testdir();
  const batches = Array.from({ length: 20 }, (_, index) => lines(7, index * 7));
  await writeAll(folder, { size: '8k', compress: false }, batches);
  const names = filesIn(folder);
  t.ok(names.length > 4, `${names.length} files`);
  t.equal(allText(folder), batches.flat().join(''));
  for (const name of names) t.ok(textOf(join(folder, 'audit', name)).endsWith('}\n') || name === names.at(-1), name);
});

t.test('what is rolled is compressed, for its owner alone, and the plain file goes; the active one stays', async (t) => {
  const folder = t.testdir();
  const batches = Array.from({ length: 6 }, (_, index) => lines(20, index * 20));
  await writeUntilCompressed(folder, { size: '8k' }, batches);
  const names = filesIn(folder);
  t.same(names, [...[1, 2, 3, 4, 5, 6].map((number) => `audit.${TODAY}.${number}.log.gz`), `audit.${TODAY}.7.log`]);
  t.equal(allText(folder), batches.flat().join(''));
  t.equal(statSync(join(folder, 'audit', names[0] ?? '')).mode & 0o777, 0o600);
});

t.test('it rolls by time', async (t) => {
  const folder = t.testdir();
  const callback = await open({ frequency: 50, compress: false }, contextIn(folder));
  let count = 0;
  while (filesIn(folder).length < 3) await callback.write(recordsOf(line(count, `say ${count++}`)));
  await callback.close();
  t.match(filesIn(folder)[0], /^audit\.\d{4}-\d\d-\d\d\.1\.log$/);
  t.equal(allText(folder), lines(count).join(''));
});

t.test('a torn last line is cut off at start, also in a file of another day, and the batch that comes again is whole', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const [old, current] = [join(folder, 'audit/audit.2026-01-30.1.log'), join(folder, `audit/audit.${TODAY}.1.log`)];
  writeFileSync(old, `${line(0, 'say 0')}${line(1).slice(0, 100)}`);
  writeFileSync(current, `${line(1, 'say 1')}${line(2, 'x'.repeat(200_000)).slice(0, 150_000)}`);
  chmodSync(current, 0o644);
  await writeAll(folder, { compress: false }, [lines(2, 2)]);
  t.equal(textOf(old), line(0, 'say 0'));
  t.equal(textOf(current), lines(3, 1).join(''));
  t.equal(statSync(current).mode & 0o777, 0o600);
});

t.test('a file that is a torn line and nothing else is empty after the start', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  writeFileSync(join(folder, `audit/audit.${TODAY}.1.log`), 'x'.repeat(200_000));
  await writeAll(folder, {}, [lines(1)]);
  t.equal(allText(folder), lines(1).join(''));
});

t.test('a file that a crash left empty is compressed into one that can be read', async (t) => {
  const folder = t.testdir({ audit: { 'audit.2026-01-30.1.log': '' } });
  await writeUntilCompressed(folder, {}, [lines(1)]);
  t.equal(textOf(join(folder, 'audit/audit.2026-01-30.1.log.gz')), '');
});

t.test('what a crash left rolled is compressed at start; half a compression is done again', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const rolled = join(folder, 'audit/audit.2026-01-30.1.log');
  writeFileSync(rolled, lines(3).join(''));
  writeFileSync(`${rolled}.gz.tmp`, 'half');
  await writeUntilCompressed(folder, {}, [lines(1, 3)]);
  t.same(filesIn(folder).sort(), ['audit.2026-01-30.1.log.gz', `audit.${TODAY}.1.log`]);
  t.equal(textOf(`${rolled}.gz`), lines(3).join(''));
});

t.test('it says what it keeps, and what a crash left half made, which goes at start', async (t) => {
  const folder = t.testdir();
  const audit = join(folder, 'audit');
  mkdirSync(audit);
  const halfMade = ['audit.2026-01-30.1.log.gz.tmp', 'audit.2026-01-30.1.log.redact.tmp', 'audit.2026-01-30.2.log.gz.redact.tmp'];
  const kept = ['audit.2026-01-30.2.log.gz', 'audit.2026-01-30.1.log'];
  for (const name of [...halfMade, ...kept, 'audit.log.tmp', 'other.1.log']) writeFileSync(join(audit, name), gzipSync(''));
  for (const [age, name] of kept.entries()) utimesSync(join(audit, name), 1_000 + age, 1_000 + age);
  t.same(
    evidence({}, folder)
      .map((path) => basename(path))
      .sort(),
    [...halfMade, ...kept].sort(),
  );
  t.same(
    evidence({}, folder).slice(-2),
    kept.map((name) => join(audit, name)),
    'the oldest first',
  );
  await (await open({ compress: false }, contextIn(folder))).close();
  t.same(
    readdirSync(audit).filter((name) => name.endsWith('.tmp')),
    ['audit.log.tmp'],
    'one of another name stays',
  );
});

t.test('a crash between compression and removal leaves nothing twice', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const rolled = join(folder, 'audit/audit.2026-01-30.1.log');
  writeFileSync(rolled, lines(3).join(''));
  writeFileSync(`${rolled}.gz`, gzipSync(lines(3).join('')));
  await writeUntilCompressed(folder, {}, []);
  t.notOk(existsSync(rolled));
  t.equal(textOf(`${rolled}.gz`), lines(3).join(''));
});

t.test('a number that was used before loses nothing: what is compressed already stays in front', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const rolled = join(folder, 'audit/audit.2026-01-30.1.log');
  writeFileSync(`${rolled}.gz`, gzipSync(lines(3).join('')));
  writeFileSync(rolled, lines(2, 3).join(''));
  await writeUntilCompressed(folder, {}, []);
  t.equal(textOf(`${rolled}.gz`), lines(5).join(''));
});

t.test('a compressed file that is damaged is left, said, and holds nothing up', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const rolled = join(folder, 'audit/audit.2026-01-30.1.log');
  writeFileSync(`${rolled}.gz`, 'no gzip');
  writeFileSync(rolled, lines(2).join(''));
  warned.length = 0;
  const callback = await open({}, contextIn(folder));
  while (warned.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await callback.write(recordsOf(lines(1, 2).join('')));
  await callback.close();
  t.match(warned, [/could not compress or remove a rolled file \(Z_DATA_ERROR\)/]);
  t.equal(textOf(rolled), lines(2).join(''));
  t.equal(readFileSync(`${rolled}.gz`, 'utf8'), 'no gzip');
});

t.test('keep_days removes rolled files that are older, never the active one nor a file of another name', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'audit'));
  const old = new Date(Date.now() - 8 * 86_400_000);
  const fresh = new Date(Date.now() - 6 * 86_400_000);
  const names = { 'audit.2026-01-01.1.log.gz': old, 'audit.2026-01-03.1.log.gz': fresh, 'audit.notes.log': old, 'other.2026-01-01.1.log.gz': old };
  for (const [name, at] of Object.entries({ ...names, [`audit.${TODAY}.1.log`]: old })) {
    writeFileSync(join(folder, 'audit', name), '');
    utimesSync(join(folder, 'audit', name), at, at);
  }
  await writeAll(folder, { keep_days: 7, compress: false }, []);
  t.same(filesIn(folder).sort(), ['audit.2026-01-03.1.log.gz', `audit.${TODAY}.1.log`, 'audit.notes.log', 'other.2026-01-01.1.log.gz']);
});

t.test('a full disk cuts the file back to what was taken; once there is room the same batch goes in whole', async (t) => {
  const folder = t.testdir();
  const callback = await open({}, contextIn(folder));
  await callback.write(recordsOf(lines(2).join('')));
  const heal = limitFileSize(3_000);
  await t.rejects(callback.write(recordsOf(lines(20, 2).join(''))), { code: 'EFBIG' });
  t.equal(allText(folder), lines(2).join(''), 'nothing of it stays');
  await t.rejects(callback.write(recordsOf(lines(20, 2).join(''))), { code: 'EFBIG' });
  heal();
  await callback.write(recordsOf(lines(20, 2).join('')));
  await callback.close();
  t.equal(allText(folder), lines(22).join(''));
});

const REFUSED: readonly [CallbackOptions, string][] = [
  [{ size: '10 MB' }, "size: a number of bytes, or '64k', '10m', '4g'"],
  [{ size: 0 }, "size: a number of bytes, or '64k', '10m', '4g'"],
  [{ frequency: 'weekly' }, "frequency: write 'daily', 'hourly' or None"],
  [{ path: 'audit/a:b.log' }, 'path: a file, without any of < > " | ? * : in its path'],
  [{ mode: '0600' }, 'mode: an octal number such as 0o600'],
  [{ compress: 'yes' }, 'compress: write True or False'],
  [{ keep_days: 0 }, 'keep_days: a number of days above 0, or None'],
];

t.test('options that make no sense are refused by name, before anything is made', async (t) => {
  const folder = t.testdir();
  for (const [options, message] of REFUSED) await t.rejects(open(options, contextIn(folder)), { name: 'OptionError', message });
  t.same(readdirSync(folder), []);
});
