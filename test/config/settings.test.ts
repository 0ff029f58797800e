import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import t, { type Test } from 'tap';
import { loadSettings, masksInForce, type Origin, type Settings } from '../../src/config/settings.js';
import { AuditError } from '../../src/errors.js';
import { folderOf } from '../harness.js';

const NO_PACKS = 'AUDIT_MASK_PACKS = []\n';
let files = 0;

/** Settings out of a text in a folder of its own; `more` overrides. */
function load(t: Test, text: string, more: Partial<Origin> & { files?: Record<string, string> } = {}): Settings {
  files += 1;
  // Short, below the folder of temporary files: the path of a unix socket may have 107 bytes.
  const cwd = join(folderOf(t), String(files));
  mkdirSync(cwd);
  const { files: beside = {}, ...origin } = more;
  for (const [name, content] of Object.entries({ 'server.conf': text, ...beside })) writeFileSync(join(cwd, name), content);
  return loadSettings({ cwd, env: {}, ...origin });
}

function refused(t: Test, text: string, more?: Parameters<typeof load>[2]): string {
  try {
    load(t, text, more);
  } catch (error) {
    if (error instanceof AuditError) return String(error);
    throw error;
  }
  return 'not refused';
}

t.test('without a file or options there are the defaults', async (t) => {
  const cwd = t.testdir();
  const settings = loadSettings({ cwd, env: {}, set: ['AUDIT_MASK_PACKS = []'] });
  t.strictSame(
    { ...settings, inForce: settings.inForce.length, digest: settings.digest.length },
    {
      folder: cwd,
      listeners: [],
      audit: {
        active: true,
        in: false,
        out: false,
        allowSparse: false,
        outUnit: 'message',
        outIdleMs: 100,
        onFailure: 'pass',
        masks: [],
        maskStyle: 'length',
        identity: { patterns: [], paths: [] },
        watch: [],
        watchExclude: [],
        events: [],
        exclude: { patterns: [], networks: [] },
        providers: [],
      },
      systemEvents: true,
      callbacks: [
        { name: 'file', column: 19 },
        { name: 'store', column: 27 },
      ].map(({ name, column }) => ({
        name,
        place: { file: 'default', line: 1, column },
        use: name,
        module: join(import.meta.dirname, `../../callbacks/${name}.js`),
        options: {},
        topics: null,
        batchRecords: 1000,
        batchBytes: 1_048_576,
        batchMs: 0,
        start: 'oldest',
        required: false,
        format: 'record',
        fields: null,
      })),
      spool: { dir: join(cwd, 'audit/spool'), maxBytes: 4_294_967_296, fsync: 'batch' },
      chores: { retain: { at: { hour: 3, minute: 0 }, limitS: 7200 }, archive: { at: null, limitS: 7200, reset: false } },
      retentionDays: 360,
      archive: { dir: join(cwd, 'audit/archive'), name: 'wirescribe-%Y-%m-%d' },
      node: hostname(),
      application: 'wirescribe',
      drainTimeoutS: 10,
      adminListen: { host: '127.0.0.1', port: 4080 },
      trustedProxies: [],
      intakeListen: null,
      inForce: 36,
      digest: 64,
    },
  );
});

t.test('STORE_INDEXES reach the store, and no other callback', async (t) => {
  const { callbacks } = load(t, `${NO_PACKS}STORE_INDEXES = ['data.reason', ('custom.geo.country', 'custom.geo.as')]`);
  t.strictSame(
    callbacks.map(({ options }) => options),
    [{}, { indexes: [['data.reason'], ['custom.geo.country', 'custom.geo.as']] }],
  );
});

t.test("Evennia's block works as it stands", async (t) => {
  const block = String.raw`
SERVER_SESSION_CLASS = 'evennia.contrib.utils.auditing.server.AuditedServerSession'
AUDIT_CALLBACK = 'evennia.contrib.utils.auditing.outputs.to_file'
AUDIT_IN = True; AUDIT_OUT = True; AUDIT_ALLOW_SPARSE = False
AUDIT_MASKS = [{'mypass': r'^setpass\s+(?P<secret>.+)'}]
SERVERNAME = "Evennia's"
`;
  const { audit, callbacks, application, file, folder } = load(t, NO_PACKS + block);
  t.equal(file, join(folder, 'server.conf'));
  t.strictSame([audit.in, audit.out, audit.allowSparse, application], [true, true, false, "Evennia's"]);
  t.strictSame(
    callbacks.map(({ name, use }) => [name, use]),
    [['file', 'file']],
  );
  t.strictSame(audit.masks, [
    {
      name: 'mypass',
      direction: 'both',
      where: 'start',
      hides: [],
      shows: [],
      place: { file: 'server.conf', line: 6, column: 17 },
      pattern: String.raw`^setpass\s+(?P<secret>.+)`,
      patternPlace: { file: 'server.conf', line: 6, column: 29 },
    },
  ]);
});

