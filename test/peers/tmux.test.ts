/** `wirescribe exec` in a window of tmux, whose size changes; and tmux within it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { execWords, InTerminal, journalOf, placeOf, plainEnvironment, saidIn, sessionsOf } from '../exec/harness.js';
import { until } from '../wait.js';
import { peerMissing } from './peer.js';

const skip = peerMissing('tmux');
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

t.test('in a window: keys, its size and a screen that a program draws', { skip }, async (t) => {
  const place = placeOf(t);
  const tmux = (...words: string[]): string =>
    execFileSync('tmux', ['-S', join(place.folder, 'tmux'), '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      cwd: place.folder,
      env: plainEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const script = 'stty size; read a; stty size; printf "\\033[?1049h\\033[5;10Hdrawn"; read b; printf "\\033[?1049l"; echo back; read c';
  const words = [process.execPath, ...execWords(['sh', '-c', script])].map(quoted).join(' ');
  tmux('new-session', '-d', '-x', '100', '-y', '40', `${words}; echo code $?; exec sleep 1000`);
  tmux('set-option', '-g', 'status', 'off');
  t.teardown(() => tmux('kill-server'));
  const shows = (text: RegExp): Promise<unknown> => until(() => text.test(tmux('capture-pane', '-p')), `${text} on tmux's screen`);
  await shows(/^\d+ 100$/m);
  tmux('resize-window', '-x', '70', '-y', '20');
  await until(() => journalOf(place).some(({ data }) => data?.columns === 70), 'the size in the record');
  tmux('send-keys', 'first', 'Enter');
  await shows(/^ {9}drawn/m);
  tmux('send-keys', 'second', 'Enter');
  await shows(/^20 70\n(.*\n)*back$/m);
  tmux('send-keys', 'third', 'Enter');
  await shows(/^code 0$/m);
  const all = journalOf(place);
  const typed = saidIn(all, sessionsOf(all)[0]).filter((one) => one.startsWith('>'));
  t.same(typed, ['> first', '> second', '> third']);
});

t.test('tmux within it: what is typed there is recorded, and the exit is its own', { skip }, async (t) => {
  const place = placeOf(t);
  const screen = InTerminal.exec(t, place, [
    'tmux',
    '-S',
    join(place.folder, 'inner'),
    '-f',
    '/dev/null',
    'new-session',
    'read a; echo "got $a"; read b',
  ]);
  await screen.shows('\x1b[?1049h');
  await screen.type('xyzzy\r');
  await screen.shows('got xyzzy');
  await screen.type('\r');
  t.equal(await screen.end(), 0);
  const all = journalOf(place);
  t.match(saidIn(all, sessionsOf(all)[0]).join('\n'), /got xyzzy/);
});
