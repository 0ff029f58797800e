import t from 'tap';
import type { SessionSummary } from '../../../src/store-contract.js';
import {
  allows,
  FEATURES,
  type Feature,
  filterOf,
  isWithin,
  maySee,
  narrowSessions,
  narrowSummary,
  ROLES,
  type RoleName,
  readScope,
  type Shown,
  sightOf,
} from '../../../src/view/access/permissions.js';

const sight = (words: readonly string[], account: string | null = null, shown: readonly Shown[] = []) =>
  sightOf(
    words.flatMap((word) => readScope(word) ?? []),
    account,
    shown,
  );

t.test('a scope is read as it is written, and nothing else is one', async (t) => {
  t.same(readScope('everything'), { kind: 'everything' });
  t.same(readScope('listener=game'), { kind: 'listener', listener: 'game' });
  t.same(readScope('account=bob,Eve'), { kind: 'account', accounts: ['bob', 'Eve'] });
  t.same(readScope('own'), { kind: 'own' });
  t.same(readScope('shared'), { kind: 'shared' });
  for (const word of ['', 'all', 'listener=', 'listener', 'account=', 'account=,', 'everything=1', 'own=bob'])
    t.equal(readScope(word), undefined, word);
});

t.test('each role has these features and no others', async (t) => {
  const has = (role: RoleName): Feature[] => (Object.keys(FEATURES) as Feature[]).filter((feature) => allows(role, feature));
  t.same(has('operator'), Object.keys(FEATURES));
  t.same(has('moderator'), ['sessions', 'content', 'live', 'reports', 'finder']);
  t.same(has('auditor'), ['sessions', 'content', 'export', 'reports', 'finder']);
  t.same(has('reviewer'), ['sessions', 'content', 'share-own']);
  t.same(
    Object.values(ROLES).map(({ scope }) => scope),
    ['everything', 'everything', 'everything', 'shared'],
  );
});

t.test('scopes are conditions that every query carries', async (t) => {
  t.equal(filterOf(sight(['listener=game', 'everything'])), undefined);
  t.same(filterOf(sight(['listener=game', 'account=Bob,eve', 'listener=staff'])), {
    any: [{ listener: ['game', 'staff'] }, { account: ['bob', 'eve'] }],
  });
  t.same(filterOf(sight(['own'], 'Bob')), { any: [{ account: ['bob'] }] });
  t.same(filterOf(sight(['shared'], null, [{ session: 's1' }, { account: 'Eve' }])), { any: [{ account: ['eve'] }, { session: ['s1'] }] });
  t.same(filterOf(sight(['own'], 'bob', [{ session: 's1' }])), { any: [{ account: ['bob'] }] }, 'a share is for the scope shared');
  for (const nothing of [[], ['own'], ['shared']]) t.same(filterOf(sight(nothing)), { id: ['00000000-0000-7000-8000-000000000000'] }, `${nothing}`);
});

t.test('a record is shown to those whose scope it is in, and one without a session to those alone who see everything', async (t) => {
  const record = { session: 's1', listener: 'game', account: 'Bob' };
  const shown = (words: string[], one: object = record) => maySee(sight(words, 'bob', [{ session: 's1' }]), one);
  for (const word of ['everything', 'listener=game', 'account=BOB', 'own', 'shared']) t.ok(shown([word]), word);
  for (const word of ['listener=staff', 'account=alice', 'account=bo']) t.notOk(shown([word]), word);
  t.notOk(shown(['account=bob'], { session: 's1', listener: 'game' }), 'before the login nobody is known');
  const node = { listener: 'game', account: 'bob' };
  t.ok(shown(['everything'], node));
  for (const word of ['listener=game', 'account=bob', 'own', 'shared']) t.notOk(shown([word], node), word);
});

t.test('who sees bob alone is not told who came before or behind him', async (t) => {
  const becomes = (old: unknown, name: unknown, field = 'account') => {
    const record = { session: 's1', listener: 'game', account: 'Bob', topic: 'session.identity', data: { field, old, new: name } };
    return (...words: string[]) => maySee(sight(words), record);
  };
  for (const [old, name] of [
    ['Bob', 'alice'],
    ['alice', 'Bob'],
  ]) {
    t.notOk(becomes(old, name)('account=bob'));
    for (const word of ['account=bob,alice', 'listener=game', 'everything']) t.ok(becomes(old, name)(word), word);
  }
  t.ok(becomes('Bob', null)('account=bob'), 'that he left');
  t.ok(becomes('Ulf', 'Wulf', 'character')('account=bob'), 'and whom he plays');
});

t.test('who sees bob alone cannot ask whether alice was in his session', async (t) => {
  const query = { order: 'desc', limit: 10 } as const;
  t.same(narrowSessions(sight(['everything']), { ...query, account: ['alice'] }), { ...query, account: ['alice'] });
  t.same(narrowSessions(sight(['account=bob']), query), { ...query, any: [{ account: ['bob'] }] });
  t.same(narrowSessions(sight(['account=bob,eve']), { ...query, account: ['Bob', 'alice'] }), { ...query, any: [{ account: ['bob'] }] });
  t.same(narrowSessions(sight(['account=bob']), { ...query, account: ['alice'] }), {
    ...query,
    any: [{ session: ['00000000-0000-7000-8000-000000000000'] }],
  });
  t.same(narrowSessions(sight(['listener=game', 'account=bob']), { ...query, account: ['alice'] }), {
    ...query,
    any: [{ listener: ['game'], account: ['alice'] }],
  });
});

t.test('of a session that several were in, the names of others are left out', async (t) => {
  const summary = {
    session: 's1',
    listener: 'game',
    accounts: ['Bob', 'alice'],
    account: 'alice',
    character: 'Alia',
    inputs: 7,
  } as unknown as SessionSummary;
  const mine = { ...summary, accounts: ['Bob'], account: null, character: null };
  t.same(narrowSummary(sight(['account=bob']), summary), mine);
  t.same(narrowSummary(sight(['account=alice']), summary), { ...summary, accounts: ['alice'] });
  t.same(narrowSummary(sight(['listener=game']), summary), summary);
  t.same(narrowSummary(sight(['shared'], null, [{ session: 's1' }]), summary), summary);
  t.same(narrowSummary(sight(['shared'], null, [{ account: 'bob' }]), summary), mine);
});

t.test('what was seen may still be seen while nothing of it has ended', async (t) => {
  const one = sight(['shared'], null, [{ session: 's1' }]);
  const two = sight(['shared'], null, [{ session: 's1' }, { account: 'bob' }]);
  t.ok(isWithin(one, two));
  t.notOk(isWithin(two, one));
  t.ok(isWithin(two, sight(['everything'])));
  t.notOk(isWithin(sight(['everything']), two));
  t.ok(isWithin(one, one));
});
