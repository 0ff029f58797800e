import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadSettings, type Settings } from '../../src/config/settings.js';
import { readTls, remarksOn } from '../../src/config/tls.js';
import { AuditError } from '../../src/errors.js';
import { checkTls, openTls } from '../../src/run/listener-tls.js';
import { makeAuthority } from '../bridge/certificates.js';
import { folderOf } from '../harness.js';

const authority = makeAuthority(t);
const game = authority.sign('game', 'DNS:game.example');
const other = authority.sign('other', 'DNS:other.example');

/** A listener by TLS on a free port, with these options, in a folder with these files. */
function load(t: Test, options: string, { listen = 'telnets', upstream = 'telnet', rest = '' } = {}): Settings {
  const cwd = folderOf(t);
  const files = {
    'game.crt': game.cert,
    'game.key': game.key,
    'other.crt': other.cert,
    'other.key': other.key,
    'ca.crt': authority.cert,
    'text.crt': 'none',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text, { mode: 0o600 });
  const at = listen === 'unix' ? 'unix:in.sock' : `${listen}://127.0.0.1:0`;
  const to = upstream === 'pty' ? 'pty:sh' : `${upstream}://127.0.0.1:4001`;
  const text = `AUDIT_MASK_PACKS = []\n${rest}\nLISTENERS = [{'listen': '${at}', 'upstream': '${to}',\n ${options}}]\n`;
  writeFileSync(join(cwd, 'server.conf'), text);
  return loadSettings({ cwd, env: {} });
}

function refused(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AuditError) return String(error);
    throw error;
  }
  return 'not refused';
}

const GAME = "'cert': 'game.crt', 'key': 'game.key'";

t.test('certificates, keys and authorities are read, in their order', async (t) => {
  const settings = load(t, "'cert': ['game.crt', 'other.crt'], 'key': ['game.key', 'other.key'], 'client_ca': 'ca.crt', 'ca': 'ca.crt'", {
    upstream: 'tls',
  });
  const [listener] = settings.listeners;
  t.strictSame(listener && readTls(listener), {
    material: {
      certificates: [
        { cert: game.cert, key: game.key },
        { cert: other.cert, key: other.key },
      ],
      clientCa: authority.cert,
      ca: authority.cert,
    },
    remarks: [],
  });
  t.notOk(JSON.stringify(settings).includes('PRIVATE'), 'the settings hold no key');
});

const MISFITS: readonly [options: string, where: Parameters<typeof load>[2], error: string][] = [
  ['', {}, "AUDIT_CONFIG_KEY: server.conf:3:14: a listener at telnets:// wants 'cert' and 'key', files in PEM"],
  ["'cert': 'game.crt'", {}, "AUDIT_CONFIG_TYPE: server.conf:4:2: 'cert' and 'key' want as many files, in the same order"],
  [
    "'cert': ['game.crt', 'other.crt'], 'key': 'game.key'",
    {},
    "AUDIT_CONFIG_TYPE: server.conf:4:37: 'cert' and 'key' want as many files, in the same order",
  ],
  [
    GAME,
    { listen: 'telnet' },
    "AUDIT_CONFIG_TYPE: server.conf:4:2: 'cert' is of listeners at telnets://, tls:// and wss://; leave it out here, or change the address",
  ],
  [
    "'verify': False",
    { listen: 'tcp' },
    "AUDIT_CONFIG_TYPE: server.conf:4:2: 'verify' is of upstreams at telnets://, tls:// and wss://; leave it out here, or change the address",
  ],
  [
    "'accept_proxy': True",
    { listen: 'unix' },
    "AUDIT_CONFIG_TYPE: server.conf:4:2: 'accept_proxy' wants peers with an address, which those of unix: have not; leave it out here, or change the address",
  ],
  [
    "'send_proxy': 'v2'",
    { listen: 'telnet', upstream: 'pty' },
    "AUDIT_CONFIG_TYPE: server.conf:4:2: 'send_proxy' wants a server; a program in a pty is told nothing; leave it out here, or change the address",
  ],
  [
    "'tell_game': True",
    { listen: 'tcp' },
    "AUDIT_CONFIG_TYPE: server.conf:4:2: 'tell_game' wants telnet all the way to the game; leave it out here, or change the address",
  ],
];

