/** LISTENERS, LISTEN and UPSTREAM: where clients come in and which server is behind, and what is recorded there. Opens nothing. */

import { type Address, formatAddress, type SocketAddress } from '../bridge/address.js';
import type { Limits } from '../bridge/limits.js';
import type { AnyMask, EventDefinition, ProviderSettings } from '../contract.js';
import { AuditError } from '../errors.js';
import type { Charset } from '../gather/charset.js';
import { eventsOf } from './events.js';
import { type ExcludeSettings, excludeOf, refuseStrangers } from './exclude.js';
import { type IdentitySettings, identityOf } from './identity.js';
import { AUDIT_KEY_NAMES, type AUDIT_KEYS, type AuditKeyName, KEYS, LISTENER_OPTIONS, type ValueOf } from './keys.js';
import { type DictLiteral, type Literal, readLiterals, type StringLiteral } from './literals.js';
import { masksOf, type Packs } from './packs.js';
import { providersOf } from './providers.js';
import { showOption, starred } from './python.js';
import { quoteName } from './source.js';
import { refuseMisfits, type TlsPlaces } from './tls.js';
import { type Asked, optionsOf } from './values.js';

/** What is recorded, and how it is masked. */
export interface AuditSettings {
  readonly active: boolean;
  readonly in: boolean;
  readonly out: boolean;
  readonly allowSparse: boolean;
  readonly outUnit: 'message' | 'line';
  readonly outIdleMs: number;
  readonly onFailure: 'pass' | 'pause' | 'close';
  /** Those of the packs, then AUDIT_MASKS. Not compiled yet. */
  readonly masks: readonly AnyMask[];
  readonly maskStyle: 'length' | 'fixed' | 'tag';
  /** What AUDIT_IDENTITY adds to what is built in. Not compiled yet. */
  readonly identity: IdentitySettings;
  readonly watch: readonly string[];
  readonly watchExclude: readonly string[];
  /** Those of AUDIT_EVENTS, then the packs'. Not compiled yet. */
  readonly events: readonly EventDefinition[];
  readonly exclude: ExcludeSettings;
  /** Not loaded yet. */
  readonly providers: readonly ProviderSettings[];
}

export interface ListenerSettings {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  /** What a client is told when the server cannot be reached; one line, without its line end. */
  readonly onDown: string;
  /** How long connecting to the server may take, in seconds. */
  readonly handshakeS: number;
  /** null: UTF-8 where the bytes are, else latin-1. */
  readonly charset: Charset | null;
  /** TLS towards clients: absolute paths of certificates and their keys, in pairs; of the authority for clients' certificates. */
  readonly certs: readonly string[];
  readonly keys: readonly string[];
  readonly clientCa: string | null;
  /** Where those files, and `ca`, are named. */
  readonly tlsPlaces: TlsPlaces;
  /** TLS towards the server. */
  readonly ca: string | null;
  readonly servername: string | null;
  readonly verify: boolean;
  readonly acceptProxy: boolean;
  readonly sendProxy: 'v1' | 'v2' | null;
  /** The game is told the client's address in the stream (MNES IPADDRESS, MTTS), which is edited for it. */
  readonly tellGame: boolean;
  readonly limits: Limits;
  /** WebSocket: what is spoken where a client asks for several; origins that may connect, [] is any. */
  readonly subprotocol: string | null;
  readonly origins: readonly string[];
  /** pty: the user that a program runs as. */
  readonly user: string | null;
  readonly audit: AuditSettings;
}

/** A listener's settings, and how they may be shown. */
export interface ReadListener {
  readonly settings: ListenerSettings;
  readonly shown: Readonly<Record<string, unknown>>;
}

/** Gives the literal of an AUDIT_ key that counts: a listener's own, or that for all. */
export type AuditLiterals = (name: AuditKeyName) => Literal;
/** Makes AuditSettings of the literals, for the listener of this name; settings.ts knows packs and folders. */
export type ReadAudit = (literals: AuditLiterals, listener: string) => AuditSettings;

/** Paths of files with secrets in them are no secrets. */
const SHOWN_PATHS: readonly string[] = ['key'];

type OptionName = keyof typeof LISTENER_OPTIONS;
type AuditValue<K extends AuditKeyName> = ValueOf<(typeof AUDIT_KEYS)[K]>;

export interface AuditSource {
  readonly literals: AuditLiterals;
  /** Whose settings they are. */
  readonly listener: string;
  readonly asked: Asked;
  readonly readPacks: (names: readonly StringLiteral[], asked: Asked) => Packs;
}

