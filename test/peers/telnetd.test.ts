/**
 * telnetd and a shell behind the proxy, in character mode: each key is a packet, the server echoes what it likes to, and only the missing echo marks
 * the password. What a person typed is recorded as it stood at Enter.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { LineClient } from './clients.js';
import { type Peer, peerMissing, startPeer, typeInto } from './peer.js';
import { Wirescribe } from './proxy.js';
import { dialAs, PUTTY } from './telnet-client.js';

const skip = peerMissing('telnetd');

const WRONG = 'N0tTheR1ght';
const SECRETS = ['S3cretWord9', WRONG];

const PROMPT = /wire\$ $/;
const HIDDEN = '(hidden)';

const settings = (input: boolean, output: boolean): string => `AUDIT_IN = ${input ? 'True' : 'False'}\nAUDIT_OUT = ${output ? 'True' : 'False'}\n`;

/** Types key by key, each once the one before was echoed, then Enter as PuTTY sends it. */
async function enter(client: LineClient, keys: string, answer: RegExp): Promise<void> {
  await client.type(keys, () => client.waitFor(/./s));
  client.write('\r\0');
  await client.waitFor(answer);
}

/** The same where nothing is echoed. */
async function enterUnseen(client: LineClient, keys: string, answer: RegExp): Promise<void> {
  await client.type(`${keys}\r\0`);
  await client.waitFor(answer);
}

async function logIn(client: LineClient): Promise<void> {
  await client.waitFor(/login: /);
  await enter(client, 'alice', /Password: /);
  await enterUnseen(client, WRONG, /incorrect\s+wire login: /);
  await enter(client, 'alicf\x7fe', /Password: /);
  await enterUnseen(client, 'S3cretWoe\x7frd9', PROMPT);
}

async function logInAhead(client: LineClient): Promise<void> {
  client.write('alice\r\0S3cretWord9\r\0');
  await client.waitFor(PROMPT);
}

/** What the shell says to it may be lost: telnetd ends with the shell. */
async function leave(client: LineClient): Promise<void> {
  await client.type('exit', () => client.waitFor(/./s));
  client.write('\r\0');
  await client.waitForEnd();
}

async function behind(t: Test, telnetd: Peer, conf: string): Promise<Wirescribe> {
  const proxy = await Wirescribe.start(telnetd.port, conf);
  t.teardown(proxy.stop);
  return proxy;
}

/** What was typed, as recorded: hidden lines as such, lines without text left out, and blanks at their ends (TAB leaves one). */
const typedOf = (proxy: Wirescribe): string[] => {
  const lines = proxy.texts('RCV').map((text) => (/^\*{8,}$/.test(text) ? HIDDEN : text.trimEnd()));
  return lines.filter((line) => line !== '');
};

t.test('telnetd: lines are recorded as they stood at Enter, and the passwords not at all', { skip }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  const proxy = await behind(t, telnetd, settings(true, true));

  const client = await dialAs(proxy.port, PUTTY);
  await logIn(client);
  await enter(client, 'echo helo\x7f\x7fllo', PROMPT);
  await client.type('echo a lost line', () => client.waitFor(/./s));
  // What telnetd had not sent yet, the prompt too, it may throw away with the line (its Synch).
  await client.type('\x03', () => client.waitFor(/\^C/));
  await enter(client, 'echo wrong\x15echo right', /right\r\nwire\$ $/);
  await enter(client, 'cat letter-\t', PROMPT);
  await enter(client, '\x1b[A\x1b[A', PROMPT);
  await enter(client, 'echo bc\x1b[D\x1b[Da', PROMPT);
  await leave(client);
  const live = proxy.leaks(SECRETS);
  t.equal(await proxy.end(), 0);

  t.strictSame(
    typedOf(proxy).filter((line) => line !== 'echo a lost line'), // thrown away by ^C: no line that was entered
    ['alice', HIDDEN, 'alice', HIDDEN, 'echo hello', 'echo right', 'cat letter-to-nobody.txt', 'echo right', 'echo abc', 'exit'],
  );
  const inputs = proxy.records().filter((one) => one.topic === 'session.input');
  t.strictSame(
    inputs.flatMap((one) => (one.masked ? [(one.text ?? '').length] : [])),
    [WRONG.length, 'S3cretWord9'.length],
    'both passwords are there as stars',
  );
  t.equal(inputs.find((one) => one.text === 'echo hello')?.account, 'alice');
  const shown = proxy.texts('SND').join('\n');
  t.match(shown, /^Login incorrect$/m);
  t.match(shown, /^Welcome to wire, alice\.$/m);
  t.match(shown, /^a letter to nobody$/m);
  t.equal(proxy.verify(), 0);
  t.strictSame(live, [], 'no secret in any file or word of ours while it runs');
  t.strictSame(proxy.leaks(SECRETS), [], 'nor after it');
});

