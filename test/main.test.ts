import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { loadSettings } from '../src/config/settings.js';
import { run } from '../src/main.js';
import { describeListener } from '../src/run/running.js';
import { lockSpool } from '../src/spool/lock.js';
import { verifyFiles, verifySpool } from '../src/view/verify.js';
import { auditFiles, auditLines, folderOf, records, recordThat, startProgram, startProxy, startServer, type Written } from './harness.js';
import { until } from './wait.js';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../src/record/record.schema.json'), 'utf8'));
const validate = new Ajv2020.default({ allErrors: true }).compile(schema);
const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True'];
const QUIET = { info: () => undefined, warn: () => undefined };

/** A server that says back what it is told. */
const echoServer = (t: Test): Promise<string> => startServer(t, (socket) => void socket.pipe(socket));

/** Says a line and waits until it has come back. */
async function ask(socket: Socket, line: string): Promise<void> {
  let got = '';
  if (socket.listenerCount('end') < 2) socket.once('end', () => socket.end());
  const hear = (bytes: Buffer): void => {
    got += bytes.toString('latin1');
  };
  socket.on('data', hear);
  socket.write(`${line}\r\n`);
  await until(() => got.endsWith(`${line}\r\n`), `the answer to ${line}`);
  socket.off('data', hear);
}

/** All records are records to the schema, and the evidence holds. */
async function sound(t: Test, folder: string): Promise<void> {
  const refused = auditLines(folder).filter((line) => !validate(JSON.parse(line)));
  t.same(refused, []);
  t.match(await verifyFiles(auditFiles(folder)), { ok: true, doubles: 0, parts: 0 });
  t.match(await verifySpool(join(folder, 'audit/spool')), { ok: true });
}

const topics = (records: readonly Written[]): string[] => records.map(({ topic }) => topic);
const ofSession = (all: readonly Written[], session: string | undefined): Written[] => all.filter((record) => record.session === session);

for (const threads of [undefined, 0] as const) {
  const how = threads === 0 ? 'inline' : 'in threads';
  t.test(`${how}: a session from its start to its end, in the file, before audit.stop and the last checkpoint`, async (t) => {
    const { running, folder, connect } = await startProxy(t, { upstream: await echoServer(t), set: KEPT }, threads === 0 ? { threads } : {});
    const client = await connect();
    await ask(client, 'say hello, north');
    t.equal(running.sessions, 1);
    await running.stop();
    const all = records(folder);
    t.same(topics(all.filter(({ session }) => !session)), ['audit.start', 'audit.config', 'audit.stop', 'audit.checkpoint']);
    const own = ofSession(all, all.find(({ session }) => session)?.session);
    t.same(topics(own), ['session.start', 'session.input', 'session.output', 'session.end']);
    t.match(own.at(-1)?.data, { reason: 'shutdown', by: 'wirescribe', bytes_in: 18, bytes_out: 18 });
    t.match(all.at(-1)?.data, { reason: 'stop', sessions: [[own[0]?.session, 0, own[0]?.hash, 3, own[3]?.hash]] });
    await sound(t, folder);
  });
}

t.test("tags are the same for as long as the spool has its key, and the style is the configuration's", async (t) => {
  const upstream = await echoServer(t);
  const said: (string | undefined)[] = [];
  let place: string | undefined;
  for (const style of ['tag', 'tag', 'fixed']) {
    const set = [...KEPT, `AUDIT_MASK_STYLE='${style}'`];
    const { running, folder, connect } = await startProxy(t, { upstream, set, ...(place ? { folder: place } : {}) }, { threads: 0 });
    place = folder;
    await ask(await connect(), 'connect bob hunter2hunter2');
    await running.stop();
    said.push(
      ...records(folder)
        .slice(-5)
        .map(({ text }) => text),
    );
    t.equal(statSync(join(folder, 'audit/spool/tag.key')).mode & 0o777, 0o600);
  }
  const texts = said.filter((text) => text !== undefined);
  t.match(texts[0], /^connect bob <masked:connect:[0-9a-f]{8}>$/);
  t.same(texts, [...Array.from({ length: 4 }, () => texts[0]), ...Array.from({ length: 2 }, () => 'connect bob ********')]);
  await sound(t, place ?? '');
});