t.test('LISTEN and UPSTREAM are one listener', async (t) => {
  const { listeners } = load(t, `${NO_PACKS}LISTEN = 'telnet://0.0.0.0:4000'\nUPSTREAM = 'unix:game.sock'`);
  t.match(listeners, [
    {
      name: 'main',
      listen: { scheme: 'telnet', host: '0.0.0.0', port: 4000 },
      upstream: { scheme: 'unix', path: /\/\d+\/game\.sock$/ },
      onDown: /cannot be reached/,
      handshakeS: 10,
    },
  ]);
});

t.test("a listener's AUDIT_ keys count for it alone, and take the place of those for all", async (t) => {
  const settings = load(
    t,
    `${NO_PACKS}AUDIT_IN = True
AUDIT_MASKS = [{'all': 'a(?P<secret>b)'}]
LISTENERS = [
  {'listen': 'telnet://:4000', 'upstream': 'telnet://h:1'},
  {'listen': 'tcp://h:4001', 'upstream': 'tcp://h:2', 'AUDIT_IN': False, 'AUDIT_OUT': True, 'AUDIT_MASK_STYLE': 'tag', 'AUDIT_MASKS': [{'own': 'a(?P<secret>b)'}], 'handshake_s': 2.5},
]`.replace('telnet://:4000', 'telnet://h:4000'),
  );
  t.strictSame(
    settings.listeners.map(({ name, handshakeS, audit }) => [
      name,
      handshakeS,
      audit.in,
      audit.out,
      audit.masks.map((mask) => mask.name),
      audit.maskStyle,
    ]),
    [
      ['main', 10, true, false, ['all'], 'length'],
      ['listener2', 2.5, false, true, ['own'], 'tag'],
    ],
  );
  t.strictSame(
    masksInForce(settings).map(({ name }) => name),
    ['all', 'own'],
  );
});

t.test('callbacks are a name, a path, a dict, or a list of them, each of its own name', async (t) => {
  const { callbacks, folder } = load(
    t,
    `${NO_PACKS}AUDIT_CALLBACK = ['console', './out/My sink.mjs', {'use': 'file', 'path': 'x.log', 'keep_days': 3, 'topics': ('session',), 'batch_bytes': '64k',
      'batch_ms': 20, 'batch_records': 5, 'start': 'newest', 'required': True}, 'file', {'use': 'sink.js', 'name': 'file2', 'deep': {'a': [1, None]}}]`,
  );
  t.strictSame(
    callbacks.map(({ name, use, module }) => [name, use, isAbsolute(module)]),
    [
      ['console', 'console', true],
      ['My-sink', './out/My sink.mjs', true],
      ['file', 'file', true],
      ['file3', 'file', true],
      ['file2', 'sink.js', true],
    ],
  );
  t.equal(callbacks[1]?.module, join(folder, 'out/My sink.mjs'));
  const { module, ...third } = callbacks[2] ?? { module: '' };
  t.strictSame(third, {
    name: 'file',
    place: { file: 'server.conf', line: 2, column: 51 },
    use: 'file',
    options: { path: 'x.log', keep_days: 3 },
    topics: ['session'],
    batchRecords: 5,
    batchBytes: 65_536,
    batchMs: 20,
    start: 'newest',
    required: true,
    format: 'record',
    fields: null,
  });
  t.strictSame(callbacks[4]?.options, { deep: { a: [1, null] } });
});

