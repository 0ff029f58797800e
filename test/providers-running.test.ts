/** Modules of AUDIT_PROVIDERS in a running proxy, in its audit thread and inline: loaded, asked, replaced by a reload, left alone by a stop. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadSettings, type Settings } from '../src/config/settings.js';
import { verifyFiles } from '../src/view/verify.js';
import { auditFiles, folderOf, records, settingsOf, spoolLines, startProxy, startServer, type Written } from './harness.js';
import { until } from './wait.js';

const CLI = join(import.meta.dirname, '../src/cli.js');
const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True'];

const echoServer = (t: Test): Promise<string> => startServer(t, (socket) => socket.pipe(socket));

async function ask(client: Socket, line: string): Promise<void> {
  const answered = until(() => String(client.read() ?? '').includes(line), `the answer to ${line}`);
  client.write(`${line}\r\n`);
  await answered;
}

/** A folder with modules of these sources. */
function folderWith(t: Test, modules: { readonly [name: string]: string }): string {
  const folder = folderOf(t);
  for (const [name, source] of Object.entries(modules)) writeFileSync(join(folder, `${name}.mjs`), source);
  return folder;
}

const settingsFor = (folder: string, upstream: string, ...set: string[]): Settings =>
  loadSettings({ file: null, set: settingsOf({ upstream, set: [...KEPT, ...set] }), cwd: folder, env: {} });

const inputs = (folder: string): Written[] => records(folder).filter(({ topic }) => topic === 'session.input');
const customs = (folder: string): unknown[] => inputs(folder).map(({ text, ...record }) => [text, (record as { custom?: unknown }).custom]);

const LATER = `import { setTimeout } from 'node:timers/promises';
export default async ({ text }) => { await setTimeout(5); return text && { length: text.length, leak: text + ' hunter2' }; };`;

for (const threads of [undefined, 0] as const) {
  const where = threads === 0 ? 'inline' : 'in threads';

  t.test(`what modules answer later is recorded, to a session's very end, and the chain holds, ${where}`, async (t) => {
    const upstream = await echoServer(t);
    const folder = folderWith(t, { later: LATER, drops: "export const beforeRecord = ({ text }) => (text === 'drop me' ? null : undefined);" });
    const set = [...KEPT, "AUDIT_PROVIDERS=['./later.mjs', './drops.mjs']"];
    const { running, connect } = await startProxy(t, { upstream, set, folder }, threads === 0 ? { threads } : {});
    const client = await connect();
    for (const line of ['connect bob hunter2', 'drop me', 'look']) await ask(client, line);
    client.end();
    await until(() => running.sessions === 0, 'the end of the session');
    await running.stop();
    t.strictSame(customs(folder), [
      ['connect bob ********', { later: { length: 20, leak: 'connect bob ****************' } }],
      ['look', { later: { length: 4, leak: 'look ********' } }],
    ]);
    const end = records(folder).find(({ topic }) => topic === 'session.end');
    t.match(end?.data, { reason: 'closed', dropped: 2 });
    t.notOk(spoolLines(folder).join('').includes('hunter2'));
    t.ok((await verifyFiles(auditFiles(folder))).ok);
  });

  t.test(`a module that fails is named in one audit.fault, however often it does, ${where}`, async (t) => {
    const upstream = await echoServer(t);
    const folder = folderWith(t, {
      bad: "export default () => { throw new Error('hunter2'); };",
      hangs: 'export default () => new Promise(() => {});',
    });
    const set = [...KEPT, "AUDIT_PROVIDERS=['./bad.mjs', {'use': './hangs.mjs', 'timeout_ms': 10}]"];
    const { running, connect } = await startProxy(t, { upstream, set, folder }, threads === 0 ? { threads } : {});
    const client = await connect();
    for (const line of ['look', 'north', 'south']) await ask(client, line);
    await running.stop();
    t.strictSame(
      customs(folder),
      ['look', 'north', 'south'].map((line) => [line, undefined]),
    );
    const faults = records(folder).flatMap(({ topic, data }) => (topic === 'audit.fault' ? [data] : []));
    t.strictSame(faults, [
      { code: 'provider-threw', stage: 'provider', count: 1, provider: 'bad' },
      { code: 'provider-late', stage: 'provider', count: 1, provider: 'hangs' },
    ]);
    t.notOk(spoolLines(folder).join('').includes('hunter2'));
  });

  t.test(`a reload takes up other modules for sessions under way, and refuses one that does not load, ${where}`, async (t) => {
    const upstream = await echoServer(t);
    const folder = folderWith(t, { one: 'export default () => 1;', two: 'export default () => 2;', none: 'export const x = 1;' });
    const given = { upstream, set: [...KEPT, "AUDIT_PROVIDERS=['./one.mjs']"], folder };
    const { running, connect } = await startProxy(t, given, threads === 0 ? { threads } : {});
    const client = await connect();
    for (const line of ['first', 'look']) await ask(client, line);
    await until(() => spoolLines(folder).join('').includes('"look"'), 'the first record');
    await t.rejects(running.reload(settingsFor(folder, upstream, "AUDIT_PROVIDERS=['./none.mjs']")), {
      code: 'AUDIT_PROVIDER',
      place: { column: 18 },
    });
    await running.reload(settingsFor(folder, upstream, "AUDIT_PROVIDERS=['./two.mjs']"));
    await ask(client, 'north');
    await running.stop();
    t.strictSame(customs(folder), [
      ['first', { one: 1 }],
      ['look', { one: 1 }],
      ['north', { two: 2 }],
    ]);
  });
}

