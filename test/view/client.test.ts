import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { WebSocket } from 'ws';
import { connect } from '../../src/view/client.js';
import { until } from '../wait.js';
import { idOf, recordOf, SESSIONS, serve } from './api/serve.js';

t.test('programs import it by the name of the package', async (t) => {
  t.equal(import.meta.resolve('wirescribe/client'), new URL('../../src/view/client.js', import.meta.url).href);
});

t.test('reads records, sessions and figures, and shares', async (t) => {
  const api = await serve(t);
  const one = { session: SESSIONS[0], listener: 'game', accounts: ['Bob'], account: 'Bob', ended: null };
  api.store.listed = [one as never];
  api.token({ name: 'rev', role: 'reviewer' });
  const client = await connect(api.url, { token: api.token({ name: 'root' }) });
  t.teardown(() => client.close());
  const ids: string[] = [];
  for await (const { id, text } of client.events({ filter: 'account=bob', limit: 2 })) ids.push(`${id} ${text}`);
  t.same(ids, [`${idOf(0)} line 0`, `${idOf(2)} line 2`]);
  t.same(await client.sessions({ limit: 5 }), { sessions: [one], next: null });
  t.match(await client.session(SESSIONS[0]), { session: one, shares: [] });
  t.match(await client.metrics({ path: 'inputs', zone: 'Europe/Berlin' }), { path: 'inputs', total: 0 });
  for await (const { total } of client.watchMetrics({ path: 'inputs', seekEnd: '2026-01-03' })) t.equal(total, 0);
  t.match(await client.stats(), { running: true });
  const share = { token: 'rev', session: SESSIONS[0], until: new Date(Date.now() + 60_000).toISOString() };
  t.match(await client.share(share), { ...share, by: 'root' });
  t.match(await client.shares(), { shares: [{ ...share, by: 'root' }] });
  t.same(await client.unshare({ token: 'rev', session: SESSIONS[0] }), { removed: true });
});

t.test('what an event says comes beside its record', async (t) => {
  const message = ({ id }: { readonly id: string }) => (id === idOf(1) ? 'eve "waves"\u2028' : undefined);
  const api = await serve(t, { below: { message } });
  const client = await connect(api.url, { token: api.token({}) });
  t.teardown(() => client.close());
  const told: unknown[] = [];
  for await (const { record, message: said } of client.told({ limit: 2, raw: true })) told.push([record.id, said]);
  t.same(told, [
    [idOf(0), undefined],
    [idOf(1), 'eve "waves"\u2028'],
  ]);
});

t.test('follows; whoever leaves the loop ends the stream, and the connection serves on', async (t) => {
  const api = await serve(t, { records: 2 });
  const client = await connect(api.url, { token: api.token({}), WebSocket: WebSocket as never });
  t.teardown(() => client.close());
  const ids: string[] = [];
  for await (const { id } of client.events({ follow: true })) {
    ids.push(id);
    if (ids.length === 2) api.store.add(recordOf(2));
    if (ids.length === 3) break;
  }
  t.same(ids, [0, 1, 2].map(idOf));
  await until(() => api.declared.some(({ data }) => data.records === 3), 'the end of the stream');
  t.match(await client.stats(), { running: true });
});

t.test('a stream that nobody reads is paused, and read to its end later', async (t) => {
  const api = await serve(t, { records: 3_000 });
  const client = await connect(api.url, { token: api.token({}) });
  t.teardown(() => client.close());
  const stream = client.events();
  t.equal((await stream.next()).value?.id, idOf(0));
  const rest: string[] = [];
  for await (const { id } of stream) rest.push(id);
  t.same(
    rest,
    Array.from({ length: 2_999 }, (_, number) => idOf(number + 1)),
  );
});

t.test('what is refused is an ApiError with its code', async (t) => {
  const api = await serve(t);
  await t.rejects(connect(api.url, { token: 'wst_wrong' }), { name: 'ApiError', code: 'CLOSED' });
  await t.rejects(connect('http://127.0.0.1:1', { token: 'x' }), { code: 'CLOSED' });
  const client = await connect(`${api.url}/`, { token: api.token({ role: 'reviewer', scopes: ['everything'] }) });
  await t.rejects(client.stats(), { name: 'ApiError', code: 'AUDIT_FORBIDDEN' });
  await t.rejects(client.events({ follow: true }).next(), { code: 'AUDIT_FORBIDDEN' });
  await t.rejects(client.sessions({ limit: 0 }), { code: '-32602' });
  const waiting = client.session(SESSIONS[0]);
  client.close();
  await t.rejects(waiting, { name: 'ApiError' });
  await t.rejects(client.shares(), { code: 'CLOSED' });
});

const BROWSER = `
import { connect } from ${JSON.stringify(new URL('../../src/view/client.js', import.meta.url).href)};
const client = await connect(process.argv[1], { token: process.argv[2], WebSocket: globalThis.WebSocket });
for await (const { text } of client.events({ limit: 2 })) console.log(text);
client.close();
`;

t.test("works with a browser's own WebSocket, which can set no header", async (t) => {
  const api = await serve(t);
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--experimental-websocket',
    '--no-warnings',
    '--input-type=module',
    '-e',
    BROWSER,
    api.url,
    api.token({}),
  ]);
  t.equal(stdout, 'line 0\nline 1\n');
});