t.test('values may stand in the environment or a file, and are starred wherever they are shown', async (t) => {
  const text = `${NO_PACKS}LISTENERS = [{'listen': {'env': 'LISTEN_AT'}, 'upstream': 'telnet://h:1', 'handshake_s': {'env': 'PATIENCE'}, 'AUDIT_IN': {'env': 'IN'}}]
AUDIT_CALLBACK = {'use': './mine.js', 'a': {'file': 'a.txt'}, 'nested': {'b': {'env': 'B'}}, 'password': 'hunter2', 'url': 'http://bob:hunter2@h/'}`;
  const settings = load(t, text, {
    env: { LISTEN_AT: 'tcp://127.0.0.1:77', PATIENCE: '3', IN: 'True', B: 'hunter2' },
    files: { 'a.txt': 'hunter2\n\r\n' },
  });
  t.match(settings.listeners, [{ listen: { port: 77 }, handshakeS: 3, audit: { in: true } }]);
  t.strictSame(settings.callbacks[0]?.options, {
    a: 'hunter2\n',
    nested: { b: 'hunter2' },
    password: 'hunter2',
    url: 'http://bob:hunter2@h/',
  });
  const shown = Object.fromEntries(settings.inForce.map(({ key, value }) => [key, value]));
  t.notMatch(JSON.stringify(settings.inForce), /hunter2|77/);
  t.match(shown.AUDIT_CALLBACK, "'a': '********', 'nested': {'b': '********'}, 'password': '********', 'url': 'http://********@h/'}]");
  t.match(shown.LISTENERS, "'listen': '********'");
});

t.test('--set comes on top, the last one counts, and all that is in force says where it comes from', async (t) => {
  const { inForce, application, node } = load(t, `${NO_PACKS}\nAPPLICATION = 'a'\nNODE = 'n'`, {
    set: ["APPLICATION='b'", "APPLICATION = 'c'", 'AUDIT_OUT_IDLE_MS=0x10'],
  });
  t.strictSame([application, node], ['c', 'n']);
  const from = Object.fromEntries(inForce.map((one) => [one.key, `${one.value} ${one.from}`]));
  t.equal(from.APPLICATION, "'c' --set");
  t.equal(from.NODE, "'n' server.conf:4");
  t.equal(from.AUDIT_OUT_IDLE_MS, '16 --set');
  t.equal(from.SPOOL_MAX_BYTES, "'4g' default");
});

t.test('the digest changes with what is in force and with the masks of a pack, not with comments', async (t) => {
  const pack = (pattern: string) => ({ files: { 'own.conf': `MASKS = [{'m': '${pattern}(?P<secret>.)'}]` } });
  const text = "AUDIT_MASK_PACKS = ['./own.conf']\nNODE = 'n'";
  const { digest } = load(t, text, pack('a'));
  t.equal(load(t, `# hi\n${text}`, pack('a')).digest, digest);
  t.not(load(t, text, pack('b')).digest, digest);
  t.not(load(t, `${text}\nAUDIT_IN = True`, pack('a')).digest, digest);
});

t.test('settings can be handed to another thread', async (t) => {
  const settings = load(t, `${NO_PACKS}AUDIT_CALLBACK = {'use': './m.js', '__proto__': {'x': 1}}`);
  t.strictSame(structuredClone(settings), settings);
  t.ok(Object.hasOwn(settings.callbacks[0]?.options ?? {}, '__proto__'));
});

t.test('a pack is masks in the long form, with places in the pack', async (t) => {
  const pack = String.raw`MASKS = [
  {'name': 'tok', 'direction': 'out', 'pattern': r'token (?P<secret>\w+)', 'where': 'anywhere', 'hides': ['token abc'], 'shows': ('no token',)},
]`;
  const { audit } = load(t, "AUDIT_MASK_PACKS = ['own.conf']", { files: { 'own.conf': pack } });
  t.strictSame(audit.masks, [
    {
      name: 'tok',
      direction: 'out',
      where: 'anywhere',
      hides: ['token abc'],
      shows: ['no token'],
      place: { file: 'own.conf', line: 2, column: 3 },
      pattern: String.raw`token (?P<secret>\w+)`,
      patternPlace: { file: 'own.conf', line: 2, column: 52 },
    },
  ]);
});

