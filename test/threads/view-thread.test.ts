/** The API of a real proxy, with its threads and a real store: what is recorded is seen, by those who may, and every look is recorded. */
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openAudit } from '../../src/api.js';
import { tokenCommand } from '../../src/commands/token.js';
import { readCommandLine } from '../../src/config/usage.js';
import type { AuditRecord } from '../../src/contract.js';
import { type Client, connect } from '../../src/view/client.js';
import { records, recordThat, type StartedProxy, startProxy, startServer } from '../harness.js';
import { wirescribe } from '../redaction.js';
import { get, Rpc } from '../view/api/serve.js';
import { until } from '../wait.js';

const KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True', "AUDIT_OUT_UNIT='line'", "ADMIN_LISTEN='http://127.0.0.1:0'"];
/** The server's word is what it was told to say: `You are bob` logs bob in. */
const NAMES = `AUDIT_IDENTITY=[{'pattern': r'You are (?P<account>\\w+)'}]`;

async function proxyWith(t: Test, set: readonly string[], options: object = {}) {
  const upstream = await startServer(t, (socket) => socket.pipe(socket));
  const proxy = await startProxy(t, { upstream, set: [...KEPT, NAMES, ...set] }, options);
  const token = async (...words: string[]): Promise<string> => {
    const printed = await tokenCommand(readCommandLine(['token', ...words]), join(proxy.folder, 'audit/spool'));
    return printed.trimEnd().split('\n').at(-1) ?? '';
  };
  const admin = String(proxy.running.admin);
  const client = async (...words: string[]): Promise<Client> => {
    const made = await connect(admin, { token: await token('create', ...words) });
    t.teardown(() => made.close());
    return made;
  };
  return { ...proxy, admin, token, client };
}

/** A session that says these lines, each once the one before was echoed. */
async function talk(proxy: StartedProxy, lines: readonly string[]): Promise<void> {
  const socket = await proxy.connect();
  let echoed = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    echoed += text;
  });
  let said = '';
  for (const line of lines) {
    said += `${line}\r\n`;
    socket.write(`${line}\r\n`);
    await until(() => echoed === said, line);
  }
  socket.end();
  await once(socket, 'close');
}

/** Waits until so many sessions have ended in the store. */
const ended = (client: Client, count: number): Promise<unknown> =>
  until(async () => (await client.sessions({ open: false })).sessions.length === count, 'the store');

const STORE = "AUDIT_CALLBACK=['file', 'store']";

t.test('what is recorded is seen as it comes, and every look is recorded', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  const anna = await proxy.client('anna', '--role', 'moderator');
  await talk(proxy, ['first words']);
  const seen: string[] = [];
  const follow = (async () => {
    for await (const { topic, text } of anna.events({ topics: ['session.input'], follow: true })) if (seen.push(`${topic} ${text}`) === 3) return;
  })();
  await until(() => seen.length === 1, 'what there was');
  await talk(proxy, ['second words', 'third words']);
  await follow;
  t.same(seen, ['session.input first words', 'session.input second words', 'session.input third words']);
  const looked = await recordThat(proxy.folder, ({ topic, data }) => topic === 'access.view' && data?.records !== null, 'the record of the look');
  t.match(looked, { data: { role: 'moderator', how: 'rpc', method: 'audit.events', filter: {}, session: null, from: null, to: null, records: 3 } });
  t.notOk('session' in looked, 'it is of the node');
});

t.test('whoever sees bob alone learns nothing of alice, who was in the same session', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['before', 'You are bob', 'of bob', 'You are alice', 'of alice', 'You are bob', 'bob again']);
  await talk(proxy, ['You are alice', 'alone']);
  const all = await proxy.client('all', '--role', 'operator');
  const bob = await proxy.client('bob', '--role', 'operator', '--scope', 'own', '--account', 'Bob');
  await ended(all, 2);
  const whole = await all.sessions({ order: 'asc' });
  const [both, alone] = whole.sessions;
  t.same(both?.accounts.toSorted(), ['alice', 'bob']);
  const filters = [
    undefined,
    { account: 'alice' },
    { account: ['alice', 'bob'] },
    { any: [{ account: 'alice' }, { listener: 'main' }, { session: both?.session }] },
    { session: [both?.session, alone?.session] },
    { session: alone?.session },
    { words: 'alice' },
    { contains: 'alice' },
    { pattern: 'al.ce' },
    { text__contains: 'alice' },
    { account__exists: false },
    { session__exists: false },
    { faulty: false },
    { system: true },
  ];
  for (const filter of filters) {
    for (const raw of [false, true]) {
      const ask = { raw, ...(filter ? { filter: filter as never } : {}) };
      const accounts = new Set<unknown>();
      for await (const { account } of bob.events(ask)) accounts.add(account);
      t.ok(
        [...accounts].every((account) => account === 'bob'),
        JSON.stringify(ask),
      );
    }
  }
  const own: unknown[] = [];
  for await (const { text } of bob.events({ topics: ['session.input'] })) own.push(text);
  t.same(own, ['of bob', 'You are alice', 'bob again']);
  for await (const { id, account, topic, data } of all.events()) {
    const found: unknown[] = [];
    for await (const record of bob.events({ filter: { id } })) found.push(record.account);
    const namesAlice = topic === 'session.identity' && JSON.stringify(data).includes('"alice"');
    t.same(found, account === 'bob' && !namesAlice ? ['bob'] : [], 'by its id');
  }
  t.match(await bob.sessions(), { sessions: [{ session: both?.session, accounts: ['bob'] }], next: null });
  t.same(await bob.sessions({ account: 'alice' }), { sessions: [], next: null });
  t.same(await bob.sessions({ session: String(alone?.session) }), { sessions: [], next: null });
  await t.rejects(bob.session(String(alone?.session)), { code: 'AUDIT_NOT_ONE' });
  t.notMatch(JSON.stringify(await bob.session(String(both?.session))), 'alice');
  await t.rejects(bob.metrics({ path: 'inputs' }), { code: 'AUDIT_FORBIDDEN' });
  await t.rejects(bob.metrics({ path: 'inputs/account/alice' }), { code: 'AUDIT_FORBIDDEN' });
  t.match(await bob.metrics({ path: 'inputs/account/bob' }), { total: 3 });
});

