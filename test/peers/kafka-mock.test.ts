/** The kafka callback against a cluster of three that fails on command: leaders moved, brokers late or down, errors of every kind. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { until } from '../wait.js';
import { consume } from './kafka.js';
import { delivery, holdsAll, ofMany, opened } from './kafka-checks.js';
import { type Peer, peerMissing, startPeer } from './peer.js';

t.setTimeout(300_000);

t.test('a mock cluster with faults', { skip: peerMissing('kafka-mock') }, async (t) => {
  const dir = t.testdir();
  const mock: Peer = await startPeer('kafka-mock', ['3', '3', 'moved', 'half', 'replicas', 'slow', 'down', 'storm'], { dir });
  t.teardown(mock.stop);
  const brokers = readFileSync(join(dir, 'brokers'), 'utf8').trim().split(',');
  const order = async (text: string): Promise<void> => {
    const times = () => mock.output().split(`ok ${text}\n`).length;
    const before = times();
    appendFileSync(join(dir, 'control'), `${text}\n`);
    await until(() => times() > before, text);
  };
  // The mock names a controller 0, which is none of its brokers: nobody gives kafkajs a producer id.
  const mocked = (topic: string): CallbackOptions => ({ brokers, topic, idempotent: false });
  const read = (topic: string) => consume(brokers[0] ?? '', topic);

  t.test('leaders that move between and within writes lose nothing', async (t) => {
    const callback = await opened(mocked('moved')).callback;
    const sent = ofMany(600);
    for (let at = 0; at < sent.length; at += 60) {
      for (const partition of [0, 1, 2]) await order(`leader moved ${partition} ${1 + ((at / 60 + partition) % 3)}`);
      await callback.write(recordsOf(sent.slice(at, at + 60).join('')));
    }
    await callback.close();
    holdsAll(t, await read('moved'), sent);
  });

  t.test('a leader that moves to a broker that has answered already is asked again: kafkajs alone would say that all was sent', async (t) => {
    for (const partition of [0, 1, 2]) await order(`leader half ${partition} ${partition + 1}`);
    const callback = await opened(mocked('half')).callback;
    await callback.write(recordsOf(ofMany(60).join('')));
    await order('leader half 2 1');
    const batch = recordsOf(ofMany(60, 60).join(''));
    await t.rejects(callback.write(batch), { code: 'NO_ANSWER' });
    await callback.write(batch);
    await callback.close();
    holdsAll(t, await read('half'), ofMany(120));
  });

  t.test('NOT_ENOUGH_REPLICAS is tried again, and where it lasts the same batch comes again', async (t) => {
    const callback = await opened(mocked('replicas')).callback;
    await order('err 0 2 19');
    await callback.write(recordsOf(ofMany(60).join('')));
    await order('err 0 40 19');
    const batch = recordsOf(ofMany(60, 60).join(''));
    await t.rejects(callback.write(batch), { code: 'NOT_ENOUGH_REPLICAS' });
    await until(
      () =>
        callback.write(batch).then(
          () => true,
          () => false,
        ),
      'the errors are used up',
    );
    await callback.close();
    holdsAll(t, await read('replicas'), ofMany(120));
  });

  t.test('a broker that answers after the time for it: the batch is tried again, and comes twice at worst', async (t) => {
    const callback = await opened(mocked('slow')).callback;
    await callback.write(recordsOf(ofMany(60).join('')));
    for (const broker of [1, 2, 3]) await order(`rtt ${broker} 25000`);
    const batch = recordsOf(ofMany(60, 60).join(''));
    await t.rejects(callback.write(batch), { code: 'ETIMEDOUT' });
    for (const broker of [1, 2, 3]) await order(`rtt ${broker} 0`);
    await callback.write(batch);
    await callback.write(recordsOf(ofMany(60, 120).join('')));
    await callback.close();
    holdsAll(t, await read('slow'), ofMany(180));
  });

  t.test('a broker that is down: its partitions wait, and nothing is out of order once it is up', async (t) => {
    const callback = await opened(mocked('down')).callback;
    await callback.write(recordsOf(ofMany(60).join('')));
    for (const partition of [0, 1, 2]) await order(`leader down ${partition} 2`);
    await order('down 2');
    const batch = recordsOf(ofMany(60, 60).join(''));
    await t.rejects(callback.write(batch));
    await order('up 2');
    await callback.write(batch);
    await callback.close();
    holdsAll(t, await read('down'), ofMany(120));
  });

  t.test('a storm of errors of all kinds under delivery: every record is there, each session in order', async (t) => {
    const { journal, done, logged, taken } = delivery(t, mocked('storm'));
    // CORRUPT_MESSAGE, LEADER_NOT_AVAILABLE, NOT_LEADER, REQUEST_TIMED_OUT, NETWORK_EXCEPTION, NOT_ENOUGH_REPLICAS and AFTER_APPEND
    const codes = [2, 5, 6, 7, 13, 19, 20];
    for (let round = 0; round < 14; round++) {
      await order(`err 0 ${1 + (round % 4)} ${codes[round % codes.length]}`);
      await order(`leader storm ${round % 3} ${1 + (round % 2)}`);
      journal.write(ofMany(300, round * 300));
    }
    await until(() => taken() === journal.durable.offset, 'all is taken', 120_000);
    await done();
    t.notMatch(logged.join('\n'), /say \d/);
    holdsAll(t, await read('storm'), ofMany(14 * 300));
  });
});
