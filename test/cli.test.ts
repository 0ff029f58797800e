/** The command line as people use it: the real program as a child process. */
import { spawn } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';

const CLI = join(import.meta.dirname, '../src/cli.js');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Place {
  readonly cwd: string;
  readonly input?: string;
  readonly env?: Record<string, string>;
}

function start(args: readonly string[], { cwd, env = {} }: Place) {
  return spawn(process.execPath, [CLI, ...args], { cwd, env: { PATH: process.env.PATH ?? '', ...env } });
}

async function wirescribe(args: readonly string[], place: Place): Promise<Outcome> {
  const child = start(args, place);
  child.stdin.end(place.input ?? '');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

/** A folder with a server.conf. */
const withConf = (t: Test, conf: string, more: Record<string, string> = {}) => t.testdir({ 'server.conf': conf, ...more });

/** Health is answered by the program that is asked for it: many run at a time. */
const NO_PACKS = 'AUDIT_MASK_PACKS = []; ADMIN_LISTEN = None\n';
const EVENNIA = String.raw`# pasted from server/conf/settings.py
SERVER_SESSION_CLASS = 'evennia.contrib.utils.auditing.server.AuditedServerSession'
AUDIT_CALLBACK = 'evennia.contrib.utils.auditing.outputs.to_file'
AUDIT_IN = True; AUDIT_OUT = True; AUDIT_ALLOW_SPARSE = False
AUDIT_MASKS = [{'mypass': r'^setpass\s+(?P<secret>.+)'}]
`;

t.test("Evennia's block, pasted, is checked and masks", async (t) => {
  const cwd = withConf(t, EVENNIA);
  const check = await wirescribe(['check'], { cwd });
  t.strictSame([check.code, check.err], [0, '']);
  t.match(check.out, /^# no listener: .*\n# no CHECKPOINT_KEY: .*\ngood: 0 listeners, \d+ masks, 1 callback\n$/);
  const input = 'setpass hunter2\nconnect bob hunter2\nlook\n';
  t.strictSame(await wirescribe(['mask'], { cwd, input }), { code: 0, out: 'setpass ********\nconnect bob ********\nlook\n', err: '' });
});

t.test('check --print shows what is in force and where it comes from, secrets starred', async (t) => {
  const cwd = withConf(t, `${NO_PACKS}LISTEN = 'telnet://127.0.0.1:4000'\nUPSTREAM = {'env': 'GAME'}\nNODE = 'mud1'\n`);
  const { code, out, err } = await wirescribe(['check', '--print', '--set', 'AUDIT_IN=True'], { cwd, env: { GAME: 'tcp://h:4001' } });
  t.strictSame([code, err], [0, '']);
  t.match(out, 'AUDIT_MASK_PACKS = []  # server.conf:1\n');
  t.match(out, "LISTEN = 'telnet://127.0.0.1:4000'  # server.conf:2\nUPSTREAM = '********'  # server.conf:3\n");
  t.match(out, 'AUDIT_IN = True  # --set\nAUDIT_OUT = False  # default\n');
  t.match(out, /good: 1 listener, 0 masks, 2 callbacks\n$/);
  t.notMatch(out, 'tcp://h');
});

t.test('check remarks on what is allowed and perhaps not meant', async (t) => {
  const conf = `${NO_PACKS}LISTEN = 'telnet://127.0.0.1:4000'\nUPSTREAM = 'tcp://h:4001'\nAUDIT_CALLBACK = {'use': 'console', 'topics': ['session']}\n`;
  t.equal(
    (await wirescribe(['check'], { cwd: withConf(t, conf) })).out,
    `# AUDIT_IN and AUDIT_OUT are False: only the start and end of sessions will be recorded
# console is given some topics alone: what it keeps is no whole evidence to \`verify\`
# no CHECKPOINT_KEY: nothing is signed; \`wirescribe keygen\` makes a key
good: 1 listener, 0 masks, 1 callback
`,
  );
});

t.test('check --json is one object', async (t) => {
  const cwd = withConf(t, `${NO_PACKS}NODE = 'mud1'\n`);
  const { out } = await wirescribe(['check', '--json'], { cwd });
  const { digest, settings, remarks, ...rest } = JSON.parse(out);
  t.strictSame(rest, { ok: true, file: join(cwd, 'server.conf'), listeners: [], callbacks: ['file', 'store'], masks: 0 });
  t.match(digest, /^[0-9a-f]{64}$/);
  t.same(remarks.at(-1), 'no CHECKPOINT_KEY: nothing is signed; `wirescribe keygen` makes a key');
  t.strictSame(
    settings.find(({ key }: { key: string }) => key === 'NODE'),
    { key: 'NODE', value: "'mud1'", from: 'server.conf:2' },
  );
});

const REFUSED: readonly (readonly [conf: string, err: string])[] = [
  ['AUDIT_INN = True', "AUDIT_CONFIG_KEY: server.conf:2:1: there is no key 'AUDIT_INN'; did you mean 'AUDIT_IN'?\n"],
  [
    "A = 'hunter2",
    "AUDIT_CONFIG_SYNTAX: server.conf:2:5: a string that is not closed; put ' at its end, or three of them around a text of several lines\n",
  ],
  [
    "AUDIT_CALLBACK = './nope.mjs'",
    "AUDIT_CALLBACK_LOAD: server.conf:2:18: the callback 'nope' does not load: it, or a module that it imports, is not there\n",
  ],
  [
    "AUDIT_CALLBACK = './bad.mjs'",
    "AUDIT_CALLBACK_LOAD: server.conf:2:18: the callback 'bad' does not load: Error; `node --check` on it may say more\n",
  ],
];

t.test('check says what is wrong, with its place and without a stack, exit 2', async (t) => {
  for (const [conf, err] of REFUSED) {
    const cwd = withConf(t, NO_PACKS + conf, { 'bad.mjs': "throw new Error('hunter2');" });
    t.strictSame(await wirescribe(['check'], { cwd }), { code: 2, out: '', err });
  }
});

t.test('check compiles the masks and has them prove themselves', async (t) => {
  const check = async (mask: string) => {
    const { code, err } = await wirescribe(['check'], { cwd: withConf(t, `${NO_PACKS}AUDIT_MASKS = [${mask}]`) });
    return `${code} ${err.split(': ').slice(0, 2).join(': ')}`;
  };
  t.equal(await check("{'m': r'^pw (?P<secret>.+'}"), '2 AUDIT_MASK_PATTERN: server.conf:2:28');
  t.equal(await check("{'m': r'^pw (.+)'}"), '2 AUDIT_MASK_SECRET: server.conf:2:24');
  t.equal(await check("{'name': 'm', 'pattern': r'^pw (?P<secret>.+)', 'hides': ['say pw x']}"), '2 AUDIT_MASK_PROOF: server.conf:2:16');
});

t.test('a configuration that is not there is said', async (t) => {
  const cwd = t.testdir();
  const err = "AUDIT_CONFIG_FILE: the configuration 'nope.conf' cannot be read: there is no such file\n";
  t.strictSame(await wirescribe(['check', '--config', 'nope.conf'], { cwd }), { code: 2, out: '', err });
});

t.test('mask scrubs a line of any length as one', async (t) => {
  const input = `connect bob ${'x'.repeat(140_000)}hunter2\nlook`;
  const masked = await wirescribe(['mask'], { cwd: t.testdir(), input });
  t.strictSame(masked, { code: 0, out: `connect bob ${'*'.repeat(140_007)}\nlook\n`, err: '' });
});

t.test('mask scrubs what clients send, what the server says, or both, as text or JSON', async (t) => {
  const conf = String.raw`${NO_PACKS}AUDIT_MASKS = [
  {'name': 'pw', 'direction': 'in', 'pattern': r'pw (?P<secret>\S+)'},
  {'name': 'key', 'direction': 'out', 'pattern': r'key (?P<secret>\S+)', 'where': 'anywhere'},
]`;
  const cwd = withConf(t, conf);
  const input = 'pw hunter2\r\nyour key abc\n\n\x1b[1mpw\x1b[0m no end';
  const masked = (...args: string[]) => wirescribe(['mask', ...args], { cwd, input });
  t.strictSame(await masked(), { code: 0, out: 'pw ********\nyour key ********\n\npw ******** end\n', err: '' });
  t.strictSame((await masked('--direction', 'in')).out, 'pw ********\nyour key abc\n\npw ******** end\n');
  t.strictSame((await masked('--direction=out')).out, 'pw hunter2\nyour key ********\n\npw no end\n');
  t.strictSame(
    (await masked('--json')).out,
    `{"text":"pw ********","masked":[{"mask":"pw","start":3,"end":11}]}
{"text":"your key ********","masked":[{"mask":"key","start":9,"end":17}]}
{"text":"","masked":[]}
{"text":"pw ******** end","masked":[{"mask":"pw","start":3,"end":11}]}
`,
  );
  t.strictSame(await masked('--direction', 'up'), { code: 2, out: '', err: "AUDIT_USAGE: --direction wants 'in' or 'out'\n" });
});

t.test('mask writes in the style of the configuration, and hides what was said before', async (t) => {
  const input = 'connect bob hunter2\nconnect bob other22\nYou typed: conect bob hunter2, not OTHER22\n';
  const inStyle = (style: string) => wirescribe(['mask'], { cwd: withConf(t, `AUDIT_MASK_STYLE = '${style}'\n`), input });
  const fixed = await inStyle('fixed');
  t.equal(fixed.out, 'connect bob ********\nconnect bob ********\nYou typed: conect bob ********, not ********\n');
  const tag = await inStyle('tag');
  const [first, second] = [...tag.out.matchAll(/<masked:connect:[0-9a-f]{8}>/g)].map(([one]) => one);
  t.not(first, second);
  t.match(tag.out, `connect bob ${first}\nconnect bob ${second}\nYou typed: conect bob ${first}, not <masked:connect:`);
  t.match(await inStyle('no'), { code: 2, err: /AUDIT_MASK_STYLE/ });
});

t.test('mask writes each line as soon as it is read', async (t) => {
  const child = start(['mask'], { cwd: withConf(t, NO_PACKS) });
  const ended = once(child, 'exit');
  child.stdin.write('look\n');
  const [bytes] = await once(child.stdout, 'data');
  t.equal(String(bytes), 'look\n');
  child.stdin.end();
  t.strictSame(await ended, [0, null]);
});

t.test('run without a listener says what to do, exit 2', async (t) => {
  const { code, out, err } = await wirescribe(['run'], { cwd: withConf(t, NO_PACKS) });
  t.strictSame([code, out], [2, '']);
  t.match(err, /^AUDIT_USAGE: there is nothing to listen on; set LISTEN and UPSTREAM .*\n$/);
});

/** A server that says back what it is told. */
async function echo(t: Test): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

t.test('run prints where it listens, passes what is said, records it masked, and SIGTERM ends it', async (t) => {
  const port = await echo(t);
  const conf = `${NO_PACKS}LISTENERS = [{'name': 'game', 'listen': 'telnet://127.0.0.1:0', 'upstream': 'telnet://127.0.0.1:${port}'}]
AUDIT_IN = True; AUDIT_OUT = True
AUDIT_MASKS = [{'m': r'^pw (?P<secret>.+)'}]
`;
  const cwd = withConf(t, conf);
  const child = start(['run'], { cwd });
  const [[ready], ended, err] = [await once(child.stdout, 'data'), once(child, 'exit'), text(child.stderr)];
  const [, listen] = /^game {2}telnet:\/\/127\.0\.0\.1:(\d+) -> telnet:\/\/127\.0\.0\.1:\d+\n$/.exec(String(ready)) ?? [];
  const client = connect(Number(listen), '127.0.0.1');
  client.write('pw hunter2\r\n');
  const [said] = await once(client, 'data');
  t.equal(String(said), 'pw hunter2\r\n');
  client.end();
  await once(client, 'close');
  child.kill('SIGTERM');
  t.strictSame([await ended, await err], [[0, null], '']);
  const [name = ''] = readdirSync(join(cwd, 'audit')).filter((one) => one.endsWith('.log'));
  const evidence = readFileSync(join(cwd, 'audit', name), 'utf8');
  t.match(evidence, '"text":"pw ********"');
  t.notMatch(evidence, 'hunter2');
  const verified = await wirescribe(['verify', join('audit', name)], { cwd });
  t.strictSame([verified.code, verified.err], [0, '']);
});

t.test('run says of a port that is taken so, exit 3', async (t) => {
  const port = await echo(t);
  const cwd = withConf(t, `${NO_PACKS}LISTEN = 'telnet://127.0.0.1:${port}'\nUPSTREAM = 'telnet://127.0.0.1:1'\n`);
  const { code, out, err } = await wirescribe(['run'], { cwd });
  t.strictSame([code, out], [3, '']);
  t.match(err, /^AUDIT_LISTEN: .*\n$/);
});

t.test('run says of a callback whose folder cannot be written so, exit 3', async (t) => {
  const callback = "{'use': 'file', 'path': '/dev/null/audit.log'}";
  const cwd = withConf(t, `${NO_PACKS}LISTEN = 'telnet://127.0.0.1:0'\nUPSTREAM = 'telnet://127.0.0.1:1'\nAUDIT_CALLBACK = ${callback}\n`);
  const { code, out, err } = await wirescribe(['run'], { cwd });
  t.strictSame([code, out], [3, '']);
  t.match(err, /^AUDIT_CALLBACK_FAILED: callback file \(file\): cannot write its files \(E\w+\); .*\n$/);
});

t.test('verify wants files or a spool, and says of others that they are no evidence', async (t) => {
  const cwd = t.testdir({ 'a.log': 'hunter2\n' });
  t.strictSame(await wirescribe(['verify'], { cwd }), { code: 2, out: '', err: "AUDIT_USAGE: 'verify' wants either FILE... or --spool DIR\n" });
  const { code, out, err } = await wirescribe(['verify', 'a.log'], { cwd });
  t.strictSame([code, out], [2, '']);
  t.match(err, /^AUDIT_VERIFY_INPUT: not evidence: .*\n$/);
});

t.test('keygen makes a key that run signs with, says what to do with it, and overwrites none', async (t) => {
  const cwd = withConf(t, `${NO_PACKS}CHECKPOINT_KEY = 'our.key'\nLISTEN = 'telnet://127.0.0.1:0'\nUPSTREAM = 'telnet://127.0.0.1:1'\n`);
  const { code, out, err } = await wirescribe(['keygen', '--out', 'our.key'], { cwd });
  t.strictSame([code, err], [0, '']);
  const path = join(cwd, 'our.key');
  const publicKey = createPublicKey(readFileSync(`${path}.pub`));
  const fingerprint = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  t.ok(out.startsWith(`private key: ${path}\npublic key:  ${path}.pub\nfingerprint: ${fingerprint}\n`), out);
  t.match(out, `\nCHECKPOINT_KEY = '${path}'\n`);
  t.strictSame(await wirescribe(['keygen', '--out', 'our.key'], { cwd }), {
    ...{ code: 2, out: '' },
    err: `AUDIT_USAGE: ${path}.pub is there already, and a key is never overwritten; name another file with --out\n`,
  });
  t.equal((await wirescribe(['check'], { cwd })).code, 0);
  const child = start(['run'], { cwd });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  t.strictSame(await ended, [0, null]);
  const [name = ''] = readdirSync(join(cwd, 'audit')).filter((one) => one.endsWith('.log'));
  const line =
    readFileSync(join(cwd, 'audit', name), 'utf8')
      .trimEnd()
      .split('\n')
      .at(-1) ?? '';
  const { topic, data } = JSON.parse(line);
  t.strictSame([topic, data.reason, data.key], ['audit.checkpoint', 'stop', fingerprint]);
  const signed = line.slice(0, line.indexOf(',"digest"')) + line.slice(line.indexOf('{"reason"'), line.indexOf(',"signature"'));
  t.ok(verify(null, Buffer.from(signed), publicKey, Buffer.from(data.signature, 'base64')));
});

t.test('a CHECKPOINT_KEY that cannot be used is an error of the configuration, with its place, for check and run', async (t) => {
  const conf = `${NO_PACKS}CHECKPOINT_KEY = 'our.key'\nLISTEN = 'telnet://127.0.0.1:0'\nUPSTREAM = 'telnet://127.0.0.1:1'\n`;
  const cwd = withConf(t, conf, { 'our.key': 'hunter2' });
  chmodSync(join(cwd, 'our.key'), 0o600);
  const why = 'is no Ed25519 private key in PEM without a passphrase; `wirescribe keygen` makes one';
  const err = `AUDIT_CONFIG_FILE: server.conf:2:18: CHECKPOINT_KEY: ${join(cwd, 'our.key')} ${why}\n`;
  for (const command of ['check', 'run']) t.strictSame(await wirescribe([command], { cwd }), { code: 2, out: '', err });
});

t.test('help and version', async (t) => {
  const cwd = t.testdir();
  const help = await wirescribe(['--help'], { cwd });
  t.match(help.out, /^wirescribe COMMAND \[--config FILE\] \[--set KEY=LITERAL\]\.\.\.\n/);
  t.strictSame([help.code, help.err], [0, '']);
  t.match((await wirescribe(['mask', '--help'], { cwd })).out, /^wirescribe mask \[--direction in\|out\] \[--json\] /);
  t.match((await wirescribe(['--version'], { cwd })).out, /^wirescribe \d+\.\d+\.\d+\n$/);
  t.strictSame(await wirescribe([], { cwd }), { code: 2, out: '', err: 'AUDIT_USAGE: a command is missing; see `wirescribe --help`\n' });
});

t.test('a reader that goes away (| head) is no error', async (t) => {
  const child = start(['mask'], { cwd: withConf(t, NO_PACKS) });
  const ended = once(child, 'exit');
  child.stdout.destroy();
  child.stdin.on('error', () => undefined);
  child.stdin.write('look\n'.repeat(100));
  const [[code], err] = await Promise.all([ended, text(child.stderr)]);
  t.strictSame([code, err], [0, '']);
});
