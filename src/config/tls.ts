/**
 * TLS in the configuration: which listeners may have it, and the files of certificates, keys and authorities that it names. Receives settings, gives PEM
 * texts for bridge/ and remarks for `check`. Files are read when a listener is to be opened, or on a reload, not whenever settings are: `query` need
 * not be allowed to read a private key. No part of a key ever stands in a message.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { type Address, isSecure, isWebSocket, type SocketAddress, wireOf } from '../bridge/address.js';
import type { CertificatePair, TlsMaterial } from '../bridge/tls.js';
import { AuditError, type Place } from '../errors.js';
import { readText } from './values.js';

/** Where the files are named, for errors. */
export interface TlsPlaces {
  readonly certs: readonly Place[];
  readonly keys: readonly Place[];
  readonly clientCa: Place;
  readonly ca: Place;
}

/** What of a listener's settings counts here (listeners.ts). */
export interface WaySettings {
  readonly name: string;
  readonly listen: SocketAddress;
  readonly upstream: Address;
  readonly certs: readonly string[];
  readonly keys: readonly string[];
  readonly clientCa: string | null;
  readonly tlsPlaces: TlsPlaces;
  readonly ca: string | null;
  readonly verify: boolean;
  readonly acceptProxy: boolean;
  readonly sendProxy: 'v1' | 'v2' | null;
  readonly tellGame: boolean;
}

export interface ReadTls {
  readonly material: TlsMaterial;
  /** What is allowed and perhaps not meant. */
  readonly remarks: readonly string[];
}

/** A chain has a few KiB, the list of all authorities of a system about 250. Bytes. */
const MAX_PEM = 1024 * 1024;
const MAX_KEY = 64 * 1024;
const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;
/** Everybody else, in a file's mode. */
const OTHERS = 0o007;

/**
 * Refuses options of TLS and of the PROXY protocol where they can have no effect: who sets them believes that they have one.
 * @param given the place of an option that is set
 * @param at the place of the listener
 * @throws AuditError AUDIT_CONFIG_KEY or AUDIT_CONFIG_TYPE at the place
 */
export function refuseMisfits(settings: WaySettings, given: (option: string) => Place | undefined, at: Place): void {
  const { listen, upstream, certs, keys } = settings;
  const misfits: readonly [options: readonly string[], misfits: boolean, why: string][] = [
    [['cert', 'key', 'client_ca'], !isSecure(listen), 'is of listeners at telnets://, tls:// and wss://'],
    [['ca', 'servername', 'verify'], !isSecure(upstream), 'is of upstreams at telnets://, tls:// and wss://'],
    [['accept_proxy'], settings.acceptProxy && listen.scheme === 'unix', 'wants peers with an address, which those of unix: have not'],
    [['send_proxy'], settings.sendProxy !== null && upstream.scheme === 'pty', 'wants a server; a program in a pty is told nothing'],
    [['tell_game'], settings.tellGame && !speaksTelnet(settings), 'wants telnet all the way to the game'],
  ];
  for (const [options, isMisfit, why] of misfits) {
    const place = isMisfit ? options.map(given).find((one) => one !== undefined) : undefined;
    const name = options.find((option) => given(option) === place);
    if (place) throw new AuditError('AUDIT_CONFIG_TYPE', `'${name}' ${why}; leave it out here, or change the address`, place);
  }
  if (isSecure(listen) && certs.length === 0) {
    throw new AuditError('AUDIT_CONFIG_KEY', `a listener at ${listen.scheme}:// wants 'cert' and 'key', files in PEM`, at);
  }
  if (certs.length === keys.length) return;
  throw new AuditError('AUDIT_CONFIG_TYPE', "'cert' and 'key' want as many files, in the same order", given('key') ?? given('cert') ?? at);
}

/** Frames of a WebSocket that go on as they are cannot be edited. */
const speaksTelnet = ({ listen, upstream }: WaySettings): boolean =>
  wireOf(listen, upstream) === 'telnet' && !(isWebSocket(listen) && isWebSocket(upstream));