t.test('the audit thread ends under load: sessions go on, their chains have gaps, and the fault is said', async (t) => {
  const { running, folder, connect } = await startProxy(t, { upstream: await echoServer(t), set: KEPT });
  const clients = await Promise.all(Array.from({ length: 5 }, connect));
  for (const [index, client] of clients.entries()) await ask(client, `before ${index}`);
  await recordThat(folder, ({ text }) => text === 'before 4', 'a record of before');
  const load = clients.map(async (client, index) => {
    for (let line = 0; line < 100; line++) await ask(client, `during ${index} ${line}`);
  });
  const dead = running.auditThread;
  await dead?.terminate();
  await Promise.all(load);
  await until(() => running.auditThread && running.auditThread !== dead, 'another thread');
  // What a session says first behind the gap ends its open line; the second line is whole.
  await recordThat(folder, ({ topic, session }) => topic === 'audit.gap' && !session, 'the gap of the node');
  for (const [index, client] of clients.entries()) {
    await ask(client, 'open line');
    await ask(client, `after ${index}`);
  }
  const newcomer = await connect();
  await ask(newcomer, 'new');
  await running.stop();
  const all = records(folder);
  t.same(
    all.filter(({ topic }) => topic === 'audit.fault').map(({ data }) => data),
    [{ code: 'audit-thread', stage: 'process', count: 1 }],
  );
  for (let index = 0; index < clients.length; index++) {
    const own = ofSession(all, all.find(({ text }) => text === `before ${index}`)?.session);
    const gaps = own.filter(({ topic, data }) => topic === 'audit.gap' && data?.reason === 'audit-restarted');
    t.same(
      gaps.map(({ data }) => [data?.direction, data?.bytes, data?.records]),
      [
        ['RCV', null, null],
        ['SND', null, null],
      ],
    );
    t.ok(own.some(({ text, topic }) => topic === 'session.input' && text === `after ${index}`));
    t.same(
      topics(own).filter((topic) => topic === 'session.start' || topic === 'session.end'),
      ['session.start', 'session.end'],
    );
  }
  t.ok(all.some(({ text }) => text === 'new'));
  await sound(t, folder);
});

t.test('it may end again and again', async (t) => {
  const { running, folder, connect } = await startProxy(t, { upstream: await echoServer(t), set: KEPT });
  const client = await connect();
  for (let round = 0; round < 3; round++) {
    const dead = running.auditThread;
    await dead?.terminate();
    await ask(client, `while there is none ${round}`);
    await until(() => running.auditThread && running.auditThread !== dead, 'another thread');
  }
  await recordThat(folder, ({ topic, data }) => topic === 'audit.fault' && data?.code === 'audit-thread', 'the fault');
  await ask(client, 'open line');
  await ask(client, 'whole');
  // Behind a restart a line that is not known to have come back is hidden.
  await recordThat(folder, ({ topic, text }) => topic === 'session.input' && (text === 'whole' || text === '********'), 'the last line');
  await running.stop();
  await sound(t, folder);
});

t.test('stop resolves quickly though a peer never closes, and frees spool and port', async (t) => {
  const { running, folder, connect, address } = await startProxy(t, { upstream: await startServer(t, () => undefined), set: KEPT });
  await connect();
  await recordThat(folder, ({ topic }) => topic === 'session.start', 'the session');
  const from = performance.now();
  await running.stop();
  t.ok(performance.now() - from < 4_000);
  t.match(records(folder).at(-3), { topic: 'session.end', data: { reason: 'shutdown' } });
  lockSpool(join(folder, 'audit/spool')).release();
  const port = address.scheme === 'unix' ? 0 : address.port;
  await startProxy(t, { upstream: 'telnet://127.0.0.1:1', listen: `telnet://127.0.0.1:${port}` });
});

