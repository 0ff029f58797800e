/** Every role and every method, as a table; and what a scope hides, whatever is asked. */
import t from 'tap';
import type { RoleName } from '../../../src/view/access/permissions.js';
import { get, idOf, Rpc, SESSIONS, serve } from './serve.js';

const LATER = new Date(Date.now() + 3_600_000).toISOString();
const ROLES = ['operator', 'moderator', 'auditor', 'reviewer'] as const satisfies RoleName[];

/** What is asked, and whether each of the four roles is answered: yes, or no. All with the scope everything and the account bob. */
const TABLE: readonly (readonly [method: string, params: object, answers: string])[] = [
  ['audit.events', { limit: 1 }, 'yes yes yes yes'],
  ['audit.events', { limit: 1, follow: true }, 'yes yes no no'],
  ['audit.events', { limit: 1, raw: true }, 'yes no yes no'],
  ['audit.events', { limit: 1, filter: { account: 'bob' } }, 'yes yes yes no'],
  ['audit.events', { limit: 1, filter: { any: [{ account: 'bob' }] } }, 'yes yes yes no'],
  ['audit.events', { limit: 1, filter: { ip__startswith: '10.' } }, 'yes yes yes no'],
  ['audit.events', { limit: 1, filter: { listener: 'game' } }, 'yes yes yes yes'],
  ['audit.sessions', {}, 'yes yes yes yes'],
  ['audit.sessions', { account: 'bob' }, 'yes yes yes no'],
  ['audit.sessions', { address: '10.0.0.0/8' }, 'yes yes yes no'],
  ['audit.session', { session: SESSIONS[0] }, 'yes yes yes yes'],
  ['audit.metrics', { path: 'inputs' }, 'yes yes yes no'],
  ['audit.metrics', { path: 'inputs', follow: true, seekEnd: '2026-01-03' }, 'yes yes no no'],
  ['audit.stats', {}, 'yes yes yes no'],
  ['audit.share', { token: 'other', account: 'bob', until: LATER }, 'yes no no yes'],
  ['audit.share', { token: 'other', account: 'eve', until: LATER }, 'yes no no no'],
  ['audit.share', { token: 'other', session: SESSIONS[0], until: LATER }, 'yes no no yes'],
  ['audit.share', { token: 'other', session: SESSIONS[1], until: LATER }, 'yes no no no'],
  ['audit.unshare', { token: 'other', account: 'nobody' }, 'yes yes yes yes'],
  ['audit.shares', {}, 'yes yes yes yes'],
  ['audit.redact', { account: 'bob', why: 'asked' }, 'yes no no no'],
  ['audit.cancel', { request: 0 }, 'yes yes yes yes'],
  ['rpc.discover', {}, 'yes yes yes yes'],
];

t.test('each role may what its row of the table says', async (t) => {
  const api = await serve(t);
  const one = { session: SESSIONS[0], listener: 'game', accounts: ['Bob'], account: 'Bob', ended: null };
  api.store.listed = [one as never, { ...one, session: SESSIONS[1], accounts: ['Bob', 'eve'] } as never];
  api.token({ name: 'other', scopes: ['shared'] });
  const peers = ROLES.map((role) => new Rpc(t, api.url, api.token({ name: role, role, scopes: ['everything'], account: 'bob' })));
  for (const [method, params, answers] of TABLE) {
    const said = await Promise.all(peers.map((peer) => peer.ask(method, params)));
    const codes = new Set(said.flatMap(({ error }) => error?.data?.code ?? []));
    t.same(said.map(({ error }) => (error ? 'no' : 'yes')).join(' '), answers, `${method} ${JSON.stringify(params)}`);
    t.ok(
      [...codes].every((code) => code === 'AUDIT_FORBIDDEN'),
      `${method}: ${[...codes]}`,
    );
  }
});

t.test('an account sees its own records alone, whatever it asks', async (t) => {
  const api = await serve(t, { records: 50 });
  const rpc = new Rpc(t, api.url, api.token({ name: 'bob', scopes: ['own'], account: 'BOB' }));
  const asks: readonly object[] = [
    {},
    { raw: true },
    { topics: ['audit', 'session'] },
    { filter: { account: 'eve' } },
    { filter: { any: [{ account: 'eve' }, { listener: 'staff' }] } },
    { filter: [{ any: [{ account: 'eve' }, { account: 'bob' }] }, 'topic=session.input'] },
    { filter: { session: SESSIONS } },
    { filter: { session: SESSIONS[1] } },
    { filter: { id: [idOf(1)] } },
    { filter: { contains: 'line' } },
    { order: 'desc', limit: 20 },
    { follow: true, limit: 20 },
  ];
  let seen = 0;
  for (const params of asks) {
    await rpc.ask('audit.events', params);
    const records = rpc.messages.flatMap(({ params: given }) => (given?.record ? [given.record] : []));
    t.ok(
      records.every(({ account, session }) => account === 'Bob' && session === SESSIONS[0]),
      JSON.stringify(params),
    );
    seen = records.length;
  }
  t.ok(seen > 100, 'its own it does see');
});

