/** A second look by real tools at what was recorded: asciinema plays the export, jq reads the query, sqlite3 opens the store. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { evening, wirescribe } from '../commands/recorded.js';
import { InTerminal } from '../exec/harness.js';
import { auditLines, filesIn } from '../harness.js';
import { peerMissing } from './peer.js';

const night = await evening(t);
const [first = ''] = night.sessions;
const SAID = /Welcome!.*\r\nName: \r\nYou become .*bob.*\.\r\n> \r\nYou say: a dragon!\r\n.*Bye\.\r\n/s;

const version = (): string => execFileSync('asciinema', ['--version'], { encoding: 'utf8' }).trim();
const major = (): number => Number(/ (\d+)\./.exec(version())?.[1]);

/** Why an asciinema does not read version 3, which is younger than Debian's. */
const tooOld = (): string | false => peerMissing('asciinema') || (major() >= 3 ? false : `${version()} does not read asciicast-v3`);

/** Writes the export, gives what asciinema shows of it on a terminal. */
async function shownBy(format: string, ...words: readonly string[]): Promise<string> {
  const path = join(night.folder, `${format}-${words.length}.cast`);
  const { code, err } = await wirescribe(night.folder, 'export', first, '--format', format, '--out', path);
  t.strictSame([code, err], [0, '']);
  const screen = new InTerminal(t, night, ['/usr/bin/env', `HOME=${night.folder}`, 'LC_ALL=C.UTF-8', 'asciinema', ...words, path]);
  t.equal(await screen.end(), 0, screen.out);
  return screen.out;
}

t.test('asciinema shows and plays an asciicast of version 2', { skip: peerMissing('asciinema') }, async (t) => {
  // From version 3 on it joins recordings, and shows none.
  if (major() < 3) t.match(await shownBy('asciicast-v2', 'cat'), SAID);
  t.match(await shownBy('asciicast-v2', 'play', '-s', '50', '-i', '0.1'), SAID);
});

t.test('asciinema plays one of version 3', { skip: tooOld() }, async (t) => {
  t.match(await shownBy('asciicast-v3', 'play', '-s', '50', '-i', '0.1'), SAID);
});

t.test('jq reads what query finds', { skip: peerMissing('jq') }, async (t) => {
  const { out } = await wirescribe(night.folder, 'query', '--topics', 'session.input', '--json', 'dragon');
  const read = execFileSync('jq', ['-r', '[.account, .text] | @tsv'], { input: out, encoding: 'utf8' });
  t.equal(read, 'bob\tsay a dragon!\n');
});

t.test('sqlite3 opens the store, and finds it sound and whole', { skip: peerMissing('sqlite3') }, async (t) => {
  await night.program.end();
  const files = filesIn(join(night.folder, 'audit/store'), /\.db$/);
  t.ok(files.length >= 2);
  for (const file of files) t.equal(execFileSync('sqlite3', [file, 'PRAGMA integrity_check'], { encoding: 'utf8' }), 'ok\n', file);
  const days = files.filter((file) => /\d{4}-\d\d-\d\d\.db$/.test(file));
  const lines = days.flatMap((file) =>
    execFileSync('sqlite3', [file, 'SELECT line FROM line ORDER BY no'], { encoding: 'utf8' }).split('\n').slice(0, -1),
  );
  t.strictSame(lines, auditLines(night.folder));
});
