/** Modules of AUDIT_PROVIDERS through a whole session: what they are given, what they add, change and drop, and what comes of those that misbehave. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { finishingOf } from '../../src/audit/keepings.js';
import { Modules } from '../../src/audit/providers.js';
import { loadSettings } from '../../src/config/settings.js';
import { compileMasks } from '../../src/mask/masker.js';
import { type Rec, sound, Talk } from '../talk.js';
import { until } from '../wait.js';

const DEFAULTS = loadSettings({ file: null, cwd: '/', env: {} }).audit;
const MASKS = compileMasks(DEFAULTS.masks);

interface Session {
  readonly talk: Talk;
  /** `NAME CODE` of each record that went on without a module. */
  readonly failed: string[];
}

/** A session with modules of these sources, by their names. */
async function sessionOf(
  t: Test,
  sources: { readonly [name: string]: string },
  options = '',
  more: ConstructorParameters<typeof Talk>[0] = {},
): Promise<Session> {
  const files = Object.entries(sources).map(([name, source]) => [`${name}.mjs`, source]);
  const cwd = t.testdir(Object.fromEntries(files));
  const entries = Object.keys(sources).map((name) => `{'use': './${name}.mjs'${options}}`);
  const { audit } = loadSettings({ file: null, cwd, env: {}, set: [`AUDIT_PROVIDERS=[${entries.join(', ')}]`] });
  const modules = await Modules.load([audit]);
  const failed: string[] = [];
  modules.onFailed = (name, code) => void failed.push(`${name} ${code}`);
  return { talk: new Talk({ masks: MASKS, finishing: finishingOf(audit, modules), ...more }), failed };
}

/** Ends the session, and waits until all of it is written. */
async function ended({ talk }: Session): Promise<Rec[]> {
  talk.end();
  await until(() => !talk.pipeline.records.waits, 'the last record');
  return talk.records;
}

const said = (records: readonly Rec[]): unknown[] => records.flatMap(({ topic, text }) => (/put$/.test(topic) ? [text] : []));
/** What a module of this name added to a record. */
const added = (record: Rec | undefined, name: string): unknown => (record?.custom as Record<string, unknown> | undefined)?.[name];
const customs = (records: readonly Rec[]): unknown[] => records.map(({ topic, custom }) => [topic, custom]);

t.test('a module is given each record but the end as it will be, frozen, and what it gives stands under its name', async (t) => {
  const session = await sessionOf(
    t,
    {
      echo: `export default (draft, options) => {
      let frozen = Object.isFrozen(draft);
      if (draft.data) { try { draft.data.upstream = 'x'; frozen = false; } catch {} }
      return { draft, options, frozen };
    };`,
    },
    ", 'unit': 'ms'",
  );
  session.talk['>']('connect bob hunter2\r\n')['<']('\x1b[1mYou become Bob.\x1b[0m\r\n').wait(200);
  const records = await ended(session);
  t.strictSame(
    records.map(({ topic, custom }) => `${topic} ${custom === undefined ? 'none' : 'custom'}`),
    [
      'session.start custom',
      'session.input custom',
      'session.output custom',
      'session.identity custom',
      'session.identity custom',
      'session.end none',
    ],
  );
  const [start, input, , account, character] = records;
  const about = { time: input?.time, session: input?.session, listener: 'main', protocol: 'telnet', ip: '192.0.2.7' };
  t.strictSame(added(start, 'echo'), {
    draft: { topic: 'session.start', ...about, time: start?.time, data: { upstream: 'telnet://u:1' } },
    options: { unit: 'ms' },
    frozen: true,
  });
  t.strictSame((added(input, 'echo') as { draft: unknown }).draft, {
    topic: 'session.input',
    ...about,
    direction: 'RCV',
    exchange: 1,
    text: 'connect bob ********',
  });
  t.match(added(account, 'echo'), {
    draft: { event: 'login', event_type: 'authentication', data: { field: 'account', new: 'bob' } },
  });
  t.match(added(character, 'echo'), { draft: { account: 'bob', data: { field: 'character', new: 'Bob' } } });
  sound(t, session.talk);
  t.strictSame(session.failed, []);
});

