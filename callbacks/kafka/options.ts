/** Options of `kafka`, as server.conf gives them: read and checked. Receives plain values, gives settings; an OptionError names the option and how to mend it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { type CallbackOptions, OptionError } from '../../src/contract.js';
import type { LinkOptions } from './link.js';

export interface Settings {
  readonly topic: string;
  readonly key: string;
  readonly link: LinkOptions;
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Members that a message may be keyed by: those that a record has whatever its topic, and who speaks. */
const KEYS = ['session', 'node', 'listener', 'account', 'character', 'hostname', 'application', 'topic'];

const TLS_OPTIONS = ['ca', 'cert', 'key', 'servername', 'verify'];
const SASL_OPTIONS = ['mechanism', 'username', 'password'];

function must(good: boolean, what: string): void {
  if (!good) throw new OptionError(what);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isDict = (value: unknown): value is CallbackOptions => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the options. `folder`: where the paths in `tls` start. Throws an OptionError. */
export function readOptions(options: CallbackOptions, folder: string): Settings {
  const {
    brokers,
    topic = 'wirescribe',
    key = 'session',
    client_id = 'wirescribe',
    tls = null,
    sasl = null,
    compression = 'gzip',
    idempotent = true,
  } = options;
  const list = typeof brokers === 'string' ? [brokers] : brokers;
  must(Array.isArray(list) && list.length > 0 && list.every(isBroker), "brokers: a list of HOST:PORT, such as ['kafka1:9092', 'kafka2:9092']");
  must(isText(topic) && isTopic(topic), "topic: up to 200 letters of a-z A-Z 0-9 . _ -, such as 'wirescribe' or 'wirescribe.{topic}'");
  must(KEYS.includes(key as string), `key: one of ${KEYS.join(', ')}`);
  must(isText(client_id), "client_id: a name, such as 'wirescribe'");
  must(compression === 'gzip' || compression === 'none', "compression: write 'gzip' or 'none'");
  must(typeof idempotent === 'boolean', 'idempotent: write True or False');
  const link = {
    brokers: list as string[],
    clientId: client_id as string,
    ssl: readTls(tls, folder),
    sasl: readSasl(sasl),
    gzip: compression === 'gzip',
    idempotent: idempotent as boolean,
  };
  return { topic: topic as string, key: key as string, link };
}

/** kafkajs cuts an address at its colon, so no IPv6. */
const isBroker = (broker: unknown): boolean => typeof broker === 'string' && /^[^\s:,/[\]]+:[1-9]\d{0,4}$/.test(broker);

/** Kafka's own rule, with room for a topic of ours in place of `{topic}`. */
function isTopic(topic: string): boolean {
  const plain = topic.replaceAll('{topic}', 'a');
  return /^[a-zA-Z0-9._-]{1,200}$/.test(plain) && plain !== '.' && plain !== '..';
}

function readTls(tls: unknown, folder: string): KafkaConfig['ssl'] | undefined {
  if (tls === null || tls === false) return undefined;
  if (tls === true) return true;
  must(isDict(tls) && Object.keys(tls).every((name) => TLS_OPTIONS.includes(name)), `tls: True, or a dict of ${TLS_OPTIONS.join(', ')}`);
  const { ca = null, cert = null, key = null, servername = null, verify = true } = tls as CallbackOptions;
  must(typeof verify === 'boolean', 'tls: verify is True or False');
  must(servername === null || isText(servername), "tls: servername is the name in the brokers' certificate");
  must((cert === null) === (key === null), 'tls: cert and key go together');
  const file = (name: string, path: unknown) => (path === null ? {} : { [name]: readFile(`tls: ${name}`, path, folder) });
  return {
    ...file('ca', ca),
    ...file('cert', cert),
    ...file('key', key),
    ...(servername === null ? {} : { servername: servername as string }),
    rejectUnauthorized: verify as boolean,
  };
}

function readFile(option: string, path: unknown, folder: string): string {
  must(isText(path), `${option} is the path of a file in PEM`);
  try {
    return readFileSync(resolve(folder, path as string), 'utf8');
  } catch (error) {
    throw new OptionError(`${option}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function readSasl(sasl: unknown): SASLOptions | undefined {
  if (sasl === null) return undefined;
  must(isDict(sasl) && Object.keys(sasl).every((name) => SASL_OPTIONS.includes(name)), `sasl: a dict of ${SASL_OPTIONS.join(', ')}`);
  const { mechanism, username, password } = sasl as CallbackOptions;
  must(MECHANISMS.includes(mechanism as (typeof MECHANISMS)[number]), `sasl: mechanism is one of ${MECHANISMS.join(', ')}`);
  must(isText(username) && isText(password), "sasl: username and password; a password is {'env': NAME} or {'file': PATH} rather than written here");
  return { mechanism, username, password } as SASLOptions;
}

/** What is allowed and perhaps not meant. */
export function remarksOn({ link: { ssl, sasl } }: Settings): readonly string[] {
  const remarks: string[] = [];
  if (sasl !== undefined && 'mechanism' in sasl && sasl.mechanism === 'plain' && ssl === undefined) {
    remarks.push("sasl: without 'tls' the mechanism plain sends the password over the network as it is; write 'tls': True, or a scram mechanism");
  }
  if (typeof ssl === 'object' && ssl.rejectUnauthorized === false) remarks.push('tls: with verify False anyone in between can pose as a broker');
  return remarks;
}
