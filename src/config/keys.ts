/**
 * THE table of server.conf: every key and option that this version has, its default, its check and its sentence. It validates, it is printed by
 * `check --print`, and `server.conf.example` is printed from it.
 */
import { CHARSETS } from '../gather/charset.js';
import { archiveTemplate, chores } from './chores.js';
import {
  address,
  adminAddress,
  anything,
  bool,
  type Check,
  choice,
  dict,
  line,
  listOf,
  network,
  number,
  oneOrMore,
  orNone,
  path,
  plainName,
  size,
  string,
  upstreamAddress,
} from './values.js';

export interface Key<T = unknown> {
  /** Python source of the value in force where none is given. */
  readonly default: string;
  readonly check: Check<T>;
  /** For the example and `--help`. */
  readonly means: string;
  /** Python source of a value to show in the example, in force there, where that teaches more than the default. */
  readonly example?: string;
}

const key = <T>(one: Key<T>): Key<T> => one;

const DAY_S = 86_400;
const MIB = 1024 ** 2;

/** Keys that say what is recorded: for all listeners, and as options of one listener for that one alone. */
export const AUDIT_KEYS = {
  AUDIT_ACTIVATE: key({ default: 'True', check: bool, means: 'False makes a plain proxy: nothing is recorded.' }),
  AUDIT_IN: key({
    default: 'False',
    check: bool,
    means: 'Record what clients send. The start and end of sessions are recorded always.',
    example: 'True',
  }),
  AUDIT_OUT: key({ default: 'False', check: bool, means: 'Record what the server sends.', example: 'True' }),
  AUDIT_ALLOW_SPARSE: key({ default: 'False', check: bool, means: 'Keep keys with empty values in the records.' }),
  AUDIT_MASKS: key({
    default: '[]',
    check: listOf(dict, 'a list of masks, each a dict'),
    means:
      "Masks of your own, added to those of the packs. Evennia's short form {'name': r'...(?P<secret>...)'} is matched from the start of a line; " +
      "the long form has 'name', 'pattern', 'direction' ('in', 'out' or 'both'), 'where' ('start' or 'anywhere'), and examples that prove it: " +
      "'hides' (their secrets must vanish) and 'shows' (must come out unchanged). Patterns are Python's, case never counts; try them with " +
      "`wirescribe mask`. With 'then': 'hide-next-input' the pattern is a prompt's, and the answer is hidden: 'where' is 'prompt' (the last, unfinished " +
      "line of an output; unless given), 'start' or 'anywhere', its examples are 'prompts' and 'not_prompts'. A mask of out-of-band data has 'name', " +
      "'oob' (a package, variable or command; * at its end: all that begin so), 'path' (members with dots between; * is any; unless given: the whole " +
      "value) and 'protocol' (gmcp, msdp, ...; unless given: any).",
    example: "[{'setpass': r'^setpass\\s+(?P<secret>.+)'}]",
  }),
  AUDIT_MASK_PACKS: key({
    default: "['evennia', 'login', 'tokens', 'oob']",
    check: listOf(string, 'a list of names of packs, or paths'),
    means: 'Packs of masks: names of files in masks/ without their .conf, or paths of files of your own (with a / in them).',
  }),
  AUDIT_MASK_STYLE: key({
    default: "'length'",
    check: choice('length', 'fixed', 'tag'),
    means:
      "What stands in a secret's place: 'length' (as many stars as it has characters, at least 8), 'fixed' (always 8 stars), or 'tag' " +
      '(<masked:NAME:xxxxxxxx>, the same for the same secret: a fingerprint by the key in SPOOL_DIR/tag.key, which is made at first use).',
  }),
  AUDIT_OUT_UNIT: key({
    default: "'message'",
    check: choice('message', 'line'),
    means: "'message': what the server said in one go is one record, ended by AUDIT_OUT_IDLE_MS of silence; 'line': one record a line.",
  }),
  AUDIT_OUT_IDLE_MS: key({
    default: '100',
    check: number({ min: 1, max: 60_000, unit: 'milliseconds' }),
    means: 'Silence that ends a message of the server, in milliseconds, 1 to 60000.',
  }),
  AUDIT_IDENTITY: key({
    default: '[]',
    check: listOf(dict, 'a list of patterns and paths, each a dict'),
    means:
      'Who is speaking, where the game has words of its own; those that are built in (Evennia, MUSH, Diku, login prompts, GMCP, MSDP) always count too, ' +
      "behind these. A pattern {'pattern': r'...(?P<account>...)'} has groups account, character or room, is matched against each line of output (with " +
      "'direction': 'in', of input) from its start (or 'where': 'anywhere'), and an empty group empties the name. What an input names waits until " +
      "the server accepts it, in words that are built in, or that a group accepted takes; a group refused is a no. A path {'oob': 'Char.Name', 'path': " +
      "'name', 'field': 'character'} takes a name out of what the server says out of band ('protocol': gmcp, msdp, ...; unless given: any).",
    example: "[{'pattern': r'You are now playing (?P<character>\\w+)'}]",
  }),
  AUDIT_WATCH: key({
    default: '[]',
    check: listOf(line(256), 'a list of out-of-band paths, each a string'),
    means:
      "Out-of-band values of the server whose change is a record (session.change): 'Room.Info' (a GMCP package), 'Room.Info.name' (a member of it), " +
      "'ROOM_VNUM' (an MSDP variable), 'Room' or 'ROOM_*' (all that begin so). At most 64 values a session; of one over 4 KiB only that it changed.",
  }),
  AUDIT_WATCH_EXCLUDE: key({
    default: '[]',
    check: listOf(line(256), 'a list of out-of-band paths, each a string'),
    means: "Paths that do not count within those of AUDIT_WATCH, and are left out of the record: 'Char.Status.gold'.",
  }),
  AUDIT_EVENTS: key({
    default: '[]',
    check: listOf(dict, 'a list of events, each a dict'),
    means:
      "What records are called, so that they are found: {'code': 'gold.given', 'pattern': r'You give (?P<coins>\\d+) gold to (?P<whom>\\w+)', 'type': " +
      "'trade', 'message': '{character} gives {coins} gold to {whom}'}. The first whose pattern matches a line, after the masks, gives the record `event` " +
      "and `event_type`; 'direction' ('in', 'out' or 'both') and 'where' as in AUDIT_MASKS; 'topic' is a second topic to find it under, 'system': True " +
      "lets readers leave it out, 'message' is for people, and names groups of the pattern and members of the record in braces. Examples prove it: 'is' " +
      "and 'is_not'. With 'on': 'login' or 'logout' in place of a pattern it is the record of who is logged in, or no longer. Packs of AUDIT_MASK_PACKS " +
      'bring events of their own, which count behind these.',
    example:
      "[{'code': 'gold.given', 'type': 'trade', 'direction': 'out', 'pattern': r'You give \\d+ gold to \\w+', 'is': ['You give 5 gold to Bob']}]",
  }),
  AUDIT_EXCLUDE: key({
    default: '{}',
    check: anything,
    means:
      "What is not recorded, by the name of a listener ('' for all): {'': [{'direction': 'in', 'pattern': r'whisper '}, {'network': '10.0.0.0/8'}]}; a " +
      "list alone counts for all. An input or output goes where each of its lines that says anything matches, after the masks, a pattern ('where' as in " +
      'AUDIT_MASKS); all inputs, outputs and out-of-band messages of a session from such a network do. They are counted in `session.end`, and are still ' +
      'looked at: a prompt hides its answer, recorded or not.',
  }),
  AUDIT_PROVIDERS: key({
    default: '[]',
    check: listOf(anything, 'a list of modules, each a path or a dict'),
    means:
      "Modules of your own that add to records, or change or drop them, behind the masks: a path, or {'use': PATH, 'name': NAME, 'timeout_ms': 50, " +
      "...options}. What the default export gives of a record stands in its `custom` under the module's name; `beforeRecord` may change text, custom and " +
      'event, or drop it. What they give is masked too. Without an answer in timeout_ms (at most 1000) the record goes as it is.',
  }),
  AUDIT_ON_FAILURE: key({
    default: "'pass'",
    check: choice('pass', 'pause', 'close'),
    means:
      "What happens when a record cannot be kept: 'pass' lets the session go on and counts a gap, 'pause' stops reading from both sides, 'close' ends " +
      'sessions and refuses new ones.',
  }),
} as const;