t.test('what a module gives is masked too: secrets that were said, in its names and numbers, and what masks know', async (t) => {
  const session = await sessionOf(t, {
    leak: `export default ({ topic, exchange }) => topic === 'session.output' && exchange === 2
      ? { said: 'hunter2', upper: ['HUNTER2'], hunter2: 1, pin: 48151623, url: 'postgres://al:sesame99@db/x', line: 'connect bob hunter2' } : undefined;`,
  });
  session.talk['>']('connect bob hunter2\r\n')['<']('Ok.\r\n').wait(200)['>']('connect bob 48151623\r\n')['<']('Ok.\r\n').wait(200);
  const records = await ended(session);
  t.strictSame(
    added(
      records.findLast(({ topic }) => topic === 'session.output'),
      'leak',
    ),
    {
      said: '********',
      upper: ['********'],
      '********': 1,
      pin: '********',
      url: 'postgres://al:*************',
      line: 'connect bob ********',
    },
  );
  t.notMatch(session.talk.lines.join(''), /hunter2|48151623|sesame99/i);
  sound(t, session.talk);
});

const BAD: readonly [what: string, gives: string, code: string][] = [
  ['throws', "{ throw new Error('hunter2'); }", 'provider-threw'],
  ['rejects', "Promise.reject(new Error('hunter2'))", 'provider-threw'],
  ['never answers', 'new Promise(() => {})', 'provider-late'],
  ['gives a circle', '(() => { const a = {}; a.a = a; return a; })()', 'provider-answer'],
  ['gives 5,000 letters', "'x'.repeat(5000)", 'provider-answer'],
  ['gives a function', '() => 1', 'provider-answer'],
  ['gives what JSON has not', '10n', 'provider-answer'],
  ['gives what throws as JSON', "({ toJSON() { throw new Error('hunter2'); } })", 'provider-answer'],
  ['gives a then that throws', "({ get then() { throw new Error('hunter2'); } })", 'provider-threw'],
];

for (const [what, gives, code] of BAD) {
  t.test(`a module that ${what} leaves its record as it is, and says so`, async (t) => {
    const session = await sessionOf(
      t,
      {
        bad: `export default ({ topic }) => { if (topic !== 'session.input') return; ${gives.startsWith('{') ? gives : `return ${gives};`} };`,
        good: 'export default () => 7;',
      },
      ", 'timeout_ms': 20",
    );
    session.talk['>']('look\r\n')['<']('A room.\r\n').wait(6_000);
    const records = await ended(session);
    t.strictSame(said(records), ['look', 'A room.']);
    t.strictSame(customs(records).slice(1, 3), [
      ['session.input', { good: 7 }],
      ['session.output', { good: 7 }],
    ]);
    t.strictSame(session.failed, [`bad ${code}`]);
    t.notMatch(session.talk.lines.join(''), /hunter2/);
    sound(t, session.talk);
  });
}

t.test('what JSON cannot have is what JSON makes of it', async (t) => {
  const session = await sessionOf(t, {
    odd: 'export default () => ({ nan: NaN, far: -Infinity, date: new Date(0), none: undefined, list: [undefined], map: new Map([[1, 2]]), nul: "\\0\\u2028" });',
  });
  const [start] = await ended(session);
  t.strictSame(start?.custom, { odd: { nan: null, far: null, date: '1970-01-01T00:00:00.000Z', list: [null], map: {}, nul: '\0\u2028' } });
  sound(t, session.talk);
});

t.test('what a session says while a module has not answered waits in its order, and other sessions do not', async (t) => {
  const slow = `const asked = globalThis.asked = []; export default ({ text }) => text === 'slow' ? new Promise((resolve) => asked.push(resolve)) : text?.length;`;
  const session = await sessionOf(t, { slow }, ", 'timeout_ms': 1000");
  const other = new Talk({ masks: MASKS });
  session.talk['>']('slow\r\n')['<']('Ok.\r\n').wait(6_000)['>']('fast\r\n')['<']('Done.\r\n').wait(6_000);
  other['>']('look\r\n')['<']('A room.\r\n').wait(6_000);
  t.strictSame(said(session.talk.records), []);
  t.strictSame(said(other.records), ['look', 'A room.']);
  t.notOk(session.talk.pipeline.idle);
  const { asked } = globalThis as unknown as { asked: ((answer: unknown) => void)[] };
  asked[0]?.('at last');
  const records = await ended(session);
  t.strictSame(customs(records).slice(1, 5), [
    ['session.input', { slow: 'at last' }],
    ['session.output', { slow: 3 }],
    ['session.input', { slow: 4 }],
    ['session.output', { slow: 5 }],
  ]);
  t.strictSame(session.failed, []);
  sound(t, session.talk);
});