t.test('figures count what the scope holds alone, and an erasure is for who sees everything', async (t) => {
  const api = await serve(t);
  const [game, bob] = [api.token({ scopes: ['listener=game'] }), api.token({ scopes: ['account=bob'] })];
  const status = async (path: string, token: string) => (await get(`${api.url}/report/${path}`, token))[0];
  t.equal(await status('inputs/listener/game', game), 200);
  t.equal(await status('inputs/listener/game/account', game), 200);
  for (const path of ['inputs', 'inputs/listener', 'inputs/listener/staff', 'inputs/account/bob']) t.equal(await status(path, game), 403, path);
  t.equal(await status('inputs/account/Bob', bob), 200);
  for (const path of ['inputs', 'inputs/account', 'inputs/account/eve', 'inputs/listener/game']) t.equal(await status(path, bob), 403, path);
  t.equal((await get(`${api.url}/stats`, game))[0], 403);
  const rpc = new Rpc(t, api.url, game);
  t.equal((await rpc.ask('audit.redact', { session: SESSIONS[0], why: 'asked' })).error?.data?.code, 'AUDIT_FORBIDDEN');
});

t.test('nobody shares more than they see, or longer than a year, or with a token that takes no shares', async (t) => {
  const api = await serve(t);
  api.store.listed = [{ session: SESSIONS[0], listener: 'game', accounts: ['Bob'] } as never];
  api.token({ name: 'other', role: 'reviewer' });
  api.token({ name: 'all', role: 'moderator' });
  const staff = new Rpc(t, api.url, api.token({ name: 'staff', scopes: ['listener=staff', 'shared'] }));
  const root = new Rpc(t, api.url, api.token({ name: 'root' }));
  const code = async (rpc: Rpc, params: object) => (await rpc.ask('audit.share', { token: 'other', until: LATER, ...params })).error?.data?.code;
  t.equal(await code(staff, { session: SESSIONS[0] }), 'AUDIT_FORBIDDEN');
  t.equal(await code(staff, { account: 'bob' }), 'AUDIT_FORBIDDEN');
  t.equal(await code(root, { token: 'staff', session: SESSIONS[0] }), undefined);
  t.equal(await code(staff, { session: SESSIONS[0] }), 'AUDIT_FORBIDDEN', 'what was shared with it is not its own');
  t.equal(await code(root, { session: SESSIONS[1] }), 'AUDIT_FORBIDDEN', 'there is none');
  t.equal(await code(root, { session: SESSIONS[0], account: 'bob' }), 'AUDIT_REQUEST');
  t.equal(await code(root, {}), 'AUDIT_REQUEST');
  t.equal(await code(root, { token: 'nobody', account: 'bob' }), 'AUDIT_REQUEST');
  t.equal(await code(root, { token: 'all', account: 'bob' }), 'AUDIT_REQUEST');
  t.equal(await code(root, { account: 'bob', until: '2020-01-01' }), 'AUDIT_REQUEST');
  t.equal(await code(root, { account: 'bob', until: '2226-01-01' }), 'AUDIT_REQUEST');
  t.match((await staff.ask('audit.shares')).result, { shares: [{ token: 'staff', by: 'root' }] });
  t.match((await staff.ask('audit.unshare', { token: 'staff', session: SESSIONS[0] })).result, { removed: false });
  t.equal((await staff.ask('audit.session', { session: SESSIONS[0] })).error, undefined);
  api.revoke('staff');
  const next = new Rpc(t, api.url, api.token({ name: 'staff', scopes: ['shared'] }));
  t.same((await next.ask('audit.shares')).result, { shares: [] }, 'a share is not for a later token of that name');
  t.same((await next.ask('audit.events')).result, { records: 0, last: null });
  t.match((await root.ask('audit.unshare', { token: 'staff', session: SESSIONS[0] })).result, { removed: true });
  t.same((await root.ask('audit.shares')).result, { shares: [] });
  t.match(
    api.declared.map(({ data }) => [data.by, data.method, data.session, data.filter]),
    [
      ['root', 'audit.share', SESSIONS[0], { token: ['staff'] }],
      ['staff', 'audit.session', SESSIONS[0], {}],
      ['staff', 'audit.events', null, {}],
      ['staff', 'audit.events', null, {}],
      ['root', 'audit.unshare', SESSIONS[0], { token: ['staff'] }],
    ],
  );
});
