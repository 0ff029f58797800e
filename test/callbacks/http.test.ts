import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { check } from '../../callbacks/http.js';
import type { CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { line, lines } from '../journal-lines.js';
import { until } from '../wait.js';
import { makeCertificates, openAt, refusedBy, startServer, type TestServer } from './http/server.js';

const batch = (count: number, from = 0) => recordsOf(lines(count, from).join(''));
const at = (server: TestServer, path = '/audit') => `http://127.0.0.1:${server.port}${path}`;

/** The lines of a JSON array: an element is the line as it is. */
const elements = (body: string) => body.slice(1, -1).replaceAll('},{"v":', '}\n{"v":').split('\n');

const suiteOver =
  (form: 'ndjson' | 'json', gzip: boolean) =>
  async (t: Test): Promise<CallbackUnderTest> => {
    const server = await startServer(t);
    const { callback, abort } = await openAt(t, at(server), { form, gzip });
    return {
      callback,
      abort,
      readBack: async () => server.taken().flatMap((body) => (form === 'json' ? elements(body) : body.split('\n').slice(0, -1))),
      fail: () => {
        server.answer = () => ({ status: 503 });
        return () => {
          server.answer = () => ({ status: 202 });
        };
      },
    };
  };

callbackSuite(t, 'http, ndjson', suiteOver('ndjson', false));
callbackSuite(t, 'http, json in gzip', suiteOver('json', true));

t.test('a JSON array is JSON', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server), { form: 'json' });
  await callback.write(batch(3));
  t.same(
    JSON.parse(server.got[0]?.body ?? ''),
    batch(3).map((record) => JSON.parse(record.line)),
  );
  t.equal(server.got[0]?.headers['content-type'], 'application/json');
});

for (const status of [301, 307, 401, 403, 404, 405, 408, 415, 429, 500, 502, 503, 504]) {
  t.test(`status ${status} leaves the batch to another try, and is all that is said of it`, async (t) => {
    const server = await startServer(t);
    server.answer = () => ({ status, headers: { location: '/elsewhere' }, body: 'say 0' });
    const { callback, warned } = await openAt(t, at(server));
    await t.rejects(callback.write(batch(2)), { name: 'HttpError', code: `HTTP_${status}`, message: `HTTP_${status}`, retriable: true });
    t.equal(server.got.length, 1, 'no redirect is followed, nothing is sent at once again');
    server.answer = () => ({ status: 204 });
    await callback.write(batch(2));
    t.same(server.taken(), [lines(2).join('')]);
    t.same(warned, []);
  });
}

for (const status of [400, 422]) {
  t.test(`a record that is refused with ${status} is found and given up; the others are taken once, in order`, async (t) => {
    const server = await startServer(t);
    server.answer = (body) => ({ status: body.includes('"say 5"') ? status : 200 });
    const { callback } = await openAt(t, at(server));
    t.same(await refusedBy(callback.write(batch(9))), [['say 5', 'refused']]);
    t.equal(server.taken().join(''), [...lines(5), ...lines(3, 6)].join(''));
  });
}

t.test('a server that refuses everything is not believed: the records wait until it is mended', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 400 });
  const { callback } = await openAt(t, at(server));
  await t.rejects(callback.write(batch(20)), { code: 'HTTP_REFUSES_ALL' });
  const before = server.got.length;
  await t.rejects(callback.write(batch(20)), { code: 'HTTP_REFUSES_ALL' });
  t.equal(server.got.length, before + 10, 'single records find out');
  server.answer = () => ({ status: 200 });
  await callback.write(batch(20));
  t.equal(server.taken().join(''), lines(20).join(''), 'in order');
});