t.test('more than 256 records wait for nobody: they go on without an answer, in their order', async (t) => {
  const session = await sessionOf(
    t,
    { hang: "export default ({ topic }) => topic === 'session.input' ? new Promise(() => {}) : undefined;" },
    ", 'timeout_ms': 1000",
  );
  const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  for (const line of lines) session.talk['>'](`${line}\r\n`);
  session.talk['<']('Ok.\r\n').wait(6_000);
  t.ok(session.failed.length > 0 && session.failed.every((one) => one === 'hang provider-flood'), session.failed.slice(0, 2).join());
  t.ok(session.talk.records.length > 100, 'written while nobody answered');
  session.talk.pipeline.records.settle();
  const records = await ended(session);
  t.equal(records.filter(({ topic }) => topic === 'session.input').length, 300);
  sound(t, session.talk);
});

t.test('a hook changes text, custom and event; what it gives is masked, and raw and timing that no longer fit are gone', async (t) => {
  const session = await sessionOf(t, {
    adds: "export default () => ({ note: 'first' });",
    hook: `export function beforeRecord({ text, custom, event }) {
      if (text?.startsWith('say')) return { text: text.toUpperCase() + '\\0\\r and hunter2\\nconnect al sesame99', custom: { ...custom, more: 'hunter2' }, event: 'speech', event_type: 'talk' };
      if (event === 'command.privileged') return { event: null, custom: null };
    }`,
  });
  session.talk['>']('connect bob hunter2\r\n')
    ['<']('Ok.\r\n')
    .wait(200)
    ['>']('sax\by hi\r\n')
    ['<']('Ok.\r\n')
    .wait(200)
    ['>']('@py 1\r\n')
    ['<']('Ok.\r\n')
    .wait(200);
  const records = (await ended(session)).filter(({ topic }) => topic === 'session.input');
  const [connect, say, py] = records.map(({ text, raw, bytes, event, event_type: type, custom, masked }) => ({
    text,
    raw,
    bytes,
    event,
    type,
    custom,
    masked,
  }));
  t.match(connect, { text: 'connect bob ********', custom: { adds: { note: 'first' } }, event: undefined });
  t.strictSame(say, {
    text: 'SAY HI and ********\nconnect al ********',
    raw: undefined,
    bytes: 39,
    event: 'speech',
    type: 'talk',
    custom: { adds: { note: 'first' }, more: '********' },
    masked: [
      { mask: 'connect', direction: 'RCV', start: 11, end: 19 },
      { mask: 'connect', direction: 'RCV', start: 31, end: 39 },
    ],
  });
  t.match(py, { text: '@py 1', event: undefined, custom: undefined });
  t.notMatch(session.talk.lines.join(''), /hunter2|sesame99/);
  t.strictSame(session.failed, []);
  sound(t, session.talk);
});

t.test('what a hook drops takes no place in the chain, and is counted', async (t) => {
  const session = await sessionOf(t, { hook: "export const beforeRecord = ({ text }) => (text === 'secret plan' ? null : undefined);" });
  session.talk['>']('secret plan\r\n')['<']('Ok.\r\n').wait(6_000)['>']('look\r\n')['<']('secret plan\r\n').wait(6_000);
  const records = await ended(session);
  t.strictSame(said(records), ['Ok.', 'look']);
  t.equal(records.at(-1)?.data?.dropped, 2);
  sound(t, session.talk);
});

t.test('a hook is asked about what was said alone, in turn with the others, each behind what the one before has made', async (t) => {
  const session = await sessionOf(t, {
    a: "export const beforeRecord = async ({ text }) => ({ text: text + ' a' });",
    b: "export const beforeRecord = ({ text, topic }) => ({ text: text + ' b', custom: { topic } });",
  });
  session.talk['>']('look\r\n')['<']('A room.\r\n').wait(6_000);
  const records = await ended(session);
  t.strictSame(said(records), ['look a b', 'A room. a b']);
  t.strictSame(customs(records), [
    ['session.start', undefined],
    ['session.input', { topic: 'session.input' }],
    ['session.output', { topic: 'session.output' }],
    ['session.end', undefined],
  ]);
});

const WRONG: readonly [what: string, gives: string][] = [
  ['a number', '7'],
  ['a text that is none', '{ text: 7 }'],
  ['an event with a blank', "{ event: 'bob logs in' }"],
  ['an event that is a secret', "{ event: 'hunter2' }"],
  ['a type without an event', "{ event_type: 'x' }"],
  ['a custom that is a list', '{ custom: [1] }'],
  ['a custom that is too large', "{ custom: { a: 'x'.repeat(5000) } }"],
];