export const KEYS = {
  LISTEN: key({
    default: 'None',
    check: orNone(address),
    means: 'Where clients come in: telnet://HOST:PORT (read as telnet), tcp://HOST:PORT (read as plain text) or unix:PATH. Port 0 takes a free one.',
    example: "'telnet://0.0.0.0:4000'",
  }),
  UPSTREAM: key({
    default: 'None',
    check: orNone(upstreamAddress),
    means: 'The server behind it, in the same form. LISTEN and UPSTREAM are the short form of LISTENERS for one listener.',
    example: "'telnet://127.0.0.1:4001'",
  }),
  LISTENERS: key({
    default: '[]',
    check: listOf(dict, 'a list of listeners, each a dict'),
    means:
      'Several listeners in one process: a list of dicts with the options below. AUDIT_ keys from AUDIT_ACTIVATE to AUDIT_ON_FAILURE are options too, ' +
      "and count for that listener alone, in place of the value for all. Any value of any key or option may be {'env': NAME} or {'file': PATH}.",
  }),
  ...AUDIT_KEYS,
  AUDIT_SYSTEM_EVENTS: key({
    default: 'True',
    check: bool,
    means:
      'False leaves out what the proxy says of its own housekeeping (audit.config). What is lost, goes wrong, starts, stops or proves is said always.',
  }),
  AUDIT_CALLBACK: key({
    default: "['file', 'store']",
    check: anything,
    means:
      'Where the records go: the name of a callback, the path of a module of your own (with a / in it, or ending in .js or .mjs), a dict ' +
      "{'use': NAME or PATH, ...options}, or a list of these.",
  }),
  STORE_INDEXES: key({
    default: '[]',
    check: listOf(oneOrMore(line(300)), 'a list of paths, and of tuples of paths'),
    means:
      "Members of records below 'data' and 'custom' that the store is to find soon: 'custom.geo.country'; those of a tuple (at most 3) together. At most 16. " +
      'A change counts for days that begin after it.',
  }),
  SPOOL_DIR: key({ default: "'audit/spool'", check: path, means: 'Folder of the journal that records wait in until every callback has them.' }),
  SPOOL_MAX_BYTES: key({
    default: "'4g'",
    check: size({ min: MIB, max: 2 ** 50 }),
    means:
      "Size that the journal may have, with its reserve (1/64 of it, '256k' to '8m', at most 1/8): bytes, or '64m', '4g'; at least '1m'. Where it is reached, " +
      'or the disk is full, the callback furthest behind gives up its oldest records if another has them; else AUDIT_ON_FAILURE decides.',
  }),
  SPOOL_FSYNC: key({
    default: "'batch'",
    check: choice('batch', 'always', 'none'),
    means: "When records are durable: 'batch' (written together, at most 50 ms later), 'always' (each one), 'none' (when the system likes).",
  }),
  NODE: key({ default: 'None', check: orNone(line(255)), means: 'Name of this node in the records. None: the name of this host.' }),
  APPLICATION: key({ default: "'wirescribe'", check: line(255), means: "Name of the game in the records. Evennia's SERVERNAME is understood too." }),
  CHECKPOINT_KEY: key({
    default: 'None',
    check: orNone(path),
    means:
      'File of the private key that signs checkpoints (`wirescribe keygen` makes one); None: they are not signed, and prove nothing against whoever ' +
      'can write the files.',
  }),
  RETENTION_DAYS: key({
    default: '360',
    check: orNone(number({ min: 7, max: 36_500, unit: 'days' })),
    means:
      'How long the store keeps what was recorded, in days (of UTC), at least 7; None: for ever. Older days are dropped by the chore retain. The files of ' +
      "the callback file have 'keep_days' of their own.",
  }),
  CHORES: key({
    default: '{}',
    check: chores,
    means:
      "What is done once a day while the proxy runs, in a thread of its own at the lowest priority: {'retain': {'at': '03:00', 'limit_s': 7200}}. " +
      "'retain' drops what is older than RETENTION_DAYS; 'archive', where it is named, writes days that are over to ARCHIVE_DIR ('at': '02:00'; with 'reset': " +
      "True they are then dropped), and 'retain' drops nothing before that. 'at' is on the local clock (None: not on its own), 'limit_s' the seconds after " +
      'which an audit.fault says that it takes too long. What was missed while nothing ran is made up for soon after the start.',
  }),
  ARCHIVE_NAME: key({
    default: "'wirescribe-%Y-%m-%d'",
    check: archiveTemplate,
    means:
      "Name of archive files without their ending, .jsonl.gz: strftime's %Y %y %m %d %j %G %V, of the day (UTC) in them. Days of one name share a file; " +
      'one that is there already is not overwritten: the next has a number behind its name.',
  }),
  ARCHIVE_DIR: key({ default: "'audit/archive'", check: path, means: 'Folder of archive files.' }),
  ADMIN_LISTEN: key({
    default: "'http://127.0.0.1:4080'",
    check: orNone(adminAddress),
    means:
      "Where /healthz, /readyz and /metrics are answered, and the API to those who show a token: 'http://HOST:PORT' or 'unix:PATH'; None: nowhere. The " +
      'default is given up with a word where that port is taken.',
  }),
  TRUSTED_PROXIES: key({
    default: '[]',
    check: listOf(network, 'a list of networks'),
    means: 'Networks whose PROXY header, X-Forwarded-For and Forwarded are believed; from others a PROXY header is data.',
  }),
  INTAKE_LISTEN: key({
    default: 'None',
    check: orNone(path),
    means: 'Unix socket outside SPOOL_DIR on which `exec` of other users hands in what it records; it takes nothing else.',
  }),
  DRAIN_TIMEOUT_S: key({
    default: '10',
    check: number({ min: 0, max: DAY_S, unit: 'seconds', fraction: true }),
    means: 'How long a stop (SIGTERM) delivers, in seconds, before it leaves the rest to the next start.',
  }),
} as const;