/** Reads the AUDIT_ keys out of their literals. Throws AUDIT_CONFIG_... at the place. */
export function auditOf({ literals, listener, asked, readPacks }: AuditSource): AuditSettings {
  const about = (name: AuditKeyName): Asked => ({ ...asked, name });
  const value = <K extends AuditKeyName>(name: K) => KEYS[name].check(literals(name), about(name)) as AuditValue<K>;
  const packs = readPacks(value('AUDIT_MASK_PACKS'), about('AUDIT_MASK_PACKS'));
  return {
    active: value('AUDIT_ACTIVATE'),
    in: value('AUDIT_IN'),
    out: value('AUDIT_OUT'),
    allowSparse: value('AUDIT_ALLOW_SPARSE'),
    outUnit: value('AUDIT_OUT_UNIT'),
    outIdleMs: value('AUDIT_OUT_IDLE_MS'),
    onFailure: value('AUDIT_ON_FAILURE'),
    masks: [...packs.masks, ...masksOf(value('AUDIT_MASKS'), about('AUDIT_MASKS'))],
    maskStyle: value('AUDIT_MASK_STYLE'),
    identity: identityOf(value('AUDIT_IDENTITY'), about('AUDIT_IDENTITY')),
    watch: value('AUDIT_WATCH'),
    watchExclude: value('AUDIT_WATCH_EXCLUDE'),
    events: [...eventsOf(value('AUDIT_EVENTS'), about('AUDIT_EVENTS')), ...packs.events],
    exclude: excludeOf(value('AUDIT_EXCLUDE'), listener, about('AUDIT_EXCLUDE')),
    providers: providersOf(value('AUDIT_PROVIDERS'), about('AUDIT_PROVIDERS')),
  };
}

export interface ListenerSource {
  /** Literals of the keys in force. */
  readonly literals: (name: 'LISTENERS' | 'LISTEN' | 'UPSTREAM' | AuditKeyName) => Literal;
  readonly asked: Asked;
  readonly readAudit: ReadAudit;
}

/** All listeners, of either form. Throws AUDIT_CONFIG_... at the place. */
export function listenersOf(source: ListenerSource): ReadListener[] {
  const { literals, asked } = source;
  const many = KEYS.LISTENERS.check(literals('LISTENERS'), { ...asked, name: 'LISTENERS' });
  const short = shortForm(source);
  if (short && many.length > 0) {
    throw new AuditError('AUDIT_CONFIG_KEY', 'LISTEN and UPSTREAM are the short form of LISTENERS; keep one of the two', literals('LISTENERS').place);
  }
  const dicts = short ? [short] : many;
  const read = dicts.map((one, index) => listener(one, index, source));
  refuseDoubles(read, dicts);
  return read;
}

/** LISTEN and UPSTREAM as the dict that stands for them in LISTENERS. */
function shortForm({ literals, asked }: ListenerSource): DictLiteral | undefined {
  const pair = (['LISTEN', 'UPSTREAM'] as const).map((name) => ({ name, value: literals(name) }));
  const given = pair.filter(({ value }) => value.kind !== 'none');
  for (const { name, value } of given) KEYS[name].check(value, { ...asked, name });
  const [first] = given;
  if (!first) return undefined;
  if (given.length === 1) {
    const other = first.name === 'LISTEN' ? 'UPSTREAM' : 'LISTEN';
    throw new AuditError('AUDIT_CONFIG_KEY', `${first.name} wants ${other} too`, first.value.place);
  }
  return { kind: 'dict', place: first.value.place, value: given.map(({ name, value }) => ({ key: word(name.toLowerCase(), value), value })) };
}

const word = (value: string, { place }: Literal): StringLiteral => ({ kind: 'string', value, bytes: false, place, at: () => place });