t.test('behind a server that refused everything the records that are refused by right go alone, and the others stay in order', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 400 });
  const { callback } = await openAt(t, at(server));
  await t.rejects(callback.write(batch(60)), { code: 'HTTP_REFUSES_ALL' });
  // More of them at its head than are tried at a time.
  server.answer = (body) => ({ status: /"say ([0-9]|[12][0-9])"/.test(body) ? 400 : 200 });
  for (let call = 0; call < 3; call++) await t.rejects(callback.write(batch(60)), { code: 'HTTP_REFUSES_ALL' });
  t.same(
    (await refusedBy(callback.write(batch(60)))).map(([said]) => said),
    Array.from({ length: 30 }, (_, index) => `say ${index}`),
  );
  t.equal(server.taken().join(''), lines(30, 30).join(''));
});

t.test('few refusals in a row are believed, more are not', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 400 });
  const { callback } = await openAt(t, at(server));
  for (let number = 0; number < 10; number++) {
    t.same(await refusedBy(callback.write(batch(1, number))), [[`say ${number}`, 'refused']]);
  }
  await t.rejects(callback.write(batch(1, 10)), { code: 'HTTP_REFUSES_ALL' });
});

t.test('a body that is too large (413) is halved, and the next batch begins with what fits', async (t) => {
  const server = await startServer(t);
  server.answer = (body) => ({ status: body.length > 150_000 ? 413 : 200 });
  const { callback } = await openAt(t, at(server));
  const texts = (from: number) => Array.from({ length: 200 }, (_, index) => line(from + index, 'x'.repeat(2_000)));
  await callback.write(recordsOf(texts(0).join('')));
  t.ok(server.statuses().includes(413));
  const refusals = server.statuses().filter((status) => status === 413).length;
  await callback.write(recordsOf(texts(200).join('')));
  t.equal(server.statuses().filter((status) => status === 413).length, refusals);
  t.equal(server.taken().join(''), [...texts(0), ...texts(200)].join(''));
});

t.test('a single record that is too large is given up as such, the others are taken', async (t) => {
  const server = await startServer(t);
  server.answer = (body) => ({ status: body.length > 5_000 ? 413 : 200 });
  const { callback } = await openAt(t, at(server));
  const large = line(3, 'y'.repeat(6_000));
  t.same(await refusedBy(callback.write(recordsOf([...lines(3), large, ...lines(2, 4)].join('')))), [['y'.repeat(6_000), 'too-large']]);
  t.equal(server.taken().join(''), [...lines(3), ...lines(2, 4)].join(''));
});

t.test('what a batch has brought there is not sent again when the rest of it is', async (t) => {
  const server = await startServer(t);
  let trouble = true;
  server.answer = (body) => {
    if (body.includes('"say 7"') && trouble) return { status: body.includes('"say 0"') ? 413 : 503 };
    return { status: 200 };
  };
  const { callback } = await openAt(t, at(server));
  const records = batch(8);
  await t.rejects(callback.write(records), { code: 'HTTP_503' });
  t.same(server.taken(), [lines(4).join('')]);
  trouble = false;
  await callback.write(records);
  t.same(server.taken(), [lines(4).join(''), lines(4, 4).join('')]);
});

t.test('a server that closes over a large body before it answers is asked first, and then heard', async (t) => {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.once('data', (bytes) => {
      const head = bytes.toString('latin1').split('\r\n\r\n')[0] ?? '';
      const careful = /^expect: 100-continue$/im.test(head);
      asked.push(careful ? 'first' : 'with the body');
      if (careful) socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
      else socket.resetAndDestroy();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { callback } = await openAt(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const text = 'z'.repeat(300_000);
  t.same(await refusedBy(callback.write(recordsOf(line(1, text)))), [[text, 'too-large']]);
  t.same(asked, ['with the body', 'first']);
});

t.test('Retry-After in seconds is waited for, whoever asks sooner', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 429, headers: { 'retry-after': '1' } });
  const { callback } = await openAt(t, at(server));
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_429' });
  server.answer = () => ({ status: 200 });
  await callback.write(batch(1));
  const [first, second] = server.got;
  t.ok((second?.at ?? 0) - (first?.at ?? 0) >= 950, 'a second lies between');
});

