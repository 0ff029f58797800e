/** SIGHUP: what another configuration changes while sessions go on, and what it does not. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadSettings, type Settings } from '../../src/config/settings.js';
import { reloadable, sayWaiting } from '../../src/run/reload.js';
import { filesIn, folderOf, records, recordThat, settingsOf, spoolLines, startProgram, startProxy, startServer } from '../harness.js';
import { until } from '../wait.js';

const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True', 'AUDIT_MASK_PACKS=[]'];
const MASK = (word: string): string => `AUDIT_MASKS=[{'${word}': r'^${word} (?P<secret>.+)'}]`;

const settings = (...set: string[]): Settings =>
  loadSettings({ file: null, set: ['AUDIT_MASK_PACKS=[]', 'ADMIN_LISTEN=None', "NODE='n'", ...set], cwd: '/srv', env: {} });

const waits = (now: Settings, next: Settings): string[] => reloadable(now, next).waiting.map(sayWaiting);

const echoServer = (t: Test): Promise<string> => startServer(t, (socket) => socket.pipe(socket));

async function ask(client: Socket, line: string): Promise<void> {
  const answered = until(() => String(client.read() ?? '').includes(line), `the answer to ${line}`);
  client.write(`${line}\r\n`);
  await answered;
}

/** The settings of a running proxy, with some more. */
const settingsFor = (folder: string, upstream: string, ...set: string[]): Settings =>
  loadSettings({ file: null, set: settingsOf({ upstream, set: [...KEPT, ...set] }), cwd: folder, env: {} });

t.test('what is read at the start alone is said, and stays', (t) => {
  const now = settings("LISTEN='telnet://127.0.0.1:4000'", "UPSTREAM='telnet://u:1'");
  const next = settings(
    "LISTEN='telnet://127.0.0.1:4002'",
    "UPSTREAM='telnet://u:2'",
    "SPOOL_DIR='other'",
    "NODE='m'",
    'AUDIT_ACTIVATE=False',
    'AUDIT_IN=True',
  );
  t.same(waits(now, next), [
    'SPOOL_DIR needs a restart; it stays as it was',
    'NODE needs a restart; it stays as it was',
    "LISTEN needs a restart (the address of listener 'main'); it stays as it was",
    "AUDIT_ACTIVATE needs a restart (of listener 'main'); it stays as it was",
  ]);
  const { settings: made } = reloadable(now, next);
  t.match(made, {
    node: 'n',
    spool: { dir: '/srv/audit/spool' },
    listeners: [{ listen: { port: 4000 }, upstream: { port: 2 }, audit: { active: true, in: true } }],
  });
  const shown = Object.fromEntries(made.inForce.map(({ key, value }) => [key, value]));
  t.match(shown, { NODE: "'n'", LISTEN: "'telnet://127.0.0.1:4000'", UPSTREAM: "'telnet://u:2'", AUDIT_IN: 'True' });
  t.notSame(made.digest, next.digest, 'the digest is of what is in force');
  t.equal(reloadable(now, now).settings.digest, now.digest);
  t.same(reloadable(made, next).waiting.length, 4, 'and it still waits');
  t.end();
});

t.test('listeners that come and go wait for a restart; those that are there take up what is new of them', (t) => {
  const one = (name: string, more = '') => `{'name': '${name}', 'listen': 'telnet://127.0.0.1:0', 'upstream': 'telnet://u:1'${more}}`;
  const now = settings(`LISTENERS=[${one('a')}, ${one('b')}]`);
  const next = settings(`LISTENERS=[${one('c')}, ${one('b', ", 'max_sessions': 5")}]`);
  t.same(waits(now, next), ['LISTENERS needs a restart (which listeners there are); it stays as it was']);
  const { listeners } = reloadable(now, next).settings;
  t.match(listeners, [{ name: 'a' }, { name: 'b', limits: { maxSessions: 5 } }]);
  t.same(waits(now, settings(`LISTENERS=[${one('b')}, ${one('a')}]`)), []);
  t.end();
});

