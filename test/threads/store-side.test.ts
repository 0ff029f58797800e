import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inlineStore, threadStore } from '../../src/threads/store-side.js';
import { until } from '../wait.js';

/** A store that says what it was asked, from the thread that it is in. */
const MODULE = `
import { threadId } from 'node:worker_threads';
export default (options, context) => ({ write: async () => {}, close: async () => {} });
export const openStore = ({ text }, folder) => ({
  page: async ({ limit }) => ({ records: [{ id: 'a', line: text }, { id: 'b', line: folder }].slice(0, limit), next: 'b' }),
  sessions: async (query) => [query],
  counts: async () => { throw Object.assign(new Error('its disk is full'), { code: 'AUDIT_SPOOL' }); },
  values: async (of, prefix, limit) => [of, prefix, String(limit)],
  figures: async () => { throw new TypeError('hunter2'); },
  newest: async () => String(threadId),
  close: async () => {},
});
`;

t.test('a store in a thread of its own answers as one in this thread does, and fails as it does', async (t) => {
  const folder = t.testdir({ 'own.mjs': MODULE });
  const filler = { name: 'own', module: join(folder, 'own.mjs'), options: { text: 'a line' } };
  const data = { fillers: [filler], folder: '/srv' };
  const sides = [inlineStore(data), threadStore(data, () => undefined)];
  t.teardown(() => Promise.all(sides.map((side) => side.close())));
  const threads = new Set<unknown>();
  for (const side of sides) {
    const store = await side.open();
    const records = [
      { id: 'a', line: 'a line' },
      { id: 'b', line: '/srv' },
    ];
    t.same(await store.page({ topics: [], order: 'asc', filters: [], limit: 5 }), { records, next: 'b' });
    t.same(await store.sessions({ order: 'asc', limit: 3 }), [{ order: 'asc', limit: 3 }]);
    t.same(await store.values('account', 'b', 7), ['account', 'b', '7']);
    await t.rejects(store.counts({ from: 0, to: 1, every: 'all', counted: [] }), { code: 'AUDIT_SPOOL', message: 'its disk is full' });
    await t.rejects(store.figures(), { name: /Error$/ });
    threads.add(await store.newest());
  }
  t.equal(threads.size, 2);
});

t.test('where there is no store that is said at once, and looked at again a second later', async (t) => {
  const folder = t.testdir({});
  const module = join(folder, 'late.mjs');
  const side = threadStore({ fillers: [{ name: 'late', module, options: {} }], folder }, () => undefined);
  t.teardown(() => side.close());
  await t.rejects(side.open(), { code: 'AUDIT_STORE_NONE' });
  writeFileSync(module, MODULE);
  await t.rejects(side.open(), { code: 'AUDIT_STORE_NONE' });
  t.ok(await until(() => side.open().catch(() => undefined), 'the store'));
});