for (const [what, gives] of WRONG) {
  t.test(`a hook that gives ${what} changes nothing, and that is said`, async (t) => {
    const session = await sessionOf(t, { hook: `export const beforeRecord = ({ text }) => text === 'look' ? (${gives}) : undefined;` });
    session.talk['>']('connect bob hunter2\r\n')['<']('Ok.\r\n').wait(200)['>']('look\r\n')['<']('A room.\r\n').wait(200);
    const record = (await ended(session)).find(({ text }) => text === 'look');
    t.match(record, { text: 'look', event: undefined, event_type: undefined, custom: undefined });
    t.strictSame(session.failed, ['hook provider-answer']);
    sound(t, session.talk);
  });
}

t.test('an answer that throws where it is looked at changes nothing, at once or later', async (t) => {
  const throws = "{ get text() { throw new Error('hunter2'); } }";
  const session = await sessionOf(t, {
    once: `export const beforeRecord = ({ text }) => text === 'look' ? (${throws}) : undefined;`,
    later: `export const beforeRecord = async ({ text }) => text === 'look' ? (${throws}) : undefined;`,
    custom:
      "export const beforeRecord = async ({ text }) => text === 'look' ? { custom: new Proxy({}, { ownKeys() { throw new Error('hunter2'); } }) } : undefined;",
  });
  session.talk['>']('look\r\n')['<']('A room.\r\n').wait(6_000);
  t.strictSame(said(await ended(session)), ['look', 'A room.']);
  t.strictSame(session.failed, ['once provider-threw', 'later provider-threw', 'custom provider-threw']);
  sound(t, session.talk);
});

t.test('of what is withheld a hook can give no text', async (t) => {
  const session = await sessionOf(t, { hook: "export const beforeRecord = ({ direction }) => direction === 'RCV' ? { text: 'seen' } : undefined;" });
  session.talk['<']('\xff\xfa\x2e\x01\xff\xf0')['>']('hunter2\r\n').wait(6_000);
  const records = await ended(session);
  const input = records.find(({ topic }) => topic === 'session.input');
  t.match(input, { cut: 'blind', text: undefined });
  sound(t, session.talk);
});

const SPLIT = 'connect bob hunter2\r\nsay hunter2 and more\r\nlook\r\n';

t.test('however what is said is split, the same is recorded with modules', async (t) => {
  const source = `export default ({ text }) => ({ length: text?.length, back: text });
    export const beforeRecord = ({ text }) => text?.includes('more') ? { text: text + '!' } : text === 'look' ? null : undefined;`;
  const runs: unknown[] = [];
  for (const size of [1, 7, SPLIT.length]) {
    const session = await sessionOf(t, { mod: source });
    const { talk } = session;
    for (let at = 0; at < SPLIT.length; at += size) talk.pipeline.data('RCV', Buffer.from(SPLIT.slice(at, at + size)), talk.at);
    talk['<']('Ok.\r\n').wait(6_000);
    runs.push((await ended(session)).map(({ id: _id, ...record }) => ({ ...record, prev: '', hash: '', digest: '' })));
    t.notMatch(talk.lines.join(''), /hunter2/);
  }
  t.strictSame(runs[1], runs[0]);
  t.strictSame(runs[2], runs[0]);
});

const REFUSED: readonly [what: string, source: string, error: RegExp][] = [
  ['that is not there', '', /^AUDIT_PROVIDER: --set:1:18: the provider 'gone' does not load \(ERR_MODULE_NOT_FOUND\)/],
  ['that is no JavaScript', 'def f():', /^AUDIT_PROVIDER: --set:1:18: the provider 'mod' does not load \(SyntaxError\)/],
  ['that exports nothing to call', 'export const a = 1;', /^AUDIT_PROVIDER: --set:1:18: the provider 'mod' exports nothing to call; write/],
  [
    'whose hook is no function',
    'export const beforeRecord = 1;',
    /^AUDIT_PROVIDER: --set:1:18: the provider 'mod' exports something else than a function/,
  ],
];

for (const [what, source, error] of REFUSED) {
  t.test(`a module ${what} is refused with its place`, async (t) => {
    const cwd = t.testdir({ 'mod.mjs': source });
    const { audit } = loadSettings({ file: null, cwd, env: {}, set: [`AUDIT_PROVIDERS=['${join(cwd, source === '' ? 'gone.mjs' : 'mod.mjs')}']`] });
    await t.rejects(
      Modules.load([audit]).catch((thrown: unknown) => Promise.reject(new Error(String(thrown)))),
      { message: error },
    );
  });
}