/** What the settings of TLS and the PROXY protocol say that is perhaps not meant; reads no file. */
export function remarksOn(listeners: readonly WaySettings[], trustedProxies: readonly string[]): string[] {
  return listeners.flatMap(({ name, acceptProxy, upstream, verify, tellGame }) => [
    ...(acceptProxy && trustedProxies.length === 0 ? [`${name}: accept_proxy without TRUSTED_PROXIES believes nobody: every header is data`] : []),
    ...(isSecure(upstream) && !verify ? [`${name}: verify is False: whoever sits between here and the server can read along`] : []),
    ...(tellGame ? [`${name}: tell_game edits what clients say to the game by telnet`] : []),
  ]);
}

/** Whether TLS is spoken on one of the two sides. */
export const usesTls = ({ listen, upstream }: WaySettings): boolean => isSecure(listen) || isSecure(upstream);

/**
 * Reads the files of one listener.
 * @throws AuditError AUDIT_CONFIG_FILE at the place, where one cannot be read, is not PEM, or a key is not its certificate's
 */
export function readTls({ name, certs, keys, clientCa, ca, tlsPlaces }: WaySettings, now: Date = new Date()): ReadTls {
  const remarks: string[] = [];
  const certificates = certs.map((path, index): CertificatePair => {
    const place = tlsPlaces.certs[index];
    const { text, first } = readCertificates(path, 'cert', place);
    const ages = ageOf(first, now);
    if (ages) remarks.push(`${name}: the certificate ${path} ${ages}`);
    const keyPath = keys[index] ?? '';
    const key = readKey(keyPath, tlsPlaces.keys[index]);
    if (!first.checkPrivateKey(key.object)) {
      const why = `'key': ${keyPath} is not the key of the first certificate in ${path}; keep 'cert' and 'key' in the same order`;
      throw new AuditError('AUDIT_CONFIG_FILE', why, tlsPlaces.keys[index]);
    }
    if (key.isOpen) remarks.push(`${name}: the key ${keyPath} may be read by everybody here; \`chmod o= ${keyPath}\``);
    return { cert: text, key: key.text };
  });
  const authority = (path: string | null, option: 'ca' | 'client_ca', place: Place): string | undefined =>
    path === null ? undefined : readCertificates(path, option, place).text;
  const forClients = authority(clientCa, 'client_ca', tlsPlaces.clientCa);
  const forServer = authority(ca, 'ca', tlsPlaces.ca);
  return {
    material: { certificates, ...(forClients === undefined ? {} : { clientCa: forClients }), ...(forServer === undefined ? {} : { ca: forServer }) },
    remarks,
  };
}

/** The text of a file, every certificate in which can be read, and the first of them. */
function readCertificates(path: string, option: string, place: Place | undefined): { readonly text: string; readonly first: X509Certificate } {
  const text = readText(path, MAX_PEM, `'${option}': ${path}`, place);
  try {
    const [first] = [...text.matchAll(CERTIFICATE)].map(([pem]) => new X509Certificate(pem));
    if (first) return { text, first };
  } catch {
    // OpenSSL's reasons differ from version to version.
  }
  throw new AuditError('AUDIT_CONFIG_FILE', `'${option}': ${path} is no certificate in PEM, or holds a broken one`, place);
}

function readKey(path: string, place: Place | undefined): { readonly text: string; readonly object: KeyObject; readonly isOpen: boolean } {
  const text = readText(path, MAX_KEY, `'key': ${path}`, place);
  try {
    return { text, object: createPrivateKey(text), isOpen: (statSync(path).mode & OTHERS) !== 0 };
  } catch {
    throw new AuditError('AUDIT_CONFIG_FILE', `'key': ${path} is no private key in PEM without a passphrase`, place);
  }
}

function ageOf({ validFrom, validTo }: X509Certificate, now: Date): string | undefined {
  if (now > new Date(validTo)) return `has expired (${validTo}); clients that verify it will not connect`;
  if (now < new Date(validFrom)) return `is not valid yet (from ${validFrom}); clients that verify it will not connect`;
  return undefined;
}
