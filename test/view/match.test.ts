import t from 'tap';
import { compileSearch } from '../../src/mask/search.js';
import type { FieldTest, Filter } from '../../src/store-contract.js';
import { makeMatcher, readNetwork } from '../../src/view/match.js';
import { readStored } from '../../src/view/stored-record.js';

const ID = '019b7ca9-8c8b-71fb-b5f9-275faf297e2c';
const SESSION = '019b7ca9-8c89-7265-afb0-e234405fe1a1';

/** Whether a record with these members, and the few that every one has, passes. */
function passes(members: { readonly [name: string]: unknown }, ...filters: readonly Filter[]): boolean {
  const line = JSON.stringify({ v: '1.0', id: ID, topic: 'session.input', session: SESSION, ...members });
  return makeMatcher(filters, compileSearch)(readStored({ id: ID, line }));
}

t.test('all conditions must hold, and of a list any one', async (t) => {
  const bob = { account: 'Bob', listener: 'game', direction: 'RCV', exchange: 7 };
  t.ok(passes(bob));
  t.ok(passes(bob, { account: ['anna', 'bob'], listener: ['game'], direction: 'RCV', exchange: 7, id: [ID], session: [SESSION] }));
  t.notOk(passes(bob, { account: ['bob'], listener: ['web'] }));
  t.notOk(passes(bob, { account: ['bob'] }, { exchange: 8 }));
  t.notOk(passes(bob, { direction: 'SND' }));
  t.notOk(passes(bob, { id: ['019b7ca9-8c8b-71fb-b5f9-275faf297e2d'] }));
  t.notOk(passes({}, { account: ['bob'] }));
});

t.test('case does not count in names of people and places, and does elsewhere', async (t) => {
  t.ok(passes({ character: 'Émile', room: 'The Inn' }, { character: ['ÉMILE'], room: ['the inn'] }));
  t.ok(passes({ account: 'Rene\u0301', text: 'cafe\u0301' }, { account: ['ren\u00e9'], contains: 'f\u00e9', words: 'CAF\u00c9' }));
  t.notOk(passes({ listener: 'game' }, { listener: ['GAME'] }));
});

t.test('an address lies in a network, also IPv4 that is written as IPv6', async (t) => {
  t.ok(passes({ ip: '203.0.113.7' }, { address: ['203.0.113.0/24'] }));
  t.ok(passes({ ip: '::ffff:203.0.113.7' }, { address: ['203.0.113.7'] }));
  t.ok(passes({ ip: '203.0.113.7' }, { address: ['::ffff:203.0.113.0/120'] }));
  t.ok(passes({ ip: '2001:db8::1' }, { address: ['192.0.2.1', '2001:db8::/32'] }));
  t.notOk(passes({ ip: '203.0.114.7' }, { address: ['203.0.113.0/24'] }));
  t.notOk(passes({ ip: '2001:db9::1' }, { address: ['2001:db8::/32'] }));
  t.notOk(passes({}, { address: ['0.0.0.0/0', '::/0'] }));
  t.notOk(passes({ ip: 'unknown' }, { address: ['0.0.0.0/0'] }));
});

t.test('reads networks, and nothing else', async (t) => {
  t.same(readNetwork('10.0.0.0/8'), { address: '10.0.0.0', bits: 8 });
  t.same(readNetwork('::1'), { address: '::1', bits: 128 });
  for (const text of ['', '10.0.0.0/33', '10.0.0', '::/129', '10.0.0.0/-1', '10.0.0.0/8/8', 'localhost', '::ffff:10.0.0.0/8']) {
    t.equal(readNetwork(text), undefined, text);
  }
});

t.test('an event is found by its beginning up to a dot', async (t) => {
  const login = { event: 'auth.login.failed', event_type: 'auth' };
  t.ok(passes(login, { event: ['auth.login'] }));
  t.ok(passes(login, { event: ['auth.login.failed'], eventType: ['auth'] }));
  t.notOk(passes(login, { event: ['auth.log'] }));
  t.notOk(passes({}, { event: ['auth'] }));
});

