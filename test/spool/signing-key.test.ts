import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fingerprintOf, makeSigningKey, readSigningKey } from '../../src/spool/signing-key.js';
import { sha256 } from '../evidence.js';
import { folderOf } from '../harness.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

t.test('makes a pair in two files, the private one for its owner alone, and reads it again', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'checkpoint.key');
  const { privatePath, publicPath, fingerprint } = makeSigningKey(path);
  t.same([privatePath, publicPath], [path, `${path}.pub`]);
  t.same([modeOf(path), modeOf(publicPath)], [0o600, 0o644]);
  t.match(readFileSync(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n\S+\n-----END PRIVATE KEY-----\n$/);
  t.match(readFileSync(publicPath, 'utf8'), /^-----BEGIN PUBLIC KEY-----\n\S+\n-----END PUBLIC KEY-----\n$/);
  const [key, open] = [readSigningKey(path), createPublicKey(readFileSync(publicPath))];
  t.ok(verify(null, Buffer.from('x'), open, sign(null, Buffer.from('x'), key)));
  t.same([fingerprintOf(key), fingerprintOf(open)], [fingerprint, fingerprint]);
});

t.test('its fingerprint is what openssl and sha256sum make of the public key', async (t) => {
  const { publicPath, fingerprint } = makeSigningKey(join(folderOf(t), 'k'));
  const der = execFileSync('openssl', ['pkey', '-pubin', '-in', publicPath, '-outform', 'DER']);
  t.equal(fingerprint, sha256(der));
});

t.test('overwrites nothing, and leaves no half of a pair', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'k');
  makeSigningKey(path);
  const before = readFileSync(path, 'utf8');
  const refused = { code: 'AUDIT_USAGE', message: /is there already, and a key is never overwritten; name another file with --out$/ };
  t.throws(() => makeSigningKey(path), refused);
  t.equal(readFileSync(path, 'utf8'), before);
  writeFileSync(join(folder, 'other.pub'), '');
  t.throws(() => makeSigningKey(join(folder, 'other')), refused);
  t.notOk(existsSync(join(folder, 'other')));
  writeFileSync(join(folder, 'third'), '');
  t.throws(() => makeSigningKey(join(folder, 'third')), refused);
  t.same(readdirSync(folder), ['k', 'k.pub', 'other.pub', 'third']);
  t.throws(() => makeSigningKey(join(folder, 'none/k')), { code: 'AUDIT_USAGE', message: /cannot be written \(ENOENT\); name another file/ });
});

t.test('what is not there, no file, too open, or another key is refused with its place, and nothing of it is said', async (t) => {
  const folder = folderOf(t);
  const place = { file: 'server.conf', line: 3, column: 18 };
  const file = (name: string, text: string | Buffer, mode = 0o600): string => {
    writeFileSync(join(folder, name), text, { mode });
    chmodSync(join(folder, name), mode);
    return join(folder, name);
  };
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  mkdirSync(join(folder, 'folder'), { mode: 0o700 });
  execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
  const another = /is no Ed25519 private key in PEM without a passphrase; `wirescribe keygen` makes one$/;
  const cases: [string, RegExp][] = [
    [join(folder, 'none'), /cannot be read \(ENOENT\); `wirescribe keygen` makes one$/],
    [join(folder, 'folder'), /is no file; `wirescribe keygen` makes one$/],
    [join(folder, 'pipe'), /is no file; `wirescribe keygen` makes one$/],
    [file('open', pem, 0o640), /may be used by others than its owner; `chmod 600` it/],
    [file('world', pem, 0o604), /may be used by others than its owner; `chmod 600` it/],
    [file('public', publicKey.export({ type: 'spki', format: 'pem' })), another],
    [file('locked', locked), another],
    [file('ec', ec), another],
    [file('empty', ''), another],
    [file('text', 'hunter2\n'), another],
  ];
  for (const [path, message] of cases) {
    try {
      readSigningKey(path, place);
      t.fail(path);
    } catch (error) {
      t.match(error, { code: 'AUDIT_CONFIG_FILE', place, message }, path);
      const lines = existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
      for (const line of lines) t.notOk(String((error as Error).stack).includes(line));
    }
  }
  t.doesNotThrow(() => readSigningKey(file('good', pem, 0o400)));
});
