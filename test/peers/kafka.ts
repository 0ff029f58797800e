/** What stands in a Kafka broker, read by a program of others (kcat), and topics with their settings, made through kafkajs's administration. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { startPeer } from './peer.js';

const run = promisify(execFile);

/** A broker that can be killed and started again on what it had. */
export interface Broker {
  /** HOST:PORT without TLS; and with TLS and SASL, as `audit` / `audit-secret`. */
  readonly plain: string;
  readonly secure: string;
  /** File of the authority of its certificate. */
  readonly ca: string;
  /** kill -9. */
  kill(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker. `dir`: an empty folder, which is kept. */
export async function startBroker(dir: string): Promise<Broker> {
  let peer = await startPeer('kafka', [], { dir });
  const { port } = peer;
  return {
    plain: `127.0.0.1:${port}`,
    secure: `localhost:${port + 2}`,
    ca: join(dir, 'ca.pem'),
    kill: () => process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGKILL'),
    restart: async () => {
      await peer.stop();
      peer = await startPeer('kafka', [], { dir, port });
    },
    stop: () => peer.stop(),
  };
}

/** A message as kcat shows it. */
export interface Consumed {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly payload: string;
  readonly headers: { readonly [name: string]: string };
}

interface Shown extends Omit<Consumed, 'headers'> {
  readonly headers?: readonly string[];
}

const admin = async <T>(broker: string, work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> => {
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
};

/** Makes a topic. `settings`: its own configuration, such as `{ 'max.message.bytes': '20000' }`. */
export async function makeTopic(broker: string, topic: string, partitions = 1, settings: { readonly [name: string]: string } = {}): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin(broker, (client) => client.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true }));
}

/**
 * All messages of a topic up to now, partition by partition.
 * @param settings of librdkafka, `security.protocol=SASL_SSL` and such
 */
export async function consume(broker: string, topic: string, settings: readonly string[] = []): Promise<Consumed[]> {
  const more = settings.flatMap((setting) => ['-X', setting]);
  const { stdout } = await run('kcat', ['-C', '-b', broker, '-t', topic, '-o', 'beginning', '-e', '-q', '-J', ...more], { maxBuffer: 1 << 30 });
  const shown = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Shown);
  shown.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  return shown.map((one) => ({ ...one, headers: pairs(one.headers ?? []) }));
}

/** kcat shows headers as a list: name, value, name, value. */
function pairs(list: readonly string[]): { [name: string]: string } {
  const dict: { [name: string]: string } = {};
  for (let at = 0; at + 1 < list.length; at += 2) dict[list[at] as string] = list[at + 1] as string;
  return dict;
}
