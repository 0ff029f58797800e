/** What is erased is erased in the archive too, and what was erased can be archived. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { filesIn, folderOf, spoolFiles } from '../harness.js';
import { everything, wirescribe } from '../redaction.js';
import { evenings, fill } from '../stored.js';

t.setTimeout(120_000);

const SET = ['--set', "AUDIT_CALLBACK=['file', 'store']"];
const archive = (folder: string): string[] => filesIn(join(folder, 'audit/archive'), /\.jsonl\.gz$/);

t.test('redact erases it in the files of the archive, which verify still takes', async (t) => {
  const folder = folderOf(t);
  const days = evenings(2);
  await fill(folder, days.flat());
  t.equal((await wirescribe(folder, ['archive', ...SET])).code, 0);
  const [first = '', second = ''] = archive(folder);
  const untouched = statSync(second).ino;
  const { code, out } = await wirescribe(folder, ['redact', '--pattern', 'day 0 session 1 said 2', '--why', 'asked', '--yes', ...SET]);
  t.equal(code, 0, out);
  const text = gunzipSync(readFileSync(first)).toString();
  t.notMatch(text, 'day 0 session 1 said 2');
  t.notMatch(everything(folder), 'day 0 session 1 said 2');
  t.match(text, 'day 0 session 1 said 1');
  t.equal(text.split('\n').length - 1, days[0]?.length);
  t.equal(statSync(second).ino, untouched, 'a file with nothing of it is left as it is');
  t.equal(statSync(first).mode & 0o777, 0o600);
  const verified = await wirescribe(folder, ['verify', ...archive(folder), ...spoolFiles(folder)]);
  t.equal(verified.code, 0, verified.out);
});
