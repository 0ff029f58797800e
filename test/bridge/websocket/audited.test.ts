/** A WebSocket session all the way into the audit: what was said is there, the secrets are nowhere. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import type { NetworkAddress } from '../../../src/bridge/address.js';
import { auditFiles, dialTo, records, recordThat, spoolFiles, startProxy, startServer } from '../../harness.js';
import { until } from '../../wait.js';
import { serve, talk } from './ends.js';

const SECRET = 'hunter2-S3cret';
const AUDITED = ['AUDIT_IN=True', 'AUDIT_OUT=True'];
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** All that stands on disk. */
const written = (folder: string): string => [...auditFiles(folder), ...spoolFiles(folder)].map((file) => readFileSync(file, 'latin1')).join('');

/** A MUD's login: a name, a password that is not echoed, a greeting. */
function login(socket: Socket): void {
  let asked = 0;
  let line = '';
  socket.write('Name: ');
  socket.on('data', (chunk: Buffer) => {
    line += chunk.toString('latin1');
    if (!/[\r\n]/.test(line)) return;
    line = '';
    socket.write(latin1(['\xff\xfb\x01Password: ', '\xff\xfc\x01\r\nWelcome, Bob.\r\n'][asked++] ?? 'A maze.\r\n'));
  });
  socket.on('end', () => socket.end());
}

const WAYS: readonly [string, string[], (line: string) => string | Buffer][] = [
  ['no subprotocol', [], (line) => `${line}\n`],
  ['telnet.', ['telnet.mudstandards.org'], (line) => Buffer.from(`${line}\r\n`)],
  ['terminal.', ['terminal.mudstandards.org'], (line) => Buffer.from(`${line}\r`)],
  ['gmcp.', ['gmcp.mudstandards.org'], (line) => Buffer.from(`${line}\n`)],
  ['json.', ['json.mudstandards.org'], (line) => JSON.stringify({ proto: 'text', data: line })],
  ['ascii', ['ascii'], (line) => `${line}\n`],
  ['binary', ['binary'], (line) => Buffer.from(`${line}\r\n`)],
];

t.test('logins by all subprotocols: name and greeting are recorded, the password is not', async (t) => {
  const upstream = await startServer(t, login);
  const { folder, address, running } = await startProxy(t, { listen: 'ws://127.0.0.1:0', upstream, set: AUDITED }, { threads: 0 });
  const url = `ws://127.0.0.1:${(address as NetworkAddress).port}`;
  const steps = [
    ['Name: ', 'bob'],
    ['Password: ', SECRET],
    ['Welcome, Bob.', 'look'],
  ] as const;
  const play = async ([title, offered, write]: (typeof WAYS)[number]): Promise<void> => {
    const client = await talk(t, `${url}/${encodeURIComponent(title)}`, offered);
    for (const [prompt, line] of steps) {
      await until(() => client.bytes.includes(prompt), `${prompt} by ${title}`);
      client.ws.send(write(line));
    }
    await until(() => client.bytes.includes('A maze.'), `the maze by ${title}`);
    client.ws.close();
  };
  await Promise.all(WAYS.map(play));
  await until(() => records(folder).filter(({ topic }) => topic === 'session.end').length === WAYS.length, 'the ends');
  await running.stop();
  const said = records(folder);
  for (const [title] of WAYS) {
    const start = said.find(({ topic, data }) => topic === 'session.start' && data?.url === `/${encodeURIComponent(title)}`);
    const texts = said.filter(({ session, text }) => session === start?.session && text !== undefined);
    t.match(start, { protocol: 'websocket' }, title);
    t.ok(
      texts.some(({ direction, text }) => direction === 'RCV' && text === 'bob'),
      title,
    );
    t.ok(
      texts.some(({ direction, text }) => direction === 'SND' && text?.includes('Welcome, Bob.')),
      title,
    );
    t.ok(
      texts.some(({ direction, text }) => direction === 'RCV' && /^\*+$/.test(text ?? '')),
      title,
    );
  }
  t.notOk(written(folder).includes(SECRET));
});

t.test('a credential in a GMCP text message is scrubbed', async (t) => {
  const upstream = await startServer(t, (socket) => socket.write(latin1('\xff\xfb\xc9Hello.\r\n')));
  const { folder, address, running } = await startProxy(t, { listen: 'ws://127.0.0.1:0', upstream, set: AUDITED }, { threads: 0 });
  const client = await talk(t, `ws://127.0.0.1:${(address as NetworkAddress).port}`, 'gmcp.mudstandards.org');
  await until(() => client.bytes.includes('Hello.'), 'the greeting');
  client.ws.send(`Char.Login.Credentials {"account":"bob","password":"${SECRET}"}`);
  await recordThat(folder, ({ topic, direction }) => topic === 'session.oob' && direction === 'RCV', 'the message');
  await running.stop();
  t.notOk(written(folder).includes(SECRET));
  t.ok(records(folder).some(({ data }) => data?.name === 'Char.Login.Credentials'));
});

t.test('a telnet client in front of a WebSocket game is recorded as itself', async (t) => {
  const game = await serve(t, 'terminal.mudstandards.org');
  const set = ["LISTENERS=[{'listen': 'telnet://127.0.0.1:0', 'upstream': 'ws://127.0.0.1:PORT/game', 'subprotocol': 'terminal.mudstandards.org'}]"];
  const listeners = set.map((one) => one.replace('PORT', String(game.port)));
  const given = { upstream: '', set: ['LISTEN=None', 'UPSTREAM=None', ...listeners, ...AUDITED] };
  const { folder, address, running } = await startProxy(t, given, { threads: 0 });
  const client = await dialTo(address);
  const server = await game.accept();
  server.ws.send('Password: ');
  await until(async () => records(folder).some(({ topic }) => topic === 'session.start'), 'the start');
  client.on('data', () => client.write(`${SECRET}\r\n`));
  await server.heard(SECRET.length);
  server.ws.close();
  client.on('end', () => client.end());
  await recordThat(folder, ({ topic }) => topic === 'session.end', 'the end');
  await running.stop();
  t.ok(records(folder).some(({ direction, text }) => direction === 'SND' && text === 'Password: '));
  t.notOk(written(folder).includes(SECRET));
});

t.test('refused upgrades are an audit.fault: the first at once, the others not each', async (t) => {
  const upstream = await startServer(t, login);
  const { folder, address, running } = await startProxy(t, { listen: 'ws://127.0.0.1:0', upstream }, { threads: 0 });
  for (let count = 0; count < 5; count++) {
    const stranger = await dialTo(address);
    stranger.end(`GET /${SECRET} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(stranger.resume(), 'close');
  }
  await running.stop();
  const faults = records(folder).filter(({ topic }) => topic === 'audit.fault');
  t.match(
    faults.map(({ data }) => data),
    [{ code: 'websocket-request', stage: 'bridge', count: 1 }],
  );
  t.notMatch(written(folder), SECRET);
});