function listener(literal: DictLiteral, index: number, { literals, asked, readAudit }: ListenerSource): ReadListener {
  const known = [...Object.keys(LISTENER_OPTIONS), ...AUDIT_KEY_NAMES];
  const options = optionsOf(literal, { what: 'a listener', known });
  const value = <K extends OptionName>(name: K): ValueOf<(typeof LISTENER_OPTIONS)[K]> => {
    const given = options.get(name)?.value ?? otherwise(name, index, literal);
    return LISTENER_OPTIONS[name].check(given, { ...asked, name: `'${name}' of a listener` }) as ValueOf<(typeof LISTENER_OPTIONS)[K]>;
  };
  const name = value('name');
  const excluded = options.get('AUDIT_EXCLUDE');
  if (excluded) refuseStrangers(excluded.value, [name], { ...asked, name: 'AUDIT_EXCLUDE' });
  const settings: ListenerSettings = {
    name,
    listen: value('listen'),
    upstream: value('upstream'),
    onDown: value('on_down'),
    handshakeS: value('handshake_s'),
    charset: value('charset'),
    certs: value('cert'),
    keys: value('key'),
    clientCa: value('client_ca'),
    tlsPlaces: tlsPlacesOf((name) => options.get(name)?.value ?? literal),
    ca: value('ca'),
    servername: value('servername'),
    verify: value('verify'),
    acceptProxy: value('accept_proxy'),
    sendProxy: value('send_proxy'),
    tellGame: value('tell_game'),
    limits: {
      maxSessions: value('max_sessions'),
      maxPerIp: value('max_per_ip'),
      maxPerNetwork: value('max_per_network'),
      connectsPerS: value('connects_per_s'),
      idleS: value('idle_s'),
      sessionS: value('session_s'),
      lineBytes: value('line_bytes'),
      allow: value('allow'),
      deny: value('deny'),
    },
    subprotocol: value('subprotocol'),
    origins: value('origins'),
    user: value('user'),
    audit: readAudit((key) => options.get(key)?.value ?? literals(key), name),
  };
  refuseMisfits(settings, (name) => options.get(name)?.key.place, literal.place);
  const made = {
    name: settings.name,
    listen: '',
    upstream: '',
    on_down: settings.onDown,
    handshake_s: settings.handshakeS,
    charset: settings.charset,
  };
  const given = Object.fromEntries(
    [...options].map(([name, one]) => [name, SHOWN_PATHS.includes(name) ? starred(one.value) : showOption(name, one.value)]),
  );
  return { settings, shown: { ...made, ...given } };
}

function tlsPlacesOf(literalOf: (name: OptionName) => Literal): TlsPlaces {
  const each = (literal: Literal) => (literal.kind === 'list' || literal.kind === 'tuple' ? literal.value : [literal]).map(({ place }) => place);
  return { certs: each(literalOf('cert')), keys: each(literalOf('key')), clientCa: literalOf('client_ca').place, ca: literalOf('ca').place };
}

/** The default of an option; what has none must be given. */
function otherwise(name: OptionName, index: number, at: DictLiteral): Literal {
  if (name === 'name') return word(index === 0 ? 'main' : `listener${index + 1}`, at);
  const [found] = LISTENER_OPTIONS[name].default === '' ? [] : readLiterals(`X = ${LISTENER_OPTIONS[name].default}`, 'default');
  if (found) return found.value;
  throw new AuditError('AUDIT_CONFIG_KEY', `a listener wants '${name}', such as 'telnet://127.0.0.1:4000'`, at.place);
}

/** The same port is the same place, whatever it is read as. Port 0 is another one each time. */
function placeOf(address: Address): string | undefined {
  if (address.scheme === 'pty') return undefined;
  if (address.scheme === 'unix') return address.path;
  return address.port === 0 ? undefined : formatAddress({ scheme: 'tcp', host: address.host, port: address.port });
}

const ANY_HOST = ['0.0.0.0', '::'];
const LOOPBACK = ['127.0.0.1', '::1'];
const OWN_HOST = /^(localhost|127\.[\d.]+|::1|0\.0\.0\.0|::)$/i;

/** True where connecting upstream would come in by the same listener, without end. What names of this host there are beside these nobody asks here. */
function isOwnUpstream({ listen, upstream }: ListenerSettings): boolean {
  if (upstream.scheme === 'pty') return false;
  if (listen.scheme === 'unix' || upstream.scheme === 'unix') return listen.scheme === 'unix' && placeOf(listen) === placeOf(upstream);
  if (listen.port !== upstream.port) return false;
  const named = upstream.host.toLowerCase() === 'localhost' && LOOPBACK.includes(listen.host);
  return placeOf(listen) === placeOf(upstream) || named || (ANY_HOST.includes(listen.host) && OWN_HOST.test(upstream.host));
}

function refuseDoubles(read: readonly ReadListener[], dicts: readonly DictLiteral[]): void {
  const names = new Set<string>();
  const places = new Set<string>();
  for (const [index, { settings }] of read.entries()) {
    const refuse = (message: string): never => {
      throw new AuditError('AUDIT_CONFIG_TYPE', message, dicts[index]?.place);
    };
    const place = placeOf(settings.listen);
    if (isOwnUpstream(settings)) refuse('this listener is its own upstream; give it the address of the server');
    if (names.has(settings.name)) refuse(`there are two listeners of the name ${quoteName(settings.name)}; rename one`);
    if (place !== undefined && places.has(place)) refuse('another listener has the same address; give one of them another port or path');
    names.add(settings.name);
    if (place !== undefined) places.add(place);
  }
}
