/** The options of `syslog`: receives what the operator wrote, gives settings or an OptionError, and what `wirescribe check` remarks. Connects to nothing. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CallbackOptions, OptionError } from '../../src/contract.js';
import { MAX_HEAD_BYTES, type MessageForm } from './message.js';
import { unixKind } from './unix-datagram.js';

/** Where the collector is. */
export type Target =
  | { readonly kind: 'udp' | 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** How a tls collector is trusted, and we by it. Paths are absolute. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly servername: string | null;
  readonly verify: boolean;
}

export interface Settings {
  readonly target: Target;
  readonly form: MessageForm;
  /** What a message may be long, its octet count not counted. */
  readonly maxBytes: number;
  /** Records that are sent again after a reconnect or a restart. */
  readonly replay: number;
  readonly tls: TlsFiles;
}

/** Of syslog.h. */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['', '', '', '', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/** Where programs of this machine have always sent theirs; and its collectors read RFC 3164 there. */
const LOCAL_PATH = '/dev/log';

/** RFC 5426, RFC 6587 (and the registry of port numbers: syslog-conn), RFC 5425. */
const PORTS = { udp: 514, tcp: 601, tls: 6514 } as const;

const NETWORK_URL = /^(udp|tcp|tls):\/\/(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?$/i;

/** sun_path of unix(7), its NUL counted. */
const PATH_BYTES = 108;

const MAX_REPLAY = 1_000_000;

const UNITS = { '': 1, k: 1024, m: 1024 ** 2 } as const;
const MAX_MESSAGE_BYTES = 64 * 1024 ** 2;

const refuse = (what: string): never => {
  throw new OptionError(what);
};

/** Reads the options. Relative paths start in `folder`. Throws an OptionError, that names the option and how to mend it. */
export function readOptions(options: CallbackOptions, folder: string): Settings {
  const { url = `unix:${LOCAL_PATH}`, facility = 'authpriv', replay = 10_000, max_bytes = '256k' } = options;
  const target = readUrl(url, folder);
  const code = typeof facility === 'string' && facility !== '' ? FACILITIES.indexOf(facility) : -1;
  if (code < 0) refuse(`facility: write one of ${FACILITIES.filter(Boolean).join(', ')}`);
  if (!isCount(replay) || replay > MAX_REPLAY) refuse(`replay: a number of records, 0 to ${MAX_REPLAY}`);
  return {
    target,
    form: { rfc: readRfc(options.rfc, target), facility: code, local: target.kind === 'unix' },
    maxBytes: readSize(max_bytes),
    replay: replay as number,
    tls: readTls(options, target, folder),
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readUrl(url: unknown, folder: string): Target {
  const wanted = "url: write 'udp://HOST:514', 'tcp://HOST:601', 'tls://HOST:6514' or 'unix:/dev/log'";
  if (typeof url !== 'string') return refuse(wanted);
  if (url.startsWith('unix:')) return readPath(url.slice('unix:'.length), folder);
  const [, scheme = '', host = '', digits] = NETWORK_URL.exec(url) ?? refuse(wanted);
  const kind = scheme.toLowerCase() as keyof typeof PORTS;
  const port = digits === undefined ? PORTS[kind] : Number(digits);
  if (port < 1 || port > 65_535) refuse('url: a port is a number from 1 to 65535');
  return { kind, host: host.replace(/^\[|\]$/g, ''), port };
}

function readPath(path: string, folder: string): Target {
  const whole = resolve(folder, path);
  if (path === '' || path.includes('\0') || Buffer.byteLength(whole) >= PATH_BYTES) {
    refuse(`url: behind unix: stands the path of a socket, shorter than ${PATH_BYTES} bytes`);
  }
  return { kind: 'unix', path: whole };
}

function readRfc(rfc: unknown, target: Target): 5424 | 3164 {
  if (rfc === undefined || rfc === null) return target.kind === 'unix' && target.path === LOCAL_PATH ? 3164 : 5424;
  return rfc === 5424 || rfc === 3164 ? rfc : refuse('rfc: write 5424, 3164 or None');
}

function readSize(size: unknown): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})([km]?)$/i.exec(String(size)) ?? [];
  const bytes = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (digits === '' || bytes < MAX_HEAD_BYTES || bytes > MAX_MESSAGE_BYTES) {
    refuse("max_bytes: a number of bytes, or '8k', '256k', '1m'; from 1024 to 64m");
  }
  return bytes;
}

function readTls(options: CallbackOptions, target: Target, folder: string): TlsFiles {
  const { ca = null, cert = null, key = null, servername = null, verify = true } = options;
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== null);
  for (const [name, value] of given) {
    if (typeof value !== 'string' || value === '') refuse(`${name}: ${name === 'servername' ? 'a name' : 'the path of a file in PEM'}, or None`);
    if (target.kind !== 'tls') refuse(`${name}: is for tls:// alone; leave it out, or write tls:// in url`);
  }
  if (typeof verify !== 'boolean') refuse('verify: write True or False');
  if ((cert === null) !== (key === null)) refuse(`${cert === null ? 'cert' : 'key'}: cert and key go together; give both or neither`);
  const path = (name: string, value: unknown) => (value === null ? null : readable(name, resolve(folder, value as string)));
  return {
    ca: path('ca', ca),
    cert: path('cert', cert),
    key: path('key', key),
    servername: servername as string | null,
    verify: verify as boolean,
  };
}

/** A file that is not there is said now, not with the first record. */
function readable(name: string, path: string): string {
  try {
    readFileSync(path);
    return path;
  } catch {
    return refuse(`${name}: ${path} cannot be read; give the path of a file in PEM that this user may read`);
  }
}

/** What is allowed and perhaps not meant. */
export function remarksOn({ target, tls, replay }: Settings): readonly string[] {
  const kind = target.kind === 'unix' ? unixKind(target.path) : target.kind;
  const remarks: string[] = [];
  if (kind === 'udp')
    remarks.push('url: udp is best effort: what the network or the collector loses is lost, and nobody is told. tcp:// and tls:// send again');
  if (kind === 'datagram') remarks.push('url: this is a datagram socket, which is best effort: what the collector loses is lost, and nobody is told');
  if (kind === 'unknown')
    remarks.push('url: nobody listens on this socket now, so it is not known whether it is a stream, or a datagram socket (best effort)');
  if ((kind === 'udp' || kind === 'tcp') && target.kind !== 'unix' && !isLoopback(target.host)) {
    remarks.push(`url: ${kind} carries the records in the clear to another host; tls:// does not`);
  }
  if (kind === 'tls' && !tls.verify) remarks.push('verify: False, so whoever sits between can read the records and keep them; give ca instead');
  if (replay === 0 && (kind === 'tcp' || kind === 'tls' || kind === 'stream')) {
    remarks.push('replay: 0, so what the collector had not written when it died, or when the line broke, is lost');
  }
  return remarks;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);
