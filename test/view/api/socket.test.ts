import t from 'tap';
import { WebSocket } from 'ws';
import { until } from '../../wait.js';
import { BEGIN, idOf, Rpc, recordOf, SESSIONS, serve } from './serve.js';

t.test('gives records as notifications, then how many there were; each is without what was on the screen', async (t) => {
  const api = await serve(t, { records: 3 });
  const rpc = new Rpc(t, api.url, api.token({}));
  t.same((await rpc.ask('audit.events', { limit: 2 })).result, { records: 2, last: idOf(1) });
  t.same(rpc.messages.slice(0, 2), [
    {
      jsonrpc: '2.0',
      method: 'audit.record',
      params: { request: 1, record: { id: idOf(0), topic: 'session.input', session: SESSIONS[0], listener: 'game', account: 'Bob', text: 'line 0' } },
    },
    {
      jsonrpc: '2.0',
      method: 'audit.record',
      params: {
        request: 1,
        record: { id: idOf(1), topic: 'session.input', session: SESSIONS[1], listener: 'staff', account: 'eve', text: 'line 1' },
      },
    },
  ]);
});

t.test('state is replayed, then what comes is given, until it is cancelled', async (t) => {
  const api = await serve(t, { records: 3 });
  const rpc = new Rpc(t, api.url, api.token({}));
  const asked = rpc.ask('audit.events', { follow: true, seek: BEGIN + 1000 });
  await until(() => rpc.records(1).length === 2, 'what there is');
  api.store.add(recordOf(3), recordOf(4));
  await until(() => rpc.records(1).length === 4, 'what came');
  t.same(
    rpc.records(1).map(({ id }) => id),
    [1, 2, 3, 4].map(idOf),
  );
  t.same((await rpc.ask('audit.cancel', { request: 1 })).result, { cancelled: true });
  t.same((await asked).result, { records: 4, last: idOf(4) });
  t.same((await rpc.ask('audit.cancel', { request: 1 })).result, { cancelled: false });
  t.match(
    api.declared.map(({ data }) => [data.method, data.records, data.look === api.declared[0]?.data.look]),
    [
      ['audit.events', null, true],
      ['audit.events', 4, true],
    ],
  );
});

t.test('a stream ends when its token is revoked, and so does the connection', async (t) => {
  const api = await serve(t, { times: { lookMs: 50 } });
  const rpc = new Rpc(t, api.url, api.token({ name: 'anna', role: 'moderator' }));
  void rpc.ask('audit.events', { follow: true });
  await until(() => rpc.records(1).length === 10, 'what there is');
  api.revoke('anna');
  const answer = await until(() => rpc.messages.find(({ id }) => id === 1), 'the end of the stream', 5_000);
  t.match(answer.error, { code: -32000, data: { code: 'AUDIT_TOKEN' } });
  await until(() => rpc.closed, 'the end of the connection', 5_000);
  t.same(rpc.closed, [1008, 'the token was revoked or is over']);
  t.match(api.declared.at(-1), { topic: 'access.view', data: { by: 'anna', role: 'moderator', records: 10 } });
});

t.test('a stream ends when what was shared is over, and the connection goes on', async (t) => {
  const api = await serve(t, { times: { lookMs: 50 } });
  const [root, rev] = [new Rpc(t, api.url, api.token({ name: 'root' })), api.token({ name: 'rev', role: 'moderator', scopes: ['shared'] })];
  const until1 = new Date(Date.now() + 86_400_000).toISOString();
  t.match((await root.ask('audit.share', { token: 'rev', account: 'bob', until: until1 })).result, { token: 'rev', account: 'bob', by: 'root' });
  const rpc = new Rpc(t, api.url, rev);
  const asked = rpc.ask('audit.events', { follow: true });
  await until(() => rpc.records(1).length === 4, 'what is shared');
  t.ok(rpc.records(1).every(({ account }) => account === 'Bob'));
  t.same((await root.ask('audit.unshare', { token: 'rev', account: 'BOB' })).result, { removed: true });
  t.match((await asked).error, { data: { code: 'AUDIT_TOKEN' } });
  t.same((await rpc.ask('audit.events')).result, { records: 0, last: null });
});

