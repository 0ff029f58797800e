import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { type AdminAddress, type AdminAnswers, openAdmin } from '../../src/view/admin.js';
import { folderOf } from '../harness.js';

const WELL: AdminAnswers = { healthy: () => true, unready: () => [], metrics: async () => ({ text: 'one 1\n', type: 'text/plain; version=0.0.4' }) };
const HERE: AdminAddress = { host: '127.0.0.1', port: 0 };

async function open(t: Test, answers: Partial<AdminAnswers> = {}, address = HERE): Promise<string> {
  const admin = await openAdmin(address, { ...WELL, ...answers });
  t.teardown(() => admin.close());
  return admin.url;
}

const get = async (url: string, method = 'GET') => {
  const answer = await fetch(url, { method });
  return [answer.status, await answer.text()];
};

t.test('says whether we live, whether sessions can be taken, and how much there is', async (t) => {
  const url = await open(t);
  t.same(await get(`${url}/healthz`), [200, '{"healthy":true}\n']);
  t.same(await get(`${url}/readyz`), [200, '{"ready":true}\n']);
  t.same(await get(`${url}/metrics?all=1`), [200, 'one 1\n']);
  t.equal((await fetch(`${url}/metrics`)).headers.get('content-type'), 'text/plain; version=0.0.4');
  t.same(await get(`${url}/metrics`, 'HEAD'), [200, '']);
});

t.test('says it with 503 where it is not so, and why', async (t) => {
  const url = await open(t, { healthy: () => false, unready: () => ['spool', 'stopping'] });
  t.same(await get(`${url}/healthz`), [503, '{"healthy":false}\n']);
  t.same(await get(`${url}/readyz`), [503, '{"ready":false,"reasons":["spool","stopping"]}\n']);
});

t.test('takes nothing else', async (t) => {
  const broken = async () => JSON.parse('{"password":hunter2}');
  const url = await open(t, { metrics: broken });
  t.same(await get(`${url}/`), [404, '{"error":"there are /healthz, /readyz and /metrics"}\n']);
  t.same(await get(`${url}/healthz`, 'POST'), [405, '{"error":"GET and HEAD alone"}\n']);
  t.same(await get(`${url}/metrics`), [500, '{"error":"SyntaxError"}\n']);
  const { port } = new URL(url);
  for (const nonsense of ['hunter2\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(nonsense);
    await once(socket, 'close');
  }
  t.same(await get(`${url}/healthz`), [200, '{"healthy":true}\n'], 'and goes on');
});

t.test('answers on a unix socket of its user alone', async (t) => {
  const path = join(folderOf(t), 'admin.sock');
  t.equal(await open(t, {}, { path }), `unix:${path}`);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const asked = request({ socketPath: path, path: '/healthz' });
  asked.end();
  const [answer] = await once(asked, 'response');
  t.equal(await text(answer), '{"healthy":true}\n');
  await t.rejects(openAdmin({ path }, WELL), {
    code: 'AUDIT_LISTEN',
    message: `ADMIN_LISTEN: unix:${path} is in use; give it another address, or None`,
  });
});

t.test('a unix socket that a dead process left is replaced', async (t) => {
  const path = join(folderOf(t), 'admin.sock');
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
  t.ok(statSync(path).isSocket());
  t.equal(await open(t, {}, { path }), `unix:${path}`);
});

t.test('an address that is taken, or not ours, is said', async (t) => {
  const { hostname, port } = new URL(await open(t));
  await t.rejects(openAdmin({ host: hostname, port: Number(port) }, WELL), {
    code: 'AUDIT_LISTEN',
    message: `ADMIN_LISTEN: http://127.0.0.1:${port} is in use; give it another address, or None`,
  });
  await t.rejects(openAdmin({ host: '192.0.2.1', port: 0 }, WELL), {
    code: 'AUDIT_LISTEN',
    message: /http:\/\/192\.0\.2\.1:0 could not be opened \(EADDRNOTAVAIL\)/,
  });
});
