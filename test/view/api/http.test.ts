import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { until } from '../../wait.js';
import { get, idOf, recordOf, SESSIONS, serve } from './serve.js';

t.test('records as NDJSON, by words of the query; names that are no parameters are filters', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  const ids = async (query: string) => {
    const [status, text] = await get(`${api.url}/events?${query}`, token);
    t.equal(status, 200, query);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => line && JSON.parse(line).id);
  };
  t.same(await ids('limit=2'), [idOf(0), idOf(1)]);
  t.same(await ids('order=desc&limit=2'), [idOf(9), idOf(8)]);
  t.same(await ids('topics=audit'), [idOf(4), idOf(9)]);
  t.same(await ids(`topics=audit,session.input&after=${idOf(7)}`), [idOf(8), idOf(9)]);
  t.same(await ids('account=eve&account=nobody&text__startswith=line%203'), [idOf(3)]);
  t.same(await ids('account=nobody'), ['']);
  const shown = { id: idOf(0), topic: 'session.input', session: SESSIONS[0], listener: 'game', account: 'Bob', text: 'line 0' };
  t.same((await get(`${api.url}/events?limit=1`, token))[1], `${JSON.stringify(shown)}\n`);
  t.same((await get(`${api.url}/events?limit=1&raw=1`, token))[1], `${JSON.stringify(recordOf(0))}\n`, 'whole: the line of the journal');
});

t.test('sessions, one session, figures and stats as JSON', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  const one = { session: SESSIONS[0], listener: 'game', accounts: ['Bob'], account: 'Bob', ended: null };
  api.store.listed = [one as never, { ...one, session: SESSIONS[1] } as never];
  const json = async (path: string) => {
    const [status, text] = await get(`${api.url}${path}`, token);
    return [status, JSON.parse(text)];
  };
  t.same(await json('/sessions?limit=1'), [200, { sessions: [one], next: SESSIONS[0] }]);
  t.same(await json(`/sessions?limit=5&after=${SESSIONS[0]}`), [200, { sessions: [{ ...one, session: SESSIONS[1] }], next: null }]);
  t.same(await json(`/sessions/${SESSIONS[1]}`), [200, { session: { ...one, session: SESSIONS[1] }, shares: [] }]);
  t.match(await json(`/sessions/${SESSIONS[0].replace('1', '2')}`), [404, { error: { code: 'AUDIT_NOT_ONE' } }]);
  t.match(await json('/sessions/%00'), [400, { error: { code: 'AUDIT_REQUEST' } }]);
  api.store.counted = [{ at: Date.UTC(2026, 0, 2, 3, 4), counted: 'inputs', of: 'game', n: 7 }];
  t.match(await json('/report/inputs/listener/game?per=day&zone=Europe/Berlin'), [200, { total: 7, day: [{ n: 7 }] }]);
  t.match(await json('/report/hunter2'), [400, { error: { code: 'AUDIT_QUERY' } }]);
  t.match(await json('/stats'), [200, { running: true, store: { records: 10 } }]);
  t.match(
    api.declared.map(({ data }) => [data.how, data.method]),
    [
      ['http', 'audit.sessions'],
      ['http', 'audit.sessions'],
      ['http', 'audit.session'],
      ['http', 'audit.session'],
      ['http', 'audit.metrics'],
    ],
    'stats hold nothing of anybody',
  );
});

t.test('follows until whoever asked goes away', async (t) => {
  const api = await serve(t, { records: 2 });
  const stop = new AbortController();
  const answer = await fetch(`${api.url}/events?follow=1`, { headers: { authorization: `Bearer ${api.token({})}` }, signal: stop.signal });
  let text = '';
  const read = (async () => {
    for await (const chunk of answer.body as ReadableStream<Uint8Array>) text += Buffer.from(chunk);
  })().catch(() => undefined);
  await until(() => text.split('\n').length === 3, 'what there is');
  api.store.add(recordOf(2));
  await until(() => text.split('\n').length === 4, 'what came');
  stop.abort();
  await read;
  await until(() => api.declared.some(({ data }) => data.records === 3), 'its end to be recorded');
});

