/**
 * Law: what happens to the audit between a prompt and its answer shows no answer. The audit thread dies, or the credits of the door are used up, where the
 * server asks for a secret in words that no mask knows, with no ECHO either: the prompt itself is lost, and the line that answers it is hidden.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { folderOf, records, recordThat, type StartedProxy, startProxy, startServer, type Written } from '../harness.js';
import { leaksOf } from '../peers/secrets.js';
import { until } from '../wait.js';

const SECRET = 'Zq7wwrdVx';
const BOTH_KEPT = ['AUDIT_IN=True', 'AUDIT_OUT=True'];
const MIB = 1024 ** 2;

/** Asks for a name, then, behind `flood` bytes of talk, for something else; then it welcomes and repeats what it is told. */
const asking =
  (flood: number) =>
  (socket: Socket): void => {
    const answers = [`${'A long story. '.repeat(Math.ceil(flood / 14))}\r\nWord? `, 'Welcome.\r\n> '];
    socket.write('Name? ');
    socket.setEncoding('latin1').on('data', (line: string) => void socket.write(answers.shift() ?? `You say ${line.trim()}\r\n> `, 'latin1'));
    socket.on('end', () => socket.end());
  };

/** A client that has read up to a text. */
async function reads(client: Socket, text: string): Promise<void> {
  let tail = '';
  const take = (chunk: Buffer): void => {
    tail = (tail + chunk.toString('latin1')).slice(-100);
  };
  client.on('data', take);
  await until(() => tail.includes(text), `the server's ${text}`);
  client.off('data', take);
}

async function ends(client: Socket): Promise<void> {
  client.resume().end();
  await once(client, 'close');
}

/** The secret stands nowhere, and its line is there under stars, unless it may have been lost with the thread. */
async function isHidden(t: Test, { running, folder, logged }: StartedProxy, lost = false): Promise<void> {
  await running.stop();
  t.same(leaksOf(folder, logged.join('\n'), [SECRET]), []);
  if (lost) return;
  const inputs = records(folder).filter(({ topic }) => topic === 'session.input');
  t.match(
    inputs.find(({ text }) => text === '*'.repeat(SECRET.length)),
    { masked: [{ mask: 'hidden-typing' }] },
    'the line is there',
  );
}

for (const when of ['at once', 'when the new thread is at work'] as const) {
  t.test(`the audit thread is killed between prompt and answer, which comes ${when}`, async (t) => {
    const proxy = await startProxy(t, { upstream: await startServer(t, asking(0)), set: BOTH_KEPT });
    const client = await proxy.connect();
    await reads(client, 'Name? ');
    client.write('bob\r\n');
    await reads(client, 'Word? ');
    await until(() => proxy.running.auditThread?.threadId, 'the audit thread');
    const restarted = ({ topic, data }: Written): boolean => topic === 'audit.gap' && data?.reason === 'audit-restarted';
    await proxy.running.auditThread?.terminate();
    if (when !== 'at once') await recordThat(proxy.folder, restarted, 'the gap');
    // The line that stood open where the thread died is left out up to its end; here it is none of the client's.
    client.write(`\r\n${SECRET}\r\n`);
    await reads(client, 'Welcome.');
    await ends(client);
    await isHidden(t, proxy, when === 'at once');
  });
}

/** A callback that takes nothing until the server at its socket ends the connection: with it the spool fills, and the audit side holds its slabs. */
const GATE = `import { connect } from 'node:net';
const open = new Promise((resolve) => connect(process.env.WIRESCRIBE_TEST_GATE).resume().once('end', resolve));
export default async (record) => open;
`;

t.test('the credits are used up between a name and the answer to a prompt that nobody recorded', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'gate.mjs'), GATE);
  const gates: Socket[] = [];
  process.env.WIRESCRIBE_TEST_GATE = (await startServer(t, (socket) => void gates.push(socket), 'unix')).slice('unix:'.length);
  const set = [...BOTH_KEPT, "SPOOL_MAX_BYTES='1m'", "AUDIT_CALLBACK=['file', './gate.mjs']"];
  const proxy = await startProxy(t, { upstream: await startServer(t, asking(8 * MIB)), set, folder }, { slabs: 8 });
  const client = await proxy.connect();
  await reads(client, 'Name? ');
  client.write('bob\r\n');
  await reads(client, 'Word? ');
  const gate = await until(() => gates[0], 'the gate');
  gate.end();
  const lost = ({ topic, data }: Written): boolean => topic === 'audit.gap' && data?.stage === 'capture' && data?.direction === 'SND';
  await recordThat(folder, lost, 'the gap');
  client.write(`${SECRET}\r\n`);
  await reads(client, 'Welcome.');
  await ends(client);
  await isHidden(t, proxy);
});
