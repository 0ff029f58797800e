import t from 'tap';
import { Call, Calls } from '../../../src/view/api/call.js';
import { Caller } from '../../../src/view/api/caller.js';
import { METHODS } from '../../../src/view/api/methods.js';
import { RpcPeer } from '../../../src/view/api/rpc.js';
import { until } from '../../wait.js';
import { idOf, type Message, recordOf, SESSIONS, serve } from './serve.js';

async function peerOf(t: Parameters<typeof serve>[0], given: Parameters<typeof serve>[1] = {}) {
  const api = await serve(t, given);
  const token = api.below.books.tokens.find(api.token({}), Date.now());
  if (!token) throw new Error('no token');
  const calls = new Calls();
  t.teardown(async () => {
    calls.close();
    await calls.end();
  });
  const sent: string[] = [];
  const peer = new RpcPeer({
    caller: new Caller(api.below.books, token, 'rpc'),
    below: api.below,
    calls,
    send: async (text) => void sent.push(text),
  });
  const take = async (text: string): Promise<(Message & Message[]) | undefined> => {
    const before = sent.length;
    await peer.take(text);
    const last = sent.length > before ? sent.at(-1) : undefined;
    return last === undefined ? undefined : JSON.parse(last);
  };
  return { api, peer, sent, take };
}

t.test('what is no request is refused with the code of the specification, and not said back', async (t) => {
  const { api, take, sent } = await peerOf(t);
  const cases: readonly (readonly [text: string, id: unknown, code: number])[] = [
    ['', null, -32700],
    ['{"jsonrpc":"2.0","method":"hunter2', null, -32700],
    ['"hunter2"', null, -32600],
    ['null', null, -32600],
    ['[]', null, -32600],
    [`[${'1,'.repeat(16)}1]`, null, -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"audit.stats"}', 1, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":["hunter2"]}', 1, -32600],
    ['{"jsonrpc":"2.0","id":{"hunter2":1},"method":"audit.stats"}', null, -32600],
    [`{"jsonrpc":"2.0","id":"${'i'.repeat(201)}","method":"audit.stats"}`, null, -32600],
    ['{"jsonrpc":"2.0","id":"a","method":"hunter2"}', 'a', -32601],
    ['{"jsonrpc":"2.0","id":"a","method":"constructor"}', 'a', -32601],
    ['{"jsonrpc":"2.0","id":"a","method":"__proto__"}', 'a', -32601],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":["hunter2"]}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":"hunter2"}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":null}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"hunter2":1}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"__proto__":{"limit":1}}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"limit":"hunter2"}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"limit":1.5}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"limit":1e400}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.session","params":{}}', 2, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"filter":{"hunter2x":"hunter2"}}}', 2, -32000],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"filter":{"pattern":"(hunter2"}}}', 2, -32000],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"seek":"hunter2"}}', 2, -32000],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"topics":["../hunter2"]}}', 2, -32000],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.metrics","params":{"path":"inputs","follow":true,"seek":"hunter2"}}', 2, -32000],
    ['{"jsonrpc":"2.0","id":2,"method":"audit.metrics","params":{"path":"inputs","follow":true,"zone":"hunter2"}}', 2, -32000],
    [`{"jsonrpc":"2.0","id":2,"method":"audit.events","params":{"filter":${'{"any":['.repeat(50)}{}${']}'.repeat(50)}}}`, 2, -32000],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, null, -32600],
  ];
  for (const [text, id, code] of cases) {
    const answer = await take(text);
    const one = Array.isArray(answer) ? (answer as Message[])[0] : answer;
    t.match({ id: one?.id, code: one?.error?.code }, { id, code }, text.slice(0, 80));
  }
  t.notMatch(sent.filter((text) => !text.includes("'hunter2x'")).join(''), 'hunter2');
  t.same(api.declared, [], 'nor is it a look');
});

t.test('a batch is answered as one, its notifications not at all', async (t) => {
  const { take } = await peerOf(t);
  const stats = (id: string) => `{"jsonrpc":"2.0"${id},"method":"audit.stats"}`;
  t.match(await take(`[${stats(',"id":1')},${stats('')},7,${stats(',"id":"x"')}]`), [
    { jsonrpc: '2.0', id: 1, result: { running: true } },
    { id: null, error: { code: -32600 } },
    { id: 'x', result: { running: true } },
  ]);
  t.equal(await take(stats('')), undefined);
  t.equal(await take(`[${stats('')}]`), undefined);
  t.equal(await take('{"jsonrpc":"2.0","method":"audit.events"}'), undefined);
  t.equal(await take('{"jsonrpc":"2.0","method":"hunter2"}'), undefined);
  t.match(await take(stats(',"id":null')), { id: null, result: { running: true } });
});