for (const threads of [undefined, 0] as const) {
  t.test(`sessions under way are masked by the new masks from what is said next, ${threads === 0 ? 'inline' : 'in threads'}`, async (t) => {
    const upstream = await echoServer(t);
    const given = { upstream, set: [...KEPT, MASK('pw')] };
    const { running, folder, connect } = await startProxy(t, given, threads === 0 ? { threads } : {});
    const client = await connect();
    await ask(client, 'pw hunter2secret');
    await running.reload(settingsFor(folder, upstream, MASK('key')));
    await ask(client, 'key other-secret9');
    await ask(client, 'say hunter2secret, other-secret9');
    await ask(client, 'pw still hidden');
    const another = await connect();
    await ask(another, 'key third-secret9');
    await ask(another, 'pw shown now');
    await running.stop();
    const said = new Set(records(folder).flatMap(({ direction, text }) => (direction === 'RCV' ? (text ?? '') : [])));
    const stars = '*'.repeat(13);
    const hidden = [`pw ${stars}`, `key ${stars}`, `say ${stars}, ${stars}`, `pw ${'*'.repeat(12)}`, `key ${stars}`, 'pw shown now'];
    t.same([...said].sort(), [...new Set(hidden)].sort(), 'a mask that is gone hides on in a session that knew it, for a while');
    for (const secret of ['hunter2secret', 'other-secret9', 'third-secret9']) t.notOk(spoolLines(folder).join('\n').includes(secret), secret);
    const configs = records(folder).filter(({ topic }) => topic === 'audit.config');
    t.same(configs.map(({ data }) => data?.digest).length, 2);
    t.not(configs[0]?.data?.digest, configs[1]?.data?.digest);
  });
}

t.test('the audit thread that is started anew after a reload has the new masks too', async (t) => {
  const upstream = await echoServer(t);
  const { running, folder, connect } = await startProxy(t, { upstream, set: KEPT });
  await running.reload(settingsFor(folder, upstream, MASK('key')));
  const dead = running.auditThread;
  await dead?.terminate();
  await until(() => running.auditThread && running.auditThread !== dead, 'another thread');
  const client = await connect();
  await ask(client, 'key other-secret9');
  await recordThat(folder, ({ text }) => text === `key ${'*'.repeat(13)}`, 'the masked line');
  t.notOk(spoolLines(folder).join('\n').includes('other-secret9'));
});

t.test('a mask that does not compile is refused with its place, and nothing has changed', async (t) => {
  const upstream = await echoServer(t);
  const { running, folder, connect } = await startProxy(t, { upstream, set: [...KEPT, MASK('pw')] });
  const bad = settingsFor(folder, upstream, "AUDIT_MASKS=[{'m': r'^pw (?P<secret>.+'}]", "AUDIT_CALLBACK='console'");
  await t.rejects(running.reload(bad), { code: 'AUDIT_MASK_PATTERN', place: { line: 1 } });
  t.same(
    running.callbacks.map(({ name }) => name),
    ['file'],
  );
  const client = await connect();
  await ask(client, 'pw hunter2secret');
  await running.stop();
  t.notOk(spoolLines(folder).join('\n').includes('hunter2secret'));
  t.equal(records(folder).filter(({ topic }) => topic === 'audit.config').length, 1);
});

const COLLECTS = `import { appendFileSync } from 'node:fs';
export default async ({ path }, context) => ({
  write: async (records) => appendFileSync(path, records.map(({ line }) => line + '\\n').join('')),
  close: async () => {},
});
`;

/** A callback of the operator's own that appends to a file. */
const collect = (folder: string, name: string): string => `{'use': './collect.mjs', 'name': '${name}', 'path': '${join(folder, name)}'}`;
const linesIn = (path: string): number => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0);