t.test('a reader that reads nothing is paused, then ended; it costs little, and others are answered meanwhile', async (t) => {
  const api = await serve(t, { records: 0, times: { stallMs: 2_000 } });
  const text = 'x'.repeat(10_000);
  api.store.add(
    ...Array.from({ length: 2_000 }, (_, number) => ({ ...recordOf(number), id: idOf(number), topic: 'session.input', session: SESSIONS[0], text })),
  );
  const slow = new Rpc(t, api.url, api.token({}));
  await until(() => slow.ws.readyState === WebSocket.OPEN, 'the connection');
  slow.ws.pause();
  await slow.send('{"jsonrpc":"2.0","id":1,"method":"audit.events"}');
  await until(() => api.store.calls.page > 10, 'the first pages');
  let pages = 0;
  await until(() => {
    const still = api.store.calls.page === pages;
    pages = api.store.calls.page;
    return still && pages > 0;
  }, 'the reading to pause');
  t.ok(pages < 1_000, `${pages} pages of 7 records were read, of 20 MB`);
  const other = new Rpc(t, api.url, api.token({}));
  t.same((await other.ask('audit.events', { limit: 1 })).result, { records: 1, last: idOf(0) });
  await until(() => api.declared.some(({ data }) => data.records !== null && data.records !== 1), 'its end to be recorded', 10_000);
  const { records } = api.declared.findLast(({ data }) => data.look !== undefined)?.data ?? {};
  t.ok(Number(records) < 2_000, `${records} records were given`);
  slow.ws.resume();
  await until(() => slow.closed, 'its end');
  t.equal(slow.closed?.[0], 1006);
});

t.test('what is too large, too much or no text ends a connection', async (t) => {
  const api = await serve(t);
  const secret = api.token({});
  const [large, binary] = [new Rpc(t, api.url, secret), new Rpc(t, api.url, secret)];
  await large.send('x'.repeat(70_000));
  await until(() => large.closed, 'the end');
  t.equal(large.closed?.[0], 1009);
  await until(() => binary.ws.readyState === WebSocket.OPEN, 'the connection');
  binary.ws.send(Buffer.from('{}'));
  await until(() => binary.closed, 'the end');
  t.same(binary.closed, [1008, 'texts alone']);
});

t.test('a browser shows its token as a subprotocol, which is not said back', async (t) => {
  const api = await serve(t);
  const open = (protocols: string[]) => new WebSocket(`${api.url.replace('http', 'ws')}/rpc`, protocols);
  const ws = open(['wirescribe', `wirescribe.bearer.${api.token({})}`]);
  t.teardown(() => ws.terminate());
  await until(() => ws.readyState === WebSocket.OPEN, 'the connection');
  t.equal(ws.protocol, 'wirescribe');
  const wrong = open(['wirescribe', 'wirescribe.bearer.wst_nobody']);
  const refused = new Promise((resolve) => wrong.once('unexpected-response', (_request, answer) => resolve(answer.statusCode)));
  wrong.on('error', () => undefined);
  t.equal(await refused, 401);
});

t.test('a path that is not /rpc, a page of another site, and a name that is not ours get no WebSocket', async (t) => {
  const api = await serve(t);
  const authorization = `Bearer ${api.token({})}`;
  const status = (path: string, headers: object) =>
    new Promise((resolve) => {
      const ws = new WebSocket(`${api.url.replace('http', 'ws')}${path}`, { headers: { authorization, ...headers } });
      t.teardown(() => ws.terminate());
      ws.once('unexpected-response', (_request, answer) => resolve(answer.statusCode));
      ws.once('open', () => resolve(101));
      ws.on('error', () => undefined);
    });
  t.equal(await status('/rpc', {}), 101);
  t.equal(await status('/rpc', { origin: api.url }), 101);
  t.equal(await status('/events', {}), 400);
  t.equal(await status('/rpc', { origin: 'https://evil.example' }), 403);
  t.equal(await status('/rpc', { origin: 'null' }), 403);
  t.equal(await status('/rpc', { host: 'evil.example' }), 403);
  t.equal(await status('/rpc', { authorization: 'Bearer wst_x' }), 401);
  t.equal(await status('/rpc?token=x', {}), 400);
});
