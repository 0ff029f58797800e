import t from 'tap';
import { formatAddress, parseAddress, wireOf } from '../../src/bridge/address.js';

const READ: readonly [string, object, string][] = [
  ['telnet://127.0.0.1:4000', { scheme: 'telnet', host: '127.0.0.1', port: 4000 }, 'telnet://127.0.0.1:4000'],
  ['TCP://Game.Example:65535/', { scheme: 'tcp', host: 'Game.Example', port: 65_535 }, 'tcp://Game.Example:65535'],
  ['tcp://[::1]:0', { scheme: 'tcp', host: '::1', port: 0 }, 'tcp://[::1]:0'],
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
  'http://a:1',
]) {
  t.test(`${url || 'an empty text'} is none`, async (t) => {
    t.throws(() => parseAddress(url), { code: 'AUDIT_CONFIG_TYPE' });
  });
}

for (const url of ['telnets://host:1', 'tls://host:1', 'ws://host:1', 'wss://host:1', 'pty:nethack']) {
  t.test(`${url} is refused as not built yet`, async (t) => {
    t.throws(() => parseAddress(url), { code: 'AUDIT_CONFIG_LATER', message: /is not built yet/ });
  });
}

const WIRES: readonly [string, string, string][] = [
  ['telnet://a:1', 'tcp://b:1', 'telnet'],
  ['tcp://a:1', 'telnet://b:1', 'plain'],
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
