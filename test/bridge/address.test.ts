import t from 'tap';
import { formatAddress, parseAddress, wireOf } from '../../src/bridge/address.js';

const READ: readonly [string, object, string][] = [
  ['telnet://127.0.0.1:4000', { scheme: 'telnet', host: '127.0.0.1', port: 4000 }, 'telnet://127.0.0.1:4000'],
  ['TCP://Game.Example:65535/', { scheme: 'tcp', host: 'Game.Example', port: 65_535 }, 'tcp://Game.Example:65535'],
  ['tcp://[::1]:0', { scheme: 'tcp', host: '::1', port: 0 }, 'tcp://[::1]:0'],
  ['telnets://game.example:992', { scheme: 'telnets', host: 'game.example', port: 992 }, 'telnets://game.example:992'],
  ['tls://h:1', { scheme: 'tls', host: 'h', port: 1 }, 'tls://h:1'],
  ['ws://h:80', { scheme: 'ws', host: 'h', port: 80, path: '/' }, 'ws://h:80'],
  ['WSS://h:443/ws?a=b', { scheme: 'wss', host: 'h', port: 443, path: '/ws?a=b' }, 'wss://h:443/ws?a=b'],
  ['pty:/usr/games/nethack -u bob', { scheme: 'pty', command: '/usr/games/nethack -u bob' }, 'pty:/usr/games/nethack -u bob'],
  ['unix:/run/game.sock', { scheme: 'unix', path: '/run/game.sock' }, 'unix:/run/game.sock'],
  ['unix:game.sock', { scheme: 'unix', path: 'game.sock' }, 'unix:game.sock'],
];

for (const [url, address, formatted] of READ) {
  t.test(`${url} is an address, written as ${formatted}`, async (t) => {
    t.same(parseAddress(url), address);
    t.equal(formatAddress(parseAddress(url)), formatted);
  });
}

for (const url of [
  '',
  'game:4000',
  'telnet://:4000',
  'telnet://host',
  'telnet://host:65536',
  'telnet://me@host:1',
  'telnet://host:1/x',
  'unix:',
  'pty: ',
  "pty:sh -c 'exit",
  'ws://me@h:1/',
  'tls://h:1/x',
  'http://a:1',
]) {
  t.test(`${url || 'an empty text'} is none`, async (t) => {
    t.throws(() => parseAddress(url), { code: 'AUDIT_CONFIG_TYPE' });
  });
}

const WIRES: readonly [string, string, string][] = [
  ['telnet://a:1', 'tcp://b:1', 'telnet'],
  ['tcp://a:1', 'telnet://b:1', 'plain'],
  ['tls://a:1', 'telnet://b:1', 'plain'],
  ['telnets://a:1', 'tcp://b:1', 'telnet'],
  ['telnet://a:1', 'pty:sh', 'telnet'],
  ['tls://a:1', 'pty:sh', 'plain'],
  ['unix:/a', 'pty:sh', 'plain'],
  ['ws://a:1', 'tcp://b:1', 'plain'],
  ['unix:/a', 'tcp://b:1', 'plain'],
  ['unix:/a', 'telnet://b:1', 'telnet'],
  ['telnet://a:1', 'unix:/b', 'telnet'],
  ['tcp://a:1', 'unix:/b', 'plain'],
];

for (const [listen, upstream, wire] of WIRES) {
  t.test(`${listen} in front of ${upstream} is read as ${wire}`, async (t) => {
    t.equal(wireOf(parseAddress(listen), parseAddress(upstream)), wire);
  });
}
