/** Programs behind a listener: the real bridge, real programs in real terminals, and a recorder that keeps all it is told. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { SocketAddress } from '../../../src/bridge/address.js';
import { Bridge } from '../../../src/bridge/bridge.js';
import { type ListenerPlan, makeListener } from '../../../src/bridge/listener.js';
import { until } from '../../wait.js';
import { dialTo, Keeper, readAll as readToEnd } from '../ends.js';

const TELNET: SocketAddress = { scheme: 'telnet', host: '127.0.0.1', port: 0 };
const PLAIN: SocketAddress = { scheme: 'tcp', host: '127.0.0.1', port: 0 };
const isRoot = process.geteuid?.() === 0;
const sh = (script: string): string => `sh -c '${script}'`;

const plan = (command: string, listen: SocketAddress, more: Partial<ListenerPlan> = {}): ListenerPlan => ({
  name: 'main',
  listen,
  upstream: { scheme: 'pty', command },
  onDown: 'No programs today.',
  handshakeMs: 5_000,
  policy: 'pass',
  active: true,
  ...more,
});

/** A bridge whose clients each get a program. */
async function programs(t: Test, command: string, listen: SocketAddress = PLAIN, more: Partial<ListenerPlan> = {}) {
  const keeper = new Keeper();
  let ids = 0;
  const bridge = new Bridge({ listeners: [makeListener(plan(command, listen, more))], recorder: keeper, newId: () => `id-${++ids}` });
  const [opened] = await bridge.open();
  t.teardown(() => bridge.close(0));
  return { bridge, keeper, dial: () => dialTo(t, opened?.listen as SocketAddress) };
}

/** What comes, as latin-1; `until` it has what is asked for. */
function hear(socket: Socket): { text: string; has: (what: RegExp) => Promise<RegExpExecArray> } {
  const heard = {
    text: '',
    has: async (what: RegExp) => {
      await until(() => what.test(heard.text), `${what}`);
      return what.exec(heard.text) as RegExpExecArray;
    },
  };
  socket.on('data', (chunk: Buffer) => {
    heard.text += chunk.toString('latin1');
  });
  socket.resume();
  return heard;
}

