/** Where records go in bench:delivery: each callback with the peer behind it, and the plain tool that brings the same lines there. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeerName, peerMissing, ROOT, startPeer } from '../peers/peer.js';
import { until } from '../wait.js';
import type { Sealed } from './lines.js';

/** A place that is ready to take records. `round` counts from 0: each finds what it writes to empty. */
export interface Opened {
  /** The callback's options. */
  readonly options: (round: number) => Promise<{ readonly [name: string]: unknown }>;
  /** Resolves once all records are there, where `write` does not know: the clock runs on until then. */
  readonly arrived?: (records: number) => Promise<void>;
  /** Throws where not all records are there. */
  readonly check?: (records: number, round: number) => Promise<void>;
  readonly tool?: string;
  /** Brings the lines, which are `file` too, there with the plain tool; gives seconds. */
  readonly beside?: (file: string, lines: readonly Sealed[], round: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface Place {
  /** The callback. */
  readonly use: string;
  /** Why it cannot be measured here; undefined where it can. */
  readonly missing: () => string | undefined;
  readonly open: (dir: string) => Promise<Opened>;
}

/** Records of a request of curl's: as many as our batches have at most. */
const BULK_RECORDS = 1_000;
const CHECK_MS = 120_000;

const has = (command: string): boolean => {
  try {
    execFileSync('which', [command]);
    return true;
  } catch {
    return false;
  }
};

/** The callback is built and its peer is installed. */
function missing(use: string, peer: PeerName): string | undefined {
  if (!existsSync(join(ROOT, 'dist/callbacks', `${use}.js`))) return `there is no callback ${use} yet`;
  return peerMissing(peer) || undefined;
}

/** Runs a tool to its end; gives the seconds it took. Throws where it fails. */
async function run(command: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${said.slice(0, 500)}`);
  return (performance.now() - start) / 1000;
}

const countLines = (file: string): number => Number.parseInt(execFileSync('wc', ['-l', file], { encoding: 'utf8' }), 10);

const nothing = async (): Promise<void> => undefined;

/** Files on the disk of `dir`, beside dd that writes the same bytes once and syncs them. */
async function openFile(dir: string): Promise<Opened> {
  const folder = (round: number): string => join(dir, `files-${round}`);
  return {
    options: async (round) => ({ path: join(folder(round), 'audit.log'), size: '10g', compress: false }),
    check: async (records, round) => {
      const found = readdirSync(folder(round)).reduce((sum, name) => sum + countLines(join(folder(round), name)), 0);
      rmSync(folder(round), { recursive: true });
      if (found !== records) throw new Error(`the files have ${found} of ${records} records`);
    },
    tool: 'dd and fdatasync',
    beside: (file) => run('dd', [`if=${file}`, `of=${join(dir, 'copy')}`, 'bs=1M', 'conv=fdatasync']),
    close: nothing,
  };
}

/** A real broker, one topic of one partition a round; beside kcat with the same acknowledgement, compression and order. */
async function openKafka(): Promise<Opened> {
  const { Kafka, logLevel } = (await import('kafkajs')).default;
  const peer = await startPeer('kafka');
  const broker = `127.0.0.1:${peer.port}`;
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const create = (topic: string) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const safe = ['acks=all', 'enable.idempotence=true', 'compression.codec=gzip', 'queue.buffering.max.messages=1000000'];
  return {
    options: async (round) => {
      await create(`ours-${round}`);
      return { brokers: [broker], topic: `ours-${round}`, compression: 'gzip' };
    },
    check: async (records, round) => {
      const [partition] = await admin.fetchTopicOffsets(`ours-${round}`);
      if (Number(partition?.high) < records) throw new Error(`the topic has ${partition?.high} of ${records} records`);
    },
    ...(has('kcat') ? { tool: 'kcat', beside: kcat } : {}),
    close: async () => {
      await admin.disconnect();
      await peer.stop();
    },
  };

  async function kcat(file: string, _: readonly Sealed[], round: number): Promise<number> {
    await create(`kcat-${round}`);
    return run('kcat', ['-P', '-b', broker, '-t', `kcat-${round}`, ...safe.flatMap((one) => ['-X', one]), '-l', file]);
  }
}

/** A real node, an index a round; beside curl that posts the same documents, so many a request, over one connection. */
async function openSearch(dir: string): Promise<Opened> {
  const peer = await startPeer('opensearch');
  const url = `http://127.0.0.1:${peer.port}`;
  const count = async (index: string): Promise<number> => {
    await fetch(`${url}/${index}/_refresh`, { method: 'POST' });
    return ((await (await fetch(`${url}/${index}/_count`)).json()) as { count: number }).count;
  };
  return {
    options: async (round) => ({ url, form: 'elasticsearch', index: `ours-${round}` }),
    check: async (records, round) => {
      const found = await count(`ours-${round}`);
      if (found !== records) throw new Error(`the index has ${found} of ${records} records`);
    },
    ...(has('curl') ? { tool: 'curl _bulk', beside: curl } : {}),
    close: () => peer.stop(),
  };

  async function curl(_: string, lines: readonly Sealed[], round: number): Promise<number> {
    const folder = join(dir, `bulk-${round}`);
    mkdirSync(folder);
    const requests: string[] = [];
    for (let at = 0; at < lines.length; at += BULK_RECORDS) {
      const body = join(folder, String(at));
      const actions = lines.slice(at, at + BULK_RECORDS).map(({ id, line }) => `{"create":{"_index":"curl-${round}","_id":"${id}"}}\n${line}`);
      writeFileSync(body, actions.join(''));
      requests.push(`url=${url}/_bulk?filter_path=errors\noutput=/dev/null\nheader="Content-Type: application/x-ndjson"\ndata-binary=@${body}`);
    }
    writeFileSync(join(folder, 'requests'), requests.join('\nnext\n'));
    return run('curl', ['-sS', '--fail', '-K', join(folder, 'requests')]);
  }
}

/** A real rsyslog over tcp. A write that went well is no delivery here: the clock runs until its file has all lines. Beside socat that sends the same. */
async function openSyslog(dir: string): Promise<Opened> {
  const peer = await startPeer('rsyslog');
  const log = join(peer.dir, 'tcp.log');
  const forget = (): void => {
    if (existsSync(log)) truncateSync(log);
  };
  const arrived = async (records: number): Promise<void> => {
    await until(() => countLines(log) >= records, 'the collector to write all', CHECK_MS);
  };
  return {
    options: async () => {
      forget();
      return { url: `tcp://127.0.0.1:${peer.port}` };
    },
    arrived,
    ...(has('socat') ? { tool: 'socat', beside: socat } : {}),
    close: () => peer.stop(),
  };

  async function socat(_: string, lines: readonly Sealed[]): Promise<number> {
    forget();
    const messages = lines.map(({ line }) => `<134>1 2026-01-02T03:04:05.678901Z bench wirescribe 1 - - ${line.trimEnd()}`);
    const file = join(dir, 'messages');
    writeFileSync(file, messages.map((message) => `${Buffer.byteLength(message)} ${message}`).join(''));
    const start = performance.now();
    await run('socat', ['-u', '-b', '65536', `OPEN:${file}`, `TCP:127.0.0.1:${peer.port}`]);
    await arrived(lines.length);
    return (performance.now() - start) / 1000;
  }
}

export const PLACES = {
  file: { use: 'file', missing: () => undefined, open: openFile },
  syslog: { use: 'syslog', missing: () => missing('syslog', 'rsyslog'), open: openSyslog },
  kafka: { use: 'kafka', missing: () => missing('kafka', 'kafka'), open: openKafka },
  opensearch: { use: 'http', missing: () => missing('http', 'opensearch'), open: openSearch },
} as const satisfies { readonly [name: string]: Place };

export type PlaceName = keyof typeof PLACES;