t.test("telnetd, and inetutils' telnet in a terminal: the same with a real client", { skip: peerMissing('telnetd', 'telnet') }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  const proxy = await behind(t, telnetd, settings(true, true));

  const telnet = await typeInto('telnet', proxy.port, [
    ['login:', 'alicf\\x7fe'],
    ['Password:', 'S3cretWoe\\x7frd9'],
    ['Welcome to wire', 'expr 40 + 2\\x7f1'],
    ['41', 'echo a lost line\\x03'],
    ['^C', 'echo wrong\\x15expr 50 + 2'],
    ['52', 'cat letter-\\t'],
    ['a letter', '\\x1b[A\\x1b[A\\x7f3'],
    ['53', 'exit'],
    ['closed', ''],
  ]);
  t.teardown(telnet.stop);
  t.equal(await telnet.ended, 0, telnet.output());
  t.equal(await proxy.end(), 0);

  t.strictSame(
    typedOf(proxy).filter((line) => line !== 'echo a lost line'),
    ['alice', HIDDEN, 'expr 40 + 1', 'expr 50 + 2', 'cat letter-to-nobody.txt', 'expr 50 + 3', 'exit'],
  );
  t.equal(proxy.verify(), 0);
  t.strictSame(proxy.leaks(SECRETS), []);
});

/** Logs in, runs what does not end by itself, interrupts it by telnet's Synch (RFC 854: IAC IP, IAC DM, of which the last byte is urgent), and types on. */
const SYNCH = `
import re, socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
seen = b''
def answer(asked):
  verb, option = asked[0][1], asked[0][2]
  if verb == 251: s.send(bytes([255, 253 if option in (1, 3) else 254, option]))
  if verb == 253: s.send(bytes([255, 252, option]))
  return b''
def await_(what):
  global seen
  while what not in seen:
    more = s.recv(4096)
    if not more: sys.exit('ended before ' + repr(what))
    seen = re.sub(b'\\xff[\\xfb-\\xfe].', answer, seen + more, flags=re.S)
  seen = seen.split(what, 1)[1]
for what, says in ((b'login: ', b'alice'), (b'Password: ', b'S3cretWord9'), (b'wire$ ', b'expr 40 + 2; sleep 600')):
  await_(what); s.send(says + b'\\r\\n')
await_(b'42')
s.send(b'\\xff\\xf4\\xff'); s.send(b'\\xf2', socket.MSG_OOB); s.send(b'expr 50 + 2\\r\\n')
await_(b'wire$ expr 50 + 2'); await_(b'52'); s.send(b'exit\\r\\n')
while s.recv(4096): pass
`;

t.test('telnetd: a Synch interrupts what runs, and the key behind its urgent byte is not eaten', { skip }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  const proxy = await behind(t, telnetd, settings(true, true));
  const client = spawn('python3', ['-c', SYNCH, String(proxy.port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  t.teardown(() => client.kill('SIGKILL'));
  const [code] = await once(client, 'exit');
  t.equal(code, 0);
  t.equal(await proxy.end(), 0);
  t.match(proxy.texts('SND').join('\n'), /^52$/m);
  t.ok(typedOf(proxy).includes('expr 50 + 2'), 'what was typed behind it is a line of its own');
  t.equal(proxy.verify(), 0);
});

t.test('telnetd: name and password in one packet before the first prompt, and both echoed', { skip }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  const proxy = await behind(t, telnetd, settings(true, true));

  const client = await dialAs(proxy.port, PUTTY);
  await logInAhead(client);
  t.match(client.text, /S3cretWord9/, 'the terminal echoes what was typed before login turned that off');
  client.write('echo one\r\0echo two\r\0');
  await client.waitFor(/[^ ]two\s+wire\$ $/);
  await leave(client);
  t.equal(await proxy.end(), 0);

  t.strictSame(typedOf(proxy), ['alice', HIDDEN, 'echo one', 'echo two', 'exit']);
  t.match(proxy.texts('SND').join('\n'), /^two$/m);
  t.equal(proxy.verify(), 0);
  t.strictSame(proxy.leaks(SECRETS), []);
});

t.test('telnetd: in none of the four settings of AUDIT_IN and AUDIT_OUT is a password written', { skip }, async (t) => {
  const telnetd = await startPeer('telnetd');
  t.teardown(telnetd.stop);
  for (const [input, output] of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const proxy = await behind(t, telnetd, settings(input, output));
    for (const way of [logIn, logInAhead]) {
      const client = await dialAs(proxy.port, PUTTY);
      await way(client);
      await leave(client);
    }
    t.equal(await proxy.end(), 0);
    t.strictSame(proxy.leaks(SECRETS), [], `AUDIT_IN = ${input}, AUDIT_OUT = ${output}`);
    t.equal(proxy.texts('RCV').length > 0, input);
    t.equal(proxy.texts('SND').length > 0, output);
    t.equal(proxy.records().filter((one) => one.topic === 'session.end').length, 2);
  }
});