t.test('the chain of the node goes on over restarts', async (t) => {
  const folder = folderOf(t);
  const upstream = await echoServer(t);
  for (let start = 0; start < 3; start++) {
    const { running, connect } = await startProxy(t, { upstream, set: KEPT, folder });
    await ask(await connect(), `start ${start}`);
    await running.stop();
  }
  const node = records(folder).filter(({ session }) => !session);
  t.same(
    node.map(({ seq }) => seq),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  await sound(t, folder);
});

t.test('AUDIT_ACTIVATE = False is a plain proxy: no spool, no thread, no file', async (t) => {
  const { running, folder, connect } = await startProxy(t, { upstream: await echoServer(t), set: ['AUDIT_ACTIVATE=False'] });
  await ask(await connect(), 'hello');
  t.equal(running.auditThread, undefined);
  const request = { part: 'body', pattern: 'hello', by: 'op', why: 'asked' } as const;
  for (const look of [true, false])
    await t.rejects(
      running.redact(request, look, () => undefined),
      { code: 'AUDIT_USAGE' },
    );
  await running.stop();
  t.notOk(existsSync(join(folder, 'audit')));
});

t.test('an upstream that is down: the session is in the record, with the reason', async (t) => {
  const { running, folder, connect } = await startProxy(t, { upstream: `unix:${join(folderOf(t), 'none')}`, set: KEPT });
  const client = await connect();
  client.resume();
  await once(client, 'end');
  client.end();
  await running.stop();
  const all = records(folder).filter(({ session }) => session);
  t.same(topics(all), ['session.start', 'session.end']);
  t.same(all[1]?.data, { reason: 'upstream-missing', by: 'server', bytes_in: 0, bytes_out: 0 });
  await sound(t, folder);
});

const settingsIn = (folder: string, ...set: string[]) =>
  loadSettings({ file: null, set: ["LISTEN='telnet://127.0.0.1:0'", "UPSTREAM='telnet://127.0.0.1:1'", ...set], cwd: folder, env: {} });

/** `run` refuses, and leaves nothing running: the spool can be taken, the folder is as it was. */
async function refused(t: Test, folder: string, error: { code: string; message?: RegExp | string }, ...set: string[]): Promise<void> {
  await t.rejects(run(settingsIn(folder, ...set), { version: '0.0.0', log: QUIET }), error);
}

t.test('a spool folder that cannot be made is refused with its path', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'audit'), 'a file');
  await refused(t, folder, { code: 'AUDIT_SPOOL', message: /audit\/spool cannot be written \(E\w+\)/ });
});

t.test('a spool folder that is not ours to write is refused', { skip: process.getuid?.() === 0 && 'root may write everywhere' }, async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'audit'), { mode: 0o500 });
  t.teardown(() => chmodSync(join(folder, 'audit'), 0o700));
  await refused(t, folder, { code: 'AUDIT_SPOOL', message: /EACCES/ });
});

t.test('a spool of a newer version is refused, and left as it was', async (t) => {
  const folder = folderOf(t);
  const spool = join(folder, 'audit/spool');
  mkdirSync(spool, { recursive: true });
  writeFileSync(join(spool, 'state'), '{"version":2}');
  await refused(t, folder, {
    code: 'AUDIT_SPOOL',
    message: `the spool ${spool} was written by a newer wirescribe; use that one, or another SPOOL_DIR`,
  });
  t.equal(readFileSync(join(spool, 'state'), 'utf8'), '{"version":2}');
  lockSpool(spool).release();
});

t.test('a spool that another process has is refused', async (t) => {
  const folder = folderOf(t);
  const lock = lockSpool(join(folder, 'audit/spool'));
  await refused(t, folder, { code: 'AUDIT_SPOOL_OWNED' });
  lock.release();
});

