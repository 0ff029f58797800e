/** The API in code beside a proxy that runs: what is said in a session is found, followed and counted while it goes on. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { openAudit } from '../src/api.js';
import { startProxy, startServer } from './harness.js';
import { until } from './wait.js';

/** A server with a login screen, that answers each line with itself in capitals. */
function greet(socket: Socket): void {
  socket.write('Welcome.\r\n');
  socket.once('end', () => socket.end());
  socket.on('data', (bytes: Buffer) => void socket.write(bytes.toString().toUpperCase()));
}

t.test('a running session is found, followed and counted', async (t) => {
  const upstream = await startServer(t, greet);
  const set = ["AUDIT_CALLBACK='store'", 'AUDIT_IN=True', 'AUDIT_OUT=True'];
  const { folder, connect } = await startProxy(t, { upstream, set });
  const audit = await openAudit({ cwd: folder, set, mayBeEmpty: true });
  t.teardown(() => audit.close());

  const followed: (string | undefined)[] = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const { text } of audit.events({ topics: ['session.input', 'session.output'], follow: true, signal: stop.signal }))
      followed.push(text);
  })();
  const open: number[] = [];
  const watching = (async () => {
    for await (const one of audit.connections({ follow: true, signal: stop.signal })) open.push(one.open);
  })();

  const client = await connect();
  client.resume();
  client.write('look\r\n');
  await until(() => followed.includes('LOOK'), 'the answer is followed');
  await until(() => open.at(-1) === 1, 'one session is open');
  client.write('say gold for the ogre\r\n');
  await until(() => followed.includes('SAY GOLD FOR THE OGRE'), 'the next answer');
  client.end();
  await once(client, 'close');
  await until(() => open.at(-1) === 0, 'none is open');
  stop.abort();
  await Promise.all([following, watching]);

  t.same(followed, ['Welcome.', 'look', 'LOOK', 'say gold for the ogre', 'SAY GOLD FOR THE OGRE']);
  t.equal((await audit.get({ filter: ['words=ogre', 'direction=in'] })).text, 'say gold for the ogre');
  t.equal((await audit.get({ filter: ['answered=true', 'contains=look'] })).exchange, 1);
  t.match(await audit.metrics({ path: 'inputs/listener' }), { total: 2, groups: [{ total: 2 }], others: 0 });
  const sessions: unknown[] = [];
  for await (const { inputs, outputs, reason } of audit.sessions()) sessions.push([inputs, outputs, reason]);
  t.same(sessions, [[2, 3, 'closed']]);
});