export type KeyName = keyof typeof KEYS;
export type AuditKeyName = keyof typeof AUDIT_KEYS;
export type ValueOf<K extends { check: Check<unknown> }> = ReturnType<K['check']>;

export const KEY_NAMES = Object.keys(KEYS) as readonly KeyName[];
export const AUDIT_KEY_NAMES = Object.keys(AUDIT_KEYS) as readonly AuditKeyName[];

/** Evennia's names for keys of ours, and those that it has and we need not. */
export const ALIASES: { readonly [name: string]: KeyName | undefined } = { SERVERNAME: 'APPLICATION', SERVER_SESSION_CLASS: undefined };

/** Options of a listener besides the AUDIT_ keys. An empty default: must be given, or is made up (`name`). */
export const LISTENER_OPTIONS = {
  name: key({ default: '', check: plainName, means: "its name in the records; 'main' for the first, else 'listener2' and so on" }),
  listen: key({ default: '', check: address, means: 'as LISTEN' }),
  upstream: key({ default: '', check: upstreamAddress, means: 'as UPSTREAM' }),
  on_down: key({
    default: "'The game cannot be reached just now. Please try again in a moment.'",
    check: line(1000),
    means: 'the line that a client is told when the server cannot be reached',
  }),
  handshake_s: key({
    default: '10',
    check: number({ min: 0.1, max: 3600, unit: 'seconds', fraction: true }),
    means: "seconds that connecting to the server may take, and a client's way in (PROXY header, TLS, WebSocket upgrade)",
  }),
  charset: key({
    default: 'None',
    check: orNone(choice(...CHARSETS)),
    means: `what both sides write in, where that is known: ${CHARSETS.join(', ')}; None: UTF-8 where the bytes are, else latin-1`,
  }),
  cert: key({
    default: '[]',
    check: oneOrMore(path),
    means: 'telnets, tls, wss: file of the certificate and its chain (PEM), or a list of them, chosen by the name that a client asks for (SNI)',
  }),
  key: key({ default: '[]', check: oneOrMore(path), means: 'file of the private key of each certificate, in the same order' }),
  client_ca: key({
    default: 'None',
    check: orNone(path),
    means: 'file of the authority for certificates of clients; they may show one, which is then recorded',
  }),
  ca: key({ default: 'None', check: orNone(path), means: "upstream by TLS: file of the authority that vouches for the server; None: the system's" }),
  servername: key({
    default: 'None',
    check: orNone(line(255)),
    means: "upstream by TLS: the name in the server's certificate; None: the host of upstream",
  }),
  verify: key({ default: 'True', check: bool, means: 'upstream by TLS: False takes any certificate, so whoever sits between can read along' }),
  accept_proxy: key({
    default: 'False',
    check: bool,
    means: 'True: a PROXY header (v1 or v2) of a peer in TRUSTED_PROXIES says who the client is; it must come within handshake_s',
  }),
  send_proxy: key({
    default: 'None',
    check: orNone(choice('v1', 'v2')),
    means: 'upstream is told who the client is by a PROXY header of this version',
  }),
  tell_game: key({
    default: 'False',
    check: bool,
    means: "True EDITS THE STREAM: the client's address is put into what it says to the game by telnet (MNES IPADDRESS, the proxy bit of MTTS)",
  }),
  max_sessions: key({
    default: 'None',
    check: orNone(number({ min: 1, max: 1_000_000, unit: 'sessions' })),
    means: 'sessions of this listener at a time; one more is told that there is no room',
  }),
  max_per_ip: key({
    default: 'None',
    check: orNone(number({ min: 1, max: 1_000_000, unit: 'sessions' })),
    means: 'sessions of one address at a time',
  }),
  max_per_network: key({
    default: 'None',
    check: orNone(number({ min: 1, max: 1_000_000, unit: 'sessions' })),
    means: 'sessions of one network (/24, or /64 in IPv6) at a time',
  }),
  connects_per_s: key({
    default: 'None',
    check: orNone(number({ min: 0.001, max: 1_000_000, unit: 'connections a second', fraction: true })),
    means: 'connections a second from one address (in IPv6 from one /64), on average; ten seconds of them may come at once',
  }),
  idle_s: key({
    default: 'None',
    check: orNone(number({ min: 1, max: 31 * DAY_S, unit: 'seconds', fraction: true })),
    means: 'a session in which the client sends nothing for so many seconds is told so and ended, up to two seconds later',
  }),
  session_s: key({
    default: 'None',
    check: orNone(number({ min: 1, max: 366 * DAY_S, unit: 'seconds', fraction: true })),
    means: 'seconds that a session may last',
  }),
  line_bytes: key({
    default: 'None',
    check: orNone(size({ min: 64, max: 1024 * MIB })),
    means: 'bytes that a client may send without a line end (CR or LF), telnet commands counted; not of WebSocket frames that pass as they come',
  }),
  allow: key({ default: '[]', check: listOf(network, 'a list of networks'), means: "networks that may connect, '10.0.0.0/8'; []: all" }),
  deny: key({ default: '[]', check: listOf(network, 'a list of networks'), means: 'networks that may not, even if they are in allow' }),
  subprotocol: key({
    default: 'None',
    check: orNone(line(100)),
    means: 'WebSocket: the subprotocol agreed on where a client offers it (None: the first that we know), or offered to the server (None: none)',
  }),
  origins: key({
    default: '[]',
    check: listOf(line(255), 'a list of origins'),
    means: "WebSocket: pages that may connect, 'https://play.example.org'; []: all, and clients that are no browser always",
  }),
  user: key({ default: 'None', check: orNone(line(64)), means: 'pty: the user that the program runs as; None: ours' }),
} as const;