t.test('a mask is also a prompt whose answer is hidden, or a field of out-of-band data', async (t) => {
  const pack = String.raw`MASKS = [
  {'name': 'ask', 'pattern': r'password:\s*$', 'then': 'hide-next-input', 'prompts': ['Password: '], 'not_prompts': ['x']},
  {'name': 'line', 'direction': 'out', 'where': 'start', 'pattern': r'pin', 'then': 'hide-next-input'},
  {'name': 'gmcp-login', 'oob': 'Char.Login.Credentials', 'path': 'password'},
  {'name': 'msdp', 'oob': 'PASS*', 'path': '', 'protocol': 'msdp'},
]`;
  const { audit } = load(t, "AUDIT_MASK_PACKS = ['own.conf']", { files: { 'own.conf': pack } });
  const at = (line: number, column: number) => ({ file: 'own.conf', line, column });
  t.strictSame(audit.masks, [
    {
      name: 'ask',
      place: at(2, 3),
      where: 'prompt',
      // biome-ignore lint/suspicious/noThenProperty: DESIGN 5's name.
      then: 'hide-next-input',
      prompts: ['Password: '],
      notPrompts: ['x'],
      pattern: String.raw`password:\s*$`,
      patternPlace: at(2, 32),
    },
    {
      name: 'line',
      place: at(3, 3),
      where: 'start',
      // biome-ignore lint/suspicious/noThenProperty: DESIGN 5's name.
      then: 'hide-next-input',
      prompts: [],
      notPrompts: [],
      pattern: 'pin',
      patternPlace: at(3, 71),
    },
    { name: 'gmcp-login', place: at(4, 3), oob: 'Char.Login.Credentials', path: 'password' },
    { name: 'msdp', place: at(5, 3), oob: 'PASS*', path: '', protocol: 'msdp' },
  ]);
});

