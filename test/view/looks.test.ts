import t from 'tap';
import { readFilters } from '../../src/view/filter-words.js';
import { checkedLook, narrowedBy } from '../../src/view/looks.js';

t.test('says what a look was narrowed by: ids, addresses and names as they are, never a word that was searched for', async (t) => {
  const filters = readFilters([
    'account=bob',
    'account=tom',
    'address=192.0.2.0/24',
    'contains=my secret',
    'words=dragon',
    'data.reason=x',
    'faulty=true',
  ]);
  t.strictSame(narrowedBy(filters), {
    account: ['bob', 'tom'],
    address: ['192.0.2.0/24'],
    contains: null,
    words: null,
    faulty: true,
    fields: null,
  });
  t.strictSame(
    narrowedBy([{ account: Array.from({ length: 50 }, (_, i) => `a${i}`) }]).account,
    Array.from({ length: 20 }, (_, i) => `a${i}`),
  );
  t.strictSame(narrowedBy([{ any: [{ contains: 'my secret' }] }]), { any: null });
});

const LOOK = {
  topic: 'access.view',
  data: { by: 'root', how: 'command', method: 'query', filter: {}, session: null, from: null, to: null, records: 3 },
};

t.test('a look that is one is taken as it is', async (t) => {
  t.strictSame(checkedLook(LOOK), LOOK);
  const exported = { topic: 'access.export', data: { ...LOOK.data, look: 'f81d4fae-7dec-41d0-8765-00a0c91e6bf6', format: 'jsonl', records: null } };
  t.strictSame(checkedLook(exported), exported);
});

t.test('anything else is refused', async (t) => {
  const odd: readonly unknown[] = [
    null,
    7,
    { ...LOOK, topic: 'audit.stop' },
    { topic: 'access.view' },
    { ...LOOK, data: { ...LOOK.data, by: 7 } },
    { ...LOOK, data: { ...LOOK.data, by: 'x'.repeat(501) } },
    { ...LOOK, data: { ...LOOK.data, how: 'rpc' } },
    { ...LOOK, data: { ...LOOK.data, role: 'operator' } },
    { ...LOOK, data: { ...LOOK.data, records: -1 } },
    { ...LOOK, data: { ...LOOK.data, filter: { account: 'x'.repeat(40_000) } } },
    { ...LOOK, data: { by: 'root', how: 'command' } },
  ];
  for (const one of odd) t.throws(() => checkedLook(one), { code: 'AUDIT_USAGE' });
});
