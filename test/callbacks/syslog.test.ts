import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import open, { check } from '../../callbacks/syslog.js';
import { type Callback, type CallbackContext, type CallbackOptions, RefusedRecords } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { line, lines } from '../journal-lines.js';
import { until } from '../wait.js';
import { type Collector, makeCertificates, startCollector } from './syslog/collector.js';

const HEX = '0'.repeat(64);
const ID = '01890a5d-ac96-774b-8000-000000000001';
const SESSION = '01890a5d-ac96-774b-bcce-b302099a8057';

function contextIn(folder: string, signal = new AbortController().signal, said: string[] = []): CallbackContext {
  return { name: 'syslog', node: 'n1', folder, log: { info: (message) => said.push(message), warn: (message) => said.push(message) }, signal };
}

async function openFor(t: Test, options: CallbackOptions, said: string[] = []): Promise<Callback> {
  const callback = await open(options, contextIn(t.testdirName, undefined, said));
  t.teardown(() => callback.close());
  return callback;
}

/** Of a socket: a folder of a test is too deep for one. */
function socketPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'wirescribe-syslog-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'log');
}

const split = (text: string): string[] => text.split('\n').slice(0, -1);
const write = (callback: Callback, texts: readonly string[]): Promise<void> => callback.write(recordsOf(texts.join('')));

/** For the suite: a collector, and the callback that sends to it. */
async function underTest(t: Test, collector: Collector, options: CallbackOptions): Promise<CallbackUnderTest> {
  const abort = new AbortController();
  const inner = await open(options, contextIn(t.testdirName, abort.signal));
  t.teardown(() => inner.close());
  const taken: string[] = [];
  const callback: Callback = {
    write: async (records) => {
      await inner.write(records);
      taken.push(...records.map((record) => record.line));
    },
    close: () => inner.close(),
  };
  return {
    callback,
    // The collector reads in its own time: until it has what the kernel has.
    readBack: async () => {
      await until(() => collector.messages.length >= taken.length && taken.every((one) => collector.lines.includes(one)), 'everything is read');
      return collector.lines;
    },
    abort: () => abort.abort(),
    fail: () => {
      collector.down();
      return () => void collector.up();
    },
  };
}

callbackSuite(t, 'syslog over tcp', async (t) => {
  const collector = await startCollector(t);
  return underTest(t, collector, { url: `tcp://127.0.0.1:${collector.port}` });
});

callbackSuite(t, 'syslog over a unix stream', async (t) => {
  const path = socketPath(t);
  return underTest(t, await startCollector(t, { path }), { url: `unix:${path}` });
});

const certificates = t.testdir();
const { server } = makeCertificates(certificates);
const trusted = { ca: join(certificates, 'ca.pem'), servername: 'collector.example' };

callbackSuite(t, 'syslog over tls', async (t) => {
  const collector = await startCollector(t, 'tcp', server);
  return underTest(t, collector, { url: `tls://127.0.0.1:${collector.port}`, ...trusted });
});

t.test('a unix socket that was not there at the start is taken for a stream, and sends what it then takes', async (t) => {
  const path = socketPath(t);
  const callback = await openFor(t, { url: `unix:${path}` });
  t.equal(callback.trail, 10_000);
  await t.rejects(write(callback, lines(1)), { code: 'ENOENT' });
  const collector = await startCollector(t, { path });
  await write(callback, lines(1));
  await until(() => collector.messages.length === 1, 'a message');
});

t.test('a message is RFC 5424 with the line of the journal behind it', async (t) => {
  const collector = await startCollector(t);
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}`, facility: 'local0' });
  await write(callback, [line(1, 'say "hé"'), line(2, undefined, 'audit.gap'), line(3, undefined, 'audit.start')]);
  const [said, gap, start] = await until(() => collector.messages.length === 3 && collector.messages, 'three messages');
  const place = '2026-01-31T12:00:01.123456Z host wirescribe 7';
  t.equal(
    said,
    `<134>1 ${place} session.input [wirescribe@32473 id="${ID}" session="${SESSION}" seq="1" hash="${HEX}"] ${line(1, 'say "hé"').trimEnd()}`,
  );
  t.ok(gap?.startsWith(`<132>1 ${place} audit.gap [wirescribe@32473 id="01890a5d-ac96-774b-8000-000000000002" seq="2" hash="${HEX}"] {`));
  t.ok(start?.startsWith(`<133>1 ${place} audit.start [`));
});

t.test('what is sent again after a reconnect goes before anything new, and without being asked', async (t) => {
  const collector = await startCollector(t);
  const said: string[] = [];
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}`, replay: 5 }, said);
  t.equal(callback.trail, 5);
  for (const from of [0, 2, 4, 6]) await write(callback, lines(2, from));
  await until(() => collector.messages.length === 8, 'all is read');
  collector.down();
  collector.messages.length = 0;
  collector.up();
  await until(() => collector.messages.length === 8, 'they come again');
  await write(callback, lines(1, 8));
  await until(() => collector.messages.length === 9, 'what is new');
  t.same(collector.lines, split(lines(9).join('')));
  t.same(said, ['syslog: connected again; the last 8 records were sent once more, for syslog does not say what had arrived']);
});

