import { fork } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import open from '../../callbacks/console.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { fixture } from '../delivery-bench.js';
import { line } from '../journal-lines.js';

/** The console callback in a process of its own, whose stdout is a pipe that is read here. */
function startConsole(t: Test, format: string, output = 'own') {
  const child = fork(fixture('console-child'), [format, output], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const { stdout } = child;
  if (!stdout) throw new Error('no pipe');
  t.teardown(() => child.kill());
  const ask = async (message: object): Promise<unknown> => {
    const answer = once(child, 'message');
    child.send(message);
    return (await answer)[0];
  };
  return { ask, stdout };
}

async function makeConsole(t: Test): Promise<CallbackUnderTest> {
  const { ask, stdout } = startConsole(t, 'json');
  let shown = '';
  let asked = 0;
  stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    callback: {
      async write(records) {
        const text = records.map((record) => `${record.line}\n`).join('');
        asked += text.length;
        await ask({ write: text });
      },
      async close() {
        await ask({ close: true });
      },
    },
    async readBack() {
      while (shown.length < asked) await once(stdout, 'data');
      return shown.split('\n').slice(0, -1);
    },
    abort() {},
  };
}

callbackSuite(t, 'console', makeConsole);

/** What the terminal of someone shows for these lines. */
async function prettyOf(t: Test, ...lines: string[]): Promise<string> {
  const { ask, stdout } = startConsole(t, 'pretty');
  let shown = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await ask({ write: `${lines.join('')}${line(99, 'the end')}` });
  while (!shown.includes('the end')) await once(stdout, 'data');
  return shown.slice(0, shown.lastIndexOf('12:00'));
}

t.test('pretty: time, listener, session, account, direction and what was said, without colours where no terminal is', async (t) => {
  t.equal(await prettyOf(t, line(1, 'look')), '12:00:01.123 main 099a8057 alice > look\n');
});

t.test('pretty: further lines of a text are indented', async (t) => {
  t.equal(await prettyOf(t, line(1, 'Limbo\nExits: north')), '12:00:01.123 main 099a8057 alice > Limbo\n    Exits: north\n');
});

t.test('pretty: a record that is no speech shows its topic', async (t) => {
  t.equal(await prettyOf(t, line(1, undefined, 'audit.start')), '12:00:01.123 - - - = audit.start\n');
});

t.test('pretty: no record steers the terminal', async (t) => {
  const hostile = line(1, 'x').replace('"alice"', '"al\\u001b[2Jice"');
  t.equal(await prettyOf(t, hostile), '12:00:01.123 main 099a8057 al\u{fffd}[2Jice > x\n');
});

for (const output of ['own', 'node']) {
  t.test(`a reader that goes away is said once, and stops nothing (${output} stdout)`, async (t) => {
    const { ask, stdout } = startConsole(t, 'json', output);
    const closed = once(stdout, 'close');
    stdout.destroy();
    await closed;
    t.match(await ask({ write: line(1, 'x'.repeat(500_000)) }), { warned: /nobody reads stdout/ });
    t.same(await ask({ write: line(2, 'y') }), { answered: true });
  });
}

t.test('a pipe that nobody reads for a while holds write back, and no line is lost', async (t) => {
  const { ask, stdout } = startConsole(t, 'json');
  const big = line(1, 'x'.repeat(1_000_000));
  const answered = ask({ write: big });
  t.equal(await Promise.race([answered, once(stdout, 'readable').then(() => 'still writing')]), 'still writing');
  let shown = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  t.same(await answered, { answered: true });
  while (shown.length < big.length) await once(stdout, 'data');
  t.equal(shown, big);
});

t.test('another format is refused by name', async (t) => {
  const log = { info() {}, warn() {} };
  const context = { name: 'console', node: 'n1', folder: '.', log, signal: new AbortController().signal };
  t.throws(() => open({ format: 'xml' }, context), { name: 'OptionError', message: "format: write 'pretty' or 'json'" });
});