t.test('callbacks come, go, and are given other options, while records go on', async (t) => {
  const upstream = await echoServer(t);
  const folder = folderOf(t);
  writeFileSync(join(folder, 'collect.mjs'), COLLECTS);
  const list = (...names: string[]): string => `AUDIT_CALLBACK=['file', ${names.map((name) => collect(folder, name)).join(', ')}]`;
  const { running, logged, connect } = await startProxy(t, { upstream, folder, set: [...KEPT, list('one', 'two')] });
  const client = await connect();
  await ask(client, 'first');
  await until(() => linesIn(join(folder, 'two')) >= 3, 'what two has');
  await running.reload(settingsFor(folder, upstream, list('two', 'three')));
  t.same(
    running.callbacks.map(({ name }) => name),
    ['file', 'two', 'three'],
  );
  t.match(logged.at(-1), /^AUDIT_CURSOR: callback one is gone from the configuration; \d+ records that it had not taken are let go$/);
  await until(() => filesIn(join(folder, 'audit/spool/cursors'), /^one/).length === 0, 'its cursor to go');
  await ask(client, 'second');
  const [file, , three] = running.callbacks;
  const moved = list('two', 'three').replace(join(folder, 'two'), join(folder, 'elsewhere'));
  await running.reload(settingsFor(folder, upstream, moved));
  t.equal(running.callbacks[0], file, 'who is told the same goes on');
  t.equal(running.callbacks[2], three);
  await ask(client, 'third');
  await running.stop();
  const all = records(folder).length;
  t.equal(linesIn(join(folder, 'two')) + linesIn(join(folder, 'elsewhere')), all, 'it goes on where it stood');
  t.equal(linesIn(join(folder, 'three')), all, 'a new one begins with the oldest');
  t.ok(linesIn(join(folder, 'one')) < all);
  t.match(records(folder).filter(({ topic }) => topic === 'audit.config')[1]?.data, { retired: [{ callback: 'one' }] });
});

t.test('a callback that does not load is refused, and those that were there go on', async (t) => {
  const upstream = await echoServer(t);
  const folder = folderOf(t);
  writeFileSync(join(folder, 'collect.mjs'), COLLECTS);
  writeFileSync(join(folder, 'bad.mjs'), "throw new Error('hunter2');\n");
  const { running, connect } = await startProxy(t, { upstream, folder, set: [...KEPT, `AUDIT_CALLBACK=['file', ${collect(folder, 'one')}]`] });
  const next = `AUDIT_CALLBACK=['file', './bad.mjs', ${collect(folder, 'one').replace("'one'}", "'more'}")}]`;
  await t.rejects(running.reload(settingsFor(folder, upstream, next)), { code: 'AUDIT_CALLBACK_LOAD' });
  t.same(
    running.callbacks.map(({ name }) => name),
    ['file', 'one'],
  );
  const client = await connect();
  await ask(client, 'and on');
  await running.stop();
  t.equal(linesIn(join(folder, 'one')), records(folder).length);
});

t.test('a callback that was added and taken out holds nothing: the journal stays small', async (t) => {
  const upstream = await echoServer(t);
  const folder = folderOf(t);
  writeFileSync(join(folder, 'stuck.mjs'), 'export default (record) => { throw new Error(); };\n');
  const { running, connect } = await startProxy(t, { upstream, folder, set: [...KEPT, 'DRAIN_TIMEOUT_S=1'] }, { segmentBytes: 4_096 });
  const client = await connect();
  const segments = (): number => filesIn(join(folder, 'audit/spool'), /^\d+\.jsonl$/).length;
  await running.reload(settingsFor(folder, upstream, 'DRAIN_TIMEOUT_S=1', "AUDIT_CALLBACK=['file', {'use': './stuck.mjs', 'name': 'stuck'}]"));
  for (let line = 0; segments() < 4; line++) await ask(client, `line ${line} ${'x'.repeat(500)}`);
  await running.reload(settingsFor(folder, upstream, 'DRAIN_TIMEOUT_S=1'));
  await ask(client, 'after');
  await until(() => segments() <= 2, 'what it held to go');
});

t.test('limits and the server behind change for who comes next; who is there stays', async (t) => {
  const [first, second] = [await echoServer(t), await startServer(t, (socket) => socket.end('closed\r\n'))];
  const { running, folder, connect } = await startProxy(t, { upstream: first, set: KEPT });
  const client = await connect();
  await ask(client, 'before');
  await running.reload(settingsFor(folder, second));
  const next = await connect();
  next.setEncoding('latin1');
  t.same(await once(next, 'data'), ['closed\r\n']);
  next.destroy();
  await ask(client, 'after');
  await until(() => running.sessions === 1, 'the second to be gone');
  const limited = settingsFor(folder, first);
  const [listener] = limited.listeners;
  if (!listener) throw new Error('no listener');
  await running.reload({ ...limited, listeners: [{ ...listener, limits: { ...listener.limits, maxSessions: 1 } }] });
  const refused = await connect();
  refused.resume();
  await once(refused, 'end');
  refused.destroy();
  await ask(client, 'still here');
});

