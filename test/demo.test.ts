import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startBots } from '../src/demo/bots.js';
import { startMud, TypedLines } from '../src/demo/mud.js';
import { dial } from './peers/clients.js';
import { freePorts, ROOT } from './peers/peer.js';
import { until } from './wait.js';

t.test('two people log in over real sockets, and one hears what the other says', async (t) => {
  const mud = await startMud();
  t.teardown(mud.close);
  const [ada, bert] = [await dial(mud.port), await dial(mud.port)];
  ada.send('create ada lovelace-1815');
  await ada.waitFor(/You become Ada\.\r\nThe Old Square/);
  bert.send('create Bert hunter2');
  await ada.waitFor(/Bert has arrived\./);
  await bert.waitFor(/Here: Ada\r\n> /);
  bert.send('say hello, naïve world');
  const [heard] = await ada.waitFor(/\S* says.*\r\n> /);
  t.equal(heard, 'Bert says, "hello, naïve world"\r\n> ');
  await bert.waitFor(/You say, "hello, naïve world"/);
  bert.send('north');
  await ada.waitFor(/Bert goes north\./);
  await bert.waitFor(/The Copper Lantern/);
  ada.send(':waves at nobody');
  await ada.waitFor(/Ada waves at nobody/);
  ada.send('who');
  await ada.waitFor(/In town: Ada, Bert\./);
  bert.send('quit');
  await bert.waitForEnd();
  ada.send('who');
  t.equal((await ada.waitFor(/In town.*/))[0], 'In town: Ada.');
});

t.test('refuses a name that was not created, a wrong password, and a name that is taken', async (t) => {
  const mud = await startMud();
  t.teardown(mud.close);
  const client = await dial(mud.port);
  client.send('connect ada anything');
  await client.waitFor(/Wrong name or password/);
  client.send('create ada right');
  await client.waitFor(/You become Ada/);
  const other = await dial(mud.port);
  other.send('connect ada wrong');
  await other.waitFor(/Wrong name or password/);
  other.send('create Ada wrong');
  t.equal((await other.waitFor(/> (.*taken.*)/))[1], 'That name is already taken.');
  other.send('say nobody hears this');
  await other.waitFor(/first\./);
  other.send('connect ADA right');
  await other.waitFor(/You become Ada/);
  await client.waitForEnd();
});

t.test('marks a prompt with GA, and asks again after what others did', async (t) => {
  const mud = await startMud({ ambientMs: 20 });
  t.teardown(mud.close);
  const client = await dial(mud.port);
  client.send('create ada pw');
  await client.waitFor(/\n> \r\n.*\r\n> /);
  t.ok(client.bytes.includes(Buffer.from([0x3e, 0x20, 0xff, 0xf9])));
});

t.test('malformed and unwanted telnet does not end the town', async (t) => {
  const mud = await startMud();
  t.teardown(mud.close);
  const hostile = [
    [255, 250, 201, 33, 255, 240], // GMCP without a name
    [255, 250, 201, 65, 46, 66, 32, 123, 255, 240], // GMCP with broken JSON
    [255, 250, 31, 1, 255, 240], // NAWS of one byte
    [255, 251, 86, 255, 253, 86, 255, 250, 86, 255, 240, 1, 13, 10], // compression that nobody asked for
    [255, 253, 3, 255, 251, 3, 255, 254, 3],
  ];
  for (const bytes of hostile) {
    const client = await dial(mud.port);
    client.write(Buffer.from(bytes));
    client.send('who');
    await client.waitFor(/Nobody is in town\./);
    client.reset();
  }

  const flood = await dial(mud.port);
  flood.write(Buffer.alloc(300_000, 'x'));
  flood.send('\r\nwho');
  t.equal((await flood.waitFor(/Nobody.*/))[0], 'Nobody is in town.');
});

t.test('cuts typed lines at CR LF, CR NUL, CR and LF, wherever the packets end', async (t) => {
  const lines = new TypedLines();
  t.same(
    ['one\r', '\ntwo\r\0three\rfour\nfi', 've\r\n', '\r\n'].flatMap((packet) => lines.push(Buffer.from(packet))),
    ['one', 'two', 'three', 'four', 'five', ''],
  );
});

t.test('the bots create themselves, talk and walk', async (t) => {
  const mud = await startMud();
  t.teardown(mud.close);
  const watcher = await dial(mud.port);
  watcher.send('create watcher pw');
  await watcher.waitFor(/You become Watcher/);
  const bots = startBots({ port: mud.port, seed: 0, everyMs: 5 });
  t.teardown(bots.close);
  await watcher.waitFor(/(Ada|Bert) says, "/);
  await watcher.waitFor(/(Ada|Bert) goes north\./);
  t.match((await watcher.waitFor(/.*comes in\./))[0], /^(Ada|Bert) comes in\.$/);
});

/** `wirescribe demo` as a child process whose temporary files go to `dir`. */
function demoIn(t: Test, dir: string, port: number) {
  const args = [join(ROOT, 'dist/src/cli.js'), 'demo', '--set', `LISTEN='telnet://127.0.0.1:${port}'`];
  const demo = spawn(process.execPath, args, { cwd: dir, env: { ...process.env, TMPDIR: dir }, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => demo.kill('SIGKILL'));
  return demo;
}

t.test('the demo records its bots on the terminal, with stars for their passwords, and keeps nothing', async (t) => {
  const dir = t.testdir({});
  const port = await freePorts(1);
  const demo = demoIn(t, dir, port);
  let shown = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await until(() => /> create Ada \*+\n/.test(shown) && /> create Bert \*+\n/.test(shown) && /< You become Ada\./.test(shown), 'the bots to log in');
  const guest = await dial(port);
  guest.send('create Guest s3cret-pass');
  await guest.waitFor(/You become Guest/);
  await until(() => /> create Guest \*{11}\n/.test(shown), 'our own login on the terminal');
  demo.kill('SIGTERM');
  const [code] = await once(demo, 'close');
  t.equal(code, 0);
  for (const secret of ['lovelace-1815', 'pa$$w0rd(x', 's3cret-pass']) t.notOk(shown.includes(secret));
  t.same(readdirSync(dir), []);
});

t.test('a demo that nobody reads any more (| head) ends, and keeps nothing', async (t) => {
  for (const enough of ['main  telnet:', 'session.start']) {
    const dir = t.testdir({});
    const demo = demoIn(t, dir, 0);
    const ended = once(demo, 'exit');
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes(enough)) demo.stdout.destroy();
    });
    t.strictSame(await ended, [0, null]);
    t.same(readdirSync(dir), []);
  }
});

t.test('a signal that comes twice at once, as npm and timeout(1) pass it on, is one: the demo ends in order', async (t) => {
  const dir = t.testdir({});
  const demo = demoIn(t, dir, 0);
  const ended = once(demo, 'exit');
  await once(demo.stdout, 'data');
  demo.kill('SIGINT');
  demo.kill('SIGINT');
  t.strictSame(await ended, [0, null]);
  t.same(readdirSync(dir), []);
});
