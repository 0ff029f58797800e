/** sd_notify against a datagram socket that this test binds, as systemd does. */
import { join } from 'node:path';
import koffi from 'koffi';
import t, { type Test } from 'tap';
import { openNotifier } from '../../src/run/notify.js';
import { isAlive, kill } from '../exec/harness.js';
import { folderOf, startProgram } from '../harness.js';
import { until } from '../wait.js';

const linux = process.platform === 'linux' ? false : 'unix datagrams through koffi are for Linux';
const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)');
const bind = library.func('int bind(int, void *, unsigned int)');
const recv = library.func('long recv(int, void *, unsigned long, int)');
const close = library.func('int close(int)');
const DONTWAIT = 0x40;

/** Binds `name` (`@...`: abstract); gives what came since it was asked last. */
function listenAt(t: Test, name: string): () => string[] {
  const fd = socket(1, 2, 0) as number;
  const address = Buffer.from(`..${name}${name.startsWith('@') ? '' : '\0'}`);
  address.writeUInt16LE(1, 0);
  if (name.startsWith('@')) address[2] = 0;
  t.equal(bind(fd, address, address.length), 0);
  t.teardown(() => close(fd));
  return () => {
    const got: string[] = [];
    const bytes = Buffer.alloc(4096);
    for (;;) {
      const count = Number(recv(fd, bytes, bytes.length, DONTWAIT));
      if (count < 0) return got;
      got.push(bytes.toString('utf8', 0, count));
    }
  };
}

t.test('says ready, reloading and stopping to a path, and to an abstract name', { skip: linux }, async (t) => {
  for (const name of [join(folderOf(t), 'notify'), `@wirescribe-test-${process.pid}`]) {
    const heard = listenAt(t, name);
    const notifier = openNotifier({ NOTIFY_SOCKET: name });
    notifier.ready('2 listeners\nREADY=0');
    notifier.reloading();
    notifier.stopping('draining');
    notifier.status('3 sessions');
    const [ready, reloading, ...rest] = heard();
    t.equal(ready, 'READY=1\nSTATUS=2 listeners READY=0');
    t.match(reloading, /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    t.same(rest, ['STOPPING=1\nSTATUS=draining', 'STATUS=3 sessions']);
  }
});

t.test('the watchdog is told while all is alive, and is not while it is not', { skip: linux }, async (t) => {
  const name = `@wirescribe-watchdog-${process.pid}`;
  const heard = listenAt(t, name);
  const notifier = openNotifier({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) });
  let alive = true;
  let asked = 0;
  notifier.watch(() => {
    asked++;
    return alive;
  });
  await until(() => heard().includes('WATCHDOG=1'), 'a sign of life');
  alive = false;
  heard();
  const from = asked;
  await until(() => asked > from + 2, 'to be asked again');
  t.same(heard(), []);
  notifier.close();
});

t.test('nobody that we start speaks for us, and another process’s watchdog is not ours', async (t) => {
  const env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1', PATH: '/bin' };
  openNotifier(env);
  t.same(env, { PATH: '/bin' });
});

t.test('where nobody listens it is said once, and nothing else happens', { skip: linux }, async (t) => {
  const warned: string[] = [];
  const notifier = openNotifier({ NOTIFY_SOCKET: join(folderOf(t), 'nobody') }, (message) => warned.push(message));
  notifier.ready('');
  notifier.status('');
  await until(() => warned.length > 0, 'the warning');
  t.equal(warned.length, 1);
  openNotifier({}).ready('and without a socket nothing is said');
  openNotifier({ NOTIFY_SOCKET: 'vsock:2:1234' }).ready('nor to what is no unix socket');
});

t.test('the program says when it is ready, reads its configuration again, hands over, and stops', { skip: linux }, async (t) => {
  const name = `@wirescribe-program-${process.pid}`;
  const heard = listenAt(t, name);
  const said: string[] = [];
  const listening = setInterval(() => said.push(...heard()), 10);
  t.teardown(() => clearInterval(listening));
  const hears = (what: RegExp) => until(() => said.some((one) => what.test(one)), `${what}`, 60_000);
  process.env.NOTIFY_SOCKET = name;
  process.env.WATCHDOG_USEC = '100000';
  t.teardown(() => {
    delete process.env.NOTIFY_SOCKET;
    delete process.env.WATCHDOG_USEC;
  });
  const program = await startProgram(t, { upstream: 'telnet://127.0.0.1:1', set: ['AUDIT_MASK_PACKS=[]'] });
  await hears(/^READY=1\nSTATUS=1 listener open$/);
  await hears(/^WATCHDOG=1$/);
  program.child.kill('SIGHUP');
  await until(() => program.printed.includes('the configuration was read again'), 'the reload', 60_000);
  program.child.kill('SIGUSR2');
  await hears(/^MAINPID=\d+$/);
  const heir = Number(/MAINPID=(\d+)/.exec(said.join('\n'))?.[1]);
  t.teardown(() => kill(heir, 'SIGKILL'));
  await until(() => !isAlive(program.child.pid as number), 'the end of the old process', 60_000);
  const times = said.length;
  await until(() => said.slice(times).includes('WATCHDOG=1'), 'a sign of life of the new one', 60_000);
  kill(heir, 'SIGTERM');
  await hears(/^STOPPING=1\n/);
  const order = said.filter((one) => !one.startsWith('WATCHDOG')).map((one) => one.split('=')[0]);
  t.same(order.sort(), ['MAINPID', 'READY', 'READY', 'READY', 'RELOADING', 'STOPPING'], 'the old one says nothing behind MAINPID');
});