t.test('what is shared is seen until it is taken back; a token that is revoked sees no more', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['You are bob', 'of bob']);
  await talk(proxy, ['You are alice', 'of alice']);
  const [all, rev] = [await proxy.client('all', '--role', 'operator'), await proxy.client('rev', '--role', 'moderator', '--scope', 'shared')];
  await ended(all, 2);
  const [, bobs] = (await all.sessions()).sessions;
  const session = String(bobs?.session);
  t.same((await rev.sessions()).sessions, []);
  await all.share({ token: 'rev', session, until: new Date(Date.now() + 600_000).toISOString() });
  t.match((await rev.sessions()).sessions, [{ session, account: 'bob' }]);
  const texts: unknown[] = [];
  for await (const record of rev.events({ topics: ['session.input'] })) texts.push(record.text);
  t.same(texts, ['You are bob', 'of bob']);
  const follow = rev.events({ follow: true });
  await follow.next();
  const end = (async () => {
    for await (const { session: of } of follow) if (of !== session) return;
  })();
  await all.unshare({ token: 'rev', session });
  await t.rejects(end, { code: 'AUDIT_TOKEN' });
  await proxy.token('revoke', 'rev');
  await t.rejects(rev.sessions(), { name: 'ApiError' });
});

t.test('export is the line of the journal, byte for byte, and recorded as such', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['You are bob', 'of bob']);
  const secret = await proxy.token('create', 'aud', '--role', 'auditor');
  const lines = await until(async () => {
    const [, text] = await get(`${proxy.admin}/events?topics=session&raw=1`, secret);
    return text.includes('session.end') ? text : undefined;
  }, 'the store');
  const written = records(proxy.folder).filter(({ topic }) => topic.startsWith('session.'));
  t.same(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    written,
  );
  await recordThat(proxy.folder, ({ topic, data }) => topic === 'access.export' && data?.by === 'aud', 'the record of the export');
});

t.test('an erasure by the API is done and counted, and recorded with the name of the token', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['You are bob', 'of bob']);
  const secret = await proxy.token('create', 'op', '--role', 'operator');
  const client = await connect(proxy.admin, { token: secret });
  t.teardown(() => client.close());
  await ended(client, 1);
  const rpc = new Rpc(t, proxy.admin, secret);
  const asked = { pattern: 'of bob', why: 'asked for' };
  t.match((await rpc.ask('audit.redact', { ...asked, dryRun: true })).result, { request: null, records: 2, lines: 0 });
  t.match((await rpc.ask('audit.redact', asked)).result, { records: 2, unread: 0 });
  t.match((await rpc.ask('audit.redact', { ...asked, from: 'hunter2' })).error, { data: { code: 'AUDIT_USAGE' } });
  await recordThat(proxy.folder, ({ topic, data }) => topic === 'access.redact' && data?.by === 'op', 'the record of it');
});