/** Options that every callback takes. */
export const CALLBACK_OPTIONS = {
  use: key({ default: '', check: string, means: 'which callback: one of the names below, or a path' }),
  name: key({ default: '', check: plainName, means: 'its name in cursors, logs and records; else that of what it uses, numbered when repeated' }),
  topics: key({
    default: 'None',
    check: orNone(listOf(line(100), 'a list of topics, or of beginnings of topics up to a dot')),
    means:
      "list of the topics it is given, or their beginnings up to a dot ('session'); None: all. What begins with audit. is given always, and so is access.redact",
  }),
  batch_records: key({ default: '1000', check: number({ min: 1, max: 100_000, unit: 'records' }), means: 'records it is given at a time, at most' }),
  batch_bytes: key({
    default: "'1m'",
    check: size({ min: 1024, max: 1024 * MIB }),
    means: 'bytes it is given at a time, at most (but always one record)',
  }),
  batch_ms: key({
    default: '0',
    check: number({ min: 0, max: 60_000, unit: 'milliseconds' }),
    means: 'how long to wait for a batch to fill, in milliseconds; 0: it is given what is there',
  }),
  start: key({
    default: "'oldest'",
    check: choice('newest', 'oldest'),
    means: "where a callback that is new to the spool begins: with all that is still there ('oldest'), or with what comes ('newest')",
  }),
  required: key({
    default: 'False',
    check: bool,
    means: 'True: its records are never given up for room in the spool; where it is behind and the spool full, AUDIT_ON_FAILURE decides',
  }),
  format: key({
    default: "'record'",
    check: choice('record', 'ecs', 'otel'),
    means:
      "'record': the journal's line as it is, which alone is evidence; 'ecs': Elastic Common Schema; 'otel': an OpenTelemetry log record. console has " +
      "formats of its own: 'pretty' and 'json'",
  }),
  fields: key({
    default: 'None',
    check: orNone(listOf(line(100), 'a list of names of members of the record')),
    means: "list of the members it is given beside v, id, topic, time, node, session and seq ('text', 'account', 'data.reason'); None: all",
  }),
} as const;