const MASK = "'pattern': 'a(?P<secret>b)'";
const LISTENER = "'listen': 'telnet://h:1', 'upstream': 'telnet://h:2'";
const REFUSED: readonly (readonly [text: string, error: string])[] = [
  ['AUDIT_MASK = []', "KEY: server.conf:2:1: there is no key 'AUDIT_MASK'; did you mean 'AUDIT_MASKS'?"],
  ['UPSTRAEM = 1', "KEY: server.conf:2:1: there is no key 'UPSTRAEM'; did you mean 'UPSTREAM'?"],
  ['RETENTION_DAYS = 6', 'TYPE: server.conf:2:18: RETENTION_DAYS wants a whole number of days from 7 to 36500'],
  ["CHORES = {'clean': {}}", "KEY: server.conf:2:11: CHORES has no option 'clean'; known are retain, archive"],
  ["CHORES = {'retain': {'reset': True}}", "KEY: server.conf:2:22: 'retain' of CHORES has no option 'reset'; known are at, limit_s"],
  ["CHORES = {'archive': {'at': '24:00'}}", "TYPE: server.conf:2:29: 'at' of 'archive' of CHORES wants a time of day such as '03:00', or None"],
  ["CHORES = {'retain': '03:00'}", "TYPE: server.conf:2:21: 'retain' of CHORES wants a dict; this is a string"],
  ["CHORES = {'retain': {'limit_s': 0}}", "TYPE: server.conf:2:33: 'limit_s' of 'retain' of CHORES wants a whole number of seconds from 1 to 86400"],
  [
    "ARCHIVE_NAME = 'a/%Y'",
    'TYPE: server.conf:2:16: ARCHIVE_NAME: a name begins with a letter, a digit or _, has no / and no control character in it, and at most 200 bytes',
  ],
  ["ARCHIVE_NAME = 'a-%H'", 'TYPE: server.conf:2:16: ARCHIVE_NAME: the code %H is none of %Y %y %m %d %j %G %V %%'],
  ["SERVERNAME = 'a'\nAPPLICATION = 'b'", 'KEY: server.conf:3:1: APPLICATION and SERVERNAME are the same key; keep one'],
  ['AUDIT_IN = 1', 'TYPE: server.conf:2:12: AUDIT_IN wants True or False; this is a number'],
  ['AUDIT_IN = True,', 'TYPE: server.conf:2:12: AUDIT_IN wants True or False; this is a tuple (there is a comma behind the value)'],
  ["AUDIT_OUT_UNIT = 'lines'", "TYPE: server.conf:2:18: AUDIT_OUT_UNIT wants 'message' or 'line'"],
  ['AUDIT_OUT_IDLE_MS = 0', 'TYPE: server.conf:2:21: AUDIT_OUT_IDLE_MS wants a whole number of milliseconds from 1 to 60000'],
  [
    'AUDIT_OUT_IDLE_MS = 1.5',
    'TYPE: server.conf:2:21: AUDIT_OUT_IDLE_MS wants a whole number of milliseconds from 1 to 60000; this is a number with a fraction',
  ],
  ['DRAIN_TIMEOUT_S = 1e999', 'TYPE: server.conf:2:19: DRAIN_TIMEOUT_S wants a number of seconds from 0 to 86400'],
  ["SPOOL_MAX_BYTES = '4 GB'", "TYPE: server.conf:2:19: SPOOL_MAX_BYTES wants a size: a whole number of bytes, or '64k', '10m', '4g'"],
  ['SPOOL_MAX_BYTES = 10', "TYPE: server.conf:2:19: SPOOL_MAX_BYTES wants a size from '1m' to '1048576g'"],
  ["NODE = ''", 'TYPE: server.conf:2:8: NODE wants a text of one line, not empty, of at most 255 characters'],
  ["NODE = {'env': 'NOPE'}", "ENV: server.conf:2:8: NODE is to come from the environment variable 'NOPE', which is not set; set it"],
  ["NODE = {'file': 'nope.txt'}", 'FILE: server.conf:2:8: the file that NODE is to come from cannot be read: there is no such file'],
  ["LISTEN = 'telnet://h:1'", 'KEY: server.conf:2:10: LISTEN wants UPSTREAM too'],
  [
    "LISTEN = 'localhost:1'\nUPSTREAM = 'telnet://h:1'",
    'TYPE: server.conf:2:10: LISTEN: not an address; write telnet://127.0.0.1:4000, telnets://, tcp://[::1]:4000',
  ],
  ["LISTEN = 'tcp://h:1'\nUPSTREAM = 'tcp://h:0'", 'TYPE: server.conf:3:12: UPSTREAM wants the port to connect to, which is not 0'],
  [
    `LISTEN = 'tcp://h:1'\nUPSTREAM = 'tcp://h:2'\nLISTENERS = [{${LISTENER}}]`,
    'KEY: server.conf:4:13: LISTEN and UPSTREAM are the short form of LISTENERS; keep one of the two',
  ],
  ["LISTENERS = [{'listen': 'tcp://h:1'}]", "KEY: server.conf:2:14: a listener wants 'upstream', such as 'telnet://127.0.0.1:4000'"],
  [
    "AUDIT_IDENTITY = [{'pattern': 'a'}, {'account': 'b'}]",
    "KEY: server.conf:2:38: an entry of AUDIT_IDENTITY has no option 'account'; known are pattern, direction, where",
  ],
  ["AUDIT_IDENTITY = [{'direction': 'in'}]", "KEY: server.conf:2:19: an entry of AUDIT_IDENTITY wants a 'pattern', or 'oob' and 'field'"],
  ["AUDIT_IDENTITY = [{'oob': 'Char.Name'}]", "KEY: server.conf:2:19: an entry of AUDIT_IDENTITY with 'oob' wants a 'field' too"],
  [
    "AUDIT_IDENTITY = [{'oob': 'Char.Name', 'field': 'name'}]",
    "TYPE: server.conf:2:49: 'field' of AUDIT_IDENTITY wants 'account', 'character' or 'room'",
  ],
  ["AUDIT_IDENTITY = [{'pattern': '(?P<room>a)', 'direction': 'both'}]", "TYPE: server.conf:2:59: 'direction' of AUDIT_IDENTITY wants 'in' or 'out'"],
  [
    "AUDIT_IDENTITY = [{'oob': 'A', 'pattern': 'b', 'field': 'room'}]",
    "KEY: server.conf:2:32: an entry of AUDIT_IDENTITY with 'oob' has no option 'pattern'; ",
  ],
  ['AUDIT_WATCH = 1', 'TYPE: server.conf:2:15: AUDIT_WATCH wants a list of out-of-band paths, each a string (put [ ] around it); this is a number'],
  ["AUDIT_WATCH = ['']", 'TYPE: server.conf:2:16: AUDIT_WATCH wants a text of one line, not empty, of at most 256 characters'],
  ["AUDIT_PROVIDERS = ['geo']", "TYPE: server.conf:2:20: AUDIT_PROVIDERS wants the path of a module of JavaScript, such as './mine.mjs'"],
  ["AUDIT_PROVIDERS = [{'timeout_ms': 5}]", "KEY: server.conf:2:20: an entry of AUDIT_PROVIDERS wants 'use', the path of a module"],
  [
    "AUDIT_PROVIDERS = [{'use': './a.mjs', 'timeout_ms': 0}]",
    "TYPE: server.conf:2:53: 'timeout_ms' of AUDIT_PROVIDERS wants a whole number of milliseconds",
  ],
  ["AUDIT_PROVIDERS = ['./a.mjs', 'b/a.mjs']", "TYPE: server.conf:2:31: there are two providers of the name 'a'; give one another 'name'"],
  [
    "AUDIT_PROVIDERS = [{'use': './a.mjs', 'name': 'a.b'}]",
    "TYPE: server.conf:2:47: 'name' of AUDIT_PROVIDERS wants letters, digits, '_' and '-', a letter first",
  ],
  [
    "AUDIT_EXCLUDE = 'x'",
    "TYPE: server.conf:2:17: AUDIT_EXCLUDE wants a dict of lists by listeners' names ('' for all), or a list; this is a string",
  ],
  ["AUDIT_EXCLUDE = {'': [{'direction': 'in'}]}", "KEY: server.conf:2:23: an entry of AUDIT_EXCLUDE wants a 'pattern' or a 'network'"],
  [
    "AUDIT_EXCLUDE = [{'network': '10.0.0.0/40'}]",
    "TYPE: server.conf:2:30: 'network' of an entry of AUDIT_EXCLUDE with 'network' wants a network such as",
  ],
  ["AUDIT_EXCLUDE = {'man': []}", "KEY: server.conf:2:18: AUDIT_EXCLUDE names a listener 'man' that there is not; known are exec ('' is for all)"],
  [`LISTENERS = [{${LISTENER}, 'AUDIT_SYSTEM_EVENTS': False}]`, "KEY: server.conf:2:69: a listener has no option 'AUDIT_SYSTEM_EVENTS'"],
  [`LISTENERS = [{${LISTENER}, 'ondown': 'x'}]`, "KEY: server.conf:2:69: a listener has no option 'ondown'; did you mean 'on_down'?"],
  [
    `LISTENERS = [{${LISTENER}}, {${LISTENER}}]`,
    'TYPE: server.conf:2:70: another listener has the same address; give one of them another port or path',
  ],
  ["LISTEN = 'tcp://0.0.0.0:4000'\nUPSTREAM = 'telnet://localhost:4000'", 'TYPE: server.conf:2:10: this listener is its own upstream; '],
  ["LISTEN = 'tcp://127.0.0.1:4000'\nUPSTREAM = 'telnet://localhost:4000'", 'TYPE: server.conf:2:10: this listener is its own upstream; '],
  ["LISTEN = 'unix:/run/a'\nUPSTREAM = 'unix:/run/../run/a'", 'TYPE: server.conf:2:10: this listener is its own upstream; '],
  [
    "AUDIT_MASKS = [{'name': 'a', 'pattern': 'a(?P<secret>b)', 'direction': 'up'}]",
    "TYPE: server.conf:2:72: 'direction' of a mask wants 'in', 'out' or 'both'",
  ],
  [
    `LISTENERS = [{${LISTENER}}, {'name': 'main', 'listen': 'tcp://h:9', 'upstream': 'tcp://h:2'}]`,
    "TYPE: server.conf:2:70: there are two listeners of the name 'main'; rename one",
  ],
  ["LISTENERS = {'a': 1}", 'TYPE: server.conf:2:13: LISTENERS wants a list of listeners, each a dict (put [ ] around it); this is a dict'],
  ["AUDIT_CALLBACK = {'use': 'store', 'format': 'ecs'}", "TYPE: server.conf:2:45: 'format' wants 'record' where 'use' is 'store'; this is a string"],
  ["AUDIT_CALLBACK = {'use': 'store', 'fields': ['text']}", "TYPE: server.conf:2:45: 'fields' wants None where 'use' is 'store'; this is a list"],
  ["AUDIT_CALLBACK = ['store', {'use': 'store', 'name': 'b'}]", "TYPE: server.conf:2:28: the callbacks 'store' and 'b' write the same file"],
  [
    "AUDIT_CALLBACK = 'server.conf.at.mine'",
    'TYPE: server.conf:2:18: a function of Python cannot be called here; write the path of a module of JavaScript',
  ],
  ["AUDIT_CALLBACK = 'fil'", "KEY: server.conf:2:18: there is no callback 'fil' (a path has a / in it); did you mean 'file'?"],
  ["AUDIT_CALLBACK = {'path': 'x'}", "KEY: server.conf:2:18: a callback wants 'use', the name or path of what to use"],
  ["AUDIT_CALLBACK = {'use': 'file', 'sice': 1}", "KEY: server.conf:2:34: the callback 'file' has no option 'sice'; did you mean 'size'?"],
  ["AUDIT_CALLBACK = {'use': './a.js', 'format': 'xml'}", "TYPE: server.conf:2:46: 'format' wants 'record', 'ecs' or 'otel'"],
  [
    "AUDIT_CALLBACK = {'use': 'http', 'url': 'http://h', 'form': 'otlp', 'format': 'ecs'}",
    "TYPE: server.conf:2:79: 'format' wants 'otel' where 'form' is 'otlp'",
  ],
  ["AUDIT_CALLBACK = {'use': 'file', 'topics': 'session'}", "TYPE: server.conf:2:44: 'topics' wants a list of topics"],
  [
    "AUDIT_CALLBACK = [{'use': 'file', 'name': 'x'}, {'use': 'console', 'name': 'x'}]",
    "TYPE: server.conf:2:76: there are two callbacks of the name 'x'; rename one",
  ],
  ['AUDIT_CALLBACK = []', 'TYPE: server.conf:2:18: AUDIT_CALLBACK wants at least one callback (AUDIT_ACTIVATE = False makes a plain proxy)'],
  ["AUDIT_MASKS = [{'name': 'a', 'then': 'hide-next-input'}]", "KEY: server.conf:2:16: a mask with 'then' wants a 'pattern' too"],
  ["AUDIT_MASKS = [{'pattern': 'a', 'then': 'hide-next-input'}]", "KEY: server.conf:2:16: a mask with 'then' wants a 'name' too"],
  ["AUDIT_MASKS = [{'name': 'a', 'pattern': 'a', 'then': 'hide'}]", "TYPE: server.conf:2:54: 'then' of a mask wants 'hide-next-input'"],
  [
    "AUDIT_MASKS = [{'name': 'a', 'pattern': 'a', 'then': 'hide-next-input', 'direction': 'in'}]",
    "TYPE: server.conf:2:86: 'direction' of a mask wants 'out'",
  ],
  [
    "AUDIT_MASKS = [{'name': 'a', 'pattern': 'a', 'then': 'hide-next-input', 'hides': []}]",
    "KEY: server.conf:2:73: a mask with 'then' has no option 'hides'; a mask has",
  ],
  [`AUDIT_MASKS = [{'name': 'a', ${MASK}, 'prompts': []}]`, "KEY: server.conf:2:59: a mask has no option 'prompts'; a mask with 'then' has"],
  ["AUDIT_MASKS = [{'oob': 'x', 'path': 'y'}]", "KEY: server.conf:2:16: a mask with 'oob' wants a 'name' too"],
  ["AUDIT_MASKS = [{'name': 'a', 'path': 'y'}]", "KEY: server.conf:2:30: a mask has no option 'path'; a mask with 'oob' has"],
  [
    `AUDIT_MASKS = [{'name': 'a', 'oob': 'x', ${MASK}}]`,
    "KEY: server.conf:2:42: a mask with 'oob' has no option 'pattern'; a mask or a mask with 'then' has",
  ],
  [
    "AUDIT_MASKS = [{'name': 'a', 'oob': 'x', 'path': 5}]",
    "TYPE: server.conf:2:50: 'path' of a mask wants a text of one line, not empty, of at most 256 characters; this is a number",
  ],
  [
    `AUDIT_MASKS = [{'name': 'a', ${MASK}, 'where': 'prompt'}]`,
    "TYPE: server.conf:2:68: 'prompt' is for a mask with 'then': 'hide-next-input'; add that, or write 'anywhere'",
  ],
  [`AUDIT_MASKS = [{'name': 'a', ${MASK}, 'hide': []}]`, "KEY: server.conf:2:59: a mask has no option 'hide'; did you mean 'hides'?"],
  [`AUDIT_MASKS = [{${MASK}}]`, "KEY: server.conf:2:16: a mask wants a 'name' too"],
  ["AUDIT_MASKS = [{'name': 'a', 'direction': 'in'}]", "KEY: server.conf:2:16: a mask wants a 'pattern' too"],
  ["AUDIT_MASKS = [{'a': 1}]", "TYPE: server.conf:2:22: the mask 'a' wants a string; this is a number"],
  ["AUDIT_MASKS = {'a': 'b'}", 'TYPE: server.conf:2:15: AUDIT_MASKS wants a list of masks, each a dict (put [ ] around it); this is a dict'],
];