t.test('Retry-After as a date is waited for', async (t) => {
  const server = await startServer(t);
  // A date has whole seconds: this one is 1 to 2 s ahead.
  server.answer = () => ({ status: 503, headers: { 'retry-after': new Date(Date.now() + 2_000).toUTCString() } });
  const { callback } = await openAt(t, at(server));
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_503' });
  server.answer = () => ({ status: 200 });
  await callback.write(batch(1));
  const [first, second] = server.got;
  t.ok((second?.at ?? 0) - (first?.at ?? 0) >= 950);
});

t.test('Retry-After that is neither is no reason to wait, and a long wait ends when told to stop', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 429, headers: { 'retry-after': 'soon' } });
  const { callback, abort } = await openAt(t, at(server));
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_429' });
  server.answer = () => ({ status: 429, headers: { 'retry-after': '86400' } });
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_429' });
  const waiting = callback.write(batch(1));
  abort();
  await t.rejects(waiting, { code: 'HTTP_ABORTED' });
  t.equal(server.got.length, 2);
});

t.test('gzip, a token and headers go with each request', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server), { gzip: true, token: 't0ken-of-mine', headers: { 'X-Scope-OrgID': 'games' } });
  await callback.write(batch(100));
  const [got] = server.got;
  t.match(got?.headers, {
    authorization: 'Bearer t0ken-of-mine',
    'x-scope-orgid': 'games',
    'content-encoding': 'gzip',
    'content-type': 'application/x-ndjson',
  });
  t.ok(Number(got?.headers['content-length']) < lines(100).join('').length / 3);
  t.equal(got?.body, lines(100).join(''));
});

t.test('user and password of the URL become a header, and stand in no error', async (t) => {
  const server = await startServer(t);
  server.answer = () => ({ status: 403 });
  const { callback, warned } = await openAt(t, `http://bob:p%40ss%20word@127.0.0.1:${server.port}/audit?x=1`);
  const error = await callback.write(batch(1)).catch((error: Error) => error);
  t.equal(server.got[0]?.headers.authorization, `Basic ${Buffer.from('bob:p@ss word').toString('base64')}`);
  t.equal(server.got[0]?.path, '/audit?x=1');
  t.notMatch(`${error} ${(error as Error).stack} ${warned}`, /p%40ss|p@ss/);
});