/** The callbacks that ship with us, and their own options, which they check themselves. */
export const CALLBACKS: { readonly [use: string]: { readonly means: string; readonly options: { readonly [name: string]: string } } } = {
  console: { means: 'prints records on standard output', options: { format: "'pretty' for people or 'json' for machines" } },
  file: {
    means: 'writes records to files that roll by date and size',
    options: {
      path: "where: 'audit/audit.log' makes audit/audit.DATE.N.log",
      frequency: "when to begin a new file: 'daily', 'hourly'",
      size: "size at which to begin a new file, '100m'",
      mode: 'permissions of the files, 0o600',
      compress: 'True: closed files are compressed',
      keep_days: 'delete files that are older than so many days; None: never',
    },
  },
  syslog: {
    means: 'sends records to a syslog collector',
    options: {
      url: "where: 'unix:/dev/log', 'udp://HOST:514', 'tcp://HOST:601', 'tls://HOST:6514'",
      facility: "'authpriv', or 'auth', 'daemon', 'user', 'local0' to 'local7' ...",
      rfc: '5424 or 3164; None: 5424, but 3164 for unix:/dev/log, as local collectors expect it',
      max_bytes: "size of a message at most, '256k' (rsyslog cuts at 8k unless maxMessageSize is raised); a longer record goes without its body",
      replay: 'records that are sent again at least after a reconnect, and at a restart, for syslog has no answer: 10000',
      ca: 'file of the authorities that the collector is verified by (tls); None: those of Node',
      cert: 'file of our own certificate (tls)',
      key: 'file of its private key (tls)',
      servername: "name that the collector's certificate must have (tls); None: the host of url",
      verify: 'False: any certificate will do (tls)',
    },
  },
  kafka: {
    means: 'produces records to Apache Kafka',
    options: {
      brokers: "list of brokers, ['kafka1:9092', 'kafka2:9092']",
      topic: "'wirescribe'; with {topic} in it, one for each topic of the records: 'wirescribe.{topic}'",
      key: "member whose value keys a message, so that those of one value stay in order: 'session' (the node for records without one), 'node', 'account'",
      client_id: "name of this client at the brokers, 'wirescribe'",
      tls: "True, or {'ca': FILE, 'cert': FILE, 'key': FILE, 'servername': NAME, 'verify': True}",
      sasl: "{'mechanism': 'scram-sha-512', 'username': NAME, 'password': {'env': NAME}}; also 'scram-sha-256', 'plain'",
      compression: "'gzip' or 'none' (which our side takes twice the time for)",
      idempotent: 'True; False for brokers that refuse it (older than 0.11, or without the ACL IdempotentWrite): then retries leave more doubles',
    },
  },
  store: {
    means: 'keeps records where they can be searched: SQLite, a file for each day',
    options: { path: "folder, 'audit/store'" },
  },
  http: {
    means: 'posts records to a webhook, Elasticsearch, OpenSearch, Loki or an OpenTelemetry collector',
    options: {
      url: "where: 'https://HOST/path'; /_bulk or /v1/logs is added where form wants it; 'https://USER:PASSWORD@HOST/' says who we are",
      form: "'ndjson', 'json' (an array), 'elasticsearch' (_bulk) or 'otlp' (OTLP/HTTP logs in JSON)",
      index: "index of elasticsearch, with strftime's codes: 'wirescribe-%Y.%m.%d'",
      headers: "headers of each request, {'X-Scope-OrgID': 'games'}",
      token: 'bearer token',
      gzip: 'True: bodies are compressed',
      timeout_s: 'how long an answer may take, in seconds, at most 25: 20',
      ca: 'file of the authorities that the server is verified by; None: those of Node',
      cert: 'file of our own certificate (https)',
      key: 'file of its private key (https)',
      verify: 'False: any certificate will do (https)',
    },
  },
};

