/** The peers themselves, without a proxy in between: that they start, take a real login, and leave nothing behind. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { dial, readable } from './clients.js';
import { peerMissing, startPeer, typeInto } from './peer.js';
import { dialAs, MUDLET, PUTTY } from './telnet-client.js';

/** Living processes whose command line or working folder names `dir`. */
const processesOf = (dir: string): string[] =>
  execFileSync('bash', ['-c', 'for p in /proc/[0-9]*; do printf "%s %s\\n" "$(readlink "$p/cwd")" "$(tr "\\0" " " <"$p/cmdline")"; done 2>/dev/null'])
    .toString()
    .split('\n')
    .filter((line) => line.includes(dir) && !line.includes('/proc/[0-9]'));

t.test('reads what a server sends as a person would', async (t) => {
  t.equal(readable(Buffer.from('\xff\xfb\x01\xff\xfd\x1fhi \x1b[1;32mthere\x1b[0m\xff\xfa\x18\x01\xff\xf0!\xff\xf9\r\n', 'latin1')), 'hi there!\r\n');
  t.equal(readable(Buffer.concat([Buffer.from('é'), Buffer.from([0xff, 0xfd])])), 'é');
});

t.test('TinyMUX takes its wizard in, and leaves no process or folder behind', { skip: peerMissing('tinymux') }, async (t) => {
  const mux = await startPeer('tinymux');
  t.teardown(mux.stop);
  const client = await dial(mux.port);
  await client.waitFor(/connect <name> <password>/i);
  client.send('connect wizard potrzebie');
  await client.waitFor(/Auxiliary Room/);
  client.send('say hello there');
  await client.waitFor(/You say, "hello there"/);
  await client.end();
  t.ok(processesOf(mux.dir).length > 0);
  await mux.stop();
  t.same(processesOf(mux.dir), []);
  t.notOk(existsSync(mux.dir));
});

t.test('tintin++ types its script into TinyMUX and shows the screen', { skip: peerMissing('tinymux', 'tintin') }, async (t) => {
  const mux = await startPeer('tinymux');
  t.teardown(mux.stop);
  const client = await typeInto('tintin', mux.port, [
    ['connect <name>', 'connect wizard potrzebie'],
    ['Auxiliary Room', 'say hello from a terminal'],
    ['You say,', ''],
  ]);
  t.teardown(client.stop);
  t.equal(await client.ended, 0);
  t.match(client.output(), 'You say, “hello from a terminal”'); // TinyMUX asks for the charset, tintin++ says UTF-8
  await client.stop();
  t.same(processesOf(client.dir), []);
});

t.test('Evennia takes its superuser in, records it with its own auditing, and leaves nothing behind', { skip: peerMissing('evennia') }, async (t) => {
  const evennia = await startPeer('evennia', ['audit']);
  t.teardown(evennia.stop);
  const client = await dial(evennia.port);
  await client.waitFor(/connect <username> <password>/);
  client.send('connect wizard potrzebie-9');
  await client.waitFor(/You become wizard/i);
  await client.end();
  await evennia.stop();
  t.same(processesOf(evennia.dir), []);
  t.notOk(existsSync(evennia.dir));
});

t.test('telnetd asks for a password without echo, gives a shell, and leaves nothing behind', { skip: peerMissing('telnetd') }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  const client = await dialAs(telnetd.port, PUTTY);
  await client.waitFor(/login: /);
  client.write('alice\r\0');
  await client.waitFor(/Password: /);
  client.write('S3cretWord9\r\0');
  await client.waitFor(/wire\$ $/);
  t.notMatch(client.text, 'S3cretWord9');
  t.ok(processesOf(telnetd.dir).length > 0);
  await telnetd.stop(); // with the session still on
  t.same(processesOf(telnetd.dir), []);
  t.notOk(existsSync(telnetd.dir));
});

t.test('chatd talks MCCP2, and leaves nothing behind', { skip: peerMissing('chatd') }, async (t) => {
  const chatd = await startPeer('chatd');
  t.teardown(chatd.stop);
  const client = await dialAs(chatd.port, MUDLET);
  await client.waitFor(/Enter name: /);
  client.send('bob');
  await client.waitFor(/Welcome, bob!/);
  client.send('hello there');
  await client.waitFor(/bob: hello there/);
  client.reset();
  t.ok(processesOf(chatd.dir).length > 0);
  await chatd.stop();
  t.same(processesOf(chatd.dir), []);
  t.notOk(existsSync(chatd.dir));
});

t.test('tintin++ is a server too, and leaves nothing behind', { skip: peerMissing('tintin-server') }, async (t) => {
  const server = await startPeer('tintin-server');
  t.teardown(server.stop);
  const client = await dialAs(server.port, MUDLET);
  await client.waitFor(/Who are you\? /);
  client.send('bob');
  await client.waitFor(/Password: /);
  client.send('S3cretWord9');
  await client.waitFor(/Welcome\./);
  client.send('hello there');
  await client.waitFor(/You said, "hello there"/);
  await client.end();
  await server.stop();
  t.same(processesOf(server.dir), []);
  t.notOk(existsSync(server.dir));
});