t.test('what a collector took and never read is not lost', async (t) => {
  const collector = await startCollector(t);
  collector.deaf = true;
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}` });
  await write(callback, lines(100));
  t.same(collector.messages, []);
  collector.deaf = false;
  collector.down();
  collector.up();
  await write(callback, lines(1, 100));
  await until(() => collector.messages.length === 101, 'everything');
  t.same(collector.lines, split(lines(101).join('')));
});

t.test('a collector that takes connections and closes them is not believed', async (t) => {
  const collector = await startCollector(t);
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}` });
  await write(callback, lines(2));
  const closing = createClosing(collector);
  await t.rejects(write(callback, lines(2, 2)));
  await t.rejects(write(callback, lines(2, 2)));
  await closing();
  await write(callback, lines(2, 2));
  await until(() => collector.messages.includes(collector.messages.at(-1) ?? '') && collector.lines.length >= 4, 'everything');
  t.same([...new Set(collector.lines)], split(lines(4).join('')));
});

/** The collector's server ends every connection as it comes, until what it gives is called. */
function createClosing(collector: Collector): () => Promise<void> {
  collector.down();
  const server = collector.up();
  server.on('connection', (socket) => socket.destroy());
  return async () => {
    collector.down();
    await once(server, 'close');
    collector.messages.length = 0;
    collector.up();
  };
}

t.test('a collector that is not there rejects the write with its code, and no record is blamed for it', async (t) => {
  const collector = await startCollector(t);
  collector.down();
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}` });
  await t.rejects(write(callback, lines(1)), { code: 'ECONNREFUSED', retriable: true });
});

t.test('a record over max_bytes goes without its body, and is refused for the dead letters; the others are sent', async (t) => {
  const collector = await startCollector(t);
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}`, max_bytes: 2048 });
  const records = recordsOf([line(1, 'short'), line(2, 'x'.repeat(2_000)), line(3, 'short')].join(''));
  const error = await callback.write(records).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof RefusedRecords);
  t.same((error as RefusedRecords).refused, [{ record: records[1], reason: 'too-large' }]);
  await until(() => collector.messages.length === 3, 'three messages');
  t.match(collector.messages[1], /seq="2" hash="0{64}" cut="body"\] \{"v"/);
  t.same(collector.lines, [line(1, 'short').trimEnd(), line(2).trimEnd(), line(3, 'short').trimEnd()], 'erased, as the line grammar knows it');
});

t.test('a line of another schema over max_bytes goes as its header alone', async (t) => {
  const collector = await startCollector(t);
  const callback = await openFor(t, { url: `tcp://127.0.0.1:${collector.port}`, max_bytes: 1024 });
  const record = { ...{ id: ID, topic: 'session.input', time: '2026-01-31T12:00:01.5Z', seq: 1 }, line: `{"message":"${'x'.repeat(1_000)}"}` };
  await t.rejects(callback.write([record]), { name: 'RefusedRecords' });
  const [message] = await until(() => collector.messages.length === 1 && collector.messages, 'a message');
  t.equal(message, `<86>1 2026-01-31T12:00:01.5Z - - - session.input [wirescribe@32473 id="${ID}" seq="1" cut="all"]`);
});