/** Options of an entry of AUDIT_IDENTITY, by its kind: a pattern, or a path of out-of-band data (`oob`). */
export const IDENTITY_OPTIONS = { pattern: ['pattern', 'direction', 'where'], path: ['oob', 'path', 'field', 'protocol'] } as const;

/** Options of an entry of AUDIT_EVENTS, and of a pack's EVENTS: of one that is said, and of one that is a login or its end. */
export const EVENT_OPTIONS = {
  said: ['code', 'type', 'pattern', 'direction', 'where', 'system', 'topic', 'message', 'on', 'is', 'is_not'],
  identity: ['code', 'type', 'system', 'topic', 'message', 'on'],
} as const;

/** Options of an entry of AUDIT_EXCLUDE, by its kind. */
export const EXCLUDE_OPTIONS = { pattern: ['pattern', 'direction', 'where'], network: ['network'] } as const;

/** Options of a mask in the long form, by its kind: one that scrubs, a prompt whose answer is hidden (`then`), a field of out-of-band data (`oob`). */
export const MASK_OPTIONS = {
  mask: ['name', 'direction', 'pattern', 'where', 'hides', 'shows'],
  prompt: ['name', 'direction', 'pattern', 'where', 'then', 'prompts', 'not_prompts'],
  field: ['name', 'oob', 'path', 'protocol'],
} as const;
