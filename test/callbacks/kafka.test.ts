/** The suite and what a topic looks like, over a real broker, read back with kcat. Brokers that fail are in test/peers/kafka.test.ts. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import open from '../../callbacks/kafka.js';
import type { Callback, CallbackContext, CallbackOptions } from '../../src/contract.js';
import { recordsOf } from '../../src/spool/delivery/audit-record.js';
import { type CallbackUnderTest, callbackSuite } from '../callback.suite.js';
import { line, lines } from '../journal-lines.js';
import { consume, makeTopic, startBroker } from '../peers/kafka.js';
import { peerMissing } from '../peers/peer.js';

t.setTimeout(300_000);

const warned: string[] = [];
const contextWith = (signal = new AbortController().signal): CallbackContext => ({
  ...{ name: 'kafka', node: 'n1', folder: '.', signal },
  log: { info() {}, warn: (message) => warned.push(message) },
});

const texts = (text: string): string[] => text.split('\n').slice(0, -1);
const SESSIONS = Array.from({ length: 20 }, () => randomUUID());
/** A line of one of twenty sessions. */
const lineOfMany = (number: number): string => line(number, `say ${number}`).replace(/"session":"[^"]*"/, `"session":"${SESSIONS[number % 20]}"`);

t.test('over a broker', { skip: peerMissing('kafka') }, async (t) => {
  const kafka = await startBroker(t.testdir());
  t.teardown(kafka.stop);
  const broker = kafka.plain;
  const opened = (options: CallbackOptions, signal?: AbortSignal): Promise<Callback> =>
    Promise.resolve(open({ brokers: [broker], ...options }, contextWith(signal)));

  let topics = 0;
  const makeWith = (options: CallbackOptions) => async (): Promise<CallbackUnderTest> => {
    const topic = `suite${topics++}`;
    await makeTopic(broker, topic);
    const abort = new AbortController();
    return {
      callback: await opened({ topic, ...options }, abort.signal),
      readBack: async () => (await consume(broker, topic)).map(({ payload }) => payload),
      abort: () => abort.abort(),
      fail: () => {
        kafka.kill();
        return kafka.restart;
      },
    };
  };
  t.jobs = 1;
  callbackSuite(t, 'kafka', makeWith({}));
  callbackSuite(t, 'kafka uncompressed, not idempotent', async () => {
    const { fail, ...unfailing } = await makeWith({ compression: 'none', idempotent: false })();
    return unfailing;
  });

  for (const compression of ['gzip', 'none']) {
    t.test(`each session is in one partition, in order, with the headers of a CloudEvent (${compression})`, async (t) => {
      const topic = `sessions-${compression}`;
      await makeTopic(broker, topic, 5);
      const callback = await opened({ topic, compression });
      const sent = Array.from({ length: 400 }, (_, number) => lineOfMany(number));
      for (let at = 0; at < sent.length; at += 100) await callback.write(recordsOf(sent.slice(at, at + 100).join('')));
      await callback.close();
      const all = await consume(broker, topic);
      t.same(all.map(({ payload }) => `${payload}\n`).sort(), [...sent].sort());
      t.ok(new Set(all.map(({ partition }) => partition)).size > 1);
      for (const session of SESSIONS) {
        const own = all.filter(({ key }) => key === session);
        t.equal(new Set(own.map(({ partition }) => partition)).size, 1);
        t.same(
          own.map(({ payload }) => `${payload}\n`),
          sent.filter((one) => one.includes(session)),
        );
      }
      t.same(all.find(({ payload }) => payload.includes('"say 7"'))?.headers, {
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_id: '01890a5d-ac96-774b-8000-000000000007',
        ce_source: '/wirescribe/n1',
        ce_type: 'session.input',
        ce_time: '2026-01-31T12:00:01.123456Z',
        ce_subject: SESSIONS[7],
      });
    });
  }

  t.test('one topic for each topic of the records', async (t) => {
    await makeTopic(broker, 'each.session.input');
    await makeTopic(broker, 'each.audit.start');
    const callback = await opened({ topic: 'each.{topic}' });
    const sent = [line(1, undefined, 'audit.start'), line(2, 'a'), line(3, 'b')];
    await callback.write(recordsOf(sent.join('')));
    await callback.close();
    t.same(
      (await consume(broker, 'each.audit.start')).map(({ payload, key }) => [payload, key]),
      [[texts(sent[0] ?? '')[0], 'n1']],
    );
    t.same(
      (await consume(broker, 'each.session.input')).map(({ payload }) => payload),
      texts(sent.slice(1).join('')),
    );
  });

  t.test('records that the topic never takes are refused by name, and all others are there in order', async (t) => {
    await makeTopic(broker, 'small', 1, { 'max.message.bytes': '20000' });
    const callback = await opened({ topic: 'small', compression: 'none' });
    const sent = lines(60);
    sent[10] = line(10, 'x'.repeat(30_000));
    sent[41] = line(41, 'y'.repeat(50_000));
    const error = await callback.write(recordsOf(sent.join(''))).then(
      () => undefined,
      (why) => why,
    );
    t.equal(error?.name, 'RefusedRecords');
    t.same(
      error.refused.map(({ record, reason }: { record: { line: string }; reason: string }) => [`${record.line}\n`, reason]),
      [
        [sent[10], 'too-large'],
        [sent[41], 'too-large'],
      ],
    );
    await callback.write(recordsOf(lines(100, 60).join('')));
    await callback.close();
    const kept = sent.filter((_, index) => index !== 10 && index !== 41);
    t.same(
      (await consume(broker, 'small')).map(({ payload }) => `${payload}\n`),
      [...kept, ...lines(100, 60)],
    );
  });

  t.test('a topic that is not there is said by its kind, once, with how to mend it; once it is there the same batch goes in', async (t) => {
    warned.length = 0;
    const callback = await opened({ topic: 'later' });
    const batch = recordsOf(lines(3).join(''));
    await t.rejects(callback.write(batch), { name: 'UNKNOWN_TOPIC_OR_PARTITION', code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    await t.rejects(callback.write(batch), { code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    t.same(warned, ['kafka: the brokers have no such topic: create it; topics do not make themselves (UNKNOWN_TOPIC_OR_PARTITION; topic later)']);
    await makeTopic(broker, 'later');
    await callback.write(batch);
    await callback.close();
    t.same(
      (await consume(broker, 'later')).map(({ payload }) => payload),
      texts(lines(3).join('')),
    );
  });

  t.test('what an abort meets in the middle of a write is given up at once', async (t) => {
    const abort = new AbortController();
    const callback = await opened({ topic: 'nowhere' }, abort.signal);
    const write = callback.write(recordsOf(lines(3).join('')));
    abort.abort();
    await t.rejects(write, { code: 'ETIMEDOUT' });
    await callback.close();
  });
});
