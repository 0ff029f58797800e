import t from 'tap';
import { networksOf } from '../../../src/bridge/networks.js';
import { factsOfRequest } from '../../../src/bridge/websocket/request-facts.js';

const trusted = networksOf(['10.0.0.0/8']);
const url = '/play?name=bob';

t.test('keeps the headers of the list, never a cookie, an authorization or an offered subprotocol', async (t) => {
  const headers = {
    host: 'play.example.org',
    origin: 'https://play.example.org',
    'user-agent': 'Browser/1',
    cookie: 'sessionid=s3cret',
    authorization: 'Basic s3cret',
    'sec-websocket-protocol': 'bearer.s3cret',
    'sec-websocket-key': 's3cret',
  };
  t.same(factsOfRequest({ url, headers }, { ip: '192.0.2.7', port: 4711 }, trusted), {
    ip: '192.0.2.7',
    port: 4711,
    url,
    headers: { host: 'play.example.org', origin: 'https://play.example.org', 'user-agent': 'Browser/1' },
  });
});

t.test('bounds what it keeps', async (t) => {
  const facts = factsOfRequest({ url: `/${'u'.repeat(5_000)}`, headers: { 'user-agent': 'a'.repeat(5_000) } }, {}, trusted);
  t.equal(facts.url?.length, 2_048);
  t.equal(facts.headers?.['user-agent']?.length, 512);
});

t.test('believes a client in nothing that only proxies know', async (t) => {
  const headers = { 'x-forwarded-for': '6.6.6.6', 'x-request-id': 'forged' };
  t.match(factsOfRequest({ url, headers }, { ip: '192.0.2.7', port: 1 }, trusted), { ip: '192.0.2.7', port: 1, interlink: undefined });
  t.match(
    factsOfRequest({ url, headers }, {}, () => true),
    { ip: undefined, interlink: undefined },
    'nor one whose address is not known',
  );
});

t.test("believes a trusted proxy: the client's address without the proxy's port, and the id of the request", async (t) => {
  const headers = { 'x-forwarded-for': '192.0.2.7', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const facts = factsOfRequest({ url, headers }, { ip: '10.1.1.1', port: 4711 }, trusted);
  t.same(facts, { ip: '192.0.2.7', url, headers: { traceparent: headers.traceparent }, interlink: headers.traceparent });
  const both = { ...headers, 'x-request-id': 'a1b2' };
  t.equal(factsOfRequest({ url, headers: both }, { ip: '10.1.1.1' }, trusted).interlink, 'a1b2');
  t.equal(factsOfRequest({ url, headers: both }, { ip: '10.1.1.1', interlink: 'of PROXY' }, trusted).interlink, 'of PROXY');
});

t.test('a trusted proxy that names nobody is the client itself', async (t) => {
  t.match(factsOfRequest({ url, headers: {} }, { ip: '10.1.1.1', port: 4711 }, trusted), { ip: '10.1.1.1', port: 4711 });
});