t.test('says of whatever is wrong where it stands, what it is, and how to mend it', async (t) => {
  for (const [text, error] of REFUSED) t.match(refused(t, NO_PACKS + text), `AUDIT_CONFIG_${error}`, text);
});

t.test('says which pack is not there, or holds something else', async (t) => {
  t.match(refused(t, "AUDIT_MASK_PACKS = ['../x']"), "AUDIT_CONFIG_FILE: server.conf:1:21: the pack '../x' cannot be read: there is no such file");
  t.match(refused(t, "AUDIT_MASK_PACKS = ['nope']"), "AUDIT_CONFIG_FILE: server.conf:1:21: there is no pack 'nope'; ");
  const pack = (text: string) => refused(t, "AUDIT_MASK_PACKS = ['p.conf']", { files: { 'p.conf': text } });
  t.equal(pack('A = 1'), "AUDIT_CONFIG_KEY: p.conf:1:1: 'A' has no place in a pack; MASKS = [...] and EVENTS = [...] have");
  t.equal(pack(''), 'AUDIT_CONFIG_KEY: p.conf:1:1: a pack wants MASKS = [...], EVENTS = [...] or both');
  t.equal(pack('EVENTS = [1]'), 'AUDIT_CONFIG_TYPE: p.conf:1:11: EVENTS wants a dict for each event; this is a number');
  t.equal(pack('MASKS = [1]'), 'AUDIT_CONFIG_TYPE: p.conf:1:10: MASKS wants a dict for each mask; this is a number');
  t.equal(pack('MASKS = f()').split(';')[0], 'AUDIT_CONFIG_SYNTAX: p.conf:1:9: a call');
});

