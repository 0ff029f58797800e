import t from 'tap';
import { networksOf } from '../../../src/bridge/networks.js';
import { clientOf, type Headers } from '../../../src/bridge/websocket/forwarded.js';

const trusted = networksOf(['10.0.0.0/8', '2001:db8:1::/48']);

const CASES: readonly [string, Headers, object | undefined][] = [
  ['nobody says anything', {}, undefined],
  ['one hop', { 'x-forwarded-for': '192.0.2.7' }, { ip: '192.0.2.7' }],
  ['the right-most hop that is no trusted proxy', { 'x-forwarded-for': '6.6.6.6, 192.0.2.7, 10.1.1.1, 10.2.2.2' }, { ip: '192.0.2.7' }],
  ['all are trusted: the first', { 'x-forwarded-for': '10.3.3.3, 10.1.1.1' }, { ip: '10.3.3.3' }],
  ['with a port, and IPv4 in IPv6', { 'x-forwarded-for': '::ffff:192.0.2.7' }, { ip: '192.0.2.7' }],
  ['IPv6 with and without brackets', { 'x-forwarded-for': '2001:db8:2::7, [2001:db8:1::1]:443' }, { ip: '2001:db8:2::7' }],
  ['left of what is no address nobody is believed', { 'x-forwarded-for': '192.0.2.7, unknown, 10.1.1.1' }, { ip: '10.1.1.1' }],
  ['what is no address at all says nothing', { 'x-forwarded-for': "' OR 1=1" }, undefined],
  ['Forwarded', { forwarded: 'for=192.0.2.7;proto=https;by=10.1.1.1' }, { ip: '192.0.2.7' }],
  ['Forwarded with a port', { forwarded: 'For="192.0.2.7:4711"' }, { ip: '192.0.2.7', port: 4711 }],
  ['Forwarded with IPv6', { forwarded: 'for="[2001:db8:2::17]:4711", for=10.1.1.1' }, { ip: '2001:db8:2::17', port: 4711 }],
  ['Forwarded with separators in quotes', { forwarded: 'host="a,b;for=6.6.6.6\\"";for=192.0.2.7, for=10.1.1.1' }, { ip: '192.0.2.7' }],
  ['Forwarded with a hidden hop', { forwarded: 'for=192.0.2.7, for=_hidden, for=10.1.1.1' }, { ip: '10.1.1.1' }],
  ['an element without for', { forwarded: 'for=192.0.2.7, by=10.1.1.1' }, undefined],
  ['X-Forwarded-For counts before Forwarded', { forwarded: 'for=6.6.6.6', 'x-forwarded-for': '192.0.2.7' }, { ip: '192.0.2.7' }],
  ['lists in several headers', { 'x-forwarded-for': ['6.6.6.6', '192.0.2.7'] }, { ip: '192.0.2.7' }],
  ['at most 32 hops', { 'x-forwarded-for': `192.0.2.7${', 10.1.1.1'.repeat(32)}` }, { ip: '10.1.1.1' }],
];

for (const [title, headers, client] of CASES) {
  t.test(`who the client is: ${title}`, async (t) => t.same(clientOf(headers, trusted), client));
}
