/** `wirescribe exec` and script(1), each in the other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { execWords, InTerminal, journalOf, placeOf, saidIn, sessionsOf } from '../exec/harness.js';
import { peerMissing } from './peer.js';

const skip = peerMissing('script');

t.test('within script: what it writes down is what our program said, and our exit code is the one that it passes on', { skip }, async (t) => {
  const place = placeOf(t);
  const words = [process.execPath, ...execWords(['sh', '-c', 'read a; echo "got $a"; exit 9'])].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const screen = new InTerminal(t, place, ['script', '-q', '-e', '-c', words.join(' '), join(place.folder, 'typescript')]);
  await screen.type('xyzzy\r');
  await screen.shows('got xyzzy');
  t.equal(await screen.end(), 9);
  t.match(readFileSync(join(place.folder, 'typescript'), 'latin1'), /got xyzzy\r\n/);
  const all = journalOf(place);
  t.match(saidIn(all, sessionsOf(all)[0]).join('\n'), /> xyzzy\n.*< .*got xyzzy/s);
});

t.test('around script: its raw mode hides nothing from the record, and what is typed blind within it stays hidden', { skip }, async (t) => {
  const place = placeOf(t);
  const inner = 'read a; echo "got $a"; stty -echo; echo magic; read b; stty echo; echo; echo over';
  const screen = InTerminal.exec(t, place, ['script', '-q', '-e', '-c', inner, '/dev/null']);
  await screen.type('xyzzy\r');
  await screen.shows('magic');
  await screen.type('swordfish\r');
  await screen.shows('over');
  t.equal(await screen.end(), 0);
  const all = journalOf(place);
  const said = saidIn(all, sessionsOf(all)[0]).join('\n');
  t.match(said, /> xyzzy/);
  t.notMatch(said, /swordfish/);
  t.match(said, /> \*{9}/);
});