t.test('a server of an authority of its own is trusted by ca alone, and shown our certificate', async (t) => {
  const folder = t.testdir();
  makeCertificates(folder);
  const file = (name: string) => join(folder, name);
  const tls = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')), ca: readFileSync(file('ca.pem')), requestCert: true };
  const server = await startServer(t, (listener) => createHttps({ ...tls, rejectUnauthorized: true }, listener));
  const url = `https://127.0.0.1:${server.port}/`;
  const unknown = await openAt(t, url, { cert: file('server.pem'), key: file('server.key') });
  await t.rejects(unknown.callback.write(batch(1)), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  t.same(server.got, []);
  const known = await openAt(t, url, { ca: 'ca.pem', cert: 'server.pem', key: 'server.key' });
  await known.callback.write(batch(2));
  t.same(server.taken(), [lines(2).join('')]);
});

t.test('a server that does not answer in time is left, and may be asked anew', async (t) => {
  const server = await startServer(t);
  server.answer = () => 'nothing';
  const { callback } = await openAt(t, at(server), { timeout_s: 0.2 });
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_TIMEOUT' });
  server.answer = () => ({ status: 200 });
  const patient = await openAt(t, at(server));
  await patient.callback.write(batch(1));
  t.same(server.taken(), [lines(1).join('')]);
});

t.test('a request under way ends when told to stop, and another is not begun', async (t) => {
  const server = await startServer(t);
  server.answer = () => 'nothing';
  const { callback, abort } = await openAt(t, at(server));
  const writing = callback.write(batch(1));
  writing.catch(() => {});
  await until(() => server.got.length === 1, 'the request');
  abort();
  await t.rejects(writing, { code: 'HTTP_ABORTED' });
  await t.rejects(callback.write(batch(1)), { code: 'HTTP_ABORTED' });
  t.equal(server.got.length, 1);
});

t.test('no server at all is said by the code of the system', async (t) => {
  const server = await startServer(t);
  const url = at(server);
  server.close();
  const { callback } = await openAt(t, url);
  await t.rejects(callback.write(batch(1)), { code: 'ECONNREFUSED', message: 'ECONNREFUSED', retriable: true });
});

t.test('batches go over one connection, and over a new one where the server closed it meanwhile', async (t) => {
  const server = await startServer(t);
  const { callback } = await openAt(t, at(server));
  for (let number = 0; number < 5; number++) await callback.write(batch(1, number));
  t.equal(server.connections.length, 1);
  server.connections[0]?.resetAndDestroy();
  await callback.write(batch(1, 5));
  t.equal(server.connections.length, 2);
  t.equal(server.taken().join(''), lines(6).join(''));
});

t.test('an endless answer is not kept, nor waited for', async (t) => {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', more);
      more();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { callback } = await openAt(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await callback.write(batch(1));
  await callback.write(batch(1, 1));
});

const refusals: readonly [what: string, options: CallbackOptions, message: RegExp][] = [
  ['no url', {}, /^url: where the records go/],
  ['another scheme', { url: 'ftp://h/' }, /^url: where the records go/],
  ['a fragment', { url: 'http://h/#x' }, /^url: leave out/],
  ['an unknown form', { form: 'xml' }, /^form: one of 'ndjson', 'json', 'elasticsearch', 'otlp'$/],
  ['an index without a form that has one', { index: 'a' }, /^index: only form/],
  ['an index in upper case', { form: 'elasticsearch', index: 'Audit-%Y' }, /^index: lower case/],
  ['an index of an unknown code', { form: 'elasticsearch', index: 'audit-%B' }, /^index: the code %B/],
  ['a token with a line end', { token: 's3cret\r\nx: y' }, /^token: a string/],
  ['two ways to say who we are', { url: 'http://bob:s3cret@h/', token: 's3cret' }, /^token: give one of/],
  ['a header that is ours', { headers: { 'Content-Length': '1' } }, /^headers: content-length is set by the callback/],
  ['a header that is none', { headers: { 'a b': 's3cret' } }, /^headers: a name or value/],
  ['a header that is no string', { headers: { a: 1 } }, /^headers: a name or value/],
  ['a longer time than delivery waits', { timeout_s: 30 }, /^timeout_s: seconds, above 0, at most 25$/],
  ['an authority without TLS', { ca: 'ca.pem' }, /^ca: only https/],
  ['an authority that is not there', { url: 'https://h/', ca: 'nowhere.pem' }, /^ca: .*nowhere\.pem cannot be read \(ENOENT\)$/],
  ['a password with a bad code', { url: 'http://bob:s3cret%zz@h/' }, /^url: user or password/],
];

for (const [what, options, message] of refusals) {
  t.test(`${what} is refused, by check as by the start, and no secret is shown`, async (t) => {
    const all = { url: 'http://127.0.0.1/', ...options, ...(what === 'no url' && { url: undefined }) };
    t.throws(() => check(all, t.testdirName), { name: 'OptionError', message });
    const error = await openAt(t, all.url as string, all).catch((error: Error) => error);
    t.match(error, { name: 'OptionError', message });
    t.notMatch((error as Error).message, 's3cret');
  });
}

t.test('check remarks on what goes in the clear, and on a server that is not verified', async (t) => {
  t.same(check({ url: 'http://127.0.0.1:3100/' }, '.'), []);
  t.same(check({ url: 'https://loki.example/' }, '.'), []);
  t.same(check({ url: 'http://loki.example/', token: 's3cret' }, '.'), ['url: records and credentials go to loki.example in the clear; write https']);
  t.same(check({ url: 'https://loki.example/', verify: false }, '.'), ['verify: anyone can say to be the server; give its authority as ca instead']);
});
