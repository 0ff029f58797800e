import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { KeptThread } from '../../src/threads/kept-thread.js';
import { Talk } from '../../src/threads/thread-talk.js';
import { until } from '../wait.js';

const TALK = pathToFileURL(join(import.meta.dirname, '../../src/threads/thread-talk.js')).href;

/** A thread that can be asked to die, to hang, to fail, and what it was opened with. */
const PROGRAM = `
import { parentPort } from 'node:worker_threads';
import { Talk } from ${JSON.stringify(TALK)};
let given;
const talk = new Talk(parentPort, {
  open: async (value) => {
    if (value === 'refuse') throw Object.assign(new Error('this is not opened'), { code: 'AUDIT_LISTEN' });
    given = value;
    return talk.ask('double', 21);
  },
  ping: () => true,
  given: () => given,
  die: () => process.exit(1),
  hang: () => { for (;;); },
  fail: () => { throw new TypeError('hunter2'); },
  close: () => undefined,
});
parentPort.on('message', (message) => talk.hear(message));
`;

async function start(t: Test, open: () => unknown) {
  const program = pathToFileURL(join(t.testdir({ 'program.mjs': PROGRAM }), 'program.mjs'));
  const warned: string[] = [];
  let restarts = 0;
  const { thread, opened } = await KeptThread.start({
    name: 'test',
    program,
    open,
    answers: { double: (value: number) => value * 2 },
    warn: (message) => warned.push(message),
    restarted: () => {
      restarts += 1;
    },
    // A thread that tap follows takes its time to begin.
    watch: { pingMs: 50, stuckMs: 3_000 },
  });
  t.teardown(() => thread.close());
  return { thread, opened, warned, restarts: () => restarts };
}

t.test('asks and is asked, and errors cross as what they are: ours whole, foreign ones by name', async (t) => {
  const { thread, opened } = await start(t, () => 'first');
  t.equal(opened, 42);
  t.equal(await thread.ask('given', undefined), 'first');
  await t.rejects(thread.ask('fail', undefined), { code: 'AUDIT_INTERNAL', message: 'TypeError' });
  await t.rejects(thread.ask('constructor', undefined), { code: 'AUDIT_INTERNAL', message: 'a thread was asked what it does not know' });
  await t.rejects(
    start(t, () => 'refuse'),
    { code: 'AUDIT_LISTEN', message: 'this is not opened' },
  );
});

t.test('one that dies is started again with what holds then, and whoever asked is told', async (t) => {
  let value = 'first';
  const { thread, restarts } = await start(t, () => value);
  value = 'second';
  await t.rejects(thread.ask('die', undefined), { code: 'AUDIT_THREAD', message: /the test thread is not running just now/ });
  await until(() => restarts() === 1, 'another thread');
  t.equal(await thread.ask('given', undefined), 'second');
});

t.test('one that hangs is ended and started again; who asked with a bound waits no longer than that', async (t) => {
  const { thread, restarts, warned } = await start(t, () => 'x');
  const hung = thread.ask('hang', undefined);
  hung.catch(() => undefined);
  await t.rejects(thread.ask('given', undefined, 20), { code: 'AUDIT_THREAD', message: /did not answer within 20 ms/ });
  await t.rejects(hung, { code: 'AUDIT_THREAD' });
  await until(() => restarts() === 1, 'another thread');
  t.same(warned, ['AUDIT_THREAD: the test thread has not answered, and is started again']);
  t.equal(await thread.ask('given', undefined), 'x');
  await thread.close();
  await t.rejects(thread.ask('given', undefined), { code: 'AUDIT_THREAD' });
});

t.test('an answer to nobody is passed over', async (t) => {
  const talk = new Talk({ postMessage: () => undefined }, {});
  t.doesNotThrow(() => talk.hear({ answer: 7, value: 1 }));
  t.doesNotThrow(() => talk.hear({ answer: 7, code: 'AUDIT_THREAD', message: '' }));
});

t.test('what cannot cross to a thread is refused at once, and nobody waits for it', async (t) => {
  let waits = 0;
  const talk = new Talk({ postMessage: (message) => void structuredClone(message) }, {});
  for (const value of [JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)), () => undefined]) {
    await t.rejects(talk.ask('given', value, 60_000), { code: 'AUDIT_INTERNAL' });
  }
  void talk.ask('given', 1).catch(() => waits++);
  talk.drop(new Error());
  await until(() => waits === 1, 'the only one that waits to be told');
});