t.test('what was erased is given no more, whether the API or a command asked for it', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['the first secret', 'the second secret', 'no secret']);
  const secret = await proxy.token('create', 'op', '--role', 'operator');
  const client = await connect(proxy.admin, { token: secret });
  t.teardown(() => client.close());
  await ended(client, 1);
  const audit = await openAudit({ cwd: proxy.folder, set: [STORE] });
  t.teardown(() => audit.close());
  const texts = async (events: AsyncIterable<AuditRecord>): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const { text, line } of events) found.push(text ?? (/secret/.test(line) ? line : null));
    return found;
  };
  const input = { topics: ['session.input'] };
  /** In code, over JSON-RPC, and by a word that was searched for. */
  const given = async () => [
    await texts(audit.events(input)),
    await texts(client.events(input)),
    (await texts(audit.events({ filter: 'words=secret' }))).length,
    (await texts(client.events({ filter: { contains: 'secret' } }))).length,
  ];
  const all = ['the first secret', 'the second secret', 'no secret'];
  t.same(await given(), [all, all, 6, 6]);
  const rpc = new Rpc(t, proxy.admin, secret);
  t.match((await rpc.ask('audit.redact', { pattern: 'the first', why: 'asked for' })).result, { records: 2, unread: 0 });
  const left = [null, 'the second secret', 'no secret'];
  t.same(await given(), [left, left, 4, 4]);
  const command = ['redact', '--pattern', 'the second', '--why', 'asked for', '--yes', '--set', STORE];
  t.match(await wirescribe(proxy.folder, command), { code: 0 });
  const last = [null, null, 'no secret'];
  t.same(await given(), [last, last, 2, 2]);
});

t.test('without a store it says so; a wrong token is a fault; the inline proxy answers the same', async (t) => {
  for (const options of [{}, { threads: 0 }]) {
    const proxy = await proxyWith(t, ["AUDIT_CALLBACK='file'"], options);
    const secret = await proxy.token('create', 'op', '--role', 'operator');
    t.match(await get(`${proxy.admin}/events`, secret), [503, /"AUDIT_STORE_NONE".*add 'store' to AUDIT_CALLBACK/]);
    t.match(await get(`${proxy.admin}/stats`, secret), [200, /"running":true.*"store":null/]);
    t.equal((await get(`${proxy.admin}/events`, 'wst_wrong'))[0], 401);
    await recordThat(proxy.folder, ({ topic, data }) => topic === 'audit.fault' && data?.code === 'wrong-token', 'the fault');
    await proxy.running.stop();
  }
});

t.test('a look that goes on when the proxy stops is recorded with what it gave', async (t) => {
  const proxy = await proxyWith(t, [STORE]);
  await talk(proxy, ['words']);
  const client = await proxy.client('anna', '--role', 'moderator');
  const seen: string[] = [];
  const follow = (async () => {
    for await (const { topic } of client.events({ topics: ['session'], follow: true })) seen.push(topic);
  })();
  follow.catch(() => undefined);
  await until(() => seen.includes('session.end'), 'what there was');
  await proxy.running.stop();
  await t.rejects(follow, { name: 'ApiError' });
  const ends = records(proxy.folder).filter(
    ({ topic, data }) => topic === 'access.view' && data?.method === 'audit.events' && data?.records !== null,
  );
  t.same(
    ends.map(({ data }) => data?.records),
    [seen.length],
  );
});

/** A store of the operator's own, whose pages take a second and a half of its thread. */
const SLOW = `
export default (options, context) => ({ write: async () => {}, close: async () => {} });
export const openStore = () => ({
  page: async () => { for (const end = Date.now() + 1500; Date.now() < end; ); return { records: [], next: null }; },
  newest: async () => null,
  close: async () => {},
});
`;

t.test('a long query holds up nobody else', async (t) => {
  const folder = t.testdir({ 'slow.mjs': SLOW });
  const proxy = await proxyWith(t, [`AUDIT_CALLBACK=['file', '${join(folder, 'slow.mjs')}']`]);
  const secret = await proxy.token('create', 'op', '--role', 'operator');
  let done = false;
  const long = get(`${proxy.admin}/events?limit=1`, secret).finally(() => {
    done = true;
  });
  const statuses: number[] = [];
  let longest = 0;
  while (!done) {
    const begun = performance.now();
    const [status] = await get(`${proxy.admin}/healthz`, undefined);
    statuses.push(status);
    longest = Math.max(longest, performance.now() - begun);
  }
  t.same(await long, [200, '']);
  t.same([...new Set(statuses)], [200]);
  t.ok(statuses.length > 3 && longest < 1_400, `${statuses.length} times, at most ${longest} ms`);
});

t.test('tokens that a command writes count at once, also where the file was damaged before', async (t) => {
  const proxy = await proxyWith(t, ["AUDIT_CALLBACK='file'"]);
  const path = join(proxy.folder, 'audit/spool/tokens');
  const secret = await proxy.token('create', 'op', '--role', 'operator');
  t.equal((await get(`${proxy.admin}/stats`, secret))[0], 200);
  appendFileSync(path, 'x');
  t.equal((await get(`${proxy.admin}/stats`, secret))[0], 401);
  writeFileSync(path, '{"v":1,"tokens":[]}');
  const other = await proxy.token('create', 'op', '--role', 'operator');
  t.equal((await get(`${proxy.admin}/stats`, other))[0], 200);
});