t.test('so many are answered at a time, each under an id of its own', async (t) => {
  const { take, peer, sent, api } = await peerOf(t);
  const follow = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"audit.events","params":{"follow":true,"limit":1000}}`;
  const running = Array.from({ length: 8 }, (_, id) => peer.take(follow(id)));
  await until(() => sent.length === 80, 'what there is');
  t.match((await take(follow(1)))?.error, { code: -32000, data: { code: 'AUDIT_BUSY' } });
  await take('{"jsonrpc":"2.0","id":"c","method":"audit.cancel","params":{"request":3}}');
  await running[3];
  t.match((await take(follow(1)))?.error, { code: -32000, data: { code: 'AUDIT_REQUEST' } });
  peer.close();
  await Promise.all(running);
  const ends = api.declared.filter(({ data }) => data.records === 10);
  t.equal(ends.length, 8, 'each is recorded with what it gave');
});

t.test('an error of ours has its own code, a foreign one its name alone', async (t) => {
  const broken = async (): Promise<never> => {
    throw new TypeError('hunter2');
  };
  const { take, sent } = await peerOf(t, { below: { store: broken } });
  t.match((await take('{"jsonrpc":"2.0","id":1,"method":"audit.events"}'))?.error, {
    code: -32603,
    message: 'TypeError',
    data: { code: 'AUDIT_INTERNAL' },
  });
  t.match((await take(`{"jsonrpc":"2.0","id":1,"method":"audit.session","params":{"session":"${'x'.repeat(36)}"}}`))?.error, {
    code: -32000,
    data: { code: 'AUDIT_NOT_ONE' },
  });
  t.notMatch(sent.join(''), 'hunter2');
});

t.test('nothing is shown that cannot be recorded', async (t) => {
  const { take, sent, api } = await peerOf(t, { below: { declare: async () => false } });
  api.store.listed = [{ session: SESSIONS[0] } as never];
  const asks = [
    '"audit.events"',
    '"audit.events","params":{"limit":5}',
    '"audit.events","params":{"follow":true}',
    '"audit.sessions"',
    `"audit.session","params":{"session":"${SESSIONS[0]}"}`,
    '"audit.metrics","params":{"path":"inputs"}',
    '"audit.metrics","params":{"path":"inputs","follow":true}',
  ];
  for (const ask of asks) t.match((await take(`{"jsonrpc":"2.0","id":1,"method":${ask}}`))?.error, { data: { code: 'AUDIT_SPOOL' } }, ask);
  t.notMatch(sent.join(''), 'line 0');
  t.notMatch(sent.join(''), SESSIONS[0]);
});

t.test('what is recorded of a look says what was asked for by name, and no word that was searched', async (t) => {
  const { take, api } = await peerOf(t);
  const filter = { account: ['bob'], contains: 'hunter2', session: SESSIONS[0], fields: [{ path: 'text', is: 'contains', value: 'hunter2' }] };
  const ask = (params: object) => take(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'audit.events', params }));
  await ask({ filter, limit: 3, seek: '2026-01-02', raw: true });
  t.same(api.declared, [
    {
      topic: 'access.export',
      data: {
        by: 't0',
        role: 'operator',
        how: 'rpc',
        method: 'audit.events',
        filter: { account: ['bob'], contains: null, session: [SESSIONS[0]], fields: null },
        session: SESSIONS[0],
        from: '2026-01-02',
        to: null,
        records: 0,
      },
    },
  ]);
  t.same((await ask({ limit: 100, filter: { account: 'bob' } }))?.result, { records: 4, last: idOf(8) });
  t.match(api.declared[1], { topic: 'access.view', data: { filter: { account: ['bob'] }, session: null, records: 4 } });
  t.same(api.declared.length, 2);
});

t.test('a raw record is the line of the journal, byte for byte, and what its event says stands beside it', async (t) => {
  const { take, sent } = await peerOf(t, { below: { message: () => 'Al "pays"' } });
  await take('{"jsonrpc":"2.0","id":1,"method":"audit.events","params":{"limit":1,"raw":true}}');
  const line = JSON.stringify(recordOf(0));
  t.equal(sent[0], `{"jsonrpc":"2.0","method":"audit.record","params":{"request":1,"record":${line},"message":"Al \\"pays\\""}}`);
});

t.test('every method but cancel is one of the table, and a call that failed says why', async (t) => {
  t.same(Object.keys(METHODS), [
    'audit.events',
    'audit.metrics',
    'audit.sessions',
    'audit.session',
    'audit.stats',
    'audit.share',
    'audit.unshare',
    'audit.shares',
    'audit.redact',
    'rpc.discover',
  ]);
  const call = new Call(undefined as never, async () => undefined);
  call.cancel();
  t.doesNotThrow(() => call.throwIfFailed());
});

t.test('patterns are bounded over all that is answered: each takes memory of its own', async (t) => {
  const { peer, sent, take } = await peerOf(t);
  t.teardown(() => peer.close());
  const filter = { any: Array.from({ length: 8 }, () => ({ pattern: 'line' })) };
  const follow = (id: number): string => JSON.stringify({ jsonrpc: '2.0', id, method: 'audit.events', params: { follow: true, filter } });
  for (let id = 1; id <= 4; id++) void take(follow(id));
  await until(() => sent.some((text) => text.includes('"request":4')), 'the fourth to be answered');
  t.match(await take(follow(5)), { id: 5, error: { data: { code: 'AUDIT_BUSY' } } });
  t.match(await take('{"jsonrpc":"2.0","id":6,"method":"audit.events","params":{"limit":1}}'), { id: 6, result: { records: 1 } });
  await take('{"jsonrpc":"2.0","id":7,"method":"audit.cancel","params":{"request":1}}');
  await until(() => sent.some((text) => text.startsWith('{"jsonrpc":"2.0","id":1,')), 'the first to be over');
  void take(follow(8));
  await until(() => sent.some((text) => text.includes('"request":8')), 'another to be answered');
});
