import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readOptions } from '../../../callbacks/kafka/options.js';
import open, { check } from '../../../callbacks/kafka.js';
import type { CallbackOptions } from '../../../src/contract.js';

const brokers = ['kafka1:9092'];
const sasl = { mechanism: 'scram-sha-512', username: 'audit', password: 'hunter2-secret' };

t.test('brokers alone are enough', async (t) => {
  t.same(readOptions({ brokers }, '.'), {
    topic: 'wirescribe',
    key: 'session',
    link: { brokers, clientId: 'wirescribe', ssl: undefined, sasl: undefined, gzip: true, idempotent: true },
  });
});

t.test('files of tls are read from the folder of the configuration', async (t) => {
  const folder = t.testdir();
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, `${name}.pem`), `the ${name}`);
  const tls = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem', servername: 'kafka.example' };
  t.same(readOptions({ brokers, tls, sasl }, folder).link.ssl, {
    ...{ ca: 'the ca', cert: 'the cert', key: 'the key' },
    servername: 'kafka.example',
    rejectUnauthorized: true,
  });
  t.equal(readOptions({ brokers, tls: true }, folder).link.ssl, true);
});

const REFUSED: readonly [CallbackOptions, RegExp][] = [
  [{}, /^brokers: a list of HOST:PORT/],
  [{ brokers: [] }, /^brokers: /],
  [{ brokers: ['kafka1'] }, /^brokers: /],
  [{ brokers: ['kafka://kafka1:9092'] }, /^brokers: /],
  [{ brokers, topic: 'a b' }, /^topic: /],
  [{ brokers, topic: '{session}' }, /^topic: /],
  [{ brokers, key: 'text' }, /^key: one of session, node/],
  [{ brokers, client_id: '' }, /^client_id: /],
  [{ brokers, compression: 'zstd' }, /^compression: write 'gzip' or 'none'/],
  [{ brokers, idempotent: 1 }, /^idempotent: /],
  [{ brokers, tls: { cafile: 'x' } }, /^tls: True, or a dict of ca, cert/],
  [{ brokers, tls: { cert: 'x' } }, /^tls: cert and key go together/],
  [{ brokers, tls: { ca: 'not-there.pem' } }, /^tls: ca: not-there\.pem cannot be read \(ENOENT\)/],
  [{ brokers, tls: { verify: 'no' } }, /^tls: verify/],
  [{ brokers, sasl: { ...sasl, mechanism: 'gssapi' } }, /^sasl: mechanism is one of plain/],
  [{ brokers, sasl: { mechanism: 'plain', username: 'audit' } }, /^sasl: username and password/],
  [{ brokers, sasl: { ...sasl, token: 'x' } }, /^sasl: a dict of/],
];

t.test('options that make no sense are refused by name, by the check and at the start, and no password is quoted', async (t) => {
  const log = { info() {}, warn() {} };
  const context = { name: 'kafka', node: 'n1', folder: t.testdir(), log, signal: new AbortController().signal };
  for (const [options, message] of REFUSED) {
    t.throws(() => check(options, context.folder), { name: 'OptionError', message });
    await t.rejects(async () => open(options, context), { name: 'OptionError', message });
    t.throws(() => check({ ...options, sasl: { ...sasl, mechanism: 'x' } }, context.folder), { message: /^(?!.*hunter2)/ });
  }
});

t.test('what is allowed and perhaps not meant is remarked', async (t) => {
  t.equal(check({ brokers, sasl }, '.'), undefined);
  t.match(check({ brokers, sasl: { ...sasl, mechanism: 'plain' } }, '.'), [/without 'tls'/]);
  t.match(check({ brokers, tls: { verify: false } }, '.'), [/verify False/]);
});