/** All that comes until the end; then the client ends too. */
async function readAll(client: Socket): Promise<Buffer> {
  const all = await readToEnd(client);
  client.end();
  return all;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

t.test('a program gets a terminal of its own, and its exit status stands in the record behind all that it said', async (t) => {
  const { keeper, dial } = await programs(t, sh('tty; stty size; echo bye; exit 3'));
  t.match((await readAll(await dial())).toString(), /^\/dev\/pts\/\d+\r\n24 80\r\nbye\r\n$/);
  const { reason, by, exit, bytesOut } = await keeper.ended();
  t.same({ reason, by, exit }, { reason: 'closed', by: 'server', exit: 3 });
  t.equal(bytesOut, Buffer.concat(keeper.sessions[0]?.SND ?? []).length);
});

t.test('the record of its start says which program runs, as whom and where', async (t) => {
  const { keeper, dial } = await programs(t, sh('exit 0'));
  await readAll(await dial());
  await keeper.ended();
  const [told] = keeper.sessions;
  const { argv, user, pid, cwd } = told?.open.process ?? { argv: [], user: '', pid: 0, cwd: '' };
  t.same(
    { argv, user, cwd },
    { argv: ['sh', '-c', 'exit 0'], user: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(), cwd: process.env.HOME },
  );
  t.ok(pid > 1);
  t.same([told?.open.wire, told?.open.protocol, told?.open.upstream, told?.open.id], ['plain', 'tcp', "pty:sh -c 'exit 0'", 'id-1']);
});

t.test('a program that a signal ends is recorded with its name', async (t) => {
  const { keeper, dial } = await programs(t, sh('kill -TERM $$'));
  await readAll(await dial());
  t.equal((await keeper.ended()).exit, 'SIGTERM');
});

t.test('what is typed arrives, and is echoed by the terminal', async (t) => {
  const { dial } = await programs(t, 'cat');
  const client = await dial();
  const heard = hear(client);
  client.write('hello\n');
  await heard.has(/^hello\r\nhello\r\n$/);
});

t.test('bytes of all values pass a terminal that is set so, both ways', async (t) => {
  const { keeper, dial } = await programs(t, sh('stty raw -echo; echo ready; exec cat'));
  const client = await dial();
  const heard = hear(client);
  await heard.has(/ready/);
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  client.write(all);
  await until(() => heard.text.length >= 6 + 256, 'all to come back');
  t.same(Buffer.from(heard.text, 'latin1').subarray(-256), all);
  t.same(Buffer.concat(keeper.sessions[0]?.RCV ?? []), all);
});

t.test('output that its reader does not take stops the program, and comes whole when it reads, though the program has long ended', async (t) => {
  const { keeper, dial } = await programs(t, sh('stty -opost; seq 1 400000'));
  const client = await dial();
  const passed = (): number => keeper.sessions[0]?.SND.reduce((sum, { length }) => sum + length, 0) ?? 0;
  let [before, still] = [0, 0];
  await until(() => {
    still = passed() > 0 && passed() === before ? still + 1 : 0;
    before = passed();
    return still > 30;
  }, 'the program to wait');
  const numbers = execFileSync('seq', ['1', '400000'], { maxBuffer: 10_000_000 });
  const stoppedAt = passed();
  const got = await readAll(client);
  t.ok(got.equals(numbers), `${got.length} of ${numbers.length} bytes came, the program waited at ${stoppedAt}`);
  t.equal((await keeper.ended()).exit, 0);
});

t.test('a program that does not read stops its client, and gets all when it does', async (t) => {
  const { keeper, dial } = await programs(t, sh('stty raw -echo; echo ready; read go < $HOME/go-$WIRESCRIBE_SESSION; exec wc -c'), PLAIN, {});
  t.teardown(() => execFileSync('rm', ['-f', `${process.env.HOME}/go-id-1`]));
  execFileSync('mkfifo', [`${process.env.HOME}/go-id-1`]);
  const client = await dial();
  const heard = hear(client);
  await heard.has(/ready/);
  const passed = (): number => keeper.sessions[0]?.RCV.reduce((sum, { length }) => sum + length, 0) ?? 0;
  client.write(Buffer.alloc(8_000_000, 'x'));
  let [before, still] = [0, 0];
  await until(() => {
    still = passed() > 0 && passed() === before ? still + 1 : 0;
    before = passed();
    return still > 30;
  }, 'the client to wait');
  t.ok(before < 4_000_000, `${before} bytes were taken`);
  execFileSync('sh', ['-c', `echo > ${process.env.HOME}/go-id-1`]);
  await until(() => passed() === 8_000_000, 'all to pass');
  client.destroy();
  t.equal((await keeper.ended()).by, 'client');
});

t.test('the end of what is typed is the end of input for a program that reads lines, which still answers', async (t) => {
  const { keeper, dial } = await programs(t, 'wc -c');
  const client = await dial();
  client.end('one\nhalf a line');
  t.match((await readToEnd(client)).toString(), /15\r\n$/);
  t.match(await keeper.ended(), { exit: 0, by: 'client', reason: 'closed' });
});

t.test('a client that is gone hangs its program up', async (t) => {
  const { keeper, dial } = await programs(t, sh('stty raw; echo ready; exec sleep 1000'));
  const client = await dial();
  await hear(client).has(/ready/);
  client.resetAndDestroy();
  t.match(await keeper.ended(), { exit: 'SIGHUP', by: 'client', reason: 'reset' });
});

t.test('a program that shrugs off the hang-up is killed', async (t) => {
  const { keeper, dial } = await programs(t, sh('trap "" HUP; stty raw; echo ready; while :; do sleep 1000; done'));
  const client = await dial();
  await hear(client).has(/ready/);
  client.destroy();
  t.equal((await keeper.ended()).exit, 'SIGKILL');
});

t.test('a stop of ours ends the programs', async (t) => {
  const { bridge, keeper, dial } = await programs(t, sh('echo ready; exec sleep 1000'));
  await hear(await dial()).has(/ready/);
  const pid = keeper.sessions[0]?.open.process?.pid ?? 0;
  t.ok(isAlive(pid));
  await bridge.close(100);
  t.match(await keeper.ended(), { exit: 'SIGHUP', reason: 'shutdown', by: 'wirescribe' });
  t.notOk(isAlive(pid));
});

t.test('a program that is not there, or may not be run, is a server that cannot be reached', async (t) => {
  for (const [command, reason] of [
    ['no-such-program', 'upstream-missing'],
    ['/no/such/program', 'upstream-missing'],
    ['/etc/passwd', 'upstream-failed'],
  ] as const) {
    const { keeper, dial } = await programs(t, command);
    const client = await dial();
    t.equal((await readAll(client)).toString(), 'No programs today.\r\n');
    t.match(await keeper.ended(), { reason, by: 'server' });
    t.notOk(keeper.sessions[0]?.open.process);
  }
});

t.test('a program sees its own terminal alone: of all our files and sockets, and those of other sessions, it gets none', async (t) => {
  const { dial } = await programs(t, sh('echo ready; read line; ls -l /proc/self/fd | cat'));
  const others = await Promise.all([dial(), dial()]);
  await Promise.all(others.map((one) => hear(one).has(/ready/)));
  const client = await dial();
  const heard = hear(client);
  await heard.has(/ready/);
  client.write('\n');
  await until(() => client.readableEnded, 'its end');
  const files = heard.text.split('\r\n').filter((line) => line.includes(' -> '));
  t.same(files.map((line) => line.replace(/^.* (\d+) -> (\/dev\/pts|pipe|\/proc).*$/, '$1 $2')).sort(), [
    '0 /dev/pts',
    '1 pipe',
    '2 /dev/pts',
    '3 /proc',
  ]);
});

t.test('its environment is its own', async (t) => {
  process.env.WIRESCRIBE_TEST_SECRET = 'hunter2';
  t.teardown(() => delete process.env.WIRESCRIBE_TEST_SECRET);
  const { dial } = await programs(t, 'env');
  const client = await dial();
  const port = client.localPort;
  const lines = (await readAll(client)).toString().split('\r\n');
  t.notOk(lines.some((line) => line.includes('hunter2')));
  t.ok(lines.includes(`WIRESCRIBE_CLIENT=127.0.0.1 ${port}`));
  t.ok(lines.includes('WIRESCRIBE_SESSION=id-1'));
  t.ok(lines.includes('TERM=dumb'));
});

t.test(
  'another user is who it is, with that user’s groups and no others, and owns its terminal',
  { skip: isRoot ? false : 'wants root' },
  async (t) => {
    const { keeper, dial } = await programs(t, sh('id -un; id -G; stat -c %U $(tty); pwd'), PLAIN, { user: 'daemon' });
    const groups = execFileSync('id', ['-G', 'daemon'], { encoding: 'utf8' }).trim();
    t.match((await readAll(await dial())).toString(), `daemon\r\n${groups}\r\ndaemon\r\n/usr/sbin\r\n`);
    t.match((await keeper.ended()) && keeper.sessions[0]?.open.process, { user: 'daemon', cwd: '/usr/sbin' });
    t.same(process.getgroups?.(), execFileSync('id', ['-G'], { encoding: 'utf8' }).trim().split(' ').map(Number), 'ours are as before');
  },
);

t.test('a user that is not there stops the start', async (t) => {
  t.throws(() => makeListener(plan('cat', PLAIN, { user: 'no-such-user' })), {
    code: 'AUDIT_CONFIG_TYPE',
    message: "'user' of listener main: there is no such user on this machine; name one that is, or its number",
  });
});

t.test('two hundred programs one after the other leave nothing behind', async (t) => {
  const { keeper, dial } = await programs(t, 'true');
  const files = (): string[] =>
    readdirSync('/proc/self/fd')
      .map((fd) => linkOf(fd))
      .filter((link) => link.includes('ptmx'));
  for (let at = 0; at < 200; at++) {
    await readAll(await dial());
    t.equal((await keeper.ended(at)).exit, 0);
  }
  t.same(files(), []);
  t.same(zombies(), []);
});

const linkOf = (fd: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
};

/** Children of ours that have ended and that nobody has asked about. */
function zombies(): string[] {
  const processes = execFileSync('ps', ['-o', 'pid=,stat=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return processes.filter((line) => / Z/.test(line));
}

t.test('fifty programs at a time each have their own client', async (t) => {
  const { keeper, dial } = await programs(t, sh('read word; echo "$word for $WIRESCRIBE_SESSION"; exit 7'));
  const said = await Promise.all(
    Array.from({ length: 50 }, async (_, at) => {
      const client = await dial();
      client.write(`word-${at}\n`);
      return (await readAll(client)).toString();
    }),
  );
  for (const [at, text] of said.entries()) t.match(text, new RegExp(`^word-${at}\r\nword-${at} for id-\\d+\r\n$`));
  t.equal(new Set(said.map((text) => /id-\d+/.exec(text)?.[0])).size, 50);
  for (const [at] of said.entries()) t.equal((await keeper.ended(at)).exit, 7);
});

const IAC = '\xff';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

t.test('a telnet client is asked for its terminal before the program starts in it', async (t) => {
  const { keeper, dial } = await programs(t, sh('stty size; echo $TERM; read x; stty size'), TELNET);
  const client = await dial();
  const heard = hear(client);
  await heard.has(/^\xff\xfd\x18\xff\xfd\x1f/);
  client.write(latin1(`${IAC}\xfb\x18${IAC}\xfb\x1f${IAC}\xfa\x1f\0\x64\0\x1e${IAC}\xf0`));
  await heard.has(/\xff\xfa\x18\x01\xff\xf0/);
  client.write(latin1(`${IAC}\xfa\x18\0MUDLET${IAC}\xf0`));
  await heard.has(/(\xff\xfa\x18\x01\xff\xf0){2}/);
  client.write(latin1(`${IAC}\xfa\x18\0XTERM-256COLOR${IAC}\xf0`));
  await heard.has(/\xff\xfb\x01\xff\xfb\x03/);
  await heard.has(/30 100\r\nxterm-256color\r\n/);
  client.write(latin1(`${IAC}\xfa\x1f\0\x50\0\x19${IAC}\xf0\r\0`));
  await heard.has(/25 80\r\n$/);
  client.end();
  t.match((await keeper.ended()) && keeper.sessions[0]?.open, { wire: 'telnet', protocol: 'telnet' });
  t.notOk('terminal' in (keeper.sessions[0]?.open ?? {}));
  t.match(Buffer.concat(keeper.sessions[0]?.RCV ?? []).toString('latin1'), /MUDLET.*XTERM-256COLOR/s, 'what it answered is recorded');
});

t.test('a telnet client that answers nothing gets its program a second later, and what it typed meanwhile is not lost', async (t) => {
  const { dial } = await programs(t, sh('read line; echo "$TERM <$line>"; stty size; exec cat'), TELNET);
  const client = await dial();
  const heard = hear(client);
  client.write('typed ahead\r\n');
  await heard.has(/dumb <typed ahead>\r\n24 80\r\n$/);
  client.write(latin1(`x${IAC}${IAC}y\r\0`));
  await heard.has(/24 80\r\nx\xff\xffy\r\nx\xff\xffy\r\n$/);
});

t.test('a telnet client that has ended at once still gets its answer', async (t) => {
  const { keeper, dial } = await programs(t, 'cat', TELNET);
  const client = await dial();
  client.end('hello\r\n');
  t.match((await readToEnd(client)).toString('latin1'), /hello\r\nhello\r\n/);
  t.equal((await keeper.ended()).exit, 0);
});

t.test('IP interrupts the program, AYT is answered, EC and EL edit its line', async (t) => {
  const { keeper, dial } = await programs(t, sh('trap "echo got it; exit 9" INT; echo ready; while :; do read line; echo "<$line>"; done'), TELNET);
  const client = await dial();
  const heard = hear(client);
  await heard.has(/ready/);
  client.write(latin1(`${IAC}\xf6`));
  await heard.has(/\[Yes\]/);
  client.write(latin1(`wrong${IAC}\xf8abd${IAC}\xf7c\r\n`));
  await heard.has(/<abc>/);
  client.write(latin1(`${IAC}\xf4`));
  await heard.has(/got it/);
  client.end();
  t.equal((await keeper.ended()).exit, 9);
});

t.test('a client that asks for options without end, and reads nothing, is read no further', async (t) => {
  const { keeper, dial } = await programs(t, 'cat', TELNET);
  const client = await dial();
  const passed = (): number => keeper.sessions[0]?.RCV.reduce((sum, { length }) => sum + length, 0) ?? 0;
  client.write(Buffer.alloc(15_000_000, latin1(`${IAC}\xfb\x63`)));
  let [before, still] = [0, 0];
  await until(() => {
    still = passed() > 0 && passed() === before ? still + 1 : 0;
    before = passed();
    return still > 30;
  }, 'the client to wait');
  t.ok(before < 12_000_000, `${before} bytes were taken`);
  client.destroy();
  await keeper.ended();
});