t.test('a start with a module that does not load is refused with its place, by check and by run', async (t) => {
  const folder = folderOf(t);
  writeFileSync(
    join(folder, 'server.conf'),
    "LISTEN = 'tcp://127.0.0.1:0'\nUPSTREAM = 'tcp://127.0.0.1:1'\nADMIN_LISTEN = None\nAUDIT_PROVIDERS = ['./gone.mjs']\n",
  );
  for (const command of ['check', 'run']) {
    const { status, stderr } = spawnSync(process.execPath, [CLI, command], { cwd: folder, encoding: 'utf8' });
    t.equal(status, 2, command);
    t.match(stderr, /^AUDIT_PROVIDER: server\.conf:4:20: the provider 'gone' does not load \(ERR_MODULE_NOT_FOUND\)/m, command);
  }
});

t.test('check shows events, exclusions and providers in force, the secrets of their options starred', async (t) => {
  const folder = folderWith(t, { mine: 'export default () => undefined;' });
  const provider = "AUDIT_PROVIDERS = [{'use': './mine.mjs', 'token': 'hunter2', 'timeout_ms': 20}]";
  const lines = [
    provider,
    "AUDIT_EVENTS = [{'code': 'a', 'pattern': 'b'}]",
    "AUDIT_EXCLUDE = {'': [{'network': '10.0.0.0/8'}]}",
    'AUDIT_SYSTEM_EVENTS = False',
  ];
  writeFileSync(join(folder, 'server.conf'), `${lines.join('\n')}\n`);
  const { stdout, stderr } = spawnSync(process.execPath, [CLI, 'check', '--print'], { cwd: folder, encoding: 'utf8' });
  t.equal(stderr, '');
  for (const line of [provider.replace('hunter2', '********'), ...lines.slice(1)]) t.ok(stdout.includes(line), `${line} in ${stdout}`);
});

t.test('without system events nothing is said of the configuration, and the start and the stop are', async (t) => {
  const upstream = await echoServer(t);
  const { running, folder } = await startProxy(t, { upstream, set: ['AUDIT_SYSTEM_EVENTS=False'] });
  await running.reload(settingsFor(folder, upstream, 'AUDIT_SYSTEM_EVENTS=False', 'AUDIT_IN=False'));
  await running.stop();
  const topics = records(folder).map(({ topic }) => topic);
  t.ok(topics.includes('audit.start') && topics.includes('audit.stop'));
  t.notOk(topics.includes('audit.config'));
});
