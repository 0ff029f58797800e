import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { type AuditRecord, openAudit } from '../src/api.js';
import { folderOf } from './harness.js';
import { until } from './wait.js';

const MEMORY = pathToFileURL(join(import.meta.dirname, 'view/memory-store.js')).href;
const idOf = (number: number): string => `019b7ca9-8c8b-7000-8000-${String(number).padStart(12, '0')}`;

/** A callback of an operator's own that keeps records, as much as looking needs of it; `global.kept` is its store. */
const KEEPS = `import { MemoryStore } from '${MEMORY}';
export default async (options, context) => ({ write: async () => {}, close: async () => {} });
export const openStore = (options, folder) => {
  if (options.path === 'bad') throw Object.assign(new Error('path: a folder'), { name: 'OptionError' });
  const store = new MemoryStore();
  store.add(...JSON.parse(options.records ?? '[]'));
  globalThis.kept = { store, folder };
  return store;
};`;

/** A folder with a configuration, and modules of callbacks. */
function configured(t: Test, callbacks: string): string {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'keeps.mjs'), KEEPS);
  writeFileSync(join(folder, 'none.mjs'), 'export default (record) => {};');
  writeFileSync(join(folder, 'broken.mjs'), 'import "./not-there.mjs"; export default (record) => {};');
  writeFileSync(join(folder, 'server.conf'), `AUDIT_CALLBACK = ${callbacks}\n`);
  return folder;
}

const records = JSON.stringify([
  { id: idOf(1), topic: 'session.input', text: 'look', account: 'bob' },
  { id: idOf(2), topic: 'session.output', text: 'A dark cave.' },
]);
const KEPT = `['./broken.mjs', './none.mjs', {'use': './keeps.mjs', 'records': r'''${records}'''}]`;

const kept = () => (globalThis as unknown as { kept: { store: { add(record: object): void }; folder: string } }).kept;

t.test('opens the store of the configuration, and searches it', async (t) => {
  const folder = configured(t, KEPT);
  const audit = await openAudit({ cwd: folder });
  t.teardown(() => audit.close());
  t.equal(kept().folder, folder);
  const found: (string | undefined)[] = [];
  for await (const { text } of audit.events({ filter: 'text__regex=^a.*cave' })) found.push(text);
  t.same(found, ['A dark cave.']);
  t.equal((await audit.get(idOf(1)))?.account, 'bob');
  t.equal((await audit.get({ filter: 'account=Bob' })).id, idOf(1));
  t.equal(await audit.get(idOf(9)), undefined);
  t.match(await audit.metrics({ path: 'inputs' }), { path: 'inputs', total: 0 });
  t.match(await audit.connections({}), { open: 0 });
  t.same(await audit.sessions().next(), { done: true, value: undefined });
  t.equal(await audit.session(idOf(7)), undefined);
});

t.test('a pattern that is refused is told where it was asked', async (t) => {
  const audit = await openAudit({ config: join(configured(t, KEPT), 'server.conf') });
  t.teardown(() => audit.close());
  const place = { file: 'pattern', line: 1, column: 1 };
  t.throws(() => audit.events({ filter: { pattern: '(?=a)' } }), { code: 'AUDIT_MASK_PATTERN', place });
});

t.test('follows records and figures until it is closed', async (t) => {
  const audit = await openAudit({ cwd: configured(t, KEPT) });
  const found: AuditRecord[] = [];
  const following = (async () => {
    for await (const record of audit.events({ follow: true })) found.push(record);
  })();
  const figures: unknown[] = [];
  const watching = (async () => {
    for await (const { total } of audit.metrics({ path: 'inputs', follow: true })) figures.push(total);
    for await (const { open } of audit.connections({ follow: true })) figures.push(open);
  })();
  await until(() => found.length === 2 && figures.length === 1, 'what is there');
  kept().store.add({ id: idOf(3), topic: 'session.input', text: 'go north' });
  await until(() => found.length === 3, 'what comes');
  await audit.close();
  await Promise.all([following, watching]);
  t.same(
    found.map(({ text }) => text),
    ['look', 'A dark cave.', 'go north'],
  );
  t.same(figures, [0]);
});

t.test('the caller may end a follower by a signal too', async (t) => {
  const audit = await openAudit({ cwd: configured(t, KEPT) });
  t.teardown(() => audit.close());
  const stop = new AbortController();
  for await (const { id } of audit.events({ follow: true, signal: stop.signal })) if (id === idOf(2)) stop.abort();
  t.ok(stop.signal.aborted);
});

t.test('says that no callback keeps records, and which ones do not load', async (t) => {
  await t.rejects(openAudit({ cwd: configured(t, "['./none.mjs', 'console']") }), {
    code: 'AUDIT_STORE_NONE',
    message: "no callback keeps records that can be searched; add 'store' to AUDIT_CALLBACK",
  });
  await t.rejects(openAudit({ cwd: configured(t, "'./broken.mjs'") }), {
    code: 'AUDIT_STORE_NONE',
    message:
      "no callback keeps records that can be searched; add 'store' to AUDIT_CALLBACK; these callbacks do not load: broken (ERR_MODULE_NOT_FOUND)",
  });
});

t.test('says that nothing is stored, unless that may be', async (t) => {
  const folder = configured(t, "'./keeps.mjs'");
  await t.rejects(openAudit({ cwd: folder }), {
    code: 'AUDIT_STORE_NONE',
    message: /^nothing is stored yet where .*server\.conf says; see that it is the right one/,
  });
  const audit = await openAudit({ cwd: folder, mayBeEmpty: true });
  t.same(await audit.events().next(), { done: true, value: undefined });
  await audit.close();
});

t.test('says what is wrong with the configuration', async (t) => {
  const folder = configured(t, "{'use': './keeps.mjs', 'path': 'bad'}");
  await t.rejects(openAudit({ cwd: folder }), { code: 'AUDIT_CALLBACK_LOAD', message: 'the callback keeps refuses its options: path: a folder' });
  await t.rejects(openAudit({ cwd: folder, set: ['NO_KEY=1'] }), { code: 'AUDIT_CONFIG_KEY' });
  await t.rejects(openAudit({ cwd: folder, config: 'not-there.conf' }), { code: 'AUDIT_CONFIG_FILE' });
});

t.test('is what the package exports as wirescribe/view', async (t) => {
  t.equal(((await import('wirescribe/view')) as { readonly openAudit: unknown }).openAudit, openAudit);
});
