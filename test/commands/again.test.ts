/** `sessions`, `query`, `tail` and `export` as people run them, on what the program itself has recorded. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { InTerminal, plainEnvironment } from '../exec/harness.js';
import { auditLines } from '../harness.js';
import { until } from '../wait.js';
import { CLI, type Evening, evening, looked, stored, wirescribe } from './recorded.js';

const night: Evening = await evening(t);
const [first = '', second = ''] = night.sessions;
const run = (...args: string[]) => looked(night.folder, ...args);
/** Without times, and with names for what is new each time. */
const plain = (text: string) =>
  text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'WHEN')
    .replaceAll(first.slice(-8), 'FIRST')
    .replaceAll(second.slice(-8), 'SECOND');

t.test('query finds what was said, and shows it a line a record', async (t) => {
  const { code, out, err } = await wirescribe(night.folder, 'query', '--topics', 'session.input,session.output', `session=${first}`);
  t.strictSame([code, err], [0, '']);
  t.equal(
    plain(out),
    `WHEN 127.0.0.1 main FIRST < Welcome!
    Name: 
WHEN 127.0.0.1 main FIRST > connect bob ********
WHEN 127.0.0.1 main FIRST < You become bob.
    > 
WHEN bob main FIRST > say a dragon!
WHEN bob main FIRST < You say: a dragon!
    > 
WHEN bob main FIRST > say it is   red
WHEN bob main FIRST < You say: it is   red
    > 
WHEN bob main FIRST > quit
WHEN bob main FIRST < Bye.
`,
  );
});

t.test('what an event says stands in the line', async (t) => {
  t.equal(plain((await run('query', 'event=login')).out), 'WHEN 127.0.0.1 main FIRST = [login] bob logs in from 127.0.0.1\n');
  t.match((await run('export', first, '--format', 'text')).out, / = \[login\] bob logs in from 127\.0\.0\.1\n/);
});

t.test('a bare word stands in the text; a filter narrows; nothing found is exit 1', async (t) => {
  t.equal(plain((await run('query', 'dragon', 'direction=RCV')).out), 'WHEN bob main FIRST > say a dragon!\n');
  t.equal((await run('query', 'DRAG*', '--count')).out, '2\n');
  t.strictSame(await run('query', 'unicorn'), { code: 1, out: '', err: '' });
  t.strictSame(await run('query', 'unicorn', '--count'), { code: 1, out: '0\n', err: '' });
  t.equal((await run('query', 'account=bob', 'contains=is   red', '--count')).out, '2\n');
  t.equal((await run('query', 'data.reason__exists=true', '--topics', 'session.end', '--count')).out, '2\n');
  t.equal((await run('query', '--from', '2001-01-01', '--to', '2001-01-02', '--count')).code, 1);
  t.equal((await run('query', '--topics', 'session.input', '--order', 'desc', '--limit', '1')).out.slice(20).trim().split(' ').at(-1), 'quit');
});

t.test('what the proxy says of itself is left out where nothing asks for it, but for gaps and faults', async (t) => {
  const topicsOf = async (...args: string[]) => {
    const { out } = await run('query', '--json', ...args);
    const topics = out
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { readonly topic: string }).topic);
    return [...new Set(topics.map((topic) => topic.split('.')[0]))].toSorted();
  };
  t.strictSame(await topicsOf(), ['session']);
  t.strictSame(await topicsOf('--all'), ['access', 'audit', 'session']);
  t.strictSame(await topicsOf('--topics', 'access'), ['access']);
  t.strictSame(await topicsOf('system=true'), ['access', 'audit']);
  t.strictSame(await topicsOf('topic=audit.start'), ['audit']);
  t.match(plain((await run('tail', '-n', '1')).out), /^WHEN 127\.0\.0\.1 main SECOND = session ended/);
  t.match(plain((await run('tail', '-n', '1', '--all')).out), / = access\.view /);
});

t.test('query --json is the journal’s line, byte for byte', async (t) => {
  const { out } = await run('query', '--json', '--topics', 'session');
  const kept = auditLines(night.folder).filter((line) => line.includes('"topic":"session.'));
  t.strictSame(out.split('\n').slice(0, -1), kept);
});

t.test('query --verbose says who, where, what and when in full', async (t) => {
  const { out } = await run('query', 'dragon', 'direction=RCV', '--verbose');
  t.match(
    out,
    /^\d{4}-\d\d-\d\dT\S+Z {2}session\.input {2}\S{36}\n {2}who {4}bob, as bob, from 127\.0\.0\.1 port \d+\n {2}where {2}listener main, telnet, node north, session /,
  );
  t.match(out, / {2}what {3}> say a dragon!\n {2}also {3}exchange 2/);
});

