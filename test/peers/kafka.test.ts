/** The kafka callback against a real Apache Kafka: with TLS and SASL, and killed and started again. */
import t from 'tap';
import type { CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { lines } from '../journal-lines.js';
import { until } from '../wait.js';
import { type Broker, consume, makeTopic, startBroker } from './kafka.js';
import { delivery, holdsAll, ofMany, opened } from './kafka-checks.js';
import { peerMissing } from './peer.js';

t.setTimeout(300_000);

const PASSWORD = 'audit-secret';

t.test('a real broker', { skip: peerMissing('kafka') }, async (t) => {
  const dir = t.testdir();
  const broker: Broker = await startBroker(dir);
  t.teardown(broker.stop);
  const secured = (mechanism: string, password = PASSWORD): CallbackOptions => ({
    brokers: [broker.secure],
    topic: 'secured',
    tls: { ca: broker.ca },
    sasl: { mechanism, username: 'audit', password },
  });

  t.test('takes records over TLS, with each mechanism of SASL', async (t) => {
    await makeTopic(broker.plain, 'secured');
    for (const [index, mechanism] of ['scram-sha-512', 'scram-sha-256', 'plain'].entries()) {
      const callback = await opened(secured(mechanism)).callback;
      await callback.write(recordsOf(lines(10, index * 10).join('')));
      await callback.close();
    }
    t.same(
      (await consume(broker.plain, 'secured')).map(({ payload }) => `${payload}\n`),
      lines(30),
    );
  });

  t.test('a wrong password is said by its kind, and stands in no message', async (t) => {
    for (const mechanism of ['scram-sha-512', 'plain']) {
      const { callback, warned } = opened(secured(mechanism, 'wrong-hunter2'));
      const error = await (await callback).write(recordsOf(lines(1).join(''))).then(
        () => undefined,
        (why: Error) => why,
      );
      t.match(error, { name: 'KafkaJSSASLAuthenticationError' });
      t.match(warned, [/refuse the username or the password of 'sasl'/]);
      t.notMatch(`${error?.message} ${error?.stack} ${warned}`, /hunter2|localhost|say 0/);
      await (await callback).close();
    }
  });

  t.test('a certificate that is not to be trusted, or for another name, ends it, unless the operator says so', async (t) => {
    const withTls = (tls: CallbackOptions) => opened({ ...secured('plain'), tls });
    const untrusted = withTls({});
    await t.rejects((await untrusted.callback).write(recordsOf(lines(1).join(''))), { code: /SELF_SIGNED|UNABLE_TO_VERIFY/ });
    t.match(untrusted.warned, [/name its authority in 'ca'/]);
    const other = withTls({ ca: broker.ca, servername: 'kafka.example' });
    await t.rejects((await other.callback).write(recordsOf(lines(1).join(''))), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const unverified = await withTls({ verify: false }).callback;
    await unverified.write(recordsOf(lines(1).join('')));
    await unverified.close();
  });

  t.test('without TLS on a port that has it, it is said that the brokers do not talk', async (t) => {
    const { callback, warned } = opened({ brokers: [broker.secure] });
    await t.rejects((await callback).write(recordsOf(lines(1).join(''))));
    t.match(warned, [/with TLS, or without/]);
    await (await callback).close();
  });

  t.test('killed under load, twice, and started again: every record is there, each session in order', async (t) => {
    await makeTopic(broker.plain, 'killed', 4);
    const { journal, done, faults, logged, taken } = delivery(t, { brokers: [broker.plain], topic: 'killed' });
    const sent: string[] = [];
    const write = (count: number) => {
      const more = ofMany(count, sent.length);
      sent.push(...more);
      journal.write(more);
    };
    for (let round = 0; round < 2; round++) {
      write(5_000);
      const before = taken();
      await until(() => taken() > before, 'the first batches are taken');
      broker.kill();
      write(5_000);
      await until(() => faults.length > 0, 'a failed write is said');
      await broker.restart();
      await until(() => taken() === journal.durable.offset, 'all is taken', 120_000);
    }
    await done();
    t.match(logged.join('\n'), /AUDIT_CALLBACK_FAILED: callback kafka: could not write/);
    t.notMatch(logged.join('\n'), /say \d/);
    holdsAll(t, await consume(broker.plain, 'killed'), sent);
  });
});