t.test('says why a configuration cannot be read', async (t) => {
  const cwd = t.testdir({ folder: {}, latin: Buffer.from([0x41, 0xff]), large: 'x'.repeat((1 << 20) + 1), secret: '' });
  const why = (file: string) => {
    try {
      return String(loadSettings({ file, cwd, env: {} }));
    } catch (error) {
      return String(error);
    }
  };
  t.equal(why('nope.conf'), "AUDIT_CONFIG_FILE: the configuration 'nope.conf' cannot be read: there is no such file");
  t.equal(why('folder'), "AUDIT_CONFIG_FILE: the configuration 'folder' cannot be read: it is a folder");
  t.equal(why('latin'), "AUDIT_CONFIG_FILE: the configuration 'latin' cannot be read: it is not UTF-8; save it as UTF-8");
  t.equal(why('large'), "AUDIT_CONFIG_FILE: the configuration 'large' cannot be read: it is larger than 1048576 bytes");
  chmodSync(join(cwd, 'secret'), 0);
  if (process.getuid?.() !== 0) t.equal(why('secret'), "AUDIT_CONFIG_FILE: the configuration 'secret' cannot be read: permission denied");
});

t.test('--set says what it wants', async (t) => {
  const set = (...texts: string[]) => refused(t, NO_PACKS, { set: texts });
  t.equal(
    set('NODE=mud1'),
    'AUDIT_CONFIG_SYNTAX: --set:1:6: a name without quotes; put quotes around it if it is a text (nothing is looked up here)',
  );
  t.equal(set("NODE='a'; AUDIT_IN=True").split(',')[0], 'AUDIT_USAGE: --set wants one KEY=LITERAL');
  t.equal(set('AUDIT_INN=True'), "AUDIT_CONFIG_KEY: --set:1:1: there is no key 'AUDIT_INN'; did you mean 'AUDIT_IN'?");
  t.equal(set('AUDIT_IN=None'), 'AUDIT_CONFIG_TYPE: --set:1:10: AUDIT_IN wants True or False; this is None');
});

t.test('a unix socket whose path the kernel would cut is refused, relative ones with their folder', async (t) => {
  const load = (path: string) =>
    loadSettings({ file: null, set: [`LISTEN='unix:${path}'`, "UPSTREAM='tcp://a:1'"], cwd: `/${'d'.repeat(59)}`, env: {} });
  const fits = 'x'.repeat(43);
  t.match(load(fits).listeners, [{ listen: { scheme: 'unix', path: `/${'d'.repeat(59)}/${fits}` } }]);
  t.throws(() => load('x'.repeat(48)), { code: 'AUDIT_CONFIG_TYPE', message: /^LISTEN: the path of a unix socket is at most 10\d bytes long/ });
});