t.test('what was said is found by words, by a part of it, or by a pattern', async (t) => {
  const said = { text: 'Bob says, "Où est l\'ogre?"\nHP:12' };
  t.ok(passes(said, { words: 'ogre où' }));
  t.ok(passes(said, { words: 'SAYS bob' }));
  t.ok(passes(said, { words: 'og* hp:1*' }));
  t.notOk(passes(said, { words: 'og' }));
  t.notOk(passes(said, { words: 'ogre troll' }));
  t.ok(passes(said, { contains: 'EST L' }));
  t.notOk(passes(said, { contains: 'says ogre' }));
  t.ok(passes(said, { pattern: '^hp:(\\d+)$' }));
  t.notOk(passes(said, { pattern: 'bob.*hp' }));
  for (const filter of [{ words: 'bob' }, { contains: 'b' }, { pattern: 'bob' }]) t.notOk(passes({}, filter));
});

t.test('a pattern that linear time cannot do is refused at once', async (t) => {
  t.throws(() => makeMatcher([{ pattern: '(a)\\1' }], compileSearch), { code: 'AUDIT_MASK_PATTERN' });
  t.throws(() => makeMatcher([{ fields: [{ path: 'text', is: 'regex', value: '(?=a)' }] }], compileSearch), { code: 'AUDIT_MASK_PATTERN' });
});

t.test('members are tested where their path leads', async (t) => {
  const change = { topic: 'session.change', data: { path: 'Room.Info', old: null, new: { num: 7, exits: ['n', 's'] } }, bytes: 20 };
  const field = (path: string, is: FieldTest['is'], value: unknown) => passes(change, { fields: [{ path, is, value }] });
  t.ok(field('data.path', 'exact', 'Room.Info'));
  t.ok(field('data.old', 'exact', null));
  t.ok(field('data.new', 'exact', { exits: ['n', 's'], num: 7 }));
  t.notOk(field('data.new', 'exact', { exits: ['s', 'n'], num: 7 }));
  t.notOk(field('data.path', 'exact', 'room.info'));
  t.ok(field('data.new.num', 'in', [6, 7]));
  t.notOk(field('data.new.num', 'in', ['7']));
  t.ok(field('data.path', 'contains', 'om.In'));
  t.ok(field('data.new.exits', 'contains', 's'));
  t.ok(field('data.new.exits.1', 'exact', 's'));
  t.ok(field('data.path', 'startswith', 'Room'));
  t.notOk(field('data.path', 'startswith', 'Info'));
  t.ok(field('data.path', 'regex', '^room\\.'));
  t.ok(field('bytes', 'gt', 19));
  t.notOk(field('bytes', 'gt', 20));
  t.ok(field('bytes', 'gte', 20));
  t.ok(field('bytes', 'lte', 20));
  t.notOk(field('bytes', 'lt', 20));
  t.notOk(field('bytes', 'lt', '30'));
  t.ok(field('data.path', 'gt', 'Room'));
  t.ok(field('data.old', 'exists', true));
  t.ok(field('data.older', 'exists', false));
  t.notOk(field('data.path.length', 'gt', 0));
  t.notOk(field('data.toString', 'exists', true));
  t.notOk(field('data.older', 'exact', undefined));
});

t.test('system records can be left out', async (t) => {
  t.notOk(passes({ topic: 'audit.gap' }, { system: false }));
  t.notOk(passes({ topic: 'access.view' }, { system: false }));
  t.notOk(passes({ system: true }, { system: false }));
  t.ok(passes({ topic: 'auditor.note' }, { system: false }));
  t.ok(passes({ topic: 'audit.gap' }, { system: true }));
  t.notOk(passes({ topic: 'session.input' }, { system: true }));
});

t.test('of `any` at least one holds', async (t) => {
  const any = [{ account: ['bob'] }, { contains: 'gold', any: [{ listener: ['web'] }] }];
  t.ok(passes({ account: 'bob' }, { any }));
  t.ok(passes({ text: 'gold', listener: 'web' }, { any }));
  t.notOk(passes({ text: 'gold', listener: 'game' }, { any }));
});

t.test('what the store alone can tell passes, and is refused where it would stand beside what it cannot', async (t) => {
  t.ok(passes({}, { answered: true, faulty: false, any: [{ answered: false }, { account: ['bob'] }] }));
  t.throws(() => makeMatcher([{ any: [{ answered: true }, { contains: 'x' }] }], compileSearch), {
    code: 'AUDIT_QUERY',
    message: /^any: answered, faulty/,
  });
  t.throws(() => makeMatcher([{ any: [{ any: [{ faulty: true }] }, { fields: [] }] }], compileSearch), { code: 'AUDIT_QUERY' });
});