t.test('a port in use is refused, and what was started is stopped again', async (t) => {
  const folder = folderOf(t);
  const url = await echoServer(t);
  await refused(t, folder, { code: 'AUDIT_LISTEN', message: new RegExp(`^${url} is in use`) }, `LISTEN='${url}'`);
  lockSpool(join(folder, 'audit/spool')).release();
});

t.test('a callback that does not load is refused, and what was started is stopped again', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'mine.mjs'), 'throw new Error("hunter2")');
  await refused(t, folder, { code: 'AUDIT_CALLBACK_LOAD' }, "AUDIT_CALLBACK='./mine.mjs'");
  lockSpool(join(folder, 'audit/spool')).release();
});

t.test('a listener in one line', async (t) => {
  const listen = { scheme: 'telnet', host: '::1', port: 4000 } as const;
  t.equal(describeListener({ name: 'main', listen, upstream: { scheme: 'unix', path: '/run/game' } }), 'main  telnet://[::1]:4000 -> unix:/run/game');
});

const noLimits = spawnSync('prlimit', ['--version']).status === 0 ? false : 'needs prlimit (util-linux)';

t.test('a stop while the spool cannot be written says that something is lost, and exits 3', { skip: noLimits }, async (t) => {
  const program = await startProgram(t, { upstream: await echoServer(t), set: ['AUDIT_IN=True', 'AUDIT_OUT=True', 'DRAIN_TIMEOUT_S=1'] });
  const pid = String(program.child.pid);
  t.equal(spawnSync('prlimit', ['--pid', pid, '--fsize=1024:unlimited']).status, 0);
  const client = await program.connect();
  const failed = (): boolean => {
    client.write(`${'a long line, '.repeat(100)}\r\n`);
    return program.printed.includes('the spool cannot be written (EFBIG)');
  };
  await until(failed, 'the spool to fail');
  client.destroy();
  t.equal(await program.end(), 3);
  t.match(program.printed, 'AUDIT_SPOOL: the spool did not take all that was recorded; what came last is lost');
});

t.test('a callback that is gone from the configuration is said, with what it had not taken, and its cursor goes', async (t) => {
  const upstream = await echoServer(t);
  const folder = folderOf(t);
  writeFileSync(join(folder, 'stuck.mjs'), 'export default (record) => new Promise(() => {});\n');
  const both = "AUDIT_CALLBACK=['file', {'use': './stuck.mjs', 'name': 'stuck'}]";
  const first = await startProxy(t, { upstream, set: [...KEPT, both, 'DRAIN_TIMEOUT_S=1'], folder });
  await ask(await first.connect(), 'say hello');
  await first.running.stop();
  const before = records(folder).length;
  const cursor = join(folder, 'audit/spool/cursors/stuck.json');
  t.ok(existsSync(cursor));
  const second = await startProxy(t, { upstream, set: [...KEPT, "AUDIT_CALLBACK='file'"], folder });
  await until(() => !existsSync(cursor), 'its cursor to go');
  t.match(second.logged[0], /^AUDIT_CURSOR: callback stuck is gone from the configuration; \d+ records that it had not taken are let go$/);
  await second.running.stop();
  const after = records(folder).slice(before);
  t.same(topics(after).slice(0, 2), ['audit.start', 'audit.config']);
  t.match(after[1]?.data, { digest: String, retired: [{ callback: 'stuck', records: before, from: '1:0' }] });
  const third = await startProxy(t, { upstream, set: [...KEPT, "AUDIT_CALLBACK='file'"], folder });
  const segments = () => readdirSync(join(folder, 'audit/spool')).filter((name) => name.endsWith('.jsonl'));
  await until(() => segments().length === 1, 'nothing to be held for it');
  await third.running.stop();
  t.equal(records(folder).filter(({ data }) => data?.retired).length, 1, 'once');
});
