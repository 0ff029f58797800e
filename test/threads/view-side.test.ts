import { join } from 'node:path';
import t from 'tap';
import { openView } from '../../src/threads/view-side.js';
import type { Main } from '../../src/threads/view-thread.js';
import { folderOf } from '../harness.js';
import { get } from '../view/api/serve.js';
import { until } from '../wait.js';

const MAIN: Main = {
  healthy: () => true,
  unready: () => [],
  metrics: async () => ({ text: 'one 1\n', type: 'text/plain' }),
  stats: async () => ({ running: true }),
  declare: async () => true,
  redact: async () => ({}),
  wrongToken: () => undefined,
  warn: () => undefined,
};

const NO_EVENTS = { others: [], listeners: [] };

t.test('a view thread that dies is started again on its address', async (t) => {
  const spool = folderOf(t);
  let restarts = 0;
  const restarted = (): void => {
    restarts += 1;
  };
  const data = { address: { host: '127.0.0.1', port: 0 }, spool, store: { fillers: [], folder: spool }, events: NO_EVENTS };
  const view = await openView(data, MAIN, { restarted });
  t.teardown(() => view.close());
  t.same(await get(`${view.url}/metrics`, undefined), [200, 'one 1\n']);
  await view.thread?.worker?.terminate();
  await until(() => restarts === 1, 'another thread');
  t.same(await get(`${view.url}/healthz`, undefined), [200, '{"healthy":true}\n']);
  await view.close();
  await t.rejects(fetch(`${view.url}/healthz`));
});

t.test('where the main thread does not answer in a second, nobody knows: 503', async (t) => {
  const spool = folderOf(t);
  const never = (): Promise<never> => new Promise(() => undefined);
  const main = { ...MAIN, healthy: never, unready: never, metrics: never };
  const data = { address: { path: join(spool, 'admin.sock') }, spool, store: { fillers: [], folder: spool }, events: NO_EVENTS };
  const onPort = { ...data, address: { host: '127.0.0.1', port: 0 } };
  const view = await openView(onPort, main, { restarted: () => undefined });
  t.teardown(() => view.close());
  const answers = await Promise.all(['/healthz', '/readyz', '/metrics'].map((path) => get(`${view.url}${path}`, undefined)));
  t.same(answers, Array(3).fill([503, '{"error":"AUDIT_THREAD"}\n']));
  const socket = await openView(data, MAIN, { restarted: () => undefined });
  t.equal(socket.url, `unix:${join(spool, 'admin.sock')}`);
  await t.rejects(openView(data, MAIN, { restarted: () => undefined }), { code: 'AUDIT_LISTEN' });
  await socket.close();
});