t.test('tls: a collector is refused whose authority or name is not the one asked for', async (t) => {
  const collector = await startCollector(t, 'tcp', server);
  const url = `tls://127.0.0.1:${collector.port}`;
  await t.rejects(write(await openFor(t, { url }), lines(1)), { code: 'SELF_SIGNED_CERT_IN_CHAIN', retriable: true });
  await t.rejects(write(await openFor(t, { url, ca: trusted.ca }), lines(1)), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  t.same(collector.messages, []);
  await write(await openFor(t, { url, verify: false }), lines(1));
  await until(() => collector.messages.length === 1, 'verify: False takes any');
});

t.test('tls: shows its own certificate where the collector wants one', async (t) => {
  const collector = await startCollector(t, 'tcp', { ...server, requestCert: true, rejectUnauthorized: true });
  const url = `tls://127.0.0.1:${collector.port}`;
  const files = { cert: join(certificates, 'client.pem'), key: join(certificates, 'client.key') };
  await write(await openFor(t, { url, ...trusted, ...files }), lines(1));
  await until(() => collector.messages.length === 1, 'a message');
});

t.test('udp: a datagram a message, best effort, and no trail', async (t) => {
  const socket = createSocket('udp4');
  const got: string[] = [];
  socket.on('message', (bytes) => got.push(bytes.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const callback = await openFor(t, { url: `udp://127.0.0.1:${socket.address().port}`, rfc: 3164, facility: 'user' });
  t.equal(callback.trail, undefined);
  await write(callback, lines(3));
  await until(() => got.length === 3, 'three datagrams');
  t.match(got[0], /^<14>Jan 31 \d\d:00:01 host wirescribe\[7\]: \{"v":"1.0",/);
  t.same(
    got.map((one) => one.slice(one.indexOf(': {') + 2)),
    split(lines(3).join('')),
  );
  await t.rejects(write(callback, [line(4, 'x'.repeat(70_000))]), { name: 'RefusedRecords' }, 'what no datagram holds goes without its body');
  await until(() => got.length === 4, 'the rest of it');
  t.ok(got[3]?.endsWith(` ${line(4).trimEnd()}`));
});

t.test('udp: a port without a listener on this machine rejects the write', async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  const callback = await openFor(t, { url: `udp://127.0.0.1:${port}` });
  await t.rejects(write(callback, lines(1)), { code: 'ECONNREFUSED' });
});

t.test('options that cannot be are refused by name', (t) => {
  for (const [options, message] of [
    [{ url: 'http://host' }, "url: write 'udp://HOST:514', 'tcp://HOST:601', 'tls://HOST:6514' or 'unix:/dev/log'"],
    [{ url: 'tcp://user:secret@host' }, "url: write 'udp://HOST:514', 'tcp://HOST:601', 'tls://HOST:6514' or 'unix:/dev/log'"],
    [{ url: 'tcp://host:70000' }, 'url: a port is a number from 1 to 65535'],
    [{ url: `unix:/${'x'.repeat(107)}` }, 'url: behind unix: stands the path of a socket, shorter than 108 bytes'],
    [{ facility: 'local8' }, /^facility: write one of kern, user, /],
    [{ facility: '' }, /^facility: /],
    [{ rfc: 5425 }, 'rfc: write 5424, 3164 or None'],
    [{ max_bytes: 1_000 }, "max_bytes: a number of bytes, or '8k', '256k', '1m'; from 1024 to 64m"],
    [{ replay: -1 }, 'replay: a number of records, 0 to 1000000'],
    [{ url: 'tcp://host', ca: 'ca.pem' }, 'ca: is for tls:// alone; leave it out, or write tls:// in url'],
    [{ url: 'tls://host', ca: 'none.pem' }, 'ca: /etc/none.pem cannot be read; give the path of a file in PEM that this user may read'],
    [{ url: 'tls://host', cert: 'mine.pem' }, 'key: cert and key go together; give both or neither'],
    [{ url: 'tls://host', verify: 'no' }, 'verify: write True or False'],
  ] as const) {
    t.throws(() => check(options, '/etc'), { name: 'OptionError', message });
  }
  t.end();
});

t.test('check remarks what is outside promise 3, and what goes in the clear', async (t) => {
  const path = socketPath(t);
  await startCollector(t, { path });
  for (const [options, remarks] of [
    [{ url: 'tls://[2001:db8::1]', servername: 'logs.example' }, undefined],
    [{ url: 'tcp://127.0.0.1' }, undefined],
    [{ url: 'tcp://localhost:10514' }, undefined],
    [{ url: `unix:${path}` }, undefined],
    [{ url: 'tcp://logs.example' }, ['url: tcp carries the records in the clear to another host; tls:// does not']],
    [
      { url: 'udp://127.0.0.1' },
      ['url: udp is best effort: what the network or the collector loses is lost, and nobody is told. tcp:// and tls:// send again'],
    ],
    [{ url: 'tls://logs.example', verify: false }, ['verify: False, so whoever sits between can read the records and keep them; give ca instead']],
    [{ url: 'tcp://127.0.0.1', replay: 0 }, ['replay: 0, so what the collector had not written when it died, or when the line broke, is lost']],
    [
      { url: `unix:${path}.none` },
      ['url: nobody listens on this socket now, so it is not known whether it is a stream, or a datagram socket (best effort)'],
    ],
  ] as const) {
    t.same(check(options, '/'), remarks);
  }
});