t.test('what is not understood is exit 2, and is no look', async (t) => {
  const looks = () => auditLines(night.folder).filter((line) => line.includes('"topic":"access.')).length;
  await stored(night.folder);
  const before = looks();
  t.match(await wirescribe(night.folder, 'query', 'acount=bob'), { code: 2, out: '', err: /^AUDIT_QUERY: .*'account'/ });
  t.match(await run('query', '--order', 'up'), { code: 2, err: /^AUDIT_USAGE: --order wants/ });
  t.match(await run('query', '--limit', '-1'), { code: 2, err: /^AUDIT_USAGE: --limit wants/ });
  t.match(await run('sessions', 'contains=x'), { code: 2, err: /^AUDIT_QUERY: sessions are found by/ });
  t.match(await run('export', 'zzzz', '--format', 'text'), { code: 2, err: /^AUDIT_USAGE: SESSION wants/ });
  t.match(await run('export', first, '--format', 'cast'), { code: 2, err: /^AUDIT_USAGE: --format wants one of/ });
  t.match(await run('export', '--format', 'text'), { code: 2, err: /^AUDIT_USAGE: 'export' wants one SESSION/ });
  t.match(await run('replay', first, '--speed', '0'), { code: 2, err: /^AUDIT_USAGE: --speed wants/ });
  t.match(await run('replay', 'ffffffff'), { code: 2, err: /^AUDIT_USAGE: there is no session ffffffff/ });
  await stored(night.folder);
  t.equal(looks(), before);
});

t.test('sessions lists who was connected, the newest first', async (t) => {
  const { code, out } = await run('sessions');
  t.equal(code, 0);
  t.equal(
    plain(out.replaceAll(/ +\d+s /g, ' LONG ')),
    `${second} WHEN LONG - main 127.0.0.1 2> 3< closed by server\n${first} WHEN LONG bob main 127.0.0.1 4> 5< closed by server\n`
      .replaceAll(first.slice(-8), 'FIRST')
      .replaceAll(second.slice(-8), 'SECOND'),
  );
  t.match(JSON.parse((await run('sessions', 'account=BOB', '--json')).out), { session: first, accounts: ['bob'], inputs: 4 });
  t.equal((await run('sessions', '--open')).code, 1);
  t.equal((await run('sessions', '--limit', '1')).out.split('\n').length, 2);
  t.equal((await run('sessions', 'address=10.0.0.0/8')).code, 1);
});

t.test('tail gives the last ones', async (t) => {
  const { out } = await run('tail', '-n', '2', '--topics', 'session.input');
  t.equal(plain(out), 'WHEN 127.0.0.1 main SECOND > say hello\nWHEN 127.0.0.1 main SECOND > quit\n');
});

t.test('export jsonl is what verify accepts, export text is what people read', async (t) => {
  const path = join(night.folder, 'one.jsonl');
  t.match(await run('export', first.slice(0, 18), '--format', 'jsonl', '--out', path), { code: 0, out: '' });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.strictSame(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"topic":"session.')),
    auditLines(night.folder).filter((line) => line.includes('"topic":"session.') && line.includes(`"session":"${first}"`)),
  );
  t.match(await wirescribe(night.folder, 'verify', '--session', first, path), { code: 0, out: /^good: 13 records of 1 session/ });
  t.match(await run('export', first, '--format', 'jsonl', '--out', path), { code: 3, err: /^AUDIT_OUT: there is a file .* already/ });
  t.match((await run('export', second.slice(-8), '--format', 'text')).out, /^\S{36} .*\n(.*\n)+.*< Bye\.\n.*= session ended: closed, by server\n$/);
});

t.test('export as asciicast has what the screen was sent, and what was typed only where it is asked for', async (t) => {
  const cast = async (...more: string[]) =>
    (await run('export', first, '--format', 'asciicast-v2', ...more)).out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const [head, ...events] = await cast();
  t.match(head, { version: 2, width: 80, height: 24, title: /^main bob / });
  const shown = events.filter(([, code]) => code === 'o').map(([, , text]) => text);
  t.equal(
    shown.join('').startsWith('\x1b[1;32mWelcome!\x1b[0m\r\nName: \r\nYou become \x1b[33mbob\x1b[0m.\r\n> \r\nYou say: a dragon!\r\n> \r\n'),
    true,
  );
  t.notMatch(JSON.stringify(events), 'connect bob');
  t.match(JSON.stringify(await cast('--input')), 'connect bob ********');
});

