import { appendFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { readOptions } from '../../../callbacks/file/options.js';
import { Rolled } from '../../../callbacks/file/rolled.js';
import { until } from '../../wait.js';

const LOG = { info() {}, warn() {} };

/** A folder with files of one line each, and what tidies them. */
function folderWith(t: Test, ...numbers: readonly number[]) {
  const folder = t.testdir({});
  const at = (number: number): string => join(folder, `audit.${number}.log`);
  for (const number of numbers) writeFileSync(at(number), `line of ${number}\n`);
  const rolled = new Rolled(readOptions({ path: 'audit.log', frequency: null, keep_days: 1 }, folder), LOG);
  return { at, rolled };
}

/** What a file of ours holds, compressed, plain, or both. */
const textOf = (path: string): string =>
  (existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString() : '') + (existsSync(path) ? readFileSync(path, 'utf8') : '');

t.test('a file that is begun while the work waits for its turn is not taken for a rolled one', async (t) => {
  const { at, rolled } = folderWith(t, 0, 1, 2);
  utimesSync(at(0), 0, 0);
  rolled.tidy(at(2));
  // pino-roll makes the next file; the callback sees that with its next batch.
  writeFileSync(at(3), 'line of 3\n');
  await until(() => existsSync(`${at(1)}.gz`) && !existsSync(`${at(0)}.gz`) && !existsSync(at(0)), 'all to be done, which ends with what is too old');
  t.ok(existsSync(at(3)) && !existsSync(`${at(3)}.gz`), 'it is as it was');
  await rolled.close();
});

t.test('a file that grows while it is compressed stays', async (t) => {
  const { at, rolled } = folderWith(t, 1, 2);
  // Pieces of 1 MiB, with rests between them.
  appendFileSync(at(1), `${'x'.repeat(99)}\n`.repeat(30_000));
  rolled.tidy(at(2));
  await until(() => existsSync(`${at(1)}.gz.tmp`), 'compression to begin');
  // The next one could not be made, so pino-roll opened this one again; and then it could.
  rolled.tidy(at(1));
  appendFileSync(at(1), 'last words\n');
  rolled.tidy(at(2));
  await until(() => existsSync(`${at(1)}.gz`) && !existsSync(at(1)), 'all of it to be compressed');
  await rolled.close();
  t.ok(textOf(at(1)).endsWith('\nlast words\n'), 'to the last');
});