t.test('a reader that reads nothing is paused, and cut off after a while', async (t) => {
  const api = await serve(t, { records: 0, times: { stallMs: 500 } });
  const text = 'x'.repeat(10_000);
  api.store.add(...Array.from({ length: 2_000 }, (_, number) => ({ ...recordOf(0), id: idOf(number), text })));
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET /events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${api.token({})}\r\n\r\n`);
  const end = await until(() => api.declared.find(({ data }) => data.records !== null), 'its end to be recorded');
  t.ok(Number(end.data.records) > 0 && Number(end.data.records) < 2_000, `${end.data.records} records were given`);
  socket.resume();
  await once(socket, 'close');
});

t.test('so many are answered at a time, and health is told all the same; a revoked token cuts its answers off', async (t) => {
  const api = await serve(t, { records: 1, times: { lookMs: 50 } });
  const secret = api.token({ name: 'anna' });
  const asks = Array.from({ length: 48 }, () => get(`${api.url}/events?follow=1`, secret).then(String, () => 'cut off'));
  await until(() => api.declared.length === 48, 'all of them to be answered');
  t.match(await get(`${api.url}/stats`, secret), [429, /"AUDIT_BUSY"/]);
  t.equal((await get(`${api.url}/healthz`, undefined))[0], 200);
  api.revoke('anna');
  t.same([...new Set(await Promise.all(asks))], ['cut off']);
  t.equal(api.declared.filter(({ data }) => data.records === 1).length, 48, 'each is recorded with what it gave');
  t.equal((await get(`${api.url}/stats`, api.token({})))[0], 200);
});

t.test('without a token there is health alone, and nobody is told what else there is', async (t) => {
  const api = await serve(t);
  t.equal((await get(`${api.url}/healthz`, undefined))[0], 200);
  t.equal((await get(`${api.url}/readyz`, undefined))[0], 200);
  t.equal((await get(`${api.url}/metrics`, undefined))[0], 200);
  for (const path of ['/', '/events', '/sessions', '/stats', '/report/inputs', '/rpc', '/nothing']) {
    t.match(await get(`${api.url}${path}`, undefined), [401, /"code":"AUDIT_TOKEN"/], path);
    t.match(await get(`${api.url}${path}`, 'wst_wrong'), [401, /"code":"AUDIT_TOKEN"/], path);
  }
  t.match(await get(`${api.url}/nothing`, api.token({})), [404, /with a token \/events/]);
  const { headers } = await fetch(`${api.url}/events`);
  t.equal(headers.get('www-authenticate'), 'Bearer realm="wirescribe"');
  t.equal(headers.get('access-control-allow-origin'), null);
  for (const wrong of ['Basic dG9rZW4=', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(300)}`])
    t.equal((await get(`${api.url}/events`, undefined, { headers: { authorization: wrong } }))[0], 401, wrong);
});

t.test('a token in a URL is refused, the right one too', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  for (const query of [`token=${token}`, `access_token=${token}`, 'api_key=1', `x=${token}`])
    t.match(await get(`${api.url}/events?${query}`, token), [400, /a token never stands in a URL/], query.slice(0, 12));
});

t.test('whoever shows too many wrong tokens has to wait, and is counted', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  for (let tries = 0; tries < 10; tries++) t.equal((await get(`${api.url}/events?limit=0`, `wst_${tries}`))[0], 401);
  t.match(await get(`${api.url}/events?limit=0`, 'wst_11'), [429, /AUDIT_BUSY.*wait a minute/]);
  t.equal((await get(`${api.url}/events?limit=0`, token))[0], 200, 'who has a right one, perhaps behind the same TLS proxy, does not');
  t.equal(api.wrong(), 10);
  t.equal((await get(`${api.url}/healthz`, undefined))[0], 200);
});

t.test('what is not understood is a status and JSON', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  const cases: readonly (readonly [path: string, status: number, text: RegExp])[] = [
    ['/events?limit=x', 400, /"AUDIT_REQUEST".*limit wants an integer/],
    ['/events?follow=perhaps', 400, /"AUDIT_REQUEST".*follow wants a boolean/],
    ['/events?seek=hunter2', 400, /"AUDIT_QUERY"/],
    ['/events?pattern=(hunter2', 400, /"AUDIT_MASK_PATTERN"/],
    ['/events?follow=1&order=desc', 400, /"AUDIT_QUERY"/],
    [`/events?${'a=1&'.repeat(201)}`, 400, /at most 200 words/],
    ['/sessions?limit=1001', 400, /limit: at most 1000/],
    ['/sessions?nothing=1', 400, /params takes|takes seek/],
    ['/stats?x=1', 400, /nothing/],
    ['/events/more', 404, /there are/],
  ];
  for (const [path, status, text] of cases) {
    const answer = await get(`${api.url}${path}`, token);
    t.match(answer, [status, text], path);
    t.notMatch(answer[1], 'hunter2');
  }
  t.same(await get(`${api.url}/stats`, token, { method: 'HEAD' }), [200, '']);
  t.same(await get(`${api.url}/events`, token, { method: 'HEAD' }), [200, '']);
  t.equal((await get(`${api.url}/events`, token, { method: 'POST', body: '{}' }))[0], 405);
});

t.test('a name that is not ours, or a page of another site, is refused', async (t) => {
  const api = await serve(t);
  const token = api.token({});
  const { port } = new URL(api.url);
  const asked = async (host: string, more = '') => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.end(`GET /stats HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n${more}connection: close\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await once(socket, 'close');
    return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
  };
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}`, '[::1]:80', 'api.localhost'])
    t.equal(await asked(host), 200, host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '']) t.equal(await asked(host), 403, host);
  t.equal(await asked('localhost', 'origin: http://localhost\r\n'), 200);
  t.equal(await asked('localhost', 'origin: http://evil.example\r\n'), 403);
});
