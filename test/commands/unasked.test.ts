import t from 'tap';
import { withoutSystem } from '../../src/commands/unasked.js';
import { makeMatcher } from '../../src/view/match.js';

const record = (topic: string, more: object = {}) => ({ topic, line: '', ...more }) as unknown as Parameters<ReturnType<typeof makeMatcher>>[0];

t.test('a search that names no topic is for what sessions say, and for gaps and faults', async (t) => {
  const { topics, filter } = withoutSystem({ topics: [], filter: [{ account: ['bob'] }] });
  t.same(topics, ['session', 'audit.gap', 'audit.fault']);
  t.same(filter[0], { account: ['bob'] });
  const matches = makeMatcher(filter.slice(1), () => () => false);
  t.ok(matches(record('session.input')));
  t.ok(matches(record('audit.gap')));
  t.ok(matches(record('audit.fault', { system: true })));
  t.notOk(matches(record('session.oob', { system: true })));
  t.notOk(matches(record('access.view')));
});

t.test('a search that names topics, events or ids is left as it is', async (t) => {
  for (const search of [
    { topics: ['access'], filter: [] },
    { topics: [], filter: [{ system: true }] },
    { topics: [], filter: [{ event: ['login'] }] },
    { topics: [], filter: [{ any: [{ id: ['x'] }, { account: ['bob'] }] }] },
    { topics: [], filter: [{ fields: [{ path: 'topic', is: 'startswith', value: 'audit' }] }] },
  ] as const)
    t.equal(withoutSystem(search).filter, search.filter);
});
