/** Clients by TLS that are not Node's: openssl s_client, and telnet-ssl, a telnet client that negotiates. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeAuthority } from '../bridge/certificates.js';
import { startServer } from '../harness.js';
import { until } from '../wait.js';
import { startListener } from './listener.js';
import { CACHE, peerMissing } from './peer.js';

const skip = peerMissing('openssl');

/** A game that greets, and repeats what it is told. */
const game = (t: Test): Promise<string> =>
  startServer(t, (socket) => {
    socket.write('Welcome!\r\n');
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('end', () => socket.end('Goodbye!\r\n'));
  });

/** A program that is typed into by pipes, and what it has said. */
function start(t: Test, program: string, args: readonly string[]): { readonly child: ChildProcess; said(): string; type(text: string): void } {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  child.stdin.on('error', () => undefined);
  t.teardown(() => child.kill('SIGKILL'));
  return { child, said: () => said, type: (text) => void child.stdin.write(text) };
}

async function certified(t: Test) {
  const authority = makeAuthority(t);
  const mud = authority.sign('mud', 'DNS:mud.example,DNS:localhost');
  const alice = authority.sign('alice', 'DNS:alice.example');
  const upstream = await game(t);
  const files = `'cert': '${mud.certPath}', 'key': '${mud.keyPath}', 'client_ca': '${authority.certPath}'`;
  const ours = await startListener(t, `'listen': 'telnets://127.0.0.1:0', 'upstream': '${upstream}', ${files}`);
  return { authority, alice, ours };
}

for (const [version, option] of [
  ['TLSv1.2', '-tls1_2'],
  ['TLSv1.3', '-tls1_3'],
] as const) {
  t.test(`openssl s_client by ${version}: verifies us, is verified, talks and ends`, { skip }, async (t) => {
    const { authority, alice, ours } = await certified(t);
    const verify = ['-CAfile', authority.certPath, '-verify_return_error', '-verify_hostname', 'mud.example', '-servername', 'mud.example'];
    const own = ['-cert', alice.certPath, '-key', alice.keyPath];
    const client = start(t, 'openssl', ['s_client', '-connect', `127.0.0.1:${ours.port}`, '-quiet', '-no_ign_eof', option, ...verify, ...own]);
    await until(() => client.said().includes('Welcome!'), 'the greeting');
    client.type('look\n');
    await until(() => client.said().includes('look'), 'the answer');
    client.child.stdin?.end();
    const end = await ours.recordThat(({ topic }) => topic === 'session.end', 'the end');
    t.match(end.data, { reason: 'closed', by: 'client', bytes_in: 5 });
    const tls = ours.records().find(({ topic }) => topic === 'session.start')?.data?.tls;
    t.match(tls, { version, servername: 'mud.example', client: { subject: 'O=Test, CN=alice', fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ } });
  });
}

t.test('openssl s_client by TLS 1.1, and one that asks for a new handshake within the session, are cut off', { skip }, async (t) => {
  const { ours } = await certified(t);
  const at = ['-connect', `127.0.0.1:${ours.port}`];
  const old = start(t, 'openssl', ['s_client', ...at, '-tls1_1', '-cipher', 'ALL@SECLEVEL=0']);
  await once(old.child, 'close');
  t.match(old.said(), /alert protocol version|unsupported protocol|no protocols available/);
  const again = start(t, 'openssl', ['s_client', ...at, '-tls1_2']);
  await until(() => again.said().includes('Welcome!'), 'the greeting');
  again.type('R\n');
  await once(again.child, 'close');
  t.match(again.said(), /RENEGOTIATING[\s\S]*no renegotiation/);
});

t.test('telnet-ssl: a telnet client that speaks TLS from the first byte', { skip: peerMissing('openssl', 'telnet-ssl') }, async (t) => {
  const { authority, ours } = await certified(t);
  const args = ['-8', '-z', 'ssl', '-z', `cacert=${authority.certPath}`, '-z', 'verify=1', 'localhost', String(ours.port)];
  const client = start(t, join(CACHE, 'telnet-ssl/usr/bin/telnet-ssl'), args);
  await until(() => client.said().includes('Welcome!'), 'the greeting').catch((error: unknown) => {
    throw new Error(`${error}: ${client.said()}`);
  });
  client.type('look\n');
  await ours.recordThat(({ topic, text }) => topic === 'session.input' && text === 'look', 'what was typed');
  client.child.stdin?.end();
  const end = await ours.recordThat(({ topic }) => topic === 'session.end', 'the end');
  t.match(end, { protocol: 'telnet/ssl' });
});