t.test('the program: SIGHUP takes up the file, says what waits, and a bad one changes nothing', async (t) => {
  const upstream = await echoServer(t);
  const folder = folderOf(t);
  const write = (more: string): void => writeFileSync(join(folder, 'server.conf'), `AUDIT_IN = True; AUDIT_MASK_PACKS = []\n${more}\n`);
  write("AUDIT_MASKS = [{'pw': r'^pw (?P<secret>.+)'}]");
  const program = await startProgram(t, { upstream, folder });
  const client = await program.connect();
  await ask(client, 'pw hunter2secret');
  write("AUDIT_MASKS = [{'key': r'^key (?P<secret>.+)'}]; NODE = 'other'");
  program.child.kill('SIGHUP');
  await until(() => program.printed.includes('the configuration was read again'), 'the reload');
  t.match(program.printed, '\nNODE needs a restart; it stays as it was\n');
  await ask(client, 'key other-secret9');
  write("AUDIT_MASKS = [{'key': r'^key (?P<secret>.+'}]");
  program.child.kill('SIGHUP');
  await until(() => program.printed.includes('nothing was changed'), 'the refusal');
  t.match(program.printed, /^AUDIT_MASK_PATTERN: server\.conf:2:\d+: .*\nnothing was changed; the configuration in force stays$/m);
  await ask(client, 'key third-secret9');
  t.equal(await program.end(), 0);
  const said = records(folder).flatMap(({ direction, text }) => (direction === 'RCV' ? (text ?? '') : []));
  t.same(said, [`pw ${'*'.repeat(13)}`, `key ${'*'.repeat(13)}`, `key ${'*'.repeat(13)}`]);
  const configs = records(folder).flatMap(({ topic, data }) => (topic === 'audit.config' ? data : []));
  t.match(configs, [{ digest: /^[0-9a-f]{64}$/ }, { digest: /^[0-9a-f]{64}$/, waits: ['NODE'] }]);
});

t.test('the program: what is said on stderr is JSON where that is asked for', async (t) => {
  const folder = folderOf(t);
  const cli = join(import.meta.dirname, '../../src/cli.js');
  const { status, stderr } = spawnSync(process.execPath, [cli, 'run', '--log', 'json', '--set', 'ADMIN_LISTEN=None'], {
    cwd: folder,
    encoding: 'utf8',
  });
  t.equal(status, 2);
  t.match(JSON.parse(stderr), { level: 'error', code: 'AUDIT_USAGE', msg: /^there is nothing to listen on/ });
});

t.test('the program answers on ADMIN_LISTEN: well, ready, and how much of what; a default that is taken is given up', async (t) => {
  const upstream = await echoServer(t);
  const { running, connect, folder } = await startProxy(t, { upstream, set: [...KEPT, MASK('pw'), "ADMIN_LISTEN='http://127.0.0.1:0'"] });
  const client = await connect();
  await ask(client, 'pw hunter2secret');
  await recordThat(folder, ({ text }) => text?.startsWith('pw *') ?? false, 'the line');
  const get = async (path: string) => {
    const answer = await fetch(`${running.admin}${path}`);
    return [answer.status, await answer.text()] as const;
  };
  t.same(await get('/healthz'), [200, '{"healthy":true}\n']);
  t.same(await get('/readyz'), [200, '{"ready":true}\n']);
  const [, text] = await get('/metrics');
  t.match(text, 'wirescribe_sessions{listener="main"} 1\n');
  t.match(text, 'wirescribe_bytes_total{listener="main",direction="RCV"} 18\n');
  t.match(text, 'wirescribe_records_total{topic="session.input"} 1\n');
  t.match(text, 'wirescribe_masked_total{mask="pw"} ');
  t.match(text, /wirescribe_callback_records_total\{callback="file"\} \d+\n/);
  t.match(text, /wirescribe_spool_bytes \d+\n/);
  t.notMatch(text, 'hunter2');
  const taken = String(running.admin);
  await t.rejects(startProxy(t, { upstream, set: [`ADMIN_LISTEN='${taken}'`] }), { code: 'AUDIT_LISTEN' });
  await running.stop();
  await t.rejects(fetch(`${taken}/healthz`));
});