for (const [options, where, error] of MISFITS) {
  t.test(`refuses { ${options} } from ${where?.listen ?? 'telnets'} to ${where?.upstream ?? 'telnet'}`, async (t) => {
    t.equal(
      refused(() => load(t, options, where)),
      error,
    );
  });
}

const BAD_FILES: readonly [options: string, upstream: string, error: RegExp][] = [
  [
    "'cert': 'none.crt', 'key': 'game.key'",
    'telnet',
    /^AUDIT_CONFIG_FILE: server\.conf:4:10: 'cert': \S+none\.crt cannot be read: there is no such file$/,
  ],
  [
    "'cert': ['game.crt', 'text.crt'], 'key': ['game.key', 'game.key']",
    'telnet',
    /^AUDIT_CONFIG_FILE: server\.conf:4:23: 'cert': \S+text\.crt is no certificate in PEM, or holds a broken one$/,
  ],
  [
    "'cert': 'game.crt', 'key': 'game.crt'",
    'telnet',
    /^AUDIT_CONFIG_FILE: server\.conf:4:29: 'key': \S+game\.crt is no private key in PEM without a passphrase$/,
  ],
  [
    "'cert': 'game.crt', 'key': 'other.key'",
    'telnet',
    /^AUDIT_CONFIG_FILE: server\.conf:4:29: 'key': \S+other\.key is not the key of the first certificate in \S+game\.crt; keep /,
  ],
  [`${GAME}, 'client_ca': 'game.key'`, 'telnet', /^AUDIT_CONFIG_FILE: server\.conf:4:54: 'client_ca': \S+game\.key is no certificate in PEM/],
  [`${GAME}, 'ca': 'none.crt'`, 'tls', /^AUDIT_CONFIG_FILE: server\.conf:4:47: 'ca': \S+none\.crt cannot be read: there is no such file$/],
];

for (const [options, upstream, error] of BAD_FILES) {
  t.test(`refuses the files of { ${options} } when they are opened, with the place, and shows nothing of them`, async (t) => {
    const { listeners } = load(t, options, { upstream });
    const said = refused(() => openTls(listeners));
    t.match(said, error);
    t.notOk(said.includes('PRIVATE'));
  });
}

t.test('remarks: expired, not verified, a key that all may read, a header that nobody is believed', async (t) => {
  const [listener] = load(t, GAME).listeners;
  if (!listener) throw new Error('no listener');
  t.match(readTls(listener, new Date(Date.now() + 40 * 86_400_000)).remarks, [
    /^main: the certificate \S+game\.crt has expired \(.* GMT\); clients that verify it/,
  ]);
  t.match(readTls(listener, new Date('2020-01-01')).remarks, [/^main: the certificate \S+game\.crt is not valid yet/]);
  chmodSync(listener.keys[0] ?? '', 0o644);
  t.match(checkTls([listener]), [/^main: the key \S+game\.key may be read by everybody here; `chmod o= /]);
  const careless = load(t, "'accept_proxy': True, 'verify': False", { listen: 'telnet', upstream: 'telnets' });
  t.strictSame(remarksOn(careless.listeners, careless.trustedProxies), [
    'main: accept_proxy without TRUSTED_PROXIES believes nobody: every header is data',
    'main: verify is False: whoever sits between here and the server can read along',
  ]);
  t.strictSame(remarksOn(load(t, "'accept_proxy': True", { listen: 'telnet' }).listeners, ['10.0.0.0/8']), []);
});

t.test('files are read each time: a bad one is refused, a renewed one is taken', async (t) => {
  const { listeners } = load(t, GAME);
  t.strictSame([...openTls(listeners).keys()], ['main']);
  const [listener] = listeners;
  writeFileSync(listener?.certs[0] ?? '', 'half a cert');
  t.match(
    refused(() => openTls(listeners)),
    /is no certificate in PEM/,
  );
  writeFileSync(listener?.certs[0] ?? '', other.cert);
  writeFileSync(listener?.keys[0] ?? '', other.key);
  t.equal(listener && readTls(listener).material.certificates[0]?.cert, other.cert);
});
