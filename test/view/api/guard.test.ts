import t from 'tap';
import { checkOrigin, countedAddress, secretOf, Wrongs } from '../../../src/view/api/guard.js';

const HERE = new URL('http://localhost/rpc');

t.test('a token is found in its header, or in the subprotocol of a browser', async (t) => {
  t.equal(secretOf({ authorization: 'Bearer wst_abc' }, HERE), 'wst_abc');
  t.equal(secretOf({ authorization: 'bearer  wst_abc' }, HERE), 'wst_abc');
  t.equal(secretOf({ 'sec-websocket-protocol': 'wirescribe, wirescribe.bearer.wst_abc' }, HERE), 'wst_abc');
  t.equal(secretOf({}, HERE), undefined);
  t.equal(secretOf({ 'sec-websocket-protocol': 'wirescribe' }, HERE), undefined);
  t.throws(() => secretOf({ authorization: 'Basic wst_abc', 'sec-websocket-protocol': 'wirescribe.bearer.wst_abc' }, HERE), { code: 'AUDIT_TOKEN' });
  t.throws(() => secretOf({ authorization: 'Bearer wst_abc' }, new URL('http://localhost/rpc?access_token=1')), { code: 'AUDIT_REQUEST' });
});

t.test('ten wrong tokens a minute and address, and addresses without end cost bounded memory', async (t) => {
  const wrongs = new Wrongs();
  for (let count = 0; count < 9; count++) wrongs.wrong('a', 1_000);
  t.notOk(wrongs.tooMany('a', 1_000));
  wrongs.wrong('a', 30_000);
  t.ok(wrongs.tooMany('a', 60_999));
  t.notOk(wrongs.tooMany('b', 60_999));
  t.notOk(wrongs.tooMany('a', 61_000), 'a minute later');
  for (let count = 0; count < 10; count++) wrongs.wrong('first', 0);
  for (let other = 0; other < 1_024; other++) wrongs.wrong(`other ${other}`, 0);
  t.notOk(wrongs.tooMany('first', 0), 'the oldest is forgotten');
});

t.test('of IPv6 the network is counted, for one machine has all of it', async (t) => {
  t.equal(countedAddress('203.0.113.7'), '203.0.113.7');
  t.equal(countedAddress('::ffff:203.0.113.7'), '203.0.113.7');
  t.equal(countedAddress('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  t.equal(countedAddress('2001:db8:1:2::9'), '2001:db8:1:2');
  t.equal(countedAddress('fe80::1%eth0'), 'fe80:0:0:0');
  t.equal(countedAddress(undefined), 'unix');
});

t.test('on loopback only its names are ours; elsewhere the name is for whoever set it up', async (t) => {
  const at = (host: string, bound: Parameters<typeof checkOrigin>[1], origin?: string) => () =>
    checkOrigin({ host, ...(origin === undefined ? {} : { origin }) }, bound);
  for (const bound of ['127.0.0.1', '::1', 'localhost']) t.throws(at('evil.example', { host: bound }), { code: 'AUDIT_FORBIDDEN' }, bound);
  t.doesNotThrow(at('LOCALHOST:4080', { host: '127.0.0.1' }));
  t.doesNotThrow(at('game.example', { host: '0.0.0.0' }));
  t.doesNotThrow(at('anything', { path: '/run/admin.sock' }));
  t.throws(at('game.example', { host: '0.0.0.0' }, 'https://evil.example'), { code: 'AUDIT_FORBIDDEN' });
  t.doesNotThrow(at('game.example', { host: '0.0.0.0' }, 'https://game.example'));
  t.throws(at('game.example', { host: '0.0.0.0' }, 'nonsense'), { code: 'AUDIT_FORBIDDEN' });
});
