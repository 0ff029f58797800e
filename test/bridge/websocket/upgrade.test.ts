import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { until } from '../../wait.js';
import { read, readAll } from '../ends.js';
import { openInFront, talk } from './ends.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a client gets that says this as it stands, and the connection's end. */
async function answerTo(t: Test, port: number, request: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  if (request === '') socket.end();
  else socket.write(request);
  return (await readAll(socket)).toString('latin1');
}

const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const UPGRADE = `GET /play HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}`;

const REFUSALS: readonly [string, string, string][] = [
  ['a request for a page', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 426 Upgrade Required'],
  ['a request with a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi', 'HTTP/1.1 426 Upgrade Required'],
  ['an upgrade to something else', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'HTTP/1.1 426 Upgrade Required'],
  ['an upgrade without a key', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['another version', UPGRADE.replace('Version: 13', 'Version: 99').concat('\r\n'), 'HTTP/1.1 400 Bad Request'],
  ['a page that is not on the list', `${UPGRADE}Origin: https://evil.example\r\n\r\n`, 'HTTP/1.1 403 Forbidden'],
  ['a page without a name', `${UPGRADE}Origin: null\r\n\r\n`, 'HTTP/1.1 403 Forbidden'],
  ['a page by the name of version 8', `${UPGRADE}Sec-WebSocket-Origin: https://evil.example\r\n\r\n`, 'HTTP/1.1 403 Forbidden'],
  ['two origins', `${UPGRADE}Origin: https://play.example.org\r\nOrigin: https://evil.example\r\n\r\n`, 'HTTP/1.1 403 Forbidden'],
  ['headers without end', `${UPGRADE}X-Long: ${'a'.repeat(20_000)}`, 'HTTP/1.1 431 Request Header Fields Too Large'],
  ['what is no HTTP', 'connect bob hunter2\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
];

t.test('whoever asks for anything but a WebSocket is told so, and has no session; a fault says which it was', async (t) => {
  const faults: string[] = [];
  const { port, keeper, bridge } = await openInFront(t, 'telnet', {
    origins: ['https://play.example.org/'],
    fault: (code) => void faults.push(code),
  });
  for (const [title, request, status] of REFUSALS) {
    const answer = await answerTo(t, port, request).catch(() => 'broken');
    t.same(faults.splice(0), [status.includes('403') ? 'websocket-origin' : 'websocket-request'], title);
    if (status.includes('431') && answer === 'broken') continue;
    t.equal(answer.split('\r\n')[0], status, title);
    t.notMatch(answer, /hunter2/);
  }
  t.same(keeper.sessions, []);
  t.equal(bridge.sessions, 0);
});

t.test('curl is refused with 426', async (t) => {
  const { port } = await openInFront(t, 'telnet');
  const curl = spawn('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', `http://127.0.0.1:${port}/`]);
  const [code] = await once(curl.stdout, 'data');
  t.equal(String(code), '426');
});

t.test('who leaves without a word is no fault', async (t) => {
  const faults: string[] = [];
  const { port } = await openInFront(t, 'telnet', { fault: (code) => void faults.push(code) });
  t.equal(await answerTo(t, port, ''), '');
  t.match(await answerTo(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1.1 426/);
  t.same(faults, ['websocket-request'], 'that of the second alone');
});

t.test('a page on the list and a client that is no page come in', async (t) => {
  const { url, keeper } = await openInFront(t, 'telnet', { origins: ['https://play.example.org/'] });
  await talk(t, url, [], { origin: 'https://Play.example.org' });
  await talk(t, url);
  await until(() => keeper.sessions.length === 2, 'both sessions');
});

t.test('the record says who came, with what request, and what was agreed', async (t) => {
  const { url, keeper } = await openInFront(t, 'tcp', { trusted: ['127.0.0.0/8'] });
  const headers = { 'X-Forwarded-For': '6.6.6.6, 192.0.2.7', 'X-Request-ID': 'a1b2', Cookie: 's3cret', 'User-Agent': 'Browser/1' };
  const client = await talk(t, `${url}/play?csessid=abc`, ['v1.example.org', 'telnet.mudstandards.org'], { headers });
  t.equal(client.ws.protocol, 'telnet.mudstandards.org');
  const { open } = await until(() => keeper.sessions[0], 'the session');
  t.match(open, {
    protocol: 'websocket',
    wire: 'telnet',
    url: '/play?csessid=abc',
    subprotocol: 'telnet.mudstandards.org',
    ip: '192.0.2.7',
    port: undefined,
    interlink: 'a1b2',
    headers: { host: url.slice('ws://'.length), 'user-agent': 'Browser/1', 'x-request-id': 'a1b2' },
  });
  t.notMatch(JSON.stringify(open), /s3cret/);
});

t.test('where nothing known is offered no subprotocol is agreed on, and the session is read as the server is', async (t) => {
  const { port, keeper } = await openInFront(t, 'tcp');
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  socket.write(`${UPGRADE}Sec-WebSocket-Protocol: v1.example.org\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  t.match(String(answer), /^HTTP\/1\.1 101 /);
  t.notMatch(String(answer), /Protocol:|Extensions:/);
  t.match((await until(() => keeper.sessions[0], 'the session')).open, { wire: 'plain', subprotocol: undefined });
});

t.test('frames that come with the request are not lost', async (t) => {
  const { port, upstream } = await openInFront(t, 'tcp');
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  socket.write(Buffer.concat([Buffer.from(`${UPGRADE}\r\n`), Buffer.of(0x82, 0x85, 0, 0, 0, 0), Buffer.from('first')]));
  t.equal((await read(await upstream.accept(), 5)).toString(), 'first');
});

const PASSES: readonly [string, string[], 'telnet' | 'tcp', string, string, string, ('text' | 'binary')[], string][] = [
  // title, offered, upstream, typed, what the server gets, what it says, kinds of messages, what the client gets
  ['telnet.', ['telnet.mudstandards.org'], 'telnet', 'a\r\n\xff\xfd\x01', 'a\r\n\xff\xfd\x01', '\xff\xfb\x01P: ', ['binary'], '\xff\xfb\x01P: '],
  ['binary', ['binary'], 'telnet', '\xff\xff', '\xff\xff', '\xff\xff', ['binary'], '\xff\xff'],
  ['none', [], 'telnet', 'look\n', 'look\n', 'A maze.\r\n', ['text'], 'A maze.\r\n'],
  [
    'terminal. to telnet',
    ['terminal.mudstandards.org'],
    'telnet',
    'l\xff\r',
    'l\xff\xff\r\n',
    '\xff\xf9A \xff\xffmaze.\r\n',
    ['binary'],
    'A \xffmaze.\r\n',
  ],
  ['terminal. to tcp', ['terminal.mudstandards.org'], 'tcp', 'l\xff\r', 'l\xff\r', 'A \xff\xff', ['binary'], 'A \xff\xff'],
  ['ascii to telnet', ['ascii'], 'telnet', 'look\n', 'look\r\n', 'A maze.\r\n', ['binary'], 'A maze.\r\n'],
];

for (const [title, offered, scheme, typed, gets, says, kinds, hears] of PASSES) {
  t.test(`bytes pass both ways, and are recorded as the server's side has them: ${title}`, async (t) => {
    const { url, upstream, keeper } = await openInFront(t, scheme);
    const client = await talk(t, url, offered);
    const server = await upstream.accept();
    client.ws.send(latin1(typed));
    t.equal((await read(server, gets.length)).toString('latin1'), gets);
    server.write(latin1(says));
    t.equal(await client.heard(hears.length), hears);
    t.same(
      client.messages.map(([kind]) => kind),
      kinds,
    );
    client.ws.close();
    server.end();
    await keeper.ended();
    t.equal(Buffer.concat(keeper.sessions[0]?.RCV ?? []).toString('latin1'), gets);
    t.equal(Buffer.concat(keeper.sessions[0]?.SND ?? []).toString('latin1'), says);
  });
}

t.test('a password prompt by telnet in front of a terminal: ECHO is agreed on our own, and stands in the record', async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'telnet');
  const client = await talk(t, url, 'terminal.mudstandards.org');
  const server = await upstream.accept();
  server.write(latin1('Password: \xff\xfb\x01\xff\xfd\x18'));
  t.equal((await read(server, 6)).toString('latin1'), '\xff\xfd\x01\xff\xfc\x18');
  client.ws.send('hunter2\r');
  t.equal((await read(server, 9)).toString('latin1'), 'hunter2\r\n');
  t.equal(client.bytes, 'Password: ');
  t.equal(Buffer.concat(keeper.sessions[0]?.RCV ?? []).toString('latin1'), '\xff\xfd\x01\xff\xfc\x18hunter2\r\n');
  t.match(keeper.sessions[0]?.open, { wire: 'telnet' });
});

t.test('gmcp. in front of telnet: what was said before the server offers GMCP waits, text messages are subnegotiations', async (t) => {
  const { url, upstream } = await openInFront(t, 'telnet');
  const client = await talk(t, url, 'gmcp.mudstandards.org');
  const server = await upstream.accept();
  client.ws.send('Core.Hello {"client":"x"}');
  client.ws.send(Buffer.from('look\n'));
  t.equal((await read(server, 6)).toString(), 'look\r\n');
  server.write(latin1('\xff\xfb\xc9'));
  const hello = '\xff\xfd\xc9\xff\xfa\xc9Core.Hello {"client":"x"}\xff\xf0';
  t.equal((await read(server, hello.length)).toString('latin1'), hello);
  server.write(latin1('A maze.\xff\xfa\xc9Room.Info {"num":1}\xff\xf0\r\n'));
  await client.heard('A maze.Room.Info {"num":1}\r\n'.length);
  t.same(client.messages, [
    ['binary', 'A maze.'],
    ['text', 'Room.Info {"num":1}'],
    ['binary', '\r\n'],
  ]);
});

t.test('json. in front of telnet: envelopes', async (t) => {
  const { url, upstream } = await openInFront(t, 'telnet');
  const client = await talk(t, url, 'json.mudstandards.org');
  const server = await upstream.accept();
  server.write(latin1('\xff\xfb\xc9\xff\xfd\x1f'));
  await read(server, 6);
  client.ws.send('{"proto":"telnet_31","id":"NAWS","data":"AFAAGA=="}');
  t.equal((await read(server, 9)).toString('latin1'), '\xff\xfa\x1f\0\x50\0\x18\xff\xf0');
  server.write(latin1('\xff\xfa\xc9Core.Ping\xff\xf0'));
  t.equal(await client.heard(40), '{"proto":"gmcp","id":"Core.Ping","data":""}');
});

/** The WebSocket of browsers, as Node has it (undici): compresses where it may, knows no ping of its own. */
const BROWSER = `
  const socket = new WebSocket(process.argv[1], ['terminal.mudstandards.org']);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => socket.send('look\\r');
  socket.onmessage = ({ data }) => { console.log(Buffer.from(data).toString()); socket.close(4000, 'enough'); };
  socket.onclose = ({ code, wasClean }) => console.log(code, wasClean);`;

t.test("a browser's WebSocket is served", async (t) => {
  const { url, upstream, keeper } = await openInFront(t, 'telnet');
  const browser = spawn(process.execPath, ['--experimental-websocket', '--no-warnings', '-e', BROWSER, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => browser.kill());
  const chunks: Buffer[] = [];
  browser.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const server = await upstream.accept();
  t.equal((await read(server, 6)).toString(), 'look\r\n');
  server.write('Grüße');
  await once(browser, 'exit');
  await readAll(server);
  server.end();
  t.equal(Buffer.concat(chunks).toString(), 'Grüße\n4000 true\n');
  t.match(await keeper.ended(), { reason: 'closed', by: 'client' });
});