t.test('replay into a pipe gives the same, in its time', async (t) => {
  const { code, out } = await run('replay', first, '--speed', '64', '--idle-limit', '0.05');
  t.equal(code, 0);
  t.match(out, /^\x1b\[1;32mWelcome!\x1b\[0m\r\nName: \r\nYou become \x1b\[33mbob\x1b\[0m\.\r\n> \r\nYou say: a dragon!\r\n/);
  t.match((await run('replay', first, '--speed', '64', '--input')).out, 'Name: connect bob ********\r\n');
});

t.test('replay on a terminal listens to keys, and puts the terminal back', async (t) => {
  const screen = new InTerminal(t, night, [process.execPath, CLI, 'replay', first, '--speed', '0.02']);
  await screen.shows('Welcome!');
  await screen.type(' ');
  await screen.type('q');
  t.equal(await screen.end(), 0);
  t.match(screen.out, /\x1b\[\?1049l\x1b\[\?25h\r+\n$/);
  t.notMatch(screen.out, 'Bye.');
});

t.test('on a terminal the pager takes it, and colours are on; NO_COLOR and --no-pager are heard', async (t) => {
  const shown = async (env: string[], ...args: string[]) => {
    const screen = new InTerminal(t, night, ['/usr/bin/env', '-u', 'NO_COLOR', '-u', 'FORCE_COLOR', ...env, process.execPath, CLI, ...args]);
    t.equal(await screen.end(), 0);
    return screen.out;
  };
  const words = ['query', 'contains=connect bob', 'direction=RCV'];
  t.match(await shown(['PAGER=sed s/^/PAGED:/'], ...words), /^PAGED:.*\x1b\[36mconnect bob \x1b\[2m\*{8}\x1b\[22m/);
  t.match(await shown(['PAGER=sed s/^/PAGED:/', 'NO_COLOR=1'], ...words), /^PAGED:[^\x1b]*> connect bob \*{8}\r\n$/);
  t.notMatch(await shown(['PAGER=sed s/^/PAGED:/'], ...words, '--no-pager'), /PAGED/);
});

t.test('a reader that leaves ends it quietly, and the look is recorded to its end', async (t) => {
  const child = spawn('bash', ['-c', `"$0" "$1" query --json | head -n 1; exit \${PIPESTATUS[0]}`, process.execPath, CLI], {
    cwd: night.folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdout.resume();
  const [code] = await once(child, 'close');
  t.strictSame([code, err], [0, '']);
});

t.test('tail -f goes on with what comes, each record once, and the running proxy records the look', async (t) => {
  const follower = spawn(process.execPath, [CLI, 'tail', '-f', '-n', '1', '--topics', 'session.input'], {
    cwd: night.folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  follower.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  await until(() => out.includes('> quit'), 'the last of before');
  const client = await night.program.connect();
  client.resume();
  for (let i = 0; i < 20; i++) client.write(`say number ${i}\r\n`);
  await until(() => out.includes('number 19\n'), 'what came');
  follower.kill('SIGINT');
  t.strictSame(await once(follower, 'close'), [0, null]);
  t.strictSame(
    [...out.matchAll(/> say number (\d+)$/gm)].map(([, number]) => Number(number)),
    Array.from({ length: 20 }, (_, i) => i),
  );
  const looks = () =>
    auditLines(night.folder)
      .filter((line) => line.includes('"method":"tail"'))
      .map((line) => JSON.parse(line).data.records);
  await until(() => looks().length === 8, 'all looks');
  t.strictSame(looks(), [null, 1, null, 1, null, 2, null, 21]);
  client.end();
});

t.test('stats says how large the store is and what it spans', async (t) => {
  await stored(night.folder);
  const { store } = JSON.parse((await wirescribe(night.folder, 'stats')).out);
  t.match(store, { sessions: 3, records: Number, bytes: Number, oldest: /^[0-9a-f-]{36}$/, newest: /^[0-9a-f-]{36}$/ });
  const without = await wirescribe(night.folder, 'stats', '--set', "AUDIT_CALLBACK='file'");
  t.equal(JSON.parse(without.out).store, null);
});

t.test('export jsonl of a session that something was erased of brings the words of that, and verify accepts it', async (t) => {
  const redacted = await wirescribe(night.folder, 'redact', '--session', second, '--part', 'body', '--why', 'asked for', '--yes');
  t.match(redacted, { code: 0, out: /^erased the body of \d+ records/ });
  await stored(night.folder);
  const path = join(night.folder, 'erased.jsonl');
  t.equal((await run('export', second, '--format', 'jsonl', '--out', path)).code, 0);
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  t.notMatch(lines.join(''), 'say hello');
  t.ok(lines.some((line) => line.includes('"topic":"access.redact"')));
  t.match(await wirescribe(night.folder, 'verify', '--session', second, path), { code: 0, out: /counted, no damage: \d+ redacted parts/ });
  t.match((await run('query', `session=${second}`, 'direction=RCV')).out, /> \(erased\)\n/);
});
